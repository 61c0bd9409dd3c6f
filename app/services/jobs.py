"""Background jobs as callers see them."""

from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.models import Job
from app.outbox import queue
from app.representations.jobs import JOB
from app.representations.json import fetch_object


def get_job(session: Session, job_id: int) -> bytes:
    """Return one job. Raises NotFound."""
    found = fetch_object(session, JOB, job_id=job_id)
    if found is None:
        raise _not_found(job_id)
    return found


def retry_job(session: Session, job_id: int) -> None:
    """Start a failed job again. Raises NotFound, and Conflict unless it has failed."""
    job = session.get(Job, job_id, with_for_update=True)
    if job is None:
        raise _not_found(job_id)
    if job.state != "failed":
        raise Conflict(f"Job {job_id} is {job.state}: only a failed job can be retried.")
    queue.retry(session, job)


def _not_found(job_id: int) -> NotFound:
    return NotFound(f"There is no job {job_id}.")
