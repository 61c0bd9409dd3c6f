"""The web console's pages: built from `console/` by Vite, and left where the web server looks for them."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.azurite import NODE_ENVIRONMENT, PACKAGE_FILES, find_node
from local.folder import CHECKOUT, StartError

SOURCE = CHECKOUT / "console"
PACKAGES = SOURCE / "node_modules"
BUILT = CHECKOUT / "app" / "web" / "console" / "built"
# Each holds the hash of what the folder was made of.
PACKAGES_STAMP, BUILT_STAMP = PACKAGES / ".made-of", BUILT / ".made-of"
# Folders of the source that are made, or that no page comes from.
LEFT_OUT = ("node_modules", "dist")


def install_console(*, for_checks: bool = False) -> bool:
    """Install the packages and build the pages, each where it has changed; return whether anything was done.

    `for_checks` also installs the type checker and what the browser tests use. Raises StartError.
    """
    with _alone():
        if not for_checks and is_built():
            return False
        try:
            installed = install_packages(for_checks=for_checks)
            built = build()
        except BaseException:
            if not is_built():
                # Half of the files, or those of an earlier source, would make a page that does not fit the service.
                shutil.rmtree(BUILT, ignore_errors=True)
            raise
    return installed or built


def is_built() -> bool:
    """Return whether the built pages are those of the present source."""
    return _read(BUILT_STAMP) == _fingerprint(source_files())


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other process builds the same pages."""
    with (SOURCE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_packages(*, for_checks: bool) -> bool:
    """Install what package-lock.json pins; return whether it was missing. Raises StartError."""
    expected = _fingerprint([SOURCE / name for name in PACKAGE_FILES])
    known = _read(PACKAGES_STAMP)
    if known == f"{expected} all" or (known == f"{expected} run" and not for_checks):
        return False
    node, cache = find_node(), SOURCE / ".npm-cache"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", f"--cache={cache}"]
    if not for_checks:
        options.append("--omit=dev")
    try:
        _call([*node.npm, "ci", *options], "npm ci")
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    PACKAGES_STAMP.write_text(f"{expected} {'all' if for_checks else 'run'}")
    return True


def build() -> bool:
    """Build the pages; return whether they were not of the present source. Raises StartError."""
    expected = _fingerprint(source_files())
    if _read(BUILT_STAMP) == expected:
        return False
    _call([*find_node().npm, "run", "--silent", "build"], "The build of the console")
    BUILT_STAMP.write_text(expected)
    return True


def source_files() -> list[Path]:
    """Return every file that the pages depend on, in a fixed order."""
    files = []
    for folder, folders, names in os.walk(SOURCE):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT and not name.startswith("."))
        files += [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
    return files


def _fingerprint(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(SOURCE)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _read(stamp: Path) -> str:
    return stamp.read_text() if stamp.is_file() else ""


def _call(command: list[str], name: str) -> None:
    path = f"{Path(find_node().program).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, **NODE_ENVIRONMENT, "PATH": path}
    status = subprocess.run(command, cwd=SOURCE, env=environment, check=False).returncode
    if status:
        raise StartError(f"{name} ended with status {status}.")
