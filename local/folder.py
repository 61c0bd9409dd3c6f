"""The data folder: where everything lies that a start leaves behind, and who may read it."""

import errno
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
VENV = CHECKOUT / ".venv"
# As root, another account runs PostgreSQL: it must be able to pass through the folder, and no more.
FOLDER_MODE = 0o711 if os.geteuid() == 0 else 0o700


class StartError(Exception):
    """LabelAPI cannot start or go on; the message is one line for the person at the terminal."""


@dataclass(frozen=True)
class DataFolder:
    """The paths inside one data folder. `path` is absolute."""

    path: Path

    @property
    def admin_file(self) -> Path:
        return self.path / "admin.json"

    @property
    def env_file(self) -> Path:
        return self.path / "env"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def azurite(self) -> Path:
        return self.path / "azurite"

    def pid_file(self, part: str) -> Path:
        return self.path / "pids" / f"{part}.pid"

    def log_file(self, part: str) -> Path:
        return self.path / "logs" / f"{part}.log"

    def make(self) -> None:
        """Make the folder where it is missing; an existing one keeps its mode. Raises StartError."""
        if not self.path.is_dir():
            if self.path.exists():
                raise StartError(f"DATA_DIR must be a folder, and {self.path} is a file.")
            self.path.mkdir(parents=True)
            self.path.chmod(FOLDER_MODE)
        for name in ("pids", "logs"):
            (self.path / name).mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process. Raises StartError when LabelAPI already runs from it."""
        self._require_own()
        with (self.path / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise StartError(f"LabelAPI already runs from {self.path}: {lock.read().strip()}.") from None
            self._describe_holder(lock.fileno(), f"process {os.getpid()}, not ready yet")
            yield

    def _require_own(self) -> None:
        """Root could use another user's folder, but would leave files behind that this user cannot use any more."""
        lock = self.path / "lock"
        if os.geteuid() == 0 and lock.exists() and (owner := lock.stat().st_uid) != 0:
            raise StartError(
                f"{self.path} belongs to the user with the id {owner}: run make as that user, or choose another DATA_DIR."
            )

    def describe_holder(self, words: str) -> None:
        """Put down what a second start shall say about this one."""
        with (self.path / "lock").open("r+") as lock:
            self._describe_holder(lock.fileno(), words)

    @staticmethod
    def _describe_holder(lock: int, words: str) -> None:
        os.ftruncate(lock, 0)
        os.pwrite(lock, words.encode(), 0)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a temporary data folder that PostgreSQL's account can reach; it is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="labelapi-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        folder.chmod(FOLDER_MODE)
        yield folder


def write_private(path: Path, text: str) -> None:
    """Replace a file, whole or not at all, readable by its owner only."""
    scratch = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError:
        with suppress(OSError):
            scratch.unlink()
        raise


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file, an empty one when the file is missing or broken."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def describe(error: OSError) -> str:
    """Return one line for an error of the operating system."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full{where}: make room and start again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"Not allowed to write or read {error.filename or 'a file'}: {error.strerror}. Was it made by another user?"
        )
    return f"{error.strerror or error}{where}."
