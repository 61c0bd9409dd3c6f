"""The edge of a request: one transaction around the handler, and one answer for a request that is sent twice."""

import functools
import hashlib
from collections.abc import Callable
from typing import Any

from flask import Response, request

from app.database import db
from app.intake import BODY_DIGEST
from app.postgres import without_transaction
from app.security import ACCOUNT
from app.services import idempotency_keys
from app.services.idempotency_keys import Attempt, KeptAnswer

CHANGING_METHODS = {"POST", "PUT", "PATCH", "DELETE"}
# What belongs to one delivery of an answer and not to the answer.
NOT_KEPT = {"content-length", "date"}


def at_the_edge(handler: Callable[..., Response]) -> Callable[..., Response]:
    """One request, one transaction: commit what the handler did together with its kept answer, or roll all of it back.

    A request that only reads has none: each of its statements sees what is committed by then, as it would in a transaction.
    """

    @functools.wraps(handler)
    def handle(*args: Any, **kwargs: Any) -> Response:
        if request.method not in CHANGING_METHODS:
            try:
                without_transaction(db.session.connection())
                return handler(*args, **kwargs)
            finally:
                # The connection goes back into its pool, where it gets its transactions again.
                db.session.close()
        try:
            answer = _answer_once(lambda: handler(*args, **kwargs), handler.__name__)
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
        return answer

    return handle


def _answer_once(answer: Callable[[], Response], operation: str) -> Response:
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return answer()
    attempt = _attempt(idempotency_keys.read_key(header), operation)
    session = db.session()
    kept = idempotency_keys.find_answer(session, attempt)
    if kept:
        return Response(kept.body, kept.status, kept.headers | {"Idempotent-Replayed": "true"})
    first = answer()
    headers = {name: value for name, value in first.headers.items() if name.lower() not in NOT_KEPT}
    idempotency_keys.keep_answer(session, attempt, KeptAnswer(first.status_code, headers, first.get_data()))
    return first


def _attempt(key: str, operation: str) -> Attempt:
    extensions = request.environ["asgi.scope"]["extensions"]
    asked = f"{request.method} {request.full_path}\n".encode() + extensions.get(BODY_DIGEST, b"")
    return Attempt(
        user_id=extensions[ACCOUNT].user_id,
        operation=operation,
        key=key,
        fingerprint=hashlib.sha256(asked).digest(),
        secret=request.headers["Authentication-Secret"],
    )
