"""Rows about starting, and about being there."""

import time
from collections.abc import Iterator

from bench.measure import Row, compare
from bench.reads import bare_server
from bench.service import Service, web_processes

MOST_MEGABYTES = 150


def start(service: Service) -> Iterator[Row]:
    """The time from the command to the first answer, and the memory of a process at rest."""

    def ours() -> None:
        with service.web():
            pass

    def bare() -> None:
        with bare_server(service):
            pass

    yield Row("start of web to the first answer, and stop", "a bare Flask app", *compare(ours, bare, 5), 3)
    with service.web() as server:
        connection = service.connect(server)
        for _ in range(50):
            connection.send("GET", "/api/v1/whoami")
        time.sleep(1)
        memory = max(process.memory_info().rss for process in web_processes(server)) / 1e6
    yield Row("memory of a web process at rest", "the goal", memory, MOST_MEGABYTES, memory / MOST_MEGABYTES, 1, "MB")
