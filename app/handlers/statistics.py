"""Operations on statistics."""

from flask import Response
from sqlalchemy.orm import Session

from app.responses import json_answer
from app.services import statistics


def get_campaign_statistics(session: Session, campaign_id: int, as_of: str | None = None) -> Response:
    """GET /campaigns/{campaign_id}/statistics"""
    return json_answer(statistics.count_campaign(session, campaign_id, as_of))


def get_statistics(session: Session, campaigns: list[int] | None = None, image_set: int | None = None) -> Response:
    """GET /statistics"""
    return json_answer(statistics.count_selection(session, campaigns, image_set))
