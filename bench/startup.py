"""Rows about starting, and about being there."""

import statistics
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

from bench.measure import Row
from bench.reads import bare_server
from bench.service import Service, web_processes

MOST_MEGABYTES = 150


def start(service: Service) -> Iterator[Row]:
    """The time from the command to the first answer, and the memory of a process at rest."""

    pairs = [(_seconds(service.web()), _seconds(bare_server(service))) for _ in range(9)]
    ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(first / second for first, second in pairs)
    yield Row("start of web to the first answer", "a bare Flask app", ours * 1000, bare * 1000, ratio, 3.5)
    with service.web() as server:
        connection = service.connect(server)
        for _ in range(50):
            connection.send("GET", "/api/v1/whoami")
        time.sleep(1)
        memory = max(process.memory_info().rss for process in web_processes(server)) / 1e6
    yield Row("memory of a web process at rest", "the goal", memory, MOST_MEGABYTES, memory / MOST_MEGABYTES, 1, "MB")


def _seconds(server: AbstractContextManager[object]) -> float:
    """Return how long a server takes from its start to its first answer, and stop it."""
    begin = time.perf_counter()
    with server:
        return time.perf_counter() - begin
