"""Operations on the problems of an image set."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.handlers import read_page
from app.responses import done, page_answer
from app.services import image_sets, problems


def list_problems(session: Session, imageset_id: int, page: int, per_page: int, after: int | None = None) -> Response:
    """GET /image_sets/{imageset_id}/problems"""
    return page_answer(problems.list_problems(session, imageset_id, read_page(page, per_page, after)))


def retry_problems(session: Session, imageset_id: int, body: dict[str, Any]) -> Response:
    """POST /image_sets/{imageset_id}/problems/retry"""
    job_id = problems.retry_problems(session, imageset_id, body.get("names"))
    return done(lambda: image_sets.get_image_set(session, imageset_id), job_id)


def drop_problems(session: Session, imageset_id: int, body: dict[str, Any]) -> Response:
    """POST /image_sets/{imageset_id}/problems/drop"""
    job_id = problems.drop_problems(session, imageset_id, body.get("names"))
    return done(lambda: image_sets.get_image_set(session, imageset_id), job_id)
