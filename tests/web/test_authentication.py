"""Who gets in: key pairs, roles, and that every operation of the spec has somebody at its door."""

import hashlib
import re
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from starlette.testclient import TestClient

from app.database.engine import db
from app.services.api_keys import BASE62, Account, is_well_formed, make_key_pair
from app.web.components import web_components_of
from app.web.openapi import load_spec
from tests.caller import Caller
from tests.conftest import Labelled

OPERATIONS = [
    (method.upper(), path, operation)
    for path, item in load_spec()["paths"].items()
    for method, operation in item.items()
    if method in ("get", "put", "post", "patch", "delete")
]


def address(path: str, **own: int) -> str:
    """The path with these ids, and with 1 where none is given."""
    return re.sub(r"{(\w+)}", lambda match: str(own.get(match[1], 1)), path)


def test_no_operation_answers_a_stranger(anonymous: Caller) -> None:
    for method, path, _ in OPERATIONS:
        answer = anonymous.request(method, address(path), content=b"x" * 100)
        answer.expect(401, "Authentication-Key")
        # RFC 9110, section 11.6.1. For Basic, Digest, NTLM and Negotiate browsers would ask for a password.
        assert answer.headers["www-authenticate"] == 'ApiKey realm="LabelAPI"', (method, path)


def test_a_partner_gets_only_what_the_spec_opens_to_labelers(labelled: Labelled) -> None:
    own = {"image_id": labelled.image_ids[0], "campaign_id": labelled.campaign_id, "submission_id": 1}
    sent = [{"image_id": own["image_id"], "objects": []}]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", sent).expect(200)
    body = {"content": b"not json", "headers": {"Content-Type": "application/json"}}
    for method, path, operation in OPERATIONS:
        kwargs: dict[str, Any] = body if method != "GET" else {}
        answer = labelled.partner.request(method, address(path, **own), **kwargs)
        if {"labeler", "any"} & set(operation["x-roles"]):
            # Without a session key there is none to end, and without a file no preview.
            has_none = operation["operationId"] in ("end_session_key", "get_image_preview")
            # The path of an import names no campaign, and this caller has none: a body is looked at before.
            is_foreign = "import_id" in path
            of_foreign = (403,) if method == "GET" else (400,)
            expected = (404,) if has_none else of_foreign if is_foreign else (200, 303, 400)
            assert answer.response.status_code in expected, (method, path)
            if "{" in path and not is_foreign:
                foreign = address(path, **dict.fromkeys(own, 4711))
                labelled.partner.request(method, foreign, **kwargs).expect(403, "does not give access")
        else:
            answer.expect(403, "does not give access")


def test_one_header_is_not_enough(http: TestClient, admin: Caller) -> None:
    Caller(http, key=admin.key).get("/whoami").expect(401, "both headers")
    Caller(http, secret=admin.secret).get("/whoami").expect(401, "both headers")


def test_wrong_secret_and_unknown_key_get_the_same_words(http: TestClient, admin: Caller) -> None:
    key, secret = make_key_pair()
    wrong = Caller(http, admin.key, secret).get("/whoami").expect(401)
    unknown = Caller(http, key, secret).get("/whoami").expect(401)
    malformed = Caller(http, "me", "secret").get("/whoami").expect(401)
    assert wrong["detail"] == unknown["detail"] == malformed["detail"]


def test_exchanged_parts_are_recognized_whether_the_pair_works_or_not(http: TestClient, admin: Caller) -> None:
    key, secret = make_key_pair()
    ours = Caller(http, admin.secret, admin.key).get("/whoami").expect(401, "send the part that begins with lsk_ as")
    unknown = Caller(http, secret, key).get("/whoami").expect(401)
    half = Caller(http, secret, admin.key).get("/whoami").expect(401)
    assert ours["detail"] == unknown["detail"] == half["detail"]
    for pair in ((admin.key, admin.key), (admin.secret, admin.secret), (admin.secret, "x")):
        Caller(http, *pair).get("/whoami").expect(401, "does not work")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE api_key SET date_revoked = now()",
        "UPDATE api_key SET date_expires = now() - interval '1 second'",
        'UPDATE "user" SET enabled = false',
    ],
)
def test_revoked_expired_and_disabled_are_refused(app: Flask, admin: Caller, change: str) -> None:
    admin.get("/whoami").expect(200)
    with app.app_context():
        db.session.execute(text(change))
        db.session.commit()
    web_components_of(app).key_pair_check.cache.clear()
    admin.get("/whoami").expect(401)


def test_remembered_pair_is_asked_for_again_within_five_seconds(
    app: Flask, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.web import authentication as security

    admin.get("/whoami").expect(200)
    with app.app_context():
        db.session.execute(text("UPDATE api_key SET date_revoked = now()"))
        db.session.commit()
    admin.get("/whoami").expect(200)
    assert security.CACHE_SECONDS < 5
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + security.CACHE_SECONDS)
    admin.get("/whoami").expect(401)


def test_cache_of_accounts_is_bounded(admin: Caller, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.web import authentication as security

    monkeypatch.setattr(security, "CACHE_SIZE", 2)
    cache = security.AccountCache()
    account = Account(1, "ada@example.org", 1, None, frozenset())
    session = replace(account, session_key_id=1)
    for pair in (b"a", b"b", b"c"):
        cache.keep(pair, account)
    assert [cache.find(pair) for pair in (b"a", b"b", b"c")] == [None, account, account]
    # A session key takes a place, and is looked up all the same.
    cache.keep(b"d", session)
    assert cache.find(b"d") is None
    assert [cache.knows(pair) for pair in (b"b", b"c", b"d")] == [False, True, True]


def test_use_of_a_key_is_noted_once_a_minute(app: Flask, admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def last_used() -> Any:
        with app.app_context():
            return db.session.scalar(text("SELECT date_last_used FROM api_key"))

    assert last_used() is None
    admin.get("/whoami").expect(200)
    eventually(lambda: last_used() is not None)
    first = last_used()
    # A process that has noted nothing yet writes again, and the row says that it is too early.
    web_components_of(app).key_pair_check.clear()
    monkeypatch.setattr("app.web.key_usage.WRITE_SECONDS", 0.01)
    admin.get("/whoami").expect(200)
    uses = web_components_of(app).key_pair_check.uses
    eventually(lambda: not uses._pending and uses._writing is not None and uses._writing.done())
    assert last_used() == first
    with app.app_context():
        db.session.execute(text("UPDATE api_key SET date_last_used = now() - interval '61 seconds'"))
        db.session.commit()
    web_components_of(app).key_pair_check.clear()
    admin.get("/whoami").expect(200)
    eventually(lambda: last_used() > first)


def eventually(holds: Callable[[], bool]) -> None:
    """Fail unless it becomes true within thirty seconds."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_only_the_hash_of_a_secret_is_stored(app: Flask, admin: Caller) -> None:
    with app.app_context():
        stored = db.session.execute(text("SELECT * FROM api_key")).mappings().one()
    assert bytes(stored["secret_hash"]) == hashlib.sha256(str(admin.secret).encode()).digest()
    assert str(admin.secret) not in str(stored)


def test_keys_have_their_final_form() -> None:
    key, secret = make_key_pair()
    assert key.startswith("lsk_")
    assert len(key) == 4 + 22
    assert secret.startswith("lss_")
    assert len(secret) == 4 + 43 + 6
    number = 0
    for digit in secret[-6:]:
        number = number * 62 + BASE62.index(digit)
    assert number == zlib.crc32(secret[:-6].encode())
    assert is_well_formed(key, secret)
    swapped = secret[:10] + secret[11] + secret[10] + secret[12:]
    assert is_well_formed(key, swapped) == (swapped == secret)
