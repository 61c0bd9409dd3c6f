"""Files from the storage to a folder: whole or not at all, checked, and only what is not there yet."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from labelapi.dropbox import Stopped
from labelapi.errors import LabelAPIError, StorageError, Unreachable
from labelapi.local_files import printable

if TYPE_CHECKING:
    import httpx

THREADS = 8
WAITING_PER_THREAD = 4
CHUNK_BYTES = 1024**2
ATTEMPTS = 6
FILE_MODE = 0o644


@dataclass(frozen=True)
class Wanted:
    """A file to fetch: where it goes, a link to it, what is known of it, and how to get a fresh link."""

    path: Path
    link: str
    renew: Callable[[], str]
    # Size and SHA-256, None where they are not known.
    facts: Callable[[], tuple[int | None, str | None]]


@dataclass
class Fetched:
    """What became of the files, and by what they were checked."""

    files: int = 0
    fetched: int = 0
    there: int = 0
    by_sha256: int = 0
    by_md5: int = 0
    by_size: int = 0
    failures: tuple[tuple[str, str], ...] = ()

    def checked_by(self, kind: str) -> None:
        """Count a file that was compared by `sha256`, `md5` or `size`."""
        setattr(self, f"by_{kind}", getattr(self, f"by_{kind}") + 1)


class Promise(NamedTuple):
    """What is known of the content of a file; the MD5 in base64, as the storage has it."""

    size: int | None
    sha256: str | None
    md5: str | None


class BrokenDownload(StorageError):
    """What came is not what was promised."""


def safe_path(folder: Path, name: str) -> Path:
    """Return the path of a name below a folder. Raises StorageError for names that lead out of it, or that no file can have."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts) or name.startswith("/"):
        raise StorageError(f"The name {printable(name)} cannot be a file below a folder.")
    if os.name == "nt" and any(":" in part or part != part.rstrip(" .") for part in parts):
        raise StorageError(f"The name {printable(name)} cannot be a file on Windows.")
    return folder.joinpath(*parts)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it."""
    with whole_file(path) as file:
        file.write(content)


def fetch_all(wanted: Iterable[Wanted], *, threads: int = THREADS, sent: Callable[[int], None]) -> Fetched:
    """Fetch files that are not there yet; `sent` gets the number of bytes of each, by one thread.

    A file that is there with the promised SHA-256, or size where no more is known, stays. Raises LabelAPIError when the disk is
    full; a file that cannot be fetched is among the failures.
    """
    result = Fetched()
    fetcher = Fetcher(threads)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="download")
    pending: dict[Future[tuple[str, bool, int]], Wanted] = {}
    try:
        for each in wanted:
            if len(pending) >= threads * WAITING_PER_THREAD:
                _collect(pending, result, sent)
            result.files += 1
            pending[pool.submit(fetcher.fetch, each)] = each
        while pending:
            _collect(pending, result, sent)
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
    pending: dict[Future[tuple[str, bool, int]], Wanted], result: Fetched, sent: Callable[[int], None]
) -> None:
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in done:
        each = pending.pop(future)
        try:
            checked_by, was_fetched, size = future.result()
        except (BrokenDownload, StorageError) as error:
            result.failures += ((str(each.path), error.message),)
        except OSError as error:
            # A full disk, or a folder that may not be written, stops every other file as well.
            raise StorageError(f"{printable(str(each.path))} cannot be written: {error.strerror or error}") from error
        else:
            result.checked_by(checked_by)
            result.fetched += was_fetched
            result.there += not was_fetched
            sent(size)


class Fetcher:
    """Fetches files by their links; no key goes to the storage. Threads may share it."""

    def __init__(self, connections: int, attempts: int = ATTEMPTS) -> None:
        import httpx

        self._attempts = attempts
        self.is_stopped = threading.Event()
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = httpx.Client(timeout=httpx.Timeout(120.0, connect=10.0), limits=limits, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def fetch(self, wanted: Wanted) -> tuple[str, bool, int]:
        """Fetch a file unless it is there; return by what it was checked, whether it was fetched, and its size."""
        size_and_sha256 = wanted.facts()
        there = _there(wanted.path, *size_and_sha256)
        if there:
            return there
        wanted.path.parent.mkdir(parents=True, exist_ok=True)
        link = wanted.link
        for attempt in range(self._attempts):
            if self.is_stopped.is_set():
                raise Stopped
            try:
                checked_by, size = self._fetch(wanted.path, link, *size_and_sha256)
                return checked_by, True, size
            except _LinkRefused:
                link = wanted.renew()
                reason: LabelAPIError = StorageError("The storage refuses the link.")
            except (Unreachable, BrokenDownload) as error:
                reason = error
            self.is_stopped.wait(0.3 * 2**attempt if attempt else 0)
        raise reason

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
        reason: LabelAPIError = StorageError("The storage refuses the link.")
        for attempt in range(self._attempts):
            try:
                while path.exists() is False or path.stat().st_size < size:
                    self._fetch_part(path, link_of(), size, sent)
                break
            except _LinkRefused:
                pass
            except Unreachable as error:
                reason = error
            self.is_stopped.wait(0.3 * 2**attempt)
        else:
            raise reason
        if sha256_of(path) != sha256:
            path.unlink()
            raise BrokenDownload("The SHA-256 of the download is another one.", "Type the same command again.")

    def _fetch_part(self, path: Path, link: str, size: int, sent: Callable[[int], None]) -> None:
        import httpx

        try:
            with path.open("ab") as file:
                begin = file.tell()
                headers = {"Range": f"bytes={begin}-{size - 1}"} if size else {}
                with self._http.stream("GET", link, headers=headers) as response:
                    self._check_status(response, (200, 206))
                    if begin and response.status_code == 200:
                        # The storage sends all of it again.
                        file.truncate(0)
                        sent(-begin)
                    for chunk in response.iter_raw(CHUNK_BYTES):
                        file.write(chunk)
                        sent(len(chunk))
        except httpx.TransportError as error:
            raise Unreachable(
                f"The storage does not answer: {printable(str(error)) or type(error).__name__}"
            ) from error
        except OSError as error:
            raise StorageError(f"{printable(str(path))} cannot be written: {error.strerror or error}") from error

    def _fetch(self, path: Path, link: str, promised_size: int | None, promised_sha256: str | None) -> tuple[str, int]:
        import httpx

        sha256, md5, size = hashlib.sha256(), hashlib.md5(), 0  # noqa: S324  # The storage keeps no other.
        try:
            with self._http.stream("GET", link) as response, whole_file(path) as file:
                self._check_status(response)
                for chunk in response.iter_raw(CHUNK_BYTES):
                    if self.is_stopped.is_set():
                        raise Stopped
                    file.write(chunk)
                    sha256.update(chunk)
                    md5.update(chunk)
                    size += len(chunk)
                promised_md5 = response.headers.get("Content-MD5") or response.headers.get("x-ms-blob-content-md5")
                found = Promise(size, sha256.hexdigest(), b64encode(md5.digest()).decode())
                return _compared(Promise(promised_size, promised_sha256, promised_md5), found), size
        except httpx.TransportError as error:
            raise Unreachable(
                f"The storage does not answer: {printable(str(error)) or type(error).__name__}"
            ) from error

    def _check_status(self, response: httpx.Response, fine: tuple[int, ...] = (200,)) -> None:
        code = printable(response.headers.get("x-ms-error-code", ""))
        if response.status_code == 403:
            raise _LinkRefused
        if response.status_code in (408, 429) or response.status_code >= 500:
            told = response.headers.get("Retry-After", "")
            self.is_stopped.wait(min(float(told), 30.0) if told.isdigit() else 0)
            raise Unreachable(f"The storage is out of order: {response.status_code} {code}")
        if response.status_code not in fine:
            raise StorageError(f"The storage refuses it: {response.status_code} {code}")


class _LinkRefused(Exception):
    pass


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(CHUNK_BYTES), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _there(path: Path, promised_size: int | None, promised_sha256: str | None) -> tuple[str, bool, int] | None:
    """Return by what a file that is there was found to be the right one, with its size; None where it is to be fetched."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    if promised_sha256 is not None:
        return ("sha256", False, size) if sha256_of(path) == promised_sha256 else None
    # Without a hash its size is all that is known; without a size it is fetched again.
    return ("size", False, size) if size == promised_size else None


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


@contextmanager
def whole_file(path: Path) -> Iterator[Any]:
    """Open a file that gets its name when it is whole; a file that is not leaves nothing behind."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".labelapi-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(temporary).chmod(FILE_MODE)
        _replace(Path(temporary), path)
    except BaseException:
        Path(temporary).unlink()
        raise


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
