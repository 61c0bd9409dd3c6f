"""The loop that tries again: as long as it is told to, as late as it is asked to, and not after somebody has stopped it."""

from __future__ import annotations

import pytest

from labelapi.errors import StorageError, Unreachable
from labelapi.patience import LONGEST_WAIT_SECONDS, TryAgain, growing_wait, with_patience


class Attempts:
    """Fails in these ways, one after another, then returns."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.pauses: list[float] = []
        self.lines: list[str] = []

    def __call__(self) -> str:
        if self._failures:
            raise self._failures.pop(0)
        return "done"

    def run(self, seconds: float) -> str:
        return with_patience(self, seconds=seconds, pause=self.pauses.append, say=self.lines.append)


def test_pause_is_what_the_other_side_asks_for() -> None:
    attempts = Attempts(TryAgain("busy", 7.0), TryAgain("busy", 3.0), TryAgain("busy", 0.0))
    assert attempts.run(60) == "done"
    assert attempts.pauses == [7.0, 3.0, 0.0]
    assert attempts.lines == ["busy Trying again …"]


def test_pause_grows_and_is_bounded() -> None:
    waits = [growing_wait(number) for number in (0, 3, 100)]
    assert 0.4 <= waits[0] <= 0.6
    assert 3.2 <= waits[1] <= 4.8
    assert waits[2] <= LONGEST_WAIT_SECONDS * 1.2


def test_last_error_is_raised_when_patience_ends() -> None:
    with pytest.raises(StorageError, match="broken"):
        Attempts(TryAgain(StorageError("broken"), 5.0)).run(1)
    with pytest.raises(Unreachable, match="away"):
        Attempts(TryAgain("away", 5.0)).run(1)


def test_other_errors_pass_at_once() -> None:
    attempts = Attempts(StorageError("refused"))
    with pytest.raises(StorageError):
        attempts.run(60)
    assert attempts.pauses == []


def test_pause_may_end_everything() -> None:
    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        with_patience(Attempts(TryAgain("away")), seconds=60, pause=stop)
