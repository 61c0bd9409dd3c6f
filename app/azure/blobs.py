"""The blob store: containers, upload and read links, listings, copies, and bytes in and out.

Paths are names of blobs in the main container. Every outage of the storage service is a StorageUnavailable.
"""

import math
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from http import HTTPStatus
from typing import IO

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from app.azure.blob import Blob, ListedFile
from app.azure.connection import JOB, WEB, connect, make_session
from app.azure.containers import Containers
from app.azure.copies import CopyOrder, copy_verified, is_copy_of
from app.azure.fast_requests import RawClient
from app.azure.file_faults import (
    CopyFailed,
    CopyPending,
    FileFault,
    ReadFailed,
    describe_fault,
    is_missing,
    is_no_container,
)
from app.azure.names import printable, quote_name, target_path
from app.azure.outage import (
    NO_BLOB,
    NO_CONTAINER,
    ListingFailed,
    is_answer,
    is_nameless,
    storage_errors,
    unavailable,
)
from app.azure.sas import ANY_FILE, FileHeaders, content_disposition, make_signer
from app.azure.staged_blobs import StagedBlob
from app.errors import BadRequest, NotFound, StorageUnavailable

__all__ = ["Blob", "BlobStore", "CopyFailed", "CopyPending", "FileFault", "target_path"]

COPY_WAIT = timedelta(seconds=20)
MAX_KEPT_LINKS = 8192  # Some 6 MB.
HOUR = 3600
PAGE_BLOBS = 5000  # The most that the service lists at once.


class BlobStore(Containers):
    """One storage account: its containers, and the blobs of the main one; may be used by many threads.

    `connection_string` holds the account's key; without one `account_url` is the blob endpoint and the service shows its
    own identity (DefaultAzureCredential). `read_token_valid` and `upload_token_valid` say how long links work. A `patient`
    store retries for longer. Without `fast_requests` every request goes through the SDK. Raises ValueError when the
    connection string is not one with an account key.
    """

    def __init__(
        self,
        *,
        connection_string: str | None,
        account_url: str | None,
        container: str,
        read_token_valid: timedelta,
        upload_token_valid: timedelta,
        patient: bool = False,
        fast_requests: bool = True,
        copy_wait: timedelta = COPY_WAIT,
    ) -> None:
        self.container = container
        self._copy_wait = copy_wait
        self._read_token_valid = read_token_valid
        patience, session = JOB if patient else WEB, make_session()
        client = connect(connection_string, account_url, patience, session)
        super().__init__(client, make_signer(client, by_identity=not connection_string), upload_token_valid)
        timeout = (patience.connect_seconds, patience.read_seconds)
        # The links of a gallery are the same for hours, and a signature takes longer than the rest of its row.
        self._sign_preview = lru_cache(MAX_KEPT_LINKS)(self._make_preview_url)
        self._raw = RawClient(client, session, timeout) if fast_requests else None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # Listings

    def container_is_empty(self, container: str) -> bool:
        """True when a container holds no blob. Raises NotFound."""
        return next(self.list_blobs(container), None) is None

    def list_blobs(self, container: str, prefix: str = "") -> Iterator[Blob]:
        """Yield all blobs whose names begin with `prefix`, in the order of their names. Raises NotFound, ListingFailed."""
        client, marker = self._container(container), ""
        while True:
            with storage_errors(container):
                blobs, marker = self._list_page(client, prefix, marker)
            yield from blobs
            if not marker:
                return

    def _list_page(self, client: ContainerClient, prefix: str, marker: str) -> tuple[list[Blob], str]:
        page = self._raw.list_page(client.url, prefix, marker, PAGE_BLOBS) if self._raw else None
        if page:
            return page
        found = client.list_blobs(name_starts_with=prefix or None, include=["metadata"], results_per_page=PAGE_BLOBS)
        pages = found.by_page(marker or None)
        try:
            blobs = [Blob.of(properties) for properties in next(pages)]
        except HttpResponseError as error:
            if error.status_code == HTTPStatus.INTERNAL_SERVER_ERROR and is_nameless(error):
                self._require_outage(client, error)
            raise
        return blobs, pages.continuation_token or ""  # type: ignore[attr-defined]  # Typed as a mere iterator.

    def _require_outage(self, client: ContainerClient, error: HttpResponseError) -> None:
        """Raise ListingFailed when the service lists other blobs of this container, so that this listing is at fault."""
        try:
            next(client.list_blob_names(name_starts_with=_nowhere(), retry_total=0).by_page(), None)
        except AzureError:
            return
        raise ListingFailed(client.container_name) from error

    def list_files(self, container: str, cursor: str, size: int) -> tuple[list[ListedFile], str]:
        """Return up to `size` files of a container from a cursor on, and the cursor of those that follow, empty at the end.

        Raises NotFound for the container, BadRequest for a text that is no cursor, ListingFailed.
        """
        client = self._container(container)
        with storage_errors(container):
            pages = client.list_blobs(results_per_page=size).by_page(cursor or None)
            try:
                files = [ListedFile.of(properties) for properties in next(pages)]
            except HttpResponseError as error:
                if error.status_code == HTTPStatus.INTERNAL_SERVER_ERROR and is_nameless(error):
                    self._require_outage(client, error)
                if error.status_code == HTTPStatus.BAD_REQUEST and cursor:
                    detail = "The storage service does not accept this cursor. Use the one of a link to the next page."
                    raise BadRequest(detail, errors=[{"parameter": "cursor", "detail": detail}]) from error
                raise
        return files, pages.continuation_token or ""  # type: ignore[attr-defined]  # Typed as a mere iterator.

    # Blobs

    def find_blob(self, path: str) -> Blob | None:
        """Return a blob of the main container, None when there is none."""
        with storage_errors(self.container, path):
            try:
                return Blob.of(self._blob(path).get_blob_properties())
            except HttpResponseError as error:
                if is_answer(error, 404, NO_BLOB):
                    return None
                raise

    def copy_blob(self, source_container: str, blob: Blob, path: str) -> Blob:
        """Copy `blob`, as it was listed, to `path` of the main container, by the storage service itself; return the copy.

        Its `head` has its first bytes, up to `HEAD_BYTES`, where fast requests made it. Returns when the copy is there with the
        right size and MD5. A copy that an earlier call has made or begun is recognised.

        Raises CopyFailed for what is wrong with this file alone, also when it has changed since, or another file lies at
        `path`; CopyPending when the storage service goes on copying; StorageUnavailable when it copies no file.
        """
        order = CopyOrder(
            client=self._client,
            source_container=source_container,
            source_url=self._url(source_container, blob.name),
            blob=blob,
            target_container=self.container,
            path=path,
            wait_seconds=self._copy_wait.total_seconds(),
            target_url=self._url(self.container, path),
            raw=self._raw,
        )
        try:
            return copy_verified(order)
        except AzureError as error:
            self._require_service(source_container)
            if is_missing(error) and not self._is_listed(source_container, blob.name):
                raise CopyFailed("The file was deleted after it had been listed.") from error
            raise CopyFailed(describe_fault(error)) from error

    def _is_listed(self, container: str, name: str) -> bool:
        try:
            first = next(self.list_blobs(container, name), None)
        except NotFound:
            return False
        return first is not None and first.name == name

    def _require_service(self, source_container: str | None = None) -> None:
        """Check that the storage service does for other files what it failed to do for one. Raises StorageUnavailable.

        The check reads a blob that does not exist, and copies one from `source_container`, if given: the answer is then a 404.
        """
        nowhere = _nowhere()
        try:
            if source_container:
                self._blob(nowhere).start_copy_from_url(self._url(source_container, nowhere), retry_total=0)
        except AzureError as error:
            # Where it is the source's container that is missing, only its files cannot be copied.
            if not is_missing(error) and not is_no_container(error):
                raise unavailable(error) from error
        try:
            self._blob(nowhere).download_blob(length=1, offset=0, retry_total=0)
        except AzureError as error:
            if is_no_container(error):
                raise StorageUnavailable(f"There is no container {self.container} in the blob storage.") from error
            if not is_missing(error):
                raise unavailable(error) from error

    def discard_copy(self, source_container: str, name: str, path: str) -> None:
        """Delete what `copy_blob` has left at `path` of a blob of this name, where that can be done; another file stays.

        Raises StorageUnavailable.
        """
        target = self._blob(path)
        try:
            found = target.get_blob_properties()
            if is_copy_of(found.metadata, source_container, name):
                target.delete_blob("include", etag=found.etag, match_condition=MatchConditions.IfNotModified)
        except AzureError:
            self._require_service()

    def read_range(self, path: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes of a blob, as they are stored, from `offset` on; none after its end.

        Raises NotFound, ReadFailed when this file alone cannot be read, StorageUnavailable when none can.
        """
        try:
            blob = self._blob(path)
            return blob.download_blob(offset=offset, length=length, max_concurrency=1, decompress=False).readall()
        except AzureError as error:
            if getattr(error, "status_code", None) == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return b""
            raise self._fault(path, error) from error

    def read_file(self, path: str) -> Iterator[bytes]:
        """Yield a blob, as it is stored, piece by piece.

        Raises NotFound, ReadFailed when this file alone cannot be read, StorageUnavailable when none can.
        """
        try:
            yield from self._blob(path).download_blob(max_concurrency=1, decompress=False).chunks()
        except AzureError as error:
            raise self._fault(path, error) from error

    def _fault(self, path: str, error: AzureError) -> NotFound | ReadFailed:
        """Return what an error of reading says about one file. Raises StorageUnavailable when no file can be read."""
        self._require_service()
        if is_missing(error):
            return NotFound(f"There is no file {printable(path)} in the container {self.container}.")
        return ReadFailed(describe_fault(error))

    def read(self, path: str) -> Iterator[bytes]:
        """Yield a blob of the main container, as it is stored, piece by piece. Raises NotFound."""
        with storage_errors(self.container, path):
            yield from self._blob(path).download_blob(max_concurrency=1, decompress=False).chunks()

    def upload(
        self, path: str, content: Iterable[bytes] | IO[bytes], content_type: str, *, cache_control: str | None = None
    ) -> None:
        """Write a blob of the main container, block by block; what was there is replaced when all of it has arrived.

        Links that say nothing else answer it with `content_type` and `cache_control`. The service compares the MD5 of each
        block with the one that was sent, so that bytes changed on the way are an outage.
        """
        data = content if hasattr(content, "read") else _each(content)
        settings = ContentSettings(content_type=content_type, cache_control=cache_control)
        with self._writing(path):
            self._blob(path).upload_blob(data, overwrite=True, content_settings=settings, validate_content=True)

    def stage(self, path: str, expected_size: int) -> StagedBlob:
        """Begin a blob of the main container of about so many bytes; nobody sees it before it is finished."""
        return StagedBlob(self._blob(path), expected_size, partial(self._writing, path))

    @contextmanager
    def _writing(self, path: str) -> Iterator[None]:
        with storage_errors(self.container, path), self._main_container():
            yield

    def delete_blob(self, path: str) -> None:
        """Delete a blob of the main container, with its snapshots, where there is one. Raises StorageUnavailable."""
        with storage_errors(self.container, path):
            try:
                self._blob(path).delete_blob("include")
            except HttpResponseError as error:
                if not is_answer(error, 404, NO_BLOB):
                    raise

    @contextmanager
    def _main_container(self) -> Iterator[None]:
        """Make it an outage when the main container is not there: jobs wait for it, as they do for the account."""
        try:
            yield
        except HttpResponseError as error:
            if is_answer(error, 404, NO_CONTAINER):
                raise StorageUnavailable(f"There is no container {self.container} in the blob storage.") from error
            raise

    def read_url(
        self, path: str, content_type: str = ANY_FILE, *, inline: bool = False, content_encoding: str | None = None
    ) -> str:
        """Return a link that reads one blob of the main container for `read_token_valid`, rounded up to the full hour.

        The file is answered with `content_type` and its own name, for a browser to save or, `inline`, to show, and for
        private caches only; what the uploader stored beside it is not answered. With `content_encoding` clients decode it,
        else they get the bytes as they are stored. Within the same hour the link is the same, so that browsers know the file
        again.
        """
        expiry = _time_at(math.ceil((time.time() + self._read_token_valid.total_seconds()) / HOUR) * HOUR)
        disposition = content_disposition(path.rpartition("/")[2], inline=inline)
        headers = FileHeaders(content_type, disposition, content_encoding)
        with storage_errors(self.container, path):
            query = self._signer.sign_read(self.container, path, expiry, headers)
        return f"{self._url(self.container, path)}?{query}"

    def make_file_upload_url(self, path: str, valid: timedelta) -> tuple[str, datetime]:
        """Return a link that writes one blob of the main container for `valid`, and when it expires.

        It works for less where links of this installation end sooner. It cannot be revoked.
        """
        expiry = (datetime.now(UTC) + min(valid, self._signer.longest_upload)).replace(microsecond=0)
        with storage_errors(self.container, path):
            query = self._signer.sign_file_upload(self.container, path, expiry)
        return f"{self._url(self.container, path)}?{query}", expiry

    def preview_url(self, path: str) -> str:
        """Return a link that reads a preview, a blob of the main container that this service wrote, as it is stored.

        It works for between seven eighths of `read_token_valid` and all of it, and is the same for an eighth, so that browsers
        find the preview in their caches.
        """
        valid = self._read_token_valid.total_seconds()
        period = valid / 8
        return self._sign_preview(path, _time_at((time.time() + valid) // period * period))

    def _make_preview_url(self, path: str, expiry: datetime) -> str:
        with storage_errors(self.container, path):
            query = self._signer.sign_read(self.container, path, expiry, None)
        return f"{self._url(self.container, path)}?{query}"

    def _container(self, container: str) -> ContainerClient:
        return self._client.get_container_client(container)

    def _blob(self, path: str) -> BlobClient:
        return self._client.get_blob_client(self.container, path)

    def _url(self, container: str, name: str) -> str:
        return f"{self._endpoint}/{container}/{quote_name(name)}"


def _nowhere() -> str:
    """Return a name that no blob has."""
    return f"labelapi/nowhere/{uuid.uuid4()}"


# All links of a page have one expiry, which takes 2 µs to make; a kept link of a preview takes less than one besides.
@lru_cache(16)
def _time_at(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)


def _each(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # The SDK takes no lists.
    yield from chunks
