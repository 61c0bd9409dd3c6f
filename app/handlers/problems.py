"""Operations on the problems of an image set."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.representations.pages import Page
from app.responses import ok_or_representation, page_answer
from app.services import image_sets, problems
from app.services.api_keys import Account


def list_problems(session: Session, imageset_id: int, page: Page) -> Response:
    """GET /image_sets/{imageset_id}/problems"""
    return page_answer(problems.list_problems(session, imageset_id, page))


def retry_problems(session: Session, imageset_id: int, body: dict[str, Any]) -> Response:
    """POST /image_sets/{imageset_id}/problems/retry"""
    job_id = problems.retry_problems(session, imageset_id, body.get("names"))
    return ok_or_representation(lambda: image_sets.get_image_set(session, imageset_id), job_id)


def drop_problems(session: Session, imageset_id: int, body: dict[str, Any], account: Account) -> Response:
    """POST /image_sets/{imageset_id}/problems/drop"""
    job_id = problems.drop_problems(session, account, imageset_id, body.get("names"))
    return ok_or_representation(lambda: image_sets.get_image_set(session, imageset_id), job_id)
