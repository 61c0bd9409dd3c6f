"""The schema Job."""

from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from app.models import Job
from app.representations.json import AnySelect, json_object, utc


def _jobs(job: type[Job]) -> AnySelect:
    return select(
        job.id.label("job_id"),
        job.kind,
        json_object(type=job.subject_type, id=job.subject_id).label("subject"),
        job.state,
        job.done,
        job.total,
        job.attempts,
        job.error,
        utc(job.date_created).label("date_created"),
        utc(job.date_started).label("date_started"),
        utc(job.date_finished).label("date_finished"),
        utc(job.date_expected).label("date_expected"),
    )


JOBS = _jobs(Job).order_by(Job.id.desc())
JOB = _jobs(Job).where(Job.id == bindparam("job_id"))


def job_of(job_id: InstrumentedAttribute[int | None]) -> ColumnElement[Any]:
    """Return an expression: the job with this id as a JSON object, null where there is none."""
    job = aliased(Job)
    found = _jobs(job).where(job.id == job_id).correlate(job_id.class_).subquery("named_job")
    return select(func.row_to_json(found.table_valued())).scalar_subquery()


def newest_job(
    kind: str, subject_type: str, subject_id: InstrumentedAttribute[int], *more: ColumnElement[Any]
) -> ColumnElement[Any]:
    """Return an expression: the newest job of a kind about a subject as a JSON object, null when there is none.

    `more` are columns that the object has besides those of a job.
    """
    job = aliased(Job)
    newest = (
        _jobs(job)
        .add_columns(*more)
        .where(job.kind == kind, job.subject_type == subject_type, job.subject_id == subject_id)
        .order_by(job.id.desc())
        .limit(1)
        .correlate(subject_id.class_)
        .subquery("newest_job")
    )
    return select(func.row_to_json(newest.table_valued())).scalar_subquery()
