"""What Prometheus reads: requests as they happen, and the stock of jobs, images and labels as the database has it."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

STOCK_SECONDS = 30
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

STOCK = {
    "jobs": text("SELECT kind, state, count(*) FROM job GROUP BY kind, state"),
    "durations": text(
        "SELECT kind, count(*), extract(epoch FROM sum(date_finished - date_started))::float8 FROM job"
        " WHERE state = 'succeeded' GROUP BY kind"
    ),
    "images": text("SELECT count(*), coalesce(sum(filesize), 0)::bigint FROM image"),
    "campaign_images": text(
        "SELECT status, sum(labeled_count)::bigint, sum(image_count - labeled_count)::bigint FROM campaign GROUP BY status"
    ),
}


def observe_request(method: str, operation: str, status: int, seconds: float) -> None:
    """Count one answered request; `operation` is the operationId, so that ids in paths make no new series."""
    REQUESTS.labels(method, operation, status).inc()
    LATENCY.labels(method, operation).observe(seconds)


def observe_submission(boxes_per_image: Iterable[int]) -> None:
    """Count the objects on each image of an accepted submission."""
    for count in boxes_per_image:
        BOXES.observe(count)


@dataclass
class Stock(Collector):
    """Counts that come from the database; asked for at most once in STOCK_SECONDS, because they read whole tables."""

    engine: Engine
    _kept: dict[str, list[Any]] = field(default_factory=dict)
    _until: float = 0.0

    def collect(self) -> Iterator[Metric]:
        """Yield the families; none while the database does not answer."""
        if time.monotonic() > self._until:
            try:
                self._kept = self._read()
            except SQLAlchemyError:
                return
            self._until = time.monotonic() + STOCK_SECONDS
        yield from _families(self._kept)

    def _read(self) -> dict[str, list[Any]]:
        with self.engine.connect() as connection:
            connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'"))
            return {name: list(connection.execute(statement)) for name, statement in STOCK.items()}


def _families(rows: dict[str, list[Any]]) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("labelapi_jobs", "Background jobs by state.", labels=["kind", "state"])
    for kind, state, count in rows["jobs"]:
        jobs.add_metric([kind, state], count)
    runs = CounterMetricFamily("labelapi_job_runs", "Jobs that succeeded.", labels=["kind"])
    seconds = CounterMetricFamily("labelapi_job_seconds", "Time that succeeded jobs took.", labels=["kind"])
    for kind, count, duration in rows["durations"]:
        runs.add_metric([kind], count)
        seconds.add_metric([kind], duration)
    [(count, stored)] = rows["images"]
    images = GaugeMetricFamily("labelapi_images_available", "Registered images.", value=count)
    size = GaugeMetricFamily("labelapi_stored_bytes", "Size of all registered files.", value=stored)
    labeled = GaugeMetricFamily(
        "labelapi_campaign_images", "Images in campaigns, by status of the campaign.", labels=["status", "labeled"]
    )
    for status, done, todo in rows["campaign_images"]:
        labeled.add_metric([status, "true"], done)
        labeled.add_metric([status, "false"], todo)
    yield from (jobs, runs, seconds, images, size, labeled)


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
