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

from labelapi.errors import StorageError
from labelapi.local_files import LocalFile
from labelapi.patience import with_patience
from labelapi.storage import (
    CHUNK_BYTES,
    PATIENCE_SECONDS,
    LinkRefused,
    check_answer,
    error_code,
    send,
    storage_client,
)

if TYPE_CHECKING:
    import httpx

BLOCKS_ABOVE_BYTES = 32 * 1024**2
BLOCK_BYTES = 8 * 1024**2
MOST_BLOCKS = 50_000  # learn.microsoft.com, "Scalability targets for Blob storage".
AT_ONCE_BYTES = 4 * 1024**2
# A new link may need so long before the storage knows it.
LINK_SECONDS = 45.0
LINK_LOOK_SECONDS = 2.0
CLOSED = "The dropbox takes no more files: was the set finished meanwhile?"


class Stopped(Exception):
    """Somebody wants the upload to end."""


class Changed(Exception):
    """The file is another one than when it was looked at."""


class SetIsClosed(StorageError):
    """The dropbox is gone or takes nothing more, because somebody finished the set."""


class Dropbox:
    """The container of an image set; `renew` returns a fresh link for it. Threads may share it."""

    def __init__(self, link: str, renew: Callable[[], str], connections: int) -> None:
        self._link = link
        self._renew = renew
        self._renewed_at = float("-inf")
        self._lock = threading.Lock()
        self.is_stopped = threading.Event()
        self._http = storage_client(connections)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def put(
        self, file: LocalFile, sent: Callable[[int], None], there: tuple[int, str | None] | None
    ) -> tuple[str, bool]:
        """Send a file unless it is there; return its MD5 in hexadecimal, and whether it was sent.

        `there` is the size and the MD5 of the blob of this name. `sent` is called with the bytes of each file or block that has
        arrived. Raises Changed, Stopped, OSError, StorageError and Unreachable.
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
            self._put_blob(file, digest, lambda: self._chunks(file))
            sent(file.size)
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
                self._check_stopped()
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
        for chunk in self._chunks(file):
            md5.update(chunk)
        return md5.digest()

    def _chunks(self, file: LocalFile) -> Iterator[bytes]:
        left = file.size
        with Path(file.path).open("rb", buffering=0) as source:
            while left:
                self._check_stopped()
                chunk = source.read(min(CHUNK_BYTES, left))
                if not chunk:
                    raise Changed
                left -= len(chunk)
                yield chunk

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

        def attempt() -> httpx.Response:
            while True:
                self._check_stopped()
                link = self._link
                try:
                    return send(
                        self._http, method, _blob_url(link, name, query), headers, content, (*fine, 400, 404, 409)
                    )
                except LinkRefused:
                    if not self._has_other_link(link):
                        raise SetIsClosed(CLOSED) from None

        response = with_patience(attempt, seconds=PATIENCE_SECONDS, pause=self._pause)
        code = error_code(response)
        if code == "Md5Mismatch":
            raise Changed
        if code in ("ContainerNotFound", "ContainerBeingDeleted"):
            raise SetIsClosed(CLOSED)
        check_answer(response, fine)
        return response

    def _pause(self, seconds: float) -> None:
        self.is_stopped.wait(seconds)
        self._check_stopped()

    def _check_stopped(self) -> None:
        if self.is_stopped.is_set():
            raise Stopped

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
