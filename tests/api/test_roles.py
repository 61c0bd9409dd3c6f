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
    assert (mine["progress"]["total"], mine["progress"]["done"]) == (4, 1)
    facts = {"file_name": "b c.jpg", "filetype": "JPEG", "width": 1920, "height": 1080}
    image = {"image_id": labelled.image_ids[0], "url": f"/images/{labelled.image_ids[0]}"} | facts
    [listed] = labelled.partner.get(f"{address}/images?labeled=true").expect(200)["images"]
    assert listed | image == listed
    todo = labelled.partner.get(f"{address}/images?labeled=false").expect(200)["images"]
    assert [entry["image_id"] for entry in todo] == labelled.image_ids[1:]
    [labeled] = labelled.partner.get(f"{address}/objects?labeled=true").expect(200)["images"]
    assert [thing["label"] for thing in labeled["objects"]] == ["PET"]
    assert labeled | image == labeled


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


def email_of(members: list[dict[str, Any]]) -> list[Any]:
    return [member["email"] for member in members]


@pytest.mark.parametrize("role", ["labeler", "reviewer"])
def test_members_of_a_campaign_are_added_named_and_removed(
    app: Flask, admin: Caller, http: TestClient, labelled: Labelled, role: str
) -> None:
    campaign = f"/campaigns/{labelled.campaign_id}"
    before = [labelled.partner_email] if role == "labeler" else []
    made = admin.post(f"{campaign}/{role}s", {"email": "Quinn@partner.example"}).expect(200)
    assert email_of(made[f"{role}s"]) == [*before, "Quinn@partner.example"]
    pair = made.pop("access_token")
    quinn = Caller(http, pair["apikey"], pair["apisecret"])
    told = quinn.get("/whoami").expect(200)
    assert [(found["role"], found["campaign"]["campaign_id"]) for found in told["roles"]] == [
        (role, labelled.campaign_id)
    ]
    assert made[f"{role}s"][-1]["user_id"] == told["user_id"]
    assert admin.get(campaign).expect(200) == made
    assert admin.get("/campaigns").expect(200)["campaigns"] == [made]
    # Once more changes nothing and does not show the secret again.
    again = admin.post(f"{campaign}/{role}s", {"email": "quinn@PARTNER.example"}).expect(200)
    assert again == made | {"access_token": {"apikey": pair["apikey"], "apisecret": None}}
    sent = [{"image_id": labelled.image_ids[0], "objects": [BOX]}]
    quinn.put(f"{campaign}/objects", sent).expect(200 if role == "labeler" else 403)
    left = admin.delete(f"{campaign}/{role}s/{told['user_id']}").expect(200)
    assert email_of(left[f"{role}s"]) == before
    web_components_of(app).key_pair_check.clear()
    quinn.get(campaign).expect(403)
    quinn.put(f"{campaign}/objects", sent).expect(403)
    admin.delete(f"{campaign}/{role}s/{told['user_id']}").expect(404, f"does not have the role {role}")


def test_labelers_of_one_campaign_do_not_see_each_others_addresses(
    admin: Caller, reader: Caller, reviewer: Caller, labelled: Labelled
) -> None:
    campaign = f"/campaigns/{labelled.campaign_id}"
    admin.post(f"{campaign}/labelers", {"email": "quinn@partner.example"}).expect(200)
    emails = {
        "admin": (admin, [labelled.partner_email, "quinn@partner.example"], ["rev@example.org"]),
        "reviewer": (reviewer, [labelled.partner_email, "quinn@partner.example"], ["rev@example.org"]),
        "labeler": (labelled.partner, [labelled.partner_email, None], [None]),
        "reader": (reader, [None, None], [None]),
    }
    for caller, labelers, reviewers in emails.values():
        seen = caller.get(campaign).expect(200)
        assert (email_of(seen["labelers"]), email_of(seen["reviewers"])) == (labelers, reviewers)


@pytest.mark.parametrize("role", ["labeler", "reviewer"])
def test_members_that_cannot_be(admin: Caller, labelled: Labelled, role: str) -> None:
    campaign = f"/campaigns/{labelled.campaign_id}"
    admin.post(f"{campaign}/{role}s", {"email": "nobody"}).expect(400, "/email")
    admin.post(f"{campaign}/{role}s", {"email": "\u200ba@b.example\u2028x"}).expect(422, "/email")
    admin.post("/campaigns/4711/labelers", {"email": "q@partner.example"}).expect(404, "no campaign 4711")
    admin.delete(f"/campaigns/4711/{role}s/1").expect(404, "no campaign 4711")
    admin.delete(f"{campaign}/{role}s/4711").expect(404, "4711")
    admin.delete(f"{campaign}/{role}s/1").expect(404, f"does not have the role {role}")
    assert admin.get("/users").expect(200)["pagination"]["total"] == 2
    admin.patch("/users/2", {"enabled": False}).expect(200)
    admin.post(f"{campaign}/{role}s", {"email": labelled.partner_email}).expect(409, "disabled")


def test_a_campaign_has_so_many_labelers_and_no_more(
    admin: Caller, labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.users.MAX_MEMBERS", 2)
    campaign = f"/campaigns/{labelled.campaign_id}"
    admin.post(f"{campaign}/labelers", {"email": "q@partner.example"}).expect(200)
    admin.post(f"{campaign}/labelers", {"email": "r@partner.example"}).expect(409, "that is the limit")
    # Who is one already stays one, and reviewers are counted by themselves.
    admin.post(f"{campaign}/labelers", {"email": "q@partner.example"}).expect(200)
    [reviewer] = admin.post(f"{campaign}/reviewers", {"email": "r@partner.example"}).expect(200)["reviewers"]
    role = {"role": "labeler", "campaign_id": labelled.campaign_id}
    admin.post(f"/users/{reviewer['user_id']}/roles", role).expect(409, "that is the limit")
    assert len(admin.get(campaign).expect(200)["labelers"]) == 2


def test_what_identifies_the_senders_of_submissions_is_null_for_readers_and_labelers(
    admin: Caller, http: TestClient, reader: Caller, reviewer: Caller, labelled: Labelled
) -> None:
    campaign = f"/campaigns/{labelled.campaign_id}"
    user_id = admin.post(f"{campaign}/labelers", {"email": "quinn@partner.example"}).expect(200)["labelers"][1][
        "user_id"
    ]
    key = admin.post(f"/users/{user_id}/api_keys", {"name": "laptop of Quinn"}).expect(200)
    quinn = Caller(http, key["apikey"], key["apisecret"])
    sent = [{"image_id": labelled.image_ids[0], "objects": [BOX]}]
    quinn.put(f"{campaign}/objects", sent).expect(200)
    shown, hidden = ("quinn@partner.example", "laptop of Quinn"), (None, None)
    for caller, expected in (
        (admin, shown),
        (reviewer, shown),
        (quinn, shown),
        (reader, hidden),
        (labelled.partner, hidden),
    ):
        [submission] = caller.get(f"{campaign}/submissions").expect(200)["submissions"]
        assert (submission["created_by"], submission["key_name"]) == expected
        # Neither an address nor the id of a key can be guessed by asking for it.
        for query in ("user=quinn@partner.example", f"key={key['key_id']}"):
            found = caller.get(f"{campaign}/submissions?{query}").expect(200)["submissions"]
            assert len(found) == (1 if expected == shown else 0)
        [sender] = caller.get(f"{campaign}/statistics").expect(200)["senders"]
        assert sender["created_by"] == expected[0]
    stale = [{"image_id": labelled.image_ids[0], "objects": [], "revision": None}]
    assert "quinn" not in labelled.partner.put(f"{campaign}/objects", stale).response.text
