"""The counts of jobs, images and labels that Prometheus reads from the database."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.database.outages import set_statement_timeout

FRESH_SECONDS = 30
# Counting reads whole tables: however large they get, it takes no more than this share of one connection's time.
READING_SHARE = 1 / 20
STATEMENT_TIMEOUT_SECONDS = 10


def _jobs(rows: Sequence[Any]) -> Iterator[Metric]:
    family = GaugeMetricFamily("labelapi_jobs", "Background jobs by state.", labels=["kind", "state"])
    for kind, state, count in rows:
        family.add_metric([kind, state], count)
    yield family


def _durations(rows: Sequence[Any]) -> Iterator[Metric]:
    jobs = CounterMetricFamily("labelapi_jobs_succeeded", "Jobs that succeeded.", labels=["kind"])
    seconds = CounterMetricFamily(
        "labelapi_job_seconds", "Time from first start to end of jobs that succeeded.", labels=["kind"]
    )
    for kind, count, duration in rows:
        jobs.add_metric([kind], count)
        seconds.add_metric([kind], duration)
    yield from (jobs, seconds)


def _waiting(rows: Sequence[Any]) -> Iterator[Metric]:
    [(seconds,)] = rows
    yield GaugeMetricFamily("labelapi_job_waiting_seconds", "Age of the oldest job that no worker took yet.", seconds)


def _images(rows: Sequence[Any]) -> Iterator[Metric]:
    [(count, size)] = rows
    yield GaugeMetricFamily("labelapi_images_available", "Registered images.", count)
    yield GaugeMetricFamily("labelapi_stored_bytes", "Size of all registered files.", size)


def _labeled(rows: Sequence[Any]) -> Iterator[Metric]:
    [(labeled,)] = rows
    yield GaugeMetricFamily("labelapi_images_labeled", "Images that are labeled in one campaign or more.", labeled)


def _campaign_images(rows: Sequence[Any]) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "labelapi_campaign_images", "Images in campaigns, by status of the campaign.", labels=["status", "labeled"]
    )
    for status, done, todo in rows:
        family.add_metric([status, "true"], done)
        family.add_metric([status, "false"], todo)
    yield family


STATEMENTS: list[tuple[str, Callable[[Sequence[Any]], Iterator[Metric]]]] = [
    ("SELECT kind, state, count(*) FROM job GROUP BY kind, state", _jobs),
    (
        "SELECT kind, count(*), extract(epoch FROM sum(date_finished - date_started))::float8 FROM job"
        " WHERE state = 'succeeded' GROUP BY kind",
        _durations,
    ),
    (
        "SELECT coalesce(extract(epoch FROM now() - min(date_created)), 0)::float8 FROM job"
        " WHERE state = 'queued' AND attempts = 0",
        _waiting,
    ),
    ("SELECT count(*), coalesce(sum(filesize), 0)::bigint FROM image", _images),
    ("SELECT count(DISTINCT image_id) FROM campaign_image WHERE submission_id IS NOT NULL", _labeled),
    (
        "SELECT status, sum(labeled_count)::bigint, sum(image_count - labeled_count)::bigint"
        " FROM campaign GROUP BY status",
        _campaign_images,
    ),
]


@dataclass(eq=False)  # The registry keeps its collectors in a mapping, by identity.
class DatabaseCollector(Collector):
    """Counts that come from the database. They are kept for a while, because they read whole tables.

    What cannot be read is left out: no number is better than an old one that looks new.
    """

    engine: Engine
    _families: list[Metric] = field(default_factory=list)
    _until: float = 0.0
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def collect(self) -> Iterator[Metric]:
        """Yield the families; those of statements that PostgreSQL did not answer in time are missing."""
        # A scrape during another one's reading gets the last counts, so that no scrapes queue up for a slow database.
        if time.monotonic() > self._until and self._reading.acquire(blocking=False):
            try:
                self._read()
            finally:
                self._reading.release()
        yield from self._families

    def clear(self) -> None:
        """Forget what was read, so that the next one who asks gets what is true then."""
        self._until = 0.0

    def _read(self) -> None:
        started = time.monotonic()
        try:
            with self.engine.connect() as connection:
                self._families = [family for item in STATEMENTS for family in _read_families(connection, *item)]
        except SQLAlchemyError:
            self._families = []
        ended = time.monotonic()
        self._until = ended + max(FRESH_SECONDS, (ended - started) / READING_SHARE)


def _read_families(
    connection: Connection, statement: str, make_families: Callable[[Sequence[Any]], Iterator[Metric]]
) -> list[Metric]:
    try:
        with connection.begin():
            set_statement_timeout(connection, STATEMENT_TIMEOUT_SECONDS)
            return list(make_families(connection.execute(text(statement)).all()))
    except SQLAlchemyError:
        if connection.invalidated:
            raise
        return []
