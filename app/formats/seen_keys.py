"""Which keys of a file came before, in bounded memory: millions of numbers that lie close together take a bit each."""

from collections.abc import Sequence

PAGE_BITS = 10
_IN_PAGE = (1 << PAGE_BITS) - 1
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
        page, bit = number >> PAGE_BITS, 1 << (number & _IN_PAGE)
        bits = self._pages.get(page)
        if bits is None:
            if len(self._pages) < MAX_PAGES:
                self._pages[page] = bit
            return False
        self._pages[page] = bits | bit
        return bool(bits & bit)

    def add_all(self, keys: Sequence[int]) -> bool:
        """Remember keys if none of them comes twice or came before, else none; return whether they are remembered."""
        added: dict[int, int] = {}
        # Most files number what is in them one by one.
        if list(keys) == list(range(keys[0], keys[0] + len(keys))):
            for page in range(keys[0] >> PAGE_BITS, (keys[-1] >> PAGE_BITS) + 1):
                low, high = max(keys[0], page << PAGE_BITS), min(keys[-1], ((page + 1) << PAGE_BITS) - 1)
                added[page] = ((1 << (high - low + 1)) - 1) << (low & _IN_PAGE)
        else:
            if len(set(keys)) < len(keys):
                return False
            for key in keys:
                page = key >> PAGE_BITS
                added[page] = added.get(page, 0) | 1 << (key & _IN_PAGE)
        pages = self._pages
        if any(pages.get(page, 0) & bits for page, bits in added.items()):
            return False
        for page, bits in added.items():
            if page in pages or len(pages) < MAX_PAGES:
                pages[page] = pages.get(page, 0) | bits
        return True
