"""Copying by the storage service itself, so that it may run twice, be killed at any moment, and end in a verified copy."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient, BlobProperties, BlobServiceClient

from app.azure.listing import Blob
from app.azure.outage import NO_BLOB, NO_CONTAINER, REFUSED, error_code, is_answer, is_outage
from app.azure.quick_copy import QuickCopy

# What a copy is of stands in its metadata, which the service sets in the moment in which the copying begins.
SOURCE_KEY = "labelapi_source"
ETAG_KEY = "labelapi_source_etag"
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
EXISTS_ALREADY = (409, 412)


class CopyFailed(Exception):
    """A blob is not copied for now; the message says why in words without secrets. Trying again is safe."""


@dataclass(frozen=True)
class CopyOrder:
    """What is to be copied within the account of `client`: `blob`, as it was listed, to `path` of another container.

    `quick` does it where nothing is odd. The SDK's clients of single blobs take a tenth of its time to make.
    """

    client: BlobServiceClient
    source_container: str
    source_url: str
    blob: Blob
    target_container: str
    path: str
    wait_seconds: float
    quick: QuickCopy

    @property
    def source(self) -> BlobClient:
        """The SDK's client of what is copied."""
        return self.client.get_blob_client(self.source_container, self.blob.name)

    @property
    def target(self) -> BlobClient:
        """The SDK's client of the copy."""
        return self.client.get_blob_client(self.target_container, self.path)

    @property
    def marks(self) -> dict[str, str]:
        """The metadata by which a later run knows the copy for its own; the uploader's metadata stays behind."""
        source = f"{self.source_container}/{self.blob.name}"
        return {SOURCE_KEY: hashlib.sha256(source.encode()).hexdigest(), ETAG_KEY: self.blob.etag}


def copy_verified(order: CopyOrder) -> BlobProperties:
    """Copy, wait for success, and return what lies at the target. Raises CopyFailed, and the SDK's errors for outages."""
    status = order.quick.start(order.source_url, order.blob.etag, order.marks)
    refusal, is_done = (None, status == "success") if status else _start(order)
    if refusal:
        found = _settle(order)
        if found is None:
            raise CopyFailed(f"The file has changed since it was listed ({refusal}).")
        if _fault(order, found) is None and _is_known(order, found):
            return found
        # What an earlier run left unfinished, or copied before the source changed, is ours to write over.
        if _mark(found.metadata, SOURCE_KEY) != order.marks[SOURCE_KEY]:
            raise CopyFailed("There is another file at the place of the copy already.")
        refusal, is_done = _start(order, over=found.etag)
        if refusal:
            raise CopyFailed(f"The file or its copy has changed in the meantime ({refusal}).")
    found = order.quick.look() if is_done else None
    if found is None or found.copy.status == "pending":
        found = _settle(order)
    fault = "The copy has vanished." if found is None else _fault(order, found)
    if found is None or fault:
        raise CopyFailed(fault or "")
    return found


def _start(order: CopyOrder, over: str | None = None) -> tuple[str | None, bool]:
    """Start to copy onto nothing, or over the blob of the ETag `over`.

    Returns the reason when there is something else, and whether the copy is done already.
    """
    condition: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}
    if over:
        condition = {"etag": over, "match_condition": MatchConditions.IfNotModified}
    try:
        answer = order.target.start_copy_from_url(
            order.source_url,
            metadata=order.marks,
            source_etag=f'"{order.blob.etag}"',
            source_match_condition=MatchConditions.IfNotModified,
            **condition,
        )
    except HttpResponseError as error:
        code = error_code(error)
        if is_outage(error):
            raise
        is_source_gone = code == NO_CONTAINER and not order.client.get_container_client(order.source_container).exists()
        if code in ("CannotVerifyCopySource", NO_BLOB) or is_source_gone:
            raise CopyFailed(f"The storage service cannot read the file ({code}).") from error
        if error.status_code in REFUSED or code == NO_CONTAINER:
            raise
        if error.status_code in EXISTS_ALREADY:
            return code, False
        raise CopyFailed(f"The storage service does not copy the file ({code}).") from error
    return None, answer.get("copy_status") == "success"


def _settle(order: CopyOrder) -> BlobProperties | None:
    """Return what lies at the target as soon as nothing is being copied onto it; None when nothing lies there."""
    deadline, pause, waited = time.monotonic() + order.wait_seconds, FIRST_PAUSE_SECONDS, False
    while (found := _find(order.target)) is not None and found.copy.status == "pending":
        if time.monotonic() >= deadline:
            raise CopyFailed(f"The storage service is still copying the file after {order.wait_seconds:g} seconds.")
        time.sleep(pause)
        pause, waited = min(pause * 2, LONGEST_PAUSE_SECONDS), True
    if waited:
        source = _find(order.source)
        if source is None or source.etag.strip('"') != order.blob.etag:
            raise CopyFailed("The file has changed while it was copied.")
    return found


def _find(client: BlobClient) -> BlobProperties | None:
    try:
        return client.get_blob_properties()
    except HttpResponseError as error:
        if is_answer(error, 404, NO_BLOB):
            return None
        raise


def _is_known(order: CopyOrder, found: BlobProperties) -> bool:
    """True when a blob is surely a copy of the source: an earlier run says so, or its content."""
    same_content = order.blob.content_md5 is not None and _md5(found) == order.blob.content_md5
    return same_content or all(_mark(found.metadata, key) == value for key, value in order.marks.items())


def _fault(order: CopyOrder, found: BlobProperties) -> str | None:
    """Return what is wrong with a copy, None when it is whole."""
    if found.copy.status not in (None, "success"):
        said = f": {found.copy.status_description[:200]}" if found.copy.status_description else ""
        return f"The storage service ended the copy as {found.copy.status}{said}."
    if found.size != order.blob.size:
        return f"The copy has {found.size} bytes, the file has {order.blob.size}."
    if order.blob.content_md5 and _md5(found) not in (None, order.blob.content_md5):
        return "The copy has another MD5 than the file."
    return None


def _md5(found: BlobProperties) -> bytes | None:
    md5 = found.content_settings.content_md5
    return bytes(md5) if md5 else None


def _mark(metadata: Mapping[str, str] | None, key: str) -> str | None:
    # The case of metadata names is not kept by every service.
    return next((value for name, value in (metadata or {}).items() if name.lower() == key), None)
