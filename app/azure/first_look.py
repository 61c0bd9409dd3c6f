"""One request for the first bytes of a blob, whose answer tells the blob's properties as well.

The SDK needs two requests for that, and four times the processor time for each; of every file that is taken in, both are
needed. Whatever is odd is left to the SDK, with its retries and its words.
"""

import logging
from base64 import b64decode
from dataclasses import dataclass, field

import requests
import urllib3
from azure.storage.blob import BlobProperties

from app.redaction import redact

HEAD_BYTES = 128 * 1024
WHOLE, PART = 200, 206
METADATA = "x-ms-meta-"


def _hide_signature(record: logging.LogRecord) -> bool:
    # At DEBUG the library tells every URL with its query.
    record.args = tuple(redact(value) if isinstance(value, str) else value for value in record.args or ())
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_hide_signature)


@dataclass
class FirstLook:
    """Looks at the blob behind a link that may read it; `content` has its first bytes after a look that succeeded."""

    session: requests.Session
    url: str = field(repr=False)
    name: str
    timeout: tuple[float, float]
    content: bytes = b""

    def __call__(self) -> BlobProperties | None:
        """Return what the blob is, None when that cannot be told."""
        headers = {"Range": f"bytes=0-{HEAD_BYTES - 1}", "Accept-Encoding": "identity"}
        try:
            with self.session.get(self.url, headers=headers, timeout=self.timeout, stream=True) as answer:
                # As it is stored: a file that is compressed stays so.
                content = answer.raw.read(decode_content=False)
        except (requests.RequestException, urllib3.exceptions.HTTPError):
            return None
        found = _describe(self.name, answer, len(content))
        if found is not None:
            self.content = content
        return found


def _describe(name: str, answer: requests.Response, length: int) -> BlobProperties | None:
    headers = answer.headers
    size = headers.get("Content-Range", "").rpartition("/")[2] if answer.status_code == PART else str(length)
    # A part tells the hash of the whole under a name of its own.
    md5 = headers.get("x-ms-blob-content-md5" if answer.status_code == PART else "Content-MD5")
    if answer.status_code not in (WHOLE, PART) or not size.isdecimal() or length != min(int(size), HEAD_BYTES):
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
            "metadata": metadata,
        },
    )
