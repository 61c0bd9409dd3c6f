"""The queue: procrastinate on PostgreSQL, in the same schema. The only module that knows that library.

A job is one of our own rows, which says everything about it. The library's row is no more than its turn: each run has a
turn of its own, gone when the run has ended, and a retry is a new turn, made in the transaction that says so in our row.
So a worker that wakes up after it was given up can neither run a job again nor mark another worker's turn as done.
"""

import asyncio
import hashlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import procrastinate
import structlog
from procrastinate.connector import Notify
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition
from procrastinate.worker import Worker
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.models import Job
from app.settings import Settings

QUEUE = "jobs"
TASK = "run_job"
UNFINISHED = ("queued", "running")

MAX_DEATHS = 10  # How often a job may lose its worker without getting on.
POLL_SECONDS = 2  # How late a turn that was put off may come; others are told of at once.
QUERY_TIMEOUT_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 2
POOL_TIMEOUT_SECONDS = 5
FIRST_RESTART_SECONDS = 1
MAX_RESTART_SECONDS = 15
STEADY_SECONDS = 60  # A worker that has run this long starts its next one without delay.
GRACE_SECONDS = 15  # How long a stopping worker waits for its jobs to stand back.

log = structlog.get_logger("labelapi")

# The web process and jobs put turns into the queue on their own connection, so this connector is never opened.
_deferrer = procrastinate.App(connector=SQLAlchemyPsycopg2Connector())

# A turn is lost when nobody will take it and nobody works on it: its row is gone or ended, or its worker is silent.
LOST = """
SELECT job.id, job.done, job.queue_id, turn.args
FROM job
LEFT JOIN procrastinate_jobs AS turn ON turn.id = job.queue_id
LEFT JOIN procrastinate_workers AS worker ON worker.id = turn.worker_id
WHERE job.state IN ('queued', 'running') AND (
    turn.id IS NULL
    OR turn.status NOT IN ('todo', 'doing')
    OR turn.status = 'doing' AND (
        worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => :stalled_seconds)))
ORDER BY job.id
"""

# What is left when a worker died, or lost the database, between the end of a job and the end of its turn.
PRUNE = text("""
DELETE FROM procrastinate_jobs AS turn
WHERE turn.status <> 'todo'
    AND NOT EXISTS (SELECT FROM job WHERE job.queue_id = turn.id AND job.state IN ('queued', 'running'))
    AND (turn.status <> 'doing' OR NOT EXISTS (
        SELECT FROM procrastinate_workers AS worker
        WHERE worker.id = turn.worker_id
            AND worker.last_heartbeat >= now() - make_interval(secs => :stalled_seconds)))
""")


@dataclass(frozen=True)
class Turn:
    """What a row of the queue carries: the job, and how often it was tried in vain since it last got on.

    `failures` counts unexpected errors, `deaths` lost workers, `waits` outages of storage or database; `best` is the
    most that was done when the job was last put back.
    """

    job_id: int
    failures: int = 0
    deaths: int = 0
    waits: int = 0
    best: int = 0

    def having_done(self, done: int) -> "Turn":
        """Return the turn to count on from: with all counts at zero again when the job got further than ever before."""
        return Turn(self.job_id, best=done) if done > self.best else self


class SchemaConnector(procrastinate.PsycopgConnector):
    """The library's connector, listening to one schema only.

    PostgreSQL's channels belong to the whole database, and the library's have the same names in every schema: each new
    job would wake the workers of all. The migration `schema_channel` gives each schema a channel of its own.
    """

    def __init__(self, schema: str, **options: Any) -> None:
        super().__init__(**options)
        self._channel = "labelapi_" + hashlib.sha256(schema.encode()).hexdigest()[:32]

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Call `on_notification` with what this schema's queue says, whatever `channels` the library would name."""
        await super().listen_notify(on_notification, [self._channel])


RunJob = Callable[[int, Turn, Callable[[], bool]], None]


def enqueue(session: Session, kind: str, subject_type: str, subject_id: int) -> int:
    """Make a job in the caller's transaction and return its id.

    While there is one of the same kind and subject that is not done yet, the id of that one is returned instead.
    """
    new = insert(Job).values(kind=kind, subject_type=subject_type, subject_id=subject_id)
    same = (Job.kind == kind, Job.subject_type == subject_type, Job.subject_id == subject_id)
    while (job_id := session.scalar(new.on_conflict_do_nothing().returning(Job.id))) is None:
        unfinished = session.scalar(select(Job.id).where(*same, Job.state.in_(UNFINISHED)))
        # The one in the way may have ended in between; then there is room for the new one.
        if unfinished is not None:
            return unfinished
    session.execute(update(Job).where(Job.id == job_id).values(queue_id=defer(session, Turn(job_id))))
    return job_id


def defer(session: Session, turn: Turn, not_before: datetime | None = None) -> int:
    """Put a turn into the queue in the caller's transaction and return its row's id; it comes no earlier than `not_before`."""
    deferred = _deferrer.configure_task(TASK, queue=QUEUE, schedule_at=not_before, connection=session.connection())
    try:
        return deferred.defer(**asdict(turn))
    except ConnectorException as error:
        # The database's own error tells an outage from a bug.
        raise error.__cause__ or error from None


def retry(session: Session, job: Job) -> None:
    """Start a failed job again, with every attempt before it. Raises Conflict when another job does the same already."""
    other = select(Job.id).where(
        Job.kind == job.kind,
        Job.subject_type == job.subject_type,
        Job.subject_id == job.subject_id,
        Job.state.in_(UNFINISHED),
    )
    other_id = session.scalar(other)
    if other_id is not None:
        raise Conflict(f"Job {other_id} does the same as job {job.id} and is not done yet.")
    job.state, job.error, job.attempts, job.run_token = "queued", None, 0, None
    job.date_started = job.date_finished = None
    job.queue_id = defer(session, Turn(job.id))
    session.flush()


def find_lost(session: Session, stalled_seconds: float) -> list[int]:
    """Return the ids of the jobs that `recover` would give a new turn."""
    return [row.id for row in session.execute(text(LOST), {"stalled_seconds": stalled_seconds})]


def recover(session: Session, stalled_seconds: float) -> list[int]:
    """Give a new turn to every job that has lost its own, and return their ids; the caller commits.

    A job whose workers die again and again without its getting on is failed instead. Several workers may do this at once.
    """
    recovered = []
    lost = text(LOST + "FOR UPDATE OF job SKIP LOCKED")
    for row in session.execute(lost, {"stalled_seconds": stalled_seconds}).all():
        last = Turn(**(row.args or {"job_id": row.id})).having_done(row.done)
        _replace_turn(session, row.queue_id, replace(last, deaths=last.deaths + 1))
        recovered.append(row.id)
    session.execute(PRUNE, {"stalled_seconds": stalled_seconds})
    return recovered


def _replace_turn(session: Session, queue_id: int | None, turn: Turn) -> None:
    values: dict[str, Any] = {"state": "queued", "run_token": None}
    if turn.deaths > MAX_DEATHS:
        values |= {
            "state": "failed",
            "date_finished": func.now(),
            "error": f"The worker of this job ended {turn.deaths} times without getting any further; its log may say why.",
        }
    else:
        values["queue_id"] = defer(session, turn)
    session.execute(update(Job).where(Job.id == turn.job_id).values(**values))
    session.execute(text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": queue_id})


def run_worker(settings: Settings, run_job: RunJob, concurrency: int) -> None:
    """Take turns from the queue and call `run_job(queue_id, turn, should_stop)` in threads, until SIGTERM or SIGINT.

    Survives outages of the database. A stopping worker's jobs are told by `should_stop`; what does not stand back within
    the grace time is left to another worker's recovery.
    """
    # Each vain try to connect would be a line; the restarts of the worker say enough.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    asyncio.run(_Supervisor(settings, run_job, concurrency).run())


class _Supervisor:
    """Runs one worker of the library after the other: each ends itself when the database is away for a while."""

    def __init__(self, settings: Settings, run_job: RunJob, concurrency: int) -> None:
        self.settings = settings
        self.run_job = run_job
        self.concurrency = concurrency
        self.stopping = asyncio.Event()
        self.worker: Worker | None = None
        self.left_behind: int | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_log_stray_error)
        loop.set_default_executor(ThreadPoolExecutor(self.concurrency + 1, thread_name_prefix="job"))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        delay: float = FIRST_RESTART_SECONDS
        while not self.stopping.is_set():
            started = loop.time()
            reason = await self._work()
            if self.stopping.is_set():
                break
            delay = FIRST_RESTART_SECONDS if loop.time() - started > STEADY_SECONDS else delay
            log.warning("worker ended by itself and starts again", seconds=delay, reason=reason)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), delay)
            delay = min(delay * 2, MAX_RESTART_SECONDS)
        log.info("worker stopped")

    def _stop(self) -> None:
        if not self.stopping.is_set():
            self.stopping.set()
            # A thread cannot be ended from outside; the process can, and recovery takes care of what it leaves.
            limit = threading.Timer(GRACE_SECONDS, _give_up)
            limit.daemon = True
            limit.start()
        if self.worker:
            self.worker.stop()  # type: ignore[no-untyped-call]  # The library has no type here.

    async def _work(self) -> str:
        """Run one worker until it ends; return why it did."""
        app = self._make_app()
        try:
            async with app.open_async():
                await self._forget_last_worker(app)
                self.worker = self._make_worker(app)
                if not self.stopping.is_set():
                    log.info("worker started", concurrency=self.concurrency)
                    await self.worker.run()  # type: ignore[no-untyped-call]  # Nor here.
        except Exception as error:
            return " ".join(f"{type(error).__name__}: {error.__cause__ or error}".split())
        finally:
            self.left_behind = (self.worker and self.worker.worker_id) or self.left_behind
            self.worker = None
        return "a side task of the worker failed"

    async def _forget_last_worker(self, app: procrastinate.App) -> None:
        """Sign off the worker before, when the database was away as it ended: recovery need not wait for its silence."""
        if self.left_behind is not None:
            await app.job_manager.unregister_worker(self.left_behind)
            self.left_behind = None

    def _make_app(self) -> procrastinate.App:
        connector = SchemaConnector(
            self.settings.db_schema,
            conninfo=self.settings.queue_url,
            kwargs={
                "connect_timeout": CONNECT_TIMEOUT_SECONDS,
                "application_name": "labelapi-worker",
                "options": f"-csearch_path={self.settings.db_schema} -cstatement_timeout={QUERY_TIMEOUT_SECONDS * 1000}",
            },
            min_size=1,
            max_size=4,
            timeout=POOL_TIMEOUT_SECONDS,
        )
        app = procrastinate.App(connector=connector)
        run_job = self.run_job

        @app.task(name=TASK, queue=QUEUE, pass_context=True)
        def take_turn(context: procrastinate.JobContext, /, **turn: Any) -> None:
            assert context.job.id is not None  # noqa: S101  # It comes from the database.
            run_job(context.job.id, Turn(**turn), context.should_abort)

        return app

    def _make_worker(self, app: procrastinate.App) -> Worker:
        return Worker(
            app=app,
            queues=[QUEUE],
            concurrency=self.concurrency,
            fetch_job_polling_interval=POLL_SECONDS,
            # Jobs are told to stand back at once, whatever ended the worker; they do so between two batches.
            shutdown_graceful_timeout=0,
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            install_signal_handlers=False,
            update_heartbeat_interval=self.settings.job_heartbeat_seconds,
            stalled_worker_timeout=self.settings.job_stalled_seconds,
        )


def _log_stray_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say in one line what nobody waited for: the end of a turn that was another's by then, or that the database missed."""
    error = context.get("exception")
    log.warning("a turn of the queue could not be ended", reason=" ".join(str(error or context["message"]).split()))


def _give_up() -> None:
    log.warning("jobs did not stop in time; another worker will go on with them", grace_seconds=GRACE_SECONDS)
    os._exit(0)
