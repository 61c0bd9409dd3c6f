"""Which keys of a file came before, in bounded memory: millions of numbers that lie close together take a bit each."""

PAGE_BITS = 10
# Each page takes up to 300 bytes; keys without any order need one each, so that this many take 60 MB.
MAX_PAGES = 200_000


class SeenKeys:
    """Finds keys that come twice. After MAX_PAGES keys without order it finds only those that it remembers."""

    def __init__(self) -> None:
        """Begin without a key."""
        self._pages: dict[int, int] = {}

    def add(self, key: int | str) -> bool:
        """Remember a key, and return whether it came before."""
        number = key if type(key) is int else hash(key)
        page, bit = number >> PAGE_BITS, 1 << (number & ((1 << PAGE_BITS) - 1))
        bits = self._pages.get(page)
        if bits is None:
            if len(self._pages) < MAX_PAGES:
                self._pages[page] = bit
            return False
        self._pages[page] = bits | bit
        return bool(bits & bit)
