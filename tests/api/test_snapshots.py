"""Snapshots: what is selected, frozen, split, numbered and hashed, and that nothing changes it afterwards."""

import hashlib
import itertools
from collections import Counter
from datetime import datetime
from typing import Any

import orjson
import psycopg2
import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.formats.numbers import pixels
from app.jobs.snapshot_pages import read_dataset, read_pages
from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled, insert_images
from tests.house.test_migrations import run_sql
from tests.workers import rows, run_jobs

PLACES = 10_000


def box(label: str = "PET", x: float = 10, **more: Any) -> dict[str, Any]:
    return {"label": label, "bounding_box": {"xmin": x, "xmax": x + 20, "ymin": 5, "ymax": 50}, **more}


def inspect(app: Flask, image_ids: list[int]) -> None:
    """Give images hashes as an inspection does, each its own."""
    with app.app_context():
        db.session.execute(
            text("UPDATE image SET sha256 = sha256(id::text::bytea), date_inspected = now() WHERE id = ANY (:ids)"),
            {"ids": image_ids},
        )
        db.session.commit()


@pytest.fixture
def campaign(app: Flask, labelled: Labelled) -> Labelled:
    """An active campaign: its first image has three boxes, its second is empty, its third unusable, its fourth unlabeled."""
    inspect(app, labelled.image_ids)
    first, second, third, _ = labelled.image_ids
    put(
        labelled,
        [
            {"image_id": first, "objects": [box(), box("can", 30.5, confidence=0.875), box("PET", 1e-5 + 60)]},
            {"image_id": second, "objects": []},
            {"image_id": third, "unusable": "blurred"},
        ],
    )
    return labelled


def put(labelled: Labelled, images: list[dict[str, Any]]) -> int:
    path = f"/campaigns/{labelled.campaign_id}/objects"
    answer = labelled.partner.put(path, images, headers={"Prefer": "return=representation"}).expect(200)
    return int(answer["submission_id"])


def make(app: Flask, admin: Caller, campaigns: list[int], name: str = "set", **more: Any) -> dict[str, Any]:
    """Make a snapshot, and return it when it is ready."""
    made = admin.post("/snapshots", {"name": name, "campaigns": campaigns, **more}).expect(202)
    assert made["state"] == "pending"
    run_jobs(app)
    snapshot: dict[str, Any] = admin.get(f"/snapshots/{made['snapshot_id']}").expect(200)
    assert snapshot["state"] == "ready", snapshot["job"]
    return snapshot


def images_of(admin: Caller, snapshot: dict[str, Any], what: str = "objects") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = admin.get(f"/snapshots/{snapshot['snapshot_id']}/{what}").expect(200)["images"]
    return found


def number(value: float | None) -> str:
    return "null" if value is None else pixels(float(value))


def content_hash(images: list[dict[str, Any]]) -> str:
    """The hash of what the API answers, made as the contract has it."""
    blocks = []
    for image in images:
        head = [image["sha256"], image["width"], image["height"], image["state"], image["split"]]
        lines = []
        for one in image["objects"]:
            edges = (one["bounding_box"][edge] for edge in ("xmin", "ymin", "xmax", "ymax"))
            numbers = [*map(number, edges), number(one["confidence"])]
            lines.append(orjson.dumps([one["label"]])[:-1] + b"," + ",".join(numbers).encode() + b"]\n")
        blocks.append(orjson.dumps(["image", *head]) + b"\n" + b"".join(sorted(lines)))
    return hashlib.sha256(b"".join(sorted(blocks))).hexdigest()


def place(seed: str, key: str) -> int:
    """The place of a key on the line, as the formula has it."""
    number = int.from_bytes(hashlib.sha256(f"{seed}\0{key}".encode()).digest()[:8], "big")
    return number * PLACES >> 64


# --- What is in a snapshot


def test_a_snapshot_has_what_was_looked_at_and_not_rejected(app: Flask, admin: Caller, campaign: Labelled) -> None:
    snapshot = make(app, admin, [campaign.campaign_id])
    assert snapshot["counts"] == {
        "images": 2,
        "objects": 3,
        "states": {"labeled": 1, "empty": 1},
        "splits": {},
        "classes": [
            {"class_id": 1, "name": "PET", "images": 1, "objects": 2},
            {"class_id": 2, "name": "can", "images": 1, "objects": 1},
        ],
    }
    assert (snapshot["kind"], snapshot["name"], snapshot["version"]) == ("snapshot", "set", 1)
    assert (snapshot["created_by"], snapshot["campaign_id"], snapshot["split"]) == ("ada@example.org", None, None)
    assert snapshot["job"]["state"] == "succeeded"
    assert snapshot["warnings"] == []
    assert snapshot["withdrawn_images"] == 0
    assert snapshot["summary"] == (
        f"Images of campaign {campaign.title} ({campaign.campaign_id}) that are labeled or empty, not rejected."
    )
    assert snapshot["selection"]["states"] == ["labeled", "empty"]
    images = images_of(admin, snapshot)
    assert [image["image_id"] for image in images] == campaign.image_ids[:2]
    assert [one["class_id"] for one in images[0]["objects"]] == [1, 2, 1]
    assert snapshot["content_hash"] == content_hash(images)
    listed = images_of(admin, snapshot, "images")
    assert listed == [{key: value for key, value in image.items() if key != "objects"} for image in images]
    assert listed[0]["object_count"] == 3
    assert [image["labels"][0]["campaign_id"] for image in listed] == [campaign.campaign_id] * 2


def test_states_and_verdicts_choose(app: Flask, admin: Caller, campaign: Labelled) -> None:
    first, second, third, fourth = campaign.image_ids
    verdicts = [{"image_id": first, "verdict": "rejected"}, {"image_id": second, "verdict": "accepted"}]
    admin.put(f"/campaigns/{campaign.campaign_id}/reviews", verdicts).expect(200)
    for chosen, found in (
        ({}, [second]),
        ({"review": "any"}, [first, second]),
        ({"review": "accepted"}, [second]),
        ({"states": ["unusable", "unlabeled"]}, [third, fourth]),
        ({"states": ["labeled"], "review": "accepted"}, []),
    ):
        snapshot = make(app, admin, [campaign.campaign_id], **chosen)
        images = images_of(admin, snapshot)
        assert [image["image_id"] for image in images] == found, chosen
        assert snapshot["content_hash"] == content_hash(images)
    assert snapshot["warnings"] == ["No image fits the selection: the snapshot is empty."]
    everything = make(app, admin, [campaign.campaign_id], review="any", states=["unlabeled", "labeled", "draft"])
    assert everything["selection"]["states"] == ["labeled", "unlabeled", "draft"]
    assert everything["version"] == 6


def test_drafts_are_a_state_where_they_are_asked_for(app: Flask, admin: Caller, campaign: Labelled) -> None:
    fourth = campaign.image_ids[3]
    drafts = [{"image_id": fourth, "objects": [box()]}]
    campaign.partner.put(f"/campaigns/{campaign.campaign_id}/drafts", drafts).expect(200)
    [image] = images_of(admin, make(app, admin, [campaign.campaign_id], states=["draft"]))
    assert (image["image_id"], image["state"], image["objects"], image["labels"]) == (fourth, "draft", [], [])
    [image] = images_of(admin, make(app, admin, [campaign.campaign_id], states=["unlabeled"]))
    assert (image["image_id"], image["state"]) == (fourth, "unlabeled")
    new = {"name": "set", "campaigns": [campaign.campaign_id], "states": ["draft"], "as_of": "2026-01-01"}
    admin.post("/snapshots", new).expect(422, "drafts of the past")


def test_classes_keep_their_boxes_and_images_without_any_other(app: Flask, admin: Caller, campaign: Labelled) -> None:
    first, second, *_ = campaign.image_ids
    cans = make(app, admin, [campaign.campaign_id], classes=["can", " can ", "glass"])
    images = images_of(admin, cans)
    assert [(image["image_id"], image["object_count"]) for image in images] == [(first, 1), (second, 0)]
    assert [one["label"] for one in images[0]["objects"]] == ["can"]
    assert cans["content_hash"] == content_hash(images)
    assert cans["warnings"] == ["No box has the label glass."]
    glass = make(app, admin, [campaign.campaign_id], classes=["glass"])
    assert [image["image_id"] for image in images_of(admin, glass)] == [second]
    assert glass["counts"]["objects"] == 0


def test_class_numbers_are_never_given_to_another_name(app: Flask, admin: Caller, campaign: Labelled) -> None:
    def numbers(snapshot: dict[str, Any]) -> list[tuple[int, str, int]]:
        return [(one["class_id"], one["name"], one["objects"]) for one in snapshot["counts"]["classes"]]

    assert numbers(make(app, admin, [campaign.campaign_id])) == [(1, "PET", 2), (2, "can", 1)]
    put(campaign, [{"image_id": campaign.image_ids[0], "objects": [box("zinc"), box("bag")]}])
    assert numbers(make(app, admin, [campaign.campaign_id])) == [
        (1, "PET", 0),
        (2, "can", 0),
        (3, "zinc", 1),
        (4, "bag", 1),
    ]
    only = make(app, admin, [campaign.campaign_id], classes=["bag"])
    assert numbers(only) == [(1, "PET", 0), (2, "can", 0), (3, "zinc", 0), (4, "bag", 1)]
    [image, _] = images_of(admin, only)
    assert [(one["label"], one["class_id"]) for one in image["objects"]] == [("bag", 4)]
    assert numbers(make(app, admin, [campaign.campaign_id], name="other", classes=["bag"])) == [(1, "bag", 1)]
    assert (
        only["content_hash"] == make(app, admin, [campaign.campaign_id], name="other", classes=["bag"])["content_hash"]
    )


@pytest.fixture
def second(app: Flask, admin: Caller, campaign: Labelled) -> int:
    """Another campaign with the first, second and fourth image of the first one; it has looked at the first and the fourth."""
    email = "other@partner.example"
    made = admin.post("/campaigns", {"title": f"{campaign.title}-b", "labeler_email": email}).expect(200)
    campaign_id: int = made["campaign_id"]
    first, second, _, fourth = campaign.image_ids
    admin.post(f"/campaigns/{campaign_id}/images", [{"id": one} for one in (first, second, fourth)]).expect(200)
    admin.put(f"/campaigns/{campaign_id}", {"new_status": "active"}).expect(200)
    images = [{"image_id": first, "objects": [box("bag")]}, {"image_id": fourth, "objects": [box("bag"), box("lid")]}]
    admin.put(f"/campaigns/{campaign_id}/objects", images).expect(200)
    return campaign_id


def test_of_several_campaigns_the_first_that_looked_counts(
    app: Flask, admin: Caller, campaign: Labelled, second: int
) -> None:
    first, empty, _, fourth = campaign.image_ids
    for order, labels in (
        ([campaign.campaign_id, second], {first: ["PET", "can", "PET"], empty: [], fourth: ["bag", "lid"]}),
        ([second, campaign.campaign_id], {first: ["bag"], empty: [], fourth: ["bag", "lid"]}),
    ):
        snapshot = make(app, admin, order)
        images = images_of(admin, snapshot)
        assert {image["image_id"]: [one["label"] for one in image["objects"]] for image in images} == labels
        assert snapshot["content_hash"] == content_hash(images)
        assert "labels of the first campaign" in snapshot["summary"]
    together = make(app, admin, [campaign.campaign_id, second], labels="all")
    images = images_of(admin, together)
    found = {image["image_id"]: Counter(one["label"] for one in image["objects"]) for image in images}
    assert found == {first: Counter(PET=2, can=1, bag=1), empty: Counter(), fourth: Counter(bag=1, lid=1)}
    assert [image["object_count"] for image in images] == [4, 0, 2]
    assert {one["campaign_id"] for one in images[0]["objects"]} == {campaign.campaign_id, second}
    assert together["counts"]["objects"] == 6
    assert together["content_hash"] == content_hash(images)
    with rows(app) as session:
        [page] = read_pages(session, together["snapshot_id"], "upload")
    assert {one.campaign for one in page[0].boxes} == {campaign.title, f"{campaign.title}-b"}


def test_a_moment_of_the_past_is_as_the_list_of_then(app: Flask, admin: Caller, campaign: Labelled) -> None:
    first, second, third, _ = campaign.image_ids
    now = make(app, admin, [campaign.campaign_id], review="any", states=["labeled", "empty", "unusable", "unlabeled"])
    before = put(campaign, [{"image_id": third, "objects": [box("lid")]}])
    admin.put(f"/campaigns/{campaign.campaign_id}/reviews", [{"image_id": third, "verdict": "rejected"}]).expect(200)
    put(campaign, [{"image_id": third, "objects": [box("bag")]}, {"image_id": first, "objects": []}])
    admin.post(f"/campaigns/{campaign.campaign_id}/images/remove", [{"id": second}]).expect(200)
    everything: dict[str, Any] = {"review": "any", "states": ["labeled", "empty", "unusable", "unlabeled"]}
    for moment in (now["moment"], str(before), datetime.now().astimezone().isoformat()):
        then = make(app, admin, [campaign.campaign_id], as_of=moment, **everything)
        listed = admin.get(f"/campaigns/{campaign.campaign_id}/objects", params={"as_of": moment}).expect(200)["images"]
        images = images_of(admin, then)
        for key in ("image_id", "state"):
            assert [image[key] for image in images] == [image[key] for image in listed], moment
        assert [image["review"] for image in images] == [
            image["review"] and image["review"]["verdict"] for image in listed
        ]
        assert [[one["object_id"] for one in image["objects"]] for image in images] == [
            [one["object_id"] for one in image["objects"]] for image in listed
        ]
        assert then["content_hash"] == content_hash(images)
    past = make(app, admin, [campaign.campaign_id], as_of=now["moment"], **everything)
    assert past["content_hash"] == now["content_hash"]
    assert past["moment"] == now["moment"]


def test_image_sets_and_queries_choose(app: Flask, admin: Caller, campaign: Labelled) -> None:
    first, second, *_ = campaign.image_ids
    imageset_id = admin.post("/image_sets", {"title": campaign.title}).expect(200)["imageset_id"]
    with app.app_context():
        values = {"set": imageset_id, "id": second}
        db.session.execute(text("UPDATE image SET image_set_id = :set WHERE id = :id"), values)
        db.session.execute(
            text("UPDATE image SET type = 'drone', metadata = '{\"a\": 1}' WHERE id = :id"), {"id": first}
        )
        db.session.commit()
    for chosen, found in (
        ({"image_sets": [imageset_id]}, [second]),
        ({"query": {"type": "drone", "metadata": {"a": "1"}}}, [first]),
        ({"query": {"campaign": campaign.campaign_id, "state": ["empty", "labeled"], "max_objects": 0}}, [second]),
        ({"query": {"type": "drone"}, "image_sets": [imageset_id]}, []),
    ):
        for dry_run in (True, False):
            new = {"name": "set", "campaigns": [campaign.campaign_id], "dry_run": dry_run, **chosen}
            if dry_run:
                assert admin.post("/snapshots", new).expect(200)["counts"]["images"] == len(found)
            else:
                snapshot = make(app, admin, [campaign.campaign_id], **chosen)
                assert [image["image_id"] for image in images_of(admin, snapshot, "images")] == found


def test_a_dry_run_counts_the_same_and_keeps_nothing(
    app: Flask, admin: Caller, campaign: Labelled, second: int
) -> None:
    split = {"key": "content", "seed": "s", "shares": {"train": 0.5, "test": 0.5}}
    both = [campaign.campaign_id, second]
    choices: list[dict[str, Any]] = [{}, {"labels": "all"}, {"classes": ["bag", "none"]}, {"split": split}]
    for more in choices:
        new = {"name": "dry", "campaigns": both, **more}
        preview = admin.post("/snapshots", {**new, "dry_run": True}).expect(200)
        assert admin.get("/snapshots?name=dry*").expect(200)["pagination"]["total"] == preview["version"] - 1
        made = make(app, admin, both, name="dry", **more)
        assert {key: made[key] for key in preview} == preview


# --- The split


@pytest.mark.parametrize("key", ["content", "image_set", "folder", "day"])
def test_the_split_is_the_formula(app: Flask, admin: Caller, settings: Settings, title: str, key: str) -> None:
    image_ids = insert_images(app, settings, 60)
    inspect(app, image_ids)
    with app.app_context():
        db.session.execute(
            text(
                "UPDATE image SET date_taken = CASE WHEN id % 5 > 0 THEN timestamptz '2026-05-04 23:59:59Z'"
                " + id % 9 * interval '12 hours' END, blobstorage_path ="
                " 'c' || CASE id % 7 WHEN 0 THEN '' ELSE '/upload/ä/' || id % 7 END || '/' || id"
            )
        )
        db.session.commit()
    imageset_id = admin.post("/image_sets", {"title": title}).expect(200)["imageset_id"]
    with app.app_context():
        db.session.execute(text("UPDATE image SET image_set_id = :id WHERE id % 2 = 0"), {"id": imageset_id})
        db.session.commit()
    new = {"title": title, "labeler_email": "pat@partner.example"}
    campaign_id = admin.post("/campaigns", new).expect(200)["campaign_id"]
    admin.post(f"/campaigns/{campaign_id}/images", [{"id": one} for one in image_ids]).expect(200)
    shares = {"train": 0.6, "val": 0.25, "test": 0.15}
    split = {"key": key, "seed": "Näht 1", "shares": shares}
    snapshot = make(app, admin, [campaign_id], states=["unlabeled"], split=split)
    assert snapshot["split"] == split
    taken = {
        image["image_id"]: image["date_taken"] for image in admin.get("/images?per_page=100").expect(200)["images"]
    }
    images = images_of(admin, snapshot)
    for image in images:
        path = image["blobstorage_path"].partition("/")[2]
        keys = {
            "content": image["sha256"],
            "image_set": title if image["image_id"] % 2 == 0 else "",
            "folder": path.rpartition("/")[0],
            "day": (taken[image["image_id"]] or image["sha256"])[: 10 if taken[image["image_id"]] else None],
        }
        where = place("Näht 1", keys[key])
        assert image["split"] == ("train" if where < 6000 else "val" if where < 8500 else "test"), keys
    assert snapshot["counts"]["splits"] == {part: sum(i["split"] == part for i in images) for part in shares}
    assert snapshot["content_hash"] == content_hash(images)
    if key == "image_set":
        assert any("has no image" in warning for warning in snapshot["warnings"])
    one = admin.get(f"/snapshots/{snapshot['snapshot_id']}/images?split=train&state=unlabeled").expect(200)
    assert one["pagination"]["total"] == snapshot["counts"]["splits"]["train"]


def test_shares_that_cannot_be_are_refused(admin: Caller, labelled: Labelled) -> None:
    for shares in ({"train": 0.8}, {"train": 0.8, "val": 0.3}, {"train": 0.33333, "val": 0.66667}, {"test": 0}):
        split = {"key": "content", "seed": "", "shares": shares}
        new = {"name": "set", "campaigns": [labelled.campaign_id], "split": split}
        problem = admin.post("/snapshots", new).expect(422, "add up to 1")
        assert problem["errors"][0]["pointer"] == "/split/shares"


# --- Files that were not inspected, that cannot be read, that were withdrawn


def test_what_is_not_there_is_refused_in_words(admin: Caller, campaign: Labelled) -> None:
    good = {"name": "set", "campaigns": [campaign.campaign_id]}
    for wrong, status, words in (
        ({"name": "A B"}, 422, "lowercase letters"),
        ({"campaigns": [campaign.campaign_id, 4711]}, 404, "no campaign 4711"),
        ({"image_sets": [4711]}, 404, "no image set 4711"),
        ({"as_of": "4711"}, 404, "no submission 4711"),
        ({"as_of": "2990-01-01"}, 400, "not in the future"),
        ({"classes": ["a\u200bb"]}, 422, "must not contain"),
        ({"query": {"state": ["labeled"]}}, 422, "requires campaign"),
        ({"campaigns": []}, 400, "campaigns"),
        ({"states": ["odd"]}, 400, "states"),
    ):
        admin.post("/snapshots", good | wrong).expect(status, words)
    for path in ("", "/images", "/objects", "/diff?from=1"):
        admin.get(f"/snapshots/4711{path}").expect(404, "no snapshot")
    pending = admin.post("/snapshots", good).expect(202)
    for path in ("/images", "/objects", f"/diff?from={pending['snapshot_id']}"):
        admin.get(f"/snapshots/{pending['snapshot_id']}{path}").expect(409, "not ready")


def test_an_unreadable_file_fails_the_snapshot_by_name_unless_it_is_skipped(
    app: Flask, admin: Caller, campaign: Labelled
) -> None:
    first, second, *_ = campaign.image_ids
    with app.app_context():
        db.session.execute(text("UPDATE image SET sha256 = NULL WHERE id = :id"), {"id": first})
        db.session.commit()
    made = admin.post("/snapshots", {"name": "set", "campaigns": [campaign.campaign_id]}).expect(202)
    run_jobs(app)
    failed = admin.get(f"/snapshots/{made['snapshot_id']}").expect(200)
    assert (failed["state"], failed["counts"], failed["content_hash"]) == ("failed", None, None)
    assert f"(image {first}) cannot be read" in failed["job"]["error"]
    assert admin.get("/snapshots?state=failed").expect(200)["pagination"]["total"] == 1
    skipped = make(app, admin, [campaign.campaign_id], skip_problems=True)
    assert [image["image_id"] for image in images_of(admin, skipped)] == [second]
    assert skipped["warnings"] == ["1 images of the selection have a file that cannot be read, and are left out."]
    # Once it can be read, the job goes on.
    inspect(app, [first])
    admin.post(f"/jobs/{failed['job']['job_id']}/retry").expect(200)
    run_jobs(app)
    ready = admin.get(f"/snapshots/{made['snapshot_id']}").expect(200)
    assert (ready["state"], ready["counts"]["images"]) == ("ready", 2)
    assert ready["content_hash"] == content_hash(images_of(admin, ready))
    assert [
        one["snapshot_id"]
        for one in admin.get("/snapshots?state=ready&kind=snapshot&name=set").expect(200)["snapshots"]
    ]


def test_files_that_belong_to_no_image_set_are_inspected_for_the_snapshot(
    app: Flask, admin: Caller, campaign: Labelled, container: ContainerClient
) -> None:
    first, second, *_ = campaign.image_ids
    with app.app_context():
        columns = "sha256 = NULL, date_inspected = NULL, dhash = NULL, image_set_id = NULL"
        db.session.execute(
            text(f"UPDATE image SET {columns} WHERE id IN (:first, :second)"), {"first": first, "second": second}
        )
        db.session.commit()
    paths = [admin.get(f"/images/{number}/details").expect(200)["blobstorage_path"] for number in (first, second)]
    container.upload_blob(paths[0].partition("/")[2], b"no picture at all")
    made = admin.post("/snapshots", {"name": "set", "campaigns": [campaign.campaign_id]}).expect(202)
    run_jobs(app)
    failed = admin.get(f"/snapshots/{made['snapshot_id']}").expect(200)
    assert failed["state"] == "failed"
    assert f"{paths[1]} (image {second})" in failed["job"]["error"]
    assert f"image {first}" not in failed["job"]["error"]
    skipped = make(app, admin, [campaign.campaign_id], skip_problems=True)
    found = [(image["image_id"], image["sha256"]) for image in images_of(admin, skipped)]
    assert found == [(first, hashlib.sha256(b"no picture at all").hexdigest())]


def test_withdrawn_images_are_left_out_or_told_of(app: Flask, admin: Caller, campaign: Labelled) -> None:
    first, second, *_ = campaign.image_ids
    snapshot = make(app, admin, [campaign.campaign_id])
    admin.post(f"/images/{first}/withdraw", {"reason": "A person is on it."}).expect(200)
    after = admin.get(f"/snapshots/{snapshot['snapshot_id']}").expect(200)
    assert after["withdrawn_images"] == 1
    assert after | {"withdrawn_images": 0} == snapshot
    images = images_of(admin, snapshot)
    assert [image["withdrawn"] for image in images] == [True, False]
    assert len(images[0]["objects"]) == 3
    links = admin.get(f"/snapshots/{snapshot['snapshot_id']}/images?expand=download_url").expect(200)["images"]
    assert links[0]["download_url"] is None
    assert links[1]["download_url"]
    # It lies outside of the folder of image sets.
    assert links[1]["export_path"] == links[1]["blobstorage_path"].partition("/")[2]
    later = make(app, admin, [campaign.campaign_id], as_of=snapshot["moment"])
    assert [image["image_id"] for image in images_of(admin, later)] == [second]
    assert later["warnings"] == ["1 images of the selection were withdrawn before, and are left out."]


# --- Nothing changes it


def test_a_ready_snapshot_is_immutable(app: Flask, admin: Caller, campaign: Labelled, settings: Settings) -> None:
    snapshot = make(app, admin, [campaign.campaign_id])
    for statement in (
        "UPDATE snapshot SET warnings = '{}'",
        "DELETE FROM snapshot",
        "UPDATE snapshot_image SET split = 'train'",
        "DELETE FROM snapshot_labels",
        "DELETE FROM snapshot_class WHERE class_id = 1",
        "INSERT INTO snapshot_class (snapshot_id, class_id, name, selected) VALUES (1, 9, 'x', true)",
        "INSERT INTO snapshot_labels VALUES (1, 99, 1, 1)",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="is ready"):
            run_sql(settings, statement)
    put(campaign, [{"image_id": campaign.image_ids[0], "objects": []}])
    admin.patch(
        "/images", [{"image_id": campaign.image_ids[0], "type": "x", "date_taken": "2020-01-01T00:00:00Z"}]
    ).expect(200)
    assert admin.get(f"/snapshots/{snapshot['snapshot_id']}").expect(200) == snapshot
    assert snapshot["content_hash"] == content_hash(images_of(admin, snapshot))
    answer = admin.get(f"/snapshots/{snapshot['snapshot_id']}")
    etag = {"If-None-Match": answer.headers["etag"]}
    assert admin.get(f"/snapshots/{snapshot['snapshot_id']}", headers=etag).response.status_code == 304


# --- Differences


def test_two_versions_are_compared(app: Flask, admin: Caller, campaign: Labelled) -> None:
    first, second, _, fourth = campaign.image_ids
    old = make(app, admin, [campaign.campaign_id])
    put(
        campaign,
        [
            {"image_id": first, "objects": [box("PET", 12), box("can", 30.5, confidence=0.5), box("bag", 500)]},
            {"image_id": second, "unusable": "blurred"},
            {"image_id": fourth, "objects": [box()]},
        ],
    )
    new = make(app, admin, [campaign.campaign_id], split={"key": "content", "seed": "", "shares": {"train": 1}})
    assert new["split"]["shares"] == {"train": 1, "val": 0, "test": 0}
    path = f"/snapshots/{new['snapshot_id']}/diff?from={old['snapshot_id']}"
    found = admin.get(path).expect(200)
    assert found["counts"] == {
        "images": 3, "added": 2, "removed": 1, "moved": 1, "relabeled": 0, "changed": 1, "states": 0, "splits": 1,
        "joined": 1, "left": 1,
    }  # fmt: skip
    assert [(one["image_id"], one["membership"]) for one in found["images"]] == [
        (first, None),
        (second, "left"),
        (fourth, "joined"),
    ]
    assert found["images"][0]["split"] == [None, "train"]
    assert found["images"][0]["moved"][0]["after"]["bounding_box"]["xmin"] == 12
    assert found["images"][1]["state"] == ["empty", None]
    assert [one["label"] for one in found["images"][2]["added"]] == ["PET"]
    cursor = admin.get(f"{path}&after=0&per_page=2").expect(200)
    assert [one["image_id"] for one in cursor["images"]] == [first, second]
    back = admin.get(f"/snapshots/{old['snapshot_id']}/diff?from={new['snapshot_id']}").expect(200)["counts"]
    assert (back["added"], back["removed"], back["joined"], back["left"]) == (1, 2, 1, 1)
    same = admin.get(f"/snapshots/{old['snapshot_id']}/diff?from={old['snapshot_id']}").expect(200)
    assert (same["images"], same["counts"]["images"]) == ([], 0)
    cans = make(app, admin, [campaign.campaign_id], classes=["can"], states=["labeled", "empty"])
    counts = admin.get(f"/snapshots/{cans['snapshot_id']}/diff?from={new['snapshot_id']}").expect(200)["counts"]
    assert (counts["removed"], counts["left"]) == (3, 1)


# --- The pages for writers


def test_pages_hold_everything_once_and_are_bounded_by_boxes(
    app: Flask, admin: Caller, campaign: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make(app, admin, [campaign.campaign_id], states=["labeled", "empty", "unusable", "unlabeled"])
    images = images_of(admin, snapshot)
    for boxes, count in itertools.product((1, 3, 100), (1, 2, 100)):
        monkeypatch.setattr("app.services.snapshot_parts.BOXES_AT_A_TIME", boxes)
        monkeypatch.setattr("app.services.snapshot_parts.IMAGES_AT_A_TIME", count)
        with rows(app) as session:
            dataset = read_dataset(session, snapshot["snapshot_id"], "imagesets")
            pages = list(read_pages(session, snapshot["snapshot_id"], "loose"))
        assert all(len(page) <= count for page in pages)
        assert all(len(page) == 1 or sum(len(image.boxes) for image in page) <= boxes for page in pages)
        found = [image for page in pages for image in page]
        assert [image.image_id for image in found] == campaign.image_ids
        for image, expected in zip(found, images, strict=True):
            assert (image.width, image.height, image.state, image.size) == (1920, 1080, expected["state"], 123456)
            assert image.sha256 == bytes.fromhex(expected["sha256"])
            assert expected["blobstorage_path"].endswith(image.path)
            assert f"loose/{image.file_name}" == image.path
            for one, sent in zip(image.boxes, expected["objects"], strict=True):
                edges = {"xmin": one.x_min, "xmax": one.x_max, "ymin": one.y_min, "ymax": one.y_max}
                assert edges == sent["bounding_box"]
                assert (one.label, one.class_id, one.confidence) == (
                    sent["label"],
                    sent["class_id"],
                    sent["confidence"],
                )
                assert one.campaign is None
        assert (dataset.image_count, dataset.object_count, dataset.splits) == (4, 3, ())
        assert [(one.class_id, one.name) for one in dataset.classes] == [(1, "PET"), (2, "can")]
