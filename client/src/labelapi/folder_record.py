"""What a folder of downloads holds: of which dataset, and which files are others than in the storage."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from labelapi.errors import LocalError, UsageError
from labelapi.local_copies import writing

NAME = ".labelapi.db"
TABLES = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changed (name TEXT PRIMARY KEY, source TEXT NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS label_file (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS flat_name (image_id INTEGER PRIMARY KEY, name TEXT NOT NULL);
"""


class FolderRecord:
    """The record of one folder, in a file of SQLite below it, so that memory does not grow with the number of files.

    Only the thread that opened it uses it. `open_record` makes it.
    """

    def __init__(self, folder: Path, *, is_read_only: bool) -> None:
        self._path = folder / NAME
        try:
            if is_read_only:
                self._rows = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)
            else:
                self._rows = sqlite3.connect(str(self._path))
                # The program may be killed at any moment. After a power failure the file may have to be removed.
                self._rows.execute("PRAGMA synchronous = OFF")
                self._rows.executescript(TABLES)
            self.facts = dict(self._rows.execute("SELECT name, value FROM fact"))
        except sqlite3.Error as error:
            raise LocalError(
                f"{self._path} cannot be used: {error}.", "Remove that file, then type the command again."
            ) from error

    def close(self) -> None:
        """Keep what was noted."""
        with suppress(sqlite3.Error):
            self._rows.commit()
        self._rows.close()

    def keep(self) -> None:
        """Write what was noted to the disk. Raises LocalError."""
        with self._writing():
            self._rows.commit()

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Note of what the folder is a copy."""
        if facts != self.facts:
            self.facts = dict(facts)
            with self._writing():
                self._rows.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", facts.items())
                self._rows.commit()

    def changed(self, name: str) -> tuple[str, str] | None:
        """Return the SHA-256 in the storage and that on this machine, of a file that was changed."""
        row = self._rows.execute("SELECT source, sha256 FROM changed WHERE name = ?", (name,)).fetchone()
        return (str(row[0]), str(row[1])) if row else None

    def note(self, name: str, source: str, sha256: str) -> None:
        """Take both of a file that was changed."""
        with self._writing():
            self._rows.execute("INSERT OR REPLACE INTO changed VALUES (?, ?, ?)", (name, source, sha256))
            # An interruption would leave a turned file that nobody knows as such.
            self._rows.commit()

    def label_files(self) -> Iterator[tuple[str, str]]:
        """Yield the files with labels, with their SHA-256."""
        for name, sha256 in self._rows.cursor().execute("SELECT name, sha256 FROM label_file ORDER BY name"):
            yield str(name), str(sha256)

    def note_label_file(self, name: str, sha256: str) -> None:
        """Take a file with labels."""
        with self._writing():
            self._rows.execute("INSERT OR REPLACE INTO label_file VALUES (?, ?)", (name, sha256))

    def flat_name(self, image_id: int) -> str | None:
        """Return the name of an image in a format without folders."""
        row = self._rows.execute("SELECT name FROM flat_name WHERE image_id = ?", (image_id,)).fetchone()
        return str(row[0]) if row else None

    def note_flat_name(self, image_id: int, name: str) -> None:
        """Take the name of an image in a format without folders."""
        with self._writing():
            self._rows.execute("INSERT OR REPLACE INTO flat_name VALUES (?, ?)", (image_id, name))

    def _writing(self) -> _Writing:
        return _Writing(self._path)


class _Writing:
    """Turns errors of SQLite, such as a full disk, into LocalError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise LocalError(
                f"{self._path} cannot be written: {error}.", "Make room, then type the same command again."
            ) from error


def open_record(folder: Path, facts: Mapping[str, str], *, check: bool) -> FolderRecord | None:
    """Return the record of a folder that is to hold this; with `check` None when there is none.

    Raises UsageError when the folder holds something else, whose files would stay between the new ones.
    """
    is_there = (folder / NAME).is_file()
    if check and not is_there:
        return None
    if not check:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
    record = FolderRecord(folder, is_read_only=check)
    other = {name for name in facts if record.facts.get(name, facts[name]) != facts[name]}
    if other:
        was = ", ".join(f"{name} {record.facts[name]}" for name in sorted(other))
        record.close()
        raise UsageError(f"{folder} holds another download: {was}.", "Choose another folder, or empty this one.")
    return record
