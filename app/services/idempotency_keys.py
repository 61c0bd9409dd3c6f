"""Requests that may be sent twice: the first answer is kept for a day, and the repetition gets it again.

The header and its rules are those of the IETF draft "The Idempotency-Key HTTP Header Field"
(draft-ietf-httpapi-idempotency-key-header).
"""

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import timedelta

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import BadRequest, Conflict, Unprocessable
from app.models import IdempotencyKey

KEPT = timedelta(hours=24)
MAX_KEY_LENGTH = 255
# Spaces within a key are kept; those around it may be lost on the way.
KEY_CHARACTERS = rf"[!-~](?:[ -~]{{0,{MAX_KEY_LENGTH - 2}}}[!-~])?"
KEY_FORM = re.compile(rf'"(?P<quoted>{KEY_CHARACTERS})"|(?!")(?P<plain>{KEY_CHARACTERS})')
NONCE_LENGTH = 12
PRUNED_AT_ONCE = 100


@dataclass(frozen=True)
class Attempt:
    """A request with an idempotency key: who sends it, to which operation, and the SHA-256 of all that it asks for.

    `secret` is the caller's own; with the key it seals the kept answer, which may hold a secret that is shown only once.
    """

    user_id: int
    operation: str
    key: str
    fingerprint: bytes
    secret: str

    @property
    def key_hash(self) -> bytes:
        """What is stored of the key."""
        return hashlib.sha256(self.key.encode()).digest()


@dataclass(frozen=True)
class KeptAnswer:
    """An answer as it was first given."""

    status: int
    headers: dict[str, str]
    body: bytes


def read_key(header: str) -> str:
    """Return the key in the header, which is a string of RFC 8941 (in quotes); without quotes it is taken as well.

    Raises BadRequest unless it has 1 to 255 visible ASCII characters.
    """
    form = KEY_FORM.fullmatch(header)
    if form is None:
        raise BadRequest(f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} visible ASCII characters, such as a UUID.")
    return form["quoted"] or form["plain"]


def find_answer(session: Session, attempt: Attempt) -> KeptAnswer | None:
    """Return the answer to the same request of before; None for the first, which then holds the key until it is over.

    Raises Conflict while the first is still at work, Unprocessable when the key was used for another request.
    """
    lock_name = f" idempotency {attempt.user_id} {attempt.operation} {attempt.key_hash.hex()}"
    # Schemas of one database share its advisory locks.
    number = func.hashtextextended(func.current_schema() + lock_name, 0)
    if not session.scalar(select(func.pg_try_advisory_xact_lock(number))):
        detail = (
            "The first request with this Idempotency-Key is still in progress. Send this request again in a moment."
        )
        raise Conflict(detail, headers={"Retry-After": "1"})
    kept = session.execute(
        select(IdempotencyKey.fingerprint, IdempotencyKey.answer).where(
            IdempotencyKey.user_id == attempt.user_id,
            IdempotencyKey.operation == attempt.operation,
            IdempotencyKey.key_hash == attempt.key_hash,
            IdempotencyKey.date_expires > func.now(),
        )
    ).one_or_none()
    if kept is None:
        return None
    if kept.fingerprint != attempt.fingerprint:
        raise Unprocessable(
            "This Idempotency-Key was already used for a different request. Use a new key for each request."
        )
    return _open(attempt, kept.answer)


def keep_answer(session: Session, attempt: Attempt, answer: KeptAnswer) -> None:
    """Keep the answer of a first attempt, in the transaction that holds its effect; expired ones are pruned on the way."""
    _prune(session)
    values = {
        "fingerprint": attempt.fingerprint,
        "answer": _seal(attempt, answer),
        "date_expires": func.now() + KEPT,
    }
    whose = {"user_id": attempt.user_id, "operation": attempt.operation, "key_hash": attempt.key_hash}
    # What stands there already has expired, because find_answer did not return it.
    kept = (
        insert(IdempotencyKey).values(**whose, **values).on_conflict_do_update(index_elements=list(whose), set_=values)
    )
    session.execute(kept)


def _prune(session: Session) -> None:
    columns = (IdempotencyKey.user_id, IdempotencyKey.operation, IdempotencyKey.key_hash)
    expired = select(*columns).where(IdempotencyKey.date_expires <= func.now()).limit(PRUNED_AT_ONCE)
    session.execute(delete(IdempotencyKey).where(tuple_(*columns).in_(expired.with_for_update(skip_locked=True))))


def _seal(attempt: Attempt, answer: KeptAnswer) -> bytes:
    head = orjson.dumps({"status": answer.status, "headers": answer.headers})
    nonce = os.urandom(NONCE_LENGTH)
    return nonce + _cipher(attempt).encrypt(nonce, head + b"\n" + answer.body, attempt.operation.encode())


def _open(attempt: Attempt, sealed: bytes) -> KeptAnswer:
    nonce, content = sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:]
    try:
        head, _, body = _cipher(attempt).decrypt(nonce, content, attempt.operation.encode()).partition(b"\n")
    except InvalidTag:
        detail = "This Idempotency-Key was used with another API key of yours; only that one can read the first answer."
        raise Unprocessable(detail) from None
    return KeptAnswer(body=body, **orjson.loads(head))


def _cipher(attempt: Attempt) -> AESGCM:
    """AES-256-GCM (NIST SP 800-38D) under a key that HKDF (RFC 5869) derives from the caller's secret."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=attempt.key_hash, info=b"labelapi kept answer")
    return AESGCM(derived.derive(attempt.secret.encode()))
