"""Copying by the storage service itself, so that it may run twice, be killed at any moment, and end in a verified copy."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient, BlobServiceClient, StandardBlobTier

from app.azure.blob import Blob
from app.azure.fast_requests import RawClient
from app.azure.file_faults import ARCHIVED, CHANGED, REHYDRATING, CopyFailed, CopyPending, NameTaken
from app.azure.outage import NO_BLOB, error_code, is_answer

# What a copy is of stands in its metadata, which the service sets in the moment in which the copying begins.
SOURCE_KEY = "labelapi_source"
ETAG_KEY = "labelapi_source_etag"
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
CONFLICT = (409, 412)


@dataclass(frozen=True)
class CopyOrder:
    """What is to be copied within the account of `client`: `blob`, as it was listed, to `path` of another container.

    `raw` does it with fast requests where each answer is the expected one; without it the SDK does. The SDK's clients of
    single blobs are made when they are needed, because making them takes a tenth of the time of a copy.
    """

    client: BlobServiceClient
    source_container: str
    source_url: str
    blob: Blob
    target_container: str
    path: str
    target_url: str
    wait_seconds: float
    raw: RawClient | None

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
        """The metadata by which a later run knows the copy for its own; the uploader's metadata is left out."""
        return {SOURCE_KEY: _source_mark(self.source_container, self.blob.name), ETAG_KEY: self.blob.etag}


def copy_verified(order: CopyOrder) -> Blob:
    """Copy, wait for success, and return what lies at the target.

    Raises CopyFailed, CopyPending when that takes longer than `wait_seconds`, and the SDK's errors for all that may be an
    outage.
    """
    status = _start_fast(order)
    refusal, is_done = (None, status == "success") if status else _start(order)
    if refusal:
        found = _settle(order)
        if found is not None and _fault(order, found) is None and _is_known(order, found):
            return found
        if found is None:
            raise _error_of(refusal)
        # What an earlier run left unfinished, or copied before the source changed, is ours to write over.
        if not is_copy_of(found.metadata, order.source_container, order.blob.name):
            raise NameTaken("Another file already has the place of the copy.")
        refusal, is_done = _start(order, over=found.etag)
        if refusal:
            raise _error_of(refusal)
    found = order.raw.head(order.target_url, order.path) if order.raw and is_done else None
    if found is None or found.copy_status == "pending":
        found = _settle(order)
    fault = "The copy has vanished." if found is None else _fault(order, found)
    if found is None or fault:
        raise CopyFailed(fault or "")
    return found


def _start_fast(order: CopyOrder) -> str | None:
    """Start to copy with a fast request; return the status of the copy, None when the SDK has to try."""
    # A file in the archive tier is copied into another tier, which only the SDK's request asks for.
    if order.raw is None or order.blob.is_archived:
        return None
    return order.raw.start_copy(order.target_url, order.source_url, order.blob.etag, order.marks)


def _error_of(refusal: HttpResponseError) -> Exception:
    """Return the error to raise for a copy that did not begin: the refusal itself where it may concern more than this file."""
    code = error_code(refusal)
    if code == REHYDRATING:
        return CopyPending("The storage service is still moving the file out of the archive tier.")
    if code in CHANGED:
        return CopyFailed(f"The file changed after it was listed ({code}).")
    return refusal


def _start(
    order: CopyOrder, over: str | None = None, *, is_archived: bool | None = None
) -> tuple[HttpResponseError | None, bool]:
    """Start to copy onto nothing, or over the blob of the ETag `over`.

    Returns the answer when it does not fit what is there, and whether the copy is done already.
    """
    is_archived = order.blob.is_archived if is_archived is None else is_archived
    options: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}
    if over:
        options = {"etag": f'"{over}"', "match_condition": MatchConditions.IfNotModified}
    if is_archived:
        options["standard_blob_tier"] = StandardBlobTier.HOT
    try:
        answer = order.target.start_copy_from_url(
            order.source_url,
            metadata=order.marks,
            source_etag=f'"{order.blob.etag}"',
            source_match_condition=MatchConditions.IfNotModified,
            **options,
        )
    except HttpResponseError as error:
        if error_code(error) == ARCHIVED and not is_archived:
            return _start(order, over, is_archived=True)
        if error.status_code not in CONFLICT:
            raise
        return error, False
    return None, answer.get("copy_status") == "success"


def _settle(order: CopyOrder) -> Blob | None:
    """Return what lies at the target as soon as nothing is being copied onto it; None when nothing lies there."""
    deadline, pause, waited = time.monotonic() + order.wait_seconds, FIRST_PAUSE_SECONDS, False
    while (found := _find(order.target)) is not None and found.copy_status == "pending":
        if order.blob.is_archived or time.monotonic() >= deadline:
            raise CopyPending("The storage service is still copying the file.")
        time.sleep(pause)
        pause, waited = min(pause * 2, LONGEST_PAUSE_SECONDS), True
    if found is not None and found.is_rehydrating:
        # The copy is there, and cannot be read for some hours: learn.microsoft.com, "Rehydrate an archived blob".
        raise CopyPending("The storage service is still moving the copy out of the archive tier.")
    if waited:
        source = _find(order.source)
        if source is None or source.etag != order.blob.etag:
            raise CopyFailed("The file changed while it was being copied.")
    return found


def is_copy_of(metadata: Mapping[str, str] | None, source_container: str, name: str) -> bool:
    """True when the metadata is that of a copy which this service began of a blob of this name."""
    return _mark(metadata, SOURCE_KEY) == _source_mark(source_container, name)


def _source_mark(source_container: str, name: str) -> str:
    return hashlib.sha256(f"{source_container}/{name}".encode()).hexdigest()


def _find(client: BlobClient) -> Blob | None:
    try:
        return Blob.of(client.get_blob_properties())
    except HttpResponseError as error:
        if is_answer(error, 404, NO_BLOB):
            return None
        raise


def _is_known(order: CopyOrder, found: Blob) -> bool:
    """True when a blob is surely a copy of the source: its metadata or its content shows that."""
    same_content = order.blob.content_md5 is not None and found.content_md5 == order.blob.content_md5
    return same_content or all(_mark(found.metadata, key) == value for key, value in order.marks.items())


def _fault(order: CopyOrder, found: Blob) -> str | None:
    """Return what is wrong with a copy, None when it is whole."""
    if found.copy_status not in (None, "success"):
        reason = f": {found.copy_status_description[:200]}" if found.copy_status_description else ""
        return f"The storage service ended the copy with the status {found.copy_status}{reason}."
    if found.size != order.blob.size:
        return f"The copy has {found.size} bytes, the file has {order.blob.size}."
    if order.blob.content_md5 and found.content_md5 not in (None, order.blob.content_md5):
        return "The copy has another MD5 than the file."
    return None


def _mark(metadata: Mapping[str, str] | None, key: str) -> str | None:
    # The case of metadata names is not kept by every service.
    return next((value for name, value in (metadata or {}).items() if name.lower() == key), None)
