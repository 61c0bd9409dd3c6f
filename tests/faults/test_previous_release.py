"""While a release is rolled out, the web processes and workers of the one before work on its schema."""

import re
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import httpx2
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from azure.storage.blob import BlobServiceClient, ContainerClient
from flask import Flask

from app.settings import Settings
from tests.caller import Caller
from tests.faults.conftest import RECOVERY_LIMIT_SECONDS
from tests.faults.holds import Stage, wait_until
from tests.faults.installation import web
from tests.faults.test_killed_workers import Labels, Uploads, is_done
from tests.web_server import free_port
from tests.workers import ROOT, worker

pytestmark = pytest.mark.timeout(300)


def git(*arguments: str) -> str:
    """Return what git says; skip the test where there is no git or no such commit."""
    program = shutil.which("git")
    if program is None:
        pytest.skip("There is no git to find the release before.")
    run = subprocess.run([program, "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"The history that is here does not hold the release before: {run.stderr.strip()}")
    return run.stdout.strip()


@pytest.fixture
def old_code(tmp_path: Path) -> Path:
    """The code as it was before the newest migration was added."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    newest = ScriptDirectory.from_config(config).get_revision("head")
    added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(newest.path))
    if not added:
        pytest.skip("The newest migration is not committed yet.")
    archive = tmp_path / "old.tar"
    git("archive", "--output", str(archive), f"{added}^")
    with tarfile.open(archive) as files:
        files.extractall(tmp_path / "old", filter="data")
    assert not (tmp_path / "old" / "migrations" / "versions" / Path(newest.path).name).exists()
    install_missing(tmp_path / "old")
    return tmp_path / "old"


def install_missing(folder: Path) -> None:
    """Put the packages that only the release before needs beside its code, at the version it was released with."""
    pins = re.findall(r"^([\w.-]+)==([^ ;\\]+)((?:.*\\\n)*.*)", (folder / "requirements.txt").read_text(), re.MULTILINE)
    missing = [f"{name}=={pinned}{rest}" for name, pinned, rest in pins if not is_installed(name)]
    if missing:
        wanted = folder / "missing.txt"
        wanted.write_text("\n".join(missing) + "\n")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--target", str(folder), "-r", str(wanted)], check=True)


def is_installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def test_the_release_before_works_on_the_newest_schema(
    old_code: Path,
    admin: Caller,
    app: Flask,
    settings: Settings,
    stage: Stage,
    storage: BlobServiceClient,
    container: ContainerClient,
    title: str,
) -> None:
    own = settings.model_copy(update={"port": free_port()})
    with (
        web(own, old_code),
        worker(own, old_code),
        httpx2.Client(base_url=f"http://127.0.0.1:{own.port}", timeout=30) as http,
    ):
        caller = Caller(http, admin.key, admin.secret)  # type: ignore[arg-type]  # It asks for as much as a client.
        uploads = Uploads(caller, stage.session, storage, container, title)
        labels = Labels(caller, stage.session, app, settings, container, title)
        # Not every release before makes a snapshot of what it publishes.
        for begin, check in ((uploads.begin, uploads.check), (labels.begin, labels.check_files)):
            begin()
            wait_until(lambda: is_done(stage.session), "the end of all jobs", RECOVERY_LIMIT_SECONDS)
            check()
