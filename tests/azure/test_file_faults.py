"""Faults of one file are told from outages by what the storage service says of other files, and bytes come as they are stored."""

import gzip
import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import BlobServiceClient, ContentSettings, StandardBlobTier

from app.azure.blobs import Blob, BlobStore, CopyFailed, CopyPending
from app.azure.file_faults import NameTaken, ReadFailed
from app.errors import Conflict, StorageUnavailable
from tests.azure.conftest import BOTH_WAYS, only_blob, put
from tests.storage_proxy import Cut, Exchange, Refused, Request, StorageProxy


def refuse_copies(status: int, code: str | None, of: str = "") -> Callable[[Request], None]:
    """A rule that answers so to the copies of one file alone, or of all."""

    def rule(request: Request) -> None:
        if request.headers.get("x-ms-copy-source", "no").endswith(of) and "x-ms-copy-source" in request.headers:
            raise Refused(status, code)

    return rule


ANSWERS = [
    (400, "InvalidHeaderValue", "does not accept the name or a property"),
    (400, None, "fails for this file, and not for others"),
    (403, "AuthenticationFailed", "refuses this file, and no others"),
    (404, None, "fails for this file, and not for others"),
    (409, "BlobArchived", "in the archive tier"),
    (409, "BlobImmutableDueToPolicy", "forbids changes"),
    (409, "SomethingNew", "fails for this file, and not for others"),
    (412, "LeaseIdMissing", "holds a lease"),
    (500, None, "fails for this file, and not for others"),
    (500, "CannotVerifyCopySource", "does not find the file"),
    (500, "InternalError", "fails for this file, and not for others"),
    (503, "ServerBusy", "fails for this file, and not for others"),
]


@BOTH_WAYS
@pytest.mark.parametrize(("status", "code", "words"), ANSWERS)
def test_what_is_said_of_one_file_is_its_fault_and_of_all_an_outage(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient,
    monkeypatch: pytest.MonkeyPatch, status: int, code: str | None, words: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("app.azure.connection.FIRST_PAUSE_SECONDS", 0.01)
    for name in ("bad", "good"):
        put(account, dropbox, name, name.encode())
    bad, good = proxied.list_blobs(dropbox)
    proxy.request_rule = refuse_copies(status, code, of="/bad")
    with pytest.raises(CopyFailed, match=words) as fault:
        proxied.copy_blob(dropbox, bad, "t/bad")
    assert f"({code or f'status {status}'})" in str(fault.value)
    assert proxied.copy_blob(dropbox, good, "t/good").size == 4
    proxy.request_rule = refuse_copies(status, code)
    if code == "CannotVerifyCopySource":
        # Azure answers so for a file that is not there as well.
        return
    with pytest.raises(StorageUnavailable):
        proxied.copy_blob(dropbox, bad, "t/worse")


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AuthorizationFailure"), (500, None), (503, "ServerBusy"), (0, None)]
)
def test_what_cannot_be_read_is_one_file_or_all(
    proxied: BlobStore, proxy: StorageProxy, store: BlobStore, monkeypatch: pytest.MonkeyPatch, status: int, code: str | None
) -> None:  # fmt: skip
    monkeypatch.setattr("app.azure.connection.FIRST_PAUSE_SECONDS", 0.01)
    store.upload("bad", [b"water"], "text/plain")

    def rule(request: Request) -> None:
        if request.method == "GET" and only in request.path:
            raise Refused(status, code) if status else Cut

    only = "/bad"
    proxy.request_rule = rule
    with pytest.raises(ReadFailed):
        proxied.read_range("bad", 0, 5)
    only = ""
    with pytest.raises(StorageUnavailable):
        proxied.read_range("bad", 0, 5)


def test_a_main_container_that_is_gone_is_no_fault_of_a_file(
    store: BlobStore, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"water")
    blob = only_blob(store, dropbox)
    store.delete_container(store.container)
    with pytest.raises(StorageUnavailable, match=store.container):
        store.copy_blob(dropbox, blob, "t/a")
    with pytest.raises(StorageUnavailable, match=store.container):
        store.read_range("t/a", 0, 1)


@BOTH_WAYS
def test_a_dropbox_that_is_gone_is_no_outage(store: BlobStore, dropbox: str, account: BlobServiceClient) -> None:
    put(account, dropbox, "a", b"water")
    blob = only_blob(store, dropbox)
    store.delete_container(dropbox)
    with pytest.raises(CopyFailed):
        store.copy_blob(dropbox, blob, "t/a")


@BOTH_WAYS
@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_urls_lose_is_a_fault_of_its_file(store: BlobStore, dropbox: str, name: str) -> None:
    url = urlsplit(store.make_upload_url(dropbox))
    connection = http.client.HTTPConnection(url.hostname or "", url.port)
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02"}
    connection.request("PUT", f"{url.path}/{name.replace('.', '%2E')}?{url.query}", body=b"dots", headers=headers)
    assert connection.getresponse().status == 201
    connection.close()
    blob = only_blob(store, dropbox)
    assert blob.name == name
    with pytest.raises(CopyFailed, match="does not find the file by its name"):
        store.copy_blob(dropbox, blob, "t/dots")


def test_a_container_with_a_lease_is_not_deleted_and_says_so(
    store: BlobStore, dropbox: str, account: BlobServiceClient
) -> None:
    lease: Any = account.get_container_client(dropbox).acquire_lease()
    with pytest.raises(Conflict, match=rf"{dropbox} has a lease, .* \(LeaseIdMissing\)"):
        store.delete_container(dropbox)
    lease.release()
    store.delete_container(dropbox)
    assert not store.container_exists(dropbox)


# The archive tier


def archive(account: BlobServiceClient, container: str, name: str) -> None:
    account.get_blob_client(container, name).set_standard_blob_tier(StandardBlobTier.ARCHIVE)


@BOTH_WAYS
@pytest.mark.parametrize("when", ["before it is listed", "after it was listed"])
def test_an_archived_file_is_copied_into_another_tier(
    store: BlobStore, dropbox: str, account: BlobServiceClient, when: str
) -> None:
    put(account, dropbox, "a", b"water")
    early = only_blob(store, dropbox)
    archive(account, dropbox, "a")
    blob = only_blob(store, dropbox)
    assert (early.is_archived, blob.is_archived) == (False, True)
    listed = blob if when == "before it is listed" else Blob(**{**vars(early), "etag": blob.etag})
    store.copy_blob(dropbox, listed, "t/a")
    assert store.read_range("t/a", 0, 9) == b"water"
    assert account.get_blob_client(store.container, "t/a").get_blob_properties().blob_tier == "Hot"
    assert only_blob(store, dropbox).is_archived
    assert store.copy_blob(dropbox, listed, "t/a").size == 5


@BOTH_WAYS
def test_the_copy_of_an_archived_file_is_not_waited_for(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient
) -> None:
    """As Azure does it: the copy succeeds, lies in the archive tier itself, and is moved out of it within hours."""
    put(account, dropbox, "a", b"water")
    archive(account, dropbox, "a")
    blob = only_blob(proxied, dropbox)

    def refuse_reads(request: Request) -> None:
        if request.method == "GET" and "x-ms-range" in request.headers:
            raise Refused(409, "BlobArchived")

    def rule(exchange: Exchange) -> None:
        if "x-ms-copy-status" in exchange.headers:
            exchange.headers |= state

    state = {"x-ms-copy-status": "pending"}
    proxy.request_rule, proxy.rule = refuse_reads, rule
    with pytest.raises(CopyPending, match="still copying"):
        proxied.copy_blob(dropbox, blob, "t/a")
    state = {"x-ms-access-tier": "Archive", "x-ms-archive-status": "rehydrate-pending-to-hot"}
    with pytest.raises(CopyPending, match="still moving the copy out of the archive tier"):
        proxied.copy_blob(dropbox, blob, "t/a")
    proxy.request_rule, proxy.rule = lambda request: None, lambda exchange: None
    assert proxied.copy_blob(dropbox, blob, "t/a").size == 5
    begun = [e for e in proxy.seen if "x-ms-copy-source" in e.request_headers and e.status == 202]
    assert [e.request_headers["x-ms-access-tier"] for e in begun] == ["Hot"]


@BOTH_WAYS
def test_a_file_on_its_way_out_of_the_archive_tier_is_waited_for(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"water")
    proxy.request_rule = refuse_copies(409, "BlobBeingRehydrated")
    with pytest.raises(CopyPending, match="moving the file out of the archive tier"):
        proxied.copy_blob(dropbox, only_blob(proxied, dropbox), "t/a")


# Bytes as they are stored


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "nonsense"])
@pytest.mark.parametrize("size", [10, 300_000])
def test_bytes_come_as_they_are_stored_whatever_their_encoding_is_said_to_be(
    store: BlobStore, dropbox: str, account: BlobServiceClient, encoding: str, size: int
) -> None:
    content = bytes(number % 251 for number in range(size))
    put(account, dropbox, "a", content, content_settings=ContentSettings(content_encoding=encoding))
    blob = only_blob(store, dropbox)
    copied = store.copy_blob(dropbox, blob, "t/a")
    assert (blob.content_encoding, copied.content_encoding, copied.size) == (encoding, encoding, size)
    assert copied.head == content[: len(copied.head)]
    assert store.read_range("t/a", 0, size) == content
    assert store.read_range("t/a", size - 5, 100) == content[-5:]
    assert b"".join(store.read("t/a")) == content
    assert store.find_blob("t/a") == copied


def test_what_is_truly_compressed_stays_so(store: BlobStore, dropbox: str, account: BlobServiceClient) -> None:
    content = gzip.compress(b"water" * 1000)
    put(account, dropbox, "a", content, content_settings=ContentSettings(content_encoding="gzip"))
    store.copy_blob(dropbox, only_blob(store, dropbox), "t/a")
    assert store.read_range("t/a", 0, 10_000) == content
    assert store.read_range("t/a", 5, 7) == content[5:12]


# What a copy leaves behind


def test_only_what_was_copied_is_discarded(store: BlobStore, dropbox: str, account: BlobServiceClient) -> None:
    put(account, dropbox, "a", b"water")
    store.copy_blob(dropbox, only_blob(store, dropbox), "t/a")
    store.upload("t/other", [b"mine"], "text/plain")
    for name, path in (("a", "t/other"), ("b", "t/a"), ("a", "t/none")):
        store.discard_copy(dropbox, name, path)
    assert store.find_blob("t/a")
    assert store.find_blob("t/other")
    store.discard_copy(dropbox, "a", "t/a")
    assert store.find_blob("t/a") is None


def test_what_cannot_be_discarded_stays(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"water")
    proxied.copy_blob(dropbox, only_blob(proxied, dropbox), "t/a")
    lease: Any = account.get_blob_client(proxied.container, "t/a").acquire_lease()
    proxied.discard_copy(dropbox, "a", "t/a")
    assert proxied.find_blob("t/a")
    lease.release()
    proxy.close()
    with pytest.raises(StorageUnavailable):
        proxied.discard_copy(dropbox, "a", "t/a")
    proxy.open()


@BOTH_WAYS
def test_a_leased_file_at_the_place_of_the_copy_is_another_file(
    store: BlobStore, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"water")
    put(account, store.container, "t/a", b"other")
    account.get_blob_client(store.container, "t/a").acquire_lease()
    with pytest.raises(NameTaken, match="Another file"):
        store.copy_blob(dropbox, only_blob(store, dropbox), "t/a")
