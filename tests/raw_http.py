"""HTTP as bytes: requests that no library would send, and every answer that comes back."""

import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.caller import Caller

TIMEOUT_SECONDS = 30
# Long enough for the server to read one part before the next one comes.
PAUSE_SECONDS = 0.03
LIVE = b"GET /info/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET /info/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class RawAnswer:
    """One answer as it came, with the names of its header fields in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]


def make_request(method: str, path: str, caller: Caller | None = None, body: bytes | None = None, *more: str) -> bytes:
    """Return a request whose further header lines are `more`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *more]
    if caller is not None:
        lines += [f"Authentication-Key: {caller.key}", f"Authentication-Secret: {caller.secret}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


@contextmanager
def connected(port: int, timeout: float = TIMEOUT_SECONDS) -> Iterator[socket.socket]:
    """A connection on which each part that is sent leaves at once."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def exchange(port: int, *parts: bytes, timeout: float = TIMEOUT_SECONDS) -> bytes:
    """Send bytes, with a pause between the parts, and return all that comes back until the server closes."""
    with connected(port, timeout) as connection:
        for number, part in enumerate(parts):
            time.sleep(PAUSE_SECONDS if number else 0)
            # A server that refuses may close before it has everything.
            with suppress(ConnectionError):
                connection.sendall(part)
        return receive_all(connection)


def receive_all(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes. Raises TimeoutError when it does not."""
    received = b""
    with suppress(ConnectionError):
        while part := connection.recv(65536):
            received += part
    return received


def receive_answer(connection: socket.socket) -> RawAnswer:
    """Return the next answer; nothing may come behind it yet."""
    received = b""
    while True:
        part = connection.recv(65536)
        assert part, f"closed behind {received!r}"
        received += part
        found = _take_answer(received, "GET")
        if found:
            answer, rest = found
            assert rest == b""
            return answer


def read_answers(received: bytes, methods: Sequence[str] = ()) -> list[RawAnswer]:
    """Return the answers to requests with these methods (else GET), and assert that nothing else was received."""
    answers = []
    asked = iter(methods)
    while received:
        found = _take_answer(received, next(asked, "GET"))
        assert found, received
        answer, received = found
        answers.append(answer)
    return answers


def statuses(received: bytes, methods: Sequence[str] = ()) -> list[int]:
    """Return the statuses of what `read_answers` returns."""
    return [answer.status for answer in read_answers(received, methods)]


def _take_answer(received: bytes, method: str) -> tuple[RawAnswer, bytes] | None:
    """Return the first answer and what comes behind it, or None when it is not whole."""
    head, blank, rest = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    if not blank:
        return None
    status = re.fullmatch(r"HTTP/1\.1 ([2-5]\d\d) [A-Za-z ]+", first)
    assert status, received
    headers = [(name.lower(), value) for name, value in (line.split(": ", 1) for line in lines)]
    length = 0 if method == "HEAD" else int(dict(headers).get("content-length", 0))
    return (RawAnswer(int(status[1]), headers, rest[:length]), rest[length:]) if len(rest) >= length else None
