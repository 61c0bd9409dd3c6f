"""Jobs in tests: run here and now in this thread, or by a real worker in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from flask import Flask
from pydantic import SecretStr
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.jobs.kinds import Workplace
from app.jobs.runner import engine_options, run_job
from app.media.decoders import DecoderPool
from app.outbox.queue import QueueEntry
from app.settings import Settings
from app.wiring import components_of
from tests.caller import Caller

ROOT = Path(__file__).parent.parent
DUE = "SELECT id, args FROM procrastinate_jobs WHERE status = 'todo'{} ORDER BY id LIMIT 1"
PATIENCE_SECONDS = 60
# Started once for all tests.
DECODERS = DecoderPool(2)
STOP_SECONDS = 10


@contextmanager
def workplace(app: Flask, blobs: BlobStore | None = None) -> Iterator[Workplace]:
    """What a worker's runs share."""
    settings = components_of(app).settings
    engine = create_engine(settings.database_url, **engine_options(settings, 2))
    try:
        yield Workplace(engine, blobs or components_of(app).blob_store, settings, DECODERS)
    finally:
        engine.dispose()


def autocommitting(place: Workplace) -> Connection:
    """A connection without transactions, so that it keeps no row from the jobs."""
    return place.engine.execution_options(isolation_level="AUTOCOMMIT").connect()


def run_jobs(
    app: Flask,
    blobs: BlobStore | None = None,
    *,
    hurry: bool = False,
    limit: int = 100,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Run every job that is due, and what it enqueues; in a hurry also what was put off. Return how many runs it took."""
    due = text(DUE.format("" if hurry else " AND (scheduled_at IS NULL OR scheduled_at <= now())"))
    with workplace(app, blobs) as place, autocommitting(place) as connection:
        for number in range(limit):
            entry = connection.execute(due).one_or_none()
            if entry is None:
                return number
            run_job(place, entry.id, QueueEntry(**entry.args), should_stop)
            connection.execute(text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": entry.id})
    return limit


@contextmanager
def rows(app: Flask) -> Iterator[Session]:
    """A session for looking at the tables; what is changed in it is committed."""
    with workplace(app) as place, Session(place.engine) as session:
        yield session
        session.commit()


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process of its own for these settings."""
    values = {name.upper(): value for name, value in settings.model_dump(exclude_none=True).items()}
    plain = {n: v.get_secret_value() if isinstance(v, SecretStr) else str(v) for n, v in values.items()}
    return {**os.environ, **plain, "FLASK_APP": "main.py:app"}


@contextmanager
def worker(
    settings: Settings, folder: Path = ROOT, stderr: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A real `flask worker` for these settings, of the code in `folder`; one that still runs is stopped at the end."""
    command = [sys.executable, "-m", "flask", "worker"]
    process = subprocess.Popen(command, cwd=folder, env=environment(settings), stderr=stderr)
    try:
        yield process
    finally:
        # It may have been stopped, and then cannot even end.
        process.send_signal(signal.SIGCONT)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()


def wait_for(admin: Caller, job_id: int, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask for a job until `what` is true of it; fail when that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        job: dict[str, Any] = admin.get(f"/jobs/{job_id}").expect(200)
        if what(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job did not get there: {job}")


def wait_until(holds: Callable[[], bool]) -> None:
    """Ask until it holds; fail when that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it never held"
        time.sleep(0.02)
