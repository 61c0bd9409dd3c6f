"""Files that cannot be ingested: each is a problem of its set, in words, and holds up no other file and no other set."""

import gzip
import hashlib
import http.client
import json
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContainerClient, ContentSettings, StandardBlobTier
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import text

from app.azure.blobs import BlobStore
from app.jobs import image_files
from app.media import image_facts
from app.settings import Settings
from app.wiring import make_blob_store
from tests.caller import Caller
from tests.jobs.test_finish_image_set import PIXEL_GIF, finish, list_images, read_files, upload
from tests.storage_proxy import Exchange, Refused, Request, StorageProxy, storage_proxy
from tests.workers import rows, run_jobs

GOOD = {"a/first.gif": PIXEL_GIF, "b.gif": PIXEL_GIF + b"!", "notes.txt": b"not an image"}
PROBLEMS = "/image_sets/1/problems"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.ingest.PAUSES_SECONDS", (0.01, 0.01, 0.01, 0.01))


@pytest.fixture
def url(admin: Caller, title: str) -> str:
    """The upload link of a new image set."""
    made: str = admin.post("/image_sets", {"title": title}).expect(200)["dropbox_url"]
    return made


@pytest.fixture
def dropbox(url: str) -> Iterator[ContainerClient]:
    """The dropbox of the image set, through its link."""
    with ContainerClient.from_container_url(url) as client:
        yield client


@pytest.fixture
def proxy(storage_connection_string: str) -> Iterator[StorageProxy]:
    with storage_proxy(storage_connection_string) as proxy:
        yield proxy


@pytest.fixture
def proxied(settings: Settings, proxy: StorageProxy) -> Iterator[BlobStore]:
    """The blob store of a worker behind the proxy."""
    secret = SecretStr(proxy.connection_string)
    blobs = make_blob_store(settings.model_copy(update={"azure_storage_connection_string": secret}))
    yield blobs
    blobs.close()


def upload_dots(url: str, name: str = "%2E%2E") -> None:
    """Upload a file whose name client libraries would lose."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02"}
    connection.request("PUT", f"{parts.path}/{name}?{parts.query}", body=PIXEL_GIF, headers=headers)
    assert connection.getresponse().status == 201
    connection.close()


def refuse(status: int, code: str | None = None, of: str = "") -> Any:
    """A rule that refuses the copy of one file, or of all."""

    def rule(request: Request) -> None:
        source = request.headers.get("x-ms-copy-source", "")
        if source and source.endswith(of):
            raise Refused(status, code)

    return rule


def list_problems(admin: Caller, path: str = PROBLEMS) -> dict[str, dict[str, Any]]:
    """The open problems of a set, by name."""
    found = admin.get(path).expect(200)
    assert found["pagination"]["total"] == len(found["problems"])
    return {problem["name"]: problem for problem in found["problems"]}


def ingest(admin: Caller, imageset_id: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = admin.get(f"/image_sets/{imageset_id}").expect(200)["ingest"]
    return found


def counts(admin: Caller) -> tuple[int | None, int | None, int | None, int]:
    found = ingest(admin)
    return found["images"], found["not_images"], found["skipped"], found["problems"]


# What becomes of a set with such a file


def test_a_set_is_finished_with_the_rest_and_its_dropbox_stays(
    admin: Caller, app: Flask, settings: Settings, url: str, dropbox: ContainerClient, container: ContainerClient,
    title: str, storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox, GOOD | {"taken.gif": PIXEL_GIF, "other-set.gif": PIXEL_GIF})
    upload_dots(url)
    path = f"{settings.azure_storage_imageset_container}/upload/{title}"
    container.upload_blob(f"upload/{title}/taken.gif", b"somebody else's")
    admin.post("/image_sets", {"title": f"{title}-2"}).expect(200)
    with rows(app) as session:
        image = "INSERT INTO image (image_set_id, blobstorage_path) VALUES (2, :path)"
        session.execute(text(image), {"path": f"{path}/other-set.gif"})
    finish(admin)
    assert run_jobs(app) == 2
    image_set = admin.get("/image_sets/1").expect(200)
    assert image_set["blobstorage_path"] == path
    job = image_set["ingest"]
    assert (job["state"], job["error"], job["done"], job["total"]) == ("succeeded", None, 3, 6)
    assert counts(admin) == (2, 1, 0, 3)
    assert {name.partition(f"/{title}/")[2] for name in list_images(admin)} == set(GOOD)
    problems = list_problems(admin)
    assert {name: problem["kind"] for name, problem in problems.items()} == {
        "..": "copy_failed", "taken.gif": "name_taken", "other-set.gif": "name_taken",
    }  # fmt: skip
    assert "does not find the file by its name" in problems[".."]["message"]
    assert "Another file" in problems["taken.gif"]["message"]
    assert problems["other-set.gif"]["message"] == "The file would be image 1, which is already in image set 2."
    assert [problem["image_id"] for problem in problems.values()].count(1) == 1
    assert storage.get_container_client(f"dropbox-{title}").exists()


def test_a_file_that_is_tried_again_settles_its_problem_and_the_last_one_frees_the_dropbox(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient,
    container: ContainerClient, title: str, storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox, GOOD | {"one.gif": PIXEL_GIF, "two.gif": PIXEL_GIF})
    proxy.request_rule = refuse(409, "BlobArchived", of=".gif")
    finish(admin)
    run_jobs(app, proxied)
    before = list_problems(admin)
    assert set(before) == {"a/first.gif", "b.gif", "one.gif", "two.gif"}
    proxy.request_rule = lambda request: None
    # Only what is asked for is tried again.
    answer = admin.post(f"{PROBLEMS}/retry", {"names": ["one.gif", "one.gif"]})
    assert answer.expect(200) == "ok"
    assert answer.headers["link"] == '</api/v1/jobs/3>; rel="monitor"'
    assert len(list_problems(admin)) == 4
    run_jobs(app, proxied)
    assert set(list_problems(admin)) == {"a/first.gif", "b.gif", "two.gif"}
    assert (ingest(admin)["job_id"], ingest(admin)["done"], ingest(admin)["total"]) == (3, 2, 5)
    # One that fails again keeps its problem, with the present reason.
    proxy.request_rule = refuse(400, "InvalidHeaderValue", of="two.gif")
    kept = admin.post(f"{PROBLEMS}/retry", headers={"Prefer": "return=representation"}).expect(200)
    assert (kept["ingest"]["state"], kept["ingest"]["problems"]) == ("queued", 3)
    run_jobs(app, proxied)
    left = list_problems(admin)
    assert set(left) == {"two.gif"}
    assert "InvalidHeaderValue" in left["two.gif"]["message"]
    assert left["two.gif"]["date_created"] == before["two.gif"]["date_created"]
    proxy.request_rule = lambda request: None
    admin.post(f"{PROBLEMS}/retry", {}).expect(200)
    run_jobs(app, proxied)
    assert list_problems(admin) == {}
    assert read_files(container, title) == GOOD | {"one.gif": PIXEL_GIF, "two.gif": PIXEL_GIF}
    assert counts(admin) == (4, 1, 0, 0)
    assert not storage.get_container_client(f"dropbox-{title}").exists()


def test_files_that_are_given_up_go_with_the_dropbox_and_leave_nothing(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient,
    container: ContainerClient, title: str, storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox, GOOD | {"one.gif": PIXEL_GIF, "two.gif": PIXEL_GIF})

    def fail(exchange: Exchange) -> None:
        # What Azure says of a copy that came to grief, of which a part is left.
        if "x-ms-copy-status" in exchange.headers and f"/{title}/one.gif" in exchange.path:
            exchange.headers |= {"x-ms-copy-status": "failed", "x-ms-copy-status-description": "500 InternalError"}

    proxy.rule, proxy.request_rule = fail, refuse(403, "AuthenticationFailed", of="two.gif")
    finish(admin)
    run_jobs(app, proxied)
    problems = list_problems(admin)
    assert (
        problems["one.gif"]["message"]
        == "The storage service ended the copy with the status failed: 500 InternalError."
    )
    assert (
        problems["two.gif"]["message"] == "The storage service refuses this file, and no others (AuthenticationFailed)."
    )
    assert set(read_files(container, title)) == set(GOOD) | {"one.gif"}
    admin.post(f"{PROBLEMS}/drop", {"names": ["two.gif"]}).expect(200)
    assert set(list_problems(admin)) == {"one.gif"}
    assert run_jobs(app, proxied) == 0
    answer = admin.post(f"{PROBLEMS}/drop")
    assert answer.expect(200) == "ok"
    assert answer.headers["link"] == '</api/v1/jobs/3>; rel="monitor"'
    proxy.rule, proxy.request_rule = lambda exchange: None, lambda request: None
    run_jobs(app, proxied)
    assert list_problems(admin) == {}
    assert read_files(container, title) == GOOD
    assert len(list_images(admin)) == len(GOOD)
    assert counts(admin) == (2, 1, 0, 0)
    assert not storage.get_container_client(f"dropbox-{title}").exists()


@pytest.mark.parametrize("step", ["retry", "drop"])
def test_what_cannot_be_retried_or_dropped(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, step: str
) -> None:
    # A set without problems has nothing to do, whatever its status.
    assert "link" not in admin.post(f"{PROBLEMS}/{step}").headers
    assert admin.post(f"{PROBLEMS}/{step}", {"names": []}).expect(200) == "ok"
    upload(dropbox, {"one.gif": PIXEL_GIF, "two.gif": PIXEL_GIF})
    proxy.request_rule = refuse(409, "BlobArchived")
    proxy.request_rule = refuse(409, "BlobArchived", of=".gif")
    finish(admin)
    run_jobs(app, proxied)
    unknown = admin.post(f"{PROBLEMS}/{step}", {"names": ["one.gif", "three.gif", "One.gif"]})
    assert [error["pointer"] for error in unknown.expect(404)["errors"]] == ["/names/1", "/names/2"]
    admin.post(f"/image_sets/4711/problems/{step}").expect(404, "no image set 4711")
    admin.post(f"{PROBLEMS}/{step}", {"names": "one.gif"}).expect(400)
    admin.post(f"{PROBLEMS}/{step}", {"nmaes": []}).expect(400)
    admin.request("POST", f"{PROBLEMS}/{step}", content=b"names=one.gif").expect(415)
    assert len(list_problems(admin)) == 2
    admin.post(f"{PROBLEMS}/retry", {"names": ["one.gif"]}).expect(200)
    admin.post(f"{PROBLEMS}/{step}", {"names": ["two.gif"]}).expect(409, "wait until job 2 has ended")
    run_jobs(app, proxied)
    assert len(list_problems(admin)) == 2


def test_a_list_of_problems_has_pages(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient
) -> None:
    admin.get("/image_sets/4711/problems").expect(404, "no image set 4711")
    assert admin.get(PROBLEMS).expect(200)["problems"] == []
    upload(dropbox, {f"{number}.gif": PIXEL_GIF for number in range(3)})
    proxy.request_rule = refuse(409, "BlobArchived", of=".gif")
    finish(admin)
    run_jobs(app, proxied)
    first = admin.get(f"{PROBLEMS}?per_page=2").expect(200)
    second = admin.get(f"{PROBLEMS}?per_page=2&after={first['problems'][-1]['problem_id']}").expect(200)
    assert first["pagination"]["pages"] == 2
    assert {problem["name"] for problem in first["problems"] + second["problems"]} == {"0.gif", "1.gif", "2.gif"}
    assert set(first["problems"][0]) == {"problem_id", "name", "kind", "message", "date_created", "image_id"}
    admin.get(f"{PROBLEMS}?page=3&per_page=2").expect(404, "no page 3")


@pytest.mark.slow
def test_an_ingest_that_is_interrupted_comes_to_the_same_end(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, title: str
) -> None:
    """It stops with every commit once, also between the note of the problems and the end."""
    upload(dropbox, GOOD | {"bad.gif": PIXEL_GIF})
    proxy.request_rule = refuse(409, "BlobArchived", of="bad.gif")
    finish(admin)
    for commits in range(1, 30):
        run_jobs(app, proxied, limit=1, should_stop=iter([False] * commits + [True] * 99).__next__)
        if ingest(admin)["state"] == "succeeded":
            break
    assert commits > 5
    assert set(list_problems(admin)) == {"bad.gif"}
    assert counts(admin) == (2, 1, 0, 1)
    assert admin.get("/image_sets/1").expect(200)["blobstorage_path"].endswith(f"/upload/{title}")
    with rows(app) as session:
        assert session.scalars(text("SELECT kind FROM job ORDER BY id")).all() == [
            "finish_image_set",
            "inspect_image_set",
        ]


# Which faults


def test_a_file_that_is_deleted_after_the_listing_is_a_problem_also_when_it_is_tried_again(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox, GOOD | {"gone.gif": PIXEL_GIF})

    def delete(request: Request) -> None:
        blob = storage.get_blob_client(f"dropbox-{title}", "gone.gif")
        if "x-ms-copy-source" in request.headers and blob.exists():
            blob.delete_blob()

    proxy.request_rule = delete
    finish(admin)
    run_jobs(app, proxied)
    for _ in range(2):
        assert list_problems(admin)["gone.gif"]["message"] == "The file was deleted after it had been listed."
        assert counts(admin) == (2, 1, 0, 1)
        assert (ingest(admin)["done"], ingest(admin)["total"]) == (3, 4)
        admin.post(f"{PROBLEMS}/retry").expect(200)
        run_jobs(app, proxied)
    # It comes back under its name, and nobody need ask.
    upload(storage.get_container_client(f"dropbox-{title}"), {"gone.gif": PIXEL_GIF})
    proxy.request_rule = lambda request: None
    admin.post(f"{PROBLEMS}/retry").expect(200)
    run_jobs(app, proxied)
    assert list_problems(admin) == {}
    assert not storage.get_container_client(f"dropbox-{title}").exists()


def test_a_file_that_never_stops_changing_is_a_problem(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox, GOOD | {"changing.gif": PIXEL_GIF})

    def change(request: Request) -> None:
        if request.headers.get("x-ms-copy-source", "").endswith("changing.gif"):
            upload(storage.get_container_client(f"dropbox-{title}"), {"changing.gif": PIXEL_GIF})

    proxy.request_rule = change
    finish(admin)
    run_jobs(app, proxied)
    assert "changed after it was listed" in list_problems(admin)["changing.gif"]["message"]
    assert counts(admin) == (2, 1, 0, 1)


OUTAGES = [(500, None), (503, "ServerBusy"), (403, "AuthorizationFailure"), (404, None)]


@pytest.mark.parametrize(("status", "code"), OUTAGES)
def test_a_storage_service_that_copies_nothing_is_waited_for(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, title: str,
    status: int, code: str | None, container: ContainerClient,
) -> None:  # fmt: skip
    upload(dropbox, GOOD)
    proxy.request_rule = refuse(status, code)
    finish(admin)
    assert run_jobs(app, proxied, limit=1) == 1
    job = ingest(admin)
    assert job["state"] == "queued"
    assert "blob storage" in job["error"]
    assert list_problems(admin) == {}
    proxy.request_rule = lambda request: None
    run_jobs(app, proxied, hurry=True)
    assert ingest(admin)["state"] == "succeeded"
    assert read_files(container, title) == GOOD


def test_a_copy_that_cannot_be_read_is_a_problem(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, title: str
) -> None:
    upload(dropbox, GOOD)

    def refuse_reads(request: Request) -> None:
        if request.method == "GET" and f"/{title}/b.gif" in request.path:
            raise Refused(500)

    proxy.request_rule = refuse_reads
    finish(admin)
    run_jobs(app, proxied)
    problem = list_problems(admin)["b.gif"]
    assert (problem["kind"], problem["image_id"]) == ("unreadable", None)
    assert len(list_images(admin)) == 2


def test_what_nobody_foresaw_about_one_file_is_a_problem(
    admin: Caller, app: Flask, dropbox: ContainerClient, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    upload(dropbox, GOOD)
    read = image_facts.read_image_facts

    def stumble(read_range: Any, size: int, zone: Any) -> Any:
        if read_range(0, size) == GOOD["b.gif"]:
            raise RecursionError("secret")
        return read(read_range, size, zone)

    monkeypatch.setattr(image_files, "read_image_facts", stumble)
    finish(admin)
    # And one that the database refuses, whatever the reason.
    with rows(app) as session:
        session.execute(text("ALTER TABLE image ADD CONSTRAINT planted CHECK (blobstorage_path NOT LIKE '%notes.txt')"))
    try:
        run_jobs(app)
    finally:
        with rows(app) as session:
            session.execute(text("ALTER TABLE image DROP CONSTRAINT planted"))
    problems = list_problems(admin)
    assert problems["b.gif"]["message"] == "An unexpected error (RecursionError) ended this; the log says more."
    assert problems["notes.txt"]["message"] == "The database refuses what the file says of itself."
    assert [path.rpartition("/")[2] for path in list_images(admin)] == ["first.gif"]


def test_a_late_file_that_cannot_be_copied_keeps_the_dropbox(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox, GOOD)
    finish(admin)
    run_jobs(app, proxied, limit=1)
    upload(storage.get_container_client(f"dropbox-{title}"), {"late.gif": PIXEL_GIF})
    proxy.request_rule = refuse(412, "LeaseIdMissing", of="late.gif")
    run_jobs(app, proxied)
    assert admin.get("/jobs/2").expect(200)["state"] == "succeeded"
    assert "holds a lease" in list_problems(admin)["late.gif"]["message"]
    assert storage.get_container_client(f"dropbox-{title}").exists()
    proxy.request_rule = lambda request: None
    # What has changed since is tried without being asked for.
    upload(storage.get_container_client(f"dropbox-{title}"), {"late.gif": PIXEL_GIF + b"!"})
    with rows(app) as session:
        session.execute(text("UPDATE problem SET retrying = false"))
    admin.post(f"{PROBLEMS}/retry").expect(200)
    run_jobs(app, proxied)
    assert list_problems(admin) == {}
    assert not storage.get_container_client(f"dropbox-{title}").exists()


def test_a_file_that_changed_since_it_had_its_problem_is_tried_with_others(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox, {"one.gif": PIXEL_GIF, "two.gif": PIXEL_GIF, "three.gif": PIXEL_GIF})
    proxy.request_rule = refuse(409, "BlobArchived", of=".gif")
    finish(admin)
    run_jobs(app, proxied)
    admin.post(f"{PROBLEMS}/drop", {"names": ["three.gif"]}).expect(200)
    proxy.request_rule = lambda request: None
    changed = {"two.gif": PIXEL_GIF + b"2", "three.gif": PIXEL_GIF + b"3"}
    upload(storage.get_container_client(f"dropbox-{title}"), changed)
    admin.post(f"{PROBLEMS}/retry", {"names": ["one.gif"]}).expect(200)
    run_jobs(app, proxied)
    assert list_problems(admin) == {}
    # What was given up is not ingested, whatever it has become.
    assert {path.rpartition("/")[2] for path in list_images(admin)} == {"one.gif", "two.gif"}


# Many files


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_odd_files_among_a_thousand_are_ten_problems(
    admin: Caller, app: Flask, settings: Settings, proxied: BlobStore, proxy: StorageProxy, url: str,
    dropbox: ContainerClient, container: ContainerClient, title: str, storage: BlobServiceClient,
) -> None:  # fmt: skip
    words = {
        ".": "does not find the file by its name",
        "..": "does not find the file by its name",
        "taken.gif": "Another file already has the place of the copy",
        "other-set.gif": "is already in image set 2",
        "deleted.gif": "was deleted after it had been listed",
        "changing.gif": "changed after it was listed",
        "archived.gif": "in the archive tier",
        "forbidden.gif": "refuses this file, and no others",
        "odd.gif": "does not accept the name or a property",
        "broken.gif": "fails for this file, and not for others",
    }
    plain = dict.fromkeys((f"flight {number % 7}/{number:04}.gif" for number in range(983)), PIXEL_GIF)
    unusual = dict.fromkeys(("tab\t.gif", "a/../b.gif", "x" * 1020 + ".gif"), PIXEL_GIF)
    with ThreadPoolExecutor(16) as pool:
        files = plain | unusual | {name: PIXEL_GIF for name in words if name.endswith(".gif")}
        list(pool.map(lambda name: dropbox.upload_blob(name, files[name]), files))
    upload_dots(url, "%2E")
    upload_dots(url, "%2E%2E")
    own = storage.get_container_client(f"dropbox-{title}")
    archive(storage, own.container_name, "flight 0/0000.gif")
    untrue = ContentSettings(content_encoding="gzip")
    dropbox.upload_blob("untrue.gif", PIXEL_GIF + bytes(300_000), content_settings=untrue)
    dropbox.upload_blob("true.gif", gzip.compress(PIXEL_GIF), content_settings=untrue)
    dropbox.upload_blob("appended.gif", PIXEL_GIF, blob_type="AppendBlob")
    dropbox.upload_blob("pages.gif", PIXEL_GIF.ljust(512, b"\0"), blob_type="PageBlob")
    upload_junk(dropbox)
    container.upload_blob(f"upload/{title}/taken.gif", b"somebody else's")
    admin.post("/image_sets", {"title": f"{title}-2"}).expect(200)
    with rows(app) as session:
        path = f"{settings.azure_storage_imageset_container}/upload/{title}/other-set.gif"
        session.execute(text("INSERT INTO image (image_set_id, blobstorage_path) VALUES (2, :path)"), {"path": path})
    refusals = {
        "archived.gif": Refused(409, "BlobArchived"),
        "forbidden.gif": Refused(403, "AuthenticationFailed"),
        "odd.gif": Refused(400, "InvalidHeaderValue"),
        "broken.gif": Refused(500),
    }

    def spoil(request: Request) -> None:
        name = request.headers.get("x-ms-copy-source", "").rpartition("/")[2]
        if name in refusals:
            raise refusals[name]
        if name == "changing.gif":
            own.upload_blob(name, PIXEL_GIF, overwrite=True)
        if name == "deleted.gif":
            with suppress(ResourceNotFoundError):
                own.delete_blob(name)

    proxy.request_rule = spoil
    finish(admin)
    run_jobs(app, proxied)
    job = ingest(admin)
    assert (job["state"], job["error"], job["done"], job["total"]) == ("succeeded", None, 990, 1000)
    assert counts(admin) == (990, 0, len(JUNK) + 3, 10)
    assert len(list_images(admin)) == 990
    problems = {p["name"]: p["message"] for p in admin.get(f"{PROBLEMS}?per_page=100").expect(200)["problems"]}
    assert {name for name in words if words[name] in problems.get(name, "")} == set(words) == set(problems)
    assert own.exists()
    admin.post(f"{PROBLEMS}/drop").expect(200)
    run_jobs(app, proxied)
    assert not own.exists()
    # What lies where images of others are stays.
    assert len(list(container.list_blobs(f"upload/{title}/"))) == 990 + len(("taken.gif", "other-set.gif"))


# Archived files


def archive(storage: BlobServiceClient, container: str, name: str) -> None:
    storage.get_blob_client(container, name).set_standard_blob_tier(StandardBlobTier.ARCHIVE)


def test_an_archived_file_is_taken_in(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox, GOOD)
    archive(storage, f"dropbox-{title}", "b.gif")
    finish(admin)
    run_jobs(app)
    assert counts(admin) == (2, 1, 0, 0)
    assert read_files(container, title) == GOOD


def test_a_copy_that_takes_hours_is_waited_for_and_the_others_are_images_meanwhile(
    admin: Caller, app: Flask, proxied: BlobStore, proxy: StorageProxy, dropbox: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    upload(dropbox, GOOD)
    archive(storage, f"dropbox-{title}", "b.gif")

    def rehydrate(exchange: Exchange) -> None:
        if "x-ms-copy-status" in exchange.headers and f"/{title}/b.gif" in exchange.path:
            exchange.headers |= {"x-ms-access-tier": "Archive", "x-ms-archive-status": "rehydrate-pending-to-hot"}
            exchange.status = 409 if exchange.method == "GET" else exchange.status

    proxy.rule = rehydrate
    finish(admin)
    run_jobs(app, proxied)
    job = ingest(admin)
    assert (job["state"], job["done"], job["total"], job["problems"]) == ("queued", 2, 3, 0)
    assert job["error"] == (
        "1 file(s) are not copied yet; the first is b.gif: The storage service is still moving the copy out of the archive tier."
    )
    assert len(list_images(admin)) == 2
    proxy.rule = lambda exchange: None
    run_jobs(app, proxied, hurry=True)
    assert counts(admin) == (2, 1, 0, 0)
    assert not storage.get_container_client(f"dropbox-{title}").exists()


# Files that are stored compressed


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", gzip.compress(PIXEL_GIF, mtime=0)),
        ("x-gzip", gzip.compress(PIXEL_GIF, mtime=0)),
        ("GZIP", gzip.compress(PIXEL_GIF, mtime=0)),
        ("deflate", zlib.compress(PIXEL_GIF)),
        ("deflate", zlib.compress(PIXEL_GIF)[2:-4]),
        ("gzip", PIXEL_GIF),
        ("deflate", PIXEL_GIF),
        ("br", PIXEL_GIF),
        ("gzip", PIXEL_GIF + bytes(300_000)),
    ],
)
def test_an_encoded_image_is_one_whether_its_encoding_is_true_or_not(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str, encoding: str,
    content: bytes,
) -> None:  # fmt: skip
    dropbox.upload_blob("a.gif", content, content_settings=ContentSettings(content_encoding=encoding))
    finish(admin)
    run_jobs(app)
    [image] = list_images(admin).values()
    assert image["file"] == {
        "filetype": "GIF", "filesize": len(content), "dimensions": {"width": 2, "height": 3},
        "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    assert image["problem"] is None
    stored = container.download_blob(f"upload/{title}/a.gif", decompress=False).readall()
    assert stored == content
    # Who follows the link gets the image, decoded or as it is stored.
    link = admin.get(f"/images/{image['image_id']}").headers["location"]
    assert requests.get(link, timeout=10).content[: len(PIXEL_GIF)] == PIXEL_GIF
    [listed] = admin.get("/images?expand=download_url").expect(200)["images"]
    assert listed["download_url"] == link


# Junk

JUNK = {
    ".DS_Store": b"Bud1", "a/.DS_Store": b"Bud1", "a/._first.gif": b"\0\5\26\7", "Thumbs.db": b"x", "b/thumbs.db": b"x",
    "desktop.ini": b"[x]", "Desktop.ini": b"[x]", "empty.gif": b"", "a_$folder$": b"x", "c_$folder$": b"",
}  # fmt: skip


def upload_junk(dropbox: ContainerClient) -> int:
    """Upload junk of every kind; return how many files that are."""
    upload(dropbox, JUNK)
    dropbox.upload_blob("hadoop", b"", metadata={"hdi_isfolder": "true"})
    dropbox.upload_blob("azcopy", b"", metadata={"Is_Directory": "True"})
    dropbox.upload_blob("slash/", b"")
    return len(JUNK) + 3


def test_junk_is_skipped_and_counted(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str,
    storage: BlobServiceClient,
) -> None:  # fmt: skip
    names = dict.fromkeys(("Thumbs.db.gif", "_.gif", "a/desktop.ini/b.gif"), PIXEL_GIF)
    names |= {".hidden": b"x", "DS_Store": b"x"}
    upload(dropbox, GOOD | names)
    junk = upload_junk(dropbox)
    finish(admin)
    run_jobs(app)
    assert read_files(container, title) == GOOD | names
    assert counts(admin) == (5, 3, junk, 0)
    assert (ingest(admin)["done"], ingest(admin)["total"]) == (8, 8)
    assert not storage.get_container_client(f"dropbox-{title}").exists()


def test_a_set_of_nothing_but_junk_says_so(
    admin: Caller, app: Flask, dropbox: ContainerClient, title: str, storage: BlobServiceClient
) -> None:
    junk = upload_junk(dropbox)
    finish(admin)
    assert counts(admin)[:3] == (None, None, None)
    run_jobs(app)
    job = ingest(admin)
    assert (job["state"], job["done"], job["total"]) == ("succeeded", 0, 0)
    assert (*counts(admin), job["duplicates"]) == (0, 0, junk, 0, None)
    assert list_images(admin) == {}
    assert not storage.get_container_client(f"dropbox-{title}").exists()


# The command


def test_registering_goes_on_past_a_file_that_cannot_be_read(
    app: Flask, container: ContainerClient, title: str, storage: BlobServiceClient
) -> None:
    for name in ("a.gif", "bad\n.gif", "c.gif", ".DS_Store"):
        container.upload_blob(f"old/{title}/{name}", PIXEL_GIF)
    encoded = ContentSettings(content_encoding="gzip")
    container.upload_blob(f"old/{title}/encoded.gif", PIXEL_GIF + bytes(200_000), content_settings=encoded)
    archive(storage, container.container_name, f"old/{title}/bad\n.gif")
    run = app.test_cli_runner().invoke(args=["images", "register", f"old/{title}/"])
    assert json.loads(run.stdout) == {"found": 4, "added": 3, "corrected": 0, "skipped": 1, "failed": 1}
    assert run.stderr == (
        f"old/{title}/bad%0A.gif: The file is in the archive tier, and the storage service does not copy or read it from "
        "there (BlobArchived).\n"
    )
    assert run.exit_code == 1
    refused = app.test_cli_runner().invoke(args=["images", "register", "old/\udcff"])
    assert (refused.exit_code, "PREFIX must be text in UTF-8" in refused.stderr) == (2, True)
