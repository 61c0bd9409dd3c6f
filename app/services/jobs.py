"""Background jobs as callers see them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.models import Campaign, ImageSet, Job
from app.models.jobs import FINISH_IMAGE_SET, PUBLISH_DATASETS
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
    """Start a failed job again. Raises NotFound, and Conflict unless it has failed and is still wanted.

    What a campaign held when it was finished can no longer be published once it was reopened.
    """
    subject = select(Job.subject_id).where(Job.id == job_id, Job.kind == PUBLISH_DATASETS)
    status = select(Campaign.status).where(Campaign.id == subject.scalar_subquery()).with_for_update()
    if session.scalar(status) not in (None, "finished"):
        raise Conflict(f"The campaign of job {job_id} was reopened. It is published when it is finished again.")
    job = session.get(Job, job_id, with_for_update=True)
    if job is None:
        raise _not_found(job_id)
    if job.state != "failed":
        raise Conflict(f"Job {job_id} is {job.state}: only a failed job can be retried.")
    if job.kind == FINISH_IMAGE_SET:
        _require_finished(session, job)
    queue.retry(session, job)


def _require_finished(session: Session, job: Job) -> None:
    """Raise Conflict when the image set was opened again, so that there is nothing to ingest."""
    status = session.scalar(select(ImageSet.status).where(ImageSet.id == job.subject_id).with_for_update(read=True))
    if status != "finished":
        raise Conflict(f"Image set {job.subject_id} is {status}: finishing it starts another job.")


def _not_found(job_id: int) -> NotFound:
    return NotFound(f"There is no job {job_id}.")
