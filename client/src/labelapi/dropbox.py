"""Sending files straight to the blob storage, with an upload link alone: no key goes there."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

from labelapi.errors import StorageError, Unreachable
from labelapi.local_files import LocalFile, printable
from labelapi.transport import wait_seconds

if TYPE_CHECKING:
    import httpx

BLOCKS_ABOVE_BYTES = 32 * 1024**2
BLOCK_BYTES = 8 * 1024**2
MOST_BLOCKS = 50_000  # learn.microsoft.com, "Scalability targets for Blob storage".
AT_ONCE_BYTES = 4 * 1024**2
CHUNK_BYTES = 1024**2
STORAGE_VERSION = "2021-12-02"
PATIENCE_SECONDS = 120.0
# A new link may need so long before the storage knows it.
LINK_SECONDS = 45.0
LINK_LOOK_SECONDS = 2.0
FIRST_WAIT_SECONDS = 0.3
AGAIN = (408, 429, 500, 502, 503, 504)


class Stopped(Exception):
    """Somebody wants the upload to end."""


class Changed(Exception):
    """The file is another one than when it was looked at."""


class SetIsClosed(StorageError):
    """The dropbox is gone or takes nothing more, because somebody finished the set."""


class Dropbox:
    """The container of an image set; `renew` returns a fresh link for it. Threads may share it."""

    def __init__(self, link: str, renew: Callable[[], str], connections: int) -> None:
        import httpx

        self._link = link
        self._renew = renew
        self._renewed_at = float("-inf")
        self._lock = threading.Lock()
        self.is_stopped = threading.Event()
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = httpx.Client(timeout=httpx.Timeout(120.0, connect=10.0), limits=limits, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def put(
        self, file: LocalFile, sent: Callable[[int], None], there: tuple[int, str | None] | None
    ) -> tuple[str, bool]:
        """Send a file unless it is there; return its MD5 in hexadecimal, and whether it was sent.

        `there` is the size and the MD5 of the blob of this name. `sent` is called with numbers of bytes as they leave. Raises
        Changed, Stopped, OSError, StorageError and Unreachable.
        """
        if file.size <= AT_ONCE_BYTES:
            content = Path(file.path).read_bytes()
            if len(content) != file.size:
                raise Changed
            md5 = hashlib.md5(content)  # noqa: S324  # It finds broken copies; nobody trusts it.
            if there == (file.size, md5.hexdigest()):
                return md5.hexdigest(), False
            self._put_blob(file, md5.digest(), lambda: content)
            sent(file.size)
            return md5.hexdigest(), True
        digest = self._md5_of(file)
        if there == (file.size, digest.hex()):
            return digest.hex(), False
        if file.size > BLOCKS_ABOVE_BYTES:
            self._put_blocks(file, digest, sent)
        else:
            self._put_blob(file, digest, lambda: self._chunks(file, sent))
        return digest.hex(), True

    def _put_blob(self, file: LocalFile, digest: bytes, content: Callable[[], Any]) -> None:
        encoded = base64.b64encode(digest).decode()
        headers = {
            "x-ms-blob-type": "BlockBlob",
            "x-ms-blob-content-type": file.media_type,
            "x-ms-blob-content-md5": encoded,
            "Content-MD5": encoded,
            "Content-Length": str(file.size),
        }
        self._send("PUT", file.name, "", headers, content)

    def _put_blocks(self, file: LocalFile, digest: bytes, sent: Callable[[int], None]) -> None:
        """Send the blocks that are not there yet, then name all of them in their order, which makes the blob."""
        size = max(BLOCK_BYTES, -(-file.size // MOST_BLOCKS))
        there = self._uncommitted(file.name)
        names = []
        with Path(file.path).open("rb") as source:
            for number, block in enumerate(iter(lambda: source.read(size), b"")):
                if self.is_stopped.is_set():
                    raise Stopped
                block_md5 = hashlib.md5(block)  # noqa: S324  # It finds broken copies; nobody trusts it.
                # The place and the content name a block, so that two programs that send one file agree.
                name = base64.b64encode(f"{number:05d}-{block_md5.hexdigest()}".encode()).decode()
                names.append(name)
                if there.get(name) != len(block):
                    headers = {"Content-MD5": base64.b64encode(block_md5.digest()).decode()}
                    query = f"comp=block&blockid={quote(name, safe='')}"
                    self._send("PUT", file.name, query, headers, lambda block=block: block)  # type: ignore[misc]
                sent(len(block))
        listed = "".join(f"<Latest>{name}</Latest>" for name in names)
        body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'.encode()
        headers = {
            "x-ms-blob-content-type": file.media_type,
            "x-ms-blob-content-md5": base64.b64encode(digest).decode(),
        }
        self._send("PUT", file.name, "comp=blocklist", headers, lambda: body)

    def _uncommitted(self, name: str) -> dict[str, int]:
        """Return the names and sizes of the blocks that an interrupted upload left."""
        response = self._send(
            "GET", name, "comp=blocklist&blocklisttype=uncommitted", {}, lambda: None, fine=(200, 404)
        )
        if response.status_code == 404:
            return {}
        found = {}
        # The storage wrote it; entities are not expanded, and nothing outside is read.
        for block in ET.fromstring(response.content).iterfind("UncommittedBlocks/Block"):  # noqa: S314
            found[block.findtext("Name") or ""] = int(block.findtext("Size") or -1)
        return found

    def _md5_of(self, file: LocalFile) -> bytes:
        md5 = hashlib.md5()  # noqa: S324  # It finds broken copies; nobody trusts it.
        for chunk in self._chunks(file, lambda count: None):
            md5.update(chunk)
        return md5.digest()

    def _chunks(self, file: LocalFile, sent: Callable[[int], None]) -> Iterator[bytes]:
        left = file.size
        with Path(file.path).open("rb", buffering=0) as source:
            while left:
                if self.is_stopped.is_set():
                    raise Stopped
                chunk = source.read(min(CHUNK_BYTES, left))
                if not chunk:
                    raise Changed
                left -= len(chunk)
                yield chunk
                sent(len(chunk))

    def _send(
        self,
        method: str,
        name: str,
        query: str,
        headers: dict[str, str],
        content: Callable[[], Any],
        fine: tuple[int, ...] = (200, 201),
    ) -> httpx.Response:
        """Send one request until it is answered; with a fresh link when the storage refuses the present one."""
        import httpx

        deadline = time.monotonic() + PATIENCE_SECONDS
        attempt = 0
        while True:
            if self.is_stopped.is_set():
                raise Stopped
            link = self._link
            response: httpx.Response | None = None
            reason = ""
            try:
                url = _blob_url(link, name, query)
                sent = {"x-ms-version": STORAGE_VERSION, **headers}
                response = self._http.request(method, url, headers=sent, content=content())
            except httpx.TransportError as error:
                reason = printable(str(error)) or type(error).__name__
            if response is not None:
                if response.status_code in fine:
                    return response
                code = response.headers.get("x-ms-error-code", "")
                if response.status_code == 403 and self._has_other_link(link):
                    continue
                if code == "Md5Mismatch":
                    raise Changed
                if code in ("ContainerNotFound", "ContainerBeingDeleted") or response.status_code == 403:
                    raise SetIsClosed("The dropbox takes no more files: was the set finished meanwhile?")
                if response.status_code not in AGAIN:
                    raise StorageError(f"The storage refuses it: {response.status_code} {printable(code)}")
                reason = f"{response.status_code} {printable(code)}"
            wait = wait_seconds(response, attempt, FIRST_WAIT_SECONDS)
            if time.monotonic() + wait > deadline:
                raise Unreachable(f"The storage at {urlsplit(link).netloc} does not answer: {reason}")
            attempt += 1
            self.is_stopped.wait(wait)

    def _has_other_link(self, refused: str) -> bool:
        """True when it is worth trying again: with another link, or because the present one is so new."""
        with self._lock:
            if self._link != refused:
                return True
            if time.monotonic() - self._renewed_at < LINK_SECONDS:
                self.is_stopped.wait(LINK_LOOK_SECONDS)
                return True
            if self._renewed_at != float("-inf") and time.monotonic() - self._renewed_at < 2 * LINK_SECONDS:
                return False
            self._link = self._renew()
            self._renewed_at = time.monotonic()
            return True


def _blob_url(link: str, name: str, query: str) -> str:
    parts = urlsplit(link)
    quoted = quote(name, safe="/~()*!.'")
    return f"{parts.scheme}://{parts.netloc}{parts.path}/{quoted}?{f'{query}&' if query else ''}{parts.query}"


def put_file(link: str, path: Path, sent: Callable[[int], None]) -> None:
    """Write a file to a link that is for one blob, without any key. Raises StorageError and Unreachable."""
    import httpx

    size = path.stat().st_size

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as source:
            for chunk in iter(lambda: source.read(CHUNK_BYTES), b""):
                yield chunk
                sent(len(chunk))

    headers = {"x-ms-version": STORAGE_VERSION, "x-ms-blob-type": "BlockBlob", "Content-Length": str(size)}
    deadline = time.monotonic() + PATIENCE_SECONDS
    for attempt in range(1_000_000):
        reason = ""
        response = None
        try:
            response = httpx.put(link, headers=headers, content=chunks(), timeout=120.0, follow_redirects=False)
        except httpx.TransportError as error:
            reason = printable(str(error)) or type(error).__name__
        if response is not None:
            if response.status_code == 201:
                return
            reason = f"{response.status_code} {printable(response.headers.get('x-ms-error-code', ''))}"
            if response.status_code not in AGAIN:
                raise StorageError(f"The storage refuses the file: {reason}")
        wait = wait_seconds(response, attempt, FIRST_WAIT_SECONDS)
        if time.monotonic() + wait > deadline:
            break
        time.sleep(wait)
    raise Unreachable(f"The storage at {urlsplit(link).netloc} does not answer: {reason}")
