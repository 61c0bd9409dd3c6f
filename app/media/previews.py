"""Previews as files: what they are, where they lie in the main container, and what caches may do with them."""

from dataclasses import dataclass

THUMBNAIL_SIDE, PREVIEW_SIDE = 320, 2048
FOLDER = "image_previews"
HASH_BYTES = 8
# What lies at one path never changes. Keys of callers protect the links, so that no shared cache may keep what they lead to.
CACHE_CONTROL = "private, max-age=86400, immutable"
THUMBNAIL_TYPE, PREVIEW_TYPE = "image/webp", "image/jpeg"


@dataclass(frozen=True)
class Picture:
    """A decoded picture: its difference hash, as a signed number of 64 bits, and two copies, as files.

    `thumbnail` is WebP of at most 320 pixels on its longest side, `preview` JPEG of at most 2,048. Both are upright, in sRGB,
    and hold no metadata.
    """

    dhash: int
    thumbnail: bytes
    preview: bytes


def preview_folder(image_id: int) -> str:
    """Return the folder with all previews of an image, with a slash at its end."""
    return f"{FOLDER}/{image_id}/"


def thumbnail_path(image_id: int, sha256: bytes) -> str:
    """Return the path of the thumbnail of an image whose file has this SHA-256: WebP, longest side 320 pixels."""
    return f"{preview_folder(image_id)}{sha256[:HASH_BYTES].hex()}-{THUMBNAIL_SIDE}.webp"


def preview_path(image_id: int, sha256: bytes) -> str:
    """Return the path of the preview of an image whose file has this SHA-256: JPEG, longest side 2,048 pixels."""
    return f"{preview_folder(image_id)}{sha256[:HASH_BYTES].hex()}-{PREVIEW_SIDE}.jpg"
