"""Workers that are killed, or sleep and wake up, at named points and at random instants: nothing lost, doubled or wrong."""

import csv
import hashlib
import io
import json
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from flask import Flask
from sqlalchemy import Connection, text

from app.settings import Settings
from tests.api.test_snapshots import content_hash
from tests.caller import Caller
from tests.conftest import insert_images
from tests.faults.conftest import IMAGE_COUNT, LONG, RECOVERY_LIMIT_SECONDS
from tests.faults.holds import Stage, wait_until
from tests.faults.points import INGEST, INSPECTION, PUBLICATION, SNAPSHOT, ZOMBIES, Point, is_deletion
from tests.storage_proxy import Request
from tests.workers import worker

pytestmark = pytest.mark.timeout(300)

TABLES = (
    "image_set", "image", "campaign", "campaign_image", "dataset", "job", "snapshot", "snapshot_class", "snapshot_image",
    "snapshot_labels",
)  # fmt: skip
UNFINISHED = text("SELECT count(*) FROM job WHERE state <> 'succeeded'")
RANDOM_INSTANTS = range(30 if LONG else 2)


def make_file(number: int) -> bytes:
    """A GIF of one pixel with a tail of its own: no two files are alike."""
    pixel = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
    return pixel + random.Random(number).randbytes(200 + number)


class Work(Protocol):
    """Something that a worker does, whose outcome we know."""

    def begin(self) -> None:
        """Ask for it."""

    def check(self) -> None:
        """Assert that all of it is done, once, and nothing else."""


class Uploads:
    """An image set whose files we know."""

    def __init__(
        self, admin: Caller, session: Connection, storage: BlobServiceClient, container: ContainerClient, title: str
    ):
        self.admin, self.session, self.container, self.title = admin, session, container, title
        self.files = {f"flight {n % 7}/{n:04}.gif": make_file(n) for n in range(IMAGE_COUNT)}
        self.imageset_id = admin.post("/image_sets", {"title": title}).expect(200)["imageset_id"]
        self.dropbox = storage.get_container_client(f"dropbox-{title}")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: self.dropbox.upload_blob(name, self.files[name]), self.files))

    def begin(self) -> None:
        self.admin.put(f"/image_sets/{self.imageset_id}", {"new_status": "finished"}).expect(200)

    def check(self) -> None:
        """Assert that each file is there once, and that just the jobs were made which do that."""
        self.check_images()
        jobs = self.session.scalars(text("SELECT kind FROM job ORDER BY id")).all()
        assert jobs == ["finish_image_set", "delete_dropbox", "inspect_image_set"]

    def check_images(self) -> None:
        """Assert that each file is there once, byte for byte, as an image of the set, and that the dropbox is gone."""
        image_set = self.admin.get(f"/image_sets/{self.imageset_id}").expect(200)
        folder = f"upload/{self.title}"
        assert image_set["blobstorage_path"] == f"{self.container.container_name}/{folder}"
        expected = sorted(
            (f"{image_set['blobstorage_path']}/{name}", "GIF", len(file), md5(file), hashlib.sha256(file).hexdigest())
            for name, file in self.files.items()
        )
        found = self.session.execute(
            text(
                "SELECT blobstorage_path, filetype, filesize, encode(content_md5, 'hex'), encode(sha256, 'hex') FROM image"
                " WHERE problem IS NULL AND dhash IS NOT NULL AND blobstorage_path NOT LIKE '%/loose/%' ORDER BY 1"
            )
        )
        assert [tuple(row) for row in found] == expected
        assert self.read(folder) == {name: hashlib.sha256(file).digest() for name, file in self.files.items()}
        assert not self.dropbox.exists()

    def read(self, folder: str) -> dict[str, bytes]:
        """Return the SHA-256 of every file below a folder of the main container."""
        names = [blob.name for blob in self.container.list_blobs(folder + "/")]
        with ThreadPoolExecutor(8) as pool:
            contents = pool.map(lambda name: self.container.download_blob(name).readall(), names)
            return {
                name.removeprefix(folder + "/"): hashlib.sha256(content).digest()
                for name, content in zip(names, contents, strict=True)
            }

    def is_safe(self) -> bool:
        """True when every file is in the main container, and every image in the database."""
        # The proxy asks, in a thread of its own.
        with self.session.engine.connect() as session:
            count = session.scalar(text("SELECT count(*) FROM image WHERE image_set_id IS NOT NULL"))
        return count == len(self.files) and len(self.read(f"upload/{self.title}")) == len(self.files)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class Labels:
    """A campaign whose labels we know."""

    def __init__(
        self, admin: Caller, session: Connection, app: Flask, settings: Settings, container: ContainerClient, title: str
    ):
        self.admin, self.session, self.container, self.title = admin, session, container, title
        self.image_ids = insert_images(app, settings, IMAGE_COUNT)
        made = admin.post("/campaigns", {"title": title, "labeler_email": "pat@partner.example"}).expect(200)
        self.path = f"/campaigns/{made['campaign_id']}"
        admin.post(f"{self.path}/images", [{"id": image_id} for image_id in self.image_ids]).expect(200)
        admin.put(self.path, {"new_status": "active"}).expect(200)
        box = {"xmin": 0, "ymin": 0, "xmax": 192, "ymax": 108}
        submission = [
            {"image_id": image_id, "objects": [{"label": f"of {image_id}", "bounding_box": box}]}
            for image_id in self.image_ids
        ]
        admin.put(f"{self.path}/objects", submission).expect(200)

    def begin(self) -> None:
        self.admin.put(self.path, {"new_status": "finished"}).expect(200)

    def check(self) -> None:
        """Assert that each dataset is there once, with every label, and so is the snapshot from which they are made."""
        self.check_files()
        [snapshot] = self.admin.get(f"/snapshots?kind=campaign&name={self.title}").expect(200)["snapshots"]
        assert (snapshot["state"], snapshot["version"]) == ("ready", 1)
        assert [snapshot["counts"][what] for what in ("images", "objects")] == [IMAGE_COUNT] * 2

    def check_files(self) -> None:
        """Assert that each dataset is there once, and its file the one that it says, with every label."""
        rows = self.session.execute(
            text("SELECT kind, version, path, encode(sha256, 'hex') AS sha256, image_count FROM dataset ORDER BY kind")
        ).all()
        assert [(row.kind, row.version, row.image_count) for row in rows] == [
            (kind, 1, IMAGE_COUNT) for kind in ("images", "labels", "labels_jsonl", "labels_mltable")
        ]
        files = {row.kind: self.container.download_blob(row.path).readall() for row in rows}
        assert {row.kind: row.sha256 for row in rows} == {kind: sha256(file) for kind, file in files.items()}
        table = list(csv.DictReader(io.StringIO(files["labels"].decode(), newline="")))
        assert [[box["label"] for box in json.loads(row["label"])] for row in table] == [
            [f"of {image_id}"] for image_id in self.image_ids
        ]
        assert [image["image_id"] for image in json.loads(files["images"])["images"]] == self.image_ids


class Frozen(Labels):
    """The same campaign, of which a snapshot is made."""

    def begin(self) -> None:
        self.session.execute(text("UPDATE image SET sha256 = sha256(id::text::bytea), date_inspected = now()"))
        new = {"name": self.title, "campaigns": [int(self.path.rpartition("/")[2])]}
        self.snapshot_id = self.admin.post("/snapshots", new).expect(202)["snapshot_id"]

    def check(self) -> None:
        """Assert that every image and its label is in the snapshot once, and that its hash is that of the whole."""
        path = f"/snapshots/{self.snapshot_id}"
        snapshot = self.admin.get(path).expect(200)
        assert (snapshot["state"], snapshot["version"]) == ("ready", 1)
        assert [snapshot["counts"][what] for what in ("images", "objects")] == [IMAGE_COUNT] * 2
        images = self.admin.get(f"{path}/objects?per_page=5000").expect(200)["images"]
        assert [(image["image_id"], [one["label"] for one in image["objects"]]) for image in images] == [
            (image_id, [f"of {image_id}"]) for image_id in self.image_ids
        ]
        numbers = {one["class_id"] for image in images for one in image["objects"]}
        assert numbers == set(range(1, IMAGE_COUNT + 1))
        assert snapshot["content_hash"] == content_hash(images)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def uploads(
    admin: Caller, stage: Stage, storage: BlobServiceClient, container: ContainerClient, title: str
) -> Iterator[Uploads]:
    """An image set with its files; whoever deletes its dropbox before everything is safe makes the test fail."""
    uploads = Uploads(admin, stage.session, storage, container, title)
    unsafe: list[Request] = []
    stage.proxy.watchers.append(
        lambda request: unsafe.append(request) if is_deletion(request) and not uploads.is_safe() else None
    )
    yield uploads
    assert not unsafe


@pytest.fixture
def labels(
    admin: Caller, stage: Stage, app: Flask, settings: Settings, container: ContainerClient, title: str
) -> Labels:
    return Labels(admin, stage.session, app, settings, container, title)


@pytest.fixture
def frozen(
    admin: Caller, stage: Stage, app: Flask, settings: Settings, container: ContainerClient, title: str
) -> Frozen:
    return Frozen(admin, stage.session, app, settings, container, title)


def is_done(session: Connection) -> bool:
    return not session.scalar(UNFINISHED)


def finish_with_another_worker(settings: Settings, stage: Stage) -> None:
    """Start a worker and wait for the end of all jobs; nobody lends a hand."""
    with worker(settings) as another:
        wait_until(lambda: is_done(stage.session), "the end of all jobs", RECOVERY_LIMIT_SECONDS)
        another.terminate()
        another.wait(30)


def kill_at(point: Point, work: Work, settings: Settings, stage: Stage) -> None:
    """Begin the work, kill its worker at the point, and have another one finish it."""
    hold = point.hold()
    with hold.armed(stage), worker(settings) as first:
        work.begin()
        wait_until(hold.is_reached, point.name)
        first.kill()
        first.wait()
        hold.let_go(happens=point.happens)
    assert not is_done(stage.session) or point.happens
    finish_with_another_worker(settings, stage)
    work.check()


@pytest.mark.parametrize("point", [*INGEST, *INSPECTION], ids=str)
def test_no_image_is_lost_doubled_or_wrong(
    point: Point, uploads: Uploads, worker_settings: Settings, stage: Stage
) -> None:
    kill_at(point, uploads, worker_settings, stage)


@pytest.mark.parametrize("point", PUBLICATION, ids=str)
def test_datasets_are_published_exactly_once(
    point: Point, labels: Labels, worker_settings: Settings, stage: Stage
) -> None:
    kill_at(point, labels, worker_settings, stage)


@pytest.mark.parametrize("point", SNAPSHOT, ids=str)
def test_a_snapshot_is_whole_or_not_there(
    point: Point, frozen: Frozen, worker_settings: Settings, stage: Stage
) -> None:
    kill_at(point, frozen, worker_settings, stage)


def kill_at_random(seed: int, longest_seconds: float, work: Uploads | Labels, settings: Settings, stage: Stage) -> None:
    chance = random.Random(seed)
    with worker(settings) as first:
        work.begin()
        started = text("SELECT count(*) FROM job WHERE attempts > 0")
        wait_until(lambda: bool(stage.session.scalar(started)), "the start of the job")
        time.sleep(chance.uniform(0, longest_seconds))
        first.kill()
    finish_with_another_worker(settings, stage)
    work.check()


@pytest.mark.parametrize("seed", RANDOM_INSTANTS)
def test_no_image_is_lost_at_a_random_instant(
    seed: int, uploads: Uploads, worker_settings: Settings, stage: Stage
) -> None:
    kill_at_random(seed, IMAGE_COUNT / 40, uploads, worker_settings, stage)


@pytest.mark.parametrize("seed", RANDOM_INSTANTS)
def test_datasets_are_published_once_at_a_random_instant(
    seed: int, labels: Labels, worker_settings: Settings, stage: Stage
) -> None:
    kill_at_random(seed, 0.5, labels, worker_settings, stage)


def take_picture(session: Connection, container: ContainerClient, title: str) -> dict[str, Any]:
    """Return what tables and storage hold: a hash per table, and each file's MD5."""
    rows = {
        table: session.scalar(text(f"SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {table} AS t"))
        for table in TABLES
    }
    files = [blob for blob in container.list_blobs() if title in blob.name]
    return rows | {blob.name: bytes(blob.content_settings.content_md5 or b"") for blob in files}


@pytest.mark.parametrize("point", ZOMBIES if LONG else ZOMBIES[3::3], ids=str)
def test_a_worker_that_wakes_up_late_changes_nothing(
    point: Point, request: pytest.FixtureRequest, worker_settings: Settings, stage: Stage, container: ContainerClient
) -> None:
    work: Uploads | Labels = request.getfixturevalue("labels" if point in PUBLICATION else "uploads")
    hold = point.hold()
    with hold.armed(stage), worker(worker_settings) as sleeper:
        work.begin()
        wait_until(hold.is_reached, point.name)
        sleeper.send_signal(signal.SIGSTOP)
        finish_with_another_worker(worker_settings, stage)
        work.check()
        before = take_picture(stage.session, container, work.title)
        sleeper.send_signal(signal.SIGCONT)
        hold.let_go(happens=True)
        time.sleep(4)
        assert sleeper.poll() is None
        assert take_picture(stage.session, container, work.title) == before
    work.check()
