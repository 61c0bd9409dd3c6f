"""Membership: images come into a campaign and leave it, and what they were there stays."""

from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.services import campaign_images, statistics
from app.settings import Settings
from tests.api.test_objects import item
from tests.caller import Caller
from tests.conftest import Labelled, insert_images

RECEIPT = {"Prefer": "return=representation"}


def submit(labelled: Labelled, images: Any) -> int:
    path = f"/campaigns/{labelled.campaign_id}/objects"
    submission_id: int = labelled.admin.put(path, images, headers=RECEIPT).expect(200)["submission_id"]
    return submission_id


def list_objects(caller: Caller, labelled: Labelled, query: str = "") -> list[dict[str, Any]]:
    page = caller.get(f"/campaigns/{labelled.campaign_id}/objects{query}").expect(200)
    assert page["pagination"]["total"] == len(page["images"]), query
    found: list[dict[str, Any]] = page["images"]
    return found


def progress_of(labelled: Labelled) -> tuple[str, int, int, dict[str, int]]:
    campaign = labelled.admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    progress = campaign["progress"]
    return campaign["status"], progress["total"], progress["done"], progress["states"]


def test_an_image_that_leaves_keeps_its_past_and_comes_back_with_it(admin: Caller, labelled: Labelled) -> None:
    first, second, third, fourth = labelled.image_ids
    path = f"/campaigns/{labelled.campaign_id}"
    one = submit(labelled, [
        {"image_id": first, "objects": [item("a")]}, {"image_id": second, "objects": []},
        {"image_id": third, "unusable": "dark"},
    ])  # fmt: skip
    before = list_objects(admin, labelled)
    labelled.partner.put(f"{path}/drafts", [{"image_id": first, "objects": [item()]}]).expect(200)
    changed = admin.delete(f"{path}/images/{first}").expect(200)
    states = {"unlabeled": 1, "labeled": 0, "empty": 1, "unusable": 1}
    assert (changed["progress"]["total"], changed["progress"]["done"], changed["progress"]["states"]) == (3, 2, states)
    assert [image["image_id"] for image in list_objects(labelled.partner, labelled)] == [second, third, fourth]
    admin.delete(f"{path}/images/{first}").expect(404, "is not in campaign")
    labelled.partner.get(f"/images/{first}").expect(403)
    sent = [{"image_id": first, "objects": []}]
    problem = labelled.partner.put(f"{path}/objects", sent).expect(404, "is not in campaign")
    assert problem["errors"][0]["pointer"] == "/0/image_id"
    labelled.partner.put(f"{path}/drafts", sent).expect(404, "is not in campaign")
    assert admin.get(f"{path}/drafts").expect(200)["drafts"] == []
    # What was, stays.
    assert list_objects(labelled.partner, labelled, f"?as_of={one}") == before
    assert [each["submission_id"] for each in admin.get(f"/images/{first}/history").expect(200)["history"]] == [one]
    objects = admin.get(f"/images/{first}/objects?campaigns={labelled.campaign_id}&as_of={one}").expect(200)
    assert [each["label"] for each in objects] == ["a"]
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert admin.get(f"/images/{first}/objects?campaigns={labelled.campaign_id}&as_of={now}").expect(200) == []
    difference = admin.get(f"{path}/diff?from={one}").expect(200)
    [left] = difference["images"]
    assert (left["image_id"], left["membership"], left["state"], left["revision"]) == (
        first, "left", ["labeled", None], [one, None],
    )  # fmt: skip
    assert [each["label"] for each in left["removed"]] == ["a"]
    assert (difference["counts"]["left"], difference["counts"]["removed"], difference["counts"]["states"]) == (1, 1, 0)
    # A restore brings no image back.
    restored = admin.post(f"{path}/restore", {"as_of": str(one)}).expect(200)
    assert (restored["image_count"], restored["skipped"]) == (0, 1)
    problem = admin.post(f"{path}/restore", {"as_of": str(one), "image_ids": [second, first]}).expect(404, "is not in")
    assert problem["errors"][0]["pointer"] == "/image_ids/1"
    admin.post(f"{path}/images", [{"id": first}, {"id": second}]).expect(200)
    assert list_objects(admin, labelled) == before
    assert progress_of(labelled) == ("active", 4, 3, {"unlabeled": 1, "labeled": 1, "empty": 1, "unusable": 1})
    assert admin.get(f"{path}/diff?from={one}").expect(200)["images"] == []
    assert [image["image_id"] for image in list_objects(admin, labelled, f"?as_of={now}")] == [second, third, fourth]
    [entry] = admin.get(f"/audit?action=remove_images&subject_type=campaign&subject_id={labelled.campaign_id}").expect(
        200
    )["audit"]
    assert entry["details"] == {"images": 1, "image_ids": [first]}


def test_removing_the_last_unlabeled_image_completes_the_campaign(admin: Caller, labelled: Labelled) -> None:
    first, second, third, fourth = labelled.image_ids
    path = f"/campaigns/{labelled.campaign_id}"
    one = submit(labelled, [{"image_id": first, "objects": [item()]}, {"image_id": second, "objects": []}])
    problem = admin.post(f"{path}/images/remove", [{"id": third}, {"id": 4711}]).expect(404, "no image 4711")
    assert problem["errors"][0]["pointer"] == "/1/id"
    admin.post(f"{path}/images/remove", []).expect(200)
    assert progress_of(labelled)[1] == 4
    changed = admin.post(f"{path}/images/remove", [{"id": third}, {"id": fourth}, {"id": third}], headers=RECEIPT)
    assert (changed.expect(200)["status"], changed.expect(200)["progress"]["total"]) == ("completed", 2)
    for refused in (admin.delete(f"{path}/images/{first}"), admin.post(f"{path}/images", [{"id": third}])):
        refused.expect(409, "only while it is created or active")
    admin.put(path, {"new_status": "active"}).expect(200)
    # Nothing completes without images, and a campaign without them is no dead end.
    admin.post(f"{path}/images/remove", [{"id": first}, {"id": second}]).expect(200)
    assert progress_of(labelled)[:3] == ("active", 0, 0)
    assert [image["image_id"] for image in list_objects(admin, labelled, f"?as_of={one}")] == labelled.image_ids
    admin.post(f"{path}/images", [{"id": first}, {"id": third}]).expect(200)
    assert progress_of(labelled)[:3] == ("active", 2, 1)
    submit(labelled, [{"image_id": third, "objects": []}])
    assert progress_of(labelled)[:3] == ("completed", 2, 2)


def test_an_image_is_taken_out_of_every_campaign_that_is_not_finished(
    app: Flask, admin: Caller, labelled: Labelled, title: str
) -> None:
    first = labelled.image_ids[0]
    submit(labelled, [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids])
    ids = [labelled.campaign_id]
    for number, statuses in enumerate(((), ("active",), ("active", "completed", "finished"))):
        made = admin.post("/campaigns", {"title": f"{title}-{number}", "labeler_email": "q@partner.example"}).expect(
            200
        )
        ids.append(made["campaign_id"])
        admin.post(f"/campaigns/{ids[-1]}/images", [{"id": first}]).expect(200)
        for status in statuses:
            admin.put(f"/campaigns/{ids[-1]}", {"new_status": status}).expect(200)
    with app.app_context():
        assert campaign_images.remove_from_unfinished(db.session(), first) == ids[:3]
        db.session.commit()
        assert campaign_images.remove_from_unfinished(db.session(), first) == []
    found = [admin.get(f"/campaigns/{campaign_id}").expect(200) for campaign_id in ids]
    assert [campaign["progress"]["total"] for campaign in found] == [3, 0, 0, 1]
    assert [campaign["status"] for campaign in found] == ["completed", "created", "active", "finished"]


def test_images_are_selected_by_set_campaign_and_query(
    app: Flask, admin: Caller, labelled: Labelled, settings: Settings, title: str
) -> None:
    first, second, third, fourth = labelled.image_ids
    files = insert_images(app, settings, 2, width=None, height=None, filetype=None)
    made = admin.post("/image_sets", {"title": title}).expect(200)
    admin.post(f"/image_sets/{made['imageset_id']}/images", [{"id": each} for each in (third, files[0])]).expect(200)
    with app.app_context():
        db.session.execute(text(
            "INSERT INTO problem (image_set_id, image_id, blob_name, etag, kind, message)"
            " VALUES (:set, :image, 'x', 'x', 'truncated', 'No end.')"
        ), {"set": made["imageset_id"], "image": third})  # fmt: skip
        db.session.commit()
    submit(labelled, [{"image_id": first, "objects": [item()]}, {"image_id": second, "objects": []}])
    admin.put("/queries/all-files", {"query": {"filetype": "none"}}).expect(200)
    new = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "q@partner.example"}).expect(200)
    path = f"/campaigns/{new['campaign_id']}"

    def add(*items: dict[str, Any]) -> tuple[int, int, int, list[int]]:
        answer = admin.post(f"{path}/images", list(items), headers=RECEIPT)
        body = answer.expect(200)
        assert answer.headers["ETag"] == admin.get(path).headers["ETag"]
        ids = [image["image_id"] for image in admin.get(f"{path}/images").expect(200)["images"]]
        assert body["progress"]["total"] == len(ids)
        return body["added"], body["skipped"], body["flagged"], ids

    assert add({"image_set": made["imageset_id"]}) == (1, 1, 1, [third])
    assert add({"campaign": labelled.campaign_id, "state": "labeled"}, {"query_name": "all-files"}) == (
        1, 2, 0, [first, third],
    )  # fmt: skip
    sent: list[dict[str, Any]] = [
        {"id": third},
        {"query": {"campaign": labelled.campaign_id, "state": ["empty"]}},
        {"id": fourth},
        {"id": first},
    ]
    assert add(*sent) == (2, 0, 0, [first, second, third, fourth])
    before = admin.get(path).expect(200)
    for wrong, status, pointer in [
        ({"image_set": 4711}, 404, "/1/image_set"),
        ({"campaign": 4711}, 404, "/1/campaign"),
        ({"query_name": "nothing"}, 404, "/1/query_name"),
        ({"id": 4711}, 404, "/1/id"),
        ({"id": files[0]}, 422, "/1/id"),
        ({"id": first, "state": "labeled"}, 422, "/1/state"),
        ({"query": {"labeled": True}}, 422, "/1/query/labeled"),
        ({"query": {}}, 400, "/1/query"),
        ({"query": {"page": 1}}, 400, "/1/query"),
        ({"image_set": 1, "campaign": 1}, 400, "/1"),
        ({}, 400, "/1"),
    ]:
        problem = admin.post(f"{path}/images", [{"image_set": made["imageset_id"]}, wrong]).expect(status)
        assert problem["errors"][0]["pointer"] == pointer, wrong
    admin.post(f"{path}/images", [{"image_set": made["imageset_id"]}] * 101).expect(422, "at most 100")
    assert admin.get(path).expect(200) == before
    # What was selected by a query comes back with its labels, too.
    admin.put(path, {"new_status": "active"}).expect(200)
    admin.put(f"{path}/objects", [{"image_id": first, "objects": [item("a")]}]).expect(200)
    admin.put(f"{path}/reviews", [{"image_id": first, "verdict": "rejected"}]).expect(200)
    admin.delete(f"{path}/images/{first}").expect(200)
    assert add({"campaign": labelled.campaign_id})[0] == 1
    progress = admin.get(path).expect(200)["progress"]
    assert (progress["states"]["labeled"], progress["reviews"]["rejected"], progress["done"]) == (1, 1, 0)


@pytest.mark.parametrize("seed", range(3))
def test_every_moment_shows_who_was_in_the_campaign(
    seed: int, app: Flask, admin: Caller, labelled: Labelled, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes, leaves and is submitted: each moment is listed, counted and compared as it was seen then."""
    monkeypatch.setattr(statistics, "STALE_COUNT", 1)
    random = Random(seed)
    path = f"/campaigns/{labelled.campaign_id}"
    admin.put(path, {"new_status": "completed"}).expect(200)
    admin.put(path, {"new_status": "active", "auto_complete": False}).expect(200)
    pool = [*labelled.image_ids, *insert_images(app, settings, 4)]
    members = set(labelled.image_ids)
    # By what a moment is called: the list and the statistics of then.
    seen: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {}
    for step in range(14):
        name = ""
        match random.choice(["add", "remove", "submit", "submit", "keep"]):
            case "add":
                chosen = random.sample(pool, 2)
                admin.post(f"{path}/images", [{"id": image_id} for image_id in chosen]).expect(200)
                members.update(chosen)
            case "remove" if members:
                chosen = random.sample(sorted(members), min(2, len(members)))
                admin.post(f"{path}/images/remove", [{"id": image_id} for image_id in chosen]).expect(200)
                members.difference_update(chosen)
            case "submit" if members:
                chosen = random.sample(sorted(members), min(3, len(members)))
                labels = [[item(random.choice("abc"))] * random.randrange(3) for _ in chosen]
                name = str(submit(labelled, [
                    {"image_id": image_id, "objects": objects} for image_id, objects in zip(chosen, labels, strict=True)
                ]) or "")  # fmt: skip
            case "keep":
                with app.app_context():
                    list(statistics.keep_counts(db.session()))
                    db.session.commit()
        now = list_objects(admin, labelled)
        assert {image["image_id"] for image in now} == members, step
        shown = name or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        seen[shown] = (now, admin.get(f"{path}/statistics").expect(200))
        states = Counter(image["state"] for image in now)
        assert {state: count for state, count in progress_of(labelled)[3].items() if count} == states
    for name, (images, counts) in seen.items():
        assert list_objects(admin, labelled, f"?as_of={name}") == images, name
        counted = admin.get(f"{path}/statistics?as_of={name}").expect(200)
        for each in (counted, counts):
            # Classes that came later are listed.
            each["classes"] = [one for one in each["classes"] if one["objects"]]
        assert counted == counts, name
        objects = [each for image in images for each in image["objects"]]
        assert (counts["images"], counts["objects"]) == (len(images), len(objects))
        assert counts["states"] == {state: sum(i["state"] == state for i in images) for state in counts["states"]}
    for _ in range(10):
        (begin, (before, _)), (end, (after, _)) = random.choices(list(seen.items()), k=2)
        found = admin.get(f"{path}/diff?from={begin}&to={end}&per_page=100").expect(200)
        then, later = ({image["image_id"]: image for image in images} for images in (before, after))
        moved = {image["image_id"]: image["membership"] for image in found["images"] if image["membership"]}
        assert moved == dict.fromkeys(later.keys() - then.keys(), "joined") | dict.fromkeys(
            then.keys() - later.keys(), "left"
        )
        for image in found["images"]:
            sides = [side.get(image["image_id"]) for side in (then, later)]
            assert image["state"] == [side and side["state"] for side in sides]
            assert image["revision"] == [side and side["revision"] for side in sides]
        sizes = [sum(len(image["objects"]) for image in images) for images in (before, after)]
        assert sizes[1] - sizes[0] == found["counts"]["added"] - found["counts"]["removed"]
