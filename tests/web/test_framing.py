"""Where a request ends: exactly one answer to each, and one 400 where that could be read in two ways."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from random import Random

import psutil
import pytest

from tests.caller import Caller
from tests.conftest import Labelled
from tests.raw_http import (
    LAST,
    LIVE,
    connected,
    exchange,
    make_request,
    read_answers,
    receive_all,
    receive_answer,
    statuses,
)
from tests.web_server import WebServer

SEED = 20261129
EMAIL = b'{"email":"grace@example.org"}'
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(EMAIL), EMAIL)
# Lines that say how long the body is, and the body behind them.
SEVERAL_LENGTHS = [
    (f"Content-Length: {len(EMAIL)}\r\nTransfer-Encoding: chunked", EMAIL),
    (f"Content-Length: {len(EMAIL)}\r\nTransfer-Encoding: chunked", CHUNKED),
    (f"Transfer-Encoding: chunked\r\nContent-Length: {len(EMAIL)}", CHUNKED),
    (f"transfer-encoding: CHUNKED\r\ncontent-length: {len(EMAIL)}", CHUNKED),
    (f"Content-Length: {len(EMAIL)}\r\nContent-Length: {len(EMAIL)}", EMAIL),
    (f"Content-Length: {len(EMAIL)}\r\nX: y\r\ncontent-length: 5", EMAIL),
    (f"Content-Length: {len(EMAIL)}, {len(EMAIL)}", EMAIL),
    (f"Content-Length: {len(EMAIL)},5", EMAIL),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", CHUNKED),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKED),
    ("Transfer-Encoding: chunked, identity", CHUNKED),
    ("Transfer-Encoding: gzip, chunked", CHUNKED),
]
WRONG_LENGTHS = [
    *[(f"Content-Length: {value}", EMAIL) for value in ("+29", "-1", "0x1d", "2e1", "29a", "2 9", "", "''", "\u0662")],
    ("Content-Length : 29", EMAIL),
    ("Content-Length: 9999999999999999999", EMAIL),
    ("Content-Length: 18446744073709551645", EMAIL),
    *[(f"Transfer-Encoding: {value}", CHUNKED) for value in ("identity", "xchunked", "chunked;a=b", "\x0bchunked", "")],
    ("Transfer-Encoding : chunked", CHUNKED),
    ("Transfer-Encoding:\r\n chunked", CHUNKED),
]
WRONG_CHUNKS = [
    b"1d\n%b\n0\n\n" % EMAIL,
    b"1d\r\n%b0\r\n\r\n" % EMAIL,
    b"1d \r\n%b\r\n0\r\n\r\n" % EMAIL,
    b"-1d\r\n%b\r\n0\r\n\r\n" % EMAIL,
    b"0x1d\r\n%b\r\n0\r\n\r\n" % EMAIL,
    b"1000000000000001d\r\n%b\r\n0\r\n\r\n" % EMAIL,
    b"1d;a\n\r\n%b\r\n0\r\n\r\n" % EMAIL,
    b"1d;a\rb\r\n%b\r\n0\r\n\r\n" % EMAIL,
    b"\r\n1d\r\n%b\r\n0\r\n\r\n" % EMAIL,
    b"1d\r\n%b\r\n0\r\n\n" % EMAIL,
    b"1d\r\n%b\r\n0\r\nX: y\n\n" % EMAIL,
    b"1d\r\n%b\r\n0\r\nX: y\n\r\n" % EMAIL,
    b"1d\r\n%b\r\n0\r\nX: y\r\n z\r\n\r\n" % EMAIL,
    b"1d\r\n%b\r\n0\r\nX\r\n\r\n" % EMAIL,
]
HOST = b"Host: localhost\r\n"
WRONG_HEADS = {
    "bare line feeds": b"GET /info/live HTTP/1.1\nHost: localhost\n\n",
    "one bare line feed": b"GET /info/live HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
    "a bare line feed at the end": b"GET /info/live HTTP/1.1\r\nHost: localhost\r\n\n",
    "a bare carriage return": b"GET /info/live HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n",
    "a carriage return in a value": b"GET /info/live HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n",
    "a folded line": b"GET /info/live HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    "a line folded by a tab": b"GET /info/live HTTP/1.1\r\n" + HOST + b"X: a\r\n\tb\r\n\r\n",
    "a folded first line": b"GET /info/live HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "NUL": b"GET /info/live HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
    "a control character": b"GET /info/live HTTP/1.1\r\n" + HOST + b"X: a\x01b\r\n\r\n",
    "DEL": b"GET /info/live HTTP/1.1\r\n" + HOST + b"X: a\x7fb\r\n\r\n",
    "a vertical tab": b"GET /info/live HTTP/1.1\r\n" + HOST + b"X: a\x0b\r\n\r\n",
    "a blank before a colon": b"GET /info/live HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n",
    "no colon": b"GET /info/live HTTP/1.1\r\n" + HOST + b"X\r\n\r\n",
    "no name": b"GET /info/live HTTP/1.1\r\n" + HOST + b": a\r\n\r\n",
    "no host": b"GET /info/live HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /info/live HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "two blanks": b"GET  /info/live HTTP/1.1\r\n" + HOST + b"\r\n",
    "no version": b"GET /info/live\r\n" + HOST + b"\r\n",
    "HTTP/1.2": b"GET /info/live HTTP/1.2\r\n" + HOST + b"\r\n",
    "HTTP/2 without an offer": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x01",
    "no path": b"GET info/live HTTP/1.1\r\n" + HOST + b"\r\n",
    "another scheme": b"GET ftp://localhost/info/live HTTP/1.1\r\n" + HOST + b"\r\n",
    "a broken URL": b"GET http://[::1/info/live HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tunnel": b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a letter that is not ASCII": b"GET /info/live\xe9 HTTP/1.1\r\n" + HOST + b"\r\n",
    "words": b"nonsense\r\n\r\n",
}


def make_post(admin: Caller, length: str, body: bytes) -> bytes:
    return make_request("POST", "/api/v1/users", admin, None, "Content-Type: application/json", length) + body


def count_users(admin: Caller) -> int:
    return int(admin.get("/users").expect(200)["pagination"]["total"])


@pytest.mark.parametrize(("length", "body"), SEVERAL_LENGTHS + WRONG_LENGTHS)
@pytest.mark.parametrize("is_cut", [False, True])
def test_length_that_can_be_read_in_two_ways_is_one_400(
    web: WebServer, admin: Caller, length: str, body: bytes, is_cut: bool
) -> None:
    raw = make_request("POST", "/api/v1/users", admin, None, "Content-Type: application/json", length)
    parts = [raw, body + LAST] if is_cut else [raw + body + LAST]
    [answer] = read_answers(exchange(web.port, *parts))
    assert answer.status == 400
    assert answer.values("connection") == ["close"]
    assert count_users(admin) == 1


@pytest.mark.parametrize("body", WRONG_CHUNKS)
def test_broken_chunks_are_one_400(web: WebServer, admin: Caller, body: bytes) -> None:
    [answer] = read_answers(exchange(web.port, make_post(admin, "Transfer-Encoding: chunked", body)))
    assert answer.status == 400
    assert count_users(admin) == 1


@pytest.mark.parametrize("kind", WRONG_HEADS)
def test_malformed_head_is_one_400_in_words(web: WebServer, kind: str) -> None:
    [answer] = read_answers(exchange(web.port, WRONG_HEADS[kind] + LAST))
    assert answer.status == 400
    assert answer.values("content-type") == ["application/problem+json"]
    assert answer.values("connection") == ["close"]
    problem = json.loads(answer.body)
    assert (problem["title"], problem["status"]) == ("Bad Request", 400)
    [request_id] = answer.values("x-request-id")
    assert problem["instance"] == f"urn:request:{request_id}"
    assert answer.values("cache-control") == ["private, no-store"]
    assert "RFC 9112" in problem["detail"]
    # It comes behind a whole request just as well, which has its own answer.
    received = exchange(web.port, LIVE + WRONG_HEADS[kind] + LAST)
    assert statuses(received) == [200, 400]


def test_transfer_coding_in_http_1_0_is_refused(web: WebServer) -> None:
    raw = b"POST /api/v1/users HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert statuses(exchange(web.port, raw)) == [400]


@pytest.mark.parametrize("trailers", [b"", b"X-Checksum: 1\r\n", b"X: y\r\nContent-Length: 5\r\n"])
@pytest.mark.parametrize("extension", [b"", b";a=b", b';a="b c"'])
def test_chunked_body_is_read(web: WebServer, admin: Caller, trailers: bytes, extension: bytes) -> None:
    chunks = b"5%b\r\n%b\r\n%X%b\r\n%b\r\n0\r\n%b\r\n" % (
        extension,
        EMAIL[:5],
        len(EMAIL) - 5,
        extension,
        EMAIL[5:],
        trailers,
    )
    raw = make_post(admin, "Transfer-Encoding: chunked", chunks)
    for parts in ([raw + LAST], [raw, LAST], [bytes([byte]) for byte in raw[-30:]]):
        begin = [raw[:-30]] if len(parts) == 30 else []
        received = exchange(web.port, *begin, *parts, *([LAST] if begin else []))
        answers = read_answers(received)
        # The second and third time there is such a user already.
        assert [answer.status for answer in answers] in ([200, 200], [409, 200])
    assert count_users(admin) == 2


def test_chunks_of_any_size_make_the_same_body(web: WebServer, admin: Caller) -> None:
    random = Random(SEED)
    for number in range(40):
        body = b'{"email":"user-%d@example.org"}' % number + b" " * random.choice([0, 10, 2000, 100_000])
        raw, place = b"", 0
        while place < len(body):
            size = random.choice([1, 2, 15, 16, 4096, 70_000])
            chunk = body[place : place + size]
            raw += b"%x%b\r\n%b\r\n" % (len(chunk), random.choice([b"", b";a=b", b';a="b\tc"']), chunk)
            place += size
        raw = make_post(admin, "Transfer-Encoding: chunked", raw + b"0\r\n\r\n") + LAST
        cuts = sorted(random.randrange(len(raw)) for _ in range(random.choice([0, 1, 5])))
        parts = [raw[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
        made, _ = read_answers(exchange(web.port, *parts))
        assert made.status == 200
        assert json.loads(made.body)["email"] == f"user-{number}@example.org"


@pytest.mark.flaky(reruns=2)
@pytest.mark.parametrize("has_key", [True, False])
def test_many_small_chunks_keep_nobody_waiting(web: WebServer, admin: Caller, has_key: bool) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in EMAIL + b" " * 800_000) + b"0\r\n\r\n"
    raw = make_post(admin, "Transfer-Encoding: chunked", chunks)
    raw = raw if has_key else raw.replace(b"Authentication-Key", b"Nothing")
    [process] = psutil.Process(web.process.pid).children()
    before = sum(process.cpu_times()[:2])
    begin, slowest = time.monotonic(), 0.0
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(exchange, web.port, raw + LAST)
        while not received.done():
            started = time.monotonic()
            assert statuses(exchange(web.port, LAST)) == [200]
            slowest = max(slowest, time.monotonic() - started)
    assert statuses(received.result()) == [200 if has_key else 401, 200]
    # Packet by packet, and much faster than the 6 s that h11 alone takes.
    assert slowest < max(1, (time.monotonic() - begin) / 2)
    # Where coverage is measured, each line takes twice as long.
    assert sum(process.cpu_times()[:2]) - before < 5
    assert count_users(admin) == 1 + has_key


def test_requests_in_one_packet_are_answered_in_their_order(web: WebServer, labelled: Labelled) -> None:
    admin = labelled.admin
    submission = json.dumps([{"image_id": labelled.image_ids[0], "objects": []}]).encode()
    requests = [
        make_request("GET", "/api/v1/whoami", admin),
        make_request("PUT", f"/api/v1/campaigns/{labelled.campaign_id}/objects", admin, submission),
        make_request("HEAD", "/api/v1/whoami", admin),
        make_request("GET", "/api/v1/nothing", admin),
        make_request("POST", "/api/v1/users", None, EMAIL),
    ]
    methods = ["GET", "PUT", "HEAD", "GET", "POST"] * 5 + ["GET"]
    expected = [200, 200, 200, 404, 401] * 5 + [200]
    raw = b"".join(requests) * 5 + LAST
    assert statuses(exchange(web.port, raw), methods) == expected
    pieces = [raw[place : place + 500] for place in range(0, len(raw), 500)]
    assert statuses(exchange(web.port, *pieces), methods) == expected


def test_head_has_the_headers_of_get_and_no_body(web: WebServer, admin: Caller) -> None:
    raw = make_request("HEAD", "/api/v1/whoami", admin) + make_request("GET", "/api/v1/whoami", admin) + LAST
    head, get, _ = read_answers(exchange(web.port, raw), ["HEAD", "GET", "GET"])
    assert head.values("content-length") == get.values("content-length") == [str(len(get.body))]
    assert not head.body


def test_client_may_wait_until_it_is_asked_for_the_body(web: WebServer, admin: Caller) -> None:
    head, body = make_request("POST", "/api/v1/users", admin, EMAIL, "Expect: 100-continue"), EMAIL
    with connected(web.port) as connection:
        connection.sendall(head.removesuffix(body))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert receive_answer(connection).status == 200
        connection.sendall(LAST)
        assert statuses(receive_all(connection)) == [200]
    # Who may not send it is told so at once.
    stranger = make_request("POST", "/api/v1/users", None, EMAIL, "Expect: 100-continue").removesuffix(body)
    with connected(web.port) as connection:
        connection.sendall(stranger)
        assert receive_answer(connection).status == 401
        connection.sendall(body + LAST)
        assert statuses(receive_all(connection)) == [200]


def test_body_that_nobody_reads_is_passed_over(web: WebServer, admin: Caller) -> None:
    large = b" " * 3_000_000
    for method, path, caller, status in (
        ("POST", "/api/v1/users", None, 401),
        ("POST", "/api/v1/users", admin, 413),
        ("GET", "/api/v1/whoami", admin, 200),
        ("DELETE", "/api/v1/users", admin, 405),
        ("POST", "/api/v1/nothing", admin, 404),
    ):
        raw = make_request(method, path, caller, large)
        assert statuses(exchange(web.port, raw[:-1000], raw[-1000:], LAST)) == [status, 200]
        # Who wants no second answer is not cut off before the first one.
        with connected(web.port) as connection:
            connection.sendall(make_request(method, path, caller, large, "Connection: close"))
            assert statuses(receive_all(connection)) == [status]


def test_empty_lines_before_a_request_are_skipped(web: WebServer) -> None:
    assert statuses(exchange(web.port, b"\r\n\r\n" + LIVE + b"\r\n" + LAST)) == [200, 200]
    assert statuses(exchange(web.port, b"\r", b"\n\r", b"\n" + LIVE, b"\r", b"\n", LAST)) == [200, 200]


@pytest.mark.parametrize("scheme", ["http", "HTTP", "https"])
def test_target_may_be_a_url(web: WebServer, admin: Caller, scheme: str) -> None:
    raw = make_request("GET", f"{scheme}://localhost/api/v1/users?per_page=1", admin) + LAST
    answers = read_answers(exchange(web.port, raw))
    assert [answer.status for answer in answers] == [200, 200]
    assert json.loads(answers[0].body)["pagination"]["per_page"] == 1
    assert statuses(exchange(web.port, make_request("GET", f"{scheme}://localhost", admin) + LAST)) == [200, 200]


def test_http_1_0_is_answered_once(web: WebServer) -> None:
    for connection in (b"", b"Connection: keep-alive\r\n"):
        assert statuses(exchange(web.port, b"GET /info/live HTTP/1.0\r\n" + connection + b"\r\n" + LIVE)) == [200]


@pytest.mark.parametrize("method", ["FOO", "get", "PROPFIND", "M-SEARCH", "x" * 1000])
def test_unknown_method_is_refused_and_counted_as_other(web: WebServer, admin: Caller, method: str) -> None:
    raw = make_request(method, "/api/v1/users", admin) + LAST
    assert statuses(exchange(web.port, raw)) == [405, 200]
    [answer] = read_answers(exchange(web.port, make_request("GET", "/metrics", None, None, "Connection: close")))
    assert b'labelapi_requests_total{method="other",operation="none",status="405"}' in answer.body
    assert b'method="%b"' % method.encode() not in answer.body


@pytest.mark.parametrize("broken", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
@pytest.mark.parametrize("connection", [(), ("Connection: close",)])
def test_whole_request_is_answered_whatever_comes_behind_it(
    web: WebServer, admin: Caller, broken: bytes, connection: tuple[str, ...]
) -> None:
    raw = make_request("POST", "/api/v1/users", admin, EMAIL, *connection)
    for parts, email in (([raw + broken], b"grace"), ([raw, broken], b"alice")):
        received = exchange(web.port, *(part.replace(b"grace", email) for part in parts))
        assert statuses(received) == ([200] if connection else [200, 400])
        assert b'"email":"%b@example.org"' % email in received
    assert count_users(admin) == 3


def test_connection_that_ends_in_a_body_changes_nothing(web: WebServer, admin: Caller) -> None:
    raw = make_request("POST", "/api/v1/users", admin, EMAIL)
    for length in (len(raw) - 1, len(raw) - len(EMAIL), len(raw) - len(EMAIL) - 1):
        with connected(web.port) as connection:
            connection.sendall(raw[:length])
    time.sleep(0.2)
    assert count_users(admin) == 1
    assert statuses(exchange(web.port, LAST)) == [200]


def test_every_answer_has_one_date(web: WebServer, labelled: Labelled) -> None:
    admin = labelled.admin
    campaign = f"/api/v1/campaigns/{labelled.campaign_id}"
    key = "Idempotency-Key: 6f0c5a0e"
    tag = read_answers(exchange(web.port, make_request("GET", campaign, admin) + LAST))[0].values("etag")[0]
    requests = {
        200: [
            make_request("GET", campaign, admin),
            make_request("GET", "/info/live"),
            make_request("GET", "/info/version"),
            make_request("GET", "/metrics"),
            make_request("GET", "/api/v1/openapi.json"),
            make_request("GET", "/api/v1/ui/"),
            make_request("GET", "/api/v1/ui/swagger-ui.css"),
            *[make_request("POST", "/api/v1/users", admin, EMAIL, key)] * 2,
        ],
        204: [make_request("OPTIONS", campaign, admin)],
        303: [make_request("GET", f"/api/v1/images/{labelled.image_ids[0]}", admin)],
        304: [make_request("GET", campaign, admin, None, f"If-None-Match: {tag}")],
        400: [make_request("POST", "/api/v1/users", admin, b"{"), b"GET /\r\n\r\n"],
        401: [make_request("GET", campaign)],
        404: [make_request("GET", "/nothing", admin)],
        405: [make_request("POST", campaign, admin)],
        413: [make_request("POST", "/api/v1/users", admin, b" " * 2_000_000)],
        431: [make_request("GET", "/", None, None, "X: " + "x" * 70_000)],
    }
    for status, raws in requests.items():
        for raw in raws:
            answer = read_answers(exchange(web.port, raw + LAST))[0]
            assert answer.status == status, raw[:100]
            [date] = answer.values("date")
            assert abs(parsedate_to_datetime(date).timestamp() - time.time()) < 5
