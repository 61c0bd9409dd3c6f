"""Operations on drafts."""

from collections.abc import Iterable
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.representations.pages import Page
from app.responses import OK, json_answer, page_answer
from app.services import drafts
from app.services.api_keys import Account
from app.wiring import components


def list_drafts(
    session: Session, campaign_id: int, page: Page, account: Account, user: str | None = None, image: int | None = None
) -> Response:
    """GET /campaigns/{campaign_id}/drafts"""
    return page_answer(drafts.list_drafts(session, account, campaign_id, page, user, image))


def put_drafts(session: Session, campaign_id: int, body: Iterable[dict[str, Any]], account: Account) -> Response:
    """PUT /campaigns/{campaign_id}/drafts"""
    drafts.put_drafts(session, account, campaign_id, body, components().settings.max_objects_per_request)
    return json_answer(OK)
