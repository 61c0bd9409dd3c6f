"""Label files on this machine: which format they have, and folders as one archive."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from labelapi.errors import UsageError
from labelapi.local_files import printable

# Each end of a JSON file that is looked at; the names of its parts may stand at either.
LOOK_BYTES = 1024**2
LABEL_ENDS = (".txt", ".xml", ".json", ".yaml", ".yml", ".csv", ".jsonl", ".names", ".data", ".parquet")
PICTURE_ENDS = (
    ".jpg",
    ".jpeg",
    ".png",
    ".tif",
    ".tiff",
    ".bmp",
    ".webp",
    ".heic",
    ".heif",
    ".avif",
    ".gif",
    ".dng",
    ".mpo",
)
# The names of the parts of a COCO file, of Datumaro's and of Label Studio's.
COCO = (b'"images"', b'"categories"')
DATUMARO = (b'"items"', b'"categories"')
LABEL_STUDIO = (b'"data"',)


def format_of(path: Path) -> str:
    """Return the format of a label file or folder. Raises UsageError when it is none that is known."""
    try:
        found = _format_of_folder(path) if path.is_dir() else _format_of_file(path)
    except OSError as error:
        raise UsageError(f"{printable(str(path))} cannot be read: {error.strerror or error}") from error
    if found is None:
        raise UsageError(f"The format of {printable(str(path))} is not recognized.", "Name it with --format.")
    return found


@contextmanager
def as_one_file(path: Path) -> Iterator[Path]:
    """Give a label file as it is, and a folder as an archive of the label files below it and the names of its pictures.

    YOLO names no images in its files: the names of the pictures, which are empty in the archive, say what the labels are of.
    """
    if not path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="labelapi-") as folder:
        archive = Path(folder) / "labels.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
            for each in _files(path):
                name = each.relative_to(path).as_posix()
                if each.suffix.lower() in LABEL_ENDS:
                    target.write(each, name)
                elif each.suffix.lower() in PICTURE_ENDS:
                    target.writestr(name, b"")
        yield archive


def _files(folder: Path) -> Iterator[Path]:
    for each in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in each.relative_to(folder).parts)
        if each.is_file() and not is_hidden:
            yield each


def _format_of_folder(folder: Path) -> str | None:
    names = [each.relative_to(folder).as_posix() for each in _files(folder)]
    return _format_of_names(names, lambda name: _head(folder / name))


def _format_of_file(path: Path) -> str | None:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return _format_of_names(archive.namelist(), lambda name: archive.open(name).read(LOOK_BYTES))
    ends = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
    end = path.suffix.lower()
    if end in ends:
        return ends[end]
    head = _head(path)
    if end == ".xml":
        return _format_of_xml(head)
    return _format_of_json(head + _tail(path)) if end == ".json" else None


def _format_of_names(names: list[str], read: Callable[[str], bytes]) -> str | None:
    by_end = {end: [name for name in names if name.lower().endswith(end)] for end in LABEL_ENDS}
    last = {name.rpartition("/")[2].lower() for name in names}
    if last & {"data.yaml", "data.yml", "obj.data", "classes.txt", "obj.names"} and by_end[".txt"]:
        return "yolo"
    for end, of in ((".xml", _format_of_xml), (".json", _format_of_json)):
        if by_end[end]:
            return of(read(by_end[end][0]))
    plain = {".parquet": "parquet", ".jsonl": "jsonl", ".csv": "csv"}
    return next((found for end, found in plain.items() if by_end[end]), None)


def _format_of_xml(head: bytes) -> str | None:
    if re.search(rb"<annotations[\s>]", head):
        return "cvat"
    return "voc" if re.search(rb"<annotation[\s>]", head) else None


def _format_of_json(text: bytes) -> str | None:
    for name, parts in (("datumaro", DATUMARO), ("coco", COCO), ("label-studio", LABEL_STUDIO)):
        if all(part in text for part in parts):
            return name
    return None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LOOK_BYTES)


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOOK_BYTES))
        return file.read(LOOK_BYTES)
