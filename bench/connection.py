"""HTTP clients that cost next to nothing, so that the server is what is measured: one connection, and many at once."""

import asyncio
import multiprocessing
import socket
import time
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

Headers = dict[str, str]
PIECE = 64 * 1024


class Answer:
    """What the parser tells of one answer."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.is_whole = False
        self.is_last = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note whether the server closes the connection behind this answer."""
        if name.lower() == b"connection":
            self.is_last = value.lower() == b"close"

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self.body += part

    def on_message_complete(self) -> None:
        """Note that nothing more comes."""
        self.is_whole = True


@dataclass
class Connection:
    """One connection that is kept open; every answer must have the status that is expected."""

    url: str
    headers: Headers
    _socket: socket.socket | None = None

    def __post_init__(self) -> None:
        self._place = urlsplit(self.url)
        headers = {"Host": self._place.netloc, **self.headers}
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def send(self, method: str, path: str, body: bytes | None = None, status: int = 200) -> bytes:
        """Send one request and return the body of its answer."""
        lines = self._lines
        if body is not None:
            lines += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        if self._socket is None:
            self._socket = socket.create_connection((self._place.hostname, self._place.port or 80), timeout=600)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + (body or b""))
        answer = Answer()
        parser = httptools.HttpResponseParser(answer)
        while not answer.is_whole:
            received = self._socket.recv(PIECE)
            if not received:
                raise RuntimeError(f"{method} {path}: the connection was closed")
            parser.feed_data(received)
        if answer.is_last:
            self._socket.close()
            self._socket = None
        if parser.get_status_code() != status:
            raise RuntimeError(f"{method} {path}: {parser.get_status_code()} {bytes(answer.body[:300])!r}")
        return bytes(answer.body)


class Asker(asyncio.Protocol):
    """One of many connections: sends the same request again as soon as it is answered. Needs a Content-Length."""

    def __init__(self, request: bytes, status: bytes) -> None:
        self.request = request
        self.status = status
        self.answered = 0
        self._received = b""
        self.error: str | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Count an answer that is whole, and ask again."""
        self._received += data
        head, blank, rest = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        lower = head.lower()
        length = lower.partition(b"content-length: ")[2].partition(b"\r")[0]
        if len(rest) < int(length or 0):
            return
        if head.split(b" ", 2)[1] != self.status:
            self.error = repr(self._received[:300])
            return
        self.answered += 1
        self._received = b""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self.request)


def _ask(url: str, path: str, headers: Headers, status: int, connections: int, seconds: float) -> float:
    place = urlsplit(url)
    host, port = place.hostname or "", place.port or 80
    lines = [f"GET {path} HTTP/1.1", f"Host: {place.netloc}", *(f"{name}: {value}" for name, value in headers.items())]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def ask_all() -> float:
        loop = asyncio.get_running_loop()
        askers = []
        for _ in range(connections):
            transport, asker = await loop.create_connection(lambda: Asker(request, str(status).encode()), host, port)
            askers.append((transport, asker))
        begin = time.perf_counter()
        before = sum(asker.answered for _, asker in askers)
        await asyncio.sleep(seconds)
        rate = (sum(asker.answered for _, asker in askers) - before) / (time.perf_counter() - begin)
        for transport, asker in askers:
            transport.close()
            if asker.error:
                raise RuntimeError(asker.error)
        return rate

    return uvloop.run(ask_all())


def requests_per_second(
    url: str, path: str, headers: Headers, *, status: int = 200, connections: int = 16, seconds: float = 3
) -> float:
    """Return how many requests a second are answered over so many connections, from a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_ask, (url, path, headers, status, connections, seconds))
