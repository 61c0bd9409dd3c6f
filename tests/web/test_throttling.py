"""Wrong keys: many of them cost few queries, and nobody whose pair works is refused or has to wait for long."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from connexion import FlaskApp
from flask import Flask
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from app import create_app
from app.database.engine import db
from app.errors import DatabaseUnavailable
from app.services import users
from app.services.api_keys import Account, make_key_pair
from app.settings import Settings
from app.web import throttling
from app.web.authentication import KeyPairCheck
from app.web.components import web_components_of
from app.web.throttling import LookupQueue, Lookups, Pair, WrongPairs, source_of
from tests.api.test_info import when_checked
from tests.caller import Caller
from tests.web_server import WebServer, no_fault_in, web_server

LIMIT = 10
ADA = Account(
    user_id=1, email="ada@example.org", api_key_id=1, session_key_id=None, roles=frozenset({("image-admin", None)})
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A function that lets time pass, in seconds."""
    start, passed = time.monotonic(), 0.0

    def let_pass(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    monkeypatch.setattr(time, "monotonic", lambda: start + passed)
    return let_pass


def headers_of(pair: Sequence[str | None]) -> dict[str, str]:
    return {"Authentication-Key": str(pair[0]), "Authentication-Secret": str(pair[1])}


def from_address(server: FlaskApp, address: str, key: str | None = None, secret: str | None = None) -> Caller:
    http = TestClient(server, raise_server_exceptions=False, client=(address, 50000))
    return Caller(http, key, secret)


def send_wrong_pairs(caller: Caller, times: int = LIMIT) -> None:
    for _ in range(times):
        key, secret = make_key_pair()
        replace(caller, key=key, secret=secret).get("/whoami").expect(401)


def make_user(app: Flask, email: str) -> Pair:
    """Make an image-admin without asking the web application, so that it has never seen the pair."""
    with app.app_context():
        _, pair = users.create_user(db.session(), email, "image-admin")
        db.session.commit()
    return pair.apikey, str(pair.apisecret)


def ask_at_once(server: FlaskApp, asked: Sequence[tuple[str, Pair]], path: str = "/api/v1/whoami") -> list[int]:
    """Send one request for each address and pair, all at the same time, and return their statuses."""

    async def ask(address: str, pair: Pair) -> int:
        transport = httpx.ASGITransport(server, client=(address, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return (await client.get(path, headers=headers_of(pair))).status_code

    async def ask_all() -> list[int]:
        return await asyncio.gather(*[ask(address, pair) for address, pair in asked])

    return asyncio.run(ask_all())


@contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    """What the check of keys asks the database meanwhile."""
    check = web_components_of(app).key_pair_check
    queries: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "secret_hash" in statement:
            queries.append(statement)

    event.listen(check._engine, "before_cursor_execute", note)
    try:
        yield queries
    finally:
        event.remove(check._engine, "before_cursor_execute", note)


@contextmanager
def few_queries(app: Flask) -> Iterator[None]:
    """Expect LIMIT look-ups of single pairs at most, and the batches that fit into the time."""
    begin = time.monotonic()
    with counted_queries(app) as queries:
        yield
    assert 0 < len(queries) <= LIMIT + 3 + (time.monotonic() - begin) / throttling.PAUSE_SECONDS


# Over HTTP


@pytest.mark.parametrize("sources", [1, 120])
def test_many_wrong_pairs_at_once_cost_few_queries_and_are_all_answered(
    app: Flask, server: FlaskApp, sources: int
) -> None:
    asked = [(f"192.0.2.{number % sources}", make_key_pair()) for number in range(120)]
    with few_queries(app):
        assert ask_at_once(server, asked) == [401] * 120


def test_new_pair_that_works_gets_in_beside_many_wrong_ones_from_its_address(app: Flask, server: FlaskApp) -> None:
    grace, alan = make_user(app, "grace@example.org"), make_user(app, "alan@example.org")
    wrong = [("192.0.2.1", make_key_pair()) for _ in range(200)]
    # A wrong secret for a key that exists is the same flood.
    wrong[1::2] = [("192.0.2.1", (grace[0], make_key_pair()[1])) for _ in wrong[1::2]]
    with few_queries(app):
        statuses = ask_at_once(server, [*wrong, ("192.0.2.1", grace), ("192.0.2.1", alan)])
    assert statuses == [401] * 200 + [200] * 2


def test_many_new_pairs_at_once_that_work_are_no_flood(app: Flask, server: FlaskApp) -> None:
    pairs = [make_user(app, f"user-{number}@example.org") for number in range(30)]
    with few_queries(app):
        assert ask_at_once(server, [("192.0.2.1", pair) for pair in pairs]) == [200] * 30
    check = web_components_of(app).key_pair_check
    assert check.lookups.wrong_pairs._windows["192.0.2.1"].wrong_pairs == 0


@pytest.mark.flaky(reruns=2)
def test_new_pair_waits_in_the_queue_and_a_known_one_does_not(
    app: Flask, admin: Caller, anonymous: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.get("/whoami").expect(200)
    monkeypatch.setattr(throttling, "PAUSE_SECONDS", 3)
    # Not even after the time for which its account is remembered.
    monkeypatch.setattr("app.web.authentication.CACHE_SECONDS", -1)
    key, secret = make_user(app, "grace@example.org")
    send_wrong_pairs(anonymous, LIMIT + 1)
    begin = time.monotonic()
    for _ in range(5):
        admin.get("/whoami").expect(200)
    assert time.monotonic() - begin < 1.5
    replace(anonymous, key=key, secret=secret).get("/whoami").expect(200)
    assert 1.5 < time.monotonic() - begin < 10


def test_pair_that_stops_working_is_a_wrong_one_from_then_on(app: Flask, server: FlaskApp, admin: Caller) -> None:
    check = web_components_of(app).key_pair_check
    known = from_address(server, "192.0.2.1", admin.key, admin.secret)
    known.get("/whoami").expect(200)
    with app.app_context():
        db.session.execute(text("UPDATE api_key SET date_revoked = now()"))
        db.session.commit()
    eventually_refused(known)
    known.get("/whoami").expect(401)
    assert check.lookups.wrong_pairs._windows["192.0.2.1"].wrong_pairs == 2


def eventually_refused(caller: Caller) -> None:
    deadline = time.monotonic() + 30
    while caller.get("/whoami").response.status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_pair_that_cannot_be_is_refused_without_a_query_and_without_a_count(
    app: Flask, admin: Caller, http: TestClient
) -> None:
    assert admin.key
    assert admin.secret
    typo = admin.secret[:20] + ("A" if admin.secret[20] != "A" else "B") + admin.secret[21:]
    with counted_queries(app) as queries:
        for key, secret in [(admin.key, typo), (admin.key[:-1], admin.secret), ("me", "x"), (admin.secret, admin.key)]:
            Caller(http, key, secret).get("/whoami").expect(401)
            assert http.get("/info/status", headers=headers_of((key, secret))).json().keys() == {"status"}
        Caller(http, admin.key).get("/whoami").expect(401)
        Caller(http).get("/whoami").expect(401)
    assert not queries
    check = web_components_of(app).key_pair_check
    assert not check.lookups.wrong_pairs._windows


def test_addresses_of_one_ipv6_network_are_one_source(app: Flask, server: FlaskApp) -> None:
    for number in range(3):
        send_wrong_pairs(from_address(server, f"2001:db8:0:1::{number + 1:x}"), 1)
    send_wrong_pairs(from_address(server, "2001:db8:0:2::1"), 1)
    check = web_components_of(app).key_pair_check
    counts = {source: window.wrong_pairs for source, window in check.lookups.wrong_pairs._windows.items()}
    assert counts == {"2001:db8:0:1::/64": 3, "2001:db8:0:2::/64": 1}


def test_status_page_is_no_way_around(app: Flask, server: FlaskApp, http: TestClient) -> None:
    when_checked(http)
    asked = [("192.0.2.1", make_key_pair()) for _ in range(120)]
    with few_queries(app):
        ask_at_once(server, asked, "/info/status")


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
def behind_proxies(settings: Settings, server: FlaskApp) -> FlaskApp:
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
    app: Flask, behind_proxies: FlaskApp, peer: str, forwarded: str, source: str
) -> None:
    caller = from_address(behind_proxies, peer, *make_key_pair())
    caller.get("/whoami", headers={"X-Forwarded-For": forwarded}).expect(401)
    check = web_components_of(behind_proxies.app).key_pair_check
    assert list(check.lookups.wrong_pairs._windows) == [source]
    check.clear()


def test_forwarded_address_is_not_believed_without_proxies(app: Flask, server: FlaskApp) -> None:
    for number in range(3):
        caller = from_address(server, "127.0.0.1", *make_key_pair())
        caller.get("/whoami", headers={"X-Forwarded-For": f"203.0.113.{number}"}).expect(401)
    check = web_components_of(app).key_pair_check
    assert check.lookups.wrong_pairs._windows["127.0.0.1"].wrong_pairs == 3


# The count


def test_source_is_within_its_limit_again_after_a_minute(clock: Any) -> None:
    wrong_pairs = WrongPairs(per_minute=3)
    assert [wrong_pairs.count("a") for _ in range(5)] == [True, True, True, False, False]
    assert wrong_pairs.count("b")
    clock(59)
    assert not wrong_pairs.count("a")
    clock(1)
    assert wrong_pairs.count("a")


def test_pair_that_was_not_wrong_is_taken_back(clock: Any) -> None:
    wrong_pairs = WrongPairs(per_minute=1)
    for _ in range(3):
        assert wrong_pairs.count("a")
        wrong_pairs.take_back("a")
    # What was counted in a window that is over, or of a source that was forgotten, makes no room for others.
    wrong_pairs.take_back("a")
    wrong_pairs.take_back("b")
    assert [wrong_pairs.count("a") for _ in range(2)] == [True, False]


def test_count_of_sources_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "MAX_SOURCES", 2)
    wrong_pairs = WrongPairs(per_minute=1)
    for source in ("a", "b", "a", "c"):
        wrong_pairs.count(source)
    assert list(wrong_pairs._windows) == ["a", "c"]


# The queue


async def settled(*waiting: Awaitable[Account | None]) -> list[Any]:
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_queue_asks_once_for_all_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "MAX_BATCH", 3)
    monkeypatch.setattr(throttling, "PAUSE_SECONDS", 0)
    batches: list[Sequence[Pair]] = []

    def find(pairs: Sequence[Pair]) -> list[Account | None]:
        batches.append(pairs)
        return [ADA if key == "ada" else None for key, _ in pairs]

    async def run() -> list[Any]:
        queue = LookupQueue(find)
        given_up = asyncio.create_task(queue.find(("gone", "")))
        asyncio.get_running_loop().call_soon(given_up.cancel)
        return await settled(*[queue.find((key, "")) for key in ("x", "ada", "y", "ada")], given_up)

    *found, cancelled = asyncio.run(run())
    assert found == [None, ADA, None, ADA]
    assert isinstance(cancelled, asyncio.CancelledError)
    assert [len(batch) for batch in batches] == [3, 2]


def test_queue_pauses_between_batches() -> None:
    begun: list[float] = []

    def find(pairs: Sequence[Pair]) -> list[Account | None]:
        begun.append(time.monotonic())
        return [None] * len(pairs)

    async def run() -> None:
        queue = LookupQueue(find)
        for _ in range(3):
            await queue.find(("x", ""))

    asyncio.run(run())
    assert [later - earlier >= 0.1 for earlier, later in pairwise(begun)] == [True, True]


def test_queue_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "MAX_WAITING", 2)

    async def run() -> list[Any]:
        queue = LookupQueue(lambda pairs: [ADA] * len(pairs))
        return await settled(*[queue.find(("x", "")) for _ in range(3)])

    *found, refused = asyncio.run(run())
    assert found == [ADA, ADA]
    assert isinstance(refused, DatabaseUnavailable)


def test_database_that_is_away_is_no_wrong_pair_and_fails_all_who_wait_together(settings: Settings) -> None:
    engine = create_engine("postgresql+psycopg2://nobody@127.0.0.1:9/none")
    check = KeyPairCheck(engine, 2)

    async def run(lookups: Lookups) -> list[Any]:
        return await settled(*[lookups.find("a", make_key_pair(), was_right=False) for _ in range(20)])

    assert {type(error) for error in asyncio.run(run(check.lookups))} == {OperationalError}
    assert check.lookups.wrong_pairs._windows["a"].wrong_pairs == 0
    assert check.lookups._direct == 0


def test_batch_gives_each_pair_its_own_answer(app: Flask) -> None:
    check = web_components_of(app).key_pair_check
    ada, grace = make_user(app, "ada@example.org"), make_user(app, "grace@example.org")
    unknown = make_key_pair()
    found = check._find([ada, (ada[0], grace[1]), unknown, grace, (grace[0], unknown[1]), ada])
    assert [account and account.email for account in found] == [
        "ada@example.org", None, None, "grace@example.org", None, "ada@example.org",
    ]  # fmt: skip


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


# Real processes


def status_of(url: str, headers: dict[str, str]) -> int:
    connection = HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        connection.request("GET", "/api/v1/whoami", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def statuses_of(server: WebServer, pairs: Sequence[Pair]) -> list[int]:
    """Send one request for each pair, all at the same time, each on a connection of its own."""
    with ThreadPoolExecutor(len(pairs)) as threads:
        return list(threads.map(lambda pair: status_of(server.url, headers_of(pair)), pairs))


def seconds_to_get_in(server: WebServer, pair: Pair) -> float:
    """Show a pair on four connections, so that every process is asked, and return how long it took."""
    begin = time.monotonic()
    assert statuses_of(server, [pair] * 4) == [200] * 4
    return time.monotonic() - begin


@contextmanager
def flood_of_wrong_pairs(server: WebServer, per_second: int = 50) -> Iterator[list[int]]:
    """Send so many wrong pairs each second from this machine; yield the list of the answers' statuses, which grows."""
    statuses: list[int] = []

    async def send(client: httpx.AsyncClient) -> None:
        answer = await client.get(f"{server.url}/api/v1/whoami", headers=headers_of(make_key_pair()))
        statuses.append(answer.status_code)

    async def send_all() -> None:
        async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as tasks:
            begin, number = time.monotonic(), 0
            while not is_over:
                tasks.create_task(send(client))
                number += 1
                await asyncio.sleep(begin + number / per_second - time.monotonic())

    is_over = False
    with ThreadPoolExecutor(1) as thread:
        flood = thread.submit(asyncio.run, send_all())
        try:
            # By then the address is over its limit in both processes.
            deadline = time.monotonic() + 60
            while len(statuses) < 10 * LIMIT:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield statuses
        finally:
            is_over = True
        flood.result()


def transactions(app: Flask) -> int:
    """How many transactions have ended in this database. A session that has ended is counted, others a moment later."""
    count = text("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    with app.app_context():
        return int(db.session.execute(count).scalar_one())


@pytest.mark.slow
@pytest.mark.flaky(reruns=2)
def test_many_wrong_pairs_at_once_cost_few_transactions(app: Flask, settings: Settings, tmp_path: Path) -> None:
    ended = []
    for sent in (1, 120):
        before = transactions(app)
        with web_server(settings, tmp_path / "web.log") as web:
            begin = time.monotonic()
            assert statuses_of(web, [make_key_pair() for _ in range(sent)]) == [401] * sent
            seconds = time.monotonic() - begin
        time.sleep(1)
        ended.append(transactions(app) - before)
    # Two processes, with LIMIT look-ups of single pairs and ten batches a second each; before each look-up goes a ping.
    assert ended[1] - ended[0] <= 2 * 2 * (LIMIT + 10 * seconds + 3)


@pytest.mark.slow
@pytest.mark.flaky(reruns=2)
def test_callers_get_in_beside_a_flood_from_their_address_and_after_a_restart(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    log = tmp_path / "web.log"
    old, *new = [make_user(app, f"user-{number}@example.org") for number in range(5)]
    for _ in range(2):
        with web_server(settings, log) as web:
            # How long it takes on this machine now.
            alone = seconds_to_get_in(web, new.pop())
            with flood_of_wrong_pairs(web) as statuses:
                for pair in (old, new.pop()):
                    assert seconds_to_get_in(web, pair) < alone + 1
        assert set(statuses) == {401}
        no_fault_in(log)


@pytest.mark.slow
@pytest.mark.flaky(reruns=2)
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
