"""Readers, reviewers and labelers: what they read, and whose e-mail addresses they see."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from starlette.testclient import TestClient

from app.database.engine import db
from app.web.components import web_components_of
from tests.caller import Caller
from tests.conftest import Labelled

BOX = {"bounding_box": {"xmin": 1, "xmax": 9, "ymin": 1, "ymax": 9}, "label": "PET"}


def make_caller(admin: Caller, http: TestClient, email: str, *roles: dict[str, Any]) -> Caller:
    """A new user with these roles, and a key of it."""
    user_id = admin.post("/users", {"email": email}).expect(200)["user_id"]
    for role in roles:
        admin.post(f"/users/{user_id}/roles", role).expect(200)
    key = admin.post(f"/users/{user_id}/api_keys", {}).expect(200)
    return Caller(http, key["apikey"], key["apisecret"])


@pytest.fixture
def reader(admin: Caller, http: TestClient) -> Caller:
    return make_caller(admin, http, "rea@example.org", {"role": "reader"})


@pytest.fixture
def reviewer(admin: Caller, http: TestClient, labelled: Labelled) -> Caller:
    role = {"role": "reviewer", "campaign_id": labelled.campaign_id}
    return make_caller(admin, http, "rev@example.org", role)


def test_user_may_begin_as_a_reader(admin: Caller, http: TestClient) -> None:
    made = admin.post("/users", {"email": "rea@example.org", "role": "reader"}).expect(200)
    assert [(role["role"], role["campaign"]) for role in made["roles"]] == [("reader", None)]
    key = admin.post(f"/users/{made['user_id']}/api_keys", {}).expect(200)
    told = Caller(http, key["apikey"], key["apisecret"]).get("/whoami").expect(200)
    assert told["roles"] == [{"role": "reader", "campaign": None}]


def test_partner_reads_its_campaign_with_facts_of_its_images(app: Flask, labelled: Labelled) -> None:
    with app.app_context():
        db.session.execute(text("UPDATE image SET blobstorage_path = 'imagesets/upload/drone/a/b c.jpg' WHERE id = 1"))
        db.session.commit()
    address = f"/campaigns/{labelled.campaign_id}"
    sent = [{"image_id": labelled.image_ids[0], "objects": [BOX]}]
    labelled.partner.put(f"{address}/objects", sent).expect(200)
    mine = labelled.partner.get(address).expect(200)
    assert mine["progress"] == {"total": 4, "done": 1}
    facts = {"file_name": "b c.jpg", "filetype": "JPEG", "width": 1920, "height": 1080}
    image = {"image_id": labelled.image_ids[0], "url": f"/images/{labelled.image_ids[0]}"} | facts
    assert labelled.partner.get(f"{address}/images?labeled=true").expect(200)["images"] == [image]
    todo = labelled.partner.get(f"{address}/images?labeled=false").expect(200)["images"]
    assert [entry["image_id"] for entry in todo] == labelled.image_ids[1:]
    [labeled] = labelled.partner.get(f"{address}/objects?labeled=true").expect(200)["images"]
    assert [thing["label"] for thing in labeled.pop("objects")] == ["PET"]
    assert labeled == image


def test_addresses_of_others_are_null_for_readers_and_labelers(
    admin: Caller, reader: Caller, reviewer: Caller, labelled: Labelled, title: str
) -> None:
    admin.post("/image_sets", {"title": title}).expect(200)
    campaign = f"/campaigns/{labelled.campaign_id}"
    assert admin.get(campaign).expect(200)["created_by"] == "ada@example.org"
    assert reviewer.get(campaign).expect(200)["created_by"] == "ada@example.org"
    for caller in (reader, labelled.partner):
        assert caller.get(campaign).expect(200)["created_by"] is None
    for path in ("/campaigns", "/image_sets", "/image_sets/1", "/images", "/images?expand=download_url"):
        assert "@" in admin.get(path).response.text or path.startswith("/images")
        assert "@" not in reader.get(path).response.text
    # Whoever asked before for the same representation, each caller gets its own.
    etag = admin.get(campaign).headers["etag"]
    assert reader.get(campaign, headers={"If-None-Match": etag}).expect(200)["created_by"] is None


def test_own_address_is_shown(app: Flask, admin: Caller, http: TestClient, title: str) -> None:
    both = make_caller(admin, http, "rea@example.org", {"role": "image-admin"}, {"role": "reader"})
    campaign_id = both.post("/campaigns", {"title": title, "labeler_email": "p@partner.example"}).expect(200)[
        "campaign_id"
    ]
    admin.delete("/users/2/roles/2").expect(200)
    web_components_of(app).key_pair_check.clear()
    assert both.get(f"/campaigns/{campaign_id}").expect(200)["created_by"] == "rea@example.org"
    sent: Any = {"title": f"{title}-2", "labeler_email": "p@partner.example"}
    both.post("/campaigns", sent).expect(403)


def test_receipt_shows_the_sender_its_own_address(labelled: Labelled) -> None:
    sent = [{"image_id": labelled.image_ids[0], "objects": [BOX]}]
    answer = labelled.partner.put(
        f"/campaigns/{labelled.campaign_id}/objects", sent, headers={"Prefer": "return=representation"}
    )
    assert answer.expect(200)["created_by"] == labelled.partner_email


def test_roles_add_up_and_do_not_spread(
    admin: Caller, http: TestClient, labelled: Labelled, title: str, image_ids: list[int]
) -> None:
    """Somebody who labels one campaign and reviews another labels only the one, and sees addresses only in the other."""
    other = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "q@partner.example"}).expect(200)
    other_id = other["campaign_id"]
    admin.post(f"/campaigns/{other_id}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    admin.put(f"/campaigns/{other_id}", {"new_status": "active"}).expect(200)
    roles = [
        {"role": "labeler", "campaign_id": labelled.campaign_id},
        {"role": "reviewer", "campaign_id": other_id},
        {"role": "reader"},
    ]
    caller = make_caller(admin, http, "mix@example.org", *roles)
    sent = [{"image_id": image_ids[0], "objects": [BOX]}]
    caller.put(f"/campaigns/{labelled.campaign_id}/objects", sent).expect(200)
    caller.put(f"/campaigns/{other_id}/objects", sent).expect(403, "does not give access")
    assert caller.get(f"/campaigns/{other_id}").expect(200)["created_by"] == "ada@example.org"
    assert caller.get(f"/campaigns/{labelled.campaign_id}").expect(200)["created_by"] is None
    # A reader may know what is not there.
    caller.get("/campaigns/4711").expect(404)
    caller.put("/campaigns/4711/objects", sent).expect(403)


@pytest.mark.parametrize("role", ["labeler", "reviewer"])
def test_a_role_that_was_taken_away_gives_nothing(app: Flask, admin: Caller, http: TestClient, role: str) -> None:
    campaign_id = admin.post("/campaigns", {"title": "gone", "labeler_email": "p@partner.example"}).expect(200)[
        "campaign_id"
    ]
    caller = make_caller(admin, http, "mix@example.org", {"role": role, "campaign_id": campaign_id})
    caller.get(f"/campaigns/{campaign_id}").expect(200)
    [granted] = admin.get("/users/3").expect(200)["roles"]
    admin.delete(f"/users/3/roles/{granted['role_id']}").expect(200)
    web_components_of(app).key_pair_check.clear()
    caller.get(f"/campaigns/{campaign_id}").expect(403)
