"""The tags of a TIFF file, which are those of EXIF too: where and when an image was taken, and which way up it is.

Layout: TIFF 6.0, section 2; BigTIFF; EXIF 2.32 (CIPA DC-008), sections 4.5 and 4.6.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from app.media.ranges import CutShort

Read = Callable[[int, int], bytes]  # Offset and length to exactly that many bytes, or CutShort.

WIDTH, HEIGHT, ORIENTATION, EXIF_TAGS, GPS_TAGS = 0x0100, 0x0101, 0x0112, 0x8769, 0x8825
DATE_TAKEN, OFFSET_TAKEN, SUBSECONDS_TAKEN = 0x9003, 0x9011, 0x9291
LAT_REF, LAT, LON_REF, LON = 1, 2, 3, 4

WANTED = {WIDTH, HEIGHT, ORIENTATION, EXIF_TAGS, GPS_TAGS, DATE_TAKEN, OFFSET_TAKEN, SUBSECONDS_TAKEN}
WANTED |= {LAT_REF, LAT, LON_REF, LON}

ASCII, UNDEFINED, RATIONAL = 2, 7, 5
INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
SIZES = {1: 1, ASCII: 1, 3: 2, 4: 4, RATIONAL: 8, UNDEFINED: 1, 13: 4, 16: 8, 18: 8}
MAX_TAGS = 1000
MAX_VALUE_BYTES = 64  # The tags of interest are short.

DATE_FORM = re.compile(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)")
OFFSET_FORM = re.compile(r"([+-])(\d\d):(\d\d)")
YEARS = range(1826, 2101)  # From the oldest photograph on; a camera may be wrong by years, but not like this.
LARGEST_OFFSET = timedelta(hours=14)


@dataclass(frozen=True)
class Format:
    """How numbers stand in a file: byte order, and the sizes in which TIFF and BigTIFF differ."""

    order: str
    count: str
    offset: str

    @property
    def entry(self) -> struct.Struct:
        """One tag: its number, its type, how many values, and as many bytes as an offset has."""
        size = struct.calcsize(self.order + self.offset)
        return struct.Struct(f"{self.order}HH{self.offset}{size}s")


@dataclass(frozen=True)
class Tag:
    """The values of one tag: their type, and their bytes."""

    type: int
    content: bytes


class TagReader:
    """Reads the tags of a TIFF structure that begins at offset 0 of `read`. Raises CutShort when it is none."""

    def __init__(self, read: Read) -> None:
        self._read = read
        head = read(0, 8)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        if order is None:
            raise CutShort
        version = self._number(order + "H", head[2:4])
        if version == 43:
            self._format, start = Format(order, "Q", "Q"), read(8, 8)
        elif version == 42:
            self._format, start = Format(order, "H", "I"), head[4:8]
        else:
            raise CutShort
        self.first = self.read_tags(self._number(order + self._format.offset, start))

    def read_tags(self, offset: int) -> dict[int, Tag]:
        """Return the tags of interest in the directory at `offset`, without those that are too long or lie outside."""
        form, entry = self._format, self._format.entry
        count_size = struct.calcsize(form.order + form.count)
        count = min(self._number(form.order + form.count, self._read(offset, count_size)), MAX_TAGS)
        tags: dict[int, Tag] = {}
        for index in range(count):
            try:
                raw = self._read(offset + count_size + index * entry.size, entry.size)
            except CutShort:
                break
            number, type_, values, inline = entry.unpack(raw)
            content = self._content(SIZES.get(type_, 0) * values, inline) if number in WANTED else None
            if content is not None:
                tags.setdefault(number, Tag(type_, content))
        return tags

    def _content(self, length: int, inline: bytes) -> bytes | None:
        if not 0 < length <= MAX_VALUE_BYTES:
            return None
        if length <= len(inline):
            return inline[:length]
        try:
            return self._read(self._number(self._format.order + self._format.offset, inline), length)
        except CutShort:
            return None

    @staticmethod
    def _number(form: str, content: bytes) -> int:
        return int(struct.unpack(form, content)[0])

    def read_linked(self, pointer: int) -> dict[int, Tag]:
        """Return the tags of the directory to which a tag of the first one points; none when it points nowhere."""
        offset = self.integer(self.first.get(pointer))
        try:
            return self.read_tags(offset) if offset else {}
        except CutShort:
            return {}

    def integer(self, tag: Tag | None) -> int | None:
        """Return the first value of a tag of whole numbers."""
        if tag is None or tag.type not in INTEGERS:
            return None
        form = self._format.order + INTEGERS[tag.type]
        return self._number(form, tag.content[: struct.calcsize(form)])

    def rationals(self, tag: Tag | None) -> list[float] | None:
        """Return the values of a tag of fractions; None when one is divided by zero."""
        if tag is None or tag.type != RATIONAL:
            return None
        numbers = struct.unpack(f"{self._format.order}{len(tag.content) // 4}I", tag.content)
        if not all(numbers[1::2]):
            return None
        return [above / below for above, below in zip(numbers[::2], numbers[1::2], strict=True)]


def text_of(tag: Tag | None) -> str:
    """Return the text of a tag up to its first NUL, without blanks around it."""
    if tag is None or tag.type not in (ASCII, UNDEFINED):
        return ""
    return tag.content.split(b"\0")[0].decode("ascii", "replace").strip()


def date_taken(tags: dict[int, Tag]) -> datetime | None:
    """Return DateTimeOriginal in UTC; a time without an offset (OffsetTimeOriginal) is read as UTC. None when absurd."""
    match = DATE_FORM.fullmatch(text_of(tags.get(DATE_TAKEN)))
    if not match or int(match[1]) not in YEARS:
        return None
    digits = re.match(r"\d{1,6}", text_of(tags.get(SUBSECONDS_TAKEN)), re.ASCII)
    microsecond = int(digits[0].ljust(6, "0")) if digits else 0
    zone = timezone(_offset(text_of(tags.get(OFFSET_TAKEN))))
    try:
        year, month, day, hour, minute, second = map(int, match.groups())
        return datetime(year, month, day, hour, minute, second, microsecond, zone).astimezone(UTC)
    except ValueError:
        return None


def _offset(text: str) -> timedelta:
    match = OFFSET_FORM.fullmatch(text)
    offset = timedelta(hours=int(match[2]), minutes=int(match[3])) if match else timedelta(0)
    if match is None or int(match[3]) > 59 or offset > LARGEST_OFFSET:
        return timedelta(0)
    return -offset if match[1] == "-" else offset


def place_taken(reader: TagReader) -> tuple[float, float] | None:
    """Return latitude and longitude in degrees (WGS 84), both or none."""
    tags = reader.read_linked(GPS_TAGS)
    lat = _degrees(reader.rationals(tags.get(LAT)), text_of(tags.get(LAT_REF)), "NS", 90)
    lon = _degrees(reader.rationals(tags.get(LON)), text_of(tags.get(LON_REF)), "EW", 180)
    return None if lat is None or lon is None else (lat, lon)


def _degrees(parts: list[float] | None, reference: str, signs: str, limit: int) -> float | None:
    if parts is None or len(parts) != 3 or reference.upper() not in tuple(signs) or max(parts[1:]) > 60:
        return None
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    if value > limit:
        return None
    return -value if reference.upper() == signs[1] else value
