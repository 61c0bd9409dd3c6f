"""Child processes: started in a session of their own, watched, stopped in time, and found again after a crash."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local.account import Account
from local.folder import DataFolder, StartError, describe, write_private

# Every child carries these two in its environment, so that it can be distinguished from another process with the same id.
MARK_FOLDER, MARK_PART = "LABELAPI_STARTED_FROM", "LABELAPI_PART"
LOG_LIMIT_BYTES = 10 * 1024**2
TAIL_BYTES = 4096
FULL_DISK_WORDS = ("No space left on device", "ENOSPC", "Check free disk space", "Disk quota exceeded")
KILL_WAIT_SECONDS = 5
# Less is as good as nothing: even the line of a log that reports it does not fit.
FULL_DISK_BYTES = 64 * 1024


@dataclass
class Part:
    """One program that is kept running: web, worker, postgres or azurite."""

    name: str
    command: list[str]
    folder: DataFolder
    environment: Mapping[str, str]
    working_folder: Path
    account: Account = field(default_factory=lambda: Account(""))
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 20
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program; its words go to its log. Raises StartError or, on a full disk, OSError."""
        log_file, pid_file = self.folder.log_file(self.name), self.folder.pid_file(self.name)
        for file in (log_file, pid_file):
            file.parent.mkdir(mode=0o700, exist_ok=True)
        if log_file.exists() and log_file.stat().st_size > LOG_LIMIT_BYTES:
            log_file.replace(log_file.with_suffix(".log.1"))
        marks = {MARK_FOLDER: str(self.folder.path), MARK_PART: self.name}
        with log_file.open("ab") as log:
            try:
                self.process = subprocess.Popen(
                    self.command,
                    cwd=self.working_folder,
                    env={**self.environment, **marks},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Ctrl-C in the terminal must reach the launcher alone, which stops the parts in their order.
                    start_new_session=True,
                    **self.account.for_subprocess(),
                )
            except OSError as error:
                raise StartError(f"{self.name} cannot be started: {describe(error)}") from None
        write_private(pid_file, f"{self.process.pid}\n")

    @property
    def exit_status(self) -> int | None:
        """The exit status once the program has ended (negative: by that signal), else None."""
        return self.process.poll() if self.process else None

    def stop(self) -> None:
        """Ask the program to end, wait for its grace time, then end it and all that it started."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.grace_seconds)
        self.clear()
        self.folder.pid_file(self.name).unlink(missing_ok=True)

    def clear(self) -> None:
        """End whatever is left of the program and its session, so that nothing keeps its port or its files."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(KILL_WAIT_SECONDS)

    def last_words(self) -> str:
        """Return one line about why the program ended, taken from the end of its log."""
        status = self.exit_status
        if status is not None and status < 0:
            return f"killed by {signal.Signals(-status).name}"
        words = tail(self.folder.log_file(self.name))
        if any(sign in words for sign in FULL_DISK_WORDS):
            return "the disk is full"
        lines = [line.strip() for line in words.splitlines() if line.strip()]
        return f"exit status {status}" + (f": {lines[-1][:300]}" if lines else "")


def require_room(folder: DataFolder, needed_bytes: int) -> None:
    """Raise StartError when the disk of the data folder has less room than that."""
    free = shutil.disk_usage(folder.path).free
    if free < needed_bytes:
        found, needed = f"{free / 1024**2:.1f} MB", f"{needed_bytes / 1024**2:.1f} MB"
        raise StartError(f"The disk is full: {found} are free in {folder.path}, and {needed} are needed.")


def tail(path: Path) -> str:
    """Return the end of a text file, at most some 4 KB; nothing when it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def stop_leftovers(folder: DataFolder, grace_seconds: float = 20) -> list[str]:
    """Stop what an earlier launcher left running when it was killed, and return the names of those parts.

    The caller holds the folder's lock, so nothing that is found belongs to a living launcher.
    """
    found: dict[str, list[psutil.Process]] = {}
    for part, process in _started_from(folder):
        found.setdefault(part, []).append(process)
    for part in sorted(found, key=_stop_order):
        signal_number = signal.SIGINT if part == "postgres" else signal.SIGTERM
        _stop(found[part], signal_number, grace_seconds)
    for pid_file in (folder.path / "pids").glob("*.pid"):
        pid_file.unlink(missing_ok=True)
    return sorted(found, key=_stop_order)


def _stop_order(part: str) -> int:
    order = ["web", "worker", "azurite", "postgres"]
    return order.index(part) if part in order else -1


def _started_from(folder: DataFolder) -> Iterator[tuple[str, psutil.Process]]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environment = process.environ()
            if environment.get(MARK_FOLDER) == str(folder.path) and process.pid != os.getpid():
                yield environment.get(MARK_PART, "unknown"), process
            # PostgreSQL's own children overwrite their environment, but they all work in the data folder.
            elif process.name() == "postgres" and Path(process.cwd()).is_relative_to(folder.postgres):
                yield "postgres", process


def _stop(processes: list[psutil.Process], signal_number: signal.Signals, grace_seconds: float) -> None:
    parents = [process for process in processes if not _has_parent_in(process, processes)]
    for process in parents:
        with suppress(psutil.Error):
            process.send_signal(signal_number)
    for process in _wait_for(processes, grace_seconds):
        with suppress(psutil.Error):
            process.kill()
    _wait_for(processes, KILL_WAIT_SECONDS)


def _wait_for(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until the processes have ended, and return those that have not in time."""
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if _lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive


def _lives(process: psutil.Process) -> bool:
    try:
        # One that has ended, and that nobody has asked for its exit status yet, holds nothing any more.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _has_parent_in(process: psutil.Process, processes: list[psutil.Process]) -> bool:
    with suppress(psutil.Error):
        return process.ppid() in {other.pid for other in processes}
    return False


def wait_until_ready(
    part: Part, is_ready: Callable[[], bool], timeout_seconds: float, pause: Callable[[float], None] = time.sleep
) -> None:
    """Ask `is_ready` until it says yes; `pause` waits between (seconds) and may raise to give up.

    Raises StartError when the program ends before, or when the time is up.
    """
    log, deadline = part.folder.log_file(part.name), time.monotonic() + timeout_seconds
    while not is_ready():
        if part.exit_status is not None:
            raise StartError(f"{part.name} did not start: {part.last_words()} (more in {log})")
        require_room(part.folder, FULL_DISK_BYTES)
        if time.monotonic() > deadline:
            raise StartError(f"{part.name} did not answer within {timeout_seconds:.0f} s (more in {log})")
        pause(0.1)
