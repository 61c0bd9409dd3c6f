"""Background jobs: in the transaction that asks for them, fenced, retried, recovered, and finished by another worker."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from azure.storage.blob import BlobServiceClient
from flask import Flask
from psycopg2 import sql
from sqlalchemy import NullPool, create_engine, make_url, text, update
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from app.azure.blobs import BlobStore
from app.jobs import runner
from app.jobs.kinds import KINDS, Run, Workplace
from app.jobs.progress import Checkpoint, Failed
from app.jobs.runner import run_job
from app.models import Job
from app.models.jobs import FINISH_IMAGE_SET
from app.observability.logging import configure_logging
from app.outbox import queue
from app.outbox.queue import QueueEntry
from app.services import image_sets, statistics
from app.settings import Settings
from app.wiring import components_of
from tests.caller import Caller
from tests.conftest import Labelled
from tests.workers import DECODERS, rows, run_jobs, wait_for, wait_until, worker

KEYS = {
    "job_id", "kind", "subject", "state", "done", "total", "attempts", "error", "date_created", "date_started",
    "date_finished",
    "date_expected",
}  # fmt: skip


def create_set(admin: Caller, title: str, storage: BlobServiceClient, count: int = 0) -> int:
    """Make an image set with some uploads and return its id."""
    imageset_id: int = admin.post("/image_sets", {"title": title}).expect(200)["imageset_id"]
    for number in range(count):
        storage.get_blob_client(f"dropbox-{title}", f"{number}.bin").upload_blob(b"%d" % number)
    return imageset_id


def finish_set(admin: Caller, imageset_id: int) -> int:
    """Finish a set and return the id of its job."""
    admin.put(f"/image_sets/{imageset_id}", {"new_status": "finished"}).expect(200)
    job_id: int = admin.get(f"/image_sets/{imageset_id}").expect(200)["ingest"]["job_id"]
    return job_id


@pytest.fixture
def job_id(admin: Caller, title: str, storage: BlobServiceClient) -> int:
    """The job of a set with three uploads, not yet run."""
    return finish_set(admin, create_set(admin, title, storage, 3))


def test_a_job_says_everything_about_itself(admin: Caller, app: Flask, job_id: int) -> None:
    queued = admin.get(f"/jobs/{job_id}").expect(200)
    assert set(queued) == KEYS
    assert (queued["kind"], queued["state"], queued["done"], queued["total"]) == (FINISH_IMAGE_SET, "queued", 0, None)
    assert queued["date_started"] is queued["date_finished"] is queued["error"] is None
    run_jobs(app)
    done = admin.get(f"/jobs/{job_id}").expect(200)
    assert (done["state"], done["done"], done["total"], done["attempts"]) == ("succeeded", 3, 3, 1)
    assert done["date_created"] <= done["date_started"] <= done["date_finished"]


def test_unknown_jobs_and_jobs_that_did_not_fail_cannot_be_retried(admin: Caller, job_id: int) -> None:
    admin.get("/jobs/4711").expect(404, "no job 4711")
    admin.post("/jobs/4711/retry").expect(404, "no job 4711")
    admin.post(f"/jobs/{job_id}/retry").expect(409, f"Job {job_id} is queued")


def test_status_and_job_are_both_there_or_neither(
    admin: Caller, app: Flask, title: str, storage: BlobServiceClient, blobs: BlobStore
) -> None:
    imageset_id = create_set(admin, title, storage)
    with rows(app) as session:
        image_sets.update_status(session, blobs, imageset_id, "finished")
        session.rollback()
        assert session.scalar(text("SELECT count(*) FROM job")) == 0
        assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0
    assert admin.get(f"/image_sets/{imageset_id}").expect(200)["status"] == "created"


def test_a_job_that_is_not_done_yet_is_not_made_twice(app: Flask, job_id: int) -> None:
    with rows(app) as session:
        subject_id = session.get_one(Job, job_id).subject_id
        assert queue.enqueue(session, FINISH_IMAGE_SET, "image_set", subject_id) == job_id
    run_jobs(app)
    with rows(app) as session:
        assert queue.enqueue(session, FINISH_IMAGE_SET, "image_set", subject_id) != job_id


def test_an_unexpected_error_fails_the_job_after_its_tries_and_a_retry_finishes_it(
    admin: Caller, app: Flask, job_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
        yield Checkpoint(0, 3)
        raise ValueError("secret-canary")

    with monkeypatch.context() as patch:
        patch.setitem(KINDS, FINISH_IMAGE_SET, break_down)
        assert run_jobs(app) == 1
        waiting = admin.get(f"/jobs/{job_id}").expect(200)
        assert (waiting["state"], waiting["attempts"]) == ("queued", 1)
        run_jobs(app, hurry=True)
    failed = admin.get(f"/jobs/{job_id}").expect(200)
    assert (failed["state"], failed["attempts"]) == ("failed", runner.MAX_TRIES)
    assert "ValueError" in failed["error"]
    assert "canary" not in failed["error"]
    assert failed["date_finished"]
    admin.post(f"/jobs/{job_id}/retry").expect(200)
    again = admin.get(f"/jobs/{job_id}").expect(200)
    assert (again["state"], again["attempts"], again["error"]) == ("queued", 0, None)
    run_jobs(app)
    assert admin.get(f"/jobs/{job_id}").expect(200)["state"] == "succeeded"


def test_a_job_of_a_newer_release_waits_for_its_worker(
    admin: Caller, app: Flask, job_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # A worker of the release before knows fewer kinds.
        patch.delitem(KINDS, FINISH_IMAGE_SET)
        assert run_jobs(app) == 1
        left = admin.get(f"/jobs/{job_id}").expect(200)
        assert (left["state"], left["attempts"], left["error"]) == ("queued", 0, None)
        assert run_jobs(app) == 0
    run_jobs(app, hurry=True)
    assert admin.get(f"/jobs/{job_id}").expect(200)["state"] == "succeeded"


def test_tries_are_counted_anew_when_the_job_gets_further(
    admin: Caller, app: Flask, job_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = iter(range(1, 100))

    def crawl(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
        step = next(steps)
        yield Checkpoint(step, 20)
        if step < 20:
            raise Failed(f"Step {step} was hard.")

    monkeypatch.setitem(KINDS, FINISH_IMAGE_SET, crawl)
    run_jobs(app, hurry=True)
    job = admin.get(f"/jobs/{job_id}").expect(200)
    assert (job["state"], job["attempts"], job["error"]) == ("succeeded", 20, None)


def test_a_job_waits_for_the_storage_as_long_as_it_is_away(
    admin: Caller, app: Flask, job_id: int, unreachable_blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An unexpected error would fail the job at once.
    monkeypatch.setattr(runner, "MAX_TRIES", 1)
    assert run_jobs(app, unreachable_blobs, hurry=True, limit=2) == 2
    waiting = admin.get(f"/jobs/{job_id}").expect(200)
    assert (waiting["state"], waiting["attempts"]) == ("queued", 2)
    assert "storage" in waiting["error"].lower()
    run_jobs(app, hurry=True)
    done = admin.get(f"/jobs/{job_id}").expect(200)
    assert (done["state"], done["error"]) == ("succeeded", None)


def test_a_run_that_was_given_up_changes_nothing(
    admin: Caller, app: Flask, job_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def freeze(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
        yield Checkpoint(1, 3)
        session.execute(text("INSERT INTO image (blobstorage_path) VALUES ('late/work')"))
        with rows(app) as other:
            other.execute(update(Job).values(run_token=uuid4()))
        yield Checkpoint(2, 3)
        raise AssertionError("a run that was given up went on")

    monkeypatch.setitem(KINDS, FINISH_IMAGE_SET, freeze)
    run_jobs(app)
    job = admin.get(f"/jobs/{job_id}").expect(200)
    assert (job["state"], job["done"]) == ("running", 1)
    assert admin.get("/images").expect(200)["images"] == []


def test_a_stopping_worker_puts_its_job_back_at_once(admin: Caller, app: Flask, job_id: int) -> None:
    assert run_jobs(app, limit=1, should_stop=lambda: True) == 1
    job = admin.get(f"/jobs/{job_id}").expect(200)
    assert (job["state"], job["error"]) == ("queued", None)
    run_jobs(app)
    assert admin.get(f"/jobs/{job_id}").expect(200)["state"] == "succeeded"


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM procrastinate_jobs",
        "UPDATE procrastinate_jobs SET status = 'succeeded'",
        "UPDATE procrastinate_jobs SET status = 'failed'",
        "UPDATE procrastinate_jobs SET status = 'doing'",
        "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id)"
        " UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead",
    ],
)
def test_a_job_that_lost_its_turn_gets_a_new_one(admin: Caller, app: Flask, job_id: int, loss: str) -> None:
    with rows(app) as session:
        session.execute(update(Job).values(state="running", run_token=uuid4()))
        session.execute(text(loss))
    with rows(app) as session:
        assert queue.recover(session, stalled_seconds=30) == [job_id]
    with rows(app) as session:
        assert queue.recover(session, stalled_seconds=30) == []
    run_jobs(app)
    assert admin.get(f"/jobs/{job_id}").expect(200)["state"] == "succeeded"


def test_a_job_whose_worker_lives_is_left_alone(app: Flask, job_id: int) -> None:
    alive = (
        "WITH alive AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id)"
        " UPDATE procrastinate_jobs SET status = 'doing', worker_id = alive.id FROM alive"
    )
    with rows(app) as session:
        session.execute(text(alive))
    with rows(app) as session:
        assert queue.recover(session, stalled_seconds=30) == []


def test_a_job_that_kills_its_worker_again_and_again_fails(admin: Caller, app: Flask, job_id: int) -> None:
    for _ in range(queue.MAX_DEATHS + 1):
        assert admin.get(f"/jobs/{job_id}").expect(200)["state"] == "queued"
        with rows(app) as session:
            session.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))
        with rows(app) as session:
            assert queue.recover(session, stalled_seconds=30) == [job_id]
    job = admin.get(f"/jobs/{job_id}").expect(200)
    assert job["state"] == "failed"
    assert "11 times" in job["error"]


@pytest.mark.slow
@pytest.mark.flaky(reruns=2)
def test_a_killed_workers_job_is_finished_by_another(
    admin: Caller, app: Flask, settings: Settings, title: str, storage: BlobServiceClient
) -> None:
    imageset_id = create_set(admin, title, storage, 250)
    job_id = finish_set(admin, imageset_id)
    with worker(settings) as first:
        wait_for(admin, job_id, lambda job: job["done"] >= 100)
        first.kill()
    with worker(settings) as second:
        job = wait_for(admin, job_id, lambda job: job["state"] == "succeeded")
        wait_until_gone(storage, f"dropbox-{title}")
        second.terminate()
        assert second.wait(60) == 0
    assert job["attempts"] == 2
    assert admin.get(f"/image_sets/{imageset_id}/images").expect(200)["pagination"]["total"] == 250


@pytest.mark.flaky(reruns=2)
@pytest.mark.slow
def test_a_worker_that_slept_through_its_jobs_end_changes_nothing(
    admin: Caller, app: Flask, settings: Settings, title: str, storage: BlobServiceClient
) -> None:
    imageset_id = create_set(admin, title, storage, 250)
    job_id = finish_set(admin, imageset_id)
    with worker(settings) as sleeper, worker(settings):
        wait_for(admin, job_id, lambda job: job["done"] >= 100)
        # Either may have the job; the one that stops is replaced by the other.
        sleeper.send_signal(signal.SIGSTOP)
        wait_for(admin, job_id, lambda job: job["state"] == "succeeded")
        wait_until_gone(storage, f"dropbox-{title}")
        wait_until_inspected(admin)
        before = admin.get(f"/image_sets/{imageset_id}/images?per_page=300").expect(200)
        sleeper.send_signal(signal.SIGCONT)
        time.sleep(3)
        assert sleeper.poll() is None
    assert admin.get(f"/image_sets/{imageset_id}/images?per_page=300").expect(200) == before
    assert before["pagination"]["total"] == 250


@pytest.mark.slow
@pytest.mark.flaky(reruns=2)
def test_a_worker_stops_quickly_in_mid_job(
    admin: Caller, app: Flask, settings: Settings, title: str, storage: BlobServiceClient
) -> None:
    job_id = finish_set(admin, create_set(admin, title, storage, 400))
    with worker(settings) as process:
        wait_for(admin, job_id, lambda job: job["done"] >= 100)
        process.terminate()
        assert process.wait(10) == 0
    job = admin.get(f"/jobs/{job_id}").expect(200)
    assert (job["state"], job["error"]) == ("queued", None)


def wait_until_inspected(admin: Caller) -> None:
    """Wait until a job has inspected the files of the only image set."""
    deadline = time.monotonic() + 60
    while not admin.get("/jobs?kind=inspect_image_set&state=succeeded").expect(200)["jobs"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def wait_until_gone(storage: BlobServiceClient, container: str) -> None:
    """Wait until a container is deleted."""
    deadline = time.monotonic() + 30
    while storage.get_container_client(container).exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_statement_that_always_takes_too_long_fails_the_job_in_words(
    admin: Caller, app: Flask, job_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dawdle(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
        yield Checkpoint(0, 3)
        session.execute(text("SET LOCAL statement_timeout = '50ms'"))
        session.execute(text("SELECT pg_sleep(5)"))

    monkeypatch.setitem(KINDS, FINISH_IMAGE_SET, dawdle)
    assert run_jobs(app, hurry=True) == runner.MAX_TRIES
    failed = admin.get(f"/jobs/{job_id}").expect(200)
    assert failed["state"] == "failed"
    assert failed["error"] == "A statement ran for longer than the 60 s that each one of a job has."


class Outage:
    """A database that can be away: `engine` finds it only once `is_over`; `tries` counts how often it was looked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tries = 0
        self.is_over = False
        self.engine = create_engine("postgresql+psycopg2://", creator=self._connect, poolclass=NullPool)

    def _connect(self) -> Any:
        self.tries += 1
        url = self.settings.queue_url if self.is_over else "postgresql://127.0.0.1:9/nowhere"
        return psycopg2.connect(url, options=f"-csearch_path={self.settings.db_schema}")


@contextmanager
def logged_from(level: str) -> Iterator[None]:
    configure_logging(level)
    try:
        yield
    finally:
        configure_logging("WARNING")


def test_recovery_says_once_that_the_database_is_away_and_once_that_it_is_back(
    app: Flask, job_id: int, blobs: BlobStore
) -> None:
    settings = components_of(app).settings.model_copy(update={"job_recovery_seconds": 0.01})
    outage, stopping = Outage(settings), threading.Event()
    place = Workplace(outage.engine, blobs, settings, DECODERS)
    with logged_from("INFO"), capture_logs() as logs:
        thread = threading.Thread(target=runner._recover_until, args=(place, stopping))
        thread.start()
        try:
            wait_until(lambda: outage.tries >= 5)
            outage.is_over = True
            wait_until(lambda: len(logs) >= 2)
        finally:
            # Left alone it would go on recovering the jobs of other tests.
            stopping.set()
            thread.join()
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("warning", "jobs of dead workers cannot be looked for until further notice"),
        ("info", "jobs of dead workers are looked for again"),
    ]


def test_counts_of_campaigns_are_kept_beside_the_jobs(
    app: Flask, labelled: Labelled, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "STALE_COUNT", 1)
    sent = [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", sent).expect(200)
    settings = components_of(app).settings.model_copy(update={"job_recovery_seconds": 0.01})
    outage, stopping = Outage(settings), threading.Event()
    thread = threading.Thread(
        target=runner._keep_counts_until, args=(Workplace(outage.engine, blobs, settings, DECODERS), stopping)
    )
    thread.start()
    try:
        wait_until(lambda: outage.tries >= 3)
        outage.is_over = True
        with rows(app) as session:
            wait_until(lambda: session.scalar(text("SELECT count(*) FROM campaign_statistics")) == 1)
    finally:
        stopping.set()
        thread.join()


def test_a_job_waits_for_a_database_that_is_away_when_its_turn_comes(
    admin: Caller, app: Flask, job_id: int, blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "RECONNECT_SECONDS", 0.01)
    outage = Outage(components_of(app).settings)
    with rows(app) as session:
        queue_id = session.get_one(Job, job_id).queue_id
    assert queue_id is not None
    place = Workplace(outage.engine, blobs, outage.settings, DECODERS)
    thread = threading.Thread(target=run_job, args=(place, queue_id, QueueEntry(job_id), lambda: False))
    thread.start()
    wait_until(lambda: outage.tries >= 3)
    outage.is_over = True
    thread.join()
    assert admin.get(f"/jobs/{job_id}").expect(200)["state"] == "succeeded"


@pytest.mark.slow
def test_a_worker_whose_database_goes_away_starts_again_and_works_on(
    admin: Caller, app: Flask, title: str, storage: BlobServiceClient, tmp_path: Path
) -> None:
    settings = components_of(app).settings
    said = tmp_path / "stderr"
    with said.open("wb") as stderr, worker(settings, stderr=stderr):
        with rows(app) as session:
            wait_until(lambda: session.scalar(text("SELECT count(*) FROM procrastinate_workers")) == 1)
        with database_away(settings):
            wait_until(lambda: "worker ended by itself and starts again" in said.read_text())
        job_id = finish_set(admin, create_set(admin, title, storage, 3))
        assert wait_for(admin, job_id, lambda job: bool(job["state"] == "succeeded"))["done"] == 3


@contextmanager
def database_away(settings: Settings) -> Iterator[None]:
    """Cut the worker's connections and let nobody make a new one; those that there are of others stay."""
    url = make_url(settings.queue_url)
    elsewhere = url.set(database="postgres").render_as_string(hide_password=False)
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with closing(psycopg2.connect(elsewhere)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(allow.format(sql.Identifier(str(url.database)), sql.Literal(False)))
        try:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'labelapi-worker' AND datname = %s",
                (url.database,),
            )
            yield
        finally:
            cursor.execute(allow.format(sql.Identifier(str(url.database)), sql.Literal(True)))


def test_a_queue_that_is_locked_is_an_outage_and_nothing_is_done(
    admin: Caller, app: Flask, title: str, storage: BlobServiceClient
) -> None:
    imageset_id = create_set(admin, title, storage)
    with rows(app) as session:
        session.execute(text("LOCK TABLE procrastinate_jobs IN ACCESS EXCLUSIVE MODE"))
        refused = admin.put(f"/image_sets/{imageset_id}", {"new_status": "finished"})
        refused.expect(503, "the database does not answer")
        assert int(refused.headers["retry-after"]) > 0
    assert admin.get(f"/image_sets/{imageset_id}").expect(200)["status"] == "created"
    finish_set(admin, imageset_id)


def test_a_failed_job_is_not_started_beside_another_one_that_does_the_same(
    admin: Caller, app: Flask, job_id: int
) -> None:
    with rows(app) as session:
        job = session.get_one(Job, job_id)
        job.state, job.date_finished = "failed", datetime.now(UTC)
        session.flush()
        other_id = queue.enqueue(session, job.kind, job.subject_type, job.subject_id)
    admin.post(f"/jobs/{job_id}/retry").expect(409, f"Job {other_id} does the same as job {job_id}")


def test_the_worker_does_not_load_what_serves_http(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    said = tmp_path / "stderr"
    with said.open("wb") as stderr, worker(components_of(app).settings, stderr=stderr) as process:
        with rows(app) as session:
            wait_until(lambda: session.scalar(text("SELECT count(*) FROM procrastinate_workers")) == 1)
        process.terminate()
        assert process.wait(60) == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in said.read_text().splitlines()}
    assert "procrastinate" in imported
    assert imported & {"connexion", "swagger_ui_bundle", "uvicorn", "a2wsgi"} == set()
