"""The real web server in processes of its own, as gunicorn runs it."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from app.settings import Settings
from tests.workers import ROOT, environment

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web_server(settings: Settings) -> Iterator[str]:
    """Start gunicorn for these settings, on a free port, and yield its URL once it is ready; stop it at the end."""
    settings = settings.model_copy(update={"port": free_port(), "bind_host": "127.0.0.1"})
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "main:server"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(settings))
    try:
        url = f"http://127.0.0.1:{settings.port}"
        _wait_until_ready(url, process)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the web server ended"
        try:
            if httpx.get(url + "/info/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the web server did not become ready")
