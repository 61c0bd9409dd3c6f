"""Requests for exports of snapshots: what they require, and what they refuse in words."""

from collections.abc import Iterator
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from tests.caller import Caller
from tests.exports import ExportWorld, make_export_world
from tests.workers import rows


@pytest.fixture
def world(admin: Caller, app: Flask, container: ContainerClient, title: str) -> Iterator[ExportWorld]:
    world = make_export_world(admin, app, container, title)
    yield world
    world.forget()


def change(world: ExportWorld, statement: str) -> None:
    """Change rows of a snapshot, which nothing else can."""
    with rows(world.app) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(statement))


def test_exports_of_nothing_are_not_found(admin: Caller) -> None:
    for answer in (admin.get("/snapshots/7/exports"), admin.post("/snapshots/7/exports", {"format": "coco"})):
        answer.expect(404, "There is no snapshot 7.")
    admin.get("/exports/7").expect(404, "There is no export 7.")


def test_a_snapshot_without_exports_has_an_empty_list(world: ExportWorld) -> None:
    assert world.admin.get(world.path).expect(200) == {"exports": []}


def test_a_snapshot_that_is_not_ready_is_a_conflict(world: ExportWorld) -> None:
    change(world, "UPDATE snapshot SET state = 'pending'")
    world.admin.post(world.path, {"format": "coco"}).expect(409, "is not ready: job")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"format": "tfrecord"},
        {"format": "coco", "images": "links"},
        {"format": "coco", "options": {"upside_down": True}},
        {"format": "coco", "option": {}},
    ],
)
def test_a_body_that_is_not_as_documented_is_refused(world: ExportWorld, body: dict[str, Any]) -> None:
    world.admin.post(world.path, body).expect(400)


def test_upright_labels_alone_make_no_sense(world: ExportWorld) -> None:
    answer = world.admin.post(world.path, {"format": "coco", "options": {"upright": True}})
    assert answer.expect(422)["errors"][0]["pointer"] == "/options/upright"


def test_a_format_without_a_word_for_a_state_is_refused(world: ExportWorld) -> None:
    change(world, "UPDATE snapshot_image SET state = 'unlabeled' WHERE object_count = 0")
    refused = world.admin.post(world.path, {"format": "voc"}).expect(422, "neither labeled nor empty (1 unlabeled)")
    assert refused["errors"][0]["pointer"] == "/format"
    world.admin.post(world.path, {"format": "csv"}).expect(202)


def test_yolo_without_a_class_is_refused(world: ExportWorld) -> None:
    change(world, "DELETE FROM snapshot_class")
    world.admin.post(world.path, {"format": "yolo"}).expect(422, "The snapshot has no class, and YOLO requires one")


def test_options_that_change_nothing_are_the_same_export(world: ExportWorld) -> None:
    ids = {
        world.admin.post(world.path, body).expect(202)["export_id"]
        for body in (
            {"format": "coco", "images": "files"},
            {"format": "coco", "images": "files", "options": {}},
            {"format": "coco", "images": "files", "options": {"upright": False}},
        )
    }
    others = [
        world.admin.post(world.path, body).expect(202)["export_id"]
        for body in (
            {"format": "coco"},
            {"format": "csv", "images": "files"},
            {"format": "coco", "images": "files", "options": {"upright": True}},
        )
    ]
    assert len({*ids, *others}) == 4
    listed = world.admin.get(world.path).expect(200)["exports"]
    assert [each["export_id"] for each in listed] == sorted({*ids, *others}, reverse=True)
    assert all(each["job"]["state"] == "queued" for each in listed)


def test_an_export_has_an_entity_tag(world: ExportWorld) -> None:
    made = world.admin.post(world.path, {"format": "coco"}).expect(202)
    answer = world.admin.get(f"/exports/{made['export_id']}")
    assert answer.expect(200) == made
    again = world.admin.get(f"/exports/{made['export_id']}", headers={"If-None-Match": answer.headers["ETag"]})
    again.expect(304)
