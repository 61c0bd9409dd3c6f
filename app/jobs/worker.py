"""The worker: takes entries from the queue and runs their jobs in threads. The only module that knows procrastinate itself."""

import asyncio
import hashlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import procrastinate
import structlog
from procrastinate.connector import Notify
from procrastinate.jobs import DeleteJobCondition
from procrastinate.worker import Worker

from app.outbox.queue import QUEUE, TASK, QueueEntry
from app.settings import Settings

POLL_SECONDS = 2  # How late a postponed entry may start; others start at once.
QUERY_TIMEOUT_SECONDS = 10
CONNECT_TIMEOUT_SECONDS = 2
POOL_TIMEOUT_SECONDS = 5
FIRST_RESTART_SECONDS = 1
MAX_RESTART_SECONDS = 15
STEADY_SECONDS = 60  # A worker that has run this long starts its next one without delay.
GRACE_SECONDS = 15  # How long a stopping worker waits for its jobs to stand back.

log = structlog.get_logger("labelapi")

RunJob = Callable[[int, QueueEntry, Callable[[], bool]], None]


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


def run_worker(settings: Settings, run_job: RunJob, concurrency: int) -> None:
    """Take entries from the queue and call `run_job(queue_id, entry, should_stop)` in threads, until SIGTERM or SIGINT.

    Survives outages of the database. A stopping worker signals its jobs by `should_stop`; what does not stop within
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
        def run_entry(context: procrastinate.JobContext, /, **entry: Any) -> None:
            assert context.job.id is not None  # noqa: S101  # It comes from the database.
            run_job(context.job.id, QueueEntry(**entry), context.should_abort)

        return app

    def _make_worker(self, app: procrastinate.App) -> Worker:
        return Worker(
            app=app,
            queues=[QUEUE],
            concurrency=self.concurrency,
            fetch_job_polling_interval=POLL_SECONDS,
            # Jobs get the signal to stop at once, whatever ended the worker; they stop between two batches.
            shutdown_graceful_timeout=0,
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            install_signal_handlers=False,
            update_heartbeat_interval=self.settings.job_heartbeat_seconds,
            stalled_worker_timeout=self.settings.job_stalled_seconds,
        )


def _log_stray_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log in one line an error that nobody waited for: an entry that was another worker's by then, or that the database lost."""
    error = context.get("exception")
    log.warning("an entry of the queue could not be ended", reason=" ".join(str(error or context["message"]).split()))


def _give_up() -> None:
    log.warning("jobs did not stop in time; another worker will go on with them", grace_seconds=GRACE_SECONDS)
    os._exit(0)
