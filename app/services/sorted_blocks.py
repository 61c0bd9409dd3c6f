"""Sorts more blocks of bytes than fit into memory: sorted runs wait in a temporary file, and are merged in the end."""

import heapq
import os
import tempfile
from array import array
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import IO, Self

# A run is sorted in memory. In the end one piece of each is there at a time.
RUN_BYTES = 4 * 1024 * 1024
PIECE_BYTES = 32 * 1024


class SortedBlocks:
    """Takes blocks in any order, and gives them back in the order of their bytes.

    It is a context manager, which removes its file. Few blocks stay in memory.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._size = 0
        self._runs: list[list[_Piece]] = []
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, block: bytes) -> None:
        """Take a block."""
        self._blocks.append(block)
        self._size += len(block)
        if self._size >= RUN_BYTES:
            self._write_run()

    def __iter__(self) -> Iterator[bytes]:
        """Yield all blocks. None can be added after that."""
        self._blocks.sort()
        return heapq.merge(*map(self._read_run, self._runs), self._blocks)

    def _write_run(self) -> None:
        self._blocks.sort()
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # It stays open until the end of the sort.
        pieces, first, size = [], 0, 0
        for place, block in enumerate(self._blocks, 1):
            size += len(block)
            if size >= PIECE_BYTES or place == len(self._blocks):
                pieces.append(_Piece(self._file, self._blocks[first:place]))
                first, size = place, 0
        self._file.flush()
        self._runs.append(pieces)
        self._blocks, self._size = [], 0

    def _read_run(self, pieces: list["_Piece"]) -> Iterator[bytes]:
        assert self._file is not None  # noqa: S101  # Runs lie in it.
        for piece in pieces:
            yield from piece.read(self._file.fileno())


class _Piece:
    """Blocks that lie in a file: the length of each, and then all of them."""

    __slots__ = ("_count", "_offset", "_size")

    def __init__(self, file: IO[bytes], blocks: list[bytes]) -> None:
        lengths = array("Q", map(len, blocks))
        self._count, self._offset = len(blocks), file.tell()
        self._size = file.write(lengths.tobytes() + b"".join(blocks))

    def read(self, descriptor: int) -> list[bytes]:
        content = _read_all(descriptor, self._offset, self._size)
        lengths = array("Q")
        begin = lengths.itemsize * self._count
        lengths.frombytes(content[:begin])
        return [content[first:last] for first, last in pairwise(accumulate(lengths, initial=begin))]


def _read_all(descriptor: int, offset: int, size: int) -> bytes:
    """Return `size` bytes from `offset`. Several runs are read in turns, so that the file has no place of its own for each."""
    pieces = []
    while size:
        piece = os.pread(descriptor, size, offset)
        if not piece:
            raise OSError("A temporary file ended before its last block.")
        pieces.append(piece)
        offset, size = offset + len(piece), size - len(piece)
    return b"".join(pieces)
