"""Guessing of keys: who is wrong too often waits, costs no query meanwhile, and holds up nobody whose key is known."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import event, text
from starlette.testclient import TestClient

from app import create_app
from app.database.engine import db
from app.services.api_keys import make_key_pair
from app.settings import Settings
from app.web import throttling as guessing
from app.web.application import WebApplication
from app.web.authentication import KeyPairCheck
from app.web.throttling import GuessLimit, source_of
from tests.caller import Caller
from tests.web_server import web_server


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A function that lets time pass, in seconds."""
    start, passed = time.monotonic(), 0.0

    def let_pass(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    monkeypatch.setattr(time, "monotonic", lambda: start + passed)
    return let_pass


def from_address(server: WebApplication, address: str, key: str | None = None, secret: str | None = None) -> Caller:
    http = TestClient(server, raise_server_exceptions=False, client=(address, 50000))
    return Caller(http, key, secret)


def guess(server: WebApplication, address: str, times: int = 10) -> None:
    """Send so many wrong pairs from there that the next one has to wait."""
    for _ in range(times):
        from_address(server, address, *make_key_pair()).get("/whoami").expect(401)


@contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    """What the check of keys asks the database meanwhile."""
    check: KeyPairCheck = app.extensions["key_pair_check"]
    queries: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        queries.append(statement)

    event.listen(check._engine, "before_cursor_execute", note)
    try:
        yield queries
    finally:
        event.remove(check._engine, "before_cursor_execute", note)


# Over HTTP


def test_guesser_has_to_wait_and_costs_no_query(app: Flask, server: WebApplication) -> None:
    guess(server, "192.0.2.1")
    with counted_queries(app) as queries:
        answer = from_address(server, "192.0.2.1", *make_key_pair()).get("/whoami")
        answer.expect(429, "wrong key pairs")
        assert from_address(server, "192.0.2.1", "me", "guess").get("/whoami").response.status_code == 429
    assert int(answer.headers["retry-after"]) == 1
    assert not queries
    from_address(server, "192.0.2.2", *make_key_pair()).get("/whoami").expect(401)


def test_waiting_ends(app: Flask, server: WebApplication, admin: Caller) -> None:
    guess(server, "192.0.2.1")
    new = from_address(server, "192.0.2.1", admin.key, admin.secret)
    new.get("/whoami").expect(429)
    time.sleep(1.05)
    new.get("/whoami").expect(200)


def test_known_pair_never_waits(app: Flask, server: WebApplication, admin: Caller, clock: Any) -> None:
    known = from_address(server, "192.0.2.1", admin.key, admin.secret)
    known.get("/whoami").expect(200)
    guess(server, "192.0.2.1")
    known.get("/whoami").expect(200)
    # It is known beyond the time for which its account is remembered.
    clock(3600)
    guess(server, "192.0.2.1")
    known.get("/whoami").expect(200)


def test_pair_that_stops_working_is_a_guess_from_then_on(
    app: Flask, server: WebApplication, admin: Caller, clock: Any
) -> None:
    known = from_address(server, "192.0.2.1", admin.key, admin.secret)
    known.get("/whoami").expect(200)
    with app.app_context():
        db.session.execute(text("UPDATE api_key SET date_revoked = now()"))
        db.session.commit()
    clock(4)
    for _ in range(10):
        known.get("/whoami").expect(401)
    known.get("/whoami").expect(429)


def test_pair_that_cannot_be_is_refused_without_a_query(app: Flask, admin: Caller, http: TestClient) -> None:
    assert admin.key
    assert admin.secret
    typo = admin.secret[:20] + ("A" if admin.secret[20] != "A" else "B") + admin.secret[21:]
    with counted_queries(app) as queries:
        for key, secret in [(admin.key, typo), (admin.key[:-1], admin.secret), ("me", "x"), (admin.secret, admin.key)]:
            Caller(http, key, secret).get("/whoami").expect(401)
    assert not queries


def test_requests_without_a_pair_are_no_guesses(app: Flask, server: WebApplication, admin: Caller) -> None:
    for _ in range(15):
        from_address(server, "192.0.2.1").get("/whoami").expect(401)
        from_address(server, "192.0.2.1", key="lsk_x").get("/whoami").expect(401)
    from_address(server, "192.0.2.1", admin.key, admin.secret).get("/whoami").expect(200)


def test_addresses_of_one_ipv6_network_are_one_source(app: Flask, server: WebApplication) -> None:
    for number in range(10):
        guess(server, f"2001:db8:0:1::{number + 1:x}", 1)
    from_address(server, "2001:db8:0:1:ffff::1", *make_key_pair()).get("/whoami").expect(429)
    from_address(server, "2001:db8:0:2::1", *make_key_pair()).get("/whoami").expect(401)


def test_status_page_is_no_way_around(app: Flask, server: WebApplication, admin: Caller) -> None:
    http = TestClient(server, client=("192.0.2.1", 50000))
    right = {"Authentication-Key": str(admin.key), "Authentication-Secret": str(admin.secret)}
    for _ in range(10):
        key, secret = make_key_pair()
        wrong = {"Authentication-Key": key, "Authentication-Secret": secret}
        assert list(http.get("/info/status", headers=wrong).json()) == ["status"]
    assert list(http.get("/info/status", headers=right).json()) == ["status"]
    from_address(server, "192.0.2.1", *make_key_pair()).get("/whoami").expect(429)
    app.extensions["key_pair_check"].clear()
    assert "checks" in http.get("/info/status", headers=right).json()


def test_the_401s_are_the_same_to_the_byte(app: Flask, admin: Caller, http: TestClient) -> None:
    """Save for the request's own id."""
    pairs = {"unknown": make_key_pair(), "wrong": (str(admin.key), make_key_pair()[1]), "malformed": ("me", "x")}
    for state, change in {
        "disabled": "UPDATE \"user\" SET enabled = false WHERE email = 'disabled@example.org'",
        "expired": "UPDATE api_key SET date_expires = now() WHERE user_id = :id",
        "revoked": "UPDATE api_key SET date_revoked = now() WHERE user_id = :id",
    }.items():
        user_id = admin.post("/users", {"email": f"{state}@example.org"}).expect(200)["user_id"]
        made = admin.post(f"/users/{user_id}/api_keys", {}).expect(200)
        pairs[state] = (made["apikey"], made["apisecret"])
        with app.app_context():
            db.session.execute(text(change), {"id": user_id} if ":id" in change else {})
            db.session.commit()
    headers = {"X-Request-ID": "same"}
    answers = [Caller(http, *pair).get("/whoami", headers=headers).response for pair in pairs.values()]
    assert {(a.status_code, a.content, str(sorted(a.headers.items()))) for a in answers} == {
        (401, answers[0].content, str(sorted(answers[0].headers.items())))
    }


# Behind proxies


@pytest.fixture(scope="module")
def behind_proxies(settings: Settings, server: WebApplication) -> WebApplication:
    """The application with two networks of proxies, on the same database."""
    return create_app(settings.model_copy(update={"trusted_proxies": "10.0.0.0/8,192.168.1.1"}))


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.5", "203.0.113.5"),
        ("192.168.1.1", "203.0.113.5, 10.9.9.9", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5:4711", "203.0.113.5"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("192.168.1.2", "198.51.100.1", "192.168.1.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::77", "2001:db8::/64"),
    ],
)
def test_source_is_the_last_address_that_is_no_proxy_of_ours(
    app: Flask, behind_proxies: WebApplication, peer: str, forwarded: str, source: str
) -> None:
    caller = from_address(behind_proxies, peer, *make_key_pair())
    caller.get("/whoami", headers={"X-Forwarded-For": forwarded}).expect(401)
    check: KeyPairCheck = behind_proxies.flask_app.extensions["key_pair_check"]
    assert list(check.guesses._records) == [source]
    check.clear()


def test_forwarded_address_is_not_believed_without_proxies(app: Flask, server: WebApplication) -> None:
    for number in range(10):
        caller = from_address(server, "127.0.0.1", *make_key_pair())
        caller.get("/whoami", headers={"X-Forwarded-For": f"203.0.113.{number}"}).expect(401)
    caller.get("/whoami", headers={"X-Forwarded-For": "203.0.113.99"}).expect(429)


# The limit itself


def test_waits_double_up_to_the_longest(clock: Any) -> None:
    limit = GuessLimit(per_minute=3, max_wait_seconds=10)
    waits = []
    for _ in range(8):
        limit.note_failure("a")
        waits.append(limit.seconds_to_wait("a"))
        clock(waits[-1])
    assert waits == pytest.approx([0, 0, 1, 2, 4, 8, 10, 10])
    assert limit.seconds_to_wait("b") == 0


def test_few_failures_are_forgotten_after_a_minute_and_many_after_ten_quiet_ones(clock: Any) -> None:
    limit = GuessLimit(per_minute=3, max_wait_seconds=10)
    for _ in range(5):
        limit.note_failure("a")
        limit.note_failure("a")
        assert limit.seconds_to_wait("a") == 0
        clock(60)
    for _ in range(9):
        limit.note_failure("a")
    clock(600)
    limit.note_failure("a")
    assert limit.seconds_to_wait("a") == 10
    clock(610)
    limit.note_failure("a")
    assert limit.seconds_to_wait("a") == 0


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "MAX_SOURCES", 2)
    limit = GuessLimit(per_minute=1, max_wait_seconds=10)
    for source in ("a", "b", "a", "c"):
        limit.note_failure(source)
    assert list(limit._records) == ["a", "c"]


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("garbage" * 100, "unknown"),
    ],
)
def test_what_an_address_counts_as(address: str | None, source: str) -> None:
    assert source_of(address) == source


# Two processes


@pytest.mark.parametrize("how", ["revoke", "disable"])
def test_key_stops_in_every_process_within_five_seconds(
    settings: Settings, admin: Caller, http: TestClient, how: str, tmp_path: Path
) -> None:
    user_id = admin.post("/users", {"email": "grace@example.org", "role": "image-admin"}).expect(200)["user_id"]
    made = admin.post(f"/users/{user_id}/api_keys", {}).expect(200)
    headers = {"Authentication-Key": made["apikey"], "Authentication-Secret": made["apisecret"]}
    alone = settings.model_copy(update={"web_workers": 1})
    with web_server(alone, tmp_path / "1") as first, web_server(alone, tmp_path / "2") as second:
        urls = (first.url, second.url)
        for url in urls:
            assert status_of(url, headers) == 200
        if how == "revoke":
            admin.delete(f"/users/{user_id}/api_keys/{made['key_id']}").expect(200)
        else:
            admin.patch(f"/users/{user_id}", {"enabled": False}).expect(200)
        since = time.monotonic()
        # Both are asked all the time, so that a memory that lives on with every use would show.
        while {status_of(url, headers) for url in urls} != {401}:
            assert time.monotonic() < since + 5
            time.sleep(0.1)


def status_of(url: str, headers: dict[str, str]) -> int:
    return httpx.get(url + "/api/v1/whoami", headers=headers).status_code
