"""Operations on submissions."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.representations.pages import Page
from app.responses import json_answer, page_answer
from app.services import differences, restores, submissions
from app.services.api_keys import Account
from app.services.submissions import Sender, SubmissionFilter


def list_campaign_submissions(
    session: Session, campaign_id: int, page: Page, account: Account, **sent: Any
) -> Response:
    """GET /campaigns/{campaign_id}/submissions"""
    # Both are words of Python.
    times = {"date_from": sent.pop("from", None), "date_to": sent.pop("to", None)}
    filters = SubmissionFilter(**sent, **times)
    return page_answer(submissions.list_submissions(session, account, campaign_id, page, filters))


def get_submission(session: Session, submission_id: int, account: Account) -> Response:
    """GET /submissions/{submission_id}"""
    return json_answer(submissions.get_submission(session, account, submission_id))


def restore_campaign(
    session: Session,
    campaign_id: int,
    body: dict[str, Any],
    sender: Sender,
) -> Response:
    """POST /campaigns/{campaign_id}/restore"""
    return json_answer(restores.restore(session, sender, campaign_id, **body))


def list_campaign_differences(session: Session, campaign_id: int, page: Page, **sent: Any) -> Response:
    """GET /campaigns/{campaign_id}/diff"""
    # Both are words of Python.
    begin, end = sent.pop("from", None), sent.pop("to", None)
    return page_answer(differences.list_differences(session, campaign_id, page, begin, end))
