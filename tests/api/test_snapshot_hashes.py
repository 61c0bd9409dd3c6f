"""The content hash of snapshots: the same of the same content, however it is read and sorted."""

import random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.models import Snapshot
from app.services.snapshot_boxes import read_boxes
from app.services.snapshot_hashes import read_content
from app.services.sorted_blocks import SortedBlocks
from tests.api.test_snapshots import box, content_hash, images_of, inspect, make, put
from tests.caller import Caller
from tests.conftest import Labelled
from tests.workers import rows

# What stands between lines, in JSON and in the hash, and what escapes need.
ODD = ["a],[", '"],["', "a\\b", 'say "x"', "e-1", "Gr\u00fcn \U0001f600", "[]", "null"]


def odd_objects(chance: random.Random) -> list[dict[str, Any]]:
    """Boxes whose numbers and labels are written in every way: whole, short, small, and large."""
    confidences = (None, 0, 1, 0.5, 0.00001, 1e-9, 0.0001, 0.1 + 0.2)
    edges = (0, 7, 0.00002, 0.5, 1.25, 33.333333)
    return [
        box(chance.choice(ODD), chance.choice(edges), confidence=chance.choice(confidences))
        for _ in range(chance.randint(1, 9))
    ]


@pytest.mark.parametrize("seed", range(3))
def test_odd_labels_and_numbers_are_hashed_as_the_contract_has_it(
    app: Flask, admin: Caller, labelled: Labelled, seed: int
) -> None:
    chance = random.Random(seed)
    inspect(app, labelled.image_ids)
    put(labelled, [{"image_id": image_id, "objects": odd_objects(chance)} for image_id in labelled.image_ids[:-1]])
    snapshot = make(app, admin, [labelled.campaign_id])
    images = images_of(admin, snapshot)
    assert snapshot["content_hash"] == content_hash(images)
    labels = [one["label"] for image in images for one in image["objects"]]
    counts = {each["name"]: each["objects"] for each in snapshot["counts"]["classes"]}
    assert counts == {label: labels.count(label) for label in labels}
    assert {each["name"]: each["images"] for each in snapshot["counts"]["classes"]} == {
        label: sum(any(one["label"] == label for one in image["objects"]) for image in images) for label in labels
    }


def test_stored_labels_and_edges_that_no_request_may_have_are_hashed_as_well(
    app: Flask, admin: Caller, labelled: Labelled
) -> None:
    inspect(app, labelled.image_ids)
    put(labelled, [{"image_id": image_id, "objects": [box(), box("can", 3.5)]} for image_id in labelled.image_ids])
    with rows(app) as session:
        session.execute(text("UPDATE object SET label = E'a\\tb\\x01\\x7f\\n' WHERE label = 'PET'"))
        session.execute(
            text(
                "UPDATE object SET right_edge = 2000000.5, x_max = 2000001, lower_edge = 12345.678, y_max = 12346"
                " WHERE label = 'can'"
            )
        )
    snapshot = make(app, admin, [labelled.campaign_id])
    assert snapshot["content_hash"] == content_hash(images_of(admin, snapshot))
    counts = {each["name"]: each["objects"] for each in snapshot["counts"]["classes"]}
    assert counts["a\tb\x01\x7f\n"] == counts["can"] == len(labelled.image_ids)


@pytest.mark.parametrize(("boxes", "images", "run"), [(1, 1, 1), (3, 2, 300), (100, 100, 500)])
def test_the_hash_does_not_depend_on_pages_and_runs(
    app: Flask,
    admin: Caller,
    labelled: Labelled,
    monkeypatch: pytest.MonkeyPatch,
    boxes: int,
    images: int,
    run: int,
) -> None:
    inspect(app, labelled.image_ids)
    some = [{"image_id": each, "objects": [box(), box("can", 3.5), box("lid")]} for each in labelled.image_ids[1:]]
    put(labelled, [*some, {"image_id": labelled.image_ids[0], "objects": []}])
    made = make(app, admin, [labelled.campaign_id])
    monkeypatch.setattr("app.services.snapshot_parts.BOXES_AT_A_TIME", boxes)
    monkeypatch.setattr("app.services.snapshot_parts.IMAGES_AT_A_TIME", images)
    monkeypatch.setattr("app.services.sorted_blocks.RUN_BYTES", run)
    monkeypatch.setattr("app.services.sorted_blocks.PIECE_BYTES", run // 2)
    with rows(app) as session:
        content = read_content(session, session.get_one(Snapshot, made["snapshot_id"]))
    assert content.sha256.hex() == made["content_hash"]
    assert {one.name: (one.images, one.objects) for one in content.labels} == dict.fromkeys(
        ("PET", "can", "lid"), (len(some), len(some))
    )


def test_edges_take_the_place_of_whole_pixels_where_they_differ(app: Flask, admin: Caller, labelled: Labelled) -> None:
    inspect(app, labelled.image_ids)
    first, second, *_ = labelled.image_ids
    put(
        labelled,
        [{"image_id": first, "objects": [box(x=1), box(x=2.25)]}, {"image_id": second, "objects": [box(x=0.125)]}],
    )
    snapshot_id = make(app, admin, [labelled.campaign_id])["snapshot_id"]
    with rows(app) as session:
        mixed = read_boxes(session, snapshot_id, None, first, second)
        edged = read_boxes(session, snapshot_id, ["PET"], second, second)
        nothing = read_boxes(session, snapshot_id, ["can"], first, second, names_campaigns=True)
    assert (mixed.image_ids, mixed.x_min, mixed.x_max) == (
        [first, first, second],
        [1, 2.25, 0.125],
        [21, 22.25, 20.125],
    )
    assert (edged.image_ids, edged.x_min, edged.y_max, edged.campaign_ids) == ([second], [0.125], [50], None)
    assert (nothing.image_ids, nothing.labels, nothing.campaign_ids) == ([], [], [])


@pytest.mark.parametrize("count", [0, 1, 500])
def test_blocks_come_back_in_the_order_of_their_bytes(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr("app.services.sorted_blocks.RUN_BYTES", 1_000)
    monkeypatch.setattr("app.services.sorted_blocks.PIECE_BYTES", 100)
    chance = random.Random(count)
    given = [chance.randbytes(chance.choice((0, 1, 20, 300, 3_000))) for _ in range(count)] + [b"same"] * (count // 100)
    with SortedBlocks() as blocks:
        for block in given:
            blocks.add(block)
        assert list(blocks) == sorted(given)
