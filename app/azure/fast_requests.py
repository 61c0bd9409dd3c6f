"""The requests that ingest sends for each file, sent without the SDK's pipeline, which takes most of the processor time.

The SDK signs them. `AZURE_FAST_REQUESTS=false` turns them off; the SDK then does the same work. It also does it wherever an
answer here is not the expected one, with its retries and its errors.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote
from xml.etree import ElementTree

import requests
import urllib3
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob import BlobServiceClient

from app.azure.blob import ARCHIVE_TIER, Blob

TOKEN_SCOPE = "https://storage.azure.com/.default"  # noqa: S105  # The resource that a token is for, not a token.
HEAD_BYTES = 128 * 1024
METADATA = "x-ms-meta-"


@dataclass(frozen=True)
class Answer:
    """An answer that arrived whole; its body is as it is stored, also where that is compressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class RawClient:
    """Sends requests to the account of `client`, over the connections of `session`; may be used by many threads.

    `timeout` has the seconds to connect and the seconds for an answer.
    """

    def __init__(self, client: BlobServiceClient, session: requests.Session, timeout: tuple[float, float]) -> None:
        self._version = client.api_version
        self._sign = _make_signer(client.credential)
        self._adapter = session.get_adapter(client.url)
        # Proxies and certificates, which requests otherwise looks up in the environment each time.
        self._settings = session.merge_environment_settings(client.url, {}, stream=True, verify=None, cert=None)
        self._timeout = timeout

    def list_page(self, container_url: str, prefix: str, marker: str, size: int) -> tuple[list[Blob], str] | None:
        """Return up to `size` blobs of a listing from `marker` on, and the marker of the next page, empty at the end.

        Returns None for an answer that is no listing.
        """
        parameters = {"prefix": prefix, "marker": marker, "maxresults": str(size)}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items() if value)
        answer = self.send("GET", f"{container_url}?restype=container&comp=list&include=metadata&{query}", {})
        if answer is None or answer.status != HTTPStatus.OK:
            return None
        try:
            return _read_page(answer.body)
        except (ElementTree.ParseError, ValueError):
            return None

    def start_copy(self, url: str, source_url: str, source_etag: str, metadata: Mapping[str, str]) -> str | None:
        """Start to copy a blob to `url`, where none is yet; return the copy status, None when it may not have begun."""
        headers = {
            "x-ms-copy-source": source_url,
            "x-ms-source-if-match": f'"{source_etag}"',
            "If-None-Match": "*",
            "Content-Length": "0",
            **{f"{METADATA}{key}": value for key, value in metadata.items()},
        }
        answer = self.send("PUT", url, headers)
        return answer.headers.get("x-ms-copy-status") if answer and answer.status == HTTPStatus.ACCEPTED else None

    def head(self, url: str, name: str) -> Blob | None:
        """Return the blob `name` at `url` with its first `HEAD_BYTES` bytes, None when the answer does not describe it."""
        headers = {"x-ms-range": f"bytes=0-{HEAD_BYTES - 1}", "Accept-Encoding": "identity"}
        answer = self.send("GET", url, headers)
        return _read_blob(name, answer) if answer else None

    def send(self, method: str, url: str, headers: Mapping[str, str]) -> Answer | None:
        """Send a request without a body and return its answer, None when none arrived whole."""
        try:
            with self._adapter.send(
                self._signed(method, url, headers), timeout=self._timeout, **self._settings
            ) as answer:
                return Answer(answer.status_code, answer.headers, answer.raw.read(decode_content=False))
        except (AzureError, requests.RequestException, urllib3.exceptions.HTTPError):
            return None

    def _signed(self, method: str, url: str, headers: Mapping[str, str]) -> requests.PreparedRequest:
        now = formatdate(usegmt=True)
        request = HttpRequest(method, url, {**headers, "x-ms-version": self._version, "x-ms-date": now})
        self._sign(PipelineRequest(request, PipelineContext(None)))
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url = method, url
        prepared.headers = requests.structures.CaseInsensitiveDict(request.headers)
        return prepared


def _make_signer(credential: Any) -> Callable[[PipelineRequest[Any]], None]:
    """Return what authorizes a request: with the account's key, or with a token of the service's own identity."""
    if hasattr(credential, "get_token"):
        return BearerTokenCredentialPolicy[Any, Any](credential, TOKEN_SCOPE).on_request
    signer: Callable[[PipelineRequest[Any]], None] = credential.on_request
    return signer


def _read_blob(name: str, answer: Answer) -> Blob | None:
    headers, length, is_part = answer.headers, len(answer.body), answer.status == HTTPStatus.PARTIAL_CONTENT
    size = headers.get("Content-Range", "").rpartition("/")[2] if is_part else str(length)
    # The answer to a range names the hash of the whole blob differently.
    md5 = headers.get("x-ms-blob-content-md5" if is_part else "Content-MD5")
    is_found = is_part or answer.status == HTTPStatus.OK
    if not is_found or not size.isdecimal() or length != min(int(size), HEAD_BYTES):
        return None
    return Blob(
        name=name,
        size=int(size),
        etag=headers.get("ETag", "").strip('"'),
        content_type=headers.get("Content-Type"),
        content_md5=b64decode(md5) if md5 else None,
        metadata={key[len(METADATA) :]: value for key, value in headers.items() if key.lower().startswith(METADATA)},
        content_encoding=headers.get("Content-Encoding"),
        copy_status=headers.get("x-ms-copy-status"),
        copy_status_description=headers.get("x-ms-copy-status-description"),
        head=answer.body,
    )


def _read_page(body: bytes) -> tuple[list[Blob], str]:
    """Read the XML of a page of a listing. Raises ParseError and ValueError for anything else."""
    # It comes from the account that holds all our files, and the SDK reads it with the same parser.
    root = ElementTree.fromstring(body)  # noqa: S314
    marker = root.find("NextMarker")
    if marker is None:
        raise ValueError("This is no listing.")
    return [_read_listed(blob) for blob in root.iterfind("Blobs/Blob")], marker.text or ""


def _read_listed(blob: ElementTree.Element) -> Blob:
    name, properties = blob.find("Name"), blob.find("Properties")
    if name is None or properties is None:
        raise ValueError("This blob has no name or no properties.")
    found = {item.tag: item.text for item in properties}
    text, md5 = name.text or "", found.get("Content-MD5")
    return Blob(
        # XML cannot hold every character that names may have.
        name=unquote(text) if name.get("Encoded") == "true" else text,
        size=int(found.get("Content-Length") or ""),
        etag=(found.get("Etag") or "").strip('"'),
        content_type=found.get("Content-Type"),
        content_md5=b64decode(md5) if md5 else None,
        metadata={item.tag: item.text or "" for item in blob.iterfind("Metadata/*")},
        content_encoding=found.get("Content-Encoding"),
        is_archived=found.get("AccessTier") == ARCHIVE_TIER,
    )
