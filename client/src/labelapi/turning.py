"""What is done to an image after it was fetched: unpacked where it is stored compressed, and turned as EXIF asks viewers to."""

from __future__ import annotations

import io
import tempfile
import zlib
from contextlib import suppress
from typing import Any

from labelapi.downloads import Changed
from labelapi.errors import UsageError
from labelapi.local_copies import CHUNK_BYTES, sha256_of_open

ORIENTATION = 0x0112
# The format of the bytes as zlib numbers it: gzip and zlib's own are told apart by their headers.
GZIP_OR_ZLIB, RAW_DEFLATE = 47, -15
ENCODINGS = ("gzip", "x-gzip", "deflate")
# How a turned picture is encoded, by its format: so that one sees no difference, or without loss.
FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WEBP": {"quality": 95},
}
EXTRA = "pip install 'labelapi-client[pictures]'"


def require_pillow() -> None:
    """Raise UsageError where Pillow is not installed."""
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise UsageError("This needs Pillow, which is not installed.", EXTRA) from error


class Finisher:
    """Unpacks files that are stored compressed, and turns pictures when `upright` is true. Threads may share it."""

    def __init__(self, *, upright: bool) -> None:
        if upright:
            require_pillow()
        self._upright = upright

    def __call__(self, file: Any, encoding: str) -> Changed | None:
        fault, is_changed = None, False
        if encoding.strip().lower() in ENCODINGS:
            fault = _unpack(file)
            is_changed = fault is None
        if self._upright and fault is None:
            is_turned, fault = _turn(file)
            is_changed = is_changed or is_turned
        if not is_changed and fault is None:
            return None
        return Changed(sha256_of_open(file), fault)


def _unpack(file: Any) -> str | None:
    """Replace the content of a compressed file by what it holds; return why that cannot be done, or None."""
    with tempfile.TemporaryFile() as unpacked:
        file.seek(0)
        unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
        try:
            chunk = file.read(CHUNK_BYTES)
            try:
                unpacked.write(unpacker.decompress(chunk, CHUNK_BYTES))
            except zlib.error:
                unpacker = zlib.decompressobj(RAW_DEFLATE)
                unpacked.write(unpacker.decompress(chunk, CHUNK_BYTES))
            while not unpacker.eof:
                chunk = unpacker.unconsumed_tail or file.read(CHUNK_BYTES)
                if not chunk:
                    return "It is stored compressed, and ends before its content does. The file is as it is stored."
                unpacked.write(unpacker.decompress(chunk, CHUNK_BYTES))
        except zlib.error:
            return "It is stored compressed, and what it holds is damaged. The file is as it is stored."
        _replace_content(file, unpacked)
    return None


def _turn(file: Any) -> tuple[bool, str | None]:
    """Turn a picture as it is displayed; return whether that was necessary and done, and why it could not be done."""
    from PIL import Image, ImageOps

    file.seek(0)
    try:
        with Image.open(file) as image:
            if image.getexif().get(ORIENTATION, 1) in (0, 1):
                return False, None
            kind = image.format or ""
            if kind == "MPO":
                kind = "JPEG"
            if kind not in FORMATS:
                return False, f"EXIF asks to turn it, and {kind} is not written here. The file is as it is stored."
            options = {**FORMATS[kind], **_options(image, kind)}
            turned = ImageOps.exif_transpose(image)
            # Pillow would write what it holds into the copy.
            turned.info = {}
            content = io.BytesIO()
            turned.save(content, kind, **options)
    except Exception as error:  # Pillow does not say which errors odd bytes cause.
        if _is_no_picture(error):
            return False, None
        return False, f"It cannot be decoded and turned ({type(error).__name__}). The file is as it is stored."
    _replace_content(file, content)
    return True, None


def _is_no_picture(error: Exception) -> bool:
    from PIL import UnidentifiedImageError

    return isinstance(error, UnidentifiedImageError)


def _options(image: Any, kind: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if profile := image.info.get("icc_profile"):
        options["icc_profile"] = profile
    if kind == "JPEG":
        with suppress(Exception):
            from PIL.JpegImagePlugin import get_sampling

            sampling = get_sampling(image)
            options.update({"subsampling": sampling} if sampling >= 0 else {})
    return options


def _replace_content(file: Any, content: Any) -> None:
    file.seek(0)
    file.truncate()
    content.seek(0)
    for chunk in iter(lambda: content.read(CHUNK_BYTES), b""):
        file.write(chunk)
    file.flush()
