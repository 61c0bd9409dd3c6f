"""The job of an import: cancelled, retried, stopped between, and with a long file."""

from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.settings import Settings
from tests.api.test_imports import contents, csv_of, files, row, send
from tests.conftest import Labelled
from tests.workers import rows, run_jobs, wait_for, worker

ROW_COUNT = 200_000
# As Python objects, so many boxes take 100 MB and more.
MOST_GROWTH_KILOBYTES = 50 * 1024


@pytest.mark.parametrize("checkpoints", [0, 1, 2, 4])
def test_a_cancelled_import_stores_nothing_and_its_file_goes(
    app: Flask, labelled: Labelled, container: ContainerClient, checkpoints: int
) -> None:
    """Before a worker takes the job, and at several commits of its run."""
    job_id = send(labelled.partner, labelled.campaign_id, csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2)))["job"][
        "job_id"
    ]
    seen: list[Any] = []

    def look() -> bool:
        seen.append(None)
        if len(seen) == checkpoints:
            labelled.admin.post(f"/jobs/{job_id}/cancel").expect(200)
        return False

    if checkpoints == 0:
        labelled.admin.post(f"/jobs/{job_id}/cancel").expect(200)
    run_jobs(app, should_stop=look)
    run_jobs(app)
    done = labelled.partner.get("/imports/1").expect(200)
    assert (done["state"], done["submission_id"], done["counts"]) == ("cancelled", None, None)
    assert contents(labelled.partner, labelled.campaign_id) == {}
    assert files(app, container) == []
    labelled.admin.post(f"/jobs/{job_id}/retry").expect(409, "is cancelled")


def test_the_end_of_an_import_is_never_taken_back(app: Flask, labelled: Labelled) -> None:
    job_id = send(labelled.partner, labelled.campaign_id, csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2)))["job"][
        "job_id"
    ]
    run_jobs(app)
    labelled.admin.post(f"/jobs/{job_id}/cancel").expect(409, "is succeeded")


@pytest.mark.parametrize("stop_at", [1, 2, 3, 4, 5])
def test_an_import_goes_on_after_its_worker_was_stopped(app: Flask, labelled: Labelled, stop_at: int) -> None:
    """After each commit of its run; what was read is read again."""
    send(labelled.partner, labelled.campaign_id, csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2)))
    count = 0

    def stop() -> bool:
        nonlocal count
        count += 1
        return count == stop_at

    run_jobs(app, should_stop=stop)
    assert labelled.partner.get("/imports/1").expect(200)["state"] == "succeeded"
    with rows(app) as session:
        assert session.scalar(text("SELECT count(*) FROM object")) == 1
        assert session.scalar(text("SELECT count(*) FROM submission")) == 1


def test_an_import_whose_job_failed_is_retried_with_its_file(
    app: Flask, labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours is not the sender's: the file stays until somebody retries the job."""
    sent = send(labelled.partner, labelled.campaign_id, csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2)))
    with monkeypatch.context() as patch:
        patch.setattr("app.jobs.import_labels.READERS", {})
        run_jobs(app, hurry=True)
    failed = labelled.partner.get("/imports/1").expect(200)
    assert (failed["state"], failed["problems"]) == ("failed", None)
    assert "unexpected error" in failed["error"]
    labelled.admin.post(f"/jobs/{sent['job']['job_id']}/retry").expect(200)
    run_jobs(app)
    assert labelled.partner.get("/imports/1").expect(200)["state"] == "succeeded"


def test_the_file_of_a_deleted_campaign_is_nobodys(app: Flask, labelled: Labelled) -> None:
    send(labelled.admin, labelled.campaign_id, csv_of(row(labelled.image_ids[0], "cat", 1, 1, 2, 2)), "dry_run=true")
    labelled.admin.delete(f"/campaigns/{labelled.campaign_id}").expect(200)
    run_jobs(app)
    labelled.admin.get("/imports/1").expect(404)


def peak_kilobytes(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])


@pytest.mark.slow
def test_a_long_file_needs_little_memory(labelled: Labelled, settings: Settings) -> None:
    one, *_ = labelled.image_ids
    long = csv_of(*(row(one, "cat", number % 900, 1, 1000 + number % 900, 2.5) for number in range(ROW_COUNT)))
    with worker(settings) as process:
        peaks = []
        for content in (csv_of(row(one, "cat", 1, 1, 2, 2)), long):
            sent = send(labelled.admin, labelled.campaign_id, content, "dry_run=true")
            wait_for(labelled.admin, sent["job"]["job_id"], lambda job: bool(job["state"] == "succeeded"))
            peaks.append(peak_kilobytes(process.pid))
    done = labelled.admin.get("/imports/2").expect(200)
    assert (done["state"], done["counts"]["objects"]) == ("succeeded", ROW_COUNT)
    assert peaks[1] - peaks[0] < MOST_GROWTH_KILOBYTES, peaks
