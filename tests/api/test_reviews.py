"""Reviews: verdicts on images, what they count, when they end, and what they keep labelers from."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.test_authorization import make_caller
from tests.api.test_objects import item, put
from tests.api.test_submissions import RECEIPT, images_of, revisions, submit
from tests.caller import Answer, Caller
from tests.conftest import Labelled

EMAIL = "rev@example.org"


@pytest.fixture
def reviewer(admin: Caller, http: TestClient, labelled: Labelled) -> Caller:
    return make_caller(admin, http, EMAIL, {"role": "reviewer", "campaign_id": labelled.campaign_id})


def review(caller: Caller, labelled: Labelled, reviews: Any, query: str = "", **headers: str) -> Answer:
    return caller.put(f"/campaigns/{labelled.campaign_id}/reviews{query}", reviews, headers=headers)


def label(labelled: Labelled, count: int, name: str = "PET") -> int:
    """Let the partner label the first images of the campaign, and return the revision."""
    sent = [{"image_id": image_id, "objects": [item(name)]} for image_id in labelled.image_ids[:count]]
    return int(submit(labelled, sent)["submission_id"])


def verdicts(caller: Caller, labelled: Labelled, query: str = "") -> list[str | None]:
    return [image["review"] and image["review"]["verdict"] for image in images_of(caller, labelled, query)]


def campaign_of(caller: Caller, labelled: Labelled) -> dict[str, Any]:
    found: dict[str, Any] = caller.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    return found


def test_a_verdict_is_in_every_list_and_in_the_progress(admin: Caller, reviewer: Caller, labelled: Labelled) -> None:
    first, second, third, _ = labelled.image_ids
    revision = label(labelled, 3)
    assert verdicts(admin, labelled) == [None] * 4
    comment = "The bottle\non the left is missing."
    rejected = {"image_id": first, "verdict": "rejected", "comment": comment, "revision": revision}
    accepted = {"image_id": second, "verdict": "accepted", "comment": ""}
    assert review(reviewer, labelled, [rejected, accepted]).expect(200) == "ok"
    answer = review(admin, labelled, [{"image_id": third, "verdict": "accepted"}], Prefer="return=representation")
    assert answer.expect(200) == campaign_of(admin, labelled)
    progress = campaign_of(reviewer, labelled)["progress"]
    assert (progress["total"], progress["done"]) == (4, 2)
    assert progress["reviews"] == {"accepted": 2, "rejected": 1, "none": 1}
    assert labelled.partner.get("/whoami").expect(200)["roles"][0]["campaign"]["progress"] == progress
    path = f"/campaigns/{labelled.campaign_id}"
    for caller, address in ((admin, EMAIL), (reviewer, EMAIL), (labelled.partner, None)):
        one, two, *_, four = caller.get(f"{path}/objects").expect(200)["images"]
        assert one["review"]["date_created"] > one["objects"][0]["date_added"]
        expected = {"verdict": "rejected", "comment": comment, "created_by": address, "revision": revision}
        assert one["review"] == expected | {"date_created": one["review"]["date_created"]}
        assert (two["review"]["comment"], four["review"]) == ("", None)
        assert images_of(caller, labelled)[0]["review"] == one["review"]
    [entry] = admin.get(f"/images/{first}/history").expect(200)["history"]
    [past] = entry["reviews"]
    assert (past["verdict"], past["comment"], past["created_by"]) == ("rejected", comment, EMAIL)


def test_images_are_filtered_by_their_verdict(admin: Caller, reviewer: Caller, labelled: Labelled) -> None:
    first, second, third, fourth = labelled.image_ids
    label(labelled, 3)
    put(labelled, [{"image_id": third, "objects": []}])
    sent = [{"image_id": first, "verdict": "rejected"}, {"image_id": third, "verdict": "accepted"}]
    review(reviewer, labelled, sent).expect(200)
    then = f"&as_of={revisions(admin, labelled)[2]}"
    put(labelled, [{"image_id": fourth, "objects": []}])
    for query, expected in {
        "?review=rejected": [first],
        "?review=accepted": [third],
        "?review=none": [second, fourth],
        "?review=rejected,accepted&per_page=1": [first],
        "?review=rejected,rejected": [first],
        "?review=none,accepted,rejected": [first, second, third, fourth],
        "?review=none&labeled=true": [second, fourth],
        "?review=accepted,none&state=empty": [third, fourth],
        "?review=rejected&after=0": [first],
        f"?review=rejected{then}": [],
        f"?review=none&state=unlabeled{then}": [fourth],
    }.items():
        for kind in ("images", "objects"):
            page = labelled.partner.get(f"/campaigns/{labelled.campaign_id}/{kind}{query}").expect(200)
            assert [image["image_id"] for image in page["images"]] == expected, query
            total = 2 if "per_page" in query else len(expected)
            assert page["pagination"]["total"] == (None if "after" in query else total)
    labelled.partner.get(f"/campaigns/{labelled.campaign_id}/images?review=maybe").expect(400, "review")


def test_new_content_ends_a_verdict_and_a_relabel_does_not(admin: Caller, reviewer: Caller, labelled: Labelled) -> None:
    first, second, third, fourth = labelled.image_ids
    path = f"/campaigns/{labelled.campaign_id}"
    revision = label(labelled, 4)
    assert campaign_of(admin, labelled)["status"] == "completed"
    sent = [{"image_id": image_id, "verdict": "rejected"} for image_id in labelled.image_ids]
    review(reviewer, labelled, sent, "?reopen=true").expect(200)
    admin.post(f"{path}/relabel", {"mapping": {"PET": "can"}}).expect(200)
    assert verdicts(admin, labelled) == ["rejected"] * 4
    assert [image["review"]["revision"] for image in images_of(admin, labelled)] == [revision] * 4
    assert campaign_of(admin, labelled)["progress"]["done"] == 0
    # What is sent unchanged keeps its verdict.
    put(labelled, [{"image_id": first, "objects": [item("can")]}, {"image_id": second, "unusable": "dark"}])
    assert verdicts(admin, labelled) == ["rejected", None, "rejected", "rejected"]
    # The same verdict after a relabel is a review of the newer revision, and once more it is nothing new.
    for _ in range(2):
        review(reviewer, labelled, [{"image_id": first, "verdict": "rejected"}]).expect(200)
    assert images_of(admin, labelled)[0]["review"]["revision"] > revision
    history = admin.get(f"/images/{first}/history").expect(200)["history"]
    assert [len(entry["reviews"]) for entry in history] == [1, 1]
    # A restore of the content of then is new content, and brings no review back.
    admin.post(f"{path}/restore", {"as_of": str(revision), "image_ids": [second, third]}).expect(200)
    assert verdicts(admin, labelled) == ["rejected", None, None, "rejected"]
    admin.post(f"{path}/restore", {"as_of": "2020-01-01", "image_ids": [fourth]}).expect(200)
    assert images_of(admin, labelled)[3]["state"] == "unlabeled"
    progress = campaign_of(admin, labelled)["progress"]
    assert (progress["done"], progress["reviews"]) == (2, {"accepted": 0, "rejected": 1, "none": 3})
    assert admin.get(f"/images/{fourth}/history").expect(200)["history"][2]["reviews"][0]["verdict"] == "rejected"


def test_an_accepted_image_is_read_only_for_its_labelers(admin: Caller, reviewer: Caller, labelled: Labelled) -> None:
    first, second, *_ = labelled.image_ids
    path = f"/campaigns/{labelled.campaign_id}/objects"
    label(labelled, 2)
    review(reviewer, labelled, [{"image_id": first, "verdict": "accepted"}]).expect(200)
    before = revisions(admin, labelled)
    changed = [{"image_id": second, "objects": []}, {"image_id": first, "objects": []}]
    problem = labelled.partner.put(path, changed).expect(409, "is accepted")
    assert [error["pointer"] for error in problem["errors"]] == ["/1/image_id"]
    assert revisions(admin, labelled) == before
    same = [{"image_id": first, "objects": [item("PET")]}, {"image_id": second, "objects": []}]
    labelled.partner.put(path, same).expect(200)
    assert verdicts(admin, labelled)[:2] == ["accepted", None]
    # A second thought opens it.
    review(reviewer, labelled, [{"image_id": first, "verdict": "rejected"}]).expect(200)
    labelled.partner.put(path, [{"image_id": first, "objects": []}]).expect(200)
    review(reviewer, labelled, [{"image_id": first, "verdict": "accepted"}]).expect(200)
    admin.put(path, [{"image_id": first, "objects": [item("can")]}]).expect(200)
    assert verdicts(admin, labelled)[0] is None
    assert campaign_of(admin, labelled)["progress"]["reviews"] == {"accepted": 0, "rejected": 0, "none": 4}


def test_a_completed_campaign_with_rejected_images_becomes_active_when_asked(
    admin: Caller, reviewer: Caller, labelled: Labelled
) -> None:
    first, second, *_ = labelled.image_ids
    label(labelled, 4)
    review(reviewer, labelled, [{"image_id": second, "verdict": "accepted"}], "?reopen=true").expect(200)
    assert campaign_of(admin, labelled)["status"] == "completed"
    review(reviewer, labelled, [{"image_id": first, "verdict": "rejected"}]).expect(200)
    campaign = campaign_of(admin, labelled)
    assert (campaign["status"], campaign["progress"]["done"]) == ("completed", 3)
    put(labelled, [{"image_id": first, "objects": []}], status=409)
    review(reviewer, labelled, [], "?reopen=true").expect(200)
    assert campaign_of(admin, labelled)["status"] == "active"
    entry = admin.get("/audit?action=change_status").expect(200)["audit"][0]
    assert (entry["user"]["email"], entry["details"]) == (
        EMAIL, {"from": "completed", "to": "active", "automatic": False},
    )  # fmt: skip
    # A correction completes it again, as does a verdict.
    put(labelled, [{"image_id": first, "objects": []}])
    assert campaign_of(admin, labelled)["status"] == "completed"
    sent = [{"image_id": first, "verdict": "rejected"}]
    review(reviewer, labelled, sent, "?reopen=true").expect(200)
    review(reviewer, labelled, [{"image_id": first, "verdict": "accepted"}]).expect(200)
    campaign = campaign_of(admin, labelled)
    assert (campaign["status"], campaign["progress"]["done"]) == ("completed", 4)
    # Not where it shall not complete itself.
    path = f"/campaigns/{labelled.campaign_id}"
    admin.put(path, {"new_status": "active", "auto_complete": False}).expect(200)
    review(reviewer, labelled, [{"image_id": second, "verdict": "rejected"}]).expect(200)
    review(reviewer, labelled, [{"image_id": second, "verdict": "accepted"}]).expect(200)
    assert campaign_of(admin, labelled)["status"] == "active"


def test_reviews_that_cannot_be_are_refused_and_nothing_is_stored(
    admin: Caller, reviewer: Caller, labelled: Labelled
) -> None:
    first, second, third, fourth = labelled.image_ids
    old = label(labelled, 3)
    new = label(labelled, 1, "can")
    good = {"image_id": second, "verdict": "accepted"}
    for reviews, status, words, pointers in [
        ([good, {"image_id": 4711, "verdict": "accepted"}], 422, "4711 is not in campaign", ["/1/image_id"]),
        ([good, {"image_id": fourth, "verdict": "rejected"}], 422, "is unlabeled", ["/1/image_id"]),
        ([good, good, good], 422, "already named at /0", ["/1/image_id", "/2/image_id"]),
        ([good, good | {"image_id": first, "revision": old}], 412, f"its revision is {new}", ["/1/revision"]),
        ([good | {"revision": None}], 412, "has changed", ["/0/revision"]),
        ([good | {"image_id": fourth, "revision": old}], 412, "it is not labeled", ["/0/revision"]),
        ([good | {"verdict": "good"}], 400, "verdict", ["/0/verdict"]),
        ([good | {"comment": "x" * 1001}], 400, "comment", ["/0/comment"]),
        ([good | {"comment": "a\0"}], 400, "comment", ["/0/comment"]),
        ([{"image_id": second}], 400, "verdict", ["/0"]),
    ]:
        problem = review(reviewer, labelled, reviews).expect(status, words)
        assert [error["pointer"] for error in problem["errors"]] == pointers
    stale = review(reviewer, labelled, [good | {"image_id": first, "revision": old}]).expect(412)["errors"][0]
    assert (stale["revision"], stale["created_by"]) == (new, labelled.partner_email)
    assert verdicts(admin, labelled) == [None] * 4
    admin.put("/campaigns/4711/reviews", [good]).expect(404)
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/reviews", [good]).expect(403)
    for new_status, status in (("completed", 200), ("finished", 409)):
        admin.put(f"/campaigns/{labelled.campaign_id}", {"new_status": new_status}).expect(200)
        review(reviewer, labelled, [good]).expect(status)
    review(reviewer, labelled, [good | {"image_id": third}]).expect(409, "is finished")


def test_reviews_of_a_moment_of_the_past_are_those_in_force_then(
    admin: Caller, reviewer: Caller, labelled: Labelled
) -> None:
    first, second, third, _ = labelled.image_ids
    path = f"/campaigns/{labelled.campaign_id}"
    moments: dict[str, list[str | None]] = {str(label(labelled, 3)): [None] * 4}

    def note(verdict: str, image_id: int) -> None:
        review(reviewer, labelled, [{"image_id": image_id, "verdict": verdict}]).expect(200)
        newest = max(image["review"]["date_created"] for image in images_of(admin, labelled) if image["review"])
        moments[newest] = verdicts(admin, labelled)

    note("rejected", first)
    note("accepted", second)
    note("accepted", first)
    relabeled = admin.post(f"{path}/relabel", {"mapping": {"PET": "can"}}).expect(200)
    moments[str(relabeled["submission_id"])] = ["accepted", "accepted", None, None]
    changed = [{"image_id": first, "objects": []}, {"image_id": third, "objects": []}]
    receipt = admin.put(f"{path}/objects", changed, headers=RECEIPT).expect(200)
    moments[str(receipt["submission_id"])] = [None, "accepted", None, None]
    note("rejected", third)
    assert len(moments) == 7
    for kind in ("images", "objects"):
        for moment, expected in moments.items():
            images = admin.get(f"{path}/{kind}?as_of={moment}").expect(200)["images"]
            assert [image["review"] and image["review"]["verdict"] for image in images] == expected, moment
    counted = {f"?as_of={moment}": expected for moment, expected in moments.items()}
    for query, expected in (counted | {"": verdicts(admin, labelled)}).items():
        counts = {verdict or "none": expected.count(verdict) for verdict in ("accepted", "rejected", None)}
        assert reviewer.get(f"{path}/statistics{query}").expect(200)["reviews"] == counts, query


@pytest.mark.parametrize("count", [1, 3])
def test_many_reviews_are_stored_in_several_statements(
    admin: Caller, reviewer: Caller, labelled: Labelled, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr("app.services.reviews.CHUNK_COUNT", count)
    label(labelled, 4)
    sent = [{"image_id": image_id, "verdict": "rejected"} for image_id in labelled.image_ids]
    problem = review(reviewer, labelled, [*sent, {"image_id": 4711, "verdict": "rejected"}]).expect(422)
    assert problem["errors"][0]["pointer"] == "/4/image_id"
    assert verdicts(admin, labelled) == [None] * 4
    review(reviewer, labelled, sent).expect(200)
    assert verdicts(admin, labelled) == ["rejected"] * 4
    assert campaign_of(admin, labelled)["progress"]["reviews"] == {"accepted": 0, "rejected": 4, "none": 0}
