"""Drafts: what users keep before they submit it."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.test_objects import box, item, put
from tests.caller import Caller
from tests.conftest import Labelled


def keep(labelled: Labelled, drafts: Any, caller: Caller | None = None) -> Any:
    return (caller or labelled.partner).put(f"/campaigns/{labelled.campaign_id}/drafts", drafts)


def listed(labelled: Labelled, caller: Caller, query: str = "") -> list[dict[str, Any]]:
    page: dict[str, Any] = caller.get(f"/campaigns/{labelled.campaign_id}/drafts{query}").expect(200)
    assert page["pagination"]["total"] >= len(page["drafts"])
    found: list[dict[str, Any]] = page["drafts"]
    return found


def test_a_draft_is_kept_as_it_was_sent_and_changes_nothing(admin: Caller, labelled: Labelled) -> None:
    first, second, *_ = labelled.image_ids
    path = f"/campaigns/{labelled.campaign_id}"
    before = admin.get(path).expect(200), admin.get(f"{path}/objects").expect(200)
    outside = item("anything", bounding_box=box(xmin=9, xmax=9, ymin=-1, ymax=99999))
    assert keep(labelled, [
        {"image_id": first, "objects": [outside], "revision": None, "image": {"width": 3, "height": 4}},
        {"image_id": second, "unusable": "dark"},
    ]).expect(200) == "ok"  # fmt: skip
    one, two = listed(labelled, labelled.partner)
    assert (one["image_id"], one["objects"], one["unusable"], one["image"]) == (
        first, [outside], None, {"width": 3, "height": 4},
    )  # fmt: skip
    assert (two["image_id"], two["objects"], two["unusable"], two["revision"]) == (second, None, "dark", None)
    assert one["created_by"] == labelled.partner_email
    assert (admin.get(path).expect(200), admin.get(f"{path}/objects").expect(200)) == before
    keep(labelled, [{"image_id": first, "objects": []}]).expect(200)
    assert [draft["objects"] for draft in listed(labelled, labelled.partner)] == [[], None]
    assert listed(labelled, labelled.partner, "?per_page=1&page=2")[0]["image_id"] == second


def test_everybody_has_drafts_of_its_own_and_an_admin_sees_all(
    admin: Caller, http: TestClient, labelled: Labelled
) -> None:
    first, second, *_ = labelled.image_ids
    path = f"/campaigns/{labelled.campaign_id}"
    made = admin.post(f"{path}/labelers", {"email": "q@partner.example"}).expect(200)["access_token"]
    other = Caller(http, made["apikey"], made["apisecret"])
    keep(labelled, [{"image_id": first, "objects": [item("a")]}]).expect(200)
    keep(labelled, [{"image_id": first, "objects": [item("b")]}, {"image_id": second, "objects": []}], other).expect(
        200
    )
    assert [draft["image_id"] for draft in listed(labelled, labelled.partner)] == [first]
    assert [draft["image_id"] for draft in listed(labelled, other)] == [first, second]
    assert [draft["created_by"] for draft in listed(labelled, admin)] == [
        labelled.partner_email, "q@partner.example", "q@partner.example",
    ]  # fmt: skip
    assert [draft["image_id"] for draft in listed(labelled, admin, "?user=Q@partner.example")] == [first, second]
    assert listed(labelled, admin, "?user=nobody@partner.example") == []
    assert [draft["created_by"] for draft in listed(labelled, admin, f"?image={first}")] == [
        labelled.partner_email, "q@partner.example",
    ]  # fmt: skip
    assert [draft["image_id"] for draft in listed(labelled, other, f"?image={second}")] == [second]
    assert listed(labelled, labelled.partner, f"?image={second}") == listed(labelled, admin, "?image=4711") == []
    labelled.partner.get(f"{path}/drafts?image=0").expect(400)
    # Each goes with the submission of its own user, whether that changes anything or not.
    put(labelled, [{"image_id": first, "objects": [item("c")]}])
    assert listed(labelled, labelled.partner) == []
    assert len(listed(labelled, other)) == 2
    other.put(f"{path}/objects", [{"image_id": first, "objects": [item("c")]}]).expect(200)
    assert [draft["image_id"] for draft in listed(labelled, other)] == [second]
    refused = [{"image_id": second, "objects": [item("d", bounding_box=box(xmin=9))]}]
    other.put(f"{path}/objects", refused).expect(422)
    assert [draft["image_id"] for draft in listed(labelled, other)] == [second]


def test_drafts_that_cannot_be_are_refused_and_nothing_is_kept(admin: Caller, labelled: Labelled) -> None:
    first, *_ = labelled.image_ids
    good = {"image_id": first, "objects": [item()]}
    problem = keep(labelled, [good, {"image_id": 4711, "objects": []}]).expect(404, "4711 is not in campaign")
    assert problem["errors"][0]["pointer"] == "/1/image_id"
    keep(labelled, [good, good]).expect(422, "already named")
    keep(labelled, [{"image_id": first}]).expect(400, "at least one of")
    keep(labelled, [good | {"objects": [item()] * 5001}]).expect(400)
    assert listed(labelled, labelled.partner) == []
    admin.put("/campaigns/4711/drafts", [good]).expect(404)
    admin.get("/campaigns/4711/drafts").expect(404)
    admin.put(f"/campaigns/{labelled.campaign_id}", {"new_status": "completed"}).expect(200)
    keep(labelled, [good]).expect(200)
    admin.put(f"/campaigns/{labelled.campaign_id}", {"new_status": "finished"}).expect(200)
    keep(labelled, [good]).expect(409, "is finished")


@pytest.mark.parametrize("count", [1, 3])
def test_many_drafts_are_kept_in_several_statements(
    labelled: Labelled, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr("app.services.drafts.CHUNK_COUNT", count)
    drafts = [{"image_id": image_id, "objects": [item(str(image_id))]} for image_id in labelled.image_ids]
    keep(labelled, drafts).expect(200)
    assert [draft["objects"][0]["label"] for draft in listed(labelled, labelled.partner)] == [
        str(image_id) for image_id in labelled.image_ids
    ]
