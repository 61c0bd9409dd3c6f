"""HTTP to the blob storage, by signed links alone: no key of the service goes there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from labelapi.errors import StorageError, Unreachable
from labelapi.local_files import printable
from labelapi.patience import TryAgain, asked_wait, with_patience

if TYPE_CHECKING:
    import httpx

STORAGE_VERSION = "2021-12-02"
PATIENCE_SECONDS = 120.0
TIMEOUT_SECONDS, CONNECT_SECONDS = 120.0, 10.0
CHUNK_BYTES = 1024**2
AGAIN = (408, 429, 500, 502, 503, 504)


class LinkRefused(Exception):
    """The storage answers 403: the link has expired, or is for something else."""


def storage_client(connections: int) -> httpx.Client:
    """Return a client for the storage. Redirects are not followed."""
    import httpx

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
    return httpx.Client(timeout=timeout, limits=limits, follow_redirects=False)


def check_answer(response: httpx.Response, fine: tuple[int, ...]) -> None:
    """Raise TryAgain for an outage, LinkRefused for 403, and StorageError for every other answer that is not fine."""
    if response.status_code in fine:
        return
    code = error_code(response)
    if response.status_code == 403:
        raise LinkRefused
    if response.status_code in AGAIN:
        reason = f"The storage at {response.url.host} is out of order: {response.status_code} {code}"
        raise TryAgain(reason.rstrip(), asked_wait(response))
    raise StorageError(f"The storage refuses it: {response.status_code} {code}".rstrip())


def error_code(response: httpx.Response) -> str:
    """Return the storage's own name of an error."""
    return printable(response.headers.get("x-ms-error-code", ""))


@contextmanager
def broken_connections(link: str) -> Iterator[None]:
    """Turn a connection that breaks into TryAgain."""
    import httpx

    try:
        yield
    except httpx.TransportError as error:
        words = printable(str(error)) or type(error).__name__
        raise TryAgain(Unreachable(f"The storage at {urlsplit(link).netloc} does not answer: {words}")) from error


def put_file(link: str, path: Path, sent: Callable[[int], None]) -> None:
    """Write a file to a link that is for one blob. Raises StorageError and Unreachable."""
    size = path.stat().st_size
    headers = {"x-ms-version": STORAGE_VERSION, "x-ms-blob-type": "BlockBlob", "Content-Length": str(size)}
    with storage_client(1) as http:

        def attempt() -> None:
            counted = _Counted(sent)
            try:
                send(http, "PUT", link, headers, lambda: counted.chunks(path))
            except TryAgain:
                counted.take_back()
                raise

        try:
            with_patience(attempt, seconds=PATIENCE_SECONDS)
        except LinkRefused:
            raise StorageError("The storage refuses the link for the file.", "Type the same command again.") from None


def send(
    http: httpx.Client,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: Callable[[], Any],
    fine: tuple[int, ...] = (200, 201),
) -> httpx.Response:
    """Return the answer to one attempt of a request. Raises TryAgain, LinkRefused and StorageError."""
    with broken_connections(url):
        sent = {"x-ms-version": STORAGE_VERSION, **headers}
        response = http.request(method, url, headers=sent, content=content())
    check_answer(response, fine)
    return response


class _Counted:
    """The bytes of one attempt, which do not count any more when it fails."""

    def __init__(self, sent: Callable[[int], None]) -> None:
        self._sent = sent
        self._count = 0

    def chunks(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as source:
            for chunk in iter(lambda: source.read(CHUNK_BYTES), b""):
                yield chunk
                self._count += len(chunk)
                self._sent(len(chunk))

    def take_back(self) -> None:
        self._sent(-self._count)
        self._count = 0
