"""Session keys: pairs for browsers, which work for some hours and end with the API key that they were made with."""

from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import Interval, cast, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.models import ApiKey, SessionKey
from app.representations.json import fetch_object
from app.representations.session_keys import SESSION_KEYS
from app.services import api_keys
from app.services.api_keys import Account
from app.services.audit import Action, SubjectType, record

# How many session keys of one API key work at the same time.
MAX_SESSION_KEYS = 100


def create_session_key(session: Session, account: Account, hours: int) -> dict[str, Any]:
    """Return a new session key of the API key that the caller uses, with its secret, which cannot be read again.

    It works for so many hours, and not longer than the API key. With MAX_SESSION_KEYS at work, the one that would expire first
    ends. Raises Conflict when the API key or its user stopped working a moment ago.
    """
    is_enabled = api_keys.lock_keys(session, account.user_id)
    usable = select(ApiKey.date_expires).where(ApiKey.id == account.api_key_id, api_keys.is_usable())
    parent = session.execute(usable).one_or_none()
    if parent is None or not is_enabled:
        raise Conflict("Your key no longer works, or your user has been disabled.")
    _make_room(session, account)
    key, secret = api_keys.make_key_pair()
    end = func.now() + cast(timedelta(hours=hours), Interval)
    values = {
        "api_key_id": account.api_key_id,
        "key": key,
        "secret_hash": api_keys.hash_secret(secret),
        # PostgreSQL ignores a null here, which stands for a parent that does not expire.
        "date_expires": func.least(end, parent.date_expires),
    }
    made = insert(SessionKey).values(values).returning(SessionKey.id, SessionKey.date_expires)
    session_key_id, date_expires = session.execute(made).one()
    details = {"session_key_id": session_key_id, "date_expires": date_expires}
    record(session, Action.CREATE_SESSION_KEY, SubjectType.API_KEY, account.api_key_id, **details)
    return _describe(session, session_key_id) | {"apisecret": secret}


def _make_room(session: Session, account: Account) -> None:
    """Delete the expired session keys of the caller's user, and those of its API key beyond what leaves room for one more."""
    own = select(ApiKey.id).where(ApiKey.user_id == account.user_id)
    session.execute(delete(SessionKey).where(SessionKey.api_key_id.in_(own), SessionKey.date_expires <= func.now()))
    newest = select(SessionKey.id).where(SessionKey.api_key_id == account.api_key_id)
    surplus = newest.order_by(SessionKey.date_expires.desc(), SessionKey.id.desc()).offset(MAX_SESSION_KEYS - 1)
    session.execute(delete(SessionKey).where(SessionKey.id.in_(surplus)))


def end_session_key(session: Session, account: Account) -> dict[str, Any]:
    """End the session key that the caller uses and return it. Raises NotFound for a caller who uses an API key."""
    if account.session_key_id is None:
        raise NotFound("This request was sent with an API key, not with a session key.")
    used = update(SessionKey).where(SessionKey.id == account.session_key_id)
    session.execute(used.values(date_expires=func.now()))
    details = {"session_key_id": account.session_key_id}
    record(session, Action.END_SESSION_KEY, SubjectType.API_KEY, account.api_key_id, **details)
    return _describe(session, account.session_key_id)


def _describe(session: Session, session_key_id: int) -> dict[str, Any]:
    found = fetch_object(session, SESSION_KEYS.where(SessionKey.id == session_key_id))
    if found is None:
        # A newer session key of the same parent has taken its place in this moment.
        raise NotFound("This session key has ended.")
    described: dict[str, Any] = orjson.loads(found)
    return described
