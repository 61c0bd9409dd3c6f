"""A large file in the storage as a file object, of which only some ranges are fetched."""

import io
from collections.abc import Callable

ReadRange = Callable[[int, int], bytes]

FIRST_BYTES = 128 * 1024  # EXIF in a JPEG has up to 64 KiB; what comes before and after it mostly fits too.
BLOCK_BYTES = 64 * 1024
LARGEST_BLOCK_BYTES = 2 * 1024**2
MAX_FETCHES = 20
MAX_BYTES = 12 * 1024**2
# Pillow reads fill bytes one by one, so that a file of nothing else would keep a processor busy for minutes.
MAX_READS = 100_000


class LimitReached(Exception):
    """No more may be read of this file."""


class RangedFile(io.RawIOBase):
    """A file of `size` bytes, whose ranges `read_range(offset, length)` returns; it is fetched in blocks, which are kept.

    The first block is 128 KiB; each further one is twice as long as the one before, from 64 KiB to 2 MiB. At most 20 blocks and
    12 MiB are fetched; a read that needs more raises LimitReached. `error` is what `read_range` raised, if it did.
    """

    def __init__(self, read_range: ReadRange, size: int) -> None:
        self._read_range = read_range
        self._size = size
        self._position = 0
        self._blocks: list[tuple[int, bytes]] = []
        self._fetched = 0
        self._reads = 0
        self.error: Exception | None = None

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset, which may lie after the end, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; fewer only at the end of the file. Raises LimitReached, and what `read_range` raises."""
        rest = max(0, self._size - self._position)
        found = self.range(self._position, rest if size < 0 else min(size, rest))
        self._position += len(found)
        return found

    def range(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset` on, wherever the file stands. Raises as `read` does."""
        self._reads += 1
        if self._reads > MAX_READS:
            raise LimitReached
        length = max(0, min(length, self._size - offset))
        if not length:
            return b""
        for start, block in self._blocks:
            if start <= offset and offset + length <= start + len(block):
                return block[offset - start : offset - start + length]
        return self._fetch(offset, length)[:length]

    def _fetch(self, offset: int, length: int) -> bytes:
        usual = min(BLOCK_BYTES << max(len(self._blocks) - 1, 0), LARGEST_BLOCK_BYTES) if self._blocks else FIRST_BYTES
        block_length = min(max(length, usual), self._size - offset)
        if len(self._blocks) >= MAX_FETCHES or self._fetched + block_length > MAX_BYTES:
            raise LimitReached
        try:
            block = self._read_range(offset, block_length)
        except Exception as error:
            # Libraries may swallow it.
            self.error = error
            raise
        self._blocks.append((offset, block))
        self._fetched += block_length
        return block
