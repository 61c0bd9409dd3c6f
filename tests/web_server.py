"""The web server as it is deployed: gunicorn with its processes, on a free port."""

import http.client
import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.settings import Settings
from tests.workers import ROOT, environment

START_SECONDS = 60
LOOK_SECONDS = 0.02
# Below the range from which the system takes the ports of outgoing connections, so that none gets it before the server does.
PORTS = range(11000, 32000)


@dataclass(frozen=True)
class WebServer:
    """A running server: its address, its process, and what it wrote to standard error."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def free_port() -> int:
    """Return a port at which nobody listens."""
    while True:
        # Not by the generator that is seeded for each test, which gives all processes of a run the same ports.
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def web_server(settings: Settings, log: Path) -> Iterator[WebServer]:
    """Start gunicorn for these settings on a free port; stop it at the end."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "main:server"]
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(settings.model_copy(update={"port": port})), stderr=stderr
        )
    server = WebServer(f"http://127.0.0.1:{port}", process, log)
    try:
        wait_for_answer(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.wait()


def wait_for_answer(server: WebServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(f"{server.url}/info/live"):
        assert server.process.poll() is None, server.log.read_text()
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(LOOK_SECONDS)


def answers(url: str) -> bool:
    """True when the URL is answered with 200; asks without costing the server's processor time."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=START_SECONDS)
    try:
        connection.request("GET", place.path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def no_fault_in(log: Path) -> None:
    """Assert that no process that writes this log met what nobody foresaw."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert not [line for line in lines if line["level"] in ("error", "critical")], log.read_text()
