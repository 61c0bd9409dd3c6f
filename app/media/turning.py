"""Pictures whose pixels lie as they are displayed: turned as EXIF asks, encoded again, and without the tag that asks.

This runs in the process that decodes (`decode_process`).
"""

from contextlib import suppress
from typing import IO, Any

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import get_sampling

from app.media.pictures import MAX_PIXELS, PLUGINS, Undecodable

# How a turned picture is encoded, by its format: so that one sees no difference, or without loss.
ENCODINGS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WEBP": {"quality": 95},
}


def turn(file: IO[bytes], turned: IO[bytes], filetype: str) -> None:
    """Write the first picture of a file as it is displayed, in the same format. Raises Undecodable.

    Its color profile is kept, and no other metadata.
    """
    if filetype not in ENCODINGS:
        raise Undecodable("unreadable", f"This service does not write {filetype}.")
    try:
        with Image.open(file, formats=PLUGINS.get(filetype, (filetype,))) as image:
            _refuse_many_pixels(image, filetype)
            options = _options(image, filetype)
            upright = ImageOps.exif_transpose(image)
            # Pillow would write what it holds into the copy.
            upright.info = {}
            upright.save(turned, filetype, **options)
    except Undecodable:
        raise
    except MemoryError as error:
        raise Undecodable("unreadable", "Turning the picture takes more memory than this service allows.") from error
    except Exception as error:
        # Pillow does not promise which errors odd bytes cause.
        raise Undecodable("unreadable", f"The picture cannot be decoded and turned as {filetype}.") from error


def _refuse_many_pixels(image: Image.Image, filetype: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        declared = f"{image.width:,} x {image.height:,} pixels"
        raise Undecodable(
            "unreadable",
            f"The file declares {declared}; this service turns up to {MAX_PIXELS:,} pixels of a {filetype}.",
        )


def _options(image: Image.Image, filetype: str) -> dict[str, Any]:
    options = dict(ENCODINGS[filetype])
    if profile := image.info.get("icc_profile"):
        options["icc_profile"] = profile
    if filetype == "JPEG":
        with suppress(Exception):
            # As fine in color as it was.
            sampling = get_sampling(image)
            options |= {"subsampling": sampling} if sampling >= 0 else {}
    return options
