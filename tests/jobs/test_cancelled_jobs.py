"""Jobs that are listed and cancelled, and when they are expected to end."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask

from app.azure.blobs import BlobStore
from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled
from tests.jobs.test_finish_image_set import PIXEL_GIF, finish, list_images, read_files, upload
from tests.jobs.test_reopened_image_sets import SET, findings
from tests.workers import run_jobs

FILES = {f"{number}.gif": PIXEL_GIF + str(number).encode() for number in range(6)}


@pytest.fixture
def dropbox(admin: Caller, title: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ContainerClient]:
    """The dropbox of a new image set with six files, of which two are ingested at a time."""
    monkeypatch.setattr("app.jobs.image_files.BATCH_SIZE", 2)
    made = admin.post("/image_sets", {"title": title}).expect(200)
    with ContainerClient.from_container_url(made["dropbox_url"]) as client:
        upload(client, FILES)
        yield client


def ingest(admin: Caller) -> dict[str, Any]:
    found: dict[str, Any] = admin.get(SET).expect(200)["ingest"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("checkpoints", [0, 1, 3, 5])
def test_a_cancelled_ingest_leaves_a_set_that_is_finished_again(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str, blobs: BlobStore,
    settings: Settings, checkpoints: int,
) -> None:  # fmt: skip
    """Before a worker takes the job, and at several commits of its run."""
    finish(admin)
    job_id = ingest(admin)["job_id"]
    seen: list[dict[str, Any]] = []

    def look() -> bool:
        seen.append(admin.get(f"/jobs/{job_id}").expect(200))
        if len(seen) == checkpoints:
            assert admin.post(f"/jobs/{job_id}/cancel").expect(200) == "ok"
        return False

    if checkpoints == 0:
        prefer = {"Prefer": "return=representation"}
        assert admin.post(f"/jobs/{job_id}/cancel", headers=prefer).expect(200)["state"] == "cancelled"
    run_jobs(app, should_stop=look)
    assert len(seen) == checkpoints
    job = admin.get(f"/jobs/{job_id}").expect(200)
    assert (job["state"], job["date_expected"]) == ("cancelled", None)
    assert job["date_finished"]
    image_set = admin.get(SET).expect(200)
    assert (image_set["status"], image_set["blobstorage_path"]) == ("created", f"dropbox-{title}")
    assert findings(app, blobs, settings, title) == []
    admin.post(f"/jobs/{job_id}/cancel").expect(409, "is cancelled")
    admin.post(f"/jobs/{job_id}/retry").expect(409, "Image set 1 is created")
    before = list_images(admin)
    admin.post(f"{SET}/dropbox_url").expect(200)
    finish(admin)
    run_jobs(app)
    assert read_files(container, title) == FILES
    after = list_images(admin)
    assert len(after) == len(FILES)
    assert {path: after[path]["image_id"] for path in before} == {
        path: image["image_id"] for path, image in before.items()
    }
    assert ingest(admin)["job_id"] != job_id
    assert findings(app, blobs, settings, title) == []
    [entry] = admin.get("/audit?action=cancel_job").expect(200)["audit"]
    assert entry["details"] == {"kind": "finish_image_set", "image_set_id": 1}


def test_a_race_of_cancelling_and_succeeding_ends_in_one_of_both(
    admin: Caller, app: Flask, dropbox: ContainerClient, container: ContainerClient, title: str
) -> None:
    cancelled = 0
    while ingest(admin) is None or ingest(admin)["state"] != "succeeded":
        finish(admin)
        job_id = ingest(admin)["job_id"]
        worker = threading.Thread(target=run_jobs, args=(app,))
        worker.start()
        time.sleep(0.05 * cancelled)
        answer = admin.post(f"/jobs/{job_id}/cancel")
        worker.join()
        image_set, state = admin.get(SET).expect(200), admin.get(f"/jobs/{job_id}").expect(200)["state"]
        if answer.response.status_code == 200:
            assert (state, image_set["status"]) == ("cancelled", "created")
            cancelled += 1
        else:
            answer.expect(409, "is succeeded")
            assert (state, image_set["status"]) == ("succeeded", "finished")
        assert cancelled < 200
    assert read_files(container, title) == FILES
    assert len(list_images(admin)) == len(FILES)


def test_what_cannot_be_undone_is_not_cancelled(
    admin: Caller, app: Flask, dropbox: ContainerClient, labelled: Labelled
) -> None:
    finish(admin)
    run_jobs(app, limit=1)
    jobs = {job["kind"]: job for job in admin.get("/jobs").expect(200)["jobs"]}
    admin.post(f"/jobs/{jobs['finish_image_set']['job_id']}/cancel").expect(409, "is succeeded")
    admin.post(f"/jobs/{jobs['delete_dropbox']['job_id']}/cancel").expect(409, "deleting cannot be undone")
    admin.post("/jobs/4711/cancel").expect(404)
    inspection = f"/jobs/{jobs['inspect_image_set']['job_id']}"
    admin.post(f"{inspection}/cancel").expect(200)
    run_jobs(app)
    assert admin.get(inspection).expect(200)["state"] == "cancelled"
    admin.post(f"{inspection}/retry").expect(200)
    run_jobs(app)
    assert admin.get(inspection).expect(200)["state"] == "succeeded"
    # A publication that has not begun.
    path = f"/campaigns/{labelled.campaign_id}"
    labelled.partner.put(f"{path}/objects", [{"image_id": i, "objects": []} for i in labelled.image_ids]).expect(200)
    admin.put(path, {"new_status": "finished"}).expect(200)
    publication = f"/jobs/{admin.get(path).expect(200)['publication']['job_id']}"
    admin.post(f"{publication}/cancel").expect(200)
    assert admin.get(path).expect(200)["status"] == "completed"
    admin.post(f"{publication}/retry").expect(409, "is cancelled")
    admin.put(path, {"new_status": "finished"}).expect(200)
    publication = f"/jobs/{admin.get(path).expect(200)['publication']['job_id']}"
    run_jobs(app, limit=2, should_stop=lambda: True)
    assert admin.get(publication).expect(200)["attempts"] > 0
    admin.post(f"{publication}/cancel").expect(409, "published versions cannot be taken back")
    run_jobs(app)
    assert admin.get(publication).expect(200)["state"] == "succeeded"


def test_jobs_are_listed_newest_first_by_state_and_kind(admin: Caller, app: Flask, dropbox: ContainerClient) -> None:
    finish(admin)
    run_jobs(app, limit=1)
    found = admin.get("/jobs?per_page=2").expect(200)
    assert [job["job_id"] for job in found["jobs"]] == [3, 2]
    assert found["pagination"]["total"] == 3
    [succeeded] = admin.get("/jobs?state=succeeded,failed").expect(200)["jobs"]
    assert succeeded == admin.get("/jobs/1").expect(200)
    assert admin.get("/jobs?state=queued&kind=finish_image_set").expect(200)["jobs"] == []
    assert [job["job_id"] for job in admin.get("/jobs?state=queued&after=3").expect(200)["jobs"]] == [2]
    admin.get("/jobs?state=gone").expect(400, "state")
    admin.get("/jobs?kind=dance").expect(400, "kind")


def test_an_estimate_of_the_end_changes_only_with_what_is_done(
    admin: Caller, app: Flask, dropbox: ContainerClient
) -> None:
    finish(admin)
    seen: list[dict[str, Any]] = []
    etag: list[str] = []

    def look() -> bool:
        answer = admin.get("/jobs/1", headers={"If-None-Match": etag[-1]} if etag else {})
        if answer.response.status_code == 304:
            assert answer.response.content == b""
        else:
            seen.append(answer.expect(200))
            etag.append(answer.headers["etag"])
        # Nothing happens between two looks.
        assert admin.get("/jobs/1", headers={"If-None-Match": etag[-1]}).response.status_code == 304
        return False

    run_jobs(app, limit=1, should_stop=look)
    running = [job for job in seen if job["state"] == "running"]
    assert running[0]["date_expected"] is None
    expected = [(job["done"], job["date_expected"]) for job in running if job["date_expected"]]
    assert [done for done, _ in expected] == [2, 4, 6]
    ends = [datetime.fromisoformat(end) for _, end in expected]
    assert all(end > datetime.fromisoformat(running[0]["date_started"]) for end in ends)
    assert ingest(admin)["date_expected"] is None
