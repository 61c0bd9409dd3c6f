"""Operations on reviews."""

from collections.abc import Iterable
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.responses import ok_or_representation
from app.services import campaigns, reviews
from app.services.api_keys import Account


def put_reviews(
    session: Session,
    campaign_id: int,
    body: Iterable[dict[str, Any]],
    account: Account,
    request_id: str,
    *,
    reopen: bool = False,
) -> Response:
    """PUT /campaigns/{campaign_id}/reviews"""
    reviews.put_reviews(session, account, request_id, campaign_id, body, reopen=reopen)
    return ok_or_representation(lambda: campaigns.get_campaign(session, campaign_id))
