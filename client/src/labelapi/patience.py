"""The one loop that tries again: for requests to the service and to the storage."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from labelapi.errors import LabelAPIError, Unreachable

if TYPE_CHECKING:
    import httpx

Result = TypeVar("Result")
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 15.0


class TryAgain(Exception):
    """An attempt failed, and a later one may not: `error` is raised when the patience ends; `after` is in seconds."""

    def __init__(self, error: LabelAPIError | str, after: float | None = None) -> None:
        self.error = Unreachable(error) if isinstance(error, str) else error
        self.after = after
        super().__init__(self.error.message)


def with_patience(
    attempt: Callable[[], Result],
    *,
    seconds: float,
    pause: Callable[[float], object] = time.sleep,
    say: Callable[[str], None] = lambda line: None,
) -> Result:
    """Return what an attempt returns, after as many as fit into the seconds.

    An attempt raises TryAgain when another one is worth it. The pause before that is as long as the other side asks for, else
    longer each time. `pause` may raise to end everything. Raises the error of the last attempt.
    """
    deadline = time.monotonic() + seconds
    number = 0
    while True:
        try:
            return attempt()
        except TryAgain as failure:
            wait = growing_wait(number) if failure.after is None else failure.after
            if time.monotonic() + wait > deadline:
                raise failure.error from failure.__cause__
            if number == 1:
                say(f"{failure.error.message} Trying again …")
        number += 1
        pause(wait)


def growing_wait(number: int) -> float:
    """Return the seconds to wait after the failure of this number, counted from 0; random, so that not all come at once."""
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(number, 10))
    return float(longest * random.uniform(0.8, 1.2))  # noqa: S311  # Not a secret.


def asked_wait(response: httpx.Response) -> float | None:
    """Return the seconds that the other side asks to wait, or None."""
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else None
