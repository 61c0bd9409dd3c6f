"""Make the virtual environment and fill it: `python install.py run` or `python install.py test`.

The machine's Python runs this, so only the standard library is used. Everything lands in `.venv` of the checkout, the
caches of pip and npm included, so that the home folder stays as it was.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
# A linked environment is that of another checkout, which stays its owner.
VENV = (CHECKOUT / ".venv").resolve()
PYTHON = VENV / "bin" / "python"
LOG = VENV / "install.log"
FILES = {
    "run": ("requirements-core.txt", "requirements-embedded.txt"),
    "test": ("requirements.txt", "requirements-embedded.txt", "requirements-azureml.txt", "test_requirements.txt"),
}
# What is installed for the tests runs the service too. It holds other versions of some packages (see requirements.in), so that
# an installation for running on top of it would undo it.
ALSO_FOR = {"run": ("run",), "test": ("run", "test")}
NODE_FILES = {
    "azurite": ("local/package.json", "local/package-lock.json"),
    "linter": ("tests/linter/package.json", "tests/linter/package-lock.json"),
}
UNREACHABLE_SIGNS = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
)
DISK_FULL_BYTES = 1024**2
# A look whether the console is up to date takes less.
LOOK_SECONDS = 1


class InstallError(Exception):
    """The installation cannot go on; the message is one line for the person at the terminal."""


def main(purpose: str) -> None:
    """Install what `purpose` ("run" or "test") needs and is not there yet. Raises InstallError."""
    # The account that runs PostgreSQL for root reads its binaries here, whatever the file mask of the caller is.
    os.umask(0o022)
    VENV.mkdir(exist_ok=True)
    with alone():
        make_environment()
        install_packages(purpose)
        install_node_packages("azurite", "Azurite, the blob storage (half a minute)")
        if purpose == "test":
            install_node_packages("linter", "the linter of the OpenAPI document")
        install_console(purpose)


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other installation works on this environment."""
    with (VENV / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another installation is running in .venv; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_environment() -> None:
    """Make the virtual environment, or make it anew when it does not work, was moved or is of an unsuited Python."""
    stamp = VENV / ".made-in"
    made_in = stamp.read_text() if stamp.is_file() else str(VENV)
    if made_in != str(VENV) or not works():
        say(f"Creating the virtual environment .venv with Python {sys.version.split()[0]} …")
        remove_old_environment()
        call([sys.executable, "-m", "venv", str(VENV)], "The virtual environment could not be created")
    stamp.write_text(str(VENV))


def works() -> bool:
    """Return True when the environment's Python is of a version that suits and has pip."""
    code = "import sys, pip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
    try:
        return subprocess.run([PYTHON, "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def remove_old_environment() -> None:
    """Remove what venv and earlier installations wrote; the lock stays, because this process holds it."""
    for stamp in VENV.glob(".installed-*"):
        stamp.unlink()
    for folder in ("bin", "lib", "lib64", "include", "azurite", "linter", "tools", "readers", "labelapi", "notebooks"):
        path = VENV / folder
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            call(["rm", "-rf", str(path)], "The old virtual environment could not be removed")


def install_packages(purpose: str) -> None:
    """Install the pinned Python packages of `purpose` when their lists have changed."""
    stamp, expected = VENV / f".installed-{purpose}", fingerprint(FILES[purpose])
    if is_current(stamp, expected):
        return
    say(f"Installing the Python packages of {', '.join(FILES[purpose])} (a minute or two the first time) …")
    started = time.monotonic()
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
    for name in FILES[purpose]:
        command += ["--requirement", str(CHECKOUT / name)]
    call(command, "The Python packages could not be installed")
    for name in ALSO_FOR[purpose]:
        (VENV / f".installed-{name}").write_text(fingerprint(FILES[name]))
    say(f"Python packages are installed ({time.monotonic() - started:.0f} s).")


def install_node_packages(name: str, words: str) -> None:
    """Install Azurite or the linter when what it pins has changed; the environment's Python knows where Node is."""
    stamp, expected = VENV / f".installed-{name}", fingerprint(NODE_FILES[name])
    if is_current(stamp, expected):
        return
    say(f"Installing {words} …")
    started = time.monotonic()
    call([str(PYTHON), "-m", "local", f"install-{name}"], f"{name.capitalize()} could not be installed")
    stamp.write_text(expected)
    say(f"{name.capitalize()} is installed ({time.monotonic() - started:.0f} s).")


def install_console(purpose: str) -> None:
    """Build the web console, which looks itself whether that is needed. For running it may be missing, as without a network."""
    command = "install-console-for-checks" if purpose == "test" else "install-console"
    started = time.monotonic()
    try:
        call([str(PYTHON), "-m", "local", command], "The web console could not be built")
    except InstallError as error:
        if purpose != "run":
            raise
        say(f"{str(error).removesuffix('.')}. LabelAPI starts without the console; the next start tries again.")
        return
    seconds = time.monotonic() - started
    if seconds > LOOK_SECONDS:
        say(f"The web console is built ({seconds:.0f} s).")


def fingerprint(names: tuple[str, ...]) -> str:
    """Return a hash of the contents of these files of the checkout."""
    return hashlib.sha256(b"\0".join((CHECKOUT / name).read_bytes() for name in names)).hexdigest()


def is_current(stamp: Path, expected: str) -> bool:
    return stamp.is_file() and stamp.read_text() == expected


def call(command: list[str], failure: str) -> None:
    """Run a command; its words go to the log. Raises InstallError with the reason found there."""
    environment = {**os.environ, "PIP_NO_CACHE_DIR": "1", "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}
    with LOG.open("w+", errors="replace") as log:
        status = subprocess.run(
            command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        ).returncode
        log.seek(0)
        if status:
            raise InstallError(f"{failure}: {reason(log.read())}")


def reason(words: str) -> str:
    """Return one line that says why a command failed, from what it printed."""
    # A full disk also loses the message that would report it.
    full = shutil.disk_usage(VENV).free < DISK_FULL_BYTES
    if full or "No space left on device" in words or "ENOSPC" in words:
        return f"the disk of {VENV} is full."
    if any(sign in words for sign in UNREACHABLE_SIGNS):
        return f"the package registry cannot be reached (all of it: {LOG})"
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith(("error", "npm error", "fatal"))] or lines
    return f"{telling[-1] if telling else 'it printed nothing'} (all of it: {LOG})"


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except InstallError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped. The next start continues from here.")
    except OSError as error:
        full = error.errno == 28
        sys.exit(f"The disk of {VENV} is full." if full else f"The installation failed: {error}")
