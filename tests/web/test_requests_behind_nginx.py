"""Where requests end behind a real nginx that keeps its connections and passes offers of other protocols on."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from connexion import FlaskApp

from app.settings import Settings
from tests.caller import Caller
from tests.nginx import nginx
from tests.raw_http import LIVE, connected, exchange, make_request, read_answers, receive_all, receive_answer, statuses
from tests.web_server import free_port, no_fault_in, web_server

TIMEOUT_SECONDS = 1.0
ROUNDS = 12
# One kept connection to the service, so that all callers share it.
UPSTREAM = "upstream service {{ server 127.0.0.1:{port}; keepalive 1; }}"
LOCATIONS = """
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    location / { proxy_pass http://service; }
    location /unbuffered/ { proxy_request_buffering off; proxy_pass http://service/; }
    location /closing/ {
        proxy_http_version 1.0;
        proxy_set_header Upgrade "";
        proxy_set_header Connection close;
        proxy_pass http://service/;
    }
"""
OFFERS = {
    "h2c": ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAA"],
    "websocket": ["Connection: Upgrade", "Upgrade: websocket"],
    "TLS": ["Connection: upgrade", "Upgrade: TLS/1.2"],
    "nothing": [],
}


@pytest.fixture(scope="module")
def port(server: FlaskApp, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of nginx."""
    folder = tmp_path_factory.mktemp("proxied")
    own = {"web_workers": 1, "read_timeout_seconds": TIMEOUT_SECONDS}
    with web_server(settings.model_copy(update=own), folder / "web.log") as running:
        port = free_port()
        with nginx(folder / "nginx", port, LOCATIONS, UPSTREAM.format(port=running.port)):
            yield port
    no_fault_in(folder / "web.log")


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("length", [b"Content-Length: %d", b"Transfer-Encoding: chunked"])
def test_body_of_a_stranger_is_not_run_with_the_keys_of_an_admin(
    port: int, admin: Caller, offer: str, length: bytes
) -> None:
    made = b'{"email":"stolen@example.org"}'
    # Its last line would swallow the first one of the request behind it, whose keys would then be its own.
    for target, lines in ((b"GET /api/v1/users", b""), (b"POST /api/v1/users", b"Content-Type: application/json\r\n")):
        begun = (
            target
            + b" HTTP/1.1\r\nHost: localhost\r\n"
            + lines
            + b"Content-Length: %d\r\nX: " % (len(made) * bool(lines))
        )
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(begun), begun) if b"chunked" in length else begun
        head = make_request("POST", "/api/v1/image_sets", None, None, "Content-Type: application/json", *OFFERS[offer])
        head = head.removesuffix(b"\r\n") + (length % len(begun) if b"%d" in length else length) + b"\r\n\r\n"
        for number in range(ROUNDS):
            with connected(port) as stranger, connected(port) as other:
                for part in (head, body) if number % 2 else (head + body,):
                    stranger.sendall(part)
                assert receive_answer(stranger).status == 401
                other.sendall(make_request("GET", "/api/v1/whoami", admin))
                answer = receive_answer(other)
                assert answer.status == 200
                assert json.loads(answer.body)["email"] == "ada@example.org"
                other.sendall(make_request("PUT", "/api/v1/campaigns/1", admin, made))
                answer = receive_answer(other)
                assert answer.status == 400, answer
                assert "new_status" in answer.body.decode()
                for connection in (stranger, other):
                    connection.sendall(LIVE)
                    assert receive_answer(connection).body == b'{"status":"ok"}'
    assert admin.get("/users").expect(200)["pagination"]["total"] == 1


@pytest.mark.parametrize("offer", OFFERS)
def test_body_behind_an_offer_arrives(port: int, admin: Caller, offer: str) -> None:
    for number in range(ROUNDS):
        email = b"user-%d@example.org" % number
        raw = make_request("POST", "/api/v1/users", admin, b'{"email":"%b"}' % email, *OFFERS[offer])
        with connected(port) as connection:
            connection.sendall(raw)
            answer = receive_answer(connection)
            assert answer.status == 200
            assert email in answer.body


@pytest.mark.flaky(reruns=2)
def test_slow_heads_and_bodies_keep_nobody_waiting(port: int, admin: Caller) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(port)) for _ in range(100)]
        for number, connection in enumerate(slow):
            path = "/unbuffered/api/v1/users"
            body = make_request("POST", path, admin, None, "Content-Type: application/json", "Content-Length: 5000")
            connection.sendall(LIVE[:20] if number % 2 else body + b" " * 10)
        started = time.monotonic()
        for _ in range(50):
            assert statuses(
                exchange(port, make_request("GET", "/api/v1/whoami", admin, None, "Connection: close"))
            ) == [200]
        assert time.monotonic() - started < 10
        # nginx keeps slow heads to itself, and hands on what becomes of slow bodies that it does not.
        for connection in slow[::2]:
            assert receive_answer(connection).status == 408


@pytest.mark.parametrize("path", ["", "/unbuffered", "/closing"])
@pytest.mark.parametrize("size", [100, 100_000, 3_000_000])
def test_body_that_nobody_reads_costs_no_answer(port: int, admin: Caller, path: str, size: int) -> None:
    for number in range(ROUNDS):
        caller, status = (admin, 413 if size > 1024**2 else 400) if number % 2 else (None, 401)
        with connected(port) as connection:
            connection.sendall(make_request("POST", f"{path}/api/v1/users", caller, b" " * size, "Connection: close"))
            [answer] = read_answers(receive_all(connection))
            assert answer.status == status, answer
