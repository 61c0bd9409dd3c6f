"""Facts of images from their first bytes, compared with what Pillow and the makers of the files say; no network."""

import io
import random
import struct
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from app.errors import StorageUnavailable
from app.media.image_facts import READERS, ImageFacts, read_image_facts
from app.media.ranged_file import MAX_BYTES, MAX_FETCHES

CHANCE = random.Random(1)  # Bytes that do not compress; the same in every run.
NOTHING = ImageFacts()
MODES = {
    "JPEG": ["L", "RGB", "CMYK"],
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "WEBP": ["RGB", "RGBA"],
    "TIFF": ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "F"],
    "GIF": ["1", "L", "P", "RGB"],
    "BMP": ["1", "L", "P", "RGB", "RGBA"],
}
FORMATS = list(MODES)


def facts_of(content: bytes) -> ImageFacts:
    return read_image_facts(lambda offset, length: content[offset : offset + length], len(content))


class Counted:
    """A file that notes which of its ranges are read."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.reads: list[tuple[int, int]] = []

    def facts(self) -> ImageFacts:
        return read_image_facts(self.read, len(self.content))

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.content[offset : offset + length]


def picture(format_: str = "JPEG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, format_, **options)
    return file.getvalue()


def noise(size: tuple[int, int]) -> Image.Image:
    return Image.frombytes("RGB", size, CHANCE.randbytes(size[0] * size[1] * 3))


def exif(orientation: int | None = None, **taken: Any) -> bytes:
    """An EXIF block as Pillow writes it; `taken` are `date`, `offset`, `subsec`, `gps`."""
    block = Image.Exif()
    if orientation:
        block[0x0112] = orientation
    names = {"date": 0x9003, "offset": 0x9011, "subsec": 0x9291}
    block.get_ifd(0x8769).update({names[name]: value for name, value in taken.items() if name in names})
    if "gps" in taken:
        block.get_ifd(0x8825).update(taken["gps"])
    return bytes(block.tobytes())


def gps(lat: tuple[Any, ...], lon: tuple[Any, ...], refs: str = "NE") -> dict[int, Any]:
    return {1: refs[0], 2: lat, 3: refs[1], 4: lon}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (40, 30), (257, 1025), (3000, 2)])
def test_format_and_size(format_: str, size: tuple[int, int]) -> None:
    assert facts_of(picture(format_, size)) == ImageFacts(format_, *size)


def test_names_of_formats_are_in_capitals() -> None:
    # The filter `filetype` looks for them so, whatever the caller writes.
    assert [name.upper() for name in READERS] == list(READERS)


@pytest.mark.parametrize(
    ("format_", "options"),
    [("JPEG", {"progressive": True}), ("WEBP", {"lossless": True}), ("TIFF", {"compression": "tiff_lzw"}),
     ("TIFF", {"big_tiff": True}), ("JPEG", {"comment": b"x" * 60_000}), ("JPEG", {"icc_profile": b"p" * 300_000}),
     ("PNG", {"icc_profile": CHANCE.randbytes(900_000)})],
)  # fmt: skip
def test_varieties_of_formats(format_: str, options: dict[str, Any]) -> None:
    assert facts_of(picture(format_, (61, 47), **options)) == ImageFacts(format_, 61, 47)


@pytest.mark.parametrize(("format_", "mode"), [(format_, mode) for format_ in MODES for mode in MODES[format_]])
def test_pillow_sees_the_same(format_: str, mode: str) -> None:
    file = io.BytesIO()
    Image.new(mode, (33, 21)).save(file, format_)
    with Image.open(file) as image:
        assert facts_of(file.getvalue()) == ImageFacts(image.format, *image.size)


@pytest.mark.parametrize("format_", ["WEBP", "GIF", "PNG", "TIFF"])
def test_animations_and_pages_have_the_size_of_the_whole(format_: str) -> None:
    file, frames = io.BytesIO(), [Image.new("RGB", (50, 40), color) for color in ("red", "blue")]
    frames[0].save(file, format_, save_all=True, append_images=frames[1:])
    assert facts_of(file.getvalue()) == ImageFacts(format_, 50, 40)


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_size_is_as_displayed(format_: str, orientation: int) -> None:
    content = picture(format_, (40, 30), exif=exif(orientation))
    with Image.open(io.BytesIO(content)) as image:
        shown = ImageOps.exif_transpose(image)
        assert facts_of(content) == ImageFacts(format_, *shown.size)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_time_and_place(format_: str) -> None:
    place = gps((51, 30, Fraction(266, 10)), (0, 7, Fraction(399, 10)), "NW")
    block = exif(date="2026:07:01 12:30:15", offset="+02:00", subsec="25", gps=place)
    facts = facts_of(picture(format_, exif=block))
    assert facts.date_taken == datetime(2026, 7, 1, 10, 30, 15, 250_000, UTC)
    assert facts.date_taken.tzinfo is UTC
    assert facts.lat == pytest.approx(51.507389, abs=1e-6)
    assert facts.lon == pytest.approx(-0.127750, abs=1e-6)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ({"date": "2026:07:01 12:30:15"}, datetime(2026, 7, 1, 12, 30, 15, tzinfo=UTC)),
        ({"date": "2026-07-01T12:30:15"}, datetime(2026, 7, 1, 12, 30, 15, tzinfo=UTC)),
        ({"date": "2026:07:01 00:30:15", "offset": "+14:00"}, datetime(2026, 6, 30, 10, 30, 15, tzinfo=UTC)),
        ({"date": "2026:07:01 00:30:15", "offset": "-03:30"}, datetime(2026, 7, 1, 4, 0, 15, tzinfo=UTC)),
        ({"date": "2026:07:01 00:30:15", "offset": "+99:00"}, datetime(2026, 7, 1, 0, 30, 15, tzinfo=UTC)),
        ({"date": "2026:07:01 00:30:15", "subsec": "soon"}, datetime(2026, 7, 1, 0, 30, 15, tzinfo=UTC)),
        ({"date": "2026:07:01 00:30:15", "subsec": "12345678"}, datetime(2026, 7, 1, 0, 30, 15, 123_456, UTC)),
        ({"date": "0000:00:00 00:00:00"}, None),
        ({"date": "    :  :     :  :  "}, None),
        ({"date": "2026:02:30 00:00:00"}, None),
        ({"date": "2026:02:03 24:00:00"}, None),
        ({"date": "2026:02:03 00:00:60"}, None),
        ({"date": "9999:12:31 23:59:59", "offset": "-14:00"}, None),
        ({"date": "0001:01:01 00:00:00", "offset": "+14:00"}, None),
        ({"date": "yesterday"}, None),
        ({"date": "2026:07:01 12:30:15 and more, by far more than such a value may ever have"}, None),
    ],
)
def test_dates(taken: dict[str, Any], expected: datetime | None) -> None:
    assert facts_of(picture(exif=exif(**taken))).date_taken == expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (gps((90, 0, 0), (180, 0, 0), "SW"), (-90, -180)),
        (gps((Fraction(515, 10), 0, 0), (4, Fraction(305, 10), 0)), (51.5, 4 + 30.5 / 60)),
        (gps((91, 0, 0), (4, 0, 0)), (None, None)),
        (gps((90, 0, 1), (4, 0, 0)), (None, None)),
        (gps((51, 0, 0), (181, 0, 0)), (None, None)),
        (gps((51, 61, 0), (4, 0, 0)), (None, None)),
        (gps((51, 0), (4, 0, 0)), (None, None)),
        (gps((51, 0, 0), (4, 0, 0), "XE"), (None, None)),
        ({2: (51, 0, 0), 4: (4, 0, 0)}, (None, None)),
        ({1: "N", 2: (51, 0, 0)}, (None, None)),
    ],
)
def test_places(place: dict[int, Any], expected: tuple[float | None, float | None]) -> None:
    facts = facts_of(picture(exif=exif(gps=place)))
    assert (facts.lat, facts.lon) == expected


def test_fractions_over_zero_are_no_place() -> None:
    content = picture(exif=exif(gps=gps((51, 30, Fraction(1, 7)), (4, 0, 0))))
    whole = struct.pack("<II", 1, 7)
    assert whole in content or struct.pack(">II", 1, 7) in content
    broken = content.replace(whole, struct.pack("<II", 1, 0)).replace(
        struct.pack(">II", 1, 7), struct.pack(">II", 1, 0)
    )
    assert facts_of(broken) == ImageFacts("JPEG", 40, 30)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"BM", b"BM" + b"x" * 100, b"RIFF", b"RIFF0000WAVE" + bytes(40), b"hello", b"GIF88a" + bytes(20),
     b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"\xff\xd8", bytes(1000),
     b"II*", b"PK\x03\x04" + bytes(60)],
)  # fmt: skip
def test_what_is_no_image_has_no_facts(content: bytes) -> None:
    assert facts_of(content) == NOTHING


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_cut_short_has_the_facts_that_are_left(format_: str) -> None:
    content = picture(format_, (400, 300))
    for length in [*range(200), len(content) // 2, len(content) - 1]:
        facts = facts_of(content[:length])
        assert facts in (NOTHING, ImageFacts(format_), ImageFacts(format_, 400, 300))
    if format_ != "TIFF":  # Its directory may lie at the end.
        assert facts_of(content[: len(content) // 2]) == ImageFacts(format_, 400, 300)


def test_bombs_have_their_true_size_and_cost_nothing() -> None:
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 2**31 - 1, 2**31 - 1) + b"\x08\x02\0\0\0" + bytes(4)
    assert facts_of(png) == ImageFacts("PNG", 2**31 - 1, 2**31 - 1)
    gif = b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(10)
    assert facts_of(gif) == ImageFacts("GIF", 65535, 65535)


@pytest.mark.parametrize("sides", [(0, 5), (5, 0), (2**31, 5), (2**32 - 1, 2**32 - 1)])
def test_impossible_sizes_are_unknown(sides: tuple[int, int]) -> None:
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", *sides) + bytes(9)
    assert facts_of(png) == ImageFacts("PNG")


def test_bitmap_that_stands_from_the_top_down() -> None:
    head = b"BM" + bytes(8) + struct.pack("<IIiiHH", 54, 40, 7, -9, 1, 24)
    assert facts_of(head + bytes(24)) == ImageFacts("BMP", 7, 9)
    assert facts_of(head.replace(struct.pack("<i", 7), struct.pack("<i", -7)) + bytes(24)) == ImageFacts("BMP")


def test_old_bitmap_and_bytes_before_a_segment() -> None:
    old = b"BM" + bytes(8) + struct.pack("<IIHHHH", 26, 12, 11, 13, 1, 24)
    assert facts_of(old + bytes(20)) == ImageFacts("BMP", 11, 13)
    jpeg = picture()
    assert facts_of(jpeg[:2] + b"\xff\xff\xff" + jpeg[2:]) == ImageFacts("JPEG", 40, 30)


def test_a_large_jpeg_is_read_with_one_range() -> None:
    file = io.BytesIO()
    noise((1200, 900)).save(file, "JPEG", quality=95, exif=exif(6, date="2026:07:01 12:30:15"))
    counted = Counted(file.getvalue())
    assert (counted.facts().width, counted.facts().height) == (900, 1200)
    assert len(counted.content) > 1_000_000
    assert set(counted.reads) == {(0, 128 * 1024)}


@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_with_its_directory_at_the_end_needs_two_ranges(big: bool) -> None:
    pixels = 1_500_000
    tags = [(256, 1000), (257, 500), (274, 8)]
    if big:
        head = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16 + pixels)
        tail = struct.pack("<Q", 3) + b"".join(struct.pack("<HHQQ", tag, 4, 1, value) for tag, value in tags) + bytes(8)
    else:
        head = b"MM\0*" + struct.pack(">I", 8 + pixels)
        tail = struct.pack(">H", 3) + b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags) + bytes(4)
    counted = Counted(head + bytes(pixels) + tail)
    assert counted.facts() == ImageFacts("TIFF", 500, 1000)
    assert len(counted.reads) == 2
    assert sum(length for _, length in counted.reads) < 200_000


def test_a_large_webp_is_read_from_its_head() -> None:
    file = io.BytesIO()
    noise((900, 700)).save(file, "WEBP", lossless=True)
    counted = Counted(file.getvalue())
    assert counted.facts() == ImageFacts("WEBP", 900, 700)
    assert len(counted.reads) == 1


def test_exif_behind_the_pixels_of_a_webp_needs_a_second_range() -> None:
    file = io.BytesIO()
    noise((600, 400)).save(file, "WEBP", lossless=True, exif=exif(6))
    counted = Counted(file.getvalue())
    assert counted.facts() == ImageFacts("WEBP", 400, 600)
    assert len(counted.reads) == 2


def test_hostile_layouts_end_soon() -> None:
    # Segments that make a reader jump, each 64 KiB further on.
    segment = b"\xff\xe2\xff\xff" + bytes(65533)
    counted = Counted(b"\xff\xd8" + segment * 400)
    assert counted.facts() == ImageFacts("JPEG")
    assert len(counted.reads) <= MAX_FETCHES
    assert sum(length for _, length in counted.reads) <= MAX_BYTES
    # A directory that points at itself, and one that claims to have 65,535 tags.
    loop = b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x8769, 4, 1, 8) + bytes(40)
    assert facts_of(loop) == ImageFacts("TIFF")
    many = b"II*\0" + struct.pack("<IH", 8, 65535) + struct.pack("<HHII", 256, 4, 2**31, 0) * 3000
    assert facts_of(many) == ImageFacts("TIFF")


def test_storage_errors_pass() -> None:
    def away(offset: int, length: int) -> bytes:
        raise StorageUnavailable("The blob storage does not answer.")

    with pytest.raises(StorageUnavailable):
        read_image_facts(away, 1000)


MAGIC = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8 ",
         b"RIFF\0\0\0\0WEBPVP8L", b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"BM",
         b"\xff\xd8\xff\xe1\x10\x10Exif\0\0II*\0\x08\0\0\0"]  # fmt: skip


def assert_sane(facts: ImageFacts) -> None:
    assert facts.filetype in (None, *FORMATS)
    assert (facts.width is None) == (facts.height is None)
    assert facts.width is None or (0 < facts.width < 2**31 and 0 < (facts.height or 0) < 2**31)
    assert (facts.lat is None) == (facts.lon is None)
    assert facts.lat is None or (-90 <= facts.lat <= 90 and -180 <= (facts.lon or 0) <= 180)
    assert facts.date_taken is None or facts.date_taken.tzinfo is UTC


@given(st.sampled_from(MAGIC), st.binary(max_size=400), st.integers(0, 2**40))
def test_any_bytes_give_sane_facts(magic: bytes, rest: bytes, claimed: int) -> None:
    content = magic + rest
    assert_sane(facts_of(content))
    assert_sane(read_image_facts(lambda offset, length: content[offset : offset + length], claimed))


def _rich(format_: str) -> bytes:
    block = exif(6, date="2026:07:01 12:30:15", offset="+02:00", gps=gps((51, 30, 1), (4, 0, 0)))
    return picture(format_, exif=block)


RICH = [_rich(format_) for format_ in ("JPEG", "PNG", "WEBP", "TIFF")]


@given(st.sampled_from(RICH), st.data())
def test_damaged_images_give_sane_facts(content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    places = st.integers(0, min(len(content), 700) - 1)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(places)] = data.draw(st.integers(0, 255))
    assert_sane(facts_of(bytes(damaged)))
