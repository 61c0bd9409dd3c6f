"""Operations on background jobs."""

from flask import Response
from sqlalchemy.orm import Session

from app.representations.pages import Page
from app.responses import ok_or_representation, page_answer, resource_answer
from app.services import jobs


def list_jobs(session: Session, page: Page, state: list[str] | None = None, kind: str | None = None) -> Response:
    """GET /jobs"""
    return page_answer(jobs.list_jobs(session, page, state, kind))


def get_job(session: Session, job_id: int) -> Response:
    """GET /jobs/{job_id}"""
    return resource_answer(jobs.get_job(session, job_id))


def retry_job(session: Session, job_id: int) -> Response:
    """POST /jobs/{job_id}/retry"""
    jobs.retry_job(session, job_id)
    return ok_or_representation(lambda: jobs.get_job(session, job_id), job_id)


def cancel_job(session: Session, job_id: int) -> Response:
    """POST /jobs/{job_id}/cancel"""
    jobs.cancel_job(session, job_id)
    return ok_or_representation(lambda: jobs.get_job(session, job_id))
