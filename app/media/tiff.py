"""The directory of a TIFF file that describes its picture; in raw files the first one often describes a thumbnail.

Layout: TIFF 6.0; BigTIFF; TIFF Technical Note 1 (SubIFDs); Adobe DNG 1.7, chapter 2 (the raw picture has NewSubFileType 0).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from app.media.ranged_file import RangedFile

NEW_SUBFILE_TYPE, WIDTH, HEIGHT, ORIENTATION, SUB_DIRECTORIES = 0x00FE, 0x0100, 0x0101, 0x0112, 0x014A
MAX_DIRECTORIES = 32
BIG_HEAD_BYTES, HEAD_BYTES = 16, 8


@dataclass
class Picture:
    """Size as stored and orientation of the picture, and where the first directory lies, whose EXIF tags hold for the file."""

    size: tuple[int, int]
    orientation: int | None
    first_offset: int


def find_picture(file: RangedFile) -> Picture:
    """Return what the directories say of the picture. Raises SyntaxError, and other errors of Pillow, when it is no TIFF file.

    The picture is the largest among the directories with NewSubFileType 0, or without that tag; else the first directory.
    """
    found = list(_directories(file))
    # Pages of a document are pictures of their own: the file's size is that of its first page.
    full = [directory for directory in found if _area(directory) and not _number(directory, NEW_SUBFILE_TYPE, 0)]
    picture = max(full, key=_area) if full and found[0] is not full[0] else found[0]
    orientation = _number(picture, ORIENTATION, None)
    if orientation is None:
        orientation = _number(found[0], ORIENTATION, None)
    return Picture(_size(picture), orientation, found[0].offset or 0)


def _directories(file: RangedFile) -> Iterator[ImageFileDirectory_v2]:
    """Yield the directories of the chain and their SubIFDs, each once."""
    head = file.range(0, BIG_HEAD_BYTES)
    is_big = head[2:4] in (b"+\0", b"\0+")
    first = _load(file, head if is_big else head[:HEAD_BYTES], None)
    seen: set[int] = set()
    waiting: list[tuple[int, ImageFileDirectory_v2 | None]] = [(first.offset or 0, first)]
    while waiting and len(seen) < MAX_DIRECTORIES:
        offset, directory = waiting.pop(0)
        if not offset or offset in seen:
            continue
        seen.add(offset)
        if directory is None:
            try:
                directory = _load(file, head if is_big else head[:HEAD_BYTES], offset)
            except Exception:
                # An offset may lead anywhere, and Pillow does not promise which errors that causes.
                if file.error:
                    raise
                continue
        yield directory
        waiting += [(int(place), None) for place in _numbers(directory, SUB_DIRECTORIES)]
        waiting.append((int(directory.next or 0), None))


def _load(file: RangedFile, head: bytes, offset: int | None) -> ImageFileDirectory_v2:
    directory = ImageFileDirectory_v2(head)
    file.seek(int(directory.next) if offset is None else offset)
    directory.load(file)  # type: ignore[arg-type]  # It reads, and asks for no more.
    return directory


def _size(directory: ImageFileDirectory_v2) -> tuple[int, int]:
    return (_number(directory, WIDTH, 0) or 0, _number(directory, HEIGHT, 0) or 0)


def _area(directory: ImageFileDirectory_v2) -> int:
    width, height = _size(directory)
    return width * height


def _numbers(directory: ImageFileDirectory_v2, tag: int) -> list[int]:
    value: Any = directory.get(tag, ())
    values = value if isinstance(value, tuple) else (value,)
    return [number for number in values if isinstance(number, int)]


def _number(directory: ImageFileDirectory_v2, tag: int, default: int | None) -> int | None:
    values = _numbers(directory, tag)
    return values[0] if values else default
