"""Blob stores on a real Azurite, and a proxy before it."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from app.azure.blobs import Blob, BlobStore
from app.azure.names import keep_dot_segments
from tests.storage_proxy import StorageProxy, storage_proxy

WEEK = timedelta(days=7)
# For what both our fast requests and the SDK do, depending on a setting.
BOTH_WAYS = pytest.mark.parametrize("fast_requests", [True, False], ids=["fast", "sdk"])


def open_store(connection_string: str, container: str, **options: Any) -> BlobStore:
    """A store for this account and main container."""
    days: dict[str, Any] = {"read_token_valid": WEEK, "upload_token_valid": WEEK}
    return BlobStore(connection_string=connection_string, account_url=None, container=container, **{**days, **options})


@pytest.fixture
def fast_requests() -> bool:
    """Whether stores send fast requests; see BOTH_WAYS."""
    return True


@pytest.fixture
def store(storage_connection_string: str, fast_requests: bool) -> Iterator[BlobStore]:
    """A patient store with a new main container."""
    name = f"main-{uuid.uuid4().hex[:12]}"
    store = open_store(storage_connection_string, name, patient=True, fast_requests=fast_requests)
    store.make_container(store.container)
    yield store
    store.close()


@pytest.fixture
def dropbox(store: BlobStore) -> str:
    """The name of a new container for uploads."""
    name = f"dropbox-{uuid.uuid4().hex[:12]}"
    store.make_container(name)
    return name


@pytest.fixture
def proxy(storage_connection_string: str) -> Iterator[StorageProxy]:
    with storage_proxy(storage_connection_string) as proxy:
        yield proxy


@pytest.fixture
def proxied(proxy: StorageProxy, store: BlobStore, fast_requests: bool) -> Iterator[BlobStore]:
    """The same main container, reached through the proxy; waits two seconds for a copy."""
    options = {"patient": True, "copy_wait": timedelta(seconds=2), "fast_requests": fast_requests}
    proxied = open_store(proxy.connection_string, store.container, **options)
    yield proxied
    proxied.close()


@pytest.fixture
def account(storage_connection_string: str) -> Iterator[BlobServiceClient]:
    """The storage account, seen with the account's key, for names that the SDK does not straighten."""

    def keep(request: Any) -> None:
        request.http_request.url = keep_dot_segments(request.http_request.url, client.url)

    with BlobServiceClient.from_connection_string(storage_connection_string, raw_request_hook=keep) as client:
        yield client


def put(account: BlobServiceClient, container: str, name: str, content: bytes, **options: Any) -> None:
    """Upload a blob with the key of the account."""
    account.get_blob_client(container, name).upload_blob(content, overwrite=True, **options)


def only_blob(store: BlobStore, container: str) -> Blob:
    """The one blob that a container holds, as it is listed."""
    (blob,) = store.list_blobs(container)
    return blob
