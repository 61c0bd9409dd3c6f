"""`make replay`: what the Dockerfile says, done in an empty folder without Docker, and its commands run as its user.

Its own Python, the account in its /etc/passwd and its file system are Docker's business and are not played here.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml
from connexion import FlaskApp

from app import __version__
from app.settings import Settings
from tests.web_server import free_port
from tests.workers import ROOT, environment, wait_until

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
# Paths of the image, which stand below the empty folder here.
IMAGE_FOLDERS = ("/opt/labelapi", "/opt/node", "/app", "/build")
SKIPPED = ("useradd",)
# Which certificates the network of this machine needs; whoever builds behind such a network gives them to Docker, too.
CERTIFICATES = ("NODE_EXTRA_CA_CERTS", "PIP_CERT", "SSL_CERT_DIR", "SSL_CERT_FILE")
START_SECONDS = 60

pytestmark = pytest.mark.timeout(900)


def account(user: int) -> dict[str, Any]:
    """Arguments of `subprocess` that run a program as that user, which only root can do."""
    return {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}


def python_of_everybody() -> str:
    """Return a Python that other accounts can run too: that of this test may lie in a closed home folder."""
    for program in (sys._base_executable, "/usr/bin/python3"):  # type: ignore[attr-defined]
        with suppress(PermissionError):
            if subprocess.run([program, "-c", "import ensurepip, venv"], check=False, **account(10001)).returncode == 0:
                return str(program)
    pytest.skip("No Python of this machine can be run by another account.")


def instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            yield name, " ".join(rest.split())


@dataclass
class Image:
    """What the instructions have led to so far."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    user: int = 0
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """Return a path, or a command line, of the image with its folders below the empty one."""
        for folder in IMAGE_FOLDERS:
            text = re.sub(rf"(?<![\w/]){folder}(?![\w])", f"{self.root}{folder}", text)
        return text

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a process in the image: nothing of this machine's but its PATH."""
        return {"PATH": os.environ["PATH"], "HOME": "/tmp"} | self.variables | dict(more or {})  # noqa: S108

    def play(self, name: str, rest: str) -> None:
        """Do one instruction."""
        getattr(self, f"_{name.lower()}", lambda _: None)(rest)

    def _arg(self, rest: str) -> None:
        variable, _, default = rest.partition("=")
        self.variables.setdefault(variable, default)

    def _env(self, rest: str) -> None:
        for variable, value in re.findall(r"(\w+)=(\S+)", rest):
            filled_in = re.sub(
                r"\$(\w+)", lambda found: self.variables.get(found[1], os.environ.get(found[1], "")), value
            )
            self.variables[variable] = self.here(filled_in)

    def _workdir(self, rest: str) -> None:
        self.folder = Path(self.here(rest))
        self.folder.mkdir(parents=True, exist_ok=True)

    def _user(self, rest: str) -> None:
        self.user = int(rest.partition(":")[0])

    def _label(self, rest: str) -> None:
        self.labels |= dict(re.findall(r'([\w.]+)="?([^"=]*?)"?(?= [\w.]+=|$)', rest))

    def _run(self, rest: str) -> None:
        if rest.startswith(SKIPPED):
            return
        line = self.here(rest).replace("python -m venv", f"{python_of_everybody()} -m venv")
        certificates = {name: os.environ[name] for name in CERTIFICATES if name in os.environ}
        subprocess.run(["/bin/sh", "-ec", line], cwd=self.folder, env=self.environment(certificates), check=True)

    def _copy(self, rest: str) -> None:
        if rest.startswith("--from="):
            # All stages share the folder here.
            source, target = rest.split()[1:]
            made, place = Path(self.here(source)), self.folder / self.here(target)
            assert made.is_dir()
            if made != place:
                shutil.copytree(made, place)
            return
        *sources, target = rest.split()
        for source in sources:
            assert is_sent(source), f".dockerignore keeps {source} out"
            place = self.folder / target / ("" if (ROOT / source).is_dir() else Path(source).name)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=_left_out)
            else:
                shutil.copyfile(ROOT / source, place)

    def _cmd(self, rest: str) -> None:
        self.command = orjson.loads(rest)

    def _healthcheck(self, rest: str) -> None:
        self.healthcheck = orjson.loads(rest.partition(" CMD ")[2])


IGNORED = [
    line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith(("#", "!", "*"))
]
SENT = [line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]


def is_sent(source: str) -> bool:
    return source in SENT


def _left_out(folder: str, names: list[str]) -> set[str]:
    inside = Path(folder).relative_to(ROOT)
    return {name for name in names if name == "__pycache__" or f"{inside / name}/" in IGNORED}


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with built({}) as made:
        yield made


@contextmanager
def built(arguments: dict[str, str]) -> Iterator[Image]:
    """Do what the Dockerfile says, with these build arguments."""
    # Not in pytest's folders, which are closed to the image's user.
    with tempfile.TemporaryDirectory(prefix="labelapi-image-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        made = Image(root, dict(arguments))
        for name, rest in instructions(DOCKERFILE):
            made.play(name, rest)
        # The root file system of the container is read-only.
        subprocess.run(["/bin/chmod", "-R", "a-w", root], check=True)
        try:
            yield made
        finally:
            subprocess.run(["/bin/chmod", "-R", "u+w", root], check=True)


def open_to_the_user(settings: Settings) -> None:
    """Let the image's user reach the socket of the test's PostgreSQL, which lies in folders that are gone after the run."""
    folder = Path(settings.queue_url.partition("?host=")[2])
    for above in (folder, *folder.parents):
        if above == Path(tempfile.gettempdir()) or not folder.is_dir():
            break
        above.chmod(above.stat().st_mode | 0o011)
    for socket in folder.glob(".s.PGSQL.*[0-9]"):
        socket.chmod(0o777)


@contextmanager
def running(image: Image, command: list[str], settings: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command_here(image, command),
            cwd=image.folder,
            env=image.environment(settings),
            stdout=output,
            stderr=output,
            umask=0o077,
            **account(image.user),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()


def command_here(image: Image, command: list[str]) -> list[str]:
    program = shutil.which(command[0], path=image.variables["PATH"])
    assert program, command
    return [program, *command[1:]]


def complete(image: Image, command: list[str], settings: dict[str, str], log: Path) -> int:
    with running(image, command, settings, log) as process:
        return process.wait(120)


def plain(settings: Settings) -> dict[str, str]:
    names = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in environment(settings).items() if name in names}


def test_image_serves_and_works_as_its_user_on_a_read_only_disk(
    image: Image, server: FlaskApp, settings: Settings, tmp_path: Path
) -> None:
    open_to_the_user(settings)
    ports = {"PORT": str(free_port()), "WORKER_METRICS_PORT": str(free_port())}
    # These three are the image's own, and compose.yaml's.
    given = {k: v for k, v in plain(settings).items() if k not in ("BIND_HOST", "LOG_LEVEL")} | ports
    migrate = COMPOSE["services"]["migrate"]["command"]
    assert complete(image, migrate, given, tmp_path / "migrate.log") == 0, (tmp_path / "migrate.log").read_text()
    web_log, worker_log = tmp_path / "web.log", tmp_path / "worker.log"
    with running(image, image.command, given, web_log) as web:
        wait_until_healthy(image, web, image.healthcheck, given, web_log)
        url = f"http://127.0.0.1:{ports['PORT']}"
        wait_until(lambda: httpx.get(f"{url}/info/status").json() == {"status": "ok"})
        assert httpx.get(f"{url}/info/version").json()["version"] == image.labels["org.opencontainers.image.version"]
        assert "labelapi_requests_total" in httpx.get(f"{url}/metrics").text
        assert httpx.get(f"{url}/api/v1/ui/").status_code == 200
        [script] = re.findall(r'src="(/assets/[\w.-]+\.js)"', httpx.get(f"{url}/").text)
        assert httpx.get(f"{url}{script}").headers["Content-Encoding"] in ("br", "gzip")
    worker = COMPOSE["services"]["worker"]
    with running(image, worker["command"], given, worker_log) as process:
        test = [*worker["healthcheck"]["test"][1:-1], ports["WORKER_METRICS_PORT"]]
        wait_until_healthy(image, process, test, given, worker_log)
        assert "labelapi_run_seconds" in httpx.get(f"http://127.0.0.1:{ports['WORKER_METRICS_PORT']}").text
    assert complete(image, image.healthcheck, given, tmp_path / "health.log") == 1, "nothing runs any more"
    for log in (web_log, worker_log):
        assert all(line.startswith("{") for line in log.read_text().splitlines()), log.read_text()


def wait_until_healthy(
    image: Image, process: subprocess.Popen[bytes], test: list[str], given: dict[str, str], log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while complete(image, test, given, log.with_suffix(".health")) != 0:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()


def test_image_holds_what_azure_ml_needs(image: Image, tmp_path: Path) -> None:
    program = ["python", "-c", "import azureml.core, azureml.data, azureml.dataprep"]
    assert complete(image, program, {}, tmp_path / "log") == 0, (tmp_path / "log").read_text()


def test_image_without_the_sdk_starts_and_names_both_ways_out(tmp_path: Path, settings: Settings) -> None:
    given = plain(settings)
    azure_ml = {
        name.upper(): "x" for name in Settings.model_fields if name.startswith("azure_ml_") and name != "azure_ml_api"
    }
    with built({"AZURE_ML": ""}) as image:
        program = ["python", "-c", "import main; main.server"]
        assert complete(image, program, given, tmp_path / "log") == 0, (tmp_path / "log").read_text()
        assert complete(image, ["python", "-c", "import azureml"], {}, tmp_path / "log") == 1
        assert complete(image, program, given | azure_ml, tmp_path / "log") == 1
        [line] = (tmp_path / "log").read_text().splitlines()
        assert "requirements-azureml.txt" in line
        assert "AZURE_ML_API=v2" in line
        assert complete(image, program, given | azure_ml | {"AZURE_ML_API": "v2"}, tmp_path / "log") == 0


def test_image_leaves_out_what_is_started_on_a_laptop(image: Image) -> None:
    assert not (image.folder / "local").exists()
    assert not (image.folder / "tests").exists()
    assert not (image.folder / "console").exists()
    assert image.labels["org.opencontainers.image.version"] == __version__
    assert image.user != 0
