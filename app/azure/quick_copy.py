"""The two requests that a copy needs where nothing is odd: one that copies, and one for its properties and first bytes."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from azure.storage.blob import BlobProperties

from app.azure.direct import Answer, DirectLine

HEAD_BYTES = 128 * 1024
METADATA = "x-ms-meta-"


@dataclass
class QuickCopy:
    """A copy to the blob `name` at `url`; `head` has its first bytes after a look that succeeded."""

    line: DirectLine
    url: str
    name: str
    head: bytes = b""

    def start(self, source_url: str, source_etag: str, metadata: Mapping[str, str]) -> str | None:
        """Start to copy onto nothing; return the status of the copy, None when it is not sure that it has begun."""
        headers = {
            "x-ms-copy-source": source_url,
            "x-ms-source-if-match": f'"{source_etag}"',
            "If-None-Match": "*",
            "Content-Length": "0",
            **{f"{METADATA}{key}": value for key, value in metadata.items()},
        }
        answer = self.line.send("PUT", self.url, headers)
        return answer.headers.get("x-ms-copy-status") if answer and answer.status == HTTPStatus.ACCEPTED else None

    def look(self) -> BlobProperties | None:
        """Return what the blob is, None when that cannot be told."""
        headers = {"x-ms-range": f"bytes=0-{HEAD_BYTES - 1}", "Accept-Encoding": "identity"}
        answer = self.line.send("GET", self.url, headers)
        found = _describe(self.name, answer) if answer else None
        if answer and found:
            self.head = answer.body
        return found


def _describe(name: str, answer: Answer) -> BlobProperties | None:
    headers, length, is_part = answer.headers, len(answer.body), answer.status == HTTPStatus.PARTIAL_CONTENT
    size = headers.get("Content-Range", "").rpartition("/")[2] if is_part else str(length)
    # A part tells the hash of the whole under a name of its own.
    md5 = headers.get("x-ms-blob-content-md5" if is_part else "Content-MD5")
    is_found = is_part or answer.status == HTTPStatus.OK
    if not is_found or not size.isdecimal() or length != min(int(size), HEAD_BYTES):
        return None
    values = {key: value for key, value in headers.items() if key.startswith("x-ms-copy-")}
    metadata = {key[len(METADATA) :]: value for key, value in headers.items() if key.lower().startswith(METADATA)}
    return BlobProperties(
        **values,
        **{
            "name": name,
            "ETag": headers.get("ETag", ""),
            "Content-Length": int(size),
            "Content-MD5": bytearray(b64decode(md5)) if md5 else None,
            "Content-Type": headers.get("Content-Type"),
            "Content-Encoding": headers.get("Content-Encoding"),
            "metadata": metadata,
        },
    )
