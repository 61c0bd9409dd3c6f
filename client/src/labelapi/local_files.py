"""The files of a folder that are worth sending: what is an image is told by its first bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

JUNK_NAMES = (".ds_store", "thumbs.db", "desktop.ini")
JUNK_BEGINNING, JUNK_END = "._", "_$folder$"
HEAD_BYTES = 32
# Azure counts UTF-16 units: learn.microsoft.com, "Naming and referencing containers, blobs, and metadata".
LONGEST_NAME = 1024
FTYP_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"crx ": "image/x-canon-cr3",
}
BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    # Raws that are TIFF but for their first bytes: Olympus and Panasonic.
    (b"IIRO", "image/x-olympus-orf"),
    (b"IIRS", "image/x-olympus-orf"),
    (b"MMOR", "image/x-olympus-orf"),
    (b"IIU\x00", "image/x-panasonic-rw2"),
    (b"FUJIFILMCCD-RAW", "image/x-fuji-raf"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
)


@dataclass(frozen=True)
class LocalFile:
    """A file to send, by the name that it gets in the dropbox."""

    name: str
    path: str
    size: int
    media_type: str


@dataclass(frozen=True)
class LeftOut:
    """A file that is not sent, and why: `junk`, `hidden`, `empty`, `no image`, `unreadable` or `bad name`."""

    name: str
    reason: str
    detail: str = ""


def media_type_of(head: bytes) -> str | None:
    """Return the media type that the first bytes of a file show; None for what is no image."""
    for beginning, media_type in BEGINNINGS:
        if head.startswith(beginning):
            return media_type
    if head[4:8] == b"ftyp":
        return FTYP_BRANDS.get(head[8:12])
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def local_files(folder: Path, *, all_files: bool = False) -> Iterator[LocalFile | LeftOut]:
    """Yield what is below a folder, in no order. Links are followed, but no folder is entered twice."""
    root = os.fspath(folder)
    entered = {_identity(os.stat(root))}  # noqa: PTH116  # A path may be no text.
    waiting = [(root, "")]
    while waiting:
        path, prefix = waiting.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    name = f"{prefix}{entry.name}"
                    if entry.name.startswith(".") and not _is_junk(entry.name):
                        yield LeftOut(printable(name), "hidden")
                    elif entry.is_dir():
                        identity = _identity(entry.stat())
                        if identity not in entered:
                            entered.add(identity)
                            waiting.append((entry.path, f"{name}/"))
                    else:
                        yield _examined(entry, name, all_files)
        except OSError as error:
            yield LeftOut(printable(prefix) or ".", "unreadable", error.strerror or str(error))


def printable(name: str) -> str:
    """Return a name as a terminal may show it: controls and bytes that are no UTF-8 are escaped."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name
    ).replace("\udcff", "?")


def _examined(entry: os.DirEntry[str], name: str, all_files: bool) -> LocalFile | LeftOut:
    fault = _fault_of_name(name)
    if _is_junk(entry.name):
        return LeftOut(printable(name), "junk")
    if fault:
        return LeftOut(printable(name), "bad name", fault)
    try:
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            return LeftOut(printable(name), "unreadable", "it is no regular file")
        if not status.st_size:
            return LeftOut(printable(name), "empty")
        with Path(entry.path).open("rb", buffering=0) as file:
            media_type = media_type_of(file.read(HEAD_BYTES))
    except OSError as error:
        return LeftOut(printable(name), "unreadable", error.strerror or str(error))
    if media_type is None and not all_files:
        return LeftOut(printable(name), "no image")
    return LocalFile(name, entry.path, status.st_size, media_type or "application/octet-stream")


def _is_junk(name: str) -> bool:
    lower = name.lower()
    return lower in JUNK_NAMES or lower.startswith(JUNK_BEGINNING) or lower.endswith(JUNK_END)


def _fault_of_name(name: str) -> str | None:
    """Return why a name cannot be that of a blob, or None."""
    try:
        units = len(name.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if units > LONGEST_NAME:
        return f"its name has more than {LONGEST_NAME} characters"
    if "\\" in name:
        return "its name has a backslash, which the storage takes for a slash"
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 or letter in "\ufffe\uffff" for letter in name):
        return "its name has a control character"
    return None


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
