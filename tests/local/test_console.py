"""How the console is built: when its source has changed, by one process at a time, and never half."""

import shutil
from pathlib import Path

import pytest

from local import console
from local.folder import StartError


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the console's source, with the installed packages, whose pages go into a folder beside it."""
    console.install_console(for_checks=True)
    folder = tmp_path / "console"
    shutil.copytree(console.SOURCE, folder, ignore=shutil.ignore_patterns("node_modules", ".npm-cache", ".lock"))
    (folder / "node_modules").symlink_to(console.PACKAGES)
    built = tmp_path / "app" / "web" / "console" / "built"
    packages = folder / "node_modules"
    for name, value in {
        "SOURCE": folder,
        "PACKAGES": packages,
        "PACKAGES_STAMP": packages / ".made-of",
        "BUILT": built,
        "BUILT_STAMP": built / ".made-of",
    }.items():
        monkeypatch.setattr(console, name, value)
    return folder


@pytest.mark.slow
def test_pages_are_built_when_the_source_changes(source: Path) -> None:
    assert not console.is_built()
    assert console.install_console() is True
    assert (console.BUILT / "index.html").is_file()
    assert console.install_console() is False
    (source / "src" / "style.css").write_text("body { margin: 1px }")
    assert not console.is_built()
    assert console.install_console() is True
    assert console.is_built()


@pytest.mark.slow
def test_build_that_fails_leaves_no_pages(source: Path) -> None:
    console.install_console()
    (source / "src" / "main.tsx").write_text("import { nothing } from './nowhere';")
    with pytest.raises(StartError, match="build of the console ended with status"):
        console.install_console()
    assert not console.BUILT.exists()


@pytest.mark.slow
def test_packages_that_cannot_be_fetched_leave_no_pages(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console.install_console()
    # A port where nothing listens; and a lock file that no installed package was made of.
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    (source / "node_modules").unlink()
    lock = source / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    with pytest.raises(StartError, match="npm ci ended with status"):
        console.install_console()
    assert not console.BUILT.exists()
