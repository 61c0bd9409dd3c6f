"""Runs background jobs: commits at each checkpoint, retries, and recovers the jobs of dead workers.

A run holds a token. Every commit of its work includes an update of the job's row that requires this token. So a run
that was superseded, and wakes up later, changes nothing: its rows are rolled back, and it ends.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from sqlalchemy import create_engine, func, select, update
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.database.outages import is_canceled, is_outage
from app.database.safety import CONNECT_TIMEOUT_SECONDS
from app.errors import Problem, Unavailable
from app.jobs import memory, worker
from app.jobs.kinds import KINDS, Run, Workplace
from app.jobs.progress import Checkpoint, Failed, RetryAfter
from app.media.decoders import DecoderPool
from app.models import Job
from app.observability import metrics
from app.outbox import queue
from app.outbox.queue import QueueEntry
from app.services import statistics
from app.settings import Settings

STATEMENT_TIMEOUT_SECONDS = 60
MIN_IDLE_TIMEOUT_SECONDS = 10
POOL_TIMEOUT_SECONDS = 30
RECONNECT_SECONDS = 1
MAX_TRIES = 5  # How often an unexpected error may end a job that does not get on between.
MAX_BACKOFF_SECONDS = 30
NEWER_RELEASE_SECONDS = 10
SUCCEEDED = "succeeded"

log = structlog.get_logger("labelapi")
T = TypeVar("T")
ShouldStop = Callable[[], bool]


class RunSuperseded(Exception):
    """Another run has the job of this one."""


class Stopped(Exception):
    """The worker stops."""


def run_worker(settings: Settings, blobs: BlobStore, concurrency: int | None = None) -> None:
    """Run jobs until SIGTERM or SIGINT, and look for those of dead workers beside them."""
    # Before any thread, because heaps that are there already stay.
    memory.return_memory_early()
    concurrency = concurrency or settings.worker_concurrency
    engine = create_engine(settings.database_url, **engine_options(settings, concurrency))
    place = Workplace(engine, blobs, settings, DecoderPool(settings.decode_processes))
    stopping = threading.Event()
    # A thread of its own: however long the jobs are that fill the queue, those of dead workers are found.
    recovery = threading.Thread(target=_recover_until, args=(place, stopping), name="recovery", daemon=True)
    recovery.start()
    counting = threading.Thread(target=_keep_counts_until, args=(place, stopping), name="counting", daemon=True)
    counting.start()
    memory.collect_garbage_rarely()
    try:
        worker.run_worker(settings, partial(run_job, place), concurrency)
    finally:
        stopping.set()
        place.engine.dispose()
        place.decoders.close()


def engine_options(settings: Settings, concurrency: int) -> dict[str, Any]:
    """Return the options of the engine that jobs use: patient with statements, and aware of dead connections."""
    # A worker that froze in mid-transaction must not hold on to its job's row for longer than it counts as alive.
    idle_seconds = max(settings.job_stalled_seconds, MIN_IDLE_TIMEOUT_SECONDS)
    options = {
        "search_path": settings.db_schema,
        "timezone": "UTC",
        "statement_timeout": STATEMENT_TIMEOUT_SECONDS * 1000,
        "idle_in_transaction_session_timeout": int(idle_seconds * 1000),
    }
    return {
        "pool_size": concurrency + 2,
        "max_overflow": 1,
        "pool_timeout": POOL_TIMEOUT_SECONDS,
        "pool_pre_ping": True,
        # Parameters hold labels and addresses, which have no place in a log.
        "hide_parameters": True,
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "labelapi-jobs",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
            "options": " ".join(f"-c{name}={value}" for name, value in options.items()),
        },
    }


def _recover_until(place: Workplace, stopping: threading.Event) -> None:
    trouble = ""
    while not stopping.wait(place.settings.job_recovery_seconds):
        try:
            with Session(place.engine) as session:
                recovered = queue.recover(session, place.settings.job_stalled_seconds)
                session.commit()
        except Exception as error:
            # An outage may last for hours, and its first line says it all.
            if trouble != type(error).__name__:
                trouble = type(error).__name__
                level = log.warning if is_outage(error) else log.exception
                level("jobs of dead workers cannot be looked for until further notice", error=trouble)
            continue
        if trouble:
            log.info("jobs of dead workers are looked for again")
            trouble = ""
        if recovered:
            log.warning("jobs that lost their worker were queued again", job_ids=recovered)


def _keep_counts_until(place: Workplace, stopping: threading.Event) -> None:
    """Keep the counts of campaigns near the present, so that statistics are quick; without them they are as right."""
    while not stopping.wait(place.settings.job_recovery_seconds):
        try:
            with Session(place.engine) as session:
                for campaign_id in statistics.keep_counts(session):
                    session.commit()
                    log.info("counts of a campaign were kept", campaign_id=campaign_id)
        except Exception as error:
            if not is_outage(error):
                log.exception("counts of campaigns could not be kept", error=type(error).__name__)


def run_job(place: Workplace, queue_id: int, entry: QueueEntry, should_stop: ShouldStop) -> None:
    """Run the job of this queue entry, unless it has another entry by now; return when it is done or queued again."""
    run = _with_retries(place, should_stop, partial(_claim, queue_id=queue_id, entry=entry))
    if run is None:
        kind = _with_retries(place, should_stop, partial(_leave_to_newer, queue_id=queue_id, entry=entry))
        if kind is not None:
            log.info("job was left to a newer release", job_id=entry.job_id, kind=kind)
        return
    # Every line that is logged from here on carries them, whoever writes it.
    with structlog.contextvars.bound_contextvars(job_id=run.job_id, kind=run.kind, subject_id=run.subject_id):
        _execute(place, run, should_stop)


def _execute(place: Workplace, run: Run, should_stop: ShouldStop) -> None:
    started = time.monotonic()
    log.info("job started")
    try:
        state = _work_or_requeue(place, run, should_stop)
    except RunSuperseded:
        log.warning("job was superseded by another run")
        return
    seconds = time.monotonic() - started
    metrics.observe_run(run.kind, state, seconds)
    if state == SUCCEEDED:
        log.info("job succeeded", seconds=round(seconds, 1))


def _work_or_requeue(place: Workplace, run: Run, should_stop: ShouldStop) -> str:
    """Return the state that the job has after this run. Raises RunSuperseded."""
    try:
        _work(place, run, should_stop)
    except RunSuperseded:
        raise
    except Exception as error:
        state = _with_retries(place, should_stop, partial(_requeue, run=run, error=error))
        unforeseen = not isinstance(error, Stopped | RetryAfter | Problem | Failed) and not _passes(error)
        level = log.info if isinstance(error, Stopped | RetryAfter) else log.warning
        level("job was queued again", state=state, reason=_message(error), exc_info=error if unforeseen else None)
        return state
    return SUCCEEDED


def _with_retries(place: Workplace, should_stop: ShouldStop, action: Callable[[Session], T]) -> T:
    """Do `action` in its own transaction; while the database is away try again, unless the worker stops."""
    while True:
        try:
            with Session(place.engine) as session:
                result = action(session)
                session.commit()
        except Exception as error:
            if should_stop() or not is_outage(error):
                raise
            time.sleep(RECONNECT_SECONDS)
        else:
            return result


def _claim(session: Session, *, queue_id: int, entry: QueueEntry) -> Run | None:
    token = uuid4()
    claimed = (
        update(Job)
        .where(Job.id == entry.job_id, Job.queue_id == queue_id, Job.state == "queued", Job.kind.in_(KINDS))
        .values(
            state="running",
            run_token=token,
            attempts=Job.attempts + 1,
            date_started=func.coalesce(Job.date_started, func.now()),
        )
        .returning(Job.kind, Job.subject_id, Job.date_created, Job.dropbox)
    )
    found = session.execute(claimed).one_or_none()
    if found is None:
        return None
    return Run(entry.job_id, found.kind, found.subject_id, found.date_created, token, found.dropbox, entry)


def _leave_to_newer(session: Session, *, queue_id: int, entry: QueueEntry) -> str | None:
    """Queue a job of a kind that this release does not know for later, and return its kind; None when it is no such job.

    While releases are exchanged, workers of both run, and the newer web server makes jobs that the older ones cannot do.
    """
    job = session.scalar(
        select(Job)
        .where(Job.id == entry.job_id, Job.queue_id == queue_id, Job.state == "queued", Job.kind.not_in(KINDS))
        .with_for_update()
    )
    if job is None:
        return None
    job.queue_id = queue.defer(session, entry, datetime.now(UTC) + timedelta(seconds=NEWER_RELEASE_SECONDS))
    return job.kind


def _work(place: Workplace, run: Run, should_stop: ShouldStop) -> None:
    """Do the work, one commit per point of checkpoint; the last one holds the last effects and the state `succeeded`."""
    with Session(place.engine) as session:
        estimate = EndEstimate()
        for checkpoint in KINDS[run.kind](session, place, run):
            _update(session, run, _progress_columns(run, checkpoint) | estimate.columns(checkpoint))
            session.commit()
            if should_stop():
                raise Stopped
        final = {
            "state": SUCCEEDED,
            "error": None,
            "run_token": None,
            "date_finished": func.now(),
            "date_expected": None,
        }
        _update(session, run, final)
        session.commit()


class EndEstimate:
    """When a run will end, if it goes on as fast as since its first checkpoint."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._before: int | None = None
        self._done = 0
        self._total: int | None = None

    def columns(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Return the estimate to be written; none where nothing was done since the last one, so that the job stays as it is."""
        done, self._total = checkpoint.done, checkpoint.total if checkpoint.total is not None else self._total
        if self._before is None:
            self._before = self._done = done
            return {"date_expected": None}
        if done == self._done or self._total is None:
            return {}
        self._done = done
        # What was done before may be counted again.
        seconds_each = (time.monotonic() - self._started) / max(done - self._before, 1)
        rest = timedelta(seconds=seconds_each * max(self._total - done, 0))
        return {"date_expected": datetime.now(UTC) + rest}


def _progress_columns(run: Run, checkpoint: Checkpoint) -> dict[str, Any]:
    columns: dict[str, Any] = {"done": checkpoint.done}
    if checkpoint.total is not None:
        columns["total"] = checkpoint.total
    # An earlier error is outdated once the job has done more than ever before.
    if checkpoint.done > run.entry.best:
        columns["error"] = None
    return columns


def _update(session: Session, run: Run, values: dict[str, Any]) -> int:
    """Change the job's row and return how much is done. Raises RunSuperseded when the job is no longer this run's."""
    fenced = update(Job).where(Job.id == run.job_id, Job.run_token == run.token).values(**values)
    done = session.scalar(fenced.returning(Job.done).execution_options(synchronize_session=False))
    if done is None:
        raise RunSuperseded
    return done


def _requeue(session: Session, *, run: Run, error: Exception) -> str:
    """Queue the job again, or fail it when it was tried often enough; return its state."""
    entry = run.entry.after_progress(_update(session, run, {"run_token": None}))
    values: dict[str, Any] = {"state": "queued", "date_expected": None}
    not_before: datetime | None = None
    if isinstance(error, RetryAfter):
        not_before, values["error"] = error.until, error.reason
        values["date_expected"] = error.until
    elif _passes(error):
        entry, values["error"] = replace(entry, waits=entry.waits + 1), _message(error)
        asked = error.retry_after if isinstance(error, Unavailable) else None
        not_before = datetime.now(UTC) + timedelta(seconds=asked) if asked else _after(entry.waits)
    elif not isinstance(error, Stopped):
        entry, values["error"] = replace(entry, failures=entry.failures + 1), _message(error)
        not_before = _after(entry.failures)
    if entry.failures >= MAX_TRIES or (isinstance(error, Failed) and error.final):
        values |= {"state": "failed", "date_finished": func.now()}
    else:
        values["queue_id"] = queue.defer(session, entry, not_before)
    session.execute(update(Job).where(Job.id == run.job_id).values(**values))
    return str(values["state"])


def _passes(error: Exception) -> bool:
    """True when storage or database were away: waiting helps, however long. A statement that runs too long does so again."""
    return isinstance(error, Unavailable) or (is_outage(error) and not is_canceled(error))


def _after(tries: int) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=min(2.0 ** min(tries, 10), MAX_BACKOFF_SECONDS))


def _message(error: Exception) -> str:
    """Return one sentence that a caller may read; what is not written by us may hold secrets and stays in the log."""
    if isinstance(error, Problem | Failed | RetryAfter):
        return str(error)
    if isinstance(error, Stopped):
        return "The worker stops."
    if is_canceled(error):
        return f"A statement ran for longer than the {STATEMENT_TIMEOUT_SECONDS} s that each one of a job has."
    if is_outage(error):
        return "The database did not answer."
    return f"An unexpected error ({type(error).__name__}) ended the job; see the worker's log."
