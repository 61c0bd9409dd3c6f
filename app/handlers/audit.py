"""Operations on the audit."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.representations.pages import Page
from app.responses import page_answer
from app.services import audit
from app.services.audit import AuditFilter


def list_audit(session: Session, page: Page, **sent: Any) -> Response:
    """GET /audit"""
    # Both are words of Python.
    times = {"date_from": sent.pop("from", None), "date_to": sent.pop("to", None)}
    return page_answer(audit.list_audit(session, page, AuditFilter(**sent, **times)))
