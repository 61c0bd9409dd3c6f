"""Workers that are killed, or sleep and wake up, while they write an export: it is there once, whole, and nothing else is."""

import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import Connection

from app.settings import Settings
from tests.caller import Caller
from tests.exports import ExportWorld, make_export_world
from tests.faults.holds import Stage, StorageHold, wait_until
from tests.faults.points import ARCHIVE, LABEL_FILE, Point
from tests.faults.test_killed_workers import finish_with_another_worker, is_done, kill_at
from tests.workers import worker

pytestmark = pytest.mark.timeout(300)


class Exports:
    """An export whose bytes we know, because it was written before and forgotten."""

    def __init__(self, world: ExportWorld, session: Connection, body: dict[str, Any]) -> None:
        self.world, self.admin, self.session, self.body = world, world.admin, session, body
        self.title = world.title
        self.expected = world.export(body)
        world.read(self.expected)
        world.forget()

    def begin(self) -> None:
        self.export_id = self.world.admin.post(self.world.path, self.body).expect(202)["export_id"]

    def check(self) -> None:
        """Assert that the file is the one from before, and that there is nothing else but its manifest."""
        export = self.world.admin.get(f"/exports/{self.export_id}").expect(200)
        self.world.read(export)
        same = ("path", "sha256", "size", "counts", "losses")
        assert {name: export[name] for name in same} == {name: self.expected[name] for name in same}
        manifest = export["path"].rpartition(".")[0] + ".manifest.json"
        assert sorted(self.world.names()) == sorted([export["path"], manifest])


@pytest.fixture
def world(admin: Caller, stage: Stage, app: Flask, container: ContainerClient, title: str) -> Iterator[ExportWorld]:
    world = make_export_world(admin, app, container, title)
    yield world
    world.forget()


@pytest.fixture
def archive(world: ExportWorld, stage: Stage) -> Exports:
    return Exports(world, stage.session, {"format": "coco", "images": "files"})


@pytest.fixture
def label_file(world: ExportWorld, stage: Stage) -> Exports:
    return Exports(world, stage.session, {"format": "coco"})


@pytest.mark.parametrize("point", ARCHIVE, ids=str)
def test_an_archive_is_there_once(point: Point, archive: Exports, worker_settings: Settings, stage: Stage) -> None:
    kill_at(point, archive, worker_settings, stage)


@pytest.mark.parametrize("point", LABEL_FILE, ids=str)
def test_a_label_file_is_there_once(point: Point, label_file: Exports, worker_settings: Settings, stage: Stage) -> None:
    kill_at(point, label_file, worker_settings, stage)


def test_a_worker_that_wakes_up_late_changes_nothing(archive: Exports, worker_settings: Settings, stage: Stage) -> None:
    point = ARCHIVE[1]
    hold = point.hold()
    assert isinstance(hold, StorageHold)
    with hold.armed(stage), worker(worker_settings) as sleeper:
        archive.begin()
        wait_until(hold.is_reached, point.name)
        sleeper.send_signal(signal.SIGSTOP)
        finish_with_another_worker(worker_settings, stage)
        archive.check()
        sleeper.send_signal(signal.SIGCONT)
        hold.let_go(happens=True)
        time.sleep(4)
        assert sleeper.poll() is None
        assert is_done(stage.session)
    archive.check()
