"""Flat names: one name for each image, which says its id, for formats whose readers lose folders or equal stems.

`drone-12/a/Grün 1.JPG` of image 42 is `000042_Gr_n_1.jpg`. Labels beside it have the same stem: `000042_Gr_n_1.txt`.
"""

import re

from app.formats.records import Image

MAX_STEM_LENGTH = 100
UNSAFE = re.compile("[^A-Za-z0-9._-]")
# Readers choose images by these endings, so that a file without one is named by what it is.
EXTENSION = re.compile("[A-Za-z0-9]{1,10}")
EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif"}
UNKNOWN = "bin"
# Zeros stand only where an id has less than six digits; PostgreSQL's largest id has 19.
FLAT_NAME = re.compile("(0[0-9]{5}|[1-9][0-9]{5,18})_[A-Za-z0-9._-]{1,111}")


def flat_name(image: Image) -> str:
    """Return `<id, at least 6 digits>_<stem>.<extension>`, in which no two images are alike, whatever case they are read in."""
    stem, dot, extension = image.file_name.rpartition("/")[2].rpartition(".")
    if not (dot and stem and EXTENSION.fullmatch(extension)):
        stem, extension = stem + dot + extension, _extension_of(image.filetype)
    return f"{image.image_id:06d}_{UNSAFE.sub('_', stem)[:MAX_STEM_LENGTH] or 'image'}.{extension.lower()}"


def flat_stem(image: Image) -> str:
    """Return the flat name without its extension, under which the labels of the image stand."""
    return flat_name(image).rpartition(".")[0]


def id_in_flat_name(name: str) -> int | None:
    """Return the image id in a flat name, with or without folders and extension; None when it is no flat name."""
    found = FLAT_NAME.fullmatch(name.rpartition("/")[2])
    return int(found[1]) if found else None


def _extension_of(filetype: str | None) -> str:
    kind = EXTENSIONS.get(filetype or "", filetype or "")
    return kind if EXTENSION.fullmatch(kind) else UNKNOWN
