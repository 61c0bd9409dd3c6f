"""Whole files: which pictures can be decoded, and what their hashes and previews are."""

import gzip
import io
import os
import signal
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from app.media import decoders
from app.media.decoders import Busy, Decoder, DecoderPool
from app.media.image_facts import read_image_facts, read_orientation
from app.media.pictures import Undecodable, decode

SIZE = (600, 400)
# A photo of nothing, with a dark corner that shows how it is turned.
PHOTO = Image.effect_noise(SIZE, 60).convert("RGB")
PHOTO.paste((10, 20, 30), (0, 0, 300, 200))
MODES = {
    "JPEG": ["L", "RGB", "CMYK"],
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "WEBP": ["RGB", "RGBA"],
    "TIFF": ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"],
    "GIF": ["L", "P"],
    "BMP": ["1", "L", "P", "RGB"],
    "JPEG2000": ["L", "RGB"],
    "HEIF": ["RGB", "RGBA"],
    "AVIF": ["RGB", "RGBA"],
}
ORIENTATION = 0x0112
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def in_mode(mode: str) -> Image.Image:
    if mode == "I;16":
        return PHOTO.convert("L").point(lambda value: value * 257, "I").convert("I;16")
    return PHOTO.convert(mode)


def encode(image: Image.Image, filetype: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, filetype, **options)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def fault_of(content: bytes, filetype: str) -> tuple[str, str]:
    with pytest.raises(Undecodable) as error:
        decode(io.BytesIO(content), filetype, len(content))
    return error.value.kind, str(error.value)


@pytest.mark.parametrize(("filetype", "mode"), [(name, mode) for name, modes in MODES.items() for mode in modes])
def test_every_sort_of_picture_has_previews_and_one_that_is_cut_short_is_truncated(filetype: str, mode: str) -> None:
    content = encode(in_mode(mode), filetype)
    picture = decode(io.BytesIO(content), filetype, len(content))
    preview, thumbnail = opened(picture.preview), opened(picture.thumbnail)
    assert (preview.format, preview.mode, preview.size) == ("JPEG", "RGB", SIZE)
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (320, 213))
    # Light and dark are where they were, also after a change of depth.
    dark, light = (thumbnail.convert("L").resize((2, 2)).getpixel(place) for place in ((0, 0), (1, 1)))
    assert int(dark) + 40 < int(light)  # type: ignore[arg-type]  # One channel.
    for length in (len(content) * 2 // 3, 40):
        kind, message = fault_of(content[:length], filetype)
        assert kind == "truncated" or length == 40
        assert message


@pytest.mark.parametrize("filetype", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_previews_are_upright_and_hold_no_metadata(filetype: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[0x010F] = 6, "a camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encode(PHOTO, filetype, exif=exif.tobytes(), icc_profile=profile, comment="a comment")
    facts = read_image_facts(lambda start, length: content[start : start + length], len(content))
    picture = decode(io.BytesIO(content), filetype, len(content))
    for preview in map(opened, (picture.preview, picture.thumbnail)):
        assert (preview.width < preview.height, facts.width, facts.height) == (True, SIZE[1], SIZE[0])
        # Turned to the right, the upper left corner is the upper right one.
        left, right = (preview.convert("L").resize((2, 2)).getpixel(place) for place in ((0, 0), (1, 0)))
        assert int(right) + 40 < int(left)  # type: ignore[arg-type]  # One channel.
        assert not {"exif", "icc_profile", "comment"} & preview.info.keys()


def test_colors_are_those_of_the_profile_and_what_is_transparent_is_white() -> None:
    # A profile whose red and blue are exchanged shows whether it is used.
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = bytearray(bytes(profile).replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ"))
    profile = bytearray(bytes(profile).replace(b"s\0R\0G\0B", b"o\0t\0h\0r").replace(b"sRGB", b"othr"))
    content = encode(Image.new("RGB", (50, 50), (200, 0, 0)), "PNG", icc_profile=bytes(profile))
    red, _, blue = opened(decode(io.BytesIO(content), "PNG", len(content)).preview).getpixel((20, 20))  # type: ignore[misc]  # Three channels.
    assert blue > red + 100
    content = encode(Image.new("RGBA", (50, 50), (200, 0, 0, 0)), "PNG")
    picture = decode(io.BytesIO(content), "PNG", len(content))
    assert opened(picture.preview).convert("L").getextrema()[0] > 250  # type: ignore[operator]  # One channel.
    # A profile that is none changes nothing.
    content = encode(Image.new("RGB", (50, 50), (200, 0, 0)), "PNG", icc_profile=b"no profile")
    assert opened(decode(io.BytesIO(content), "PNG", len(content)).preview).getpixel((20, 20))[0] > 190  # type: ignore[index]  # As above.


def test_previews_are_never_enlarged_and_large_ones_have_their_longest_side() -> None:
    for size, preview, thumbnail in (
        ((5000, 3000), (2048, 1229), (320, 192)),
        ((100, 3000), (68, 2048), (11, 320)),
        ((1, 4000), (1, 2048), (1, 320)),
        ((200, 90), (200, 90), (200, 90)),
    ):
        content = encode(Image.new("RGB", size, "teal"), "JPEG")
        picture = decode(io.BytesIO(content), "JPEG", len(content))
        assert (opened(picture.preview).size, opened(picture.thumbnail).size) == (preview, thumbnail)


def test_the_hash_has_a_bit_for_each_place_that_is_brighter_than_the_next() -> None:
    darker = Image.linear_gradient("L").rotate(270)  # From white on the left to black.
    content = encode(darker, "PNG")
    assert decode(io.BytesIO(content), "PNG", len(content)).dhash == -1
    content = encode(darker.rotate(180), "PNG")
    assert decode(io.BytesIO(content), "PNG", len(content)).dhash == 0
    # A smaller copy of another quality is near, another picture is not.
    hashes = []
    for image in (PHOTO, PHOTO.resize((300, 200)), PHOTO.rotate(180)):
        content = encode(image, "JPEG", quality=60)
        hashes.append(decode(io.BytesIO(content), "JPEG", len(content)).dhash % 2**64)
    assert (hashes[0] ^ hashes[1]).bit_count() <= 6
    assert (hashes[0] ^ hashes[2]).bit_count() > 10


def test_what_declares_too_many_pixels_is_not_decoded() -> None:
    jpeg = bytearray(encode(PHOTO, "JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xff\xff\xff\xff"
    kind, message = fault_of(bytes(jpeg), "JPEG")
    assert (kind, "65,535 x 65,535 pixels" in message) == ("unreadable", True)
    png = bytearray(encode(Image.new("1", (10_001, 10_001)), "PNG"))
    assert "10,001 x 10,001 pixels" in fault_of(bytes(png), "PNG")[1]
    # It is no image of this format at all.
    assert fault_of(b"\xff\xd8\xff" + b"no image" * 100, "JPEG")[0] in ("unreadable", "truncated")
    assert fault_of(b"RIFF\x10\0\0\0WEBPxxxxyyyyzzzz", "WEBP")[0] == "unreadable"


# The processes


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


def test_a_file_that_ends_its_decoder_has_a_fault_and_the_next_one_gets_another(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = encode(PHOTO, "JPEG")
    assert decoder.inspect([], None, None).fault is None
    good = decoder.inspect([content[:100], b"", content[100:]], "JPEG", None)
    assert good.picture is not None
    process = decoder._process
    assert process is not None
    # A worker that is to stop lets its files come to their ends.
    process.terminate()
    assert good == decoder.inspect([content], "JPEG", None)
    assert decoder._process is process

    def crashing() -> Iterator[bytes]:
        yield content[:100]
        os.kill(process.pid, signal.SIGSEGV)
        process.wait()
        yield content[100:]

    crashed = decoder.inspect(crashing(), "JPEG", None)
    assert (crashed.sha256, crashed.picture) == (good.sha256, None)
    assert crashed.fault is not None
    assert "ended unexpectedly (status -11)" in crashed.fault[1]
    assert decoder.inspect([content], "JPEG", None) == good
    # One that would take for ever.
    monkeypatch.setattr(decoder, "_decode_seconds", 0.0)
    late = decoder.inspect([content], "JPEG", None)
    assert late.fault == ("unreadable", "Decoding the picture takes longer than 0 s.")
    assert late.sha256 == good.sha256

    def failing() -> Iterator[bytes]:
        yield content[:100]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        decoder.inspect(failing(), "JPEG", None)
    monkeypatch.setattr(decoder, "_decode_seconds", 30)
    assert decoder.inspect([content], "JPEG", None) == good


def test_what_is_stored_compressed_is_unpacked(decoder: Decoder) -> None:
    content = encode(PHOTO, "BMP")
    raw = zlib.compressobj(wbits=-15)
    packed = [gzip.compress(content), zlib.compress(content), raw.compress(content) + raw.flush()]
    found = [decoder.inspect([stored], "BMP", "deflate") for stored in packed]
    assert {one.picture and one.picture.dhash for one in found} == {decode(io.BytesIO(content), "BMP", 0).dhash}
    assert len({one.sha256 for one in found}) == 3
    cut, damaged = packed[0][:-2000], packed[0][:2000] + b"\0" * 2000 + packed[0][4000:]
    assert (decoder.inspect([cut], "BMP", "gzip").fault or ("",))[0] == "truncated"
    assert (decoder.inspect([damaged], "BMP", "gzip").fault or ("",))[0] == "unreadable"


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("filetype", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_turned_pictures_are_what_viewers_show(decoder: Decoder, filetype: str, orientation: int) -> None:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    content = encode(PHOTO, filetype, exif=tags, icc_profile=SRGB)
    turned = io.BytesIO()
    assert decoder.turn([content[:100], b"", content[100:]], filetype, turned) is None
    shown, expected = opened(turned.getvalue()), ImageOps.exif_transpose(opened(content))
    assert (shown.format, shown.size, shown.getexif().get(ORIENTATION, 1)) == (filetype, expected.size, 1)
    assert read_orientation(lambda offset, length: content[offset : offset + length], len(content)) == orientation
    assert shown.info["icc_profile"] == SRGB
    # Of noise, the hardest to encode, no pixel differs by much.
    assert ImageStat.Stat(ImageChops.difference(shown, expected)).mean < [12] * 3
    # What is turned needs no more turning.
    assert (
        read_orientation(lambda offset, length: turned.getvalue()[offset : offset + length], len(turned.getvalue()))
        == 1
    )


def test_what_cannot_be_turned_is_said_in_words(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    content, turned = encode(PHOTO, "JPEG"), io.BytesIO()
    assert decoder.turn([content], "HEIF", turned) == ("unreadable", "This service does not write HEIF.")
    cut = ("unreadable", "The picture cannot be decoded and turned as JPEG.")
    assert decoder.turn([content[:-500]], "JPEG", turned) == cut
    monkeypatch.setattr(decoder, "_decode_seconds", 0.0)
    assert decoder.turn([content], "JPEG", turned) == ("unreadable", "Decoding the picture takes longer than 0 s.")
    monkeypatch.setattr(decoder, "_decode_seconds", 30)

    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError

    with pytest.raises(OSError, match=r"^$"):
        decoder.turn([content], "JPEG", Full())
    assert decoder.turn([content], "JPEG", turned) is None
    assert decoder.inspect([content], "JPEG", None).picture is not None


def test_a_pool_lends_each_decoder_once() -> None:
    pool = DecoderPool(1)
    with pool.borrow() as first, pytest.raises(Busy), pool.borrow(timeout=0):
        raise AssertionError
    with pool.borrow(timeout=0) as again:
        assert again is first
    pool.close()
    assert decoders.DECODE_SECONDS <= 60
