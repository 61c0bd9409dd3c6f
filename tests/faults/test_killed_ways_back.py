"""Workers that are killed while something is taken back: a set reopened or deleted, an image withdrawn, a job cancelled."""

import time
from collections.abc import Callable

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from flask import Flask
from sqlalchemy import Connection, text

from app.media.previews import preview_folder
from app.settings import Settings
from tests.caller import Caller
from tests.faults.conftest import RECOVERY_LIMIT_SECONDS
from tests.faults.holds import Stage, StatementHold, StorageHold, wait_until
from tests.faults.points import ARCHIVE, COLLECTED, IMAGES, SNAPSHOT, Point, is_copy, is_deletion, is_listing
from tests.faults.test_killed_exports import Exports, archive, world
from tests.faults.test_killed_workers import Frozen, Uploads, frozen, kill_at, make_file, md5, sha256
from tests.storage_proxy import Request
from tests.workers import run_jobs, worker

__all__ = ["archive", "frozen", "world"]
pytestmark = pytest.mark.timeout(300)

JOINING_COUNT = 150
WITHDRAWN = "AFTER UPDATE ON job WHEN (NEW.state = 'succeeded' AND NEW.kind = 'delete_image_files')"
LEFT = text("SELECT count(*) FROM job WHERE state IN ('queued', 'running')")


def deletes_blob(ending: str) -> Callable[[Request], bool]:
    return lambda request: request.method == "DELETE" and request.path.split("?")[0].endswith(ending)


# What joins a set that was finished before is copied in two batches.
REOPENED = [
    Point("before the first copy", lambda: StorageHold(is_copy)),
    Point("in the middle of a batch", lambda: StorageHold(is_copy, 50)),
    Point("rows of a batch written and their commit lost", lambda: StatementHold(IMAGES, at_commit=True)),
    Point("commit of a batch that nobody saw", lambda: StatementHold(IMAGES, at_commit=True), happens=True),
    Point("last commit lost", lambda: StatementHold(COLLECTED, at_commit=True)),
]
DELETED = [
    Point("before the dropbox is deleted", lambda: StorageHold(is_deletion)),
    Point("dropbox deleted and success not written", lambda: StorageHold(is_deletion, answered=True)),
]
REMOVED = [
    Point("before the file is deleted", lambda: StorageHold(deletes_blob(".gif"))),
    Point("file deleted and its previews not", lambda: StorageHold(deletes_blob(".gif"), answered=True)),
    Point("one preview deleted and the other not", lambda: StorageHold(deletes_blob("-2048.jpg"), answered=True)),
    Point("all deleted and the commit lost", lambda: StatementHold(WITHDRAWN, at_commit=True)),
]
# A cancelled ingest leaves what it has copied, and its set can be finished again. Nobody can cancel between two statements,
# because the worker holds the row of the set.
INGEST_TO_CANCEL = [
    Point("in the middle of a batch", lambda: StorageHold(is_copy, 50)),
    Point("after the last batch and before the last listing", lambda: StorageHold(is_listing, 3)),
]


class Reopened:
    """A set that was finished, with more files in its new dropbox, one of them under a name that is there already."""

    def __init__(self, uploads: Uploads, storage: BlobServiceClient, app: Flask) -> None:
        self.uploads, self.admin, self.session = uploads, uploads.admin, uploads.session
        uploads.begin()
        run_jobs(app)
        uploads.check()
        self.path = f"/image_sets/{uploads.imageset_id}"
        self.admin.put(self.path, {"new_status": "created"}).expect(200)
        self.dropbox = storage.get_container_client(self.admin.get(self.path).expect(200)["blobstorage_path"])
        self.joining = {f"flight {n % 7}/later {n:04}.gif": make_file(1_000 + n) for n in range(JOINING_COUNT)}
        self.taken = next(iter(uploads.files))
        for name, file in {**self.joining, self.taken: make_file(9_999)}.items():
            self.dropbox.upload_blob(name, file)

    def begin(self) -> None:
        self.uploads.begin()

    def check(self) -> None:
        """Assert that every file of both uploads is there once, and that none was overwritten."""
        expected = {**self.uploads.files, **self.joining}
        found = self.session.execute(
            text("SELECT blobstorage_path, encode(content_md5, 'hex') FROM image WHERE problem IS NULL ORDER BY 1")
        )
        folder = f"{self.uploads.container.container_name}/upload/{self.uploads.title}"
        assert [tuple(row) for row in found] == sorted(
            (f"{folder}/{name}", md5(file)) for name, file in expected.items()
        )
        stored = self.uploads.read(f"upload/{self.uploads.title}")
        assert {name: content.hex() for name, content in stored.items()} == {
            name: sha256(file) for name, file in expected.items()
        }
        problems = self.admin.get(f"{self.path}/problems").expect(200)["problems"]
        assert [(problem["name"], problem["kind"]) for problem in problems] == [(self.taken, "name_taken")]
        # The dropbox is kept until somebody decides about the file that could not join.
        assert {blob.name for blob in self.dropbox.list_blobs()} == {self.taken, *self.joining}


class Deleted:
    """A set with files that nobody finished, and that is deleted."""

    def __init__(self, uploads: Uploads) -> None:
        self.uploads, self.admin = uploads, uploads.admin

    def begin(self) -> None:
        self.admin.delete(f"/image_sets/{self.uploads.imageset_id}").expect(200)

    def check(self) -> None:
        """Assert that set and dropbox are gone, that no image came of it, and that its title is free again."""
        self.admin.get(f"/image_sets/{self.uploads.imageset_id}").expect(404)
        assert not self.uploads.dropbox.exists()
        assert self.admin.get("/images").expect(200)["images"] == []
        self.admin.post("/image_sets", {"title": self.uploads.title}).expect(200)


class Withdrawn:
    """An image of a finished set that is withdrawn, with its previews."""

    def __init__(self, uploads: Uploads, app: Flask) -> None:
        self.uploads, self.admin = uploads, uploads.admin
        uploads.begin()
        run_jobs(app)
        images = self.admin.get("/images?per_page=1").expect(200)["images"]
        self.image_id = images[0]["image_id"]
        path = images[0]["blobstorage_path"]
        self.name = path.partition(f"/upload/{uploads.title}/")[2]
        self.previews = [blob.name for blob in uploads.container.list_blobs(preview_folder(self.image_id))]
        assert len(self.previews) == 2

    def begin(self) -> None:
        self.admin.post(f"/images/{self.image_id}/withdraw", {"reason": "A person can be seen."}).expect(200)

    def check(self) -> None:
        """Assert that the file and its previews are gone, that its row says so, and that no other file is."""
        assert list(self.uploads.container.list_blobs(preview_folder(self.image_id))) == []
        assert set(self.uploads.read(f"upload/{self.uploads.title}")) == set(self.uploads.files) - {self.name}
        self.admin.get(f"/images/{self.image_id}").expect(410)
        withdrawn = self.admin.get("/images?withdrawn=true").expect(200)["images"]
        assert [image["image_id"] for image in withdrawn] == [self.image_id]


@pytest.fixture
def plain_uploads(
    admin: Caller, stage: Stage, storage: BlobServiceClient, container: ContainerClient, no_previews: None, title: str
) -> Uploads:
    """An image set with its files, which nobody must keep from being deleted."""
    return Uploads(admin, stage.session, storage, container, title)


@pytest.mark.parametrize("point", REOPENED, ids=str)
def test_what_joins_a_reopened_set_is_there_once(
    point: Point,
    plain_uploads: Uploads,
    storage: BlobServiceClient,
    app: Flask,
    worker_settings: Settings,
    stage: Stage,
) -> None:
    kill_at(point, Reopened(plain_uploads, storage, app), worker_settings, stage)


@pytest.mark.parametrize("point", DELETED, ids=str)
def test_a_deleted_set_is_gone(point: Point, plain_uploads: Uploads, worker_settings: Settings, stage: Stage) -> None:
    kill_at(point, Deleted(plain_uploads), worker_settings, stage)


@pytest.mark.parametrize("point", REMOVED, ids=str)
def test_a_withdrawn_file_is_gone(
    point: Point, plain_uploads: Uploads, app: Flask, worker_settings: Settings, stage: Stage
) -> None:
    kill_at(point, Withdrawn(plain_uploads, app), worker_settings, stage)


def cancel(admin: Caller, session: Connection) -> int:
    """Cancel the one job that runs, and return its id."""
    job_id = session.scalar(text("SELECT id FROM job WHERE state = 'running'"))
    assert job_id is not None
    admin.post(f"/jobs/{job_id}/cancel").expect(200)
    return int(job_id)


def kill_after_cancel(point: Point, work: Uploads | Exports | Frozen, settings: Settings, stage: Stage) -> str:
    """Begin, cancel the job while its worker is held, and kill the worker; return the path of the job.

    Another worker must leave it as it is.
    """
    hold, admin = point.hold(), work.admin
    with hold.armed(stage), worker(settings) as first:
        work.begin()
        wait_until(hold.is_reached, point.name)
        job_id = cancel(admin, stage.session)
        first.kill()
        first.wait()
        hold.let_go(happens=point.happens)
    with worker(settings) as another:
        time.sleep(2 * settings.job_recovery_seconds + settings.job_stalled_seconds)
        another.terminate()
        another.wait(30)
    path = f"/jobs/{job_id}"
    assert admin.get(path).expect(200)["state"] == "cancelled"
    return path


@pytest.mark.parametrize("point", INGEST_TO_CANCEL, ids=str)
def test_a_cancelled_ingest_is_finished_once(
    point: Point, plain_uploads: Uploads, worker_settings: Settings, stage: Stage
) -> None:
    kill_after_cancel(point, plain_uploads, worker_settings, stage)
    assert plain_uploads.dropbox.exists()
    assert plain_uploads.admin.get(f"/image_sets/{plain_uploads.imageset_id}").expect(200)["status"] == "created"
    plain_uploads.begin()
    finish(worker_settings, stage)
    plain_uploads.check_images()


@pytest.mark.parametrize("point", ARCHIVE[:3], ids=str)
def test_a_cancelled_export_is_written_when_it_is_retried(
    point: Point, archive: Exports, worker_settings: Settings, stage: Stage
) -> None:
    job = kill_after_cancel(point, archive, worker_settings, stage)
    assert archive.admin.get(f"/exports/{archive.export_id}").expect(200)["state"] == "cancelled"
    archive.admin.post(f"{job}/retry").expect(200)
    finish(worker_settings, stage)
    archive.check()


@pytest.mark.parametrize("point", SNAPSHOT[2:3], ids=str)
def test_a_cancelled_snapshot_is_made_when_it_is_retried(
    point: Point, frozen: Frozen, worker_settings: Settings, stage: Stage
) -> None:
    job = kill_after_cancel(point, frozen, worker_settings, stage)
    frozen.admin.post(f"{job}/retry").expect(200)
    finish(worker_settings, stage)
    frozen.check()


def finish(settings: Settings, stage: Stage) -> None:
    """Start a worker, and wait until no job is left to do."""
    with worker(settings) as another:
        wait_until(lambda: not stage.session.scalar(LEFT), "the end of all jobs", RECOVERY_LIMIT_SECONDS)
        another.terminate()
        another.wait(30)
