"""Zip archives of strangers, read in place: nothing is extracted, and names are keys, never paths.

The directory is read piece by piece, in some 30 bytes of memory for each member, where `zipfile` keeps 600. Rules of the
format: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14 to 4.3.16 (its end) and 4.5.3
(ZIP64).
"""

import stat
import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple, Protocol

from app.formats.reading import FormatError

MAX_MEMBERS = 2_100_000
MAX_NAME_BYTES = 1024
# What all members that are read may unpack to, together.
MAX_READ_BYTES = 4 * 1024**3
# Deflate reaches 1,032; labels and images stay far below this. Small members can do no harm.
MAX_RATIO = 200
FREE_OF_RATIO_BYTES = 1024**2

_PIECE = 256 * 1024
# The fixed part of an entry of the directory, its name, its extra fields and its comment.
_MAX_ENTRY_BYTES = 46 + 3 * 0xFFFF
_DIRECTORY_PIECE = 4 * _MAX_ENTRY_BYTES
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _UTF_8 = 0x1, 0x800
_ZIP64_FIELD, _UNIX = 1, (3, 19)
_FILE_MODES = (0, stat.S_IFREG, stat.S_IFDIR)
_LARGE_16, _LARGE_32 = 0xFFFF, 0xFFFFFFFF
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
# How many names are compared at a time when twins are looked for.
_NAMES_AT_ONCE = 200_000
_OTHER_FILES = {
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"PAR1": "a Parquet file",
    b"{": "JSON",
    b"[": "JSON",
    b"<": "XML",
    b"\xef\xbb\xbf<": "XML",
}
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".tar.gz", ".gz", ".bz2", ".xz", ".zst")


class ByteSource(Protocol):
    """What can be read piece by piece."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


class ZipMember(NamedTuple):
    """One file of an archive, as the directory describes it; sizes are in bytes."""

    name: str
    size: int
    packed_size: int
    offset: int
    method: int
    crc: int
    raw_name: bytes

    @property
    def is_folder(self) -> bool:
        """Say whether this is only a folder."""
        return self.name.endswith("/")

    @property
    def is_archive(self) -> bool:
        """Say whether this is an archive in the archive, which is never looked into."""
        return self.name.lower().endswith(_ARCHIVES)


def is_zip(file: BinaryIO) -> bool:
    """Say whether a file begins as a zip archive does."""
    file.seek(0)
    return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def shown(name: str) -> str:
    """Return a name as it stands in messages: in quotes, without odd characters, and cut."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name[:120])
    return f"“{text}…”" if len(name) > 120 else f"“{text}”"


class MissingFiles(FormatError):
    """The archive can be read, but has none of the files that the format needs."""


class SafeZip:
    """An archive whose directory was checked as a whole. Raises FormatError, with a message for the sender."""

    def __init__(self, file: BinaryIO, *, max_members: int = MAX_MEMBERS, max_read_bytes: int = MAX_READ_BYTES) -> None:
        self._file = file
        self._bytes_left = self._max_read_bytes = max_read_bytes
        self._start, self._end, self.count = _find_directory(file)
        if self.count > max_members:
            raise FormatError(f"The archive has {self.count:,} members; at most {max_members:,} are read.")
        self._check_members()

    def members(self) -> Iterator[ZipMember]:
        """Yield the members in the order of the directory. Members may be opened meanwhile."""
        entries = _Directory(self._file, self._start, self._end)
        for _ in range(self.count):
            yield entries.next()
        if entries.position != self._end:
            raise FormatError("The directory of the archive has more entries than the archive says it has.")

    def open(self, member: ZipMember, max_bytes: int = MAX_READ_BYTES) -> "MemberStream":
        """Return the bytes of a member. `max_bytes` is what it may unpack to."""
        if member.size > max_bytes:
            raise FormatError(
                f"{shown(member.name)} unpacks to {member.size:,} bytes; at most {max_bytes:,} are read from it."
            )
        self._bytes_left -= member.size
        if self._bytes_left < 0:
            raise FormatError(f"The files in the archive unpack to more than {self._max_read_bytes:,} bytes.")
        return MemberStream(self._file, member, self._find_data(member))

    def read(self, member: ZipMember, max_bytes: int) -> bytes:
        """Return a whole member of at most `max_bytes`."""
        stream = self.open(member, max_bytes)
        return b"".join(iter(lambda: stream.read(_PIECE), b""))

    def lacks(self, message: str) -> MissingFiles:
        """Return the error that says what is not in the archive, and that an archive in it may have it."""
        nested = next((member for member in self.members() if member.is_archive), None)
        return MissingFiles(message + (f" It has an archive in it: {shown(nested.name)}." if nested else ""))

    def _check_members(self) -> None:
        offsets, lengths, names = array("Q"), array("Q"), array("q")
        for member in self.members():
            _check_member(member)
            if member.offset + member.packed_size > self._start:
                raise FormatError(f"{shown(member.name)} lies outside of the archive. The archive is damaged.")
            offsets.append(member.offset)
            lengths.append(_LOCAL.size + len(member.raw_name) + member.packed_size)
            names.append(hash(member.name))
        self._check_overlaps(offsets, lengths)
        self._check_twins(names)

    def _check_overlaps(self, offsets: Sequence[int], lengths: Sequence[int]) -> None:
        """See that no two members share bytes, as in bombs that use one packed file a thousand times."""
        end = 0
        for index in _ascending(offsets):
            if offsets[index] < end:
                name = self._name_at(index)
                raise FormatError(f"{shown(name)} lies on the same bytes of the archive as another member.")
            end = offsets[index] + lengths[index]

    def _name_at(self, index: int) -> str:
        return next(member.name for number, member in enumerate(self.members()) if number == index)

    def _check_twins(self, names: Sequence[int]) -> None:
        twins = set(_repeated(names))
        seen = set()
        for member in self.members() if twins else ():
            if member.name in seen:
                raise FormatError(f"The archive has two members of the name {shown(member.name)}.")
            if hash(member.name) in twins:
                seen.add(member.name)

    def _find_data(self, member: ZipMember) -> int:
        self._file.seek(member.offset)
        header = self._file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise FormatError(f"{shown(member.name)} is not where the directory says. The archive is damaged.")
        *_, name_length, extra_length = _LOCAL.unpack(header)
        if self._file.read(name_length) != member.raw_name:
            raise FormatError(f"{shown(member.name)} has another name in the archive than in its directory.")
        start = member.offset + _LOCAL.size + int(name_length) + int(extra_length)
        if start + member.packed_size > self._start:
            raise FormatError(f"{shown(member.name)} ends outside of the archive. The archive is damaged.")
        return start


class MemberStream:
    """The bytes of one member, counted and checked against what the directory says. Raises FormatError."""

    def __init__(self, file: BinaryIO, member: ZipMember, start: int) -> None:
        self._file = file
        self._member = member
        self._position, self._end = start, start + member.packed_size
        self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == _DEFLATED else None
        self._count = self._crc = 0
        self._is_checked = False

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none after the last."""
        piece = self._unpack(size) if size > 0 else b""
        self._count += len(piece)
        self._crc = zlib.crc32(piece, self._crc)
        if self._count > self._member.size:
            raise FormatError(
                f"{shown(self._member.name)} unpacks to more than the {self._member.size:,} bytes declared."
            )
        if size > 0 and not piece:
            self._check_end()
        return piece

    def _unpack(self, size: int) -> bytes:
        if self._unpacker is None:
            return self._read_packed(size)
        while not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._read_packed(_PIECE)
            try:
                piece = self._unpacker.decompress(packed, size)
            except zlib.error as error:
                raise FormatError(f"{shown(self._member.name)} cannot be unpacked. The archive is damaged.") from error
            if piece:
                return piece
            if not packed:
                break
        return b""

    def _read_packed(self, size: int) -> bytes:
        # Other members may be read in between.
        self._file.seek(self._position)
        piece = self._file.read(min(size, self._end - self._position))
        self._position += len(piece)
        return piece

    def _check_end(self) -> None:
        if self._count != self._member.size or self._crc != self._member.crc:
            raise FormatError(f"{shown(self._member.name)} is not the file that was packed. The archive is damaged.")


class _Directory:
    """Reads the directory of an archive, an entry at a time."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file = file
        self.position = self._read_to = start
        self._end = end
        self._piece, self._at = b"", 0

    def next(self) -> ZipMember:
        if self._read_to < self._end and len(self._piece) - self._at < _MAX_ENTRY_BYTES:
            self._fill()
        piece, start = self._piece, self._at
        name_at = start + _ENTRY.size
        if len(piece) < name_at:
            raise FormatError("The directory of the archive is shorter than the archive says. The archive is damaged.")
        signature, _, system, _, _, flags, method, _, _, crc, packed_size, size, *lengths, disk, _, external, offset = (
            _ENTRY.unpack_from(piece, start)
        )
        if signature != b"PK\x01\x02":
            raise FormatError("The directory of the archive is damaged.")
        extra_at = name_at + lengths[0]
        comment_at = extra_at + lengths[1]
        self._at = comment_at + lengths[2]
        self.position += self._at - start
        if len(piece) < self._at:
            raise FormatError("The directory of the archive is shorter than the archive says. The archive is damaged.")
        raw_name = piece[name_at:extra_at]
        name = _decode_name(raw_name, flags)
        if flags & _ENCRYPTED:
            raise FormatError(f"{shown(name)} is encrypted. Pack the archive without a password.")
        if system in _UNIX and stat.S_IFMT(external >> 16) not in _FILE_MODES:
            raise FormatError(f"{shown(name)} is a link or a device, not a file. Pack the files themselves.")
        if size == _LARGE_32 or packed_size == _LARGE_32 or offset == _LARGE_32:
            size, packed_size, offset = _read_zip64(name, piece[extra_at:comment_at], size, packed_size, offset)
        if disk not in (0, _LARGE_16):
            raise FormatError("The archive is split over several files. Pack it as one.")
        return ZipMember(name, size, packed_size, offset, method, crc, raw_name)

    def _fill(self) -> None:
        self._file.seek(self._read_to)
        piece = self._file.read(min(_DIRECTORY_PIECE, self._end - self._read_to))
        self._read_to = self._read_to + len(piece) if piece else self._end
        self._piece, self._at = self._piece[self._at :] + piece, 0


def _find_directory(file: BinaryIO) -> tuple[int, int, int]:
    """Return where the directory begins and ends, and how many entries it has."""
    size = file.seek(0, 2)
    if not size:
        raise FormatError("The file is empty; a zip archive was expected.")
    tail_start = max(0, size - _END.size - _LARGE_16)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise FormatError(_say_what_it_is(file))
    _, disk, _, _, count, length, start, comment_length = _END.unpack_from(tail, at)
    if at + _END.size + comment_length != len(tail):
        raise FormatError("There are bytes behind the end of the archive, or some of it are missing.")
    end = tail_start + at
    end, disk, count, length, start = _find_zip64(file, end) or (end, disk, count, length, start)
    if disk:
        raise FormatError("The archive is split over several files. Pack it as one.")
    if start + length != end:
        raise FormatError("The directory of the archive is not where the archive says. The archive is damaged.")
    return start, end, count


def _find_zip64(file: BinaryIO, end: int) -> tuple[int, int, int, int, int] | None:
    """Return where the end of a large archive is, and what it says; None for one that needs no ZIP64."""
    locator_at = end - _LOCATOR_64.size
    file.seek(max(0, locator_at))
    locator = file.read(_LOCATOR_64.size)
    if locator_at < 0 or locator[:4] != b"PK\x06\x07":
        return None
    at = _LOCATOR_64.unpack(locator)[2]
    file.seek(min(at, end))
    record = file.read(_END_64.size)
    if len(record) < _END_64.size or record[:4] != b"PK\x06\x06":
        raise FormatError("The end of the archive (ZIP64) is damaged.")
    _, _, _, _, disk, _, _, count, length, start = _END_64.unpack(record)
    return at, disk, count, length, start


def _say_what_it_is(file: BinaryIO) -> str:
    file.seek(0)
    first = file.read(8)
    if first.startswith(b"PK"):
        return "The end of the zip archive is missing. The file was cut on its way; send it again."
    kind = next((kind for begin, kind in _OTHER_FILES.items() if first.startswith(begin)), "something else")
    return f"The file is {kind}; a zip archive was expected."


def _read_zip64(name: str, extra: bytes, size: int, packed_size: int, offset: int) -> tuple[int, int, int]:
    """Return the three numbers, each from the ZIP64 field where the entry has no room for it."""
    while len(extra) >= 4:
        field, length = struct.unpack_from("<2H", extra)
        if field == _ZIP64_FIELD:
            numbers = iter(struct.unpack_from(f"<{min(length, len(extra) - 4) // 8}Q", extra, 4))
            size, packed_size, offset = (
                next(numbers, value) if value == _LARGE_32 else value for value in (size, packed_size, offset)
            )
            return size, packed_size, offset
        extra = extra[4 + length :]
    raise FormatError(f"The size of {shown(name)} is missing in the directory. The archive is damaged.")


def _decode_name(raw_name: bytes, flags: int) -> str:
    # Many tools write UTF-8 without the flag. What is no UTF-8 is code page 437, as the format says.
    try:
        return raw_name.decode()
    except UnicodeDecodeError:
        if flags & _UTF_8:
            raise FormatError("The archive has a name that is said to be UTF-8, and is not.") from None
        return raw_name.decode("cp437")


def _check_member(member: ZipMember) -> None:
    name = member.name
    if not name or len(member.raw_name) > MAX_NAME_BYTES:
        raise FormatError(f"{shown(name)}: names in an archive have 1 to {MAX_NAME_BYTES:,} bytes.")
    if name.startswith("/") or name[1:2] == ":" or "\\" in name or "\0" in name or ".." in name.split("/"):
        raise FormatError(
            f"{shown(name)} is no name for a file in an archive: expected a relative path with “/” between its parts and no “..”."
        )
    if member.method not in (_STORED, _DEFLATED):
        raise FormatError(f"{shown(name)} is packed by method {member.method}; use deflate (8) or store (0).")
    if member.method == _STORED and member.size != member.packed_size:
        raise FormatError(f"{shown(name)} is stored, but its two sizes differ. The archive is damaged.")
    if member.size > max(FREE_OF_RATIO_BYTES, MAX_RATIO * member.packed_size):
        raise FormatError(
            f"{shown(name)} unpacks to {member.size:,} bytes from {member.packed_size:,}: more than {MAX_RATIO} times as much."
        )


def _ascending(offsets: Sequence[int]) -> range | list[int]:
    """Return the indexes in the order of the offsets; nearly every archive has that order already."""
    order = range(len(offsets))
    if all(offsets[index] <= offsets[index + 1] for index in order[:-1]):
        return order
    return sorted(order, key=offsets.__getitem__)


def _repeated(numbers: Sequence[int]) -> Iterator[int]:
    """Yield the numbers that come twice, in bounded memory: only a part of the numbers is looked at in each round."""
    rounds = len(numbers) // _NAMES_AT_ONCE + 1
    for part in range(rounds):
        seen: set[int] = set()
        for number in numbers:
            if number % rounds == part:
                if number in seen:
                    yield number
                seen.add(number)
