"""Clients that send too slowly: they are answered 408 and disconnected, and nobody else notices them."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
from connexion import FlaskApp

from app.settings import Settings
from app.web.protocol import LEAST_BODY_BYTES_PER_SECOND
from tests.caller import Caller
from tests.raw_http import LAST, LIVE, connected, exchange, make_request, read_answers, receive_all, receive_answer
from tests.web_server import WebServer, no_fault_in, web_server
from tests.workers import wait_until

TIMEOUT_SECONDS = 1.0
# How much later than that the server may close, on a machine that has other things to do.
PATIENCE_SECONDS = 10.0
pytestmark = [pytest.mark.slow, pytest.mark.flaky(reruns=2)]

EMAIL = b'{"email":"grace@example.org"}'


@pytest.fixture(scope="module")
def web(server: FlaskApp, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A web server with one process that is patient for a second."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    changes = {"web_workers": 1, "read_timeout_seconds": TIMEOUT_SECONDS}
    with web_server(settings.model_copy(update=changes), log) as running:
        yield running
    no_fault_in(log)


def trickle(web: WebServer, *parts: bytes, pause: float = 0.05, seconds: float = 10) -> tuple[bytes, float]:
    """Send the first part at once and the others with pauses; return what came back, and after how long it was over."""
    started = time.monotonic()
    with connected(web.port) as connection:
        with suppress(ConnectionError):
            for number, part in enumerate(parts):
                connection.sendall(part)
                if number and time.monotonic() - started > seconds:
                    break
                time.sleep(pause)
                if number % 5 == 0 and _has_ended(web, connection.getsockname()[1]):
                    break
        return receive_all(connection), time.monotonic() - started


def _has_ended(web: WebServer, port: int) -> bool:
    [process] = psutil.Process(web.process.pid).children()
    return not any(c.raddr and c.raddr.port == port and c.status == "ESTABLISHED" for c in process.net_connections())


def assert_timed_out(received: bytes, seconds: float) -> None:
    [answer] = read_answers(received)
    assert answer.status == 408
    assert answer.values("connection") == ["close"]
    assert answer.values("content-type") == ["application/problem+json"]
    assert "within 1 seconds" in json.loads(answer.body)["detail"]
    assert TIMEOUT_SECONDS * 0.9 <= seconds < TIMEOUT_SECONDS + PATIENCE_SECONDS


def test_default_is_twenty_seconds() -> None:
    assert Settings.model_fields["read_timeout_seconds"].default == 20
    assert LEAST_BODY_BYTES_PER_SECOND == 1024


def test_head_that_comes_byte_by_byte_is_given_up(web: WebServer) -> None:
    raw = b"GET /info/live HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200
    assert_timed_out(*trickle(web, *(raw[place : place + 1] for place in range(len(raw)))))


def test_head_that_stops_is_given_up(web: WebServer) -> None:
    assert_timed_out(*trickle(web, b"GET /info/live HTTP/1.1\r\nHost: loc"))


def test_connection_on_which_nothing_comes_is_closed(web: WebServer) -> None:
    received, seconds = trickle(web)
    assert received == b""
    assert TIMEOUT_SECONDS * 0.9 <= seconds < TIMEOUT_SECONDS + PATIENCE_SECONDS


def test_connection_that_was_used_may_be_idle_for_longer(web: WebServer) -> None:
    with connected(web.port) as connection:
        for _ in range(3):
            connection.sendall(LIVE)
            assert receive_answer(connection).status == 200
            time.sleep(TIMEOUT_SECONDS * 1.5)
        # The next head has the same time as the first one.
        connection.sendall(LIVE[:20])
        started = time.monotonic()
        assert_timed_out(receive_all(connection), time.monotonic() - started)


def test_head_behind_another_request_is_given_up(web: WebServer) -> None:
    received, seconds = trickle(web, LIVE * 3 + LIVE[:20])
    *answers, last = read_answers(received)
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert last.status == 408
    assert seconds < TIMEOUT_SECONDS + PATIENCE_SECONDS


def test_heads_that_keep_coming_are_no_slow_head(web: WebServer) -> None:
    # Each part ends one head and begins the next one.
    with connected(web.port) as connection:
        connection.sendall(LIVE[:20])
        for _ in range(20):
            time.sleep(TIMEOUT_SECONDS / 10)
            connection.sendall(LIVE[20:] + LIVE[:20])
            assert receive_answer(connection).status == 200


@pytest.mark.parametrize("length", ["Content-Length: 60000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("has_key", [True, False])
def test_body_that_comes_too_slowly_is_given_up(web: WebServer, admin: Caller, length: str, has_key: bool) -> None:
    caller = admin if has_key else None
    head = make_request("POST", "/api/v1/users", caller, None, "Content-Type: application/json", length)
    part = b"8\r\n        \r\n" if "chunked" in length else b" " * 8
    received, seconds = trickle(web, head, *[part] * 200)
    if has_key:
        assert_timed_out(received, seconds)
    else:
        # Answered before; then nothing is left to say.
        assert [answer.status for answer in read_answers(received)] == [401]
        assert TIMEOUT_SECONDS * 0.9 <= seconds < TIMEOUT_SECONDS + PATIENCE_SECONDS
    assert admin.get("/users").expect(200)["pagination"]["total"] == 1


def test_body_that_stops_is_given_up(web: WebServer, admin: Caller) -> None:
    raw = make_request("POST", "/api/v1/users", admin, EMAIL)
    assert_timed_out(*trickle(web, raw[:-1]))
    assert admin.get("/users").expect(200)["pagination"]["total"] == 1


def test_body_that_comes_steadily_may_take_longer(web: WebServer, admin: Caller) -> None:
    head = make_request("POST", "/api/v1/users", admin, None, "Content-Type: application/json", "Content-Length: 6000")
    body = EMAIL + b" " * (6000 - len(EMAIL))
    started = time.monotonic()
    with connected(web.port) as connection:
        connection.sendall(head)
        for place in range(0, 6000, 200):
            connection.sendall(body[place : place + 200])
            time.sleep(0.1)
        assert receive_answer(connection).status == 200
        assert time.monotonic() - started > TIMEOUT_SECONDS * 2.5
        connection.sendall(LAST)
        assert [answer.status for answer in read_answers(receive_all(connection))] == [200]


def test_client_that_waits_to_be_asked_for_the_body_is_given_up(web: WebServer, admin: Caller) -> None:
    raw = make_request("POST", "/api/v1/users", admin, EMAIL, "Expect: 100-continue").removesuffix(EMAIL)
    received, seconds = trickle(web, raw)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert_timed_out(received.partition(b"\r\n\r\n")[2], seconds)


def test_idle_connection_is_closed_whatever_came_on_it(
    settings: Settings, server: FlaskApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--keep-alive=1")
    unread = make_request("POST", "/api/v1/users", None, b" " * 1000)
    with web_server(settings.model_copy(update={"web_workers": 1}), tmp_path / "web.log") as web:
        # The rest of a body may come behind the answer to it.
        for parts, expected in (([LIVE], [200]), ([unread[:-10], unread[-10:]], [401]), ([LIVE + b"\r\n"], [200])):
            with connected(web.port) as connection:
                for part in parts:
                    connection.sendall(part)
                    time.sleep(0.2)
                started = time.monotonic()
                assert [answer.status for answer in read_answers(receive_all(connection))] == expected
                assert 0.5 < time.monotonic() - started < 1 + PATIENCE_SECONDS


def test_slow_clients_keep_nobody_waiting(web: WebServer, admin: Caller) -> None:
    head = make_request("POST", "/api/v1/users", admin, None, "Content-Type: application/json", "Content-Length: 60000")
    with ExitStack() as stack:
        for number in range(200):
            connection = stack.enter_context(connected(web.port))
            connection.sendall(LIVE[:20] if number % 2 else head)
        slowest = 0.0
        for _ in range(50):
            started = time.monotonic()
            [answer] = read_answers(
                exchange(web.port, make_request("GET", "/api/v1/whoami", admin, None, "Connection: close"))
            )
            slowest = max(slowest, time.monotonic() - started)
            assert answer.status == 200
        assert slowest < PATIENCE_SECONDS
        [process] = psutil.Process(web.process.pid).children()
        wait_until(lambda: not [c for c in process.net_connections() if c.laddr.port == web.port and c.raddr])
