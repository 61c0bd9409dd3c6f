"""Every test speaks to the real service, which is started here once, with its own PostgreSQL and Azurite."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from labelapi import LabelAPI, Profile
from labelapi.cli.main import run

CHECKOUT = Path(__file__).parents[2]
NOT_HANDED_ON = ("DB_", "AZURE_", "PG", "LABELAPI_", "FLASK_", "PORT", "BIND_HOST", "DATA_DIR", "PYTHONPATH")
START_SECONDS, STOP_SECONDS = 120, 60
# A PNG that decodes, of two by two pixels.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAF0lEQVR42mP+8OHZnEe6zHMe6TIwMAAAOdcGI5AO5MQAAAAASUVORK5CYII="
)


def picture(number: int) -> bytes:
    """A PNG with something of its own behind its end, which decoders do not read."""
    return PNG + f"number {number}".encode()


@dataclass(frozen=True)
class Service:
    """A running service and the key pair of its first admin."""

    url: str
    key: str
    secret: str
    folder: Path

    @property
    def profile(self) -> Profile:
        return Profile(self.url, self.key, self.secret)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The whole application as `make run` starts it. SERVICE_PYTHON is the interpreter that has its packages."""
    with tempfile.TemporaryDirectory(prefix="labelapi-client-tests-") as name:
        folder = Path(name)
        # PostgreSQL may run as another account, which must be able to pass through.
        folder.chmod(0o755)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(NOT_HANDED_ON)}
        data = folder / "data"
        environment.update(PORT=str(free_port()), DATA_DIR=str(data), WEB_WORKERS="1")
        python = os.environ.get("SERVICE_PYTHON") or str(CHECKOUT / ".venv" / "bin" / "python")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [python, "-m", "local", "run"],
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while "Ctrl-C stops it" not in (folder / "log").read_text():
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.2)
            admin = json.loads((data / "admin.json").read_text())
            yield Service(admin["url"], admin["apikey"], admin["apisecret"], data)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            process.kill()
            process.wait()


@pytest.fixture
def api(service: Service) -> Iterator[LabelAPI]:
    """The client of the first admin."""
    with LabelAPI(service.profile) as client:
        yield client


@pytest.fixture
def title() -> str:
    """A title that no other test has used."""
    return f"t-{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Shell:
    """A home folder of its own, for which the command is run."""

    home: Path
    variables: dict[str, str]

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "labelapi.cli.main", *(str(each) for each in arguments)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=self.environment, text=True, cwd=self.home, **{**pipes, **options})

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("LABELAPI_")}
        keyring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
        return {
            **kept,
            **keyring,
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            **self.variables,
        }

    def run(self, *arguments: object, given: str = "") -> Ran:
        """Run the command here, which takes a tenth of the time that a program of its own takes."""
        out, err = io.StringIO(), io.StringIO()
        with ExitStack() as stack:
            stack.enter_context(mock.patch.dict(os.environ, self.environment, clear=True))
            stack.enter_context(mock.patch("sys.stdin", io.StringIO(given)))
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            code = run([str(each) for each in arguments])
        return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture
def stranger(tmp_path: Path) -> Shell:
    """A shell without a profile."""
    (tmp_path / "home").mkdir()
    return Shell(tmp_path / "home", {})


@pytest.fixture
def shell(service: Service, tmp_path: Path) -> Shell:
    """The shell of the first admin, by environment variables."""
    (tmp_path / "admin").mkdir()
    pair = {"LABELAPI_URL": service.url, "LABELAPI_KEY": service.key, "LABELAPI_SECRET": service.secret}
    return Shell(tmp_path / "admin", pair)


def partner_of(shell: Shell, made: Any) -> Shell:
    token = made["access_token"]
    pair = {"LABELAPI_KEY": token["apikey"], "LABELAPI_SECRET": token["apisecret"]}
    return Shell(shell.home, {**shell.variables, **pair})


@pytest.fixture
def campaign(shell: Shell, title: str, tmp_path: Path) -> Any:
    """An active campaign with three images, two of which have the same name."""
    for number, name in enumerate(("a/1.png", "b/1.png", "b/2.png")):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(picture(number))
    (tmp_path / "classes.json").write_text('["PET", "glass"]')
    (tmp_path / "how.md").write_text("Tight boxes.")
    sent = shell.run("upload", tmp_path / "photos", "--set", title, "--finish")
    assert sent.code == 0, sent.err
    made = shell.run(
        *("campaigns", "create", title, "--partner", f"{title}@partner.example", "--start", "--json"),
        *(
            "--images-from",
            f"set:{title}",
            "--classes",
            tmp_path / "classes.json",
            "--instructions",
            tmp_path / "how.md",
        ),
    )
    return made.json
