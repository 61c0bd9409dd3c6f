"""The whole application as `make run` starts it: PostgreSQL, Azurite, gunicorn and a worker, from a folder of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from local.folder import CHECKOUT, DataFolder
from local.processes import stop_leftovers

NOT_HANDED_ON = ("DB_", "AZURE_", "PG", "LABELAPI_", "FLASK_", "PORT", "BIND_HOST", "DATA_DIR")
START_SECONDS, STOP_SECONDS = 90, 60


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def environment(**more: str) -> dict[str, str]:
    """The environment of this process without what could be meant for a service, and with `more`."""
    return {name: value for name, value in os.environ.items() if not name.startswith(NOT_HANDED_ON)} | more


@dataclass
class Launch:
    """A launcher at work; `port` is that of the web server."""

    folder: Path
    port: int
    process: subprocess.Popen[str]
    said: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self) -> dict[str, str]:
        return dict(json.loads((self.folder / "admin.json").read_text()))

    def pid(self, part: str) -> int:
        return int((self.folder / "pids" / f"{part}.pid").read_text())

    def status(self, path: str) -> int:
        """The HTTP status of a GET with the admin's key, 0 when nobody answers."""
        admin = self.admin
        headers = {"Authentication-Key": admin["apikey"], "Authentication-Secret": admin["apisecret"]}
        try:
            return httpx.get(self.url + path, headers=headers, timeout=30, trust_env=False).status_code
        except httpx.TransportError:
            return 0


def start_launcher(folder: Path, port: int, **more: str) -> Launch:
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "run"],
        cwd=CHECKOUT,
        # One web process is enough, and starts sooner.
        env=environment(PORT=str(port), DATA_DIR=str(folder), **{"WEB_WORKERS": "1", **more}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return Launch(folder, port, process)


def wait_until_it_runs(launch: Launch) -> str:
    """Return what the launcher said until it was ready."""
    assert launch.process.stdout
    said = ""
    for line in launch.process.stdout:
        said += line
        if line.startswith("Ctrl-C stops it"):
            return said
    raise AssertionError(said)


@contextmanager
def launched(folder: Path, port: int, **more: str) -> Iterator[Launch]:
    launch = start_launcher(folder, port, **more)
    try:
        launch.said = wait_until_it_runs(launch)
        yield launch
    finally:
        end(launch)


def end(launch: Launch) -> None:
    """End a launcher and, where it cannot do so itself any more, all that it started."""
    launch.process.terminate()
    with suppress(subprocess.TimeoutExpired):
        launch.process.communicate(timeout=STOP_SECONDS)
    launch.process.kill()
    stop_leftovers(DataFolder(launch.folder))


def run_launcher(folder: Path, port: int, **more: str) -> tuple[int, str]:
    """Return exit status and words of a launcher that is expected to end by itself."""
    launch = start_launcher(folder, port, **more)
    said = launch.process.communicate(timeout=START_SECONDS)[0]
    return launch.process.returncode, said
