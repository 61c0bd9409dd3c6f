"""Operations on background jobs."""

from flask import Response
from sqlalchemy.orm import Session

from app.responses import ok_or_representation, resource_answer
from app.services import jobs


def get_job(session: Session, job_id: int) -> Response:
    """GET /jobs/{job_id}"""
    return resource_answer(jobs.get_job(session, job_id))


def retry_job(session: Session, job_id: int) -> Response:
    """POST /jobs/{job_id}/retry"""
    jobs.retry_job(session, job_id)
    return ok_or_representation(lambda: jobs.get_job(session, job_id), job_id)
