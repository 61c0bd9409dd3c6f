"""Changing, archiving and deleting campaigns."""

from typing import Any

from flask import Flask

from app.web.components import web_components_of
from tests.api.test_objects import item
from tests.caller import Caller
from tests.conftest import Labelled

RECEIPT = {"Prefer": "return=representation"}


def test_title_and_metadata_of_a_campaign_change(admin: Caller, labelled: Labelled, title: str) -> None:
    new = {"title": f"{title}-2", "labeler_email": "q@partner.example", "metadata": {"a": 1, "b": {"c": 2, "d": 3}}}
    path = f"/campaigns/{admin.post('/campaigns', new).expect(200)['campaign_id']}"
    patch = {"title": f"{title}-3", "metadata": {"a": None, "b": {"c": 4}, "e": [None]}}
    changed = admin.patch(path, patch).expect(200)
    assert (changed["title"], changed["metadata"]) == (f"{title}-3", {"b": {"c": 4, "d": 3}, "e": [None]})
    assert admin.patch(path, {"metadata": None}).expect(200)["metadata"] is None
    admin.patch(path, {"title": labelled.title}).expect(409, "Another campaign has the title")
    admin.patch(path, {"title": "Not So"}).expect(422, "lowercase letters")
    problem = admin.patch(path, {"metadata": {"x": "y" * 70_000}}).expect(422, "65536 bytes")
    assert problem["errors"][0]["pointer"] == "/metadata"
    assert admin.get(path).expect(200)["title"] == f"{title}-3"
    for status in ("active", "completed", "finished"):
        admin.put(path, {"new_status": status}).expect(200)
        admin.patch(path, {"title": f"{title}-4"}).expect(409, f"is {status}")
        assert admin.patch(path, {"metadata": {"s": status}}).expect(200)["metadata"] == {"s": status}
    admin.patch(path, {"late_corrections": True}).expect(409, "is finished")
    # The earlier titles are free.
    admin.post("/campaigns", new).expect(200)


def test_an_archived_campaign_is_hidden_and_refuses_every_change(app: Flask, admin: Caller, labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    first = labelled.image_ids[0]
    sent = [{"image_id": first, "objects": [item()]}]
    submission_id = admin.put(f"{path}/objects", sent, headers=RECEIPT).expect(200)["submission_id"]

    def listed(query: str = "") -> list[int]:
        return [campaign["campaign_id"] for campaign in admin.get(f"/campaigns{query}").expect(200)["campaigns"]]

    def partner_statuses() -> list[int]:
        # A role is remembered for a few seconds.
        web_components_of(app).key_pair_check.clear()
        addresses = (path, f"{path}/images", f"/images/{first}", f"/submissions/{submission_id}")
        return [labelled.partner.get(address).response.status_code for address in addresses]

    assert partner_statuses() == [200, 200, 303, 200]
    assert admin.patch(path, {"archived": True}).expect(200)["archived"] is True
    assert admin.patch(path, {"archived": True}).expect(200)["archived"] is True
    assert (listed(), listed("?archived=true"), listed("?archived=true&kind=any")) == (
        [], [labelled.campaign_id], [labelled.campaign_id],
    )  # fmt: skip
    assert partner_statuses() == [403] * 4
    assert labelled.partner.get("/whoami").expect(200)["roles"] == []
    user_id = admin.get(path).expect(200)["labelers"][0]["user_id"]
    refused: list[tuple[str, str, Any]] = [
        ("PUT", path, {"new_status": "completed"}),
        ("PATCH", path, {"metadata": {}}),
        ("PATCH", path, {"archived": False, "strict": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/images", []),
        ("POST", f"{path}/images/remove", []),
        ("DELETE", f"{path}/images/{first}", None),
        ("PUT", f"{path}/objects", sent),
        ("PUT", f"{path}/drafts", sent),
        ("PUT", f"{path}/reviews", []),
        ("POST", f"{path}/relabel", {"mapping": {"PET": "can"}}),
        ("POST", f"{path}/restore", {"as_of": str(submission_id)}),
        ("POST", f"{path}/labelers", {"email": "q@partner.example"}),
        ("POST", f"{path}/reviewers", {"email": "q@partner.example"}),
        ("DELETE", f"{path}/labelers/{user_id}", None),
        ("POST", f"/users/{user_id}/roles", {"role": "reviewer", "campaign_id": labelled.campaign_id}),
    ]
    for method, address, body in refused:
        admin.request(method, address, json=body).expect(409, "is archived")
    new = {"title": labelled.title, "labeler_email": "q@partner.example"}
    admin.post("/campaigns", new).expect(409, "Another campaign")
    assert admin.get(f"{path}/objects?labeled=true").expect(200)["pagination"]["total"] == 1
    assert admin.patch(path, {"archived": False}).expect(200)["archived"] is False
    assert (listed(), listed("?archived=true")) == ([labelled.campaign_id], [])
    assert partner_statuses() == [200, 200, 303, 200]
    about = f"subject_type=campaign&subject_id={labelled.campaign_id}"
    actions = [entry["action"] for entry in admin.get(f"/audit?{about}").expect(200)["audit"]]
    assert actions[:2] == ["unarchive_campaign", "archive_campaign"]


def test_a_campaign_without_submissions_is_deleted(admin: Caller, labelled: Labelled, title: str) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    first = labelled.image_ids[0]
    admin.patch(path, {"classes": [{"name": "PET"}]}).expect(200)
    labelled.partner.put(f"{path}/drafts", [{"image_id": first, "objects": []}]).expect(200)
    admin.delete(f"{path}/images/{labelled.image_ids[1]}").expect(200)
    model = {"title": f"{title}-m", "kind": "model", "model": "yolo", "version": "1"}
    source = admin.post("/campaigns", model).expect(200)["campaign_id"]
    admin.patch(path, {"prelabels_from": source}).expect(200)
    admin.delete(f"/campaigns/{source}").expect(409, f"Campaign {labelled.campaign_id} has suggestions")
    before = admin.get(path).expect(200)
    assert admin.delete(path, headers={"If-Match": '"x"'}).response.status_code == 412
    assert admin.delete(path).expect(200) == before
    admin.get(path).expect(404)
    admin.delete(path).expect(404)
    assert labelled.partner.get("/whoami").expect(200)["roles"] == []
    assert admin.get(f"/images/{first}/history").expect(200)["history"] == []
    admin.delete(f"/campaigns/{source}").expect(200)
    [entry] = admin.get(
        f"/audit?action=delete_campaign&subject_type=campaign&subject_id={labelled.campaign_id}"
    ).expect(200)["audit"]
    assert entry["details"] == {"title": labelled.title}
    made = admin.post("/campaigns", {"title": labelled.title, "labeler_email": "q@partner.example"}).expect(200)
    again = f"/campaigns/{made['campaign_id']}"
    admin.post(f"{again}/images", [{"id": first}]).expect(200)
    admin.put(again, {"new_status": "active"}).expect(200)
    admin.put(f"{again}/objects", [{"image_id": first, "objects": []}]).expect(200)
    admin.delete(again).expect(409, "has submissions")


def test_late_corrections_reopen_a_completed_campaign(admin: Caller, labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    empty = [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids]
    labelled.partner.put(f"{path}/objects", empty).expect(200)
    late = [{"image_id": labelled.image_ids[0], "objects": [item()]}]
    labelled.partner.put(f"{path}/objects", late).expect(409, "is completed")
    assert admin.patch(path, {"late_corrections": True}).expect(200)["late_corrections"] is True
    labelled.partner.put(f"{path}/objects", [{"image_id": 4711, "objects": []}]).expect(404, "is not in campaign")
    labelled.partner.put(f"{path}/objects", empty).expect(200)
    labelled.partner.put(f"{path}/objects", late).expect(200)
    # All images are done, so that it completes again at once.
    campaign = admin.get(path).expect(200)
    assert (campaign["status"], campaign["progress"]["states"]["labeled"]) == ("completed", 1)
    about = f"subject_type=campaign&subject_id={labelled.campaign_id}&action=change_status"
    steps = [entry["details"]["to"] for entry in admin.get(f"/audit?{about}").expect(200)["audit"]]
    assert steps == ["completed", "active", "completed", "active"]
    admin.put(path, {"new_status": "active", "auto_complete": False}).expect(200)
    admin.put(path, {"new_status": "completed"}).expect(200)
    labelled.partner.put(f"{path}/objects", empty[:1]).expect(200)
    assert admin.get(path).expect(200)["status"] == "active"
