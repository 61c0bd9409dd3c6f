"""Image sets that are opened again: what comes joins the set, and nothing that was there is changed, lost or doubled."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from flask import Flask

from app.azure.blobs import BlobStore
from app.database.engine import db
from app.health.consistency import find_disagreements
from app.health.findings import Finding
from app.settings import Settings
from app.wiring import components_of
from tests.caller import Caller
from tests.jobs.test_finish_image_set import PIXEL_GIF, finish, list_images, read_files, upload
from tests.jobs.test_problems import list_problems, proxied, proxy, refuse
from tests.storage_proxy import StorageProxy
from tests.workers import run_jobs

pytestmark = pytest.mark.slow

__all__ = ["proxied", "proxy"]

PREFER = {"Prefer": "return=representation"}
FIRST = {"a.gif": PIXEL_GIF, "b.gif": PIXEL_GIF + b"b"}
SET = "/image_sets/1"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.ingest.PAUSES_SECONDS", (0.01, 0.01, 0.01, 0.01))


@pytest.fixture
def dropbox(admin: Caller, title: str) -> Iterator[ContainerClient]:
    """The dropbox of a new image set."""
    made = admin.post("/image_sets", {"title": title}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as client:
        yield client


@pytest.fixture
def ingested(admin: Caller, app: Flask, dropbox: ContainerClient) -> None:
    """The image set is finished, and its two files are images."""
    upload(dropbox, FIRST)
    finish(admin)
    run_jobs(app)


def reopen(admin: Caller) -> ContainerClient:
    """Open the set again, and return its dropbox."""
    answer = admin.put(SET, {"new_status": "created"}, headers=PREFER)
    reopened = answer.expect(200)
    assert "etag" not in answer.headers
    url = reopened.pop("dropbox_url")
    assert admin.get(SET).expect(200) == reopened
    assert (reopened["status"], reopened["date_finished"]) == ("created", None)
    client = ContainerClient.from_container_url(url)
    assert client.container_name == reopened["blobstorage_path"]
    return client


def findings(app: Flask, blobs: BlobStore, settings: Settings, title: str) -> list[Finding]:
    """What `flask check` finds about this set and its dropboxes; no worker runs here."""
    with app.app_context():
        found = find_disagreements(db.session(), blobs, settings.azure_storage_imageset_folder, timedelta(0))
        # Images of other tests have no files.
        ours = [item for item in found if title in item.subject or item.subject.startswith(("image set", "job"))]
        db.session.rollback()
        return ours


def test_what_comes_into_a_fresh_dropbox_joins_the_set_and_changes_no_image(
    admin: Caller, app: Flask, ingested: None, title: str, storage: BlobServiceClient, container: ContainerClient,
    blobs: BlobStore, settings: Settings,
) -> None:  # fmt: skip
    before = list_images(admin)
    with reopen(admin) as fresh:
        assert fresh.container_name == f"dropbox-{title}-2"
        assert findings(app, blobs, settings, title) == []
        upload(
            fresh,
            {"a.gif": b"another " + PIXEL_GIF, "b.gif": FIRST["b.gif"], "c.gif": PIXEL_GIF + b"c", ".DS_Store": b"x"},
        )
    finish(admin)
    admin.put(SET, {"new_status": "created"}).expect(409, "being ingested: wait until job")
    admin.put(SET, {"new_status": "finished"}).expect(409, "is finished and cannot become finished")
    run_jobs(app)
    assert read_files(container, title) == FIRST | {"c.gif": PIXEL_GIF + b"c"}
    after = list_images(admin)
    assert {path: after[path] for path in before} == before
    assert len(after) == 3
    ingest = admin.get(SET).expect(200)["ingest"]
    assert (ingest["state"], ingest["images"], ingest["skipped"], ingest["problems"]) == ("succeeded", 3, 1, 1)
    assert (ingest["done"], ingest["total"]) == (2, 3)
    [(name, problem)] = list_problems(admin).items()
    taken = next(image for path, image in before.items() if path.endswith("a.gif"))
    assert (name, problem["kind"], problem["image_id"]) == ("a.gif", "name_taken", taken["image_id"])
    assert "same name and another content" in problem["message"]
    assert storage.get_container_client(f"dropbox-{title}-2").exists()
    assert findings(app, blobs, settings, title) == []
    admin.post(f"{SET}/problems/drop").expect(200)
    run_jobs(app)
    assert not storage.get_container_client(f"dropbox-{title}-2").exists()
    assert read_files(container, title) == FIRST | {"c.gif": PIXEL_GIF + b"c"}
    assert findings(app, blobs, settings, title) == []
    with reopen(admin) as third:
        assert third.container_name == f"dropbox-{title}-3"


def test_a_dropbox_with_files_that_were_not_ingested_stays_the_dropbox(
    admin: Caller, app: Flask, dropbox: ContainerClient, proxied: BlobStore, proxy: StorageProxy, title: str,
    container: ContainerClient, blobs: BlobStore, settings: Settings,
) -> None:  # fmt: skip
    upload(dropbox, FIRST | {"bad.gif": b"?", "worse.gif": b"?"})
    proxy.request_rule = refuse(409, "BlobArchived", of="bad.gif")
    finish(admin)
    run_jobs(app, proxied)
    assert set(list_problems(admin)) == {"bad.gif"}
    proxy.request_rule = lambda request: None
    with reopen(admin) as same:
        assert same.container_name == f"dropbox-{title}"
        assert findings(app, blobs, settings, title) == []
        admin.post(f"{SET}/problems/retry").expect(409, "replace or delete the files in its dropbox")
        admin.post(f"{SET}/problems/drop", {"names": ["bad.gif"]}).expect(409, "is created")
        upload(same, {"bad.gif": PIXEL_GIF + b"good", "b.gif": b"replaced"})
        # A link of before stays dead.
        with pytest.raises(
            Exception, match=r"AuthorizationPermissionMismatch|AuthenticationFailed|AuthorizationFailure"
        ):
            dropbox.upload_blob("late.gif", b"x")
    finish(admin)
    run_jobs(app)
    assert set(list_problems(admin)) == {"b.gif"}
    expected = FIRST | {"bad.gif": PIXEL_GIF + b"good", "worse.gif": b"?"}
    assert read_files(container, title) == expected
    # What was given up does not keep a later file of its name out.
    admin.post(f"{SET}/problems/drop").expect(200)
    run_jobs(app)
    with reopen(admin) as fresh:
        upload(fresh, {"b.gif": FIRST["b.gif"], "d.gif": PIXEL_GIF + b"d"})
    finish(admin)
    run_jobs(app)
    assert read_files(container, title) == expected | {"d.gif": PIXEL_GIF + b"d"}
    assert findings(app, blobs, settings, title) == []


def test_a_file_that_was_deleted_by_hand_comes_back_with_the_same_content_only(
    admin: Caller, app: Flask, ingested: None, title: str, container: ContainerClient
) -> None:
    before = list_images(admin)
    for name in FIRST:
        container.delete_blob(f"upload/{title}/{name}")
    with reopen(admin) as fresh:
        upload(fresh, {"a.gif": FIRST["a.gif"], "b.gif": b"another"})
    finish(admin)
    run_jobs(app)
    assert read_files(container, title) == {"a.gif": FIRST["a.gif"]}
    assert list_images(admin) == before
    assert {name: problem["kind"] for name, problem in list_problems(admin).items()} == {"b.gif": "name_taken"}


def test_a_withdrawn_image_does_not_come_back(
    admin: Caller, app: Flask, ingested: None, title: str, container: ContainerClient
) -> None:
    for image_id in (1, 2):
        admin.post(f"/images/{image_id}/withdraw", {"reason": "people on it"}).expect(200)
    run_jobs(app)
    with reopen(admin) as fresh:
        upload(fresh, {"a.gif": FIRST["a.gif"], "b.gif": b"another"})
    finish(admin)
    run_jobs(app)
    assert read_files(container, title) == {}
    assert {name: problem["kind"] for name, problem in list_problems(admin).items()} == {"b.gif": "name_taken"}


def test_a_dropbox_that_was_deleted_by_hand_is_reported_and_replaced(
    admin: Caller,
    app: Flask,
    ingested: None,
    title: str,
    storage: BlobServiceClient,
    blobs: BlobStore,
    settings: Settings,
) -> None:
    reopen(admin).close()
    storage.delete_container(f"dropbox-{title}-2")
    admin.post(f"{SET}/dropbox_url").expect(409, "something else deleted it")
    [missing] = findings(app, blobs, settings, title)
    assert missing.check == "dropbox_missing"
    finish(admin)
    run_jobs(app)
    ingest = admin.get(SET).expect(200)["ingest"]
    assert ingest["state"] == "failed"
    assert "Set the status of image set 1 to created" in ingest["error"]
    with reopen(admin) as fresh:
        assert fresh.container_name == f"dropbox-{title}-3"
        upload(fresh, {"c.gif": PIXEL_GIF})
    # The job of before must not close the new dropbox.
    admin.post(f"/jobs/{ingest['job_id']}/retry").expect(409, "is created")
    finish(admin)
    run_jobs(app)
    assert len(list_images(admin)) == 3
    assert findings(app, blobs, settings, title) == []


def test_what_comes_late_into_the_dropbox_of_before_is_ingested_beside_the_new_one(
    admin: Caller, app: Flask, dropbox: ContainerClient, title: str, storage: BlobServiceClient, container: ContainerClient,
    blobs: BlobStore, settings: Settings,
) -> None:  # fmt: skip
    upload(dropbox, FIRST)
    finish(admin)
    run_jobs(app, limit=1)
    with reopen(admin) as fresh:
        assert fresh.container_name == f"dropbox-{title}-2"
        old = storage.get_container_client(f"dropbox-{title}")
        upload(old, {"late.gif": PIXEL_GIF + b"late", "a.gif": b"changed"})
        assert findings(app, blobs, settings, title) == []
        run_jobs(app)
        assert {name: problem["kind"] for name, problem in list_problems(admin).items()} == {"a.gif": "name_taken"}
        assert findings(app, blobs, settings, title) == []
        assert old.exists()
        upload(fresh, {"c.gif": PIXEL_GIF + b"c"})
        answer = admin.post(f"{SET}/problems/drop")
        answer.expect(200)
        run_jobs(app)
        assert not old.exists()
        assert storage.get_container_client(fresh.container_name).exists()
    finish(admin)
    run_jobs(app)
    assert read_files(container, title) == FIRST | {"late.gif": PIXEL_GIF + b"late", "c.gif": PIXEL_GIF + b"c"}
    assert findings(app, blobs, settings, title) == []


def test_no_two_sets_get_one_dropbox(admin: Caller, app: Flask, ingested: None, title: str) -> None:
    second: dict[str, Any] = admin.post("/image_sets", {"title": f"{title}-2"}).expect(200)
    assert second["blobstorage_path"] == f"dropbox-{title}-2"
    with reopen(admin) as fresh:
        assert fresh.container_name == f"dropbox-{title}-3"
    third = admin.post("/image_sets", {"title": f"{title}-3"}).expect(200)
    assert third["blobstorage_path"] == f"dropbox-{title}-3-2"


def test_a_storage_that_is_away_leaves_the_set_finished(
    admin: Caller, app: Flask, ingested: None, monkeypatch: pytest.MonkeyPatch, unreachable_blobs: BlobStore
) -> None:
    before = admin.get(SET).expect(200)
    monkeypatch.setattr(components_of(app), "blob_store", unreachable_blobs)
    admin.put(SET, {"new_status": "created"}).expect(503, "storage")
    assert admin.get(SET).expect(200) == before
