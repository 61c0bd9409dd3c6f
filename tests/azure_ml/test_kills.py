"""A worker that is killed again and again while it registers: one version of each dataset all the same."""

import random
import time

import pytest

from app.settings import Settings
from tests.azure_ml.fake_azure import FakeAzure, Fault
from tests.azure_ml.test_datasets import job_of, once, registered
from tests.caller import Caller
from tests.conftest import Labelled
from tests.workers import worker

KILLS = 10
LONGEST_SECONDS = {"v1": 14.0, "v2": 5.0}
PATIENCE_SECONDS = 90


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.usefixtures("app")
def test_ten_kills_leave_one_version_of_each_dataset(
    admin: Caller, azure: FakeAzure, api: str, configured: Settings, finished: Labelled
) -> None:
    # Each request takes a while, so that the kills meet every one of them, before its effect and behind it.
    azure.faults.append(Fault("eastus|/data/", count=10_000, delay_seconds=0.4, after_effect=True))
    azure.faults.append(Fault("workspaces", count=10_000, delay_seconds=0.3))
    rng = random.Random()
    kills = 0
    while kills < KILLS and job_of(admin, finished)["state"] != "succeeded":
        with worker(configured) as process:
            time.sleep(rng.uniform(2, LONGEST_SECONDS[api]))
            process.kill()
        kills += 1
    azure.faults.clear()
    with worker(configured):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (job := job_of(admin, finished))["state"] != "succeeded":
            assert job["state"] != "failed", job
            assert time.monotonic() < deadline, job
            time.sleep(0.2)
    assert kills
    assert registered(azure, api) == once(finished.title)
