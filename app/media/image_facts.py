"""What an image is, from its head: its format, its size in pixels, where and when it was taken.

No pixel is decoded, so that nothing in a file can cost more than a few ranged reads. Formats are told by their first
bytes; what is none of JPEG, PNG, WebP, TIFF, GIF and BMP has no facts. A file that is cut short or odd has those facts
that can be read.
"""

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from app.media.exif import (
    EXIF_TAGS,
    HEIGHT,
    ORIENTATION,
    WIDTH,
    Read,
    TagReader,
    date_taken,
    place_taken,
)
from app.media.ranges import CutShort, Ranges, ReadRange

LARGEST_SIDE = 2**31 - 1
MAX_PARTS = 1000  # Segments, or chunks, that are looked at in one file.

Size = tuple[int, int]


@dataclass(frozen=True)
class ImageFacts:
    """The format by Pillow's name; size in pixels as displayed, both or none; when taken, in UTC; degrees in WGS 84."""

    filetype: str | None = None
    width: int | None = None
    height: int | None = None
    date_taken: datetime | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass
class Found:
    """What the walk through one file has found so far: the size as stored, and the EXIF block."""

    size: Size | None = None
    tags: Read | None = None


def read_image_facts(read_range: ReadRange, size: int) -> ImageFacts:
    """Return the facts of a file of `size` bytes, of which `read_range(offset, length)` returns up to `length` bytes.

    A time without an offset is read as UTC. Raises nothing of its own, whatever the bytes; what `read_range` raises passes.
    """
    read = Ranges(read_range, size).read
    try:
        filetype = _filetype(read, size) if size else None
    except CutShort:
        filetype = None
    if filetype is None:
        return ImageFacts()
    found = Found()
    with suppress(CutShort, struct.error):
        FORMATS[filetype](read, found)
    return _with_tags(ImageFacts(filetype=filetype), found)


def _filetype(read: Read, size: int) -> str | None:
    head = read(0, min(size, 32))
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0")):
        return "TIFF"
    # Two letters alone are no sign: the length of the second header, and the one colour plane, must be right too.
    if head.startswith(b"BM") and head[14:18] in BMP_HEADERS and b"\x01\0" in (head[22:24], head[26:28]):
        return "BMP"
    return None


def _with_tags(facts: ImageFacts, found: Found) -> ImageFacts:
    """Return the facts with the size, turned as EXIF says, and with time and place."""
    width, height = found.size or (0, 0)
    has_size = 0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE
    facts = replace(facts, width=width, height=height) if has_size else facts
    if found.tags is None:
        return facts
    try:
        reader = TagReader(found.tags)
        if has_size and reader.integer(reader.first.get(ORIENTATION)) in (5, 6, 7, 8):
            facts = replace(facts, width=height, height=width)
        facts = replace(facts, date_taken=date_taken(reader.read_linked(EXIF_TAGS)))
        lat, lon = place_taken(reader) or (None, None)
        return replace(facts, lat=lat, lon=lon)
    except CutShort:
        return facts


def _part(read: Read, start: int, length: int) -> Read:
    """Return a reader of `length` bytes from `start` on."""

    def read_part(offset: int, count: int) -> bytes:
        if offset + count > length:
            raise CutShort
        return read(start + offset, count)

    return read_part


def _read_jpeg(read: Read, found: Found) -> None:
    """Walk the segments up to the frame header, which holds the size (ITU-T T.81, annex B)."""
    position = 2
    for _ in range(MAX_PARTS):
        marker = read(position, 2)
        if marker[0] != 0xFF or marker[1] in (0x00, 0xFF):
            # Filling, or bytes that do not belong here and that decoders skip too.
            position += 1
            continue
        code, position = marker[1], position + 2
        if code == 0x01 or 0xD0 <= code <= 0xD8:
            continue
        if code in (0xD9, 0xDA):
            return
        (length,) = struct.unpack(">H", read(position, 2))
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", read(position + 3, 4))
            found.size = (width, height)
            return
        if code == 0xE1 and length >= 8 and found.tags is None and read(position + 2, 6) == b"Exif\0\0":
            found.tags = _part(read, position + 8, length - 8)
        position += max(length, 2)


def _read_png(read: Read, found: Found) -> None:
    """Walk the chunks up to the pixels (PNG, third edition, sections 5.3 and 11.3.4.5)."""
    position = 8
    for _ in range(MAX_PARTS):
        length, kind = struct.unpack(">I4s", read(position, 8))
        if kind == b"IHDR" and found.size is None:
            found.size = struct.unpack(">II", read(position + 8, 8))
        elif kind == b"eXIf":
            found.tags = _part(read, position + 8, length)
        elif kind in (b"IDAT", b"IEND"):
            return
        position += length + 12


def _read_webp(read: Read, found: Found) -> None:
    """Read the size from the first 30 bytes; EXIF, when the header says that there is some, from its chunk (RFC 9649)."""
    head = read(0, 30)
    kind = head[12:16]
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        found.size = (width & 0x3FFF, height & 0x3FFF)
    elif kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        found.size = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    elif kind == b"VP8X":
        found.size = (int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1)
        if head[20] & 0x08:
            found.tags = _find_webp_exif(read)


def _find_webp_exif(read: Read) -> Read | None:
    position = 12
    for _ in range(MAX_PARTS):
        kind, length = struct.unpack("<4sI", read(position, 8))
        if kind == b"EXIF":
            # Some programs put the marker of JPEG before the block.
            skip = 6 if length >= 6 and read(position + 8, 6) == b"Exif\0\0" else 0
            return _part(read, position + 8 + skip, length - skip)
        position += 8 + length + (length & 1)
    return None


def _read_tiff(read: Read, found: Found) -> None:
    """Read the size from the first directory, which may lie anywhere in the file."""
    found.tags = read
    reader = TagReader(read)
    width, height = reader.integer(reader.first.get(WIDTH)), reader.integer(reader.first.get(HEIGHT))
    if width and height:
        found.size = (width, height)


def _read_gif(read: Read, found: Found) -> None:
    width, height = struct.unpack("<HH", read(6, 4))
    found.size = (width, height)


def _read_bmp(read: Read, found: Found) -> None:
    if read(14, 4) == BMP_HEADERS[0]:
        width, height = struct.unpack("<HH", read(18, 4))
    else:
        width, height = struct.unpack("<ii", read(18, 8))
    # A negative height says that the rows stand from the top down.
    found.size = (width, abs(height))


BMP_HEADERS = tuple(length.to_bytes(4, "little") for length in (12, 16, 40, 52, 56, 64, 108, 124))
FORMATS: dict[str, Callable[[Read, Found], None]] = {
    "JPEG": _read_jpeg,
    "PNG": _read_png,
    "WEBP": _read_webp,
    "TIFF": _read_tiff,
    "GIF": _read_gif,
    "BMP": _read_bmp,
}
