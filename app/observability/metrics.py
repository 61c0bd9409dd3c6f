"""What Prometheus reads: requests and runs as they happen, and the stock of jobs, images and labels as the database has it."""

import bisect
import collections
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.database.outages import set_statement_timeout

STOCK_SECONDS = 30
# Counting reads whole tables: however large they get, it takes no more than this share of one connection's time.
STOCK_SHARE = 1 / 20
STATEMENT_TIMEOUT_SECONDS = 10

REQUESTS = Counter("labelapi_requests", "Answered requests.", ["method", "operation", "status"])
LATENCY = Histogram(
    "labelapi_request_seconds",
    "Time from the first byte of a request to the last byte of its answer.",
    ["method", "operation"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
BOXES = Histogram(
    "labelapi_boxes_per_image",
    "Objects on each submitted image.",
    buckets=(0, 1, 2, 5, 10, 20, 50, 100, 200, 500),
)
RUNS = Histogram(
    "labelapi_run_seconds",
    "Time that one run of a job took, and how it ended: succeeded, queued (put back) or failed.",
    ["kind", "state"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400),
)

# RFC 9110, 9.1 and RFC 5789. Any other word may stand in a request too, and must not make a series of its own.
METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})

Rows = Sequence[Any]


def observe_request(method: str, operation: str, status: int, seconds: float) -> None:
    """Count one answered request; `operation` is the operationId, so that ids in paths make no new series.

    An unknown method is counted as `other`.
    """
    method = method if method in METHODS else "other"
    _answers(method, operation, status).inc()
    _latency(method, operation).observe(seconds)


# The library makes texts of the labels, and looks them up under a lock.
_answers, _latency = cache(REQUESTS.labels), cache(LATENCY.labels)


def observe_submission(boxes_per_image: Iterable[int]) -> None:
    """Count the objects on each image of an accepted submission, each distinct number once."""
    for boxes, images in collections.Counter(boxes_per_image).items():
        # The library observes one value at a time, which takes a second for the 250,000 images of a large submission.
        BOXES._sum.inc(boxes * images)
        BOXES._buckets[bisect.bisect_left(BOXES._upper_bounds, boxes)].inc(images)


def observe_run(kind: str, state: str, seconds: float) -> None:
    """Count one run of a job that ended in `state`."""
    RUNS.labels(kind, state).observe(seconds)


def _jobs(rows: Rows) -> Iterator[Metric]:
    family = GaugeMetricFamily("labelapi_jobs", "Background jobs by state.", labels=["kind", "state"])
    for kind, state, count in rows:
        family.add_metric([kind, state], count)
    yield family


def _durations(rows: Rows) -> Iterator[Metric]:
    jobs = CounterMetricFamily("labelapi_jobs_succeeded", "Jobs that succeeded.", labels=["kind"])
    seconds = CounterMetricFamily(
        "labelapi_job_seconds", "Time from first start to end of jobs that succeeded.", labels=["kind"]
    )
    for kind, count, duration in rows:
        jobs.add_metric([kind], count)
        seconds.add_metric([kind], duration)
    yield from (jobs, seconds)


def _waiting(rows: Rows) -> Iterator[Metric]:
    [(seconds,)] = rows
    yield GaugeMetricFamily("labelapi_job_waiting_seconds", "Age of the oldest job that no worker took yet.", seconds)


def _images(rows: Rows) -> Iterator[Metric]:
    [(count, size)] = rows
    yield GaugeMetricFamily("labelapi_images_available", "Registered images.", count)
    yield GaugeMetricFamily("labelapi_stored_bytes", "Size of all registered files.", size)


def _labeled(rows: Rows) -> Iterator[Metric]:
    [(labeled,)] = rows
    yield GaugeMetricFamily("labelapi_images_labeled", "Images that are labeled in one campaign or more.", labeled)


def _campaign_images(rows: Rows) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "labelapi_campaign_images", "Images in campaigns, by status of the campaign.", labels=["status", "labeled"]
    )
    for status, done, todo in rows:
        family.add_metric([status, "true"], done)
        family.add_metric([status, "false"], todo)
    yield family


STOCK: list[tuple[str, Callable[[Rows], Iterator[Metric]]]] = [
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
class Stock(Collector):
    """Counts that come from the database. They are kept for a while, because they read whole tables.

    What cannot be read is left out: no number is better than an old one that looks new.
    """

    engine: Engine
    _families: list[Metric] = field(default_factory=list)
    _until: float = 0.0
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def collect(self) -> Iterator[Metric]:
        """Yield the families; those of statements that PostgreSQL did not answer in time are missing."""
        # Who comes while another one reads takes what there is, so that no scrapes queue up behind a slow database.
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
                self._families = [family for item in STOCK for family in _ask(connection, *item)]
        except SQLAlchemyError:
            self._families = []
        ended = time.monotonic()
        self._until = ended + max(STOCK_SECONDS, (ended - started) / STOCK_SHARE)


def _ask(connection: Connection, statement: str, families: Callable[[Rows], Iterator[Metric]]) -> list[Metric]:
    try:
        with connection.begin():
            set_statement_timeout(connection, STATEMENT_TIMEOUT_SECONDS)
            return list(families(connection.execute(text(statement)).all()))
    except SQLAlchemyError:
        if connection.invalidated:
            raise
        return []


def render(stock: Stock, multiprocess_folder: str | None) -> bytes:
    """Return the text that Prometheus reads, of all processes that share the folder."""
    registry = CollectorRegistry()
    registry.register(stock)
    if multiprocess_folder:
        MultiProcessCollector(registry, multiprocess_folder)  # type: ignore[no-untyped-call]
    else:
        for metric in (REQUESTS, LATENCY, BOXES):
            registry.register(metric)
    return generate_latest(registry)


def serve(host: str, port: int) -> None:
    """Serve what this process counts itself, at every path of a port, until it ends. Raises OSError."""
    start_http_server(port, host, REGISTRY)
