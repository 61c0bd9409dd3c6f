"""Relabels: other labels for present objects, all at the same time, by one submission."""

from typing import Any

import pytest

from tests.conftest import Labelled

BOX = {"xmin": 1.5, "xmax": 9, "ymin": 1, "ymax": 9}


def put(labelled: Labelled, place: int, *labels: str) -> None:
    objects = [{"bounding_box": BOX, "label": label, "confidence": 0.25} for label in labels]
    items = [{"image_id": labelled.image_ids[place], "objects": objects}]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", items).expect(200)


def relabel(labelled: Labelled, mapping: Any, **more: Any) -> Any:
    path = f"/campaigns/{labelled.campaign_id}/relabel"
    return labelled.admin.post(path, {"mapping": mapping, **more})


def images(labelled: Labelled) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = labelled.admin.get(f"/campaigns/{labelled.campaign_id}/objects").expect(200)["images"]
    return found


def labels(labelled: Labelled) -> list[list[str]]:
    return [[one["label"] for one in image["objects"]] for image in images(labelled)]


def names(labelled: Labelled) -> list[str]:
    campaign = labelled.admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    return [one["name"] for one in campaign["classes"]]


def test_labels_are_counted_first_and_replaced_then(labelled: Labelled) -> None:
    put(labelled, 0, "PTE", "can", "PTE")
    put(labelled, 1, "PET")
    put(labelled, 2, "pet")
    put(labelled, 3)
    before = images(labelled)
    answer = {
        "submission_id": None,
        "campaign_id": labelled.campaign_id,
        "image_count": 2,
        "object_count": 4,
        "labels": [
            {"label": "PTE", "new_label": "PET", "objects": 2, "images": 1},
            {"label": "pet", "new_label": "PET", "objects": 1, "images": 1},
        ],
        "dry_run": True,
    }
    mapping = {" PTE": "PET", "pet": "PET "}
    assert relabel(labelled, mapping, dry_run=True).expect(200) == answer
    assert images(labelled) == before
    done = relabel(labelled, mapping).expect(200)
    assert done == answer | {"submission_id": done["submission_id"], "dry_run": False}
    assert labels(labelled) == [["PET", "can", "PET"], ["PET"], ["PET"], []]
    after = images(labelled)
    # Nothing but labels has changed, and only of images that have such objects.
    for place in (0, 2):
        assert after[place]["revision"] == done["submission_id"]
        for old, new in zip(before[place]["objects"], after[place]["objects"], strict=True):
            changed = {name for name in old if old[name] != new[name]}
            assert changed - {"label"} == {"object_id", "date_added"}
    assert [after[1], after[3]] == [before[1], before[3]]
    receipt = labelled.admin.get(f"/submissions/{done['submission_id']}").expect(200)
    assert {name: receipt[name] for name in ("kind", "of", "image_count", "object_count", "replaced", "unchanged")} == {
        "kind": "relabel",
        "of": None,
        "image_count": 2,
        "object_count": 4,
        "replaced": 2,
        "unchanged": 0,
    }
    assert receipt["created_by"] == "ada@example.org"
    # Earlier revisions have these classes, so that they keep their places.
    assert names(labelled) == ["PTE", "can", "PET", "pet"]
    again = relabel(labelled, mapping).expect(200)
    assert (again["submission_id"], again["image_count"]) == (None, 0)


def test_all_labels_are_replaced_at_the_same_time(labelled: Labelled) -> None:
    put(labelled, 0, "a", "b", "c")
    relabel(labelled, {"a": "b", "b": "a", "c": "c"}).expect(200)
    assert labels(labelled)[0] == ["b", "a", "c"]
    # A chain is not followed.
    relabel(labelled, {"a": "b", "b": "c"}).expect(200)
    assert labels(labelled)[0] == ["c", "b", "c"]


def test_a_new_label_becomes_a_class_when_an_object_gets_it(labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    listed = [{"name": "a"}, {"name": "unused"}, {"name": "PET", "aliases": ["plastic"]}]
    labelled.admin.patch(path, {"classes": listed}).expect(200)
    put(labelled, 0, "a")
    relabel(labelled, {"a": "new", "unused": "never"}, dry_run=True).expect(200)
    assert names(labelled) == ["a", "unused", "PET"]
    relabel(labelled, {"a": "new", "unused": "never"}).expect(200)
    assert names(labelled) == ["a", "unused", "PET", "new"]
    relabel(labelled, {"new": "plastic"}).expect(200)
    assert labels(labelled)[0] == ["PET"]


def test_a_relabeled_word_can_be_retired_and_become_an_alias(labelled: Labelled) -> None:
    put(labelled, 0, "PTE", "PET")
    relabel(labelled, {"PTE": "PET"}).expect(200)
    listed = [{"name": "PTE", "retired": True}, {"name": "PET", "aliases": ["PTE"]}]
    labelled.admin.patch(f"/campaigns/{labelled.campaign_id}", {"classes": listed, "strict": True}).expect(200)
    put(labelled, 1, "PTE")
    assert labels(labelled)[1] == ["PET"]


@pytest.mark.parametrize(
    ("mapping", "status", "pointer", "words"),
    [
        ({}, 400, "/mapping", "at least 1 field"),
        ({"PET": ""}, 400, "/mapping/PET", ""),
        ({"PET": None}, 400, "/mapping/PET", "a text"),
        ({"PET": " "}, 422, "/mapping/PET", "blank"),
        ({"PET": "a\u200b"}, 422, "/mapping/PET", "U+200B"),
        ({"PET": "can", "PET ": "can"}, 422, "/mapping/PET ", "same normal form"),
        ({"Peet": "can"}, 422, "/mapping/Peet", "Did you mean `PET`?"),
        ({"a/b": "can"}, 422, "/mapping/a~1b", "not one of the campaign's classes"),
        ({"PET": "Can"}, 422, "/mapping/PET", "Did you mean `can`?"),
        ({"PET": "old"}, 422, "/mapping/PET", "`old` is retired"),
    ],
)
def test_mappings_to_and_from_nothing_are_refused(
    labelled: Labelled, mapping: Any, status: int, pointer: str, words: str
) -> None:
    listed = [{"name": "PET"}, {"name": "can"}, {"name": "old", "retired": True}]
    changes = {"classes": listed, "strict": True}
    labelled.admin.patch(f"/campaigns/{labelled.campaign_id}", changes).expect(200)
    put(labelled, 0, "PET", "can")
    before = images(labelled)
    assert relabel(labelled, mapping).expect(status, words)["errors"][0]["pointer"] == pointer
    assert images(labelled) == before


def test_campaigns_are_relabeled_while_active_or_completed(labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    put(labelled, 0, "a")
    labelled.admin.put(path, {"new_status": "completed"}).expect(200)
    relabel(labelled, {"a": "b"}).expect(200)
    assert labels(labelled)[0] == ["b"]
    assert labelled.admin.get(path).expect(200)["status"] == "completed"
    labelled.admin.put(path, {"new_status": "finished"}).expect(200)
    relabel(labelled, {"b": "a"}).expect(409, "is finished")
    labelled.admin.post("/campaigns/4711/relabel", {"mapping": {"a": "b"}}).expect(404, "no campaign 4711")


def test_a_relabel_keeps_states_and_progress(labelled: Labelled) -> None:
    put(labelled, 0, "a")
    put(labelled, 1)
    before = labelled.admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    relabel(labelled, {"a": "b"}).expect(200)
    after = labelled.admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    assert after["progress"] == before["progress"]
    counted = labelled.admin.get(f"/campaigns/{labelled.campaign_id}/statistics").expect(200)
    assert {one["label"]: one["objects"] for one in counted["classes"]} == {"a": 0, "b": 1}
    assert counted["revisions_per_image"] == [
        {"revisions": 0, "images": 2},
        {"revisions": 1, "images": 1},
        {"revisions": 2, "images": 1},
    ]
