"""A whole installation that a test may break: its own durable PostgreSQL, storage behind a proxy, real web processes."""

import http.client
import json
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from app.settings import Settings
from local.folder import DataFolder
from local.postgres import PostgresServer
from tests.workers import ROOT, environment

LIVE_TIMEOUT_SECONDS = 90
# Longer than any answer may take: what comes later counts as no answer.
CLIENT_TIMEOUT_SECONDS = 20


class Database:
    """A PostgreSQL server that can be stopped in every way there is."""

    def __init__(self, folder: Path) -> None:
        data = DataFolder(folder.resolve())
        data.make()
        self.server = PostgresServer(data)
        self.server.prepare()
        self.part = self.server.part()

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.part.start()
        self.server.wait_until_ready(self.part)

    def stop(self, number: signal.Signals) -> None:
        """SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one, SIGKILL ends every process of it at once."""
        assert self.part.process
        processes = self.processes() if number == signal.SIGKILL else self.processes()[:1]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        self.part.process.wait(60)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Hold every process of the server in its tracks: connections stay open, and nobody answers."""
        processes = self.processes()
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                process.resume()

    def processes(self) -> list[psutil.Process]:
        """The server's first process, and all its children."""
        assert self.part.process
        first = psutil.Process(self.part.process.pid)
        return [first, *first.children(recursive=True)]


@dataclass(frozen=True)
class Reply:
    """An answer, or the error that there was instead; times are those of the monotonic clock."""

    started: float
    ended: float
    status: int | None
    headers: dict[str, str]
    body: bytes
    error: Exception | None = None

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    def json(self) -> Any:
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.status} after {self.seconds:.1f} s: {self.error or self.body[:300]!r}"


class Client:
    """One caller with one connection, which is kept open as long as the server keeps it."""

    def __init__(self, port: int, key: str = "", secret: str = "") -> None:
        self._port = port
        self._headers = {"Authentication-Key": key, "Authentication-Secret": secret} if key else {}
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request; a name of a header is written with underscores."""
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/json"
        started = time.monotonic()
        self._drop_ended()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=CLIENT_TIMEOUT_SECONDS)
            self._connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = self._connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(started, time.monotonic(), response.status, found, response.read())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Reply(started, time.monotonic(), None, {}, b"", error)

    def _drop_ended(self) -> None:
        # As HTTP libraries and proxies do: a connection that the server ended while it was idle is not used again.
        if self._connection and self._connection.sock and select.select([self._connection.sock], [], [], 0)[0]:
            self.close()

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


@contextmanager
def web(settings: Settings, folder: Path = ROOT) -> Iterator[subprocess.Popen[bytes]]:
    """Real web processes for these settings, of the code in a folder; what still runs at the end is killed."""
    command = [sys.executable, "-m", "gunicorn", "main:server"]
    process = subprocess.Popen(command, cwd=folder, env=environment(settings) | {"PYTHONPATH": str(folder)})
    try:
        wait_until_live(process, settings.port)
        yield process
    finally:
        family = [process.pid]
        with suppress(psutil.NoSuchProcess):
            family += [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        for pid in family:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
        process.wait()


def wait_until_live(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + LIVE_TIMEOUT_SECONDS
    client = Client(port)
    while client.call("GET", "/info/live").status != 200:
        assert process.poll() is None, "gunicorn has ended"
        assert time.monotonic() < deadline, "gunicorn does not answer"
        time.sleep(0.1)
    client.close()
