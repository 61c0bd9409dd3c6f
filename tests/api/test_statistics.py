"""Statistics: counted by the service and counted here, now and at every moment of the past."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.services import statistics
from tests.caller import Caller
from tests.conftest import Labelled

LABELS = ["PET", "can", "bag"]
EDGES = [0, 8, 16, 32, 64, 96, *(2**power for power in range(7, 25))]


def statistics_of(caller: Caller, labelled: Labelled, query: str = "") -> Any:
    return caller.get(f"/campaigns/{labelled.campaign_id}/statistics{query}").expect(200)


def make_item(random: Random, image_id: int) -> dict[str, Any]:
    objects = []
    for _ in range(random.choice([0, 0, 1, 2, 5])):
        left, top = random.randrange(1000), random.randrange(500)
        width, height = random.choice([1, 4, 8, 16, 95, 400]), random.choice([1, 4, 8, 16, 97, 500])
        box = {"xmin": left, "xmax": left + width, "ymin": top, "ymax": top + height}
        objects.append({"bounding_box": box, "label": random.choice(LABELS)})
    return {"image_id": image_id, "objects": objects}


def submit(caller: Caller, labelled: Labelled, items: list[dict[str, Any]]) -> int | None:
    """Return the id of the submission, None when it changed nothing."""
    path = f"/campaigns/{labelled.campaign_id}/objects"
    receipt = caller.put(path, items, headers={"Prefer": "return=representation"}).expect(200)
    submission_id: int | None = receipt["submission_id"]
    return submission_id


def count(labelled: Labelled, history: list[tuple[str, list[dict[str, Any]]]]) -> dict[str, Any]:
    """Count here what is left of submissions by senders; each item is one that changed its image."""
    present: dict[int, tuple[str, list[Any]]] = {}
    revisions = Counter(dict.fromkeys(labelled.image_ids, 0))
    for email, items in history:
        for item in items:
            present[item["image_id"]] = (email, item["objects"])
            revisions[item["image_id"]] += 1
    boxes = [one for _, objects in present.values() for one in objects]
    sizes: Counter[int] = Counter()
    for box in (one["bounding_box"] for one in boxes):
        size = math.sqrt((box["xmax"] - box["xmin"]) * (box["ymax"] - box["ymin"]))
        sizes[max(place for place, edge in enumerate(EDGES) if edge <= size)] += 1
    with_objects = sum(1 for _, objects in present.values() if objects)
    senders = {email: [len(o) for sender, o in present.values() if sender == email] for email, _ in present.values()}
    return {
        "objects": len(boxes),
        "images": len(labelled.image_ids),
        "states": {
            "unlabeled": len(labelled.image_ids) - len(present),
            "labeled": with_objects,
            "empty": len(present) - with_objects,
            "unusable": 0,
        },
        "classes": {
            label: (
                sum(one["label"] == label for one in boxes),
                sum(any(one["label"] == label for one in objects) for _, objects in present.values()),
            )
            for label in LABELS
        },
        "objects_per_image": Counter(len(objects) for _, objects in present.values()),
        "box_sizes": [sizes[place] for place in range(max(sizes, default=-1) + 1)],
        "senders": {email: (len(counts), sum(counts)) for email, counts in senders.items()},
        "revisions_per_image": Counter(revisions.values()),
    }  # fmt: skip


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """The same of an answer, in the form of `count`."""
    sizes = answer["box_sizes"]
    assert [one["from"] for one in sizes] == EDGES[: len(sizes)]
    assert [one["to"] for one in sizes] == EDGES[1 : len(sizes) + 1]
    return {
        "objects": answer["objects"],
        "images": answer["images"],
        "states": answer["states"],
        "classes": {one["label"]: (one["objects"], one["images"]) for one in answer["classes"]},
        "objects_per_image": {one["objects"]: one["images"] for one in answer["objects_per_image"]},
        "box_sizes": [one["objects"] for one in sizes],
        "senders": {one["created_by"]: (one["images"], one["objects"]) for one in answer["senders"]},
        "revisions_per_image": {one["revisions"]: one["images"] for one in answer["revisions_per_image"]},
    }


def keep(app: Flask) -> list[int]:
    """Do what a worker does beside its jobs; return the campaigns whose counts it kept."""
    with app.app_context():
        kept = []
        for campaign_id in statistics.keep_counts(db.session()):
            db.session.commit()
            kept.append(campaign_id)
        return kept


# After how many submissions counts are kept, and whether the difference to these is used.
@pytest.mark.parametrize(
    ("kept_after", "uses_difference"), [((), True), ((0,), True), ((9, 20), True), ((9, 20), False)]
)
def test_every_number_is_what_counting_gives_at_every_moment(
    app: Flask, labelled: Labelled, monkeypatch: pytest.MonkeyPatch, kept_after: tuple[int, ...], uses_difference: bool
) -> None:
    monkeypatch.setattr(statistics, "STALE_COUNT", 1)
    monkeypatch.setattr(statistics, "MAX_DIFFERENCE", 10_000 if uses_difference else -1)
    random = Random(20261129)
    sent = {"classes": [{"name": label} for label in LABELS]}
    labelled.admin.patch(f"/campaigns/{labelled.campaign_id}", sent).expect(200)
    labelled.admin.put(f"/campaigns/{labelled.campaign_id}", {"new_status": "completed"}).expect(200)
    reopened = {"new_status": "active", "auto_complete": False}
    labelled.admin.put(f"/campaigns/{labelled.campaign_id}", reopened).expect(200)
    empty = statistics_of(labelled.admin, labelled)
    assert told(empty) == count(labelled, [])
    assert empty["days"] == []
    history: list[tuple[str, list[dict[str, Any]]]] = []
    held: dict[int, Any] = {}
    expected: dict[int, dict[str, Any]] = {}
    for number in range(25):
        caller, email = [(labelled.partner, labelled.partner_email), (labelled.admin, "ada@example.org")][number % 2]
        items = []
        for image_id in random.sample(labelled.image_ids, random.randint(1, 3)):
            item = make_item(random, image_id)
            # An image that is sent as it is keeps its revision.
            while held.get(image_id) == item["objects"]:
                item = make_item(random, image_id)
            held[image_id] = item["objects"]
            items.append(item)
        submission_id = submit(caller, labelled, items)
        assert submission_id
        history.append((email, items))
        expected[submission_id] = count(labelled, history)
        if number in kept_after:
            assert keep(app) == [labelled.campaign_id]
            assert keep(app) == []
        assert told(statistics_of(labelled.admin, labelled)) == count(labelled, history)
    assert len(expected) == 25
    for submission_id, counts in expected.items():
        assert told(statistics_of(labelled.admin, labelled, f"?as_of={submission_id}")) == counts
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    changed = [item for _, items in history for item in items]
    assert statistics_of(labelled.admin, labelled)["days"] == [
        {
            "day": day,
            "submissions": len(history),
            "images": len(changed),
            "objects": sum(len(item["objects"]) for item in changed),
        }
    ]


def test_a_time_means_the_newest_submission_until_then(app: Flask, labelled: Labelled) -> None:
    first = submit(labelled.partner, labelled, [make_item(Random(5), labelled.image_ids[0])])
    second = submit(labelled.partner, labelled, [make_item(Random(6), labelled.image_ids[1])])
    with app.app_context():
        move = "UPDATE submission SET date_created = :date WHERE id = :id"
        for submission_id, date in ((first, "2026-05-04T23:30:00Z"), (second, "2026-05-05T08:00:00Z")):
            db.session.execute(text(move), {"id": submission_id, "date": date})
        db.session.commit()
    for as_of, seen in [
        ("2026-05-04", 0),
        ("2026-05-04T23:29:59.999Z", 0),
        ("2026-05-05T01:30:00%2B02:00", 1),
        ("2026-05-05", 1),
        ("2026-05-05t08:00:00z", 2),
        (str(first), 1),
        (str(second), 2),
    ]:
        answer = statistics_of(labelled.partner, labelled, f"?as_of={as_of}")
        assert sum(one["images"] for one in answer["senders"]) == seen, as_of
    assert [one["day"] for one in statistics_of(labelled.admin, labelled)["days"]] == ["2026-05-04", "2026-05-05"]


def test_moments_that_are_none_are_refused(admin: Caller, labelled: Labelled, title: str) -> None:
    other = admin.post("/campaigns", {"title": title + "-other", "labeler_email": "x@partner.example"}).expect(200)
    submission_id = submit(labelled.partner, labelled, [make_item(Random(5), labelled.image_ids[0])])
    path = f"/campaigns/{other['campaign_id']}/statistics"
    admin.get(f"{path}?as_of={submission_id}").expect(404, f"has no submission {submission_id}")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    admin.get(f"{path}?as_of={tomorrow:%Y-%m-%d}").expect(400, "not in the future")
    for as_of in ("0", "-1", "x", "1" * 19, "2026-02-30", "2026-05-04T08:00:00", ""):
        admin.get(f"{path}?as_of={as_of}").expect(400, "as_of")
    admin.get("/campaigns/4711/statistics").expect(404, "no campaign 4711")


def test_labelers_see_numbers_of_all_and_no_address_but_their_own(labelled: Labelled) -> None:
    submit(labelled.partner, labelled, [make_item(Random(5), labelled.image_ids[0])])
    submit(labelled.admin, labelled, [make_item(Random(6), labelled.image_ids[1])])
    seen = statistics_of(labelled.partner, labelled)["senders"]
    assert [one["created_by"] for one in seen] == [None, labelled.partner_email]
    assert [one["created_by"] for one in statistics_of(labelled.admin, labelled)["senders"]] == [
        "ada@example.org",
        labelled.partner_email,
    ]


def test_classes_are_in_the_order_of_their_list_with_those_that_nobody_used(
    labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"classes": [{"name": "z"}, {"name": "can"}]}
    labelled.admin.patch(f"/campaigns/{labelled.campaign_id}", sent).expect(200)
    box = {"xmin": 1, "xmax": 9, "ymin": 1, "ymax": 9}
    objects = [{"bounding_box": box, "label": label} for label in ("b", "can", "a")]
    submit(labelled.partner, labelled, [{"image_id": labelled.image_ids[0], "objects": objects}])
    listed = [(one["label"], one["objects"]) for one in statistics_of(labelled.admin, labelled)["classes"]]
    assert listed == [("z", 0), ("can", 1), ("b", 1), ("a", 1)]
    monkeypatch.setattr(statistics, "MAX_CLASSES", 2)
    assert [one["label"] for one in statistics_of(labelled.admin, labelled)["classes"]] == ["z", "can"]


def test_selections_are_counted_together(admin: Caller, labelled: Labelled, title: str) -> None:
    other = admin.post("/campaigns", {"title": title + "-other", "labeler_email": "x@partner.example"}).expect(200)
    path = f"/campaigns/{other['campaign_id']}"
    admin.post(path + "/images", [{"id": image_id} for image_id in labelled.image_ids[1:]]).expect(200)
    admin.put(path, {"new_status": "active"}).expect(200)
    box = {"xmin": 1, "xmax": 9, "ymin": 1, "ymax": 9}
    item = {"image_id": labelled.image_ids[1], "objects": [{"bounding_box": box, "label": "PET"}] * 2}
    submit(labelled.partner, labelled, [item, {"image_id": labelled.image_ids[0], "objects": []}])
    submit(admin, Labelled(other["campaign_id"], "", [], admin, "", admin), [item])
    admin.put(f"{path}/reviews", [{"image_id": labelled.image_ids[1], "verdict": "accepted"}]).expect(200)
    rejected = [{"image_id": labelled.image_ids[0], "verdict": "rejected"}]
    admin.put(f"/campaigns/{labelled.campaign_id}/reviews", rejected).expect(200)
    both = admin.get(f"/statistics?campaigns={other['campaign_id']},{labelled.campaign_id}").expect(200)
    assert (both["objects"], both["images"]) == (4, 7)
    assert both["states"] == {"unlabeled": 4, "labeled": 2, "empty": 1, "unusable": 0}
    assert both["reviews"] == {"accepted": 1, "rejected": 1, "none": 5}
    assert both["classes"] == [{"label": "PET", "objects": 4, "images": 2}]
    assert both["days"][0] | {"day": ""} == {"day": "", "submissions": 2, "images": 3, "objects": 4}
    twice = admin.get(f"/statistics?campaigns={labelled.campaign_id}&campaigns={labelled.campaign_id}").expect(200)
    assert twice == statistics_of(admin, labelled)
    imageset_id = admin.post("/image_sets", {"title": title}).expect(200)["imageset_id"]
    references = [{"id": image_id} for image_id in labelled.image_ids[:2]]
    admin.post(f"/image_sets/{imageset_id}/images", references).expect(200)
    of_set = admin.get(f"/statistics?image_set={imageset_id}").expect(200)
    assert (of_set["objects"], of_set["images"]) == (4, 3)
    assert of_set["states"] == {"unlabeled": 0, "labeled": 2, "empty": 1, "unusable": 0}
    assert of_set["reviews"] == {"accepted": 1, "rejected": 1, "none": 1}
    assert [one["images"] for one in of_set["senders"]] == [2, 1]


def test_a_selection_names_campaigns_or_an_image_set(admin: Caller, labelled: Labelled) -> None:
    for query in ("", f"?campaigns={labelled.campaign_id}&image_set=1"):
        admin.get(f"/statistics{query}").expect(400, "either")
    admin.get(f"/statistics?campaigns={labelled.campaign_id},4711").expect(404, "no campaign 4711")
    admin.get("/statistics?image_set=4711").expect(404, "no image set 4711")
