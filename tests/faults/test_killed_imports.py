"""Imports whose worker is killed at named points, and that race with submissions: all of a file once, or nothing of it."""

import threading
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.settings import Settings
from tests.conftest import Labelled, insert_images
from tests.faults.conftest import RECOVERY_LIMIT_SECONDS
from tests.faults.holds import Stage, StatementHold, StorageHold, wait_until
from tests.faults.points import Point
from tests.storage_proxy import Request
from tests.workers import worker

pytestmark = pytest.mark.timeout(300)

COUNT = 300
HEADER = "image_id,label,x_min,y_min,x_max,y_max\n"
OUTCOME = "AFTER UPDATE OF outcome ON import"


def reads_file(request: Request) -> bool:
    return request.method == "GET" and "/label_imports/" in request.path


def deletes_file(request: Request) -> bool:
    return request.method == "DELETE" and "/label_imports/" in request.path


POINTS = [
    Point("before the file is read", lambda: StorageHold(reads_file)),
    Point("objects stored and the submission not counted", lambda: StatementHold("AFTER UPDATE ON submission")),
    Point("outcome written and its commit lost", lambda: StatementHold(OUTCOME, at_commit=True)),
    Point("outcome written by a commit that nobody saw", lambda: StatementHold(OUTCOME, at_commit=True), happens=True),
    Point("file deleted and success not written", lambda: StorageHold(deletes_file, answered=True)),
]


class File:
    """A file that labels all images of a campaign."""

    def __init__(self, app: Flask, settings: Settings, labelled: Labelled) -> None:
        self.admin, self.campaign = labelled.admin, f"/campaigns/{labelled.campaign_id}"
        self.image_ids = insert_images(app, settings, COUNT)
        images = [{"id": image_id} for image_id in self.image_ids]
        self.admin.post(f"{self.campaign}/images", images).expect(200)
        self.import_id = 0

    def send(self) -> None:
        lines = "".join(f"{image_id},of {image_id},0,0,9.5,9\n" for image_id in self.image_ids)
        created = self.admin.post(f"{self.campaign}/imports?format=csv", content=(HEADER + lines).encode()).expect(202)
        self.import_id = created["import_id"]

    def check(self, stage: Stage, container: ContainerClient) -> None:
        """Assert that each label is there once, by one submission, and that the file is gone."""
        done = self.admin.get(f"/imports/{self.import_id}").expect(200)
        assert (done["state"], done["counts"]["images"], done["counts"]["unchanged"]) == ("succeeded", COUNT, 0)
        [submission] = self.admin.get(f"{self.campaign}/submissions").expect(200)["submissions"]
        assert (submission["submission_id"], submission["image_count"]) == (done["submission_id"], COUNT)
        stored = stage.session.execute(text("SELECT image_id, label FROM object ORDER BY id")).all()
        assert [tuple(row) for row in stored] == [(image_id, f"of {image_id}") for image_id in self.image_ids]
        progress = self.admin.get(self.campaign).expect(200)["progress"]
        assert progress["states"]["labeled"] == COUNT
        path = stage.session.scalar(text("SELECT path FROM import"))
        assert not container.get_blob_client(path).exists()


@pytest.fixture
def file(app: Flask, settings: Settings, labelled: Labelled) -> File:
    return File(app, settings, labelled)


def is_done(stage: Stage) -> bool:
    return not stage.session.scalar(text("SELECT count(*) FROM job WHERE state <> 'succeeded'"))


def finish(settings: Settings, stage: Stage) -> None:
    with worker(settings):
        wait_until(lambda: is_done(stage), "the end of all jobs", RECOVERY_LIMIT_SECONDS)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_a_file_is_imported_once(
    point: Point, file: File, worker_settings: Settings, stage: Stage, container: ContainerClient
) -> None:
    hold = point.hold()
    with hold.armed(stage), worker(worker_settings) as first:
        file.send()
        wait_until(hold.is_reached, point.name)
        first.kill()
        first.wait()
        hold.let_go(happens=point.happens)
    finish(worker_settings, stage)
    file.check(stage, container)


def test_a_file_waits_for_the_storage(
    file: File, worker_settings: Settings, stage: Stage, container: ContainerClient
) -> None:
    stage.proxy.close()
    with worker(worker_settings):
        file.send()
        waits = text("SELECT count(*) FROM job WHERE attempts > 0 AND error IS NOT NULL")
        wait_until(lambda: bool(stage.session.scalar(waits)), "an attempt without storage")
        stage.proxy.open()
        wait_until(lambda: is_done(stage), "the end of all jobs", RECOVERY_LIMIT_SECONDS)
    file.check(stage, container)


def test_submissions_while_a_file_is_imported_come_before_or_after_it(
    file: File, worker_settings: Settings, stage: Stage
) -> None:
    """The history says which: every image has the content of its newest revision, and the counters agree."""
    stop, failures = threading.Event(), list[Any]()

    def submit() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            edges = {"xmin": 0, "ymin": 0, "xmax": number, "ymax": 5}
            item = {"image_id": file.image_ids[number % COUNT], "objects": [{"label": "put", "bounding_box": edges}]}
            answer = file.admin.put(f"{file.campaign}/objects", [item])
            if answer.response.status_code != 200:
                failures.append(answer.response.text)

    thread = threading.Thread(target=submit)
    with worker(worker_settings):
        thread.start()
        try:
            for _ in range(3):
                file.send()
            wait_until(lambda: is_done(stage), "the end of all jobs", RECOVERY_LIMIT_SECONDS)
        finally:
            stop.set()
            thread.join()
    assert failures == []
    wrong = text("""
        SELECT count(*) FROM campaign_image JOIN LATERAL (
            SELECT submission_id, object_count FROM submission_image AS made
            WHERE made.campaign_id = campaign_image.campaign_id AND made.image_id = campaign_image.image_id
            ORDER BY submission_id DESC LIMIT 1) AS newest ON true
        WHERE campaign_image.submission_id <> newest.submission_id OR newest.object_count <> (
            SELECT count(*) FROM object WHERE object.campaign_id = campaign_image.campaign_id
                AND object.image_id = campaign_image.image_id AND object.submission_id = newest.submission_id)""")
    assert stage.session.scalar(wrong) == 0
    assert file.admin.get(file.campaign).expect(200)["progress"]["states"]["labeled"] == COUNT
    imported = stage.session.scalar(text("SELECT count(*) FROM import WHERE outcome = 'succeeded'"))
    assert imported == 3
