"""Zip archives that are the same, byte for byte, whenever and wherever they are made, and need no memory for their members.

The rules are those of APPNOTE.TXT, the ZIP File Format Specification of PKWARE, 6.3: members are stored, dated 1980-01-01, of a
regular file of mode 0644 on Unix, with a name in UTF-8, and with sizes and CRC-32 in front of their bytes. The standard library
keeps 420 bytes for each member and writes other bytes to a pipe than to a file; here the directory waits in a temporary file.
"""

import tempfile
import zlib
from collections.abc import Iterable
from contextlib import ExitStack
from struct import pack
from typing import IO, Protocol, Self

from app.formats.members import Member, UnsupportedError

COPY_SIZE = 1024 * 1024
# From these values on a field holds this value, and the real one stands in a ZIP64 field.
MAX_16, MAX_32 = 0xFFFF, 0xFFFFFFFF
VERSION, ZIP64_VERSION = 20, 45
UNIX = 3 << 8
UTF_8 = 0x800
STORED = 0
MIDNIGHT, FIRST_DAY = 0, 1 << 5 | 1
REGULAR_FILE_0644 = 0o100644 << 16


class Target(Protocol):
    """Where the bytes of the archive go, in their order."""

    def write(self, content: bytes) -> object:
        """Append these bytes."""
        ...


class Archive:
    """Writes a zip archive: members in the order in which they are added, and after them those that were opened.

    It is a context manager, which removes its temporary files; without `end` there is no archive.
    """

    def __init__(self, target: Target) -> None:
        """Begin an archive with the first byte of `target`."""
        self._target = target
        self._offset = 0
        self._count = 0
        self._stack = ExitStack()
        self._directory = self._temporary_file()
        self._opened: dict[str, _OpenMember] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def add(self, name: str, content: bytes) -> None:
        """Add a member whose bytes are all here. Raises UnsupportedError for a name that programs unpack elsewhere."""
        self._begin(name, len(content), zlib.crc32(content))
        self._put(content)

    def add_stream(self, name: str, size: int, crc32: int, pieces: Iterable[bytes]) -> None:
        """Add a member of `size` bytes piece by piece. Raises UnsupportedError as `add` does.

        Raises ValueError when the pieces do not have this size and CRC-32; the archive is of no use then.
        """
        self._begin(name, size, crc32)
        end, found = self._offset + size, 0
        for piece in pieces:
            found = zlib.crc32(piece, found)
            self._put(piece)
        if (self._offset, found) != (end, crc32):
            raise ValueError(
                f"{name}: {self._offset - end + size} bytes of CRC-32 {found:08x}, not {size} of {crc32:08x}"
            )

    def open(self, name: str) -> Member:
        """Begin a member that is written piece by piece; it waits in a temporary file for `end`."""
        self._opened[name] = _OpenMember(self._temporary_file())
        return self._opened[name]

    def end(self) -> None:
        """Add the members that were opened, in this order, and write the directory."""
        for name, member in self._opened.items():
            self.add_stream(name, member.size, member.crc32, _pieces(member.file))
        start, size = self._offset, self._directory.tell()
        for piece in _pieces(self._directory):
            self._put(piece)
        self._put(_end(self._count, size, start))

    def _temporary_file(self) -> IO[bytes]:
        return self._stack.enter_context(tempfile.TemporaryFile())  # The stack closes it.

    def _begin(self, name: str, size: int, crc32: int) -> None:
        encoded, wide = _encode(name), [size, size] if size >= MAX_32 else []
        extra, version = _zip64_field(wide), ZIP64_VERSION if wide else VERSION
        fields = (UTF_8, STORED, MIDNIGHT, FIRST_DAY, crc32, min(size, MAX_32), min(size, MAX_32), len(encoded))
        self._list(encoded, fields, wide)
        self._put(pack("<4s5H3L2H", b"PK\3\4", version, *fields, len(extra)) + encoded + extra)

    def _list(self, name: bytes, fields: tuple[int, ...], wide: list[int]) -> None:
        wide = [*wide, self._offset] if self._offset >= MAX_32 else wide
        extra, version = _zip64_field(wide), ZIP64_VERSION if wide else VERSION
        head = pack("<4s6H3L2H", b"PK\1\2", UNIX | version, version, *fields, len(extra))
        place = pack("<3H2L", 0, 0, 0, REGULAR_FILE_0644, min(self._offset, MAX_32))
        self._directory.write(head + place + name + extra)
        self._count += 1

    def _put(self, content: bytes) -> None:
        self._target.write(content)
        self._offset += len(content)


class _OpenMember:
    """A member that grows in a temporary file, because its size has to stand in front of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.size = 0
        self.crc32 = 0

    def write(self, content: bytes) -> None:
        self.file.write(content)
        self.size += len(content)
        self.crc32 = zlib.crc32(content, self.crc32)


def _encode(name: str) -> bytes:
    """Return the name as it stands in the archive. Raises UnsupportedError when it would leave the folder, or is none."""
    encoded = name.encode()
    if len(encoded) > MAX_16 or not {"", ".", ".."}.isdisjoint(name.split("/")) or "\0" in name:
        raise UnsupportedError(f"A zip archive cannot hold a file named {name[:200]!r}: programs unpack it elsewhere.")
    return encoded


def _zip64_field(values: list[int]) -> bytes:
    return pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values) if values else b""


def _end(count: int, size: int, start: int) -> bytes:
    """Return the end of an archive whose directory of `count` members begins at `start` and has `size` bytes."""
    zip64 = b""
    if count >= MAX_16 or size >= MAX_32 or start >= MAX_32:
        record = (44, UNIX | ZIP64_VERSION, ZIP64_VERSION, 0, 0, count, count, size, start)
        zip64 = pack("<4sQ2H2L4Q", b"PK\6\6", *record) + pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
    counts = min(count, MAX_16), min(count, MAX_16)
    return zip64 + pack("<4s4H2LH", b"PK\5\6", 0, 0, *counts, min(size, MAX_32), min(start, MAX_32), 0)


def _pieces(file: IO[bytes]) -> Iterable[bytes]:
    file.seek(0)
    return iter(lambda: file.read(COPY_SIZE), b"")
