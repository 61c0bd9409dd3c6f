"""What `make run` does where the console cannot be built: it says so and goes on, while the tests need the console."""

from pathlib import Path

import pytest

from local import install

NPM_SAYS = "npm error code ECONNREFUSED"


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The build fails as npm does without a network."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho '{NPM_SAYS}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(install, "PYTHON", program)
    monkeypatch.setattr(install, "LOG", tmp_path / "install.log")


@pytest.mark.usefixtures("offline")
def test_service_starts_without_a_console_that_cannot_be_built(capsys: pytest.CaptureFixture[str]) -> None:
    install.install_console("run")
    said = capsys.readouterr().out
    assert said.startswith("The web console could not be built: the package registry cannot be reached")
    assert said.endswith("LabelAPI starts without the console; the next start tries again.\n")


@pytest.mark.usefixtures("offline")
def test_tests_need_the_console() -> None:
    with pytest.raises(install.InstallError, match="The web console could not be built"):
        install.install_console("test")
