"""What Prometheus reads: counts of requests, submissions and runs of jobs as they happen."""

import bisect
import collections
from collections.abc import Iterable
from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

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
    "Time that one run of a job took, and how it ended: succeeded, queued (again) or failed.",
    ["kind", "state"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400),
)

# RFC 9110, 9.1 and RFC 5789. Any other word may stand in a request too, and must not make a series of its own.
METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})


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


def render(database: Collector, multiprocess_folder: str | None) -> bytes:
    """Return the text that Prometheus reads: the counts of `database`, and those of all processes that share the folder."""
    registry = CollectorRegistry()
    registry.register(database)
    if multiprocess_folder:
        MultiProcessCollector(registry, multiprocess_folder)  # type: ignore[no-untyped-call]
    else:
        for metric in (REQUESTS, LATENCY, BOXES):
            registry.register(metric)
    return generate_latest(registry)


def serve(host: str, port: int) -> None:
    """Serve what this process counts itself, at every path of a port, until it ends. Raises OSError."""
    start_http_server(port, host, REGISTRY)
