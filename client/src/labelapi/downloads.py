"""Files from the storage to a folder: in parallel, whole or not at all, checked, and only what is not there yet."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from labelapi.dropbox import Stopped
from labelapi.errors import Refused, StorageError
from labelapi.local_copies import CHUNK_BYTES, sha256_of, whole_file, writing
from labelapi.patience import TryAgain, with_patience
from labelapi.storage import PATIENCE_SECONDS, LinkRefused, broken_connections, check_answer, storage_client

if TYPE_CHECKING:
    import httpx

THREADS = 8
WAITING_PER_THREAD = 4
# A link that is refused, and a file that is not what was promised, may be one that was replaced a moment ago.
MOST_BROKEN = 3
MOST_FAILURES = 1000
# An image may be withdrawn while others are fetched.
GONE = (404, 410)


class Promise(NamedTuple):
    """What is known of the content of a file; the MD5 in base64, as the storage has it."""

    size: int | None
    sha256: str | None
    md5: str | None = None


@dataclass(frozen=True)
class Wanted:
    """A file to fetch: where it goes, a link to it if there is one, how to get a fresh link, and what is known of it."""

    path: Path
    link: str | None
    renew: Callable[[], str]
    promise: Callable[[], Promise]
    # Name below the folder, by which a record knows it.
    name: str = ""


class Changed(NamedTuple):
    """How a file that was fetched was made another one: its new SHA-256, and words about what could not be done."""

    sha256: str
    fault: str | None = None


class Finish(Protocol):
    """What is done to each file before it gets its name, and what is known of those that it changed."""

    def __call__(self, file: Any, encoding: str) -> Changed | None:
        """Change an open file, which is stored with this `Content-Encoding`; return None when it stays as it is."""


class Record(Protocol):
    """Remembers which files differ from what the storage holds, because they were changed on purpose."""

    def changed(self, name: str) -> tuple[str, str] | None:
        """Return the SHA-256 in the storage and that on this machine, of a file that was changed."""

    def note(self, name: str, source: str, sha256: str) -> None:
        """Take both of a file that was changed."""


@dataclass
class Fetched:
    """What became of the files, and by what they were checked."""

    files: int = 0
    fetched: int = 0
    there: int = 0
    by_sha256: int = 0
    by_md5: int = 0
    by_size: int = 0
    changed: int = 0
    failed: int = 0
    # The first of them; their number is in `failed`.
    failures: list[tuple[str, str]] = field(default_factory=list)

    def fail(self, name: str, reason: str) -> None:
        """Count a file that is not as it should be."""
        self.failed += 1
        if len(self.failures) < MOST_FAILURES:
            self.failures.append((name, reason))

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        names = ("files", "fetched", "there", "by_sha256", "by_md5", "by_size", "changed", "failed")
        failures = [{"path": path, "detail": reason} for path, reason in self.failures]
        return {**{name: getattr(self, name) for name in names}, "failures": failures}


class BrokenDownload(StorageError):
    """What came is not what was promised."""


class Outcome(NamedTuple):
    """A file that is there: by what it was checked, whether it was fetched, its size, and how it was changed."""

    checked_by: str
    was_fetched: bool
    size: int
    source: str | None = None
    changed: Changed | None = None


def fetch_all(
    wanted: Iterable[Wanted],
    *,
    threads: int = THREADS,
    sent: Callable[[int], None],
    record: Record | None = None,
    finish: Finish | None = None,
    check: bool = False,
) -> Fetched:
    """Fetch files that are not there yet; `sent` gets the number of bytes of each, by one thread.

    A file that is there with the promised SHA-256, or size where no more is known, stays. With `check` nothing is fetched, and
    what would be is among the failures. Raises LabelAPIError when the disk is full or the storage is away; a file that cannot
    be fetched is among the failures.
    """
    result = Fetched()
    fetcher = Fetcher(threads, finish=finish)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="download")
    pending: dict[Future[Outcome], Wanted] = {}
    try:
        for each in wanted:
            if len(pending) >= threads * WAITING_PER_THREAD:
                _collect(pending, result, sent, record)
            result.files += 1
            known = record.changed(each.name) if record else None
            pending[pool.submit(fetcher.check if check else fetcher.fetch, each, known)] = each
        while pending:
            _collect(pending, result, sent, record)
    except BaseException:
        fetcher.is_stopped.set()
        for future in pending:
            future.cancel()
        raise
    finally:
        pool.shutdown(wait=True)
        fetcher.close()
    return result


def _collect(
    pending: dict[Future[Outcome], Wanted], result: Fetched, sent: Callable[[int], None], record: Record | None
) -> None:
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in done:
        each = pending.pop(future)
        try:
            found = future.result()
        except (StorageError, Refused) as error:
            if isinstance(error, Refused) and error.status not in GONE:
                raise
            result.fail(each.name or str(each.path), error.message)
            continue
        setattr(result, f"by_{found.checked_by}", getattr(result, f"by_{found.checked_by}") + 1)
        result.fetched += found.was_fetched
        result.there += not found.was_fetched
        if found.changed:
            result.changed += 1
            if found.changed.fault:
                result.fail(each.name, found.changed.fault)
            if record and found.source and found.was_fetched:
                record.note(each.name, found.source, found.changed.sha256)
        sent(found.size)


class Fetcher:
    """Fetches files by their links; no key goes to the storage. Threads may share it."""

    def __init__(self, connections: int, *, patience: float = PATIENCE_SECONDS, finish: Finish | None = None) -> None:
        self._patience = patience
        self._finish = finish
        self.is_stopped = threading.Event()
        self._http = storage_client(connections)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def check(self, wanted: Wanted, changed: tuple[str, str] | None = None) -> Outcome:
        """Compare a file that should be there. Raises BrokenDownload."""
        self._check_stopped()
        there = _there(wanted.path, wanted.promise(), changed)
        if there is None:
            raise BrokenDownload("has another content" if wanted.path.is_file() else "is missing")
        return there

    def fetch(self, wanted: Wanted, changed: tuple[str, str] | None = None) -> Outcome:
        """Fetch a file unless it is there. `changed` has the SHA-256 in the storage and here, of a file that was changed here."""
        self._check_stopped()
        promise = wanted.promise()
        there = _there(wanted.path, promise, changed)
        if there:
            return there
        with writing(wanted.path):
            wanted.path.parent.mkdir(parents=True, exist_ok=True)
        link, broken = wanted.link or wanted.renew(), 0

        def attempt() -> Outcome:
            nonlocal link, broken
            self._check_stopped()
            try:
                return self._fetch(wanted.path, link, promise)
            except LinkRefused:
                link, error = wanted.renew(), StorageError("The storage refuses the link.")
            except BrokenDownload as found:
                error = found
            broken += 1
            if broken >= MOST_BROKEN:
                raise error
            raise TryAgain(error, 0 if broken == 1 else None)

        return with_patience(attempt, seconds=self._patience, pause=self._pause)

    def fetch_on(
        self, path: Path, link_of: Callable[[], str], size: int, sha256: str, sent: Callable[[int], None]
    ) -> None:
        """Fetch one large file, from where an interrupted download of it stopped. Raises LabelAPIError.

        `link_of` returns a link that works now. The file stays when this ends early, so that the next call goes on.
        """
        there = path.stat().st_size if path.exists() else 0
        if there > size:
            path.unlink()
            there = 0
        sent(there)
        refused = 0

        def attempt() -> None:
            nonlocal refused
            try:
                while not path.exists() or path.stat().st_size < size:
                    self._check_stopped()
                    self._fetch_part(path, link_of(), size, sent)
            except LinkRefused:
                refused += 1
                error = StorageError("The storage refuses the link.")
                if refused >= MOST_BROKEN:
                    raise error from None
                raise TryAgain(error) from None

        with_patience(attempt, seconds=self._patience, pause=self._pause)
        if sha256_of(path) != sha256:
            path.unlink()
            raise BrokenDownload("The SHA-256 of the download is another one.", "Type the same command again.")

    def _fetch_part(self, path: Path, link: str, size: int, sent: Callable[[int], None]) -> None:
        with writing(path), path.open("ab") as file:
            begin = file.tell()
            headers = {"Range": f"bytes={begin}-{size - 1}"} if size else {}
            with broken_connections(link), self._http.stream("GET", link, headers=headers) as response:
                check_answer(response, (200, 206))
                if begin and response.status_code == 200:
                    # The storage sends all of it again.
                    file.truncate(0)
                    sent(-begin)
                for chunk in response.iter_raw(CHUNK_BYTES):
                    self._check_stopped()
                    file.write(chunk)
                    sent(len(chunk))

    def _fetch(self, path: Path, link: str, promise: Promise) -> Outcome:
        with broken_connections(link), self._http.stream("GET", link) as response:
            check_answer(response, (200,))
            with writing(path), whole_file(path) as file:
                found = self._take(response, file)
                md5 = response.headers.get("Content-MD5") or response.headers.get("x-ms-blob-content-md5")
                checked_by = _compared(Promise(promise.size, promise.sha256, md5), found)
                encoding = response.headers.get("Content-Encoding", "")
                changed = self._finish(file, encoding) if self._finish else None
                return Outcome(checked_by, True, found.size or 0, found.sha256, changed)

    def _take(self, response: httpx.Response, file: Any) -> Promise:
        sha256, md5, size = hashlib.sha256(), hashlib.md5(), 0  # noqa: S324  # The storage keeps no other.
        for chunk in response.iter_raw(CHUNK_BYTES):
            self._check_stopped()
            file.write(chunk)
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
        return Promise(size, sha256.hexdigest(), b64encode(md5.digest()).decode())

    def _pause(self, seconds: float) -> None:
        self.is_stopped.wait(seconds)
        self._check_stopped()

    def _check_stopped(self) -> None:
        if self.is_stopped.is_set():
            raise Stopped


def _there(path: Path, promise: Promise, changed: tuple[str, str] | None) -> Outcome | None:
    """Return by what a file that is there was found to be the right one; None where it is to be fetched."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    if promise.sha256 is None:
        # Without a hash its size is all that is known; without a size it is fetched again.
        return Outcome("size", False, size) if size == promise.size else None
    expected = changed[1] if changed and changed[0] == promise.sha256 else promise.sha256
    if sha256_of(path) != expected:
        return None
    return Outcome("sha256", False, size, promise.sha256, Changed(expected) if expected != promise.sha256 else None)


def _compared(promised: Promise, found: Promise) -> str:
    """Return by what a download was found whole. Raises BrokenDownload."""
    if promised.size is not None and found.size != promised.size:
        raise BrokenDownload(f"It has {found.size} bytes instead of {promised.size}.")
    if promised.sha256 is not None:
        if found.sha256 != promised.sha256:
            raise BrokenDownload("Its SHA-256 is another one.")
        return "sha256"
    if promised.md5:
        if found.md5 != promised.md5:
            raise BrokenDownload("Its MD5 is another one.")
        return "md5"
    return "size"
