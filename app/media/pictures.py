"""What the pixels of an image are: whether they can be decoded to their end, a perceptual hash, and small copies for people.

This runs in a process of its own (`decode_process`), because odd bytes can crash a decoder, or keep it busy for long.
"""

import io
from contextlib import suppress
from typing import IO

import pillow_heif
from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.Image import Resampling, Transpose

from app.media.previews import PREVIEW_SIDE, THUMBNAIL_SIDE, Picture

# A decoded pixel takes up to four bytes, twice where transparency is blended. JPEG is decoded at a smaller scale, so that
# more pixels fit into the same memory.
MAX_PIXELS = 100_000_000
MAX_JPEG_PIXELS = 500_000_000
HASH_SIZE = (9, 8)
ORIENTATION = 0x0112
# What Pillow calls the formats that `image_facts` recognizes. A JPEG with further pictures in it is an MPO.
PLUGINS = {"JPEG": ("JPEG", "MPO"), "HEIF": ("HEIF",), "AVIF": ("AVIF",)}
# How a stored picture becomes upright (EXIF 2.32, section 4.6.4, tag 274).
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}

Size = tuple[int, int]

# Pillow's own limit counts what is declared, and not what is decoded.
Image.MAX_IMAGE_PIXELS = None
pillow_heif.register_heif_opener(thumbnails=False)


class Undecodable(Exception):
    """A picture cannot be decoded. `kind` is that of a problem, `truncated` or `unreadable`; the message is for people."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def decode(file: IO[bytes], filetype: str, size: int) -> Picture:
    """Return the first picture of a file of `size` bytes, in the format that its first bytes show. Raises Undecodable."""
    try:
        return _make_picture(_load(file, filetype))
    except Undecodable:
        raise
    except MemoryError as error:
        raise Undecodable("unreadable", "Decoding the picture takes more memory than this service allows.") from error
    except Exception as error:
        # Pillow does not promise which errors odd bytes cause.
        if "truncated" in str(error).lower() or _declared_size(file, filetype) > size:
            raise Undecodable("truncated", "The file ends before its picture does.") from error
        raise Undecodable("unreadable", f"The picture cannot be decoded as {filetype}.") from error


def _load(file: IO[bytes], filetype: str) -> Image.Image:
    """Open and decode a picture, a JPEG at the smallest scale that has enough pixels."""
    try:
        image = Image.open(file, formats=PLUGINS.get(filetype, (filetype,)))
    except UnidentifiedImageError as error:
        # The reason that the format's own reader gave is not kept.
        raise ValueError(filetype) from error
    limit = MAX_JPEG_PIXELS if filetype == "JPEG" else MAX_PIXELS
    if image.width * image.height > limit:
        declared = f"{image.width:,} x {image.height:,} pixels"
        raise Undecodable(
            "unreadable", f"The file declares {declared}; this service decodes up to {limit:,} pixels of a {filetype}."
        )
    # The decoder of JPEG halves the size up to three times, and still reads the file to its end.
    image.draft(None, _fit(image.size, PREVIEW_SIDE))
    image.load()
    return image


def _declared_size(file: IO[bytes], filetype: str) -> int:
    """Return how long the file should be by its own account, 0 when it does not say."""
    file.seek(0)
    head = file.read(12)
    if filetype == "WEBP":
        return int.from_bytes(head[4:8], "little") + 8
    if filetype not in ("HEIF", "AVIF", "JPEG2000"):
        return 0
    end = 0
    # Boxes follow each other (ISO/IEC 14496-12, section 4.2); one of length 0 reaches to the end of the file.
    for _ in range(1000):
        file.seek(end)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if len(head) < 8 or length < 8:
            break
        end += length
    return end


def _make_picture(image: Image.Image) -> Picture:
    orientation = 1
    with suppress(Exception):
        orientation = image.getexif().get(ORIENTATION, 1)
    profile = image.info.get("icc_profile")
    preview = _to_srgb(_shrink(_plain(image), PREVIEW_SIDE), profile)
    if orientation in UPRIGHT:
        preview = preview.transpose(UPRIGHT[orientation])
    # Pillow would write what it holds into the copies.
    preview.info = {}
    thumbnail = _shrink(preview, THUMBNAIL_SIDE)
    return Picture(
        _difference_hash(thumbnail), _save(thumbnail, "WEBP", quality=75), _save(preview, "JPEG", quality=85)
    )


def _plain(image: Image.Image) -> Image.Image:
    """Return the image in a mode that can be resized: palettes resolved, deep samples as eight bits."""
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("I", "F"):
        # Such files are measurements, of any range.
        low, high = image.getextrema()
        scale = 255 / (high - low) if high > low else 0.0  # type: ignore[operator]  # One channel has two numbers.
        return image.point(lambda value: value * scale - low * scale).convert("L")  # type: ignore[operator]  # As above.
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("LA", "La", "RGBa"):
        return image.convert("RGBA")
    return image


def _fit(size: Size, side: int) -> Size:
    """Return the size with the same proportions whose longest side is `side`; never a larger one."""
    longest = max(size)
    if longest <= side:
        return size
    return max(1, round(size[0] * side / longest)), max(1, round(size[1] * side / longest))


def _shrink(image: Image.Image, side: int) -> Image.Image:
    size = _fit(image.size, side)
    # As sharp as Pillow's bicubic filter when images get smaller, in less than half the time of Lanczos.
    return image.copy() if size == image.size else image.resize(size, Resampling.HAMMING)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image as RGB on white, converted by its color profile, where it has one that is of its mode."""
    if image.mode == "RGBA":
        background = Image.new("RGB", image.size, "white")
        background.paste(image, mask=image.getchannel("A"))
        image = background
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if image.mode != "RGB" or "sRGB" not in ImageCms.getProfileDescription(source):
                converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
                return converted or image
    return image if image.mode == "RGB" else image.convert("RGB")


def _difference_hash(image: Image.Image) -> int:
    """Return a bit for each of 8 x 8 places, row by row: is it brighter than the one to its right?"""
    pixels = image.convert("L").resize(HASH_SIZE, Resampling.LANCZOS).tobytes()
    width, height = HASH_SIZE
    bits = 0
    for place in range(width * height):
        if place % width < width - 1:
            bits = bits << 1 | (pixels[place] > pixels[place + 1])
    # The database's numbers are signed.
    return bits - 2**64 if bits >= 2**63 else bits


def _save(image: Image.Image, format_: str, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, quality=quality)
    return file.getvalue()
