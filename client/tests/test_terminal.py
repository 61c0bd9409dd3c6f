"""What a person at a terminal sees: a hidden secret, bars, colors or none, and questions."""

from __future__ import annotations

import errno
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Service, Shell
from test_upload import make_files

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals.", allow_module_level=True)

import pty

DEADLINE_SECONDS = 100


class Terminal:
    """A command on a pseudo-terminal."""

    def __init__(self, shell: Shell, *arguments: object, **variables: str) -> None:
        self._ours, theirs = pty.openpty()
        environment = {**shell.environment, "TERM": "xterm-256color", "COLUMNS": "100", **variables}
        environment.pop("NO_COLOR", None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "labelapi.cli.main", *(str(each) for each in arguments)],
            env={**environment, **variables},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def see(self, words: str) -> None:
        """Wait until the terminal shows this."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while words not in self.shown:
            assert self._read(deadline), self.shown

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        """Read to the end, and return the exit code."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self._read(deadline):
            pass
        return self._process.wait(DEADLINE_SECONDS)

    def _read(self, deadline: float) -> bool:
        assert select.select([self._ours], [], [], max(0, deadline - time.monotonic()))[0], self.shown
        try:
            more = os.read(self._ours, 10_000)
        except OSError as error:
            # Linux says so when the other end is closed.
            if error.errno != errno.EIO:
                raise
            return False
        self.shown += more.decode(errors="replace")
        return bool(more)


def test_login_asks_and_does_not_show_the_secret(service: Service, stranger: Shell) -> None:
    with Terminal(stranger, "login", service.url) as terminal:
        terminal.see("Key")
        terminal.type(service.key)
        terminal.see("Secret")
        terminal.type(service.secret)
        assert terminal.ended() == 0, terminal.shown
    assert service.secret not in terminal.shown
    assert "image-admin" in terminal.shown


def test_upload_has_a_bar_and_is_interrupted_with_words(shell: Shell, title: str, tmp_path: Path) -> None:
    make_files(tmp_path / "photos", tuple(f"{number}.png" for number in range(2000)))
    with Terminal(shell, "upload", tmp_path / "photos", "--set", title, "--threads", "1") as terminal:
        terminal.see("/2000 files")
        terminal.interrupt()
        assert terminal.ended() == 130, terminal.shown
    assert "Uploading" in terminal.shown
    assert re.search(r"Interrupted\. What was sent stays; .*labelapi upload", terminal.shown.replace("\r\n", " "))
    assert "Traceback" not in terminal.shown


def test_progress_is_shown_in_place(shell: Shell, campaign: Any, title: str) -> None:
    with Terminal(shell, "campaigns", "progress", title, "--watch") as terminal:
        terminal.see("Expected end")
        terminal.shown = ""
        # The next picture begins with going up over the one before.
        terminal.see("\x1b[1A")
        terminal.interrupt()
        assert terminal.ended() == 130, terminal.shown
    assert f"labelapi campaigns progress {title} --watch" in terminal.shown.replace("\r\n", "")


def test_question_is_asked_and_no_is_the_answer(shell: Shell, campaign: Any, title: str) -> None:
    with Terminal(shell, "campaigns", "finish", title) as terminal:
        terminal.see("[y/N]")
        terminal.type("")
        assert terminal.ended() == 2
    assert "3 images are not done" in terminal.shown
    assert shell.run("campaigns", "show", title, "--json").json["status"] == campaign["status"]


def test_colors_are_off_when_nobody_wants_them(shell: Shell, campaign: Any) -> None:
    assert campaign
    bold = "\x1b[1m"
    with Terminal(shell, "campaigns", "list") as terminal:
        assert terminal.ended() == 0
    assert bold in terminal.shown
    with Terminal(shell, "campaigns", "list", NO_COLOR="1") as terminal:
        assert terminal.ended() == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", terminal.shown)
