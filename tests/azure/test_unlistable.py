"""Files with names that XML cannot hold: found where the service cannot list them, and told from an outage."""

import uuid
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient, ContainerClient

from app.azure.blobs import BlobStore, target_path
from app.azure.names import printable
from app.azure.unlistable import BEYOND_16_BITS, CHARACTERS, Unlistable, _character, _rank
from app.errors import StorageUnavailable
from tests.azure.conftest import open_store
from tests.storage_proxy import Exchange, StorageProxy, storage_proxy

LISTED = ["a", "b", "b\ttab", "c\nfeed", "d\rreturn", "e\x7f\x85", "z", "\ue000", "😀"]
UNLISTED = ["\0", "\x1f/😀/\ue000.jpg", "b\x01c", "b\x01d", "b\x0b" + "字" * 3, "x\ufffey", "😀\x08", "\uffff"]


@pytest.fixture
def dropbox(storage_connection_string: str) -> Iterator[ContainerClient]:
    """A new container, seen with the account's key."""
    with BlobServiceClient.from_connection_string(storage_connection_string) as account:
        yield account.create_container(f"dropbox-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def proxy(storage_connection_string: str) -> Iterator[StorageProxy]:
    with storage_proxy(storage_connection_string) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: StorageProxy) -> Iterator[BlobStore]:
    """A store with a new main container, reached through the proxy."""
    store = open_store(proxy.connection_string, f"main-{uuid.uuid4().hex[:12]}")
    store.make_container(store.container)
    yield store
    store.close()


def list_query(exchange: Exchange) -> dict[str, str] | None:
    """The query of a listing, None for other requests."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(exchange.path).query).items()}
    return query if query.get("comp") == "list" else None


def fail_listings(of_those: Callable[[dict[str, str]], bool]) -> Callable[[Exchange], None]:
    def rule(exchange: Exchange) -> None:
        query = list_query(exchange)
        if query and of_those(query):
            exchange.status, exchange.body = 500, b""

    return rule


def test_every_name_that_cannot_be_listed_is_found(store: BlobStore, dropbox: ContainerClient) -> None:
    for name in LISTED + UNLISTED:
        dropbox.upload_blob(name, name.encode())
    with pytest.raises(HttpResponseError):
        list(dropbox.list_blobs(retry_total=0))
    found = {}
    while blob := store.find_unlistable(dropbox.container_name):
        found[blob.name] = blob
        path = target_path("t", blob.name)
        assert store.copy_blob(dropbox.container_name, blob, path).head == blob.name.encode()
        assert store.remove_blob(dropbox.container_name, blob)
    assert sorted(found) == sorted(UNLISTED)
    assert sorted(blob.name for blob in store.list_blobs(dropbox.container_name)) == sorted(LISTED)
    assert sorted(blob.name for blob in store.list_blobs(store.container)) == sorted(
        target_path("t", name) for name in UNLISTED
    )


def test_a_file_that_changed_or_is_leased_is_not_removed(store: BlobStore, dropbox: ContainerClient) -> None:
    dropbox.upload_blob("a\x01", b"old")
    old = store.find_unlistable(dropbox.container_name) or pytest.fail("not found")
    dropbox.upload_blob("a\x01", b"new", overwrite=True)
    assert not store.remove_blob(dropbox.container_name, old)
    new = store.find_unlistable(dropbox.container_name) or pytest.fail("not found")
    lease = dropbox.get_blob_client("a\x01").acquire_lease()
    assert not store.remove_blob(dropbox.container_name, new)
    lease.break_lease(0)
    assert store.remove_blob(dropbox.container_name, new)
    assert not store.remove_blob(dropbox.container_name, new)
    assert store.container_is_empty(dropbox.container_name)


def test_azures_way_to_list_such_names_is_understood(
    store: BlobStore, proxy: StorageProxy, dropbox: ContainerClient
) -> None:
    dropbox.upload_blob("a\ufffe%41.txt", b"water")
    dropbox.upload_blob("stand-in", b"water")
    etag = dropbox.get_blob_client("a\ufffe%41.txt").get_blob_properties().etag.strip('"')
    stand_in = dropbox.get_blob_client("stand-in").get_blob_properties().etag.strip('"')

    def rule(exchange: Exchange) -> None:
        if list_query(exchange):
            body = exchange.body.replace(b"<Name>stand-in", b'<Name Encoded="true">a%EF%BF%BE%2541.txt')
            exchange.body = body.replace(stand_in.encode(), etag.encode())

    proxy.rule = rule
    # Azurite cannot list the file itself, so the proxy makes a listing of another one into Azure's listing of this one.
    found = [*store.list_blobs(dropbox.container_name, "stand-in")]
    assert [blob.name for blob in found] == ["a\ufffe%41.txt"]
    assert store.copy_blob(dropbox.container_name, found[0], target_path("t", found[0].name)).head == b"water"
    assert store.find_blob("t/a%EF%BF%BE%2541.txt")


@pytest.mark.parametrize("silent_after", [0, 1, 2, 20])
def test_an_outage_is_never_taken_for_a_name(
    store: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, silent_after: int
) -> None:
    dropbox.upload_blob("a\x01b", b"x")
    left = [silent_after]

    def rule(exchange: Exchange) -> None:
        left[0] -= 1
        if left[0] < 0:
            exchange.status, exchange.body = 503, b""

    proxy.rule = rule
    with pytest.raises(StorageUnavailable):
        store.find_unlistable(dropbox.container_name)


def test_listings_that_fail_for_a_while_are_not_taken_for_a_name(
    store: BlobStore, proxy: StorageProxy, dropbox: ContainerClient
) -> None:
    dropbox.upload_blob("a", b"x")
    proxy.rule = fail_listings(lambda query: True)
    with pytest.raises(StorageUnavailable):
        store.find_unlistable(dropbox.container_name)
    proxy.rule = fail_listings(lambda query: "startFrom" in query)
    assert store.find_unlistable(dropbox.container_name) is None


def test_a_file_that_cannot_be_found_is_told_by_the_one_before_it(
    store: BlobStore, proxy: StorageProxy, dropbox: ContainerClient
) -> None:
    for name in ("a", "b", "d"):
        dropbox.upload_blob(name, b"x")
    # A service that has trouble with names, and lists nothing behind "b" for another reason.
    single = {"startFrom", "maxresults"}
    proxy.rule = fail_listings(
        lambda query: (
            "prefix" not in query
            and not (single <= query.keys() and query["maxresults"] == "1" and query["startFrom"] <= "b")
        )
    )
    with pytest.raises(Unlistable) as failure:
        store.find_unlistable(dropbox.container_name)
    assert failure.value.behind == "b"


def test_a_service_that_cannot_begin_a_listing_anywhere_is_told_so(
    store: BlobStore, proxy: StorageProxy, dropbox: ContainerClient
) -> None:
    dropbox.upload_blob("a", b"x")
    proxy.rule = fail_listings(lambda query: "prefix" not in query)
    with pytest.raises(Unlistable) as failure:
        store.find_unlistable(dropbox.container_name)
    assert failure.value.behind == ""


def test_an_outage_that_has_a_name_is_not_taken_for_a_file(
    store: BlobStore, proxy: StorageProxy, dropbox: ContainerClient
) -> None:
    dropbox.upload_blob("a", b"x")

    def rule(exchange: Exchange) -> None:
        query = list_query(exchange)
        if query and "prefix" not in query:
            exchange.status, exchange.body = 500, b""
            exchange.headers["x-ms-error-code"] = "OperationTimedOut"

    proxy.rule = rule
    with pytest.raises(StorageUnavailable):
        store.find_unlistable(dropbox.container_name)


def test_a_service_without_listings_that_begin_anywhere_lists_as_ever(
    store: BlobStore, proxy: StorageProxy, dropbox: ContainerClient
) -> None:
    dropbox.upload_blob("a", b"x")

    def rule(exchange: Exchange) -> None:
        query = list_query(exchange)
        if query and "startFrom" in query:
            exchange.status, exchange.body = 400, b""
            exchange.headers["x-ms-error-code"] = "InvalidQueryParameterValue"

    proxy.rule = rule
    assert store.find_unlistable(dropbox.container_name) is None


def test_characters_are_counted_in_the_order_of_the_service() -> None:
    edges = [
        0,
        0x7F,
        0x80,
        0xD7FF,
        0xD800,
        0xD801,
        0xD800 + BEYOND_16_BITS - 1,
        0xD800 + BEYOND_16_BITS,
        CHARACTERS - 1,
    ]
    characters = [_character(number) for number in edges]
    assert characters == ["\0", "\x7f", "\x80", "\ud7ff", "\U00010000", "\U00010001", "\U0010ffff", "\ue000", "\uffff"]
    assert sorted(characters, key=_rank) == characters


def test_names_are_told_without_control_characters() -> None:
    assert printable("a\x01\r\n\u0085 é😀%01") == "a%01%0D%0A%C2%85 é😀%01"
    assert len(printable("字" * 1000)) == 200
