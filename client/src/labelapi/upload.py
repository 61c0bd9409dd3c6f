"""A folder into an image set: in parallel, without sending anything twice, and checked at the end."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from labelapi.dropbox import Changed, Dropbox, SetIsClosed, Stopped
from labelapi.errors import LabelAPIError, Refused, UsageError
from labelapi.local_files import LeftOut, LocalFile, local_files, printable

if TYPE_CHECKING:
    from labelapi import models
    from labelapi.api import LabelAPI

THREADS = 8
# So many files wait for a thread, whatever the number of files is.
WAITING_PER_THREAD = 4
MOST_EXAMPLES = 1000


class Watcher(Protocol):
    """Who wants to know how an upload goes. `sent` is called by several threads."""

    def planned(self, files: int, size: int) -> None:
        """Take the number of files to look at, and their size in bytes."""

    def sent(self, count: int) -> None:
        """Take a number of bytes that are on their way or there already."""

    def file_done(self, name: str, outcome: str) -> None:
        """Take the name of a file, and `sent`, `there` or `failed`."""


@dataclass
class Summary:
    """What became of a folder."""

    imageset_id: int = 0
    title: str = ""
    files: int = 0
    size: int = 0
    sent: int = 0
    sent_bytes: int = 0
    there: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    # The first of each; the counts are in `left_out`.
    examples: list[LeftOut] = field(default_factory=list)
    failed: int = 0
    verified: int = 0

    def leave_out(self, file: LeftOut) -> None:
        """Count a file that is not sent."""
        self.left_out[file.reason] = self.left_out.get(file.reason, 0) + 1
        if len(self.examples) < MOST_EXAMPLES and file.reason not in ("hidden", "junk"):
            self.examples.append(file)

    @property
    def is_whole(self) -> bool:
        """True when everything that should be there is there."""
        return not self.failed and not {"unreadable", "bad name"} & self.left_out.keys()

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        examples = [{"name": each.name, "reason": each.reason, "detail": each.detail} for each in self.examples]
        counts = {
            name: getattr(self, name) for name in ("files", "size", "sent", "sent_bytes", "there", "failed", "verified")
        }
        return {
            "imageset_id": self.imageset_id,
            "title": self.title,
            **counts,
            "left_out": self.left_out,
            "examples": examples,
        }


class Plan:
    """What is to be sent and what is there, in a temporary file, so that memory does not grow with the number of files."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="labelapi-")
        self._rows = sqlite3.connect(str(Path(self._folder.name) / "plan"))
        self._rows.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2000;"
            "CREATE TABLE file (name TEXT PRIMARY KEY, path BLOB, size INTEGER, media_type TEXT, md5 TEXT, outcome TEXT)"
            " WITHOUT ROWID;"
            "CREATE TABLE upload (name TEXT PRIMARY KEY, size INTEGER, md5 TEXT) WITHOUT ROWID;"
        )

    def close(self) -> None:
        """Remove it."""
        self._rows.close()
        self._folder.cleanup()

    def add(self, file: LocalFile) -> None:
        """Take a file to send."""
        values = (file.name, os.fsencode(file.path), file.size, file.media_type)
        self._rows.execute("INSERT INTO file VALUES (?, ?, ?, ?, NULL, NULL)", values)

    def take_uploads(self, uploads: Iterator[models.Upload]) -> None:
        """Replace what is known of the dropbox."""
        self._rows.execute("DELETE FROM upload")
        rows = ((each["name"], each["size"], each["md5"]) for each in uploads)
        self._rows.executemany("INSERT OR REPLACE INTO upload VALUES (?, ?, ?)", rows)

    def totals(self) -> tuple[int, int]:
        """Return the number of files and their bytes."""
        files, size = self._rows.execute("SELECT count(*), coalesce(sum(size), 0) FROM file").fetchone()
        return int(files), int(size)

    def files(self) -> Iterator[tuple[LocalFile, tuple[int, str | None] | None]]:
        """Yield each file by name, with size and MD5 of the upload of this name."""
        rows = self._rows.cursor().execute(
            "SELECT file.name, path, file.size, media_type, upload.size, upload.md5"
            " FROM file LEFT JOIN upload USING (name) ORDER BY file.name"
        )
        for name, path, size, media_type, there_size, there_md5 in rows:
            there = None if there_size is None else (int(there_size), there_md5)
            yield LocalFile(name, os.fsdecode(path), size, media_type), there

    def put_down(self, name: str, md5: str) -> None:
        """Note that a file is in the dropbox, with this MD5."""
        self._rows.execute("UPDATE file SET md5 = ?, outcome = 'there' WHERE name = ?", (md5, name))

    def differing(self) -> Iterator[str]:
        """Yield the names of files that should be in the dropbox, and are not, or not like this."""
        rows = self._rows.cursor().execute(
            "SELECT file.name FROM file LEFT JOIN upload USING (name) WHERE outcome = 'there'"
            " AND (upload.name IS NULL OR upload.size <> file.size OR coalesce(upload.md5, file.md5) <> file.md5)"
        )
        return (str(name) for (name,) in rows)

    def verified(self) -> int:
        """Return how many files are in the dropbox as they should be."""
        (count,) = self._rows.execute("SELECT count(*) FROM file WHERE outcome = 'there'").fetchone()
        return int(count) - sum(1 for _ in self.differing())


def upload(
    api: LabelAPI,
    folder: Path,
    title: str,
    *,
    watcher: Watcher,
    metadata: dict[str, Any] | None = None,
    timezone: str | None = None,
    duplicates: str | None = None,
    all_files: bool = False,
    reopen: bool = False,
    threads: int = THREADS,
    dry_run: bool = False,
) -> Summary:
    """Send the files of a folder to the image set of this title, which is made where there is none.

    Files that are there already, with the same size and MD5, are not sent again. Raises LabelAPIError; KeyboardInterrupt passes
    through after the threads have stopped.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {printable(str(folder))}.")
    summary, plan = Summary(title=title), Plan()
    try:
        for file in local_files(folder, all_files=all_files):
            if isinstance(file, LeftOut):
                summary.leave_out(file)
            else:
                plan.add(file)
        summary.files, summary.size = plan.totals()
        if not summary.files:
            raise UsageError(f"There is no image to send in {printable(str(folder))}.", _why_nothing(summary))
        if dry_run:
            return summary
        watcher.planned(summary.files, summary.size)
        wanted = {"metadata": metadata, "timezone": timezone, "duplicates": duplicates}
        image_set, link = open_set(api, title, wanted, reopen=reopen)
        summary.imageset_id = image_set["imageset_id"]
        plan.take_uploads(api.image_sets[summary.imageset_id].uploads())
        _send_all(api, plan, summary, watcher, link, threads)
        _verify(api, plan, summary)
        return summary
    finally:
        plan.close()


def open_set(api: LabelAPI, title: str, wanted: dict[str, Any], *, reopen: bool = False) -> tuple[models.ImageSet, str]:
    """Return an image set that takes uploads, and a link for it: a new one, or the one that has the title.

    Raises UsageError when the existing set is another one than is wanted, or is finished and may not be opened again.
    """
    given = {name: value for name, value in wanted.items() if value is not None}
    found = api.image_sets.titled(title)
    if found is None:
        try:
            body: Any = {"title": title, **given}
            made = api.create_image_set(body)
            return made, made["dropbox_url"]
        except Refused as error:
            # Another program may have made it at the same moment.
            found = api.image_sets.titled(title) if error.status == 409 else None
            if found is None:
                raise
    for name, value in given.items():
        if found.get(name) != value:
            raise UsageError(
                f"The image set '{title}' exists and has another {name}.",
                f"Leave out --{name}, choose another title, or change it: labelapi image-sets edit {title}",
            )
    imageset_id = found["imageset_id"]
    if found["status"] == "finished":
        if not reopen:
            raise UsageError(f"The image set '{title}' is finished.", "--reopen opens it again and adds the files.")
        api.update_image_set_status(imageset_id, {"new_status": "created"})
    return found, api.create_dropbox_url(imageset_id)["dropbox_url"]


def _why_nothing(summary: Summary) -> str:
    counts = ", ".join(f"{count} {reason}" for reason, count in sorted(summary.left_out.items()))
    return f"Left out: {counts}. --all-files sends files that are no images." if counts else "The folder is empty."


def _send_all(api: LabelAPI, plan: Plan, summary: Summary, watcher: Watcher, link: str, threads: int) -> None:
    def renew() -> str:
        return api.create_dropbox_url(summary.imageset_id)["dropbox_url"]

    dropbox = Dropbox(link, renew, threads)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="upload")
    pending: dict[Future[tuple[str, bool]], LocalFile] = {}
    try:
        for file, there in plan.files():
            if len(pending) >= threads * WAITING_PER_THREAD:
                _collect(pending, plan, summary, watcher)
            pending[pool.submit(dropbox.put, file, watcher.sent, there)] = file
        while pending:
            _collect(pending, plan, summary, watcher)
    except BaseException:
        dropbox.is_stopped.set()
        for future in pending:
            future.cancel()
        raise
    finally:
        pool.shutdown(wait=True)
        dropbox.close()


def _collect(
    pending: dict[Future[tuple[str, bool]], LocalFile], plan: Plan, summary: Summary, watcher: Watcher
) -> None:
    """Take what has ended. Raises LabelAPIError for what no other file will survive either."""
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in done:
        file = pending.pop(future)
        outcome = "failed"
        try:
            md5, was_sent = future.result()
        except Changed:
            summary.leave_out(LeftOut(printable(file.name), "unreadable", "it changed while it was being read"))
        except OSError as error:
            summary.leave_out(LeftOut(printable(file.name), "unreadable", error.strerror or str(error)))
        except (SetIsClosed, Stopped):
            raise
        except LabelAPIError as error:
            if isinstance(error, Refused) or error.exit_code != 1:
                raise
            summary.failed += 1
            summary.leave_out(LeftOut(printable(file.name), "refused", error.message))
        else:
            plan.put_down(file.name, md5)
            outcome = "sent" if was_sent else "there"
            summary.sent += was_sent
            summary.sent_bytes += file.size if was_sent else 0
            summary.there += not was_sent
            if not was_sent:
                watcher.sent(file.size)
        watcher.file_done(file.name, outcome)


def _verify(api: LabelAPI, plan: Plan, summary: Summary) -> None:
    """Compare what is in the dropbox with what was sent."""
    plan.take_uploads(api.image_sets[summary.imageset_id].uploads())
    for name in plan.differing():
        summary.failed += 1
        summary.leave_out(LeftOut(printable(name), "not there", "the dropbox does not hold it, or holds another file"))
    summary.verified = plan.verified()
