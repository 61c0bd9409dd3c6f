"""Three ratios of the table within a minute, against wide margins: `make bench-check`, which runs before each change lands.

It catches work that has become several times slower. `make bench` measures the goals themselves, on an idle machine.
"""

import sys
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from functools import partial

from bench import reads, submissions
from bench.measure import Row, table
from bench.service import Service, running_service

# How many times worse than its goal a ratio may be, which is more than the noise of a shared machine.
MARGIN = 2.5
# Only the first row of each is measured.
CHECKED: tuple[Callable[[Service], Generator[Row, None, None]], ...] = (
    submissions.put_objects,
    partial(reads.image_pages, count=10_000),
    partial(reads.small_requests, seconds=1),
)


# A ratio that is not reached is measured again: what has become slow is slow each time, and a busy machine is not.
TRIES = 3


def check(measure: Callable[[Service], Generator[Row, None, None]], service: Service) -> Row:
    """Return the row with its wider goal: the first that reaches it, or the last of TRIES."""
    for _ in range(TRIES):
        with closing(measure(service)) as rows:
            row = next(rows)
        goal = row.goal / MARGIN if row.at_least else row.goal * MARGIN
        row = replace(row, goal=goal, at_most=None)
        if row.holds:
            break
    return row


def main() -> int:
    """Measure, print the rows, and return the exit code: 1 when a ratio is worse than its goal by more than MARGIN."""
    with running_service() as service:
        checked = [check(measure, service) for measure in CHECKED]
    print(table(checked))
    return 0 if all(row.holds for row in checked) else 1


if __name__ == "__main__":
    sys.exit(main())
