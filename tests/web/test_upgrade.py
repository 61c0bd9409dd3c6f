"""Offers of another protocol, which Java's client makes with every request: they are ignored (RFC 9110, 7.8).

Each is sent with each method, in one packet and in several, and the bytes of the body must stay the body.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from tests.caller import Caller
from tests.conftest import Labelled
from tests.raw_http import LAST, RawAnswer, exchange, make_request, read_answers
from tests.web_server import WebServer

CLIENTS = 8
OFFERS = {
    "h2c": ["Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAA"],
    "h2c-14": ["Upgrade: h2c-14, h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAA"],
    "websocket": ["Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"],
    "TLS": ["Upgrade: TLS/1.2"],
    "HTTP/2.0": ["Upgrade: HTTP/2.0, SHTTP/1.3, IRC/6.9"],
    "foo": ["upgrade: foo"],
    "nothing": ["Upgrade: "],
    "two": ["Upgrade: websocket", "Upgrade: h2c"],
}
CONNECTIONS = [
    ["Connection: Upgrade"],
    ["Connection: Upgrade, HTTP2-Settings"],
    ["connection: keep-alive, upgrade"],
    ["Connection: UPGRADE", "Connection: keep-alive"],
    [],
]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND")
# Where the first packet ends.
CUTS = ("behind the next request", "behind the request", "behind the head", "in the head", "in the body")
WAYS = [
    *product(METHODS, CONNECTIONS[:1], CUTS),
    *product(METHODS, CONNECTIONS[1:], CUTS[:3]),
]


def cut(raw: bytes, where: str) -> list[bytes]:
    """Return a request and the next one in packets."""
    head = raw.index(b"\r\n\r\n") + 4
    if where == "behind the next request":
        return [raw + LAST]
    places = {"behind the head": head, "in the head": head // 2, "in the body": (head + len(raw)) // 2}
    place = places.get(where, len(raw))
    return [part for part in (raw[:place], raw[place:], LAST) if part]


def ask(port: int, raw: bytes, where: str, method: str) -> RawAnswer:
    """Return the answer to a request; assert that it has this one, and that the next one on its connection is answered."""
    received = exchange(port, *cut(raw, where))
    first, last = read_answers(received, [method, "GET"])
    assert (last.status, last.body) == (200, b'{"status":"ok"}'), received
    assert first.values("upgrade") == []
    return first


def user_ids(admin: Caller) -> dict[str, int]:
    return {user["email"]: user["user_id"] for user in admin.get("/users?per_page=1000").expect(200)["users"]}


@pytest.mark.parametrize("offer", OFFERS)
def test_offer_of_another_protocol_is_ignored(web: WebServer, labelled: Labelled, offer: str) -> None:
    admin = labelled.admin
    before = user_ids(admin)
    user = f"/api/v1/users/{before['ada@example.org']}"
    submission = json.dumps([{"image_id": labelled.image_ids[0], "objects": []}]).encode()

    def check(number: int) -> None:
        method, connection, where = WAYS[number]
        email = f"user-{number}@example.org"
        path, body, expected = {
            "GET": ("/api/v1/whoami", None, 200),
            "HEAD": ("/api/v1/whoami", None, 200),
            "OPTIONS": ("/api/v1/users", None, 204),
            "POST": ("/api/v1/users", b'{"email":"%b"}' % email.encode(), 200),
            "PUT": (f"/api/v1/campaigns/{labelled.campaign_id}/objects", submission, 200),
            "PATCH": (user, b'{"enabled":true}', 200),
            "DELETE": (f"{user}/roles/999", None, 404),
        }.get(method, ("/api/v1/users", None, 405))
        answer = ask(web.port, make_request(method, path, admin, body, *connection, *OFFERS[offer]), where, method)
        assert answer.status == expected, (WAYS[number], answer)
        assert (email in answer.body.decode()) == (method == "POST")

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(check, range(len(WAYS))))
    made = {f"user-{number}@example.org" for number, (method, _, _) in enumerate(WAYS) if method == "POST"}
    assert set(user_ids(admin)) == set(before) | made


@pytest.mark.parametrize("offer", OFFERS)
def test_body_that_is_a_request_is_not_run(web: WebServer, labelled: Labelled, offer: str) -> None:
    admin = labelled.admin
    before = user_ids(admin)
    stolen = make_request("POST", "/api/v1/users", admin, b'{"email":"stolen@example.org"}')

    def check(way: tuple[str, list[str], str], sender: Caller | None) -> None:
        method, connection, where = way
        path, expected = {
            "GET": ("/api/v1/whoami", 200),
            "HEAD": ("/api/v1/whoami", 200),
            "OPTIONS": ("/api/v1/users", 204),
            "POST": ("/api/v1/users", 400),
            "PUT": (f"/api/v1/campaigns/{labelled.campaign_id}/objects", 400),
            "PATCH": ("/api/v1/users/1", 400),
        }.get(method, ("/api/v1/users", 405))
        raw = make_request(method, path, sender, stolen, *connection, *OFFERS[offer])
        answer = ask(web.port, raw, where, method)
        assert answer.status == (401 if sender is None and expected in (200, 400) else expected), (way, answer)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(check, WAYS * 2, [admin] * len(WAYS) + [None] * len(WAYS)))
    assert user_ids(admin) == before
