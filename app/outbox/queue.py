"""The queue: rows in PostgreSQL, of procrastinate's tables in the same schema, which workers take (`app/jobs/worker.py`).

A job is one of our own rows, which holds everything about it. The library's row is only its queue entry: each run has its
own entry, which is deleted when the run ends. A retry is a new entry, made in the transaction that changes our row.
So a worker that wakes up after it was given up can neither run a job again nor mark another worker's entry as done.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.models import Job

QUEUE = "jobs"
TASK = "run_job"
UNFINISHED = ("queued", "running")

MAX_DEATHS = 10  # How often a job may lose its worker without getting on.

# The library's own function; the library itself takes a tenth of a second to load, and processes that only put jobs into the
# queue do without.
DEFER = text("""
SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[
    ROW(:queue, :task, 0, NULL, NULL, CAST(:entry AS jsonb), CAST(:not_before AS timestamptz))
]::procrastinate_job_to_defer_v1[]))
""")

# An entry is lost when no worker will take it and none works on it: its row is gone or ended, or its worker is silent.
LOST = """
SELECT job.id, job.done, job.queue_id, entry.args
FROM job
LEFT JOIN procrastinate_jobs AS entry ON entry.id = job.queue_id
LEFT JOIN procrastinate_workers AS worker ON worker.id = entry.worker_id
WHERE job.state IN ('queued', 'running') AND (
    entry.id IS NULL
    OR entry.status NOT IN ('todo', 'doing')
    OR entry.status = 'doing' AND (
        worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => :stalled_seconds)))
ORDER BY job.id
"""

# What remains when a worker died, or lost the database, between the end of a job and the end of its entry.
PRUNE = text("""
DELETE FROM procrastinate_jobs AS entry
WHERE entry.status <> 'todo'
    AND NOT EXISTS (SELECT FROM job WHERE job.queue_id = entry.id AND job.state IN ('queued', 'running'))
    AND (entry.status <> 'doing' OR NOT EXISTS (
        SELECT FROM procrastinate_workers AS worker
        WHERE worker.id = entry.worker_id
            AND worker.last_heartbeat >= now() - make_interval(secs => :stalled_seconds)))
""")


@dataclass(frozen=True)
class QueueEntry:
    """What a row of the queue carries: the job, and how often it failed since it last made progress.

    `failures` counts unexpected errors, `deaths` lost workers, `waits` outages of storage or database; `best` is the
    most that was done when the job was last put back.
    """

    job_id: int
    failures: int = 0
    deaths: int = 0
    waits: int = 0
    best: int = 0

    def after_progress(self, done: int) -> "QueueEntry":
        """Return this entry, with all counts back at zero when the job has done more than ever before."""
        return QueueEntry(self.job_id, best=done) if done > self.best else self


def enqueue(session: Session, kind: str, subject_type: str, subject_id: int, dropbox: str | None = None) -> int:
    """Make a job in the caller's transaction and return its id. `dropbox` is the container that it deletes.

    While there is one of the same kind, subject and dropbox that is not done yet, the id of that one is returned instead.
    """
    new = insert(Job).values(kind=kind, subject_type=subject_type, subject_id=subject_id, dropbox=dropbox)
    same = (
        Job.kind == kind,
        Job.subject_type == subject_type,
        Job.subject_id == subject_id,
        Job.dropbox.is_not_distinct_from(dropbox),
    )
    while (job_id := session.scalar(new.on_conflict_do_nothing().returning(Job.id))) is None:
        unfinished = session.scalar(select(Job.id).where(*same, Job.state.in_(UNFINISHED)))
        # The one in the way may have ended in between; then there is room for the new one.
        if unfinished is not None:
            return unfinished
    session.execute(update(Job).where(Job.id == job_id).values(queue_id=defer(session, QueueEntry(job_id))))
    return job_id


def find_unfinished(session: Session, kind: str, subject_type: str, subject_id: int) -> int | None:
    """Return the id of a job of this kind about the subject that has not ended, None when there is none."""
    same = (Job.kind == kind, Job.subject_type == subject_type, Job.subject_id == subject_id)
    return session.scalar(select(Job.id).where(*same, Job.state.in_(UNFINISHED)).limit(1))


def defer(session: Session, entry: QueueEntry, not_before: datetime | None = None) -> int:
    """Queue an entry in the caller's transaction and return its row's id; no worker takes it before `not_before`."""
    values = {"queue": QUEUE, "task": TASK, "entry": orjson.dumps(asdict(entry)).decode(), "not_before": not_before}
    return int(session.scalars(DEFER, values).one())


def retry(session: Session, job: Job) -> None:
    """Start an ended job again, with every attempt before it. Raises Conflict when another job does the same already."""
    other = select(Job.id).where(
        Job.kind == job.kind,
        Job.subject_type == job.subject_type,
        Job.subject_id == job.subject_id,
        Job.dropbox.is_not_distinct_from(job.dropbox),
        Job.state.in_(UNFINISHED),
    )
    other_id = session.scalar(other)
    if other_id is not None:
        raise Conflict(f"Job {other_id} does the same as job {job.id} and has not ended yet.")
    job.state, job.error, job.attempts, job.run_token = "queued", None, 0, None
    job.date_started = job.date_finished = job.date_expected = None
    job.queue_id = defer(session, QueueEntry(job.id))
    session.flush()


def find_lost(session: Session, stalled_seconds: float) -> list[int]:
    """Return the ids of the jobs that `recover` would queue again."""
    return [row.id for row in session.execute(text(LOST), {"stalled_seconds": stalled_seconds})]


def recover(session: Session, stalled_seconds: float) -> list[int]:
    """Queue every job again that has lost its entry, and return their ids; the caller commits.

    A job whose workers die again and again without its getting on is failed instead. Several workers may do this at once.
    """
    recovered = []
    lost = text(LOST + "FOR UPDATE OF job SKIP LOCKED")
    for row in session.execute(lost, {"stalled_seconds": stalled_seconds}).all():
        last = QueueEntry(**(row.args or {"job_id": row.id})).after_progress(row.done)
        _replace_entry(session, row.queue_id, replace(last, deaths=last.deaths + 1))
        recovered.append(row.id)
    session.execute(PRUNE, {"stalled_seconds": stalled_seconds})
    return recovered


def _replace_entry(session: Session, queue_id: int | None, entry: QueueEntry) -> None:
    values: dict[str, Any] = {"state": "queued", "run_token": None, "date_expected": None}
    if entry.deaths > MAX_DEATHS:
        values |= {
            "state": "failed",
            "date_finished": func.now(),
            "error": f"The worker of this job ended {entry.deaths} times without any progress. Its log may explain why.",
        }
    else:
        values["queue_id"] = defer(session, entry)
    session.execute(update(Job).where(Job.id == entry.job_id).values(**values))
    session.execute(text("DELETE FROM procrastinate_jobs WHERE id = :id"), {"id": queue_id})
