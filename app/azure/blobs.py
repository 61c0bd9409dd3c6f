"""The blob store: containers, upload and read links, listings, copies, and bytes in and out.

Paths are names of blobs in the main container. Every outage of the storage service is a StorageUnavailable.
"""

import random
import secrets
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import IO, Any

import requests
from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import (
    AccessPolicy,
    BlobClient,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    ExponentialRetry,
)
from requests.adapters import HTTPAdapter

from app.azure.copies import CopyOrder, copy_verified, is_copy_of
from app.azure.direct import DirectLine
from app.azure.file_faults import (
    CopyFailed,
    CopyPending,
    FileFault,
    ReadFailed,
    describe_fault,
    is_missing,
    is_no_container,
)
from app.azure.listing import Blob, get_page
from app.azure.names import keep_dot_segments, printable, quote_name, target_path
from app.azure.outage import NO_BLOB, NO_CONTAINER, error_code, is_answer, is_outage, storage_errors, unavailable
from app.azure.quick_copy import QuickCopy
from app.azure.sas import (
    ANY_FILE,
    UPLOAD_PERMISSION,
    UPLOAD_POLICY,
    AccountKeySigner,
    FileHeaders,
    Signer,
    UserDelegationSigner,
    content_disposition,
)
from app.azure.unlistable import find_unlistable
from app.errors import Conflict, NotFound, StorageUnavailable

__all__ = ["Blob", "BlobStore", "CopyFailed", "CopyPending", "FileFault", "target_path"]

MAX_CONNECTIONS = 64
BLOCK_SIZE = 4 * 1024**2
COPY_WAIT = timedelta(seconds=20)
# "It may take up to 30 seconds to take effect": learn.microsoft.com, "Define a stored access policy".
REVOCATION_TIME = timedelta(seconds=30)
RANGE_BEHIND_END = 416
CHANGED_OR_HELD = (409, 412)
COPY_SOURCE = "x-ms-copy-source"


@dataclass(frozen=True)
class Patience:
    """How long a call may take: seconds to connect and for an answer, tries after the first, seconds between tries.

    A silent storage service is tried again `read_retries` times.
    """

    connect_seconds: float
    read_seconds: float
    retries: int
    read_retries: int
    longest_pause_seconds: float


# Behind a web request somebody waits, who shall be told soon; a job has time.
WEB = Patience(connect_seconds=1.5, read_seconds=3.5, retries=1, read_retries=0, longest_pause_seconds=0.5)
JOB = Patience(connect_seconds=5, read_seconds=20, retries=4, read_retries=2, longest_pause_seconds=10)
FIRST_PAUSE_SECONDS = 0.3


class Retries(ExponentialRetry):
    """The SDK's policy, with pauses that begin short; one that the service asks for (Retry-After) is kept if not too long."""

    def __init__(self, patience: Patience) -> None:
        super().__init__(retry_total=patience.retries, retry_read=patience.read_retries)
        self.longest_pause_seconds = patience.longest_pause_seconds

    def sleep(self, settings: dict[str, Any], transport: Any) -> None:
        """Wait until the next try."""
        answer = _last_answer(settings)
        if answer is not None:
            # The SDK does not read such an answer to its end, which would give its connection back.
            answer.internal_response.close()
        super().sleep(settings, transport)  # type: ignore[no-untyped-call]

    def get_backoff_time(self, settings: dict[str, Any]) -> float:
        """Return the seconds until the next try."""
        answer = _last_answer(settings)
        asked = str(answer.headers.get("Retry-After", "")) if answer is not None else ""
        pause = float(asked) if asked.isdecimal() else FIRST_PAUSE_SECONDS * 2 ** settings["count"]
        # Chance keeps the tries of many threads apart.
        return min(pause, self.longest_pause_seconds) * random.uniform(0.8, 1)  # noqa: S311


def _last_answer(settings: dict[str, Any]) -> Any:
    # A try that ends before its request, for want of a token, leaves no trace there.
    return settings["history"][-1].http_response if settings["history"] else None


class BlobStore:
    """One storage account, of which one container is the main one; may be used by many threads.

    `connection_string` holds the account's key; without one `account_url` is the blob endpoint and the service shows its
    own identity (DefaultAzureCredential). `read_token_valid` and `upload_token_valid` say how long links work. A `patient`
    store retries for longer. Raises ValueError when the connection string is not one with an account key.
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
        copy_wait: timedelta = COPY_WAIT,
    ) -> None:
        self.container = container
        self._copy_wait = copy_wait
        patience = JOB if patient else WEB
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=MAX_CONNECTIONS))
        self._client = _connect(connection_string, account_url, patience, session)
        self._endpoint = self._client.url.rstrip("/")
        self._is_encrypted = self._endpoint.startswith("https://")
        self._signer = _make_signer(self._client, by_identity=not connection_string)
        self._line = DirectLine(self._client, session, (patience.connect_seconds, patience.read_seconds))
        self._read_token_valid = read_token_valid
        # How long upload links really work.
        self.upload_token_valid = min(upload_token_valid, self._signer.longest_upload)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # Containers and upload links

    def container_exists(self, container: str) -> bool:
        """True when there is such a container."""
        with storage_errors(container):
            try:
                self._container(container).get_container_properties()
            except HttpResponseError as error:
                if is_answer(error, 404, NO_CONTAINER):
                    return False
                raise
        return True

    def container_is_empty(self, container: str) -> bool:
        """True when a container holds no blob. Raises NotFound."""
        return next(self.list_blobs(container), None) is None

    def make_container(self, container: str) -> bool:
        """Make a private container; return False when it is there already."""
        with storage_errors(container):
            try:
                self._container(container).create_container()
            except HttpResponseError as error:
                if is_answer(error, 409, "ContainerAlreadyExists"):
                    return False
                raise
        return True

    def delete_container(self, container: str) -> None:
        """Delete a container with all that is in it; one that is gone already is fine.

        Raises Conflict when it has a lease, or a policy or a legal hold keeps its files.
        """
        with storage_errors(container):
            try:
                self._container(container).delete_container()
            except HttpResponseError as error:
                if is_answer(error, 404, NO_CONTAINER) or is_answer(error, 409, "ContainerBeingDeleted"):
                    return
                if error.status_code in CHANGED_OR_HELD and not is_outage(error):
                    words = "has a lease, or a policy or a legal hold keeps its files"
                    raise Conflict(f"The container {container} {words} ({error_code(error)}).") from error
                raise

    def list_containers(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Yield the containers whose names begin with `prefix`, with the time (UTC) of their last change."""
        with storage_errors(prefix):
            for properties in self._client.list_containers(name_starts_with=prefix):
                yield properties.name, properties.last_modified

    @property
    def upload_urls_revocable(self) -> bool:
        """False where upload links live until they expire (user delegation)."""
        return self._signer.revocable

    @property
    def revocation_time(self) -> timedelta:
        """How long a revoked link may still work. An endpoint without TLS is an emulator, which forgets links at once."""
        return REVOCATION_TIME if self._is_encrypted else timedelta(0)

    def make_upload_url(self, container: str, *, revoke: bool = False) -> str:
        """Return a link that reads, writes, lists and deletes in one container, for `upload_token_valid`. Raises NotFound.

        `revoke` ends the links that were made before, within `revocation_time`; the new one may need as long to work.
        """
        policy = self._upload_policy(container, new=revoke) if self._signer.revocable else None
        expiry = datetime.now(UTC) + self.upload_token_valid
        with storage_errors(container):
            return f"{self._endpoint}/{container}?{self._signer.sign_upload(container, expiry, policy)}"

    def _upload_policy(self, container: str, *, new: bool) -> str:
        """Return the name of the container's stored access policy; a new one takes the place of the one before."""
        with storage_errors(container):
            policies = self._container(container).get_container_access_policy()["signed_identifiers"]
        if policies and not new:
            return str(policies[0].id)
        name = f"{UPLOAD_POLICY}-{secrets.token_hex(8)}" if new else UPLOAD_POLICY
        self._set_policies(container, {name: AccessPolicy(permission=UPLOAD_PERMISSION)})
        return name

    def revoke_upload_urls(self, container: str) -> None:
        """End all upload links of a container, within `revocation_time`, where they are revocable. Raises NotFound."""
        if self._signer.revocable:
            self._set_policies(container, {})

    def _set_policies(self, container: str, policies: dict[str, AccessPolicy]) -> None:
        with storage_errors(container):
            self._container(container).set_container_access_policy(signed_identifiers=policies)

    # Blobs

    def list_blobs(self, container: str, prefix: str = "") -> Iterator[Blob]:
        """Yield all blobs whose names begin with `prefix`, in the order of their names. Raises NotFound."""
        client, mark = self._container(container), ""
        while True:
            with storage_errors(container):
                page = get_page(self._line, client, prefix, mark)
            yield from page.blobs
            mark = page.next_mark
            if not mark:
                return

    def find_unlistable(self, container: str) -> Blob | None:
        """Return a blob whose name keeps a container from being listed, None when there is none. Raises Unlistable, NotFound."""
        with storage_errors(container):
            found = find_unlistable(self._container(container))
            return Blob.of(found) if found else None

    def remove_blob(self, container: str, blob: Blob) -> bool:
        """Delete `blob` as it was seen, with its snapshots; return False when it has changed or gone, or has a lease."""
        with storage_errors(container, blob.name):
            try:
                self._client.get_blob_client(container, blob.name).delete_blob(
                    "include", etag=f'"{blob.etag}"', match_condition=MatchConditions.IfNotModified
                )
            except HttpResponseError as error:
                if error.status_code not in CHANGED_OR_HELD:
                    raise
                return False
        return True

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

        Its `head` may have its first bytes, as many as there are or `HEAD_BYTES`. Returns when the copy is there with the
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
            quick=QuickCopy(self._line, self._url(self.container, path), path),
        )
        try:
            return replace(Blob.of(copy_verified(order)), head=order.quick.head)
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
        """See whether the storage service does for others what it failed to do for one file. Raises StorageUnavailable.

        It is asked to read a file that is nowhere, and to copy one from `source_container`, if given: what works says so.
        """
        nowhere = f"labelapi/nowhere/{uuid.uuid4()}"
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
        """Return up to `length` bytes of a blob, as they are stored, from `offset` on; none behind its end.

        Raises NotFound, ReadFailed when this file alone cannot be read, StorageUnavailable when none can.
        """
        try:
            blob = self._blob(path)
            return blob.download_blob(offset=offset, length=length, max_concurrency=1, decompress=False).readall()
        except AzureError as error:
            if getattr(error, "status_code", None) == RANGE_BEHIND_END:
                return b""
            self._require_service()
            if is_missing(error):
                raise NotFound(f"There is no file {printable(path)} in the container {self.container}.") from error
            raise ReadFailed(describe_fault(error)) from error

    def read(self, path: str) -> Iterator[bytes]:
        """Yield a blob of the main container, as it is stored, piece by piece. Raises NotFound."""
        with storage_errors(self.container, path):
            yield from self._blob(path).download_blob(max_concurrency=1, decompress=False).chunks()

    def upload(self, path: str, content: Iterable[bytes] | IO[bytes], content_type: str) -> None:
        """Write a blob of the main container, block by block; what was there is replaced when all of it has arrived."""
        data = content if hasattr(content, "read") else _each(content)
        with storage_errors(self.container, path):
            settings = ContentSettings(content_type=content_type)
            with self._main_container():
                self._blob(path).upload_blob(data, overwrite=True, content_settings=settings)

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
        expiry = _round_up(datetime.now(UTC) + self._read_token_valid)
        disposition = content_disposition(path.rpartition("/")[2], inline=inline)
        headers = FileHeaders(content_type, disposition, content_encoding)
        with storage_errors(self.container, path):
            query = self._signer.sign_read(self.container, path, expiry, headers)
        return f"{self._url(self.container, path)}?{query}"

    def _container(self, container: str) -> ContainerClient:
        return self._client.get_container_client(container)

    def _blob(self, path: str) -> BlobClient:
        return self._client.get_blob_client(self.container, path)

    def _url(self, container: str, name: str) -> str:
        return f"{self._endpoint}/{container}/{quote_name(name)}"


def _connect(
    connection_string: str | None, account_url: str | None, patience: Patience, session: requests.Session
) -> BlobServiceClient:
    def keep_names(request: PipelineRequest[Any]) -> None:
        sent = request.http_request
        sent.url = keep_dot_segments(sent.url, client.url)
        if COPY_SOURCE in sent.headers:
            sent.headers[COPY_SOURCE] = keep_dot_segments(sent.headers[COPY_SOURCE], client.url)

    def try_again_when_throttled(response: PipelineResponse[Any, Any]) -> None:
        # The SDK tries again after 503 and takes 429, which says the same, for final.
        if response.http_response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            response.http_response.status_code = HTTPStatus.SERVICE_UNAVAILABLE

    options: dict[str, Any] = {
        "transport": RequestsTransport(
            session=session, connection_timeout=patience.connect_seconds, read_timeout=patience.read_seconds
        ),
        "retry_policy": Retries(patience),
        "raw_request_hook": keep_names,
        "raw_response_hook": try_again_when_throttled,
        "max_single_put_size": BLOCK_SIZE,
        "max_block_size": BLOCK_SIZE,
    }
    if connection_string:
        client = BlobServiceClient.from_connection_string(connection_string, **options)
    elif account_url:
        # The import takes half a second and is needed with a managed identity only.
        from azure.identity import DefaultAzureCredential

        identity = DefaultAzureCredential(
            retry_total=patience.retries,
            connection_timeout=patience.connect_seconds,
            read_timeout=patience.read_seconds,
        )
        client = BlobServiceClient(account_url, identity, **options)
    else:
        raise ValueError("The blob store needs a connection string or the URL of the account.")
    return client


def _make_signer(client: BlobServiceClient, by_identity: bool) -> Signer:
    account_name, protocol = client.account_name, "https" if client.url.startswith("https://") else None
    if account_name is None:
        raise ValueError("The URL of the storage account does not name the account.")
    if by_identity:
        return UserDelegationSigner(account_name, client.get_user_delegation_key, protocol)
    account_key = getattr(client.credential, "account_key", None)
    if not account_key:
        raise ValueError("The connection string of the storage account holds no AccountKey.")
    return AccountKeySigner(account_name, account_key, protocol)


def _round_up(time: datetime) -> datetime:
    hour = time.replace(minute=0, second=0, microsecond=0)
    return hour if hour == time else hour + timedelta(hours=1)


def _each(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # The SDK takes no lists.
    yield from chunks
