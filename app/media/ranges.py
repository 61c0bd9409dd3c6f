"""A large file of which only some ranges are read."""

from collections.abc import Callable

ReadRange = Callable[[int, int], bytes]

FIRST_BYTES = 128 * 1024  # EXIF in a JPEG has up to 64 KiB; what comes before it and behind it mostly fits too.
BLOCK_BYTES = 64 * 1024
LARGEST_BLOCK_BYTES = 1024**2
MAX_FETCHES = 12
MAX_BYTES = 4 * 1024**2


class CutShort(Exception):
    """The bytes asked for lie behind the end, or what may be read of one file is used up."""


class Ranges:
    """Reads a file of `size` bytes by `read_range(offset, length)`, in blocks that it keeps: at most 12, at most 4 MiB.

    The first block is 128 KiB; each further one is twice as long as the one before, from 64 KiB to 1 MiB.
    """

    def __init__(self, read_range: ReadRange, size: int) -> None:
        self._read_range = read_range
        self._size = size
        self._blocks: list[tuple[int, bytes]] = []
        self._fetched = 0

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset` on. Raises CutShort, and what `read_range` raises."""
        if offset < 0 or length < 0 or offset + length > self._size:
            raise CutShort
        for start, block in self._blocks:
            if start <= offset and offset + length <= start + len(block):
                return block[offset - start : offset - start + length]
        found = self._fetch(offset, length)[:length]
        if len(found) < length:
            raise CutShort
        return found

    def _fetch(self, offset: int, length: int) -> bytes:
        usual = min(BLOCK_BYTES << max(len(self._blocks) - 1, 0), LARGEST_BLOCK_BYTES) if self._blocks else FIRST_BYTES
        wanted = min(max(length, usual), self._size - offset)
        if len(self._blocks) >= MAX_FETCHES or self._fetched + wanted > MAX_BYTES:
            raise CutShort
        block = self._read_range(offset, wanted)
        self._blocks.append((offset, block))
        self._fetched += wanted
        return block
