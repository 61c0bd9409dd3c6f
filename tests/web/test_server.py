"""What the web server itself decides, before the application sees a request."""

import socket
from pathlib import Path

import pytest

from app.settings import Settings
from tests.caller import Caller
from tests.web_server import web_server


def exchange(url: str, raw: bytes) -> bytes:
    """Send bytes, and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(raw)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


@pytest.mark.parametrize("broken", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_whole_request_is_answered_whatever_comes_behind_it(
    settings: Settings, admin: Caller, tmp_path: Path, broken: bytes
) -> None:
    body = b'{"email":"grace@example.org"}'
    head = (
        f"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nAuthentication-Key: {admin.key}\r\n"
        f"Authentication-Secret: {admin.secret}\r\nContent-Type: application/json\r\n"
    ).encode()
    with web_server(settings, tmp_path / "web.log") as web:
        received = exchange(web.url, head + b"Content-Length: %d\r\n\r\n" % len(body) + body + broken)
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'"email":"grace@example.org"' in received
        assert admin.get("/users").expect(200)["pagination"]["total"] == 2
        # Where the request itself is broken it is refused, and changes nothing.
        received = exchange(web.url, head + b"Transfer-Encoding: chunked\r\n\r\n1d\r\n" + body + b"\r\n" + broken)
        assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        received = exchange(web.url, broken)
        assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert admin.get("/users").expect(200)["pagination"]["total"] == 2
