"""The tags of EXIF as cameras write them: when and where an image was taken, and which way up it is.

Tags and forms: Exif 2.32 (CIPA DC-008), sections 4.6.5 and 4.6.6. Pillow reads the directories.
"""

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Self

from PIL import Image

from app.media.ranged_file import RangedFile

ORIENTATION, EXIF_TAGS, GPS_TAGS = 0x0112, 0x8769, 0x8825
ORIGINAL, DIGITIZED = 0x9003, 0x9004
SUBSECONDS = {ORIGINAL: 0x9291, DIGITIZED: 0x9292}
# OffsetTime belongs to DateTime, but some programs write no other.
OFFSETS = {ORIGINAL: (0x9011, 0x9012, 0x9010), DIGITIZED: (0x9012, 0x9011, 0x9010)}
LAT_REF, LAT, LON_REF, LON, GPS_TIME, GPS_STATUS, GPS_DATE = 1, 2, 3, 4, 7, 9, 0x1D

TIME_FORM = re.compile(
    r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
DATE_FORM = re.compile(r"(\d{4})[:\-/](\d\d)[:\-/](\d\d)", re.ASCII)
OFFSET_FORM = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
MAX_TEXT_LENGTH = 64
YEARS = range(1826, 2101)  # From the oldest photograph on; a camera may be wrong by years, but not like this.
LARGEST_OFFSET = timedelta(hours=14)

Tags = dict[int, Any]


@dataclass(frozen=True)
class TimeTaken:
    """A moment in UTC, and where its offset comes from: `offset`, `set`, `gps` or `assumed-utc`."""

    moment: datetime | None
    source: str | None


@dataclass
class Exif:
    """The tags of the first directory, of the EXIF directory and of the GPS directory; empty where there are none."""

    first: Tags = field(default_factory=dict)
    detail: Tags = field(default_factory=dict)
    gps: Tags = field(default_factory=dict)
    orientation: int | None = None

    @classmethod
    def parse(cls, block: bytes) -> Self:
        """Return the tags of an EXIF block, with or without the marker of JPEG before it; none when it is damaged."""
        tags = Image.Exif()
        try:
            tags.load(block)
        except Exception:
            # Pillow does not promise which errors odd bytes cause.
            return cls()
        return cls._of(tags)

    @classmethod
    def of_tiff(cls, file: RangedFile, offset: int) -> Self:
        """Return the tags to which the directory at an offset of a TIFF file leads. Raises what Pillow raises when it is none."""
        head = file.range(0, 4)
        tags = Image.Exif()
        tags.endian = "<" if head.startswith(b"II") else ">"
        tags.bigtiff = head[2:4] in (b"+\0", b"\0+")
        tags.load_from_fp(file, offset)  # type: ignore[arg-type]  # It reads, and asks for no more.
        return cls._of(tags)

    @classmethod
    def _of(cls, tags: Image.Exif) -> Self:
        first = _plain(tags)
        orientation = first.get(ORIENTATION)
        return cls(
            first,
            _linked(tags, EXIF_TAGS),
            _linked(tags, GPS_TAGS),
            orientation if isinstance(orientation, int) else None,
        )

    def time_taken(self, zone: tzinfo | None) -> TimeTaken | None:
        """Return when the image was taken: DateTimeOriginal, else DateTimeDigitized, else the time of GPS; None when absurd.

        A time without an offset is one of `zone`, or of UTC when there is none.
        """
        for tag in (ORIGINAL, DIGITIZED):
            for tags in (self.detail, self.first):
                found = self._time(tag, tags, zone)
                if found:
                    return found
        moment = self._gps_time()
        return TimeTaken(moment, "gps") if moment else None

    def _time(self, tag: int, tags: Tags, zone: tzinfo | None) -> TimeTaken | None:
        match = TIME_FORM.fullmatch(_text(tags.get(tag)))
        if not match:
            return None
        offset = _offset(match[8] or "")
        for offset_tag in OFFSETS[tag]:
            offset = offset or _offset(_text(self.detail.get(offset_tag))) or _offset(_text(self.first.get(offset_tag)))
        fraction = match[7] or ""
        digits = re.match(r"\d{1,9}", fraction or _text(self.detail.get(SUBSECONDS[tag])), re.ASCII)
        microsecond = int(digits[0].ljust(6, "0")[:6]) if digits else 0
        source = "offset" if offset else "set" if zone else "assumed-utc"
        moment = _moment([int(part) for part in match.groups()[:6]], microsecond, offset or zone or UTC)
        return TimeTaken(moment, source) if moment else None

    def _gps_time(self) -> datetime | None:
        match = DATE_FORM.fullmatch(_text(self.gps.get(GPS_DATE)))
        parts = _fractions(self.gps.get(GPS_TIME))
        if not match or parts is None or len(parts) != 3:
            return None
        hour, minute, second = parts
        if not (hour < 24 and minute < 60 and second < 60) or min(parts) < 0:
            return None
        midnight = _moment([*map(int, match.groups()), 0, 0, 0], 0, UTC)
        return midnight + timedelta(hours=hour, minutes=minute, seconds=second) if midnight else None

    def place_taken(self) -> tuple[float, float] | None:
        """Return latitude and longitude in degrees (WGS 84), both or none.

        Zero throughout, or with the status "void", is what cameras write that have no place.
        """
        lat_parts, lon_parts = _fractions(self.gps.get(LAT)), _fractions(self.gps.get(LON))
        lat = _degrees(lat_parts, _text(self.gps.get(LAT_REF)), "NS", 90)
        lon = _degrees(lon_parts, _text(self.gps.get(LON_REF)), "EW", 180)
        if lat is None or lon is None or (lat == 0 and lon == 0):
            return None
        return (lat, lon)


def _plain(tags: Image.Exif) -> Tags:
    """Return the tags whose values can be read."""
    found: Tags = {}
    for tag in tags:
        try:
            found[tag] = tags[tag]
        except Exception:  # noqa: S112  # As above: one odd tag does not hide the others.
            continue
    return found


def _linked(tags: Image.Exif, pointer: int) -> Tags:
    try:
        return dict(tags.get_ifd(pointer))
    except Exception:
        # The pointer may lead anywhere.
        return {}


def _moment(parts: list[int], microsecond: int, zone: tzinfo) -> datetime | None:
    """Return the moment of year, month, day, hour, minute and second in a zone, in UTC; None when there is no such moment."""
    year, month, day, hour, minute, second = parts
    if year not in YEARS:
        return None
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: Any) -> str:
    """Return the text of a tag up to its first NUL, without blanks around it; an empty one for what is no text."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH:
        return ""
    return value.split("\0")[0].strip()


def _offset(text: str) -> tzinfo | None:
    if text == "Z":
        return UTC
    match = OFFSET_FORM.fullmatch(text)
    if match is None or int(match[3]) > 59:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    if offset > LARGEST_OFFSET:
        return None
    return timezone(-offset if match[1] == "-" else offset)


def _fractions(value: Any) -> list[float] | None:
    """Return the numbers of a tag; one of zero divided by zero, which stands for "none", is 0. None for what is no number."""
    values = value if isinstance(value, tuple) else (value,)
    numbers: list[float] = []
    for part in values:
        try:
            number = float(part)
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):
            return None
        if not math.isfinite(number):
            if getattr(part, "numerator", 1) != 0:
                return None
            number = 0.0
        numbers.append(number)
    return numbers


def _degrees(parts: list[float] | None, reference: str, signs: str, limit: int) -> float | None:
    if parts is None or len(parts) != 3 or reference.upper() not in tuple(signs):
        return None
    if min(parts) < 0 or max(parts[1:]) > 60:
        return None
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    if value > limit:
        return None
    return -value if reference.upper() == signs[1] else value
