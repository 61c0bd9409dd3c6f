"""Operations on users and their roles."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.representations.pages import Page
from app.responses import json_answer, page_answer
from app.services import users


def list_users(session: Session, page: Page) -> Response:
    """GET /users"""
    return page_answer(users.list_users(session, page))


def create_user(session: Session, body: dict[str, Any]) -> Response:
    """POST /users"""
    user = users.add_user(session, body["email"], body.get("role"))
    return json_answer(users.describe_user(session, user.id))


def get_user(session: Session, user_id: int) -> Response:
    """GET /users/{user_id}"""
    return json_answer(users.describe_user(session, user_id))


def update_user(session: Session, user_id: int, body: dict[str, Any]) -> Response:
    """PATCH /users/{user_id}"""
    with users.ensure_admin_remains(session):
        users.set_enabled(session, users.get_user_by_id(session, user_id), enabled=body["enabled"])
    return json_answer(users.describe_user(session, user_id))


def grant_role(session: Session, user_id: int, body: dict[str, Any]) -> Response:
    """POST /users/{user_id}/roles"""
    users.grant_role(session, users.get_user_by_id(session, user_id), body["role"], body.get("campaign_id"))
    return json_answer(users.describe_user(session, user_id))


def revoke_role(session: Session, user_id: int, role_id: int) -> Response:
    """DELETE /users/{user_id}/roles/{role_id}"""
    with users.ensure_admin_remains(session):
        users.revoke_role_by_id(session, users.get_user_by_id(session, user_id), role_id)
    return json_answer(users.describe_user(session, user_id))
