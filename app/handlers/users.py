"""Operations on users and their roles."""

from typing import Any

from flask import Response

from app.database import db
from app.handlers import read_page
from app.responses import json_answer, page_answer
from app.services import users


def list_users(page: int, per_page: int, after: int | None = None) -> Response:
    """GET /users"""
    return page_answer(users.list_users(db.session(), read_page(page, per_page, after)))


def create_user(body: dict[str, Any]) -> Response:
    """POST /users"""
    session = db.session()
    user = users.add_user(session, body["email"], body.get("role"))
    return json_answer(users.describe_user(session, user.id))


def get_user(user_id: int) -> Response:
    """GET /users/{user_id}"""
    return json_answer(users.describe_user(db.session(), user_id))


def update_user(user_id: int, body: dict[str, Any]) -> Response:
    """PATCH /users/{user_id}"""
    session = db.session()
    with users.keeping_an_admin(session):
        users.set_enabled(users.get_user_by_id(session, user_id), enabled=body["enabled"])
    return json_answer(users.describe_user(session, user_id))


def grant_role(user_id: int, body: dict[str, Any]) -> Response:
    """POST /users/{user_id}/roles"""
    session = db.session()
    users.grant_role(session, users.get_user_by_id(session, user_id), body["role"], body.get("campaign_id"))
    return json_answer(users.describe_user(session, user_id))


def revoke_role(user_id: int, role_id: int) -> Response:
    """DELETE /users/{user_id}/roles/{role_id}"""
    session = db.session()
    with users.keeping_an_admin(session):
        users.revoke_role_by_id(session, users.get_user_by_id(session, user_id), role_id)
    return json_answer(users.describe_user(session, user_id))
