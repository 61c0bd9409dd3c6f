"""Waiting for background jobs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labelapi import models
    from labelapi.api import LabelAPI

ENDED = ("succeeded", "failed", "cancelled")
FIRST_LOOK_SECONDS, LONGEST_LOOK_SECONDS = 0.2, 2.0


def watch(fetch: Callable[[], Any], see: Callable[[Any], None], *, is_over: Callable[[Any], bool] | None = None) -> Any:
    """Fetch a job again and again, and return it when it has ended; `see` gets it each time."""
    pause = FIRST_LOOK_SECONDS
    while True:
        job = fetch()
        see(job)
        if (is_over or has_ended)(job):
            return job
        time.sleep(pause)
        pause = min(LONGEST_LOOK_SECONDS, pause * 1.4)


def has_ended(job: Any) -> bool:
    """True when nothing will happen to a job by itself any more."""
    return bool(job and job["state"] in ENDED)


def watch_ingest(api: LabelAPI, imageset_id: int, see: Callable[[Any], None]) -> models.ImageSet:
    """Wait until the uploads of an image set are ingested, and return it; `see` gets the job each time."""
    watch(lambda: api.get_image_set(imageset_id)["ingest"], see)
    return api.get_image_set(imageset_id)


def watch_inspection(api: LabelAPI, imageset_id: int, see: Callable[[Any], None]) -> models.ImageSet:
    """Wait until the files of an image set are inspected, which finds duplicates and broken pictures; return the set."""

    def fetch() -> Any:
        for job in api.jobs(kind="inspect_image_set"):
            if job["subject"] == {"type": "image_set", "id": imageset_id}:
                return job
        return None

    watch(fetch, see, is_over=lambda job: job is None or has_ended(job))
    return api.get_image_set(imageset_id)
