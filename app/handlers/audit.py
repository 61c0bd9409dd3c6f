"""Operations on the audit."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.handlers import read_page
from app.responses import page_answer
from app.services import audit
from app.services.audit import AuditFilter


def list_audit(session: Session, page: int, per_page: int, after: int | None = None, **sent: Any) -> Response:
    """GET /audit"""
    # Both are words of Python.
    times = {"date_from": sent.pop("from", None), "date_to": sent.pop("to", None)}
    return page_answer(audit.list_audit(session, read_page(page, per_page, after), AuditFilter(**sent, **times)))
