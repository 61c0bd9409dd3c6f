"""Operations on queries that are kept by name."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.representations.pages import Page
from app.responses import json_answer, page_answer, resource_answer
from app.services import queries
from app.services.api_keys import Account


def list_queries(session: Session, page: Page) -> Response:
    """GET /queries"""
    return page_answer(queries.list_queries(session, page))


def get_query(session: Session, name: str) -> Response:
    """GET /queries/{name}"""
    return resource_answer(queries.get_query(session, name))


def put_query(session: Session, name: str, body: dict[str, Any], account: Account) -> Response:
    """PUT /queries/{name}"""
    return resource_answer(queries.put_query(session, account, name, body["query"]))


def delete_query(session: Session, name: str) -> Response:
    """DELETE /queries/{name}"""
    return json_answer(queries.delete_query(session, name))
