"""Requests whose bytes are wrong before anybody looks at the body: lengths, chunks, and whatever chance makes of them."""

import re
import socket
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from sqlalchemy import text

from app.settings import Settings
from tests.caller import Caller
from tests.fuzz.fuzzer import SEED
from tests.mutations import spoil_bytes
from tests.web_server import no_fault_in, web_server
from tests.workers import autocommitting, workplace

COUNT = 500
ANSWER_SECONDS = 1
LAST_REQUEST = b"GET /info/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
# What may stand where a body's length is said; {} is the true one.
LENGTHS = [
    *("Content-Length: {}", "content-length:{}", "Content-Length: 0", "Content-Length: 5", "Content-Length: 5000"),
    *(
        "Content-Length: -1",
        "Content-Length: +{}",
        "Content-Length: 0x10",
        "Content-Length: 1e1",
        "Content-Length: {}a",
    ),
    *("Content-Length: 99999999999999999999", "Content-Length: {}, {}", "Content-Length: ", "Content-Length : {}"),
    *("Content-Length: {}\r\nContent-Length: 5", "Content-Length: {}\r\nTransfer-Encoding: chunked", "X: y\r\n z: {}"),
    *("Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity", "X-Length: {}"),
]


def make_request(random: Random, admin: Caller, email: str) -> bytes:
    body = b'{"email":"%b"}' % email.encode()
    length = random.choice(LENGTHS)
    if "chunked" in length and random.random() < 0.7:
        body = random.choice([b"%x\r\n%b\r\n0\r\n\r\n", b"%x;a=b\r\n%b\r\n0\r\n\r\n", b"%x\n%b\n0\n\n"]) % (
            len(body),
            body,
        )
    head = (
        f"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nAuthentication-Key: {admin.key}\r\n"
        f"Authentication-Secret: {admin.secret}\r\nContent-Type: application/json\r\n"
        f"{length.replace('{}', str(len(body)))}\r\n\r\n"
    )
    raw = head.encode() + body
    return spoil_bytes(random, raw) if random.random() < 0.5 else raw


def talk(port: int, raw: bytes) -> bytes:
    """Send bytes and what ends every request, and return all that comes back until the server closes.

    A server that waits for more of a body gets it, and one that does not answers the second request and closes.
    """
    received = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection,
        # It may refuse to read on, and it may wait for a body that is longer than anything that comes.
        suppress(ConnectionError, TimeoutError),
    ):
        connection.sendall(raw + LAST_REQUEST + b"\r\n" * 4000)
        while part := connection.recv(65536):
            received += part
    return received


@pytest.mark.flaky(reruns=2)
@pytest.mark.timeout(300)
def test_requests_in_pieces_are_refused_and_change_nothing(
    app: Flask, settings: Settings, admin: Caller, tmp_path: Path
) -> None:
    random = Random(f"{SEED} framing")
    statuses: Counter[int] = Counter()
    with (
        web_server(settings, tmp_path / "web.log") as web,
        workplace(app) as place,
        autocommitting(place) as connection,
    ):
        users, port = 1, int(web.url.rpartition(":")[2])
        for number in range(COUNT):
            raw = make_request(random, admin, f"user-{number}@example.org")
            received = talk(port, raw)
            answers = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]
            statuses.update(answers or [0])
            assert all(status < 500 for status in answers), f"{answers} {raw!r}"
            users += received.count(b'"user_id":')
            assert connection.execute(text('SELECT count(*) FROM "user"')).scalar_one() == users, (
                f"{received!r} {raw!r}"
            )
        assert b" 200 OK" in talk(port, b"")
    sys.stdout.write(
        f"{COUNT} requests, answers {dict(sorted(statuses.items()))} (0 for none), {users - 1} users made, seed {SEED}\n"
    )
    no_fault_in(tmp_path / "web.log")
    assert users >= COUNT / 20
    assert statuses[400] >= COUNT / 4
