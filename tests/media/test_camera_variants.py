"""What cameras and programs write in other ways than most: times, offsets, places, and headers of unusual length or order."""

import io
import random
import struct
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from app.media.image_facts import ImageFacts, read_image_facts
from tests.media.exif_blocks import ASCII, LONG, RATIONAL, SHORT, SIGNED, Tags, block, jpeg, segment

ORIGINAL, DIGITIZED, CHANGED = 0x9003, 0x9004, 0x0132
OFFSET_ORIGINAL, OFFSET_DIGITIZED, OFFSET = 0x9011, 0x9012, 0x9010
NOON = (ASCII, b"2026:05:04 12:00:00\0")
MORNING = (ASCII, b"2026:05:04 08:00:00\0")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def facts_of(content: bytes, zone: ZoneInfo | None = None) -> ImageFacts:
    return read_image_facts(lambda offset, length: content[offset : offset + length], len(content), zone)


def text(value: str) -> tuple[int, bytes]:
    return (ASCII, value.encode() + b"\0")


GPS_NOON: Tags = {7: (RATIONAL, [(12, 1), (0, 1), (305, 10)]), 0x1D: text("2026:05:04")}


@pytest.mark.parametrize(
    ("exif", "hour", "source"),
    [
        (block(detail={ORIGINAL: NOON, DIGITIZED: MORNING}), 12, "assumed-utc"),
        (block(detail={DIGITIZED: MORNING, CHANGED: NOON}), 8, "assumed-utc"),
        (block(detail={ORIGINAL: text("    :  :     :  :  "), DIGITIZED: MORNING}), 8, "assumed-utc"),
        (block({ORIGINAL: NOON}), 12, "assumed-utc"),
        (block({ORIGINAL: NOON}, order=">"), 12, "assumed-utc"),
        (block(detail={ORIGINAL: NOON, OFFSET_ORIGINAL: text("+02:00")}), 10, "offset"),
        (block(detail={ORIGINAL: NOON, OFFSET_ORIGINAL: text("+0200")}), 10, "offset"),
        (block(detail={ORIGINAL: NOON, OFFSET_ORIGINAL: text("-03:00")}), 15, "offset"),
        (block(detail={ORIGINAL: NOON, OFFSET_ORIGINAL: text("Z")}), 12, "offset"),
        (block(detail={ORIGINAL: NOON, OFFSET: text("-03:00")}), 15, "offset"),
        (block(detail={ORIGINAL: NOON, OFFSET_DIGITIZED: text("-0300")}), 15, "offset"),
        (block({OFFSET: text("+02:00")}, {ORIGINAL: NOON}), 10, "offset"),
        (block(detail={ORIGINAL: NOON, OFFSET_ORIGINAL: text("   :  "), OFFSET: text("+02:00")}), 10, "offset"),
        (block(detail={ORIGINAL: text("2026:05:04 12:00:00+02:00")}), 10, "offset"),
        (block(detail={ORIGINAL: text("2026-05-04T12:00:00Z")}), 12, "offset"),
        (block(gps=GPS_NOON), 12, "gps"),
        (block(detail={ORIGINAL: MORNING}, gps=GPS_NOON), 8, "assumed-utc"),
        (block(detail={ORIGINAL: NOON, OFFSET_ORIGINAL: text("+15:00")}), 12, "assumed-utc"),
    ],
)
def test_time_and_where_its_offset_comes_from(exif: bytes, hour: int, source: str) -> None:
    facts = facts_of(jpeg(exif))
    assert facts.date_taken is not None
    assert (facts.date_taken.date(), facts.date_taken.hour) == (datetime(2026, 5, 4, tzinfo=UTC).date(), hour)
    assert facts.date_taken_source == source


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ("2026:05:04 12:00:00", datetime(2026, 5, 4, 10, tzinfo=UTC)),
        ("2026:12:04 12:00:00", datetime(2026, 12, 4, 11, tzinfo=UTC)),
    ],
)
def test_time_without_an_offset_is_one_of_the_set_s_zone(taken: str, expected: datetime) -> None:
    facts = facts_of(jpeg(block(detail={ORIGINAL: text(taken)})), AMSTERDAM)
    assert (facts.date_taken, facts.date_taken_source) == (expected, "set")


def test_zone_of_the_set_does_not_move_a_time_with_an_offset_or_of_gps() -> None:
    with_offset = facts_of(jpeg(block(detail={ORIGINAL: NOON, OFFSET_ORIGINAL: text("-03:00")})), AMSTERDAM)
    assert (with_offset.date_taken, with_offset.date_taken_source) == (datetime(2026, 5, 4, 15, tzinfo=UTC), "offset")
    by_gps = facts_of(jpeg(block(gps=GPS_NOON)), AMSTERDAM)
    assert by_gps.date_taken == datetime(2026, 5, 4, 12, 0, 30, 500_000, UTC)
    assert by_gps.date_taken_source == "gps"


@pytest.mark.parametrize(
    ("detail", "microsecond"),
    [
        ({ORIGINAL: NOON, 0x9291: text("25")}, 250_000),
        ({ORIGINAL: NOON, 0x9292: text("25")}, 0),
        ({DIGITIZED: NOON, 0x9292: text("007")}, 7_000),
        ({ORIGINAL: text("2026:05:04 12:00:00.512")}, 512_000),
        ({ORIGINAL: text("2026:05:04 12:00:00.512"), 0x9291: text("9")}, 512_000),
        ({ORIGINAL: text("2026:05:04 12:00:00,1234567")}, 123_456),
    ],
)
def test_fractions_of_a_second(detail: Tags, microsecond: int) -> None:
    taken = facts_of(jpeg(block(detail=detail))).date_taken
    assert taken == datetime(2026, 5, 4, 12, 0, 0, microsecond, UTC)


def gps(lat: object, lon: object, refs: str = "NE", kind: int = RATIONAL, **more: tuple[int, object]) -> Tags:
    tags: Tags = {1: text(refs[0]), 2: (kind, lat), 3: text(refs[1]), 4: (kind, lon)}
    return tags | {int(tag.removeprefix("tag")): value for tag, value in more.items()}


ZERO = [(0, 1)] * 3


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (gps([(23, 1), (33, 1), (0, 1)], [(46, 1), (38, 1), (0, 1)], "SW", SIGNED), (-23.55, -46.633333)),
        (gps([(23, 1), (3355, 100), (0, 0)], [(46, 1), (3833, 100), (0, 0)], "SW"), (-23.559167, -46.638833)),
        (gps([(0, 1), (0, 1), (0, 1)], [(4, 1), (0, 1), (0, 1)]), (0.0, 4.0)),
        (gps(ZERO, ZERO), (None, None)),
        (gps(ZERO, ZERO, tag9=text("V")), (None, None)),
        (gps([(0, 0)] * 3, [(0, 0)] * 3), (None, None)),
        (gps([(51, 1), (30, 1), (1, 0)], [(4, 1), (0, 1), (0, 1)]), (None, None)),
        (gps([(-23, 1), (0, 1), (0, 1)], [(46, 1), (0, 1), (0, 1)], "SW", SIGNED), (None, None)),
    ],
)
def test_places(tags: Tags, expected: tuple[float | None, float | None]) -> None:
    facts = facts_of(jpeg(block(gps=tags)))
    assert (facts.lat, facts.lon) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("count", [1, 2, 1001, 5000])
def test_fill_bytes_before_a_marker(count: int) -> None:
    # Any number of them (ITU-T T.81, B.1.1.2).
    assert facts_of(jpeg(before=b"\xff" * count)) == ImageFacts("JPEG", 64, 48)


@pytest.mark.parametrize("megabytes", [4, 6, 10])
def test_megabytes_of_segments_before_the_frame(megabytes: int) -> None:
    content = jpeg(before=segment(0xE1, b"T" * 65533) * (megabytes * 16))
    assert facts_of(content) == ImageFacts("JPEG", 64, 48)


@pytest.mark.flaky(reruns=2)
def test_file_of_nothing_but_fill_bytes_costs_little() -> None:
    started = time.process_time()
    assert facts_of(b"\xff\xd8" + b"\xff" * 20_000_000) == ImageFacts("JPEG")
    assert time.process_time() - started < 2


def test_twelve_bits_a_sample_have_a_size() -> None:
    frame = segment(0xC1, struct.pack(">BHHB", 12, 300, 400, 1) + b"\1\x11\0")
    assert facts_of(b"\xff\xd8" + frame + segment(0xDA, b"\1\1\0\0\x3f\0") + bytes(40)) == ImageFacts("JPEG", 400, 300)


def directory(tags: dict[int, int], following: int = 0, more: bytes = b"") -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, LONG, 1, value) for tag, value in sorted(tags.items()))
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following) + more


def raw(order: str) -> bytes:
    """A raw file: a thumbnail of 160 x 120 and a picture of 5280 x 3956, in the chain or below the first directory."""
    thumbnail, full = {254: 1, 256: 160, 257: 120}, {254: 0, 256: 5280, 257: 3956}
    head = struct.pack("<4sI", b"II*\0", 8)
    if order == "sub":
        first = directory(thumbnail | {330: 0})
        return head + directory(thumbnail | {330: 8 + len(first)}) + directory(full)
    first = directory(thumbnail)
    return head + directory(thumbnail, 8 + len(first)) + directory(full)


@pytest.mark.parametrize("order", ["sub", "chain"])
def test_raw_file_has_the_size_of_its_picture(order: str) -> None:
    assert facts_of(raw(order)) == ImageFacts("TIFF", 5280, 3956)


def test_page_of_a_document_and_overviews_do_not_count() -> None:
    file = io.BytesIO()
    Image.new("L", (50, 40)).save(file, "TIFF", save_all=True, append_images=[Image.new("L", (500, 400))])
    assert facts_of(file.getvalue()) == ImageFacts("TIFF", 50, 40)


def test_directories_that_lead_in_circles_end() -> None:
    head = struct.pack("<4sI", b"II*\0", 8)
    circle = head + directory({254: 1, 256: 160, 257: 120, 330: 8}, 8)
    assert facts_of(circle) == ImageFacts("TIFF", 160, 120)
    nowhere = head + directory({254: 1, 256: 160, 257: 120, 330: 4_000_000_000}, 4_000_000_000)
    assert facts_of(nowhere) == ImageFacts("TIFF", 160, 120)


NOISE = random.Random(1)


def photograph(size: tuple[int, int] = (600, 400)) -> Image.Image:
    return Image.frombytes("RGB", size, NOISE.randbytes(size[0] * size[1] * 3))


@pytest.mark.parametrize("orientation", [1, 6])
def test_avif(orientation: int) -> None:
    exif = block({0x0112: (SHORT, [orientation])}, {ORIGINAL: NOON, OFFSET_ORIGINAL: text("+02:00")})
    file = io.BytesIO()
    photograph().save(file, "AVIF", exif=b"Exif\0\0" + exif)
    facts = facts_of(file.getvalue())
    assert facts.filetype == "AVIF"
    # Pillow writes the orientation as a property of the picture.
    assert (facts.width, facts.height) == ((600, 400) if orientation == 1 else (400, 600))
    assert facts.date_taken == datetime(2026, 5, 4, 10, tzinfo=UTC)


def test_jpeg_2000() -> None:
    file = io.BytesIO()
    photograph((61, 47)).save(file, "JPEG2000")
    assert facts_of(file.getvalue()) == ImageFacts("JPEG2000", 61, 47)
    bare = io.BytesIO()
    photograph((61, 47)).save(bare, "JPEG2000", no_jp2=True)
    assert facts_of(bare.getvalue()) == ImageFacts("JPEG2000", 61, 47)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def full_box(kind: bytes, content: bytes, version: int = 0) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]) + content)


def heic(turns: int = 0, brand: bytes = b"heic") -> bytes:
    """The boxes of a HEIC picture of 4032 x 3024 with a thumbnail before it, and an EXIF block in `idat`."""
    exif = bytes(4) + block(detail={ORIGINAL: NOON, OFFSET_ORIGINAL: text("-03:00")})
    properties = full_box(b"ispe", struct.pack(">II", 320, 240)) + full_box(b"ispe", struct.pack(">II", 4032, 3024))
    container = box(b"ipco", properties + box(b"irot", bytes([turns])))
    uses = full_box(b"ipma", struct.pack(">IHBBHBBB", 2, 1, 1, 1, 2, 2, 2, 0x83))
    items = [full_box(b"infe", struct.pack(">HH4s", number, 0, kind) + b"\0", 2) for number, kind in
             ((1, b"hvc1"), (2, b"grid"), (3, b"Exif"))]  # fmt: skip
    place = full_box(b"iloc", struct.pack(">BBHHHHHII", 0x44, 0, 1, 3, 1, 0, 1, 0, len(exif)), 1)
    meta = (
        full_box(b"pitm", struct.pack(">H", 2))
        + full_box(b"iinf", struct.pack(">H", 3) + b"".join(items))
        + place
        + box(b"iprp", container + uses)
        + box(b"idat", exif)
    )
    return box(b"ftyp", brand + bytes(4) + b"mif1") + full_box(b"meta", meta) + box(b"mdat", bytes(5000))


@pytest.mark.parametrize(("turns", "size"), [(0, (4032, 3024)), (1, (3024, 4032)), (2, (4032, 3024))])
def test_heic_has_the_size_of_its_primary_picture_as_displayed(turns: int, size: tuple[int, int]) -> None:
    facts = facts_of(heic(turns))
    assert (facts.filetype, facts.width, facts.height) == ("HEIF", *size)
    assert facts.date_taken == datetime(2026, 5, 4, 15, tzinfo=UTC)


@pytest.mark.parametrize("brand", [b"isom", b"mp42", b"qt  "])
def test_film_is_no_picture(brand: bytes) -> None:
    assert facts_of(heic(brand=brand).replace(b"mif1", b"isom", 1)) == ImageFacts()


def test_damaged_heif_ends_soon() -> None:
    content = heic()
    for at in range(8, 400, 3):
        damaged = bytearray(content)
        damaged[at] = 0xFF
        facts = facts_of(bytes(damaged))
        assert facts.filetype in (None, "HEIF", "AVIF")
        assert (facts.width is None) == (facts.height is None)
