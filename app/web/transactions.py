"""The session of each request: in autocommit mode for reads, else one transaction, with one answer however often it is sent."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from app.database.engine import db
from app.database.outages import without_transaction
from app.representations.viewers import show_to
from app.services import idempotency_keys
from app.services.audit import Actor, act_as
from app.services.idempotency_keys import Attempt, KeptAnswer
from app.web.context import context_of, current_context
from app.web.request_log import address_of

Handler = Callable[..., Response]
# What belongs to one delivery of an answer and not to the answer.
NOT_KEPT = {"content-length", "date"}


def read_only(handler: Handler) -> Handler:
    """Run a handler that only reads in autocommit mode: each statement sees what is committed by then.

    The handler is given the session.
    """

    def handle(**arguments: Any) -> Response:
        # It ends with the request; the connection gets its transactions again when it goes back into its pool.
        session = db.session()
        _show_to_caller(session)
        without_transaction(session.connection())
        return handler(session, **arguments)

    return handle


def in_transaction(handler: Handler) -> Handler:
    """Run a handler in one transaction: commit what it did together with its kept answer, or roll all of it back.

    The handler is given the session.
    """

    def handle(**arguments: Any) -> Response:
        session = db.session()
        act_as(session, _actor())
        _show_to_caller(session)
        try:
            answer = _answer_once(session, partial(handler, session, **arguments), handler.__name__)
            session.commit()
        except BaseException:
            session.rollback()
            raise
        return answer

    return handle


def _answer_once(session: Session, answer: Callable[[], Response], operation: str) -> Response:
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return answer()
    attempt = _attempt(idempotency_keys.read_key(header), operation)
    kept = idempotency_keys.find_answer(session, attempt)
    if kept:
        return Response(kept.body, kept.status, kept.headers | {"Idempotent-Replayed": "true"})
    first = answer()
    headers = {name: value for name, value in first.headers.items() if name.lower() not in NOT_KEPT}
    idempotency_keys.keep_answer(session, attempt, KeptAnswer(first.status_code, headers, first.get_data()))
    return first


def _show_to_caller(session: Session) -> None:
    scope = request.environ["asgi.scope"]
    account = context_of(scope).account
    sees_addresses = account.sees_addresses(scope["path_params"].get("campaign_id"))
    show_to(session, account.user_id, sees_addresses=sees_addresses)


def _actor() -> Actor:
    scope = request.environ["asgi.scope"]
    context = context_of(scope)
    return Actor(context.account.user_id, context.account.api_key_id, address_of(scope), context.request_id)


def _attempt(key: str, operation: str) -> Attempt:
    context = current_context()
    asked = f"{request.method} {request.full_path}\n".encode() + context.body_digest
    return Attempt(
        user_id=context.account.user_id,
        operation=operation,
        key=key,
        fingerprint=hashlib.sha256(asked).digest(),
        secret=request.headers["Authentication-Secret"],
    )
