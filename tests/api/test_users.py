"""Users over HTTP: making, disabling and giving roles, and that somebody is always left who can."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from starlette.testclient import TestClient

from app.database.engine import db
from app.services import users
from app.web.components import web_components_of
from tests.caller import Caller
from tests.conftest import Labelled


@pytest.fixture
def second_admin(app: Flask, admin: Caller, http: TestClient) -> Caller:
    """Another image-admin, grace@example.org; ada is user 1 and grace is user 2."""
    with app.app_context():
        _, pair = users.create_user(db.session(), "grace@example.org", "image-admin")
        db.session.commit()
    return Caller(http, pair.apikey, pair.apisecret)


def forget_accounts(app: Flask) -> None:
    web_components_of(app).key_pair_check.clear()


def test_user_is_made_listed_and_found(admin: Caller) -> None:
    made = admin.post("/users", {"email": " Grace@example.org "}).expect(200)
    assert made == {
        "user_id": 2,
        "email": "Grace@example.org",
        "enabled": True,
        "roles": [],
        "date_created": made["date_created"],
    }
    assert admin.get("/users/2").expect(200) == made
    page = admin.get("/users?per_page=1&page=2").expect(200)
    assert page["users"] == [made]
    assert page["pagination"]["total"] == 2


def test_user_may_begin_as_an_admin(admin: Caller, http: TestClient) -> None:
    made = admin.post("/users", {"email": "grace@example.org", "role": "image-admin"}).expect(200)
    assert [(role["role"], role["campaign"]) for role in made["roles"]] == [("image-admin", None)]
    key = admin.post("/users/2/api_keys", {}).expect(200)
    Caller(http, key["apikey"], key["apisecret"]).get("/users").expect(200)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"email": "ADA@example.org"}, 409, "already"),
        ({"email": "nobody"}, 400, "/email"),
        ({"email": "a@b.example", "role": "labeler"}, 400, "/role"),
        ({"email": "a@b.example", "name": "x"}, 400, "name"),
        ({}, 400, "email"),
    ],
)
def test_users_that_cannot_be(admin: Caller, body: dict[str, Any], status: int, words: str) -> None:
    admin.post("/users", body).expect(status, words)
    assert admin.get("/users").expect(200)["pagination"]["total"] == 1


def test_missing_users_are_404(admin: Caller) -> None:
    admin.get("/users/77").expect(404, "no user 77")
    admin.patch("/users/77", {"enabled": True}).expect(404, "no user 77")
    admin.post("/users/77/roles", {"role": "image-admin"}).expect(404, "no user 77")
    admin.delete("/users/77/roles/1").expect(404, "no user 77")
    admin.delete("/users/1/roles/77").expect(404, "no role 77")


def test_disabled_user_is_out_until_enabled(app: Flask, admin: Caller, second_admin: Caller) -> None:
    second_admin.get("/whoami").expect(200)
    assert admin.patch("/users/2", {"enabled": False}).expect(200)["enabled"] is False
    forget_accounts(app)
    second_admin.get("/whoami").expect(401)
    assert admin.patch("/users/2", {"enabled": True}).expect(200)["enabled"] is True
    second_admin.get("/whoami").expect(200)


def test_roles_are_granted_and_revoked(app: Flask, admin: Caller, labelled: Labelled) -> None:
    before = admin.get("/users/2").expect(200)["roles"]
    assert before == [
        {"role_id": 2, "role": "labeler", "campaign": {"campaign_id": labelled.campaign_id, "title": labelled.title}}
    ]
    again = {"role": "labeler", "campaign_id": labelled.campaign_id}
    assert admin.post("/users/2/roles", again).expect(200)["roles"] == before
    labelled.partner.get("/users").expect(403)
    roles = admin.post("/users/2/roles", {"role": "image-admin"}).expect(200)["roles"]
    labelled.partner.get("/users").expect(200)
    for role in roles:
        left = admin.delete(f"/users/2/roles/{role['role_id']}").expect(200)["roles"]
    assert left == []
    forget_accounts(app)
    labelled.partner.get(f"/campaigns/{labelled.campaign_id}/images").expect(403)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"role": "labeler"}, 422, "/campaign_id"),
        ({"role": "image-admin", "campaign_id": 1}, 422, "/campaign_id"),
        ({"role": "reviewer"}, 422, "/campaign_id"),
        ({"role": "reader", "campaign_id": 1}, 422, "/campaign_id"),
        ({"role": "reviewer", "campaign_id": 4711}, 404, "no campaign 4711"),
        ({"role": "labeler", "campaign_id": 4711}, 404, "no campaign 4711"),
        ({"role": "king"}, 400, "/role"),
    ],
)
def test_roles_that_cannot_be(admin: Caller, body: dict[str, Any], status: int, words: str) -> None:
    admin.post("/users/1/roles", body).expect(status, words)


def test_role_of_another_user_is_not_there(admin: Caller, second_admin: Caller) -> None:
    admin.delete("/users/1/roles/2").expect(404, "no role 2")
    assert admin.get("/users/2").expect(200)["roles"]


def test_last_admin_cannot_be_disabled_or_lose_the_role(admin: Caller, labelled: Labelled) -> None:
    admin.patch("/users/1", {"enabled": False}).expect(409, "no enabled image-admin")
    admin.delete("/users/1/roles/1").expect(409, "no enabled image-admin")
    assert admin.get("/users/1").expect(200)["enabled"]
    assert admin.patch("/users/2", {"enabled": False}).expect(200)["enabled"] is False


@pytest.mark.parametrize("unusable", ["disabled", "keyless"])
def test_admin_who_cannot_call_does_not_count(admin: Caller, second_admin: Caller, unusable: str) -> None:
    if unusable == "disabled":
        admin.patch("/users/2", {"enabled": False}).expect(200)
    else:
        admin.delete("/users/2/api_keys/2").expect(200)
    admin.patch("/users/1", {"enabled": False}).expect(409, "no enabled image-admin")


@pytest.mark.parametrize("attempt", range(5))
def test_two_admins_who_disable_each_other_at_once_leave_one(admin: Caller, second_admin: Caller, attempt: int) -> None:
    admin.get("/whoami").expect(200)
    second_admin.get("/whoami").expect(200)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(admin.patch, "/users/2", {"enabled": False})
        second = pool.submit(second_admin.patch, "/users/1", {"enabled": False})
    statuses = sorted([first.result().response.status_code, second.result().response.status_code])
    # The slower one finds itself disabled at the door, or nobody else left in the service.
    assert statuses in ([200, 409], [200, 401])
    left = admin if first.result().response.status_code == 200 else second_admin
    assert [user["enabled"] for user in left.get("/users").expect(200)["users"]].count(True) == 1
