"""Session keys: what they open, what they do not, and that they end with the key that they were made with, at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from starlette.testclient import TestClient

from app.database.engine import db
from app.errors import Conflict
from app.services import session_keys
from app.services.api_keys import Account, is_well_formed
from app.web.openapi import load_spec
from tests.caller import Caller
from tests.conftest import Labelled

BOX = {"bounding_box": {"xmin": 1, "xmax": 9, "ymin": 1, "ymax": 9}, "label": "PET"}
# Written here and not read from the document, so that a slip in it shows.
CLOSED = {
    *("list_users", "create_user", "get_user", "update_user", "grant_role", "revoke_role"),
    *("list_api_keys", "create_api_key", "rotate_api_key", "revoke_api_key", "rotate_own_key", "create_session_key"),
}


def session_of(caller: Caller, hours: int = 8) -> Caller:
    made = caller.post("/session_keys", {"hours": hours}).expect(200)
    return Caller(caller.http, made["apikey"], made["apisecret"])


def execute(app: Flask, statement: str) -> None:
    with app.app_context():
        db.session.execute(text(statement))
        db.session.commit()


def test_session_key_has_the_form_of_a_key_and_is_shown_once(app: Flask, admin: Caller) -> None:
    answer = admin.post("/session_keys", {"hours": 12})
    made = answer.expect(200)
    assert answer.headers["cache-control"] == "private, no-store"
    assert set(made) == {"apikey", "apisecret", "date_expires"}
    assert is_well_formed(made["apikey"], made["apisecret"])
    left = datetime.fromisoformat(made["date_expires"]) - datetime.now(UTC)
    assert timedelta(hours=11.9) < left <= timedelta(hours=12)
    with app.app_context():
        stored = db.session.execute(text("SELECT * FROM session_key")).mappings().one()
    assert made["apisecret"] not in str(stored)
    assert made["apikey"] not in admin.get("/users/1/api_keys").response.text


@pytest.mark.parametrize("body", [{}, {"hours": 0}, {"hours": 13}, {"hours": 1.5}, {"hours": None}, {"hours": "8"}, []])
def test_hours_are_1_to_12(admin: Caller, body: Any) -> None:
    admin.post("/session_keys", body).expect(400)


def test_session_of_a_partner_works_as_its_key_does(admin: Caller, labelled: Labelled) -> None:
    session = session_of(labelled.partner)
    assert session.get("/whoami").expect(200) == labelled.partner.get("/whoami").expect(200)
    campaign = f"/campaigns/{labelled.campaign_id}"
    session.get(campaign).expect(200)
    sent = [{"image_id": labelled.image_ids[0], "objects": [BOX]}]
    session.put(f"{campaign}/objects", sent).expect(200)
    session.get("/campaigns").expect(403, "does not give access to this")
    session.get("/users").expect(403, "does not give access to this")


def test_session_opens_everything_but_users_roles_and_keys(admin: Caller) -> None:
    session = session_of(admin)
    body: dict[str, Any] = {"content": b"not json", "headers": {"Content-Type": "application/json"}}
    closed = set()
    for path, item in load_spec()["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "patch", "delete") and operation["operationId"] != "end_session_key":
                named = path.replace("{", "").replace("}", "")
                for parameter in ("campaign_id", "imageset_id", "image_id", "user_id", "role_id", "key_id", "job_id"):
                    named = named.replace(parameter, "1")
                answer = session.request(method.upper(), named, **(body if "requestBody" in operation else {}))
                if answer.response.status_code == 403:
                    answer.expect(403, "session key does not give access to users, roles and keys")
                    closed.add(operation["operationId"])
    assert closed == CLOSED


ENDINGS: dict[str, Callable[[Caller], Any]] = {
    "revoked": lambda admin: admin.delete("/users/2/api_keys/2"),
    "rotated": lambda admin: admin.post("/users/2/api_keys/2/rotate", {}),
    "disabled": lambda admin: admin.patch("/users/2", {"enabled": False}),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_session_ends_at_once_with_its_parent(admin: Caller, labelled: Labelled, ending: str) -> None:
    session = session_of(labelled.partner)
    session.get("/whoami").expect(200)
    ENDINGS[ending](admin).expect(200)
    session.get("/whoami").expect(401, "does not work")


def test_session_ends_at_once_when_its_parent_rotates_itself(labelled: Labelled) -> None:
    session = session_of(labelled.partner)
    session.get("/whoami").expect(200)
    labelled.partner.post("/whoami/keys/rotate", {"overlap_seconds": 60}).expect(200)
    # The parent goes on for a minute, and so does what hangs on it.
    session.get("/whoami").expect(200)
    labelled.partner.post("/whoami/keys/rotate").expect(200)
    session.get("/whoami").expect(401, "does not work")


def test_session_of_another_key_goes_on(admin: Caller, labelled: Labelled) -> None:
    other = admin.post("/users/2/api_keys", {}).expect(200)
    session = session_of(Caller(admin.http, other["apikey"], other["apisecret"]))
    admin.delete("/users/2/api_keys/2").expect(200)
    session.get("/whoami").expect(200)


@pytest.mark.parametrize("table", ["api_key", "session_key"])
def test_session_ends_when_it_or_its_parent_expires(app: Flask, labelled: Labelled, table: str) -> None:
    session = session_of(labelled.partner)
    session.get("/whoami").expect(200)
    execute(app, f"UPDATE {table} SET date_expires = now()")
    session.get("/whoami").expect(401, "does not work")


def test_session_is_not_longer_than_its_parent(app: Flask, admin: Caller) -> None:
    end = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    limited = admin.post("/users/1/api_keys", {"date_expires": end}).expect(200)
    caller = Caller(admin.http, limited["apikey"], limited["apisecret"])
    assert caller.post("/session_keys", {"hours": 12}).expect(200)["date_expires"] == limited["date_expires"]
    shorter = caller.post("/session_keys", {"hours": 1}).expect(200)["date_expires"]
    assert shorter < limited["date_expires"]


def test_role_that_was_taken_away_is_gone_at_once(admin: Caller, labelled: Labelled) -> None:
    session = session_of(labelled.partner)
    campaign = f"/campaigns/{labelled.campaign_id}"
    session.get(campaign).expect(200)
    admin.delete(f"{campaign}/labelers/2").expect(200)
    session.get(campaign).expect(403)


def test_session_can_be_ended_and_its_parent_goes_on(admin: Caller) -> None:
    session, other = session_of(admin), session_of(admin)
    ended = session.delete("/session_keys/current").expect(200)
    assert ended["apikey"] == session.key
    assert datetime.fromisoformat(ended["date_expires"]) <= datetime.now(UTC)
    session.get("/whoami").expect(401)
    session.delete("/session_keys/current").expect(401)
    other.get("/whoami").expect(200)
    admin.delete("/session_keys/current").expect(404, "not with a session key")
    actions = [(entry["action"], entry["subject"]) for entry in admin.get("/audit").expect(200)["audit"][:3]]
    subject = {"type": "api_key", "id": 1}
    assert actions == [(f"{verb}_session_key", subject) for verb in ("end", "create", "create")]


def test_session_makes_no_session(admin: Caller) -> None:
    session_of(admin).post("/session_keys", {"hours": 1}).expect(403, "session key")


def test_parent_that_stopped_a_moment_ago_makes_no_session(app: Flask, admin: Caller, labelled: Labelled) -> None:
    labelled.partner.get("/whoami").expect(200)
    admin.delete("/users/2/api_keys/2").expect(200)
    # This process remembers the pair of the parent, and asks again.
    labelled.partner.post("/session_keys", {"hours": 1}).expect(401)
    # The same while the request is under way, after its pair was looked up.
    with app.app_context(), pytest.raises(Conflict, match="no longer works"):
        session_keys.create_session_key(db.session(), Account(2, "", 2, None, frozenset()), 1)


def test_an_api_key_has_so_many_sessions_and_the_oldest_makes_room(
    app: Flask, admin: Caller, labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.session_keys.MAX_SESSION_KEYS", 2)
    of_another = session_of(labelled.partner)
    first, second = session_of(admin, 2), session_of(admin, 1)
    third = session_of(admin, 3)
    second.get("/whoami").expect(401)
    for session in (first, third, of_another):
        session.get("/whoami").expect(200)
    # Those that have expired are deleted, and count for nothing.
    execute(app, "UPDATE session_key SET date_expires = now()")
    session_of(admin).get("/whoami").expect(200)
    with app.app_context():
        assert db.session.scalar(text("SELECT count(*) FROM session_key WHERE api_key_id = 1")) == 1


def test_secret_of_another_pair_opens_nothing(admin: Caller, labelled: Labelled, http: TestClient) -> None:
    mine, other = session_of(admin), session_of(labelled.partner)
    for key, secret in ((mine.key, other.secret), (mine.key, admin.secret), (admin.key, mine.secret)):
        Caller(http, key, secret).get("/whoami").expect(401)


def test_session_of_an_admin_hands_out_a_partners_first_key(admin: Caller, title: str) -> None:
    session = session_of(admin)
    made = session.post("/campaigns", {"title": title, "labeler_email": "p@partner.example"}).expect(200)
    assert made["access_token"]["apisecret"]
    added = session.post(f"/campaigns/{made['campaign_id']}/labelers", {"email": "q@partner.example"}).expect(200)
    partner = Caller(admin.http, added["access_token"]["apikey"], added["access_token"]["apisecret"])
    # What is handed out is a key of its own, and no session.
    partner.post("/session_keys", {"hours": 1}).expect(200)
    session.delete("/session_keys/current").expect(200)
    partner.get("/whoami").expect(200)


@pytest.mark.parametrize("role", ["image-admin", "reader"])
def test_session_cannot_be_exchanged_for_the_key_of_another_admin(admin: Caller, title: str, role: str) -> None:
    """Such a user has no key yet, so that adding it to a campaign would make one and show it."""
    admin.post("/users", {"email": "grace@example.org", "role": role}).expect(200)
    session = session_of(admin)
    new = {"title": title, "labeler_email": "grace@example.org"}
    session.post("/campaigns", new).expect(403, "more than a labeling partner")
    campaign_id = session.post("/campaigns", new | {"labeler_email": "p@partner.example"}).expect(200)["campaign_id"]
    for members in ("labelers", "reviewers"):
        session.post(f"/campaigns/{campaign_id}/{members}", {"email": "grace@example.org"}).expect(403)
    # With its own key the admin may, and a session may when there is nothing to hand out.
    admin.post(f"/campaigns/{campaign_id}/labelers", {"email": "grace@example.org"}).expect(200)
    again = session.post(f"/campaigns/{campaign_id}/reviewers", {"email": "grace@example.org"}).expect(200)
    assert again["access_token"]["apisecret"] is None


def test_session_does_not_count_as_the_key_of_the_last_admin(admin: Caller) -> None:
    session_of(admin)
    admin.delete("/users/1/api_keys/1").expect(409, "no enabled image-admin")


def test_submission_and_use_are_those_of_the_parent(app: Flask, labelled: Labelled) -> None:
    sent = [{"image_id": labelled.image_ids[0], "objects": [BOX]}]
    session_of(labelled.partner).put(f"/campaigns/{labelled.campaign_id}/objects", sent).expect(200)
    with app.app_context():
        assert db.session.execute(text("SELECT user_id, api_key_id FROM submission")).one() == (2, 2)
