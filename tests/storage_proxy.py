"""A loopback proxy before Azurite, with which tests make it do what Azure does: leave copies pending, fail, be busy."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Cut(Exception):
    """Raised by a rule: the connection ends without an answer."""


class Refused(Exception):  # It is what a rule raises, and no error.
    """Raised by a rule for requests: Azurite is not asked, and this is the answer."""

    def __init__(self, status: int, code: str | None = None) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Request:
    """A request before Azurite has it."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Exchange:
    """A request and what Azurite answers to it; a rule may change the answer, and keep the last `cut` bytes back."""

    method: str
    path: str
    request_headers: dict[str, str]
    status: int
    headers: dict[str, str]
    body: bytes
    cut: int = 0


@dataclass
class StorageProxy:
    """Where the proxy is, the rules that see every request and every exchange before it goes on, and all exchanges so far.

    A rule may change an exchange, wait, or raise Cut; one for requests may raise Refused. `harm` returns what Azurite gets of
    the body of a request.
    """

    connection_string: str
    request_rule: Callable[[Request], None] = lambda request: None
    harm: Callable[[bytes], bytes] = lambda body: body
    watchers: list[Callable[[Request], None]] = field(default_factory=list)
    rule: Callable[[Exchange], None] = lambda exchange: None
    seen: list[Exchange] = field(default_factory=list)
    netloc: str = ""
    port: int = 0
    server: ThreadingHTTPServer | None = None

    def count(self, method: str, header: str) -> int:
        """Return how many requests of this method had this header."""
        return sum(exchange.method == method and header in exchange.request_headers for exchange in self.seen)

    def open(self) -> None:
        """Listen, always on the same port."""
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self.netloc, self))
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,)).start()

    def close(self) -> None:
        """Refuse every connection from now on."""
        assert self.server
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def storage_proxy(connection_string: str) -> Iterator[StorageProxy]:
    """Run a proxy before the account of `connection_string`."""
    parts = dict(part.split("=", 1) for part in connection_string.strip(";").split(";"))
    real = urlsplit(parts["BlobEndpoint"])
    proxy = StorageProxy(connection_string, netloc=real.netloc)
    proxy.open()
    parts["BlobEndpoint"] = f"http://127.0.0.1:{proxy.port}{real.path}"
    proxy.connection_string = ";".join(f"{key}={value}" for key, value in parts.items())
    try:
        yield proxy
    finally:
        proxy.close()


def _handler(netloc: str, proxy: StorageProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            # A client may be killed in the middle, and a rule may want just that.
            with suppress(Cut, ConnectionError):
                self.exchange()
            self.close_connection = True

        def exchange(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sent = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, sent)
            try:
                proxy.request_rule(request)
            except Refused as refused:
                self.send_response_only(refused.status)
                for name, value in {"content-length": "0", "x-ms-error-code": refused.code}.items():
                    if value:
                        self.send_header(name, value)
                self.end_headers()
                return
            for watch in proxy.watchers:
                watch(request)
            connection = http.client.HTTPConnection(netloc, timeout=30)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(proxy.harm(body))
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP}
            exchange = Exchange(self.command, self.path, sent, response.status, headers, response.read())
            connection.close()
            proxy.seen.append(exchange)
            proxy.rule(exchange)
            self.send_response_only(exchange.status)
            if self.command != "HEAD":
                exchange.headers["content-length"] = str(len(exchange.body))
            for name, value in exchange.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(exchange.body[: len(exchange.body) - exchange.cut])

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = forward  # noqa: N815  # So the standard library wants them.

    return Handler
