"""Exports of snapshots in a folder: fetched once, checked by SHA-256, unpacked file by file."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelapi.downloads import CHUNK_BYTES, Fetcher, safe_path, sha256_of, whole_file, write_whole
from labelapi.errors import StorageError, UsageError

if TYPE_CHECKING:
    from labelapi.api import LabelAPI

# What the folder holds of which export, for the next run and for the check.
RECORD = ".labelapi.json"


@dataclass
class Unpacked:
    """What became of the files of an export."""

    files: int = 0
    written: int = 0
    differing: list[tuple[str, str]] = field(default_factory=list)


def unpack(api: LabelAPI, export: Any, folder: Path, *, check: bool, sent: Callable[[int], None]) -> Unpacked:
    """Make a folder hold the files of an export; with `check` only compare it. Raises LabelAPIError.

    The record of an earlier run names each file with its SHA-256, so that nothing is fetched where all of them are right.
    """
    record = _read_record(folder, export["sha256"])
    if record is not None:
        outcome = Unpacked(files=len(record), differing=_differing(folder, record))
        if check or not outcome.differing:
            sent(export["size"])
            return outcome
    if check:
        return Unpacked(differing=[(RECORD, "this folder does not hold this export")])
    _refuse_other(folder, export["sha256"])
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f".labelapi-{export['sha256'][:16]}.part"
    fetcher = Fetcher(1)
    try:
        fetcher.fetch_on(archive, lambda: _link_of(api, export["export_id"]), export["size"], export["sha256"], sent)
    finally:
        fetcher.close()
    name = export["path"].rpartition("/")[2].replace(f"-{export['sha256']}", "")
    is_archive = export["path"].endswith(".zip")
    outcome, record = _unpack_archive(archive, folder) if is_archive else _place(archive, folder, name)
    write_whole(folder / RECORD, json.dumps({"export": export["sha256"], "files": record}, indent=1).encode())
    archive.unlink()
    return outcome


def _link_of(api: LabelAPI, export_id: int) -> str:
    link = api.get_export(export_id)["url"]
    if link is None:
        raise StorageError("The export has no file any more.", "Type the same command again.")
    return link


def _unpack_archive(archive: Path, folder: Path) -> tuple[Unpacked, dict[str, str]]:
    outcome = Unpacked()
    record: dict[str, str] = {}
    with zipfile.ZipFile(archive) as source:
        for member in source.infolist():
            if member.is_dir():
                continue
            path = safe_path(folder, member.filename)
            path.parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            # The archive as a whole has the promised hash; the checksums of its members are compared as they are read.
            with source.open(member) as content, whole_file(path) as file:
                for chunk in iter(partial(content.read, CHUNK_BYTES), b""):
                    digest.update(chunk)
                    file.write(chunk)
            record[member.filename] = digest.hexdigest()
            outcome.files += 1
            outcome.written += 1
    return outcome, record


def _place(file: Path, folder: Path, name: str) -> tuple[Unpacked, dict[str, str]]:
    path = safe_path(folder, name)
    with file.open("rb") as content, whole_file(path) as target:
        for chunk in iter(partial(content.read, CHUNK_BYTES), b""):
            target.write(chunk)
    return Unpacked(files=1, written=1), {name: sha256_of(path)}


def _read_record(folder: Path, sha256: str) -> dict[str, str] | None:
    kept = _kept(folder)
    return dict(kept["files"]) if kept and kept.get("export") == sha256 else None


def _refuse_other(folder: Path, sha256: str) -> None:
    """Raise UsageError when the folder holds another export, whose files would stay between the new ones."""
    kept = _kept(folder)
    if kept and kept.get("export") != sha256:
        raise UsageError(f"{folder} holds another export.", "Choose another folder, or empty this one.")


def _kept(folder: Path) -> Any:
    try:
        return json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StorageError(f"{folder / RECORD} cannot be read: {error}") from error


def _differing(folder: Path, record: dict[str, str]) -> list[tuple[str, str]]:
    found = []
    for name, sha256 in record.items():
        path = safe_path(folder, name)
        if not path.is_file():
            found.append((name, "is missing"))
        elif sha256_of(path) != sha256:
            found.append((name, "has another content"))
    return found
