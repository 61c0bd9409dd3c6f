"""Background jobs as callers see them."""

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.models import Campaign, ImageSet, Job
from app.models.jobs import (
    CANCELLED,
    DELETE_DROPBOX,
    DELETE_IMAGE_FILES,
    DELETE_IMPORT_FILE,
    FINISH_IMAGE_SET,
    IMPORT_LABELS,
    INSPECT_IMAGE_SET,
    MAKE_SNAPSHOT,
    PUBLISH_DATASETS,
    WRITE_EXPORT,
)
from app.outbox import queue
from app.representations.jobs import JOB, JOBS
from app.representations.json import fetch_object
from app.representations.pages import Listing, Page, fetch_page
from app.services import campaigns, image_sets
from app.services.audit import Action, SubjectType, record

# What can still be done after it was cancelled, because nothing was undone.
RETRIABLE = (FINISH_IMAGE_SET, INSPECT_IMAGE_SET, MAKE_SNAPSHOT, WRITE_EXPORT)


def get_job(session: Session, job_id: int) -> bytes:
    """Return one job. Raises NotFound."""
    found = fetch_object(session, JOB, job_id=job_id)
    if found is None:
        raise _not_found(job_id)
    return found


def list_jobs(session: Session, page: Page, state: list[str] | None = None, kind: str | None = None) -> Listing:
    """Return a page of the jobs, newest first: all, or those in one of these states and of a kind."""
    filters: list[ColumnElement[bool]] = [Job.state.in_(state)] if state else []
    if kind is not None:
        filters.append(Job.kind == kind)
    return fetch_page(session, "jobs", JOBS.where(*filters), page, newest_first=True)


def retry_job(session: Session, job_id: int) -> None:
    """Start a job again. Raises NotFound, and Conflict unless it has failed, or was cancelled and its subject still needs it."""
    job, subject = _lock_job(session, job_id)
    if job.state != "failed" and not (job.state == CANCELLED and job.kind in RETRIABLE):
        raise Conflict(f"Job {job_id} is {job.state}: only a failed or a cancelled job can be retried.")
    if job.kind == FINISH_IMAGE_SET and (subject is None or subject.status != "finished"):
        is_now = subject.status if subject else "deleted"
        raise Conflict(f"Image set {job.subject_id} is {is_now}: finishing it starts another job.")
    if job.kind == PUBLISH_DATASETS and subject is not None and subject.status != "finished":
        # What the campaign held when it was finished can no longer be published.
        raise Conflict(f"The campaign of job {job_id} was reopened. It is published when it is finished again.")
    queue.retry(session, job)


def cancel_job(session: Session, job_id: int) -> None:
    """End a job that has not ended, and undo what it was for; what it has done already stays.

    A worker that runs it notices at its next commit, which then has no effect. Raises NotFound, and Conflict for a job that
    has ended or that cannot be undone.
    """
    job, subject = _lock_job(session, job_id)
    if job.state not in queue.UNFINISHED:
        raise Conflict(f"Job {job_id} is {job.state}: only a queued or running job can be cancelled.")
    if job.kind in (DELETE_DROPBOX, DELETE_IMAGE_FILES, DELETE_IMPORT_FILE):
        raise Conflict(f"Job {job_id} deletes files. It cannot be cancelled, because deleting cannot be undone.")
    if job.kind == FINISH_IMAGE_SET and isinstance(subject, ImageSet):
        image_sets.undo_finish(session, subject)
    if job.kind == PUBLISH_DATASETS and isinstance(subject, Campaign):
        if job.attempts:
            raise Conflict(
                f"Job {job_id} has begun to publish. It cannot be cancelled, because published versions cannot be taken back."
            )
        campaigns.enter_status(session, campaigns.lock_campaign(session, subject.id), "completed")
    if job.kind == IMPORT_LABELS:
        # Nobody reads its file any more.
        queue.enqueue(session, DELETE_IMPORT_FILE, "import", job.subject_id)
    job.state, job.run_token, job.date_finished, job.date_expected = CANCELLED, None, func.now(), None
    session.flush()
    about = {f"{job.subject_type}_id": job.subject_id}
    record(session, Action.CANCEL_JOB, SubjectType.JOB, job_id, kind=job.kind, **about)


def _lock_job(session: Session, job_id: int) -> tuple[Job, ImageSet | Campaign | None]:
    """Return a job and its subject, both held against every other change: the subject first, as its jobs do. Raises NotFound."""
    job = session.get(Job, job_id)
    if job is None:
        raise _not_found(job_id)
    subject: ImageSet | Campaign | None = None
    if job.subject_type == "image_set":
        subject = session.get(ImageSet, job.subject_id, with_for_update=True)
    elif job.subject_type == "campaign":
        subject = session.get(Campaign, job.subject_id, with_for_update=True)
    session.refresh(job, with_for_update=True)
    return job, subject


def _not_found(job_id: int) -> NotFound:
    return NotFound(f"There is no job {job_id}.")
