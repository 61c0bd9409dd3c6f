"""What an image is, from its first bytes: its format, its size in pixels, where and when it was taken.

No pixel is decoded, so that nothing in a file costs more than a few ranged reads. Formats are recognized by their first bytes.
Pillow reads the headers, where it can do so without the whole file; WebP, TIFF, HEIF and AVIF are read here. A file that is cut
short or odd has those facts that can be read.
"""

import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any

from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from app.media import heif, tiff
from app.media.exif import Exif, TimeTaken
from app.media.ranged_file import RangedFile, ReadRange

LARGEST_SIDE = 2**31 - 1
MAX_CHUNKS = 1000  # Chunks of a WebP file that are looked at.
BMP_HEADERS = tuple(length.to_bytes(4, "little") for length in (12, 16, 40, 52, 56, 64, 108, 124))
TURNED = (5, 6, 7, 8)  # The orientations of EXIF in which width and height change places.

Size = tuple[int, int]


@dataclass(frozen=True)
class ImageFacts:
    """The format by Pillow's name; size in pixels as displayed, both or none; when taken, in UTC; degrees in WGS 84.

    `date_taken_source` says where the time's offset from UTC comes from: `offset` (the file), `gps`, `set` (the time zone of the
    image set), or `assumed-utc`.
    """

    filetype: str | None = None
    width: int | None = None
    height: int | None = None
    date_taken: datetime | None = None
    date_taken_source: str | None = None
    lat: float | None = None
    lon: float | None = None


@dataclass
class Header:
    """What the header of a file says: the size as stored, the EXIF tags, and whether EXIF says how to turn the picture."""

    size: Size = (0, 0)
    exif: Exif = field(default_factory=Exif)
    is_turned_by_exif: bool = True


def read_image_facts(read_range: ReadRange, size: int, zone: tzinfo | None = None) -> ImageFacts:
    """Return the facts of a file of `size` bytes, of which `read_range(offset, length)` returns up to `length` bytes.

    A time without an offset is one of `zone`, or of UTC when there is none. Raises nothing of its own, whatever the bytes; what
    `read_range` raises passes.
    """
    filetype, header = _read_header(read_range, size)
    return _facts(filetype, header, zone) if filetype else ImageFacts()


def read_orientation(read_range: ReadRange, size: int) -> int:
    """Return how EXIF asks viewers to turn the picture of a file, 1 to 8; 1 where nothing is to be done. Raises as above."""
    _, header = _read_header(read_range, size)
    orientation = header.exif.orientation if header.is_turned_by_exif else None
    return orientation if orientation and 1 <= orientation <= 8 else 1


def _read_header(read_range: ReadRange, size: int) -> tuple[str | None, Header]:
    file, header = RangedFile(read_range, size), Header()
    filetype = _filetype(file.range(0, 64)) if size else None
    if filetype is None:
        return None, header
    try:
        READERS[filetype](file, header)
    except Exception:
        # Pillow does not promise which errors odd bytes cause. What the header had shown by then is kept.
        if file.error:
            raise file.error from None
    return filetype, header


def _filetype(head: bytes) -> str | None:
    for start, name in SIGNATURES.items():
        if head.startswith(start):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    # Two letters alone are no sign: the length of the second header, and the one color plane, must be right too.
    if head.startswith(b"BM") and head[14:18] in BMP_HEADERS and b"\x01\0" in (head[22:24], head[26:28]):
        return "BMP"
    return heif.filetype(head)


SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0\x08\0\0\0": "TIFF",
    b"MM\0+\0\x08\0\0": "TIFF",
    # JPEG 2000: the file format (ISO/IEC 15444-1, annex I), and the bare codestream (annex A).
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
}


def _facts(filetype: str, header: Header, zone: tzinfo | None) -> ImageFacts:
    width, height = header.size
    facts = ImageFacts(filetype=filetype)
    if 0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE:
        is_turned = header.is_turned_by_exif and header.exif.orientation in TURNED
        facts = replace(facts, width=height if is_turned else width, height=width if is_turned else height)
    taken = header.exif.time_taken(zone) or TimeTaken(None, None)
    lat, lon = header.exif.place_taken() or (None, None)
    return replace(facts, date_taken=taken.moment, date_taken_source=taken.source, lat=lat, lon=lon)


def _by_pillow(plugin: type[ImageFile]) -> Callable[[RangedFile, Header], None]:
    class Head(plugin):  # type: ignore[valid-type, misc]  # The class comes as an argument.
        """An image of which only the header is read. What Pillow cannot decode, such as 12 bits a sample, still has a size."""

        def __init__(self, file: RangedFile) -> None:
            with suppress(Exception):
                super().__init__(file)

    def read(file: RangedFile, header: Header) -> None:
        image: Any = Head(file)
        # Pillow sets the size of a PNG when all chunks before the pixels are read, one of which may be damaged.
        header.size = image.size if image.size != (0, 0) else getattr(getattr(image, "png", None), "im_size", (0, 0))
        header.exif = Exif.parse(image.info.get("exif", b""))
        if file.error:
            raise file.error

    return read


def _read_webp(file: RangedFile, header: Header) -> None:
    """Read the size from the first 30 bytes; EXIF, when the header says that there is some, from its chunk (RFC 9649)."""
    head = file.range(0, 30)
    kind = head[12:16]
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        header.size = (width & 0x3FFF, height & 0x3FFF)
    elif kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        header.size = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    elif kind == b"VP8X" and len(head) == 30:
        header.size = (int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1)
        if head[20] & 0x08:
            header.exif = Exif.parse(_find_webp_exif(file))


def _find_webp_exif(file: RangedFile) -> bytes:
    position = 12
    for _ in range(MAX_CHUNKS):
        kind, length = struct.unpack("<4sI", file.range(position, 8))
        if kind == b"EXIF":
            return file.range(position + 8, length)
        position += 8 + length + (length & 1)
    return b""


def _read_tiff(file: RangedFile, header: Header) -> None:
    found = tiff.find_picture(file)
    header.size = found.size
    header.exif.orientation = found.orientation
    header.exif = Exif.of_tiff(file, found.first_offset)
    header.exif.orientation = found.orientation


def _read_heif(file: RangedFile, header: Header) -> None:
    # The picture's own properties say how it is turned, and the orientation in EXIF repeats that (ISO/IEC 23008-12, 6.5.10).
    header.is_turned_by_exif = False
    found = heif.read_properties(file)
    header.size = found.size
    header.exif = Exif.parse(found.exif)


READERS: dict[str, Callable[[RangedFile, Header], None]] = {
    "JPEG": _by_pillow(JpegImageFile),
    "PNG": _by_pillow(PngImageFile),
    "GIF": _by_pillow(GifImageFile),
    "BMP": _by_pillow(BmpImageFile),
    "JPEG2000": _by_pillow(Jpeg2KImageFile),
    "WEBP": _read_webp,
    "TIFF": _read_tiff,
    "HEIF": _read_heif,
    "AVIF": _read_heif,
}
