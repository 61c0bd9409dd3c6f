"""Operations on session keys."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.responses import json_answer
from app.services import session_keys
from app.services.api_keys import Account


def create_session_key(session: Session, body: dict[str, Any], account: Account) -> Response:
    """POST /session_keys"""
    return json_answer(session_keys.create_session_key(session, account, body["hours"]))


def end_session_key(session: Session, account: Account) -> Response:
    """DELETE /session_keys/current"""
    return json_answer(session_keys.end_session_key(session, account))
