"""The keys of a user over HTTP: shown once, listed without secrets, replaced with an overlap, revoked everywhere."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from starlette.testclient import TestClient

from app.database.engine import db
from app.errors import Conflict
from app.services import api_keys
from app.services.api_keys import Account, is_well_formed
from app.web.components import web_components_of
from tests.caller import Caller
from tests.conftest import Labelled

KEYS = "/users/1/api_keys"


def caller_of(http: TestClient, made: dict[str, Any]) -> Caller:
    return Caller(http, made["apikey"], made["apisecret"])


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat().replace("+00:00", "Z")


def test_secret_is_shown_once_and_never_kept_on_the_way(admin: Caller, http: TestClient) -> None:
    answer = admin.post(KEYS, {"name": "ci", "date_expires": in_days(1)})
    made = answer.expect(200)
    assert answer.headers["cache-control"] == "private, no-store"
    assert is_well_formed(made["apikey"], made["apisecret"])
    listed = admin.get(KEYS)
    caller_of(http, made).get("/whoami").expect(200)
    assert made["apisecret"] not in listed.response.text
    assert listed.expect(200)["api_keys"][1] == {k: v for k, v in made.items() if k != "apisecret"}
    assert (made["key_id"], made["name"], made["date_revoked"], made["date_last_used"]) == (2, "ci", None, None)


def test_every_answer_with_a_partners_secret_is_not_to_be_kept(admin: Caller, title: str) -> None:
    answer = admin.post("/campaigns", {"title": title, "labeler_email": "p@partner.example"})
    assert answer.expect(200)["access_token"]["apisecret"]
    assert answer.headers["cache-control"] == "private, no-store"


def test_key_stops_when_it_expires(app: Flask, admin: Caller, http: TestClient) -> None:
    made = admin.post(KEYS, {"date_expires": in_days(1)}).expect(200)
    with app.app_context():
        db.session.execute(text("UPDATE api_key SET date_expires = now() WHERE id = 2"))
        db.session.commit()
    caller_of(http, made).get("/whoami").expect(401)


@pytest.mark.parametrize(
    ("date_expires", "status"),
    [
        (-1.0, 422),
        (3651.0, 422),
        ("9999-12-31T23:59:59-14:00", 422),
        ("0001-01-01T00:00:00+14:00", 422),
        ("2030-12-31T23:59:60Z", 422),
        ("2030-02-30T00:00:00Z", 422),
        ("2020-01-01", 422),
        ("2030-01-01T00:00:00", 400),
        ("tomorrow", 400),
        (1, 400),
    ],
)
def test_expiry_lies_in_the_future(admin: Caller, date_expires: Any, status: int) -> None:
    if isinstance(date_expires, float):
        date_expires = in_days(date_expires)
    admin.post(KEYS, {"date_expires": date_expires}).expect(status, "/date_expires")
    admin.post(f"{KEYS}/1/rotate", {"date_expires": date_expires}).expect(status, "/date_expires")
    assert admin.get(KEYS).expect(200)["pagination"]["total"] == 1


def test_expiry_may_have_any_offset(admin: Caller) -> None:
    # No place is so far from UTC, and PostgreSQL does not know such an offset, but it is well written.
    in_utc = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    sent = in_utc.astimezone(timezone(timedelta(hours=-22, minutes=-8))).isoformat()
    made = admin.post(KEYS, {"date_expires": sent}).expect(200)
    assert datetime.fromisoformat(made["date_expires"]) == in_utc


@pytest.mark.parametrize("end", ["", "t00:00:00z", " 00:00:00Z", "T00:00:00.0000000+00:00"])
def test_expiry_may_be_a_day_or_in_small_letters(admin: Caller, end: str) -> None:
    day = (datetime.now(UTC) + timedelta(days=2)).date()
    made = admin.post(KEYS, {"date_expires": f"{day}{end}"}).expect(200)
    assert made["date_expires"] == f"{day}T00:00:00.000000Z"


def test_rotation_with_overlap_leaves_both_working(app: Flask, admin: Caller, http: TestClient) -> None:
    admin.post(KEYS, {"name": "ci"}).expect(200)
    answer = admin.post(f"{KEYS}/2/rotate", {"overlap_seconds": 3600})
    made = answer.expect(200)
    assert answer.headers["cache-control"] == "private, no-store"
    assert (made["key_id"], made["name"], made["date_expires"]) == (3, "ci", None)
    old = admin.get(KEYS).expect(200)["api_keys"][1]
    assert old["date_revoked"] is None
    left = datetime.fromisoformat(old["date_expires"]) - datetime.now(UTC)
    assert timedelta(seconds=3540) < left <= timedelta(seconds=3600)
    caller_of(http, made).get("/whoami").expect(200)
    # A second rotation may shorten what is left, never lengthen it.
    admin.post(f"{KEYS}/2/rotate", {"overlap_seconds": 7200}).expect(200)
    assert admin.get(KEYS).expect(200)["api_keys"][1]["date_expires"] == old["date_expires"]


def test_rotation_without_overlap_ends_the_old_key(app: Flask, admin: Caller, http: TestClient) -> None:
    made = admin.post(f"{KEYS}/1/rotate", {}).expect(200)
    web_components_of(app).key_pair_check.clear()
    admin.get("/whoami").expect(401)
    keys = caller_of(http, made).get(KEYS).expect(200)["api_keys"]
    assert [key["date_revoked"] is None for key in keys] == [False, True]
    caller_of(http, made).post(f"{KEYS}/1/rotate", {}).expect(409, "no longer works")


def test_revoked_key_stays_in_the_list(app: Flask, admin: Caller, http: TestClient) -> None:
    made = admin.post(KEYS, {}).expect(200)
    revoked = admin.delete(f"{KEYS}/2").expect(200)
    assert revoked["date_revoked"]
    assert admin.delete(f"{KEYS}/2").expect(200) == revoked
    assert admin.get(KEYS).expect(200)["api_keys"][1] == revoked
    caller_of(http, made).get("/whoami").expect(401)


def test_last_key_of_the_last_admin_cannot_be_revoked(admin: Caller, labelled: Labelled) -> None:
    admin.delete(f"{KEYS}/1").expect(409, "no enabled image-admin")
    admin.get("/whoami").expect(200)
    admin.delete("/users/2/api_keys/2").expect(200)


def test_keys_of_other_users_and_missing_ones_are_404(admin: Caller, labelled: Labelled) -> None:
    admin.delete(f"{KEYS}/2").expect(404, "no key 2")
    admin.post(f"{KEYS}/2/rotate", {}).expect(404, "no key 2")
    admin.delete("/users/2/api_keys/77").expect(404, "no key 77")
    admin.get("/users/77/api_keys").expect(404, "no user 77")
    admin.post("/users/77/api_keys", {}).expect(404, "no user 77")
    labelled.partner.get("/whoami").expect(200)


@pytest.mark.parametrize("overlap", [-1, 2592001, 1.5, "60"])
def test_overlap_has_bounds(admin: Caller, overlap: Any) -> None:
    admin.post(f"{KEYS}/1/rotate", {"overlap_seconds": overlap}).expect(400, "/overlap_seconds")


def test_a_partner_rotates_its_own_key_and_keeps_what_limits_it(
    app: Flask, admin: Caller, http: TestClient, labelled: Labelled
) -> None:
    limited = admin.post("/users/2/api_keys", {"name": "tool", "date_expires": in_days(1)}).expect(200)
    partner = caller_of(http, limited)
    answer = partner.post("/whoami/keys/rotate", {"overlap_seconds": 3600})
    made = answer.expect(200)
    assert answer.headers["cache-control"] == "private, no-store"
    assert (made["name"], made["date_expires"]) == ("tool", limited["date_expires"])
    new = caller_of(http, made)
    assert new.get("/whoami").expect(200)["key_id"] == made["key_id"]
    partner.get("/whoami").expect(200)
    # The old key may be rotated again while it works, and what comes of it lives no longer than the old key does.
    again = partner.post("/whoami/keys/rotate", {"overlap_seconds": 60}).expect(200)
    left = datetime.fromisoformat(again["date_expires"]) - datetime.now(UTC)
    assert left <= timedelta(seconds=3600)
    new.post("/whoami/keys/rotate").expect(200)
    new.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    web_components_of(app).key_pair_check.clear()
    new.get("/whoami").expect(401)


def test_a_key_that_was_revoked_a_moment_ago_cannot_be_rotated(
    app: Flask, admin: Caller, labelled: Labelled, http: TestClient
) -> None:
    labelled.partner.get("/whoami").expect(200)
    admin.delete("/users/2/api_keys/2").expect(200)
    # This process remembers the pair, and asks again.
    labelled.partner.post("/whoami/keys/rotate").expect(401)
    second = caller_of(http, admin.post("/users/2/api_keys", {}).expect(200))
    second.get("/whoami").expect(200)
    admin.patch("/users/2", {"enabled": False}).expect(200)
    second.post("/whoami/keys/rotate").expect(401)
    # The same while the request is under way, after its pair was looked up.
    with app.app_context():
        for key_id, message in ((3, "disabled"), (2, "no longer works")):
            with pytest.raises(Conflict, match=message):
                api_keys.rotate_own_key(db.session(), Account(2, "", key_id, None, frozenset()), timedelta(0))
            db.session.execute(text('UPDATE "user" SET enabled = true'))
    assert admin.get("/users/2/api_keys").expect(200)["pagination"]["total"] == 2


def test_an_admin_who_has_lost_the_role_uses_no_remembered_facts(
    admin: Caller, http: TestClient, labelled: Labelled, title: str
) -> None:
    """For the next seconds the process remembers the role; enough for a script to create another way in."""
    user_id = admin.post("/users", {"email": "mallory@example.org", "role": "image-admin"}).expect(200)["user_id"]
    mallory = caller_of(http, admin.post(f"/users/{user_id}/api_keys", {}).expect(200))
    mallory.get("/campaigns").expect(200)
    [role] = admin.get(f"/users/{user_id}").expect(200)["roles"]
    admin.delete(f"/users/{user_id}/roles/{role['role_id']}").expect(200)
    mallory.post("/users", {"email": "eve@example.org", "role": "image-admin"}).expect(403)
    mallory.post(f"/users/{user_id}/roles", {"role": "image-admin"}).expect(403)
    mallory.post("/campaigns", {"title": title, "labeler_email": "eve@example.org"}).expect(403)
    mallory.post(f"/campaigns/{labelled.campaign_id}/labelers", {"email": "eve@example.org"}).expect(403)
    mallory.get("/users").expect(403)


def test_a_rotation_at_the_moment_of_a_revocation_leaves_no_key(app: Flask, admin: Caller, labelled: Labelled) -> None:
    """All keys are revoked while a rotation is not committed yet: the revocation waits, and ends the new key, too."""
    account = Account(2, labelled.partner_email, 2, None, frozenset())
    with app.app_context(), db.session() as rotating, ThreadPoolExecutor(1) as pool:
        api_keys.rotate_own_key(rotating, account, timedelta(0))
        revoking = pool.submit(revoke_all, app)
        with pytest.raises(TimeoutError):
            revoking.result(0.5)
        rotating.commit()
        assert revoking.result(10) == 1
    keys = admin.get("/users/2/api_keys").expect(200)["api_keys"]
    assert [key["date_revoked"] is None for key in keys] == [False, False]


def revoke_all(app: Flask) -> int:
    with app.app_context():
        count = api_keys.revoke_api_keys(db.session(), 2)
        db.session.commit()
    return count
