"""Operations on the API keys of a user."""

from datetime import timedelta
from typing import Any

import orjson
from flask import Response
from sqlalchemy.orm import Session

from app.representations.pages import Page
from app.responses import json_answer, page_answer
from app.services import api_keys, users
from app.services.api_keys import Account, KeyPair


def list_api_keys(session: Session, user_id: int, page: Page) -> Response:
    """GET /users/{user_id}/api_keys"""
    users.require_user(session, user_id)
    return page_answer(api_keys.list_api_keys(session, user_id, page))


def create_api_key(session: Session, user_id: int, body: dict[str, Any]) -> Response:
    """POST /users/{user_id}/api_keys"""
    user = users.get_user_by_id(session, user_id)
    date_expires = api_keys.parse_expiry(body.get("date_expires"))
    return _show_once(session, user.id, api_keys.create_api_key(session, user.id, body.get("name"), date_expires))


def rotate_api_key(session: Session, user_id: int, key_id: int, body: dict[str, Any]) -> Response:
    """POST /users/{user_id}/api_keys/{key_id}/rotate"""
    date_expires = api_keys.parse_expiry(body.get("date_expires"))
    overlap = timedelta(seconds=body.get("overlap_seconds", 0))
    with users.ensure_admin_remains(session):
        api_key = api_keys.get_api_key(session, user_id, key_id)
        pair = api_keys.rotate_api_key(session, api_key, overlap, date_expires)
    return _show_once(session, user_id, pair)


def rotate_own_key(session: Session, body: dict[str, Any], account: Account) -> Response:
    """POST /whoami/keys/rotate"""
    pair = api_keys.rotate_own_key(session, account, timedelta(seconds=body.get("overlap_seconds", 0)))
    return _show_once(session, account.user_id, pair)


def revoke_api_key(session: Session, user_id: int, key_id: int) -> Response:
    """DELETE /users/{user_id}/api_keys/{key_id}"""
    with users.ensure_admin_remains(session):
        api_key = api_keys.get_api_key(session, user_id, key_id)
        api_keys.revoke_api_key(session, api_key)
    return json_answer(api_keys.describe_api_key(session, user_id, api_key.key))


def _show_once(session: Session, user_id: int, pair: KeyPair) -> Response:
    made = orjson.loads(api_keys.describe_api_key(session, user_id, pair.apikey))
    return json_answer(made | {"apisecret": pair.apisecret})
