"""Operations on background jobs."""

from flask import Response

from app.database import db
from app.responses import done, resource_answer
from app.services import jobs


def get_job(job_id: int) -> Response:
    """GET /jobs/{job_id}"""
    return resource_answer(jobs.get_job(db.session(), job_id))


def retry_job(job_id: int) -> Response:
    """POST /jobs/{job_id}/retry"""
    session = db.session()
    jobs.retry_job(session, job_id)
    return done(lambda: jobs.get_job(session, job_id), job_id)
