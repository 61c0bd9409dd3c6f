"""A checker of histories: is there an order, one after the other, that explains every answer and what is there at the end?

The idea is that of linearizability (Herlihy and Wing, 1990) as Jepsen checks it: an operation takes effect at one moment
between its request and its answer. So one that was answered before another was sent comes before it; all others may come in
any order.
"""

import operator
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True)
class Event:
    """One request and its answer: what was asked, the status, what was read, and when, by the monotonic clock."""

    asked: tuple[Hashable, ...]
    status: int | None
    began: float
    ended: float
    seen: Hashable = None


Step = Callable[[State, Event], State | None]


def explain(
    events: list[Event],
    begin: State,
    step: "Step[State]",
    end: State,
    is_seen_as: Callable[[State, State], bool] = operator.eq,
) -> list[Event] | None:
    """Return the events in an order that explains them, or None when there is none.

    `step` returns the state after an event, or None where the event could not have had its answer in the state before.
    `is_seen_as` tells whether a state is seen as `end`, where a part of it cannot be read.
    """
    hopeless: set[tuple[frozenset[Event], State]] = set()

    def search(left: frozenset[Event], state: State) -> list[Event] | None:
        if not left:
            return [] if is_seen_as(state, end) else None
        if (left, state) in hopeless:
            return None
        first_answer = min(event.ended for event in left)
        for event in left:
            after = step(state, event) if event.began <= first_answer else None
            rest = None if after is None else search(left - {event}, after)
            if rest is not None:
                return [event, *rest]
        hopeless.add((left, state))
        return None

    return search(frozenset(events), begin)
