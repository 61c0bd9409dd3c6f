"""Measuring: two ways of doing the same take turns, and their ratio is what counts, because machines differ and are shared."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `ours` and `limit` are medians in `unit`; `goal` is the ratio that is aimed at. `at_most` is a figure in `unit` that `ours`
    must not exceed either.
    """

    what: str
    against: str
    ours: float
    limit: float
    ratio: float
    goal: float
    unit: str = "ms"
    at_least: bool = False
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """True when the ratio reaches its goal, and the figure is small enough."""
        if self.at_most is not None and self.ours > self.at_most:
            return False
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    @property
    def cells(self) -> list[str]:
        """The line's cells as text."""
        sign = "≥" if self.at_least else "≤"
        most = "" if self.at_most is None else f", {self.at_most:g} {self.unit}"
        figures = [
            f"{value:,.0f} {self.unit}" if value >= 10 else f"{value:.2g} {self.unit}"
            for value in (self.ours, self.limit)
        ]
        return [
            self.what,
            self.against,
            *figures,
            f"{self.ratio:.2f}",
            f"{sign} {self.goal:g}{most}",
            "yes" if self.holds else "**no**",
        ]


TITLES = ["what", "limit", "ours", "limit's", "ratio", "goal", "holds"]


def table(rows: list[Row]) -> str:
    """Return the lines as a table in Markdown."""
    lines = [TITLES, ["---"] * len(TITLES), *(row.cells for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def compare(
    ours: Callable[[], object], limit: Callable[[], object], rounds: int, prepare: Callable[[], object] = lambda: None
) -> tuple[float, float, float]:
    """Return the median milliseconds of both, and the median of the rounds' ratios; each goes first every second time.

    `prepare` is called before each round and is not measured.
    """
    prepare(), ours(), limit()  # What is done once only, such as compiling and filling caches, is not measured.
    pairs = []
    for number in range(rounds):
        prepare()
        if number % 2:
            second = milliseconds(limit)
            first = milliseconds(ours)
        else:
            first = milliseconds(ours)
            second = milliseconds(limit)
        pairs.append((first, second))
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(first / second for first, second in pairs),
    )


def compare_rates(ours: Callable[[], float], limit: Callable[[], float], rounds: int = 5) -> tuple[float, float, float]:
    """Return the median rates of both, and the median of the rounds' ratios."""
    pairs = [(ours(), limit()) for _ in range(rounds)]
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(first / second for first, second in pairs),
    )
