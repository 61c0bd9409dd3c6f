"""How long the head of a request may be, and that a longer one costs the server nothing."""

import json
import time
from contextlib import suppress

import psutil
import pytest

from app.web.protocol import MAX_HEAD_BYTES
from tests.raw_http import LAST, LIVE, connected, exchange, make_request, read_answers, receive_all, statuses
from tests.web_server import WebServer

MEGABYTE = 10**6
# What the process may grow by, which is far less than any of the heads that are sent.
MOST_GROWTH = 10 * MEGABYTE


def make_head(size: int, kind: str) -> bytes:
    """Return a request of exactly so many bytes, all of them head."""
    head, end = b"GET /info/live HTTP/1.1\r\nHost: localhost\r\n", b"\r\n"
    space = size - len(head) - len(end)
    if kind == "one field":
        fields = b"X: " + b"x" * (space - 5) + b"\r\n"
    elif kind == "many fields":
        fields = b"X: y\r\n" * (space // 6 - 1)
        fields += b"X: " + b"x" * (space - len(fields) - 5) + b"\r\n"
    elif kind == "one name":
        fields = b"x" * (space - 3) + b":\r\n"
    else:
        head, fields = head.replace(b"live", b"live?" + b"x" * (space - 1)), b""
    assert len(head + fields + end) == size
    return head + fields + end


def memory_of(web: WebServer) -> int:
    [process] = psutil.Process(web.process.pid).children()
    return int(process.memory_info().rss)


def in_pieces(raw: bytes, size: int) -> list[bytes]:
    return [raw[place : place + size] for place in range(0, len(raw), size)]


@pytest.mark.parametrize("kind", ["one field", "many fields", "one name", "the target"])
@pytest.mark.parametrize("piece", [MAX_HEAD_BYTES * 2, 7_001])
def test_head_of_64_kib_is_the_longest(web: WebServer, kind: str, piece: int) -> None:
    allowed = make_head(MAX_HEAD_BYTES, kind)
    assert statuses(exchange(web.port, *in_pieces(allowed + LAST, piece))) == [200, 200]
    [answer] = read_answers(exchange(web.port, *in_pieces(make_head(MAX_HEAD_BYTES + 1, kind) + LAST, piece)))
    assert answer.status == 431
    assert answer.values("connection") == ["close"]
    assert answer.values("cache-control") == ["private, no-store"]
    problem = json.loads(answer.body)
    assert problem["title"] == "Request Header Fields Too Large"
    assert "65536 bytes" in problem["detail"]
    # Also behind another request, with which it may share a packet.
    assert statuses(exchange(web.port, *in_pieces(LIVE + make_head(MAX_HEAD_BYTES + 1, kind), piece))) == [200, 431]


def test_only_the_head_counts(web: WebServer) -> None:
    raw = make_request("POST", "/api/v1/users", None, b" " * MAX_HEAD_BYTES * 4)
    assert statuses(exchange(web.port, raw + LAST)) == [401, 200]
    assert statuses(exchange(web.port, LIVE * 3000 + LAST)) == [200] * 3001


@pytest.mark.parametrize("kind", ["one field", "many fields"])
def test_head_of_two_megabytes_is_refused(web: WebServer, kind: str) -> None:
    assert statuses(exchange(web.port, make_head(2 * MEGABYTE, kind) + LAST)) == [431]


@pytest.mark.flaky(reruns=2)
@pytest.mark.parametrize("line", [b"x" * 65536, b"X: y\r\n" * 10_000, b"\r\n" * 30_000])
def test_head_without_an_end_is_cut_off(web: WebServer, line: bytes) -> None:
    # What the process keeps for large reads, whatever is in them, is there before it is measured.
    assert statuses(exchange(web.port, b"\r\n" * (8 * MEGABYTE) + LAST)) == [200]
    before = memory_of(web)
    begin = b"" if line.startswith(b"\r\n") else b"GET /info/live HTTP/1.1\r\nHost: localhost\r\nX: "
    sent = 0
    started = time.monotonic()
    with connected(web.port) as connection:
        with suppress(ConnectionError):
            connection.sendall(begin)
            while sent < 48 * MEGABYTE:
                connection.sendall(line)
                sent += len(line)
            connection.sendall(b"GET /info/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        received = receive_all(connection)
    if begin:
        # A reset may overtake the answer.
        assert received == b"" or statuses(received) == [431]
        assert sent < 24 * MEGABYTE
    else:
        # Empty lines are no head; they cost nothing and are passed over.
        assert statuses(received) == [200]
    assert time.monotonic() - started < 20
    assert memory_of(web) - before < MOST_GROWTH
