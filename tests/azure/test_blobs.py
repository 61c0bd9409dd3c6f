"""The blob store on a real Azurite; a proxy before it does what Azurite does not: pending and failing copies, trouble."""

import gc
import io
import logging
import random
import re
import socket
import time
import uuid
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
    UserDelegationKey,
)
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from app.azure import blobs, staged_blobs
from app.azure.blobs import Blob, BlobStore, CopyFailed, CopyPending, target_path
from app.azure.fast_requests import HEAD_BYTES
from app.azure.names import keep_dot_segments, printable, quote_name
from app.azure.outage import ListingFailed
from app.azure.sas import AccountKeySigner, FileHeaders, UserDelegationSigner, content_disposition
from app.errors import NotFound, StorageUnavailable
from tests.azure.conftest import BOTH_WAYS, WEEK, only_blob, open_store, put
from tests.storage_proxy import Cut, Exchange, StorageProxy

HEADERS = FileHeaders("image/jpeg", 'inline; filename="a.jpg"')

# Containers and links


def test_a_container_is_made_once_and_deleted_as_often_as_asked(store: BlobStore) -> None:
    name = f"c-{uuid.uuid4().hex[:12]}"
    assert not store.container_exists(name)
    assert store.make_container(name) is True
    assert store.make_container(name) is False
    assert store.container_exists(name)
    store.delete_container(name)
    store.delete_container(name)
    assert not store.container_exists(name)


def test_a_container_is_empty_until_it_holds_a_blob(store: BlobStore, dropbox: str, account: BlobServiceClient) -> None:
    assert store.container_is_empty(dropbox)
    put(account, dropbox, "a", b"")
    assert not store.container_is_empty(dropbox)
    with pytest.raises(NotFound, match="no-such-container"):
        store.container_is_empty("no-such-container")


def test_an_upload_link_reads_writes_lists_and_deletes_in_one_container(store: BlobStore, dropbox: str) -> None:
    url = store.make_upload_url(dropbox)
    with ContainerClient.from_container_url(url) as uploads:
        uploads.upload_blob("a/b.txt", b"water")
        assert uploads.download_blob("a/b.txt").readall() == b"water"
        assert [blob.name for blob in uploads.list_blobs()] == ["a/b.txt"]
        uploads.delete_blob("a/b.txt")
        with pytest.raises(HttpResponseError):
            uploads.delete_container()
    foreign = url.replace(dropbox, store.container)
    with ContainerClient.from_container_url(foreign) as uploads, pytest.raises(HttpResponseError) as refusal:
        uploads.upload_blob("a", b"")
    assert refusal.value.status_code == 403


def test_an_upload_link_hangs_on_a_policy_and_expires_by_itself(
    store: BlobStore, dropbox: str, account: BlobServiceClient
) -> None:
    query = parse_qs(urlsplit(store.make_upload_url(dropbox)).query)
    assert query["si"][0].startswith("upload-")
    assert query["sr"] == ["c"]
    assert "sp" not in query
    assert timedelta(days=6) < datetime.fromisoformat(query["se"][0]) - datetime.now(UTC) <= WEEK
    (policy,) = account.get_container_client(dropbox).get_container_access_policy()["signed_identifiers"]
    assert policy.access_policy.expiry is None


def test_a_fresh_upload_link_leaves_the_others_alive_unless_it_revokes_them(store: BlobStore, dropbox: str) -> None:
    first, second = store.make_upload_url(dropbox), store.make_upload_url(dropbox)
    assert [status_of_upload(url) for url in (first, second)] == [201, 201]
    third = store.make_upload_url(dropbox, revoke=True)
    fourth = store.make_upload_url(dropbox)
    assert [status_of_upload(url) for url in (first, second, third, fourth)] == [403, 403, 201, 201]
    last = store.make_upload_url(dropbox, revoke=True)
    assert [status_of_upload(url) for url in (third, fourth, last)] == [403, 403, 201]
    store.revoke_upload_urls(dropbox)
    assert status_of_upload(last) == 403


def status_of_upload(url: str) -> int:
    """Upload a blob by a link to its container, and return the status of the answer."""
    container, _, query = url.partition("?")
    headers = {"x-ms-blob-type": "BlockBlob"}
    return requests.put(f"{container}/a?{query}", b"water", headers=headers, timeout=10).status_code


def test_revoked_upload_links_are_dead(store: BlobStore, dropbox: str) -> None:
    url = store.make_upload_url(dropbox)
    store.revoke_upload_urls(dropbox)
    assert store.upload_urls_revocable
    with ContainerClient.from_container_url(url) as uploads, pytest.raises(HttpResponseError) as refusal:
        uploads.upload_blob("late", b"x")
    assert refusal.value.status_code == 403
    with pytest.raises(NotFound):
        store.revoke_upload_urls("no-such-container")


def test_a_read_link_reads_one_blob_and_is_the_same_within_the_hour(store: BlobStore) -> None:
    store.upload("a/ü?.txt", [b"wa", b"ter"], "text/plain")
    store.upload("b.txt", [b"other"], "text/plain")
    url = store.read_url("a/ü?.txt")
    assert requests.get(url, timeout=10).content == b"water"
    query = parse_qs(urlsplit(url).query)
    assert (query["sp"], query["sr"]) == (["r"], ["b"])
    expiry = datetime.fromisoformat(query["se"][0])
    assert (expiry.minute, expiry.second) == (0, 0)
    assert WEEK - timedelta(minutes=1) < expiry - datetime.now(UTC) <= WEEK + timedelta(hours=1)
    assert requests.get(url.replace(quote("a/ü?.txt"), "b.txt"), timeout=10).status_code == 403
    assert requests.put(url, b"x", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10).status_code == 403
    assert store.read_url("b.txt") == store.read_url("b.txt") or datetime.now(UTC).minute == 0


STORED = ContentSettings(
    content_type="text/html; charset=utf-8",
    content_encoding="gzip",
    content_disposition="inline",
    cache_control="public, max-age=31536000",
)


@pytest.mark.parametrize(
    ("content_type", "inline", "disposition"),
    [("image/png", True, 'inline; filename="page.html"'), (None, False, 'attachment; filename="page.html"')],
)
def test_a_read_link_takes_no_header_from_the_uploader(
    store: BlobStore, account: BlobServiceClient, content_type: str | None, inline: bool, disposition: str
) -> None:
    page = b"<script>alert(document.domain)</script>"
    put(account, store.container, "a/page.html", page, content_settings=STORED)
    url = store.read_url("a/page.html", content_type, inline=inline) if content_type else store.read_url("a/page.html")
    for method in ("GET", "HEAD"):
        answer = requests.request(method, url, timeout=10)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == (content_type or "application/octet-stream")
        assert answer.headers["Content-Disposition"] == disposition
        assert answer.headers["Cache-Control"] == "private"
        # The bytes were never compressed, so that a client that believed the stored header could not read them.
        assert not answer.headers.get("Content-Encoding")
    assert requests.get(url, timeout=10).content == page


SAVED_NAMES = [
    "plain.jpg", "two words.jpg", "comma,semi;colon.jpg", 'quo"te.jpg', "per%20cent%.jpg", "ü.jpg",
    "東京.jpg", "🚲.jpg", "apo'strophe.jpg", "plus+amp&eq=.jpg", "q?h#.jpg", "*().jpg", "no-ending", "%2E%2E",
]  # fmt: skip


@pytest.mark.parametrize("name", SAVED_NAMES)
def test_a_file_is_saved_under_its_own_name(store: BlobStore, account: BlobServiceClient, name: str) -> None:
    put(account, store.container, f"a/{name}", b"water")
    answer = requests.get(store.read_url(f"a/{name}"), timeout=10)
    assert answer.content == b"water"
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert (kind, options["filename"]) == ("attachment", name)
    assert answer.headers["Content-Disposition"].isascii()


def test_a_long_name_is_cut_at_its_beginning() -> None:
    disposition = content_disposition("水" * 300 + ".jpg", inline=True)
    _, options = parse_options_header(disposition)
    assert options["filename"] == "水" * 83 + ".jpg"
    assert len(disposition) < 1200


def test_links_to_an_encrypted_endpoint_are_for_https_only() -> None:
    key = b64encode(b"k" * 64).decode()
    store = open_store(f"DefaultEndpointsProtocol=https;AccountName=acct;AccountKey={key}", "images")
    url = store.read_url("a.jpg")
    assert url.startswith("https://acct.blob.core.windows.net/images/a.jpg?")
    assert parse_qs(urlsplit(url).query)["spr"] == ["https"]
    assert store.revocation_time == timedelta(seconds=30)
    store.close()


def test_a_connection_string_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="AccountKey"):
        open_store("BlobEndpoint=https://acct.blob.core.windows.net;SharedAccessSignature=sv=1&sig=x", "images")


# Bytes in and out


@pytest.mark.parametrize("content", [b"", b"x", b"0123456789" * 1_000_000])
def test_what_is_uploaded_comes_back(store: BlobStore, content: bytes) -> None:
    for source in (
        io.BytesIO(content),
        [content[:7], content[7:]],
        (content[n : n + 1000] for n in range(0, len(content), 1000)),
    ):
        store.upload("label_sets/x.csv", source, "text/csv")
        found = store.find_blob("label_sets/x.csv")
        assert found is not None
        assert (found.size, found.content_type, found.name) == (len(content), "text/csv", "label_sets/x.csv")
        assert store.read_range("label_sets/x.csv", 0, len(content) + 1) == content


def test_ranges_end_with_the_blob(store: BlobStore) -> None:
    store.upload("a", [b"0123456789"], "text/plain")
    assert store.read_range("a", 2, 3) == b"234"
    assert store.read_range("a", 8, 100) == b"89"
    assert store.read_range("a", 10, 5) == b""
    with pytest.raises(NotFound, match="no file b in"):
        store.read_range("b", 0, 1)
    assert store.find_blob("b") is None


@BOTH_WAYS
def test_listings_tell_folders_from_files(store: BlobStore, dropbox: str, account: BlobServiceClient) -> None:
    put(account, dropbox, "folder", b"", metadata={"hdi_isfolder": "true"})
    put(account, dropbox, "folder/", b"")
    put(account, dropbox, "empty.txt", b"")
    put(account, dropbox, "no-folder", b"x", metadata={"hdi_isfolder": "true"})
    put(account, dropbox, "no-folder/", b"x")
    files = [blob.name for blob in store.list_blobs(dropbox) if not blob.is_folder]
    assert files == ["empty.txt", "no-folder", "no-folder/"]
    assert [blob.name for blob in store.list_blobs(dropbox, "no-")] == ["no-folder", "no-folder/"]


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "PAGE_BLOBS", 2)


@pytest.mark.usefixtures("pages_of_two")
@BOTH_WAYS
def test_a_listing_goes_on_over_its_pages(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient
) -> None:
    names = ["a&b=c/?#%41 ü.txt", "b/1", "b/2", "b/3", "b/😀 +", "c"]
    for name in names:
        put(account, dropbox, name, b"x")
    assert [blob.name for blob in proxied.list_blobs(dropbox)] == names
    assert len(proxy.seen) == 3
    assert [blob.name for blob in proxied.list_blobs(dropbox, "b/")] == names[1:5]
    assert [blob.name for blob in proxied.list_blobs(dropbox, "a&b=c/?#%41 ü")] == names[:1]


@BOTH_WAYS
def test_a_listing_tells_what_the_sdk_tells(store: BlobStore, dropbox: str, account: BlobServiceClient) -> None:
    container = account.get_container_client(dropbox)
    put(account, dropbox, "a.jpg", b"water", metadata={"Camera": "7"}, content_settings=ContentSettings("image/jpeg"))
    put(account, dropbox, "empty <&> ", b"")
    container.get_blob_client("log").create_append_blob()
    container.get_blob_client("log").append_block(b"no hash")
    listed = list(store.list_blobs(dropbox))
    assert listed == [Blob.of(properties) for properties in container.list_blobs(include=["metadata"])]
    assert [(blob.size, blob.content_md5 is None) for blob in listed] == [(5, False), (0, False), (7, True)]
    assert (listed[0].content_type, dict(listed[0].metadata)) == ("image/jpeg", {"Camera": "7"})


@pytest.mark.parametrize("harm", [b"<no>listing</no>", b"<Enumeration", b"<Name/>", b"busy", b"away"])
@pytest.mark.usefixtures("pages_of_two")
def test_a_page_that_cannot_be_read_is_asked_for_again(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient, harm: bytes
) -> None:
    for name in "abcde":
        put(account, dropbox, name, b"x")

    def spoil_the_second_page(exchange: Exchange) -> None:
        if len(proxy.seen) != 2:
            return
        if harm == b"away":
            raise Cut
        exchange.status = 503 if harm == b"busy" else 200
        exchange.body = exchange.body.replace(b"<Name>c</Name>", b"") if harm == b"<Name/>" else harm

    proxy.rule = spoil_the_second_page
    assert [blob.name for blob in proxied.list_blobs(dropbox)] == list("abcde")
    assert len(proxy.seen) == 4


@BOTH_WAYS
def test_a_listed_name_that_xml_cannot_hold_is_decoded(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"x")

    def encode(exchange: Exchange) -> None:
        exchange.body = exchange.body.replace(b"<Name>a</Name>", b'<Name Encoded="true">a%EF%BF%BE%41</Name>')

    proxy.rule = encode
    assert only_blob(proxied, dropbox).name == "a\ufffeA"


# Copies


@BOTH_WAYS
def test_a_copy_has_the_content_and_is_recognised(store: BlobStore, dropbox: str, account: BlobServiceClient) -> None:
    put(account, dropbox, "a.jpg", b"water", metadata={"camera": "7"})
    blob = only_blob(store, dropbox)
    copied = store.copy_blob(dropbox, blob, "upload/t/a.jpg")
    assert (copied.name, copied.size, copied.content_md5) == ("upload/t/a.jpg", 5, blob.content_md5)
    assert store.read_range("upload/t/a.jpg", 0, 10) == b"water"
    assert store.copy_blob(dropbox, blob, "upload/t/a.jpg") == copied
    assert store.find_blob("upload/t/a.jpg") == copied


@BOTH_WAYS
def test_a_source_that_changed_is_copied_again_only_as_it_was_listed(
    store: BlobStore, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"old")
    old = only_blob(store, dropbox)
    store.copy_blob(dropbox, old, "t/a")
    put(account, dropbox, "a", b"newer")
    with pytest.raises(CopyFailed, match="changed after it was listed"):
        store.copy_blob(dropbox, old, "t/b")
    assert store.find_blob("t/b") is None
    store.copy_blob(dropbox, only_blob(store, dropbox), "t/a")
    assert store.read_range("t/a", 0, 10) == b"newer"
    account.get_blob_client(dropbox, "a").delete_blob()
    with pytest.raises(CopyFailed, match="was deleted after it had been listed"):
        store.copy_blob(dropbox, old, "t/c")


@BOTH_WAYS
def test_another_file_at_the_target_is_not_written_over(
    store: BlobStore, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"water")
    store.upload("t/a", [b"other"], "text/plain")
    store.upload("t/b", io.BytesIO(b"water"), "text/plain")
    blob = only_blob(store, dropbox)
    with pytest.raises(CopyFailed, match="Another file"):
        store.copy_blob(dropbox, blob, "t/a")
    assert store.read_range("t/a", 0, 10) == b"other"
    # The same content is as good as a copy.
    assert store.copy_blob(dropbox, blob, "t/b").size == 5


def test_without_a_main_container_copies_wait(storage_connection_string: str, store: BlobStore, dropbox: str) -> None:
    elsewhere = open_store(storage_connection_string, "no-such-main")
    elsewhere.upload_token_valid = WEEK
    with pytest.raises(StorageUnavailable, match="no-such-main"):
        elsewhere.upload("a", [b"x"], "text/plain")
    store.upload("a", [b"x"], "text/plain")
    with pytest.raises(StorageUnavailable, match="no-such-main"):
        elsewhere.copy_blob(store.container, only_blob(store, store.container), "a")
    elsewhere.close()


def copy_state(status: str, times: int, code: int | None = None) -> Any:
    """A rule that reports the first looks at a copied blob, as many as `times`, as a copy in this state."""
    left = [times]

    def rule(exchange: Exchange) -> None:
        if "x-ms-copy-status" in exchange.headers and exchange.method == "HEAD" and left[0]:
            left[0] -= 1
            exchange.headers["x-ms-copy-status"] = status
            exchange.headers["x-ms-copy-status-description"] = f"{code} Copy failed" if code else ""
        elif exchange.method == "PUT" and "x-ms-copy-status" in exchange.headers:
            exchange.headers["x-ms-copy-status"] = "pending"

    return rule


@BOTH_WAYS
def test_a_pending_copy_is_waited_for(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"water")
    proxy.rule = copy_state("pending", 3)
    assert proxied.copy_blob(dropbox, only_blob(proxied, dropbox), "t/a").size == 5
    assert proxy.count("PUT", "x-ms-copy-source") == 1


@BOTH_WAYS
def test_a_pending_copy_of_a_killed_run_is_waited_for_and_not_started_again(
    proxied: BlobStore, proxy: StorageProxy, store: BlobStore, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"water")
    blob = only_blob(store, dropbox)
    store.copy_blob(dropbox, blob, "t/a")
    before = store.find_blob("t/a")
    proxy.rule = copy_state("pending", 2)
    assert proxied.copy_blob(dropbox, blob, "t/a") == before == store.find_blob("t/a")


@BOTH_WAYS
def test_a_copy_that_stays_pending_is_not_waited_for_any_longer(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"water")
    proxy.rule = copy_state("pending", 1000)
    with pytest.raises(CopyPending, match="still copying the file"):
        proxied.copy_blob(dropbox, only_blob(proxied, dropbox), "t/a")


@pytest.mark.parametrize("status", ["failed", "aborted"])
@BOTH_WAYS
def test_a_failed_copy_says_so_and_the_next_run_starts_over(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient, status: str,
    fast_requests: bool,
) -> None:  # fmt: skip
    put(account, dropbox, "a", b"water")
    blob = only_blob(proxied, dropbox)
    proxy.rule = copy_state(status, 1, 500)
    with pytest.raises(CopyFailed, match=f"{status}: 500 Copy failed"):
        proxied.copy_blob(dropbox, blob, "t/a")
    proxy.rule = copy_state(status, 1, 500)
    before = proxy.count("PUT", "x-ms-copy-source")
    assert proxied.copy_blob(dropbox, blob, "t/a").size == 5
    # The first copy, fast or not, is refused, because something lies there; the last one writes over it.
    assert proxy.count("PUT", "x-ms-copy-source") == before + (3 if fast_requests else 2)


@BOTH_WAYS
def test_a_source_that_changes_while_it_is_copied_fails(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"water")
    blob = only_blob(proxied, dropbox)
    pending = copy_state("pending", 1)

    def rule(exchange: Exchange) -> None:
        if exchange.method == "PUT":
            put(account, dropbox, "a", b"fire!")
        pending(exchange)

    proxy.rule = rule
    with pytest.raises(CopyFailed, match="changed while it was being copied"):
        proxied.copy_blob(dropbox, blob, "t/a")


OTHER_MD5 = b64encode(b"m" * 16).decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"HEAD": {"content-md5": OTHER_MD5}, "GET": {"x-ms-blob-content-md5": OTHER_MD5}}, "another MD5"),
        ({"HEAD": {"content-length": "4"}, "GET": {"content-range": "bytes 0-4/4"}}, "4 bytes"),
        ({"HEAD": {"content-length": "4"}, "GET": {"content-range": "bytes 0-4/*"}}, "4 bytes"),
    ],
)
@BOTH_WAYS
def test_a_copy_that_is_not_whole_fails(
    proxied: BlobStore,
    proxy: StorageProxy,
    dropbox: str,
    account: BlobServiceClient,
    wrong: dict[str, dict[str, str]],
    words: str,
) -> None:
    put(account, dropbox, "a", b"water")

    def rule(exchange: Exchange) -> None:
        if "x-ms-copy-status" in exchange.headers:
            exchange.headers |= wrong.get(exchange.method, {})

    proxy.rule = rule
    with pytest.raises(CopyFailed, match=words):
        proxied.copy_blob(dropbox, only_blob(proxied, dropbox), "t/a")


@pytest.mark.parametrize("harm", ["500", "503", "away"])
@BOTH_WAYS
def test_a_copy_whose_answer_is_lost_is_recognised(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient, harm: str
) -> None:
    put(account, dropbox, "a", b"water")

    def rule(exchange: Exchange) -> None:
        if proxy.count("PUT", "x-ms-copy-source") == 1 and exchange.method == "PUT":
            if harm == "away":
                raise Cut
            exchange.status = int(harm)

    proxy.rule = rule
    assert proxied.copy_blob(dropbox, only_blob(proxied, dropbox), "t/a").size == 5
    # The SDK asks again, and the answer is that something lies there already.
    assert [exchange.status for exchange in proxy.seen if exchange.method == "PUT"][1:] == [409]


@pytest.mark.parametrize("harm", ["cut", "500", "away"])
def test_a_look_that_fails_is_made_up_for(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient, harm: str
) -> None:
    put(account, dropbox, "a", b"water")

    def rule(exchange: Exchange) -> None:
        if exchange.method == "GET" and "x-ms-range" in exchange.request_headers:
            exchange.cut = 2 if harm == "cut" else 0
            exchange.status = 500 if harm == "500" else exchange.status
            if harm == "away":
                raise Cut

    proxy.rule = rule
    copied = proxied.copy_blob(dropbox, only_blob(proxied, dropbox), "t/a")
    assert (copied.size, copied.head) == (5, b"")


@pytest.mark.parametrize("size", [0, 5, HEAD_BYTES, HEAD_BYTES + 1])
def test_a_copy_comes_with_its_first_bytes(
    store: BlobStore, dropbox: str, account: BlobServiceClient, size: int
) -> None:
    content = bytes(number % 251 for number in range(size))
    put(account, dropbox, "a", content)
    copied = store.copy_blob(dropbox, only_blob(store, dropbox), "t/a")
    assert copied.head == content[:HEAD_BYTES]
    assert copied == store.find_blob("t/a")


# Names

HOSTILE = [
    "../x", "a/../b", "a/..", "./q", "%2e%2e%2fz", "%2E%2E/x", "..%2Fy", "a..b", "...", "dot.", "a./b", "tr/", "//dbl",
    "/lead", "sp ace", "+plus", "?&#%.jpg", "=1+1", "<img onerror>", "{0}", "a:b", "é.jpg", "e\u0301.jpg", "E.jpg",
    "😀" * 400, "字" * 1000, "a" * 1020 + ".jpg", "~/x", "\u2028",
]  # fmt: skip


@BOTH_WAYS
def test_hostile_names_are_copied_below_their_prefix_byte_for_byte(
    store: BlobStore, dropbox: str, account: BlobServiceClient
) -> None:
    for name in HOSTILE:
        put(account, dropbox, name, name.encode())
    listed = {blob.name: blob for blob in store.list_blobs(dropbox)}
    assert set(listed) == set(HOSTILE)
    for name, blob in listed.items():
        path = target_path("upload/t", name)
        assert store.copy_blob(dropbox, blob, path) == store.copy_blob(dropbox, blob, path)
        assert store.read_range(path, 0, 10_000) == name.encode()
        assert requests.get(store.read_url(path), timeout=10).content == name.encode()
    copies = [blob.name for blob in store.list_blobs(store.container)]
    assert sorted(copies) == sorted(target_path("upload/t", name) for name in HOSTILE)
    assert all(path.startswith("upload/t/") for path in copies)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b.jpg", "p/a/b.jpg"),
        ("../x", "p/%2E%2E/x"),
        ("%2E%2E/x", "p/%252E%252E/x"),
        ("a\\..\\b", "p/a\\%2E%2E\\b"),
        ("%2e%2e%2fz", "p/%2e%2e%2fz"),
        ("a\x01%/b%", "p/a%01%25/b%"),
        ("...", "p/..."),
        ("~", "p/%7E"),
        ("x" * 2000 + ".jpg", "p/~/[0-9a-f]{64}/x{96}.jpg"),
    ],
)
def test_target_paths(name: str, path: str) -> None:
    assert target_path("p", name) == path or re.fullmatch(path, target_path("p", name))


def test_names_are_printed_without_control_characters() -> None:
    assert printable("a\x01\r\n\u0085 é😀%01") == "a%01%0D%0A%C2%85 é😀%01"
    assert len(printable("字" * 1000)) == 200


NAMES = st.text(
    st.one_of(st.sampled_from("./\\%2eE5~\x01"), st.characters(exclude_categories=["Cs"])), min_size=1, max_size=60
)


@given(NAMES, NAMES)
def test_target_paths_stay_below_their_prefix_and_apart(one: str, other: str) -> None:
    path = target_path("p", one)
    assert path.startswith("p/")
    assert not {".", ".."} & set(re.split(r"[/\\]", path))
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", path)
    assert (path == target_path("p", other)) == (one == other)


@given(NAMES)
def test_a_name_survives_its_url(name: str) -> None:
    endpoint = "http://127.0.0.1:1/account"
    for quoted in (quote_name(name), quote(name, safe="~/")):
        kept = keep_dot_segments(f"{endpoint}/container/{quoted}?sv=1", endpoint)
        path = requests.Request("GET", kept).prepare().path_url.partition("?")[0]
        if name not in (".", ".."):
            assert unquote(path) == f"/account/container/{name}"


# Trouble


@pytest.mark.flaky(reruns=2)
def test_an_account_that_is_not_there_is_an_outage_soon(store: BlobStore) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:{closed.getsockname()[1]}/a"
        away = open_store(dead, "images")
        started = time.monotonic()
        for call in (
            lambda: away.make_container("c"), lambda: away.container_exists("c"), lambda: away.find_blob("p"),
            lambda: list(away.list_blobs("c")), lambda: away.read_range("p", 0, 1), lambda: away.make_upload_url("c"),
            lambda: away.upload("p", [b"x"], "text/plain"), lambda: away.delete_container("c"),
            lambda: away.copy_blob("c", Blob("n", 1, "e", None, None), "p"),
        ):  # fmt: skip
            with pytest.raises(StorageUnavailable, match="storage"):
                call()
        assert time.monotonic() - started < 9
        away.close()


@pytest.mark.flaky(reruns=2)
def test_a_silent_account_is_an_outage_within_four_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        away = open_store(f"AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:{port}/a", "images")
        started = time.monotonic()
        with pytest.raises(StorageUnavailable):
            away.make_container("c")
        assert time.monotonic() - started < 4.5
        away.close()


@pytest.mark.flaky(reruns=2)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_account_is_an_outage(proxy: StorageProxy, store: BlobStore, status: int) -> None:
    def rule(exchange: Exchange) -> None:
        exchange.status, exchange.body = status, b""
        exchange.headers["retry-after"] = "60"

    proxy.rule = rule
    hurried = open_store(proxy.connection_string, store.container)
    # Azurite itself says that none of these is there; what it says no longer counts when the status is another one.
    for call in (
        lambda: hurried.find_blob("a"), lambda: hurried.container_exists("no-such"), lambda: hurried.delete_container("no-such"),
        lambda: hurried.make_container(store.container), lambda: hurried.read_range("a", 0, 1),
    ):  # fmt: skip
        started = time.monotonic()
        with pytest.raises(StorageUnavailable):
            call()
        assert time.monotonic() - started < 4
    hurried.close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_job_gets_over_some_failures(proxied: BlobStore, proxy: StorageProxy, dropbox: str, status: int) -> None:
    left = [2]

    def rule(exchange: Exchange) -> None:
        if left[0]:
            left[0] -= 1
            exchange.status, exchange.body = status, b""

    proxy.rule = rule
    assert proxied.container_exists(dropbox)


@BOTH_WAYS
def test_a_listing_cut_short_is_an_outage(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, account: BlobServiceClient
) -> None:
    put(account, dropbox, "a", b"x")

    def rule(exchange: Exchange) -> None:
        exchange.body = exchange.body[: len(exchange.body) // 2]

    proxy.rule = rule
    with pytest.raises(StorageUnavailable):
        list(proxied.list_blobs(dropbox))


@BOTH_WAYS
@pytest.mark.parametrize("name", ["a\x01b", "\0", "x\ufffey"])
def test_a_listing_that_cannot_hold_a_name_says_so(
    store: BlobStore, dropbox: str, account: BlobServiceClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("app.azure.connection.FIRST_PAUSE_SECONDS", 0.01)
    for other in ("a", "b"):
        put(account, dropbox, other, b"x")
    put(account, dropbox, name, b"x")
    with pytest.raises(
        ListingFailed, match=f"cannot list the container {dropbox}: it answers 500 .* control characters"
    ):
        list(store.list_blobs(dropbox))
    account.get_blob_client(dropbox, name).delete_blob()
    assert [blob.name for blob in store.list_blobs(dropbox)] == ["a", "b"]


@pytest.mark.parametrize("code", [None, "OperationTimedOut"])
def test_listings_that_all_fail_are_an_outage(
    proxied: BlobStore, proxy: StorageProxy, dropbox: str, monkeypatch: pytest.MonkeyPatch, code: str | None
) -> None:
    monkeypatch.setattr("app.azure.connection.FIRST_PAUSE_SECONDS", 0.01)

    def rule(exchange: Exchange) -> None:
        # A listing of other names works where the answer to this one names its reason.
        if "comp=list" in exchange.path and (code is None or "prefix" not in exchange.path):
            exchange.status, exchange.body = 500, b""
            exchange.headers |= {"x-ms-error-code": code} if code else {}

    proxy.rule = rule
    with pytest.raises(StorageUnavailable) as failure:
        list(proxied.list_blobs(dropbox))
    assert not isinstance(failure.value, ListingFailed)


# The SDK leaves the connections of such answers to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_answer_cut_short_is_never_taken_for_the_whole(
    proxied: BlobStore, proxy: StorageProxy, store: BlobStore
) -> None:
    store.upload("a", [b"0123456789"], "text/plain")
    left = [1]

    def rule(exchange: Exchange) -> None:
        if exchange.method == "GET" and left[0]:
            left[0] -= 1
            exchange.cut = 4

    proxy.rule = rule
    assert proxied.read_range("a", 0, 10) == b"0123456789"
    left[0] = 1000
    with pytest.raises(StorageUnavailable):
        proxied.read_range("a", 0, 10)
    gc.collect()


def test_a_wrong_key_is_told_in_words(storage_connection_string: str, store: BlobStore) -> None:
    wrong = re.sub("AccountKey=[^;]+", f"AccountKey={b64encode(b'wrong' * 9).decode()}", storage_connection_string)
    stranger = open_store(wrong, store.container)
    with pytest.raises(StorageUnavailable, match="refuses the credentials"):
        stranger.container_exists(store.container)
    stranger.close()


@BOTH_WAYS
def test_nothing_secret_is_logged(
    store: BlobStore,
    dropbox: str,
    account: BlobServiceClient,
    storage_connection_string: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(account, dropbox, "a", b"water")
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="azure"):
        links = [store.make_upload_url(dropbox), store.read_url("t/a")]
        store.copy_blob(dropbox, only_blob(store, dropbox), "t/a")
        store.read_range("t/a", 0, 3)
        with pytest.raises(NotFound):
            store.read_range("none", 0, 3)
    key = storage_connection_string.partition("AccountKey=")[2].partition(";")[0]
    secrets = [key, *(parse_qs(urlsplit(link).query)["sig"][0] for link in links)]
    assert caplog.text
    for secret in secrets:
        assert secret not in caplog.text
        assert quote(secret, safe="") not in caplog.text
    assert not re.search(r"sig=(?!REDACTED|\[hidden\])", caplog.text)
    assert key not in repr(store.__dict__)


# Signing with an identity


class Keys:
    """Gives out user delegation keys as the storage service does, and notes for which times."""

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime]] = []

    def fetch(self, start: datetime, expiry: datetime) -> UserDelegationKey:
        self.asked.append((start, expiry))
        key = UserDelegationKey()  # type: ignore[no-untyped-call]
        key.signed_oid = key.signed_tid = str(uuid.uuid4())
        key.signed_start, key.signed_expiry = f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{expiry:%Y-%m-%dT%H:%M:%SZ}"
        key.signed_service, key.signed_version = "b", "2025-07-05"
        key.value = b64encode(b"k" * 32).decode()
        return key


def test_one_delegation_key_signs_many_links_until_half_its_life_is_over() -> None:
    keys, now = Keys(), datetime.now(UTC)
    signer = UserDelegationSigner("acct", keys.fetch, "https")
    links = [parse_qs(signer.sign_read("c", f"{n}.jpg", now + timedelta(days=30), HEADERS)) for n in range(100)]
    ((start, expiry),) = keys.asked
    assert timedelta(minutes=14) < now - start < timedelta(minutes=16)
    assert timedelta(days=6.9) < expiry - now <= WEEK
    # A link cannot live longer than its key.
    assert links[0]["se"] == links[0]["ske"] == [f"{expiry:%Y-%m-%dT%H:%M:%SZ}"]
    assert (links[0]["sp"], links[0]["sr"], links[0]["spr"]) == (["r"], ["b"], ["https"])

    key, _ = signer._key or pytest.fail("no key")
    signer._key = (key, datetime.now(UTC) + timedelta(days=3.4))
    signer.sign_read("c", "a", now, HEADERS)
    signer.sign_read("c", "a", now, HEADERS)
    assert len(keys.asked) == 2


def test_delegated_upload_links_hold_their_permission_and_cannot_be_revoked() -> None:
    keys, now = Keys(), datetime.now(UTC)
    signer = UserDelegationSigner("acct", keys.fetch, "https")
    query = parse_qs(signer.sign_upload("c", now + signer.longest_upload, None))
    assert (query["sp"], query["sr"]) == (["rwdl"], ["c"])
    assert "si" not in query
    assert datetime.fromisoformat(query["se"][0]) > now + timedelta(days=6.9)
    assert not signer.revocable
    assert AccountKeySigner("acct", b64encode(b"k").decode(), None).revocable


def test_an_account_url_alone_means_an_identity() -> None:
    store = BlobStore(
        connection_string=None, account_url="https://acct.blob.core.windows.net", container="images",
        read_token_valid=WEEK, upload_token_valid=timedelta(days=30),
    )  # fmt: skip
    assert not store.upload_urls_revocable
    assert store.upload_token_valid < WEEK
    store.revoke_upload_urls("dropbox-a")
    store.close()
    with pytest.raises(ValueError, match="connection string"):
        BlobStore(
            connection_string=None, account_url=None, container="c", read_token_valid=WEEK, upload_token_valid=WEEK
        )


# Blobs in pieces


def test_a_staged_blob_is_there_when_it_is_finished_and_not_before(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged_blobs, "SMALLEST_BLOCK", 1000)
    content = random.Random(1).randbytes(4321)
    staged = store.stage("exports/a.zip", 0)
    for begin in range(0, len(content), 700):
        assert staged.write(content[begin : begin + 700]) == len(content[begin : begin + 700])
    assert store.find_blob("exports/a.zip") is None
    assert list(store.list_blobs(store.container)) == []
    staged.finish("application/zip", "private")
    assert b"".join(store.read("exports/a.zip")) == content
    found = store.find_blob("exports/a.zip")
    assert found is not None
    assert found.content_type == "application/zip"
    store.stage("exports/b.zip", 10**13).finish("application/zip", "private")
    assert list(store.read("exports/b.zip")) == []


def test_bytes_that_change_on_the_way_are_an_outage_and_nothing_is_there(
    proxied: BlobStore, proxy: StorageProxy, store: BlobStore
) -> None:
    staged = proxied.stage("a.zip", 0)
    staged.write(b"water")
    proxy.harm = lambda body: body.replace(b"water", b"wader")
    with pytest.raises(StorageUnavailable, match="Md5Mismatch"):
        staged.finish("application/zip", "private")
    # One that goes by one request, and one of several blocks.
    for size in (5, 5 * 1024**2):
        with pytest.raises(StorageUnavailable, match="Md5Mismatch"):
            proxied.upload("a.zip", [b"water".ljust(size)], "application/zip")
    assert store.find_blob("a.zip") is None


def test_more_blocks_than_a_blob_may_have_are_larger_ones(store: BlobStore) -> None:
    # A terabyte.
    assert store.stage("a", 10**12)._block_size * staged_blobs.MAX_BLOCKS == 2 * 10**12


def test_staging_without_the_container_is_an_outage(store: BlobStore) -> None:
    staged = store.stage("a.zip", 0)
    store.delete_container(store.container)
    staged.write(b"x")
    with pytest.raises(StorageUnavailable, match="There is no container"):
        staged.finish("application/zip", "private")
