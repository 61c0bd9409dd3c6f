"""What a job reports to its runner while it works."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Checkpoint:
    """A point at which the runner commits everything so far: `done` of `total` items, of a total that may still grow.

    No total means that the total has not changed. A job also yields one before it waits for another system, so that no
    transaction stays open meanwhile, and so that a run which was superseded ends there.
    """

    done: int
    total: int | None = None


class RetryAfter(Exception):
    """The work cannot go on before `until`; the message says why, in one sentence for the caller."""

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(reason)
        self.until = until
        self.reason = reason


class Failed(Exception):
    """The work cannot be done as things stand; the message says why, in one sentence for the caller without secrets.

    A `final` one will not pass by itself: the job is failed at once, and retried when somebody has changed something.
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final
