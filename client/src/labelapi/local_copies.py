"""Files of this machine that are whole or not there, and names that are safe below a folder."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labelapi.errors import LocalError, StorageError
from labelapi.local_files import printable

CHUNK_BYTES = 1024**2
FILE_MODE = 0o644
TEMPORARY = ".labelapi-"


def safe_path(folder: Path, name: str) -> Path:
    """Return the path of a name below a folder. Raises StorageError for names that lead out of it, or that no file can have."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts) or name.startswith("/"):
        raise StorageError(f"The name {printable(name)} cannot be a file below a folder.")
    if os.name == "nt" and any(":" in part or part != part.rstrip(" .") for part in parts):
        raise StorageError(f"The name {printable(name)} cannot be a file on Windows.")
    return folder.joinpath(*parts)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it. A file that has this content already stays as it is."""
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path) -> Iterator[Any]:
    """Open a file that gets its name when it is whole; a file that is not leaves nothing behind. It may be read, too."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
        Path(temporary).chmod(FILE_MODE)
        _replace(Path(temporary), path)
    except BaseException:
        Path(temporary).unlink()
        raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of this machine's disk into LocalError, which names the path."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise LocalError(
            f"{printable(str(path))} cannot be written: {reason}.", "Make room, then type the same command again."
        ) from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return sha256_of_open(file)


def sha256_of_open(file: Any) -> str:
    """Return the SHA-256 of an open file from its beginning, in hexadecimal."""
    file.seek(0)
    digest = hashlib.sha256()
    for chunk in iter(lambda: file.read(CHUNK_BYTES), b""):
        digest.update(chunk)
    return digest.hexdigest()


def _replace(temporary: Path, path: Path) -> None:
    for attempt in range(5):
        try:
            temporary.replace(path)
            return
        except PermissionError:
            # On Windows a scanner may hold the file for a moment.
            if os.name != "nt" or attempt == 4:
                raise
            time.sleep(0.1)
