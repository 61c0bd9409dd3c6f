"""Two-part API keys: their form, making them, and finding the account that a pair belongs to."""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Subquery,
    cast,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound, Unprocessable
from app.models import ApiKey, Campaign, Role, SessionKey, User
from app.models.users import IMAGE_ADMIN, READER, REVIEWER
from app.representations.api_keys import API_KEYS
from app.representations.json import fetch_object
from app.representations.pages import Listing, Page, fetch_page
from app.services.audit import Action, SubjectType, record
from app.services.text import read_text
from app.services.times import parse_time

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
KEY_LENGTH = 22  # 62**22 is more than 2**130.
SECRET_LENGTH = 43  # 62**43 is more than 2**256.
MAX_DAYS_VALID = 3650
MAX_OVERLAP_SECONDS = 30 * 24 * 3600
CHECKSUM_LENGTH = 6  # 62**6 is more than 2**32, the range of a CRC32.
NO_HASH = bytes(hashlib.sha256().digest_size)
KEY_FORM = re.compile(rf"lsk_[0-9A-Za-z]{{{KEY_LENGTH}}}")
SECRET_FORM = re.compile(rf"lss_[0-9A-Za-z]{{{SECRET_LENGTH + CHECKSUM_LENGTH}}}")


class KeyPair(NamedTuple):
    """Both parts of a new API key; `apisecret` is null where the key was made before and its secret is gone."""

    apikey: str
    apisecret: str | None


@dataclass(frozen=True)
class Account:
    """Who calls: the user, the key that was used, and the roles, each with its campaign or None."""

    user_id: int
    email: str
    api_key_id: int
    # Set where the caller uses a session key of that API key.
    session_key_id: int | None
    roles: frozenset[tuple[str, int | None]]

    @property
    def is_admin(self) -> bool:
        """True for an image-admin."""
        return (IMAGE_ADMIN, None) in self.roles

    @property
    def reads_everything(self) -> bool:
        """True for callers who may read all campaigns and images."""
        return self.is_admin or (READER, None) in self.roles

    @property
    def campaign_ids(self) -> frozenset[int]:
        """The campaigns that the caller labels or reviews."""
        return frozenset(campaign_id for _, campaign_id in self.roles if campaign_id is not None)

    def has_role(self, names: Iterable[str], campaign_id: int | None) -> bool:
        """True when the caller has one of these roles: bound to nothing, or to this campaign; None stands for any campaign."""
        if campaign_id is None:
            return any(name in names for name, _ in self.roles)
        return any((name, None) in self.roles or (name, campaign_id) in self.roles for name in names)

    def sees_addresses(self, campaign_id: int | None) -> bool:
        """True when an answer about this campaign, or about none, may show the e-mail addresses of others."""
        return self.is_admin or (REVIEWER, campaign_id) in self.roles


def make_key_pair() -> tuple[str, str]:
    """Return a new key and its secret, drawn from the system's random source."""
    key = "lsk_" + _random_base62(KEY_LENGTH)
    secret = "lss_" + _random_base62(SECRET_LENGTH)
    return key, secret + _checksum(secret)


def is_well_formed(key: str, secret: str) -> bool:
    """True when both parts have the form of ours and the checksum fits, so that a typo is seen without a query."""
    if not KEY_FORM.fullmatch(key) or not SECRET_FORM.fullmatch(secret):
        return False
    return secret[-CHECKSUM_LENGTH:] == _checksum(secret[:-CHECKSUM_LENGTH])


def is_exchanged(key: str, secret: str) -> bool:
    """True when each part begins as the other one does. Nothing is looked up, so this says nothing of whether the pair works."""
    return key.startswith("lss_") and secret.startswith("lsk_")


def hash_secret(secret: str) -> bytes:
    """Return what is stored of a secret. It has 256 random bits, so that a slow hash would protect nothing more."""
    return hashlib.sha256(secret.encode()).digest()


def _random_base62(length: int) -> str:
    return "".join(secrets.choice(BASE62) for _ in range(length))


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(CHECKSUM_LENGTH, BASE62[0])


def is_usable() -> ColumnElement[bool]:
    """The condition under which a key of an enabled user works."""
    return ApiKey.date_revoked.is_(None) & or_(ApiKey.date_expires.is_(None), ApiKey.date_expires > func.now())


def find_accounts(connection: Connection, pairs: Sequence[tuple[str, str]]) -> list[Account | None]:
    """Return the account of each pair of key and secret, with one query for all of them.

    None stands for a pair that is unknown, wrong, revoked or expired, or whose user is disabled.
    """
    roles = (
        select(func.json_agg(aggregate_order_by(func.json_build_array(Role.name, Role.campaign_id), Role.id)))
        # Nobody labels or reviews an archived campaign.
        .where(Role.user_id == User.id, ~exists().where(Campaign.id == Role.campaign_id, Campaign.archived))
        .scalar_subquery()
    )
    pair = _pairs_with([key for key, _ in pairs])
    found = connection.execute(
        select(pair, User.id.label("user_id"), User.email, roles.label("roles"))
        .join(ApiKey, ApiKey.id == pair.c.api_key_id)
        .join(User, User.id == ApiKey.user_id)
        .where(User.enabled, is_usable())
    )
    rows = {row.key: row for row in found}
    return [_account_of(rows.get(key), secret) for key, secret in pairs]


def _pairs_with(keys: list[str]) -> Subquery:
    """Return the select of API keys, and of session keys that have not expired, with these public parts."""
    no_session = cast(null(), BigInteger).label("session_key_id")
    api_key = select(ApiKey.key, ApiKey.secret_hash, ApiKey.id.label("api_key_id"), no_session)
    session_key = select(SessionKey.key, SessionKey.secret_hash, SessionKey.api_key_id, SessionKey.id)
    has_key = SessionKey.key == func.any(keys)
    return union_all(
        api_key.where(ApiKey.key == func.any(keys)),
        session_key.where(has_key, SessionKey.date_expires > func.now()),
    ).subquery("pair")


def _account_of(row: Row[Any] | None, secret: str) -> Account | None:
    # The comparison is made for an unknown key, too, so that its answer takes as long.
    is_right = hmac.compare_digest(NO_HASH if row is None else row.secret_hash, hash_secret(secret))
    if row is None or not is_right:
        return None
    roles = frozenset((name, campaign_id) for name, campaign_id in row.roles or [])
    return Account(
        user_id=row.user_id,
        email=row.email,
        api_key_id=row.api_key_id,
        session_key_id=row.session_key_id,
        roles=roles,
    )


def note_uses(connection: Connection, api_key_ids: Collection[int]) -> None:
    """Write down that these keys were used just now; one that was noted within the last minute stays as it is."""
    minute_ago = func.now() - func.make_interval(0, 0, 0, 0, 0, 1)
    stale = or_(ApiKey.date_last_used.is_(None), ApiKey.date_last_used < minute_ago)
    noted = update(ApiKey).where(ApiKey.id.in_(api_key_ids), stale)
    connection.execute(noted.values(date_last_used=func.now()))


def create_api_key(
    session: Session, user_id: int, name: str | None = None, date_expires: datetime | None = None
) -> KeyPair:
    """Give the user one more key and return both parts; the secret cannot be read again.

    Raises Unprocessable for a name with characters that cannot be seen.
    """
    name = None if name is None else read_text(name, "/name", "The name")
    key_id, pair = _add_key(session, user_id, name, date_expires)
    details = {"user_id": user_id, "name": name, "date_expires": date_expires}
    record(session, Action.CREATE_API_KEY, SubjectType.API_KEY, key_id, **details)
    return pair


def _add_key(session: Session, user_id: int, name: str | None, date_expires: datetime | None) -> tuple[int, KeyPair]:
    key, secret = make_key_pair()
    values = {"key": key, "secret_hash": hash_secret(secret), "name": name, "date_expires": date_expires}
    key_id = session.scalars(insert(ApiKey).values(user_id=user_id, **values).returning(ApiKey.id)).one()
    return key_id, KeyPair(key, secret)


def parse_expiry(value: str | None) -> datetime | None:
    """Return the time of a time or day. Raises Unprocessable unless it lies within the next MAX_DAYS_VALID days."""
    if value is None:
        return None
    message = f"must be a time in the future, at most {MAX_DAYS_VALID} days from now"
    try:
        date_expires = parse_time(value)
        valid = timedelta(0) < date_expires - datetime.now(UTC) <= timedelta(days=MAX_DAYS_VALID)
    except ValueError:
        valid = False
    if not valid:
        raise Unprocessable(f"/date_expires: {message}.", errors=[{"pointer": "/date_expires", "detail": message}])
    return date_expires


def list_api_keys(session: Session, user_id: int, page: Page) -> Listing:
    """Return a page of the user's keys, by id, without any secret."""
    return fetch_page(session, "api_keys", API_KEYS.where(ApiKey.user_id == user_id), page)


def find_api_keys(session: Session, user_id: int) -> list[dict[str, object]]:
    """Return all keys of the user as plain rows, by id, without any secret."""
    return [dict(row) for row in session.execute(API_KEYS.where(ApiKey.user_id == user_id)).mappings()]


def describe_api_key(session: Session, user_id: int, key: str) -> bytes:
    """Return one of the user's keys, by its public part. Raises NotFound."""
    found = fetch_object(session, API_KEYS.where(ApiKey.user_id == user_id, ApiKey.key == key))
    if found is None:
        raise NotFound(f"User {user_id} has no key {key}.")
    return found


def get_api_key(session: Session, user_id: int, key_id: int) -> ApiKey:
    """Return one of the user's keys, held against other changes until the transaction ends. Raises NotFound."""
    mine = select(ApiKey).where(ApiKey.user_id == user_id, ApiKey.id == key_id)
    api_key = session.scalar(mine.with_for_update())
    if api_key is None:
        raise NotFound(f"User {user_id} has no key {key_id}.")
    return api_key


def rotate_api_key(
    session: Session, api_key: ApiKey, overlap: timedelta = timedelta(0), date_expires: datetime | None = None
) -> KeyPair:
    """Give a new key of the same name in place of this one, which goes on working for the overlap and no longer.

    The caller holds the key. Raises Conflict when it does not work any more.
    """
    now = datetime.now(UTC)
    if api_key.date_revoked or (api_key.date_expires and api_key.date_expires <= now):
        raise Conflict(f"Key {api_key.id} no longer works, so it cannot be rotated. Create a new key.")
    if overlap:
        ends = now + overlap
        api_key.date_expires = min(api_key.date_expires or ends, ends)
    else:
        api_key.date_revoked = now
    new_id, pair = _add_key(session, api_key.user_id, api_key.name, date_expires)
    details = {"user_id": api_key.user_id, "new_key_id": new_id, "overlap_seconds": int(overlap.total_seconds())}
    record(session, Action.ROTATE_API_KEY, SubjectType.API_KEY, api_key.id, **details, date_expires=date_expires)
    return pair


def rotate_own_key(session: Session, account: Account, overlap: timedelta) -> KeyPair:
    """Give the caller a new key in place of the one that it used, of the same name and expiry; the old one works for the overlap.

    Raises Conflict when the key, or its user, does not work any more.
    """
    if not lock_keys(session, account.user_id):
        raise Conflict("Your user has been disabled.")
    api_key = get_api_key(session, account.user_id, account.api_key_id)
    return rotate_api_key(session, api_key, overlap, api_key.date_expires)


def lock_keys(session: Session, user_id: int) -> bool:
    """Hold the user's set of keys against every other change until the transaction ends; return whether the user is enabled.

    Without this, a user could rotate a key at the moment in which all its keys are revoked, and keep the new one.
    """
    user = select(User.enabled).where(User.id == user_id).with_for_update(key_share=True)
    return bool(session.scalar(user))


def revoke_api_key(session: Session, api_key: ApiKey) -> None:
    """Let a key never work again; one that was revoked before keeps its date. The caller holds the key."""
    if api_key.date_revoked is None:
        api_key.date_revoked = datetime.now(UTC)
        record(session, Action.REVOKE_API_KEY, SubjectType.API_KEY, api_key.id, user_id=api_key.user_id)


def find_newest_key(session: Session, user_id: int) -> str | None:
    """Return the public part of the user's newest usable key, or None."""
    newest = select(ApiKey.key).where(ApiKey.user_id == user_id, is_usable()).order_by(ApiKey.id.desc()).limit(1)
    return session.scalar(newest)


def revoke_api_keys(session: Session, user_id: int) -> int:
    """Revoke every usable key of the user and return how many there were."""
    lock_keys(session, user_id)
    revoked = update(ApiKey).where(ApiKey.user_id == user_id, is_usable()).values(date_revoked=func.now())
    key_ids = session.scalars(revoked.returning(ApiKey.id)).all()
    for key_id in sorted(key_ids):
        record(session, Action.REVOKE_API_KEY, SubjectType.API_KEY, key_id, user_id=user_id)
    return len(key_ids)
