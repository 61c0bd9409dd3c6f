"""Users and their roles."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import BadRequest, Conflict, NotFound, Unprocessable
from app.models import ApiKey, Campaign, Role, User
from app.models.users import CAMPAIGN_ROLES, IMAGE_ADMIN, MAX_EMAIL_LENGTH
from app.representations.json import fetch_array, fetch_object
from app.representations.pages import Listing, Page, fetch_page
from app.representations.users import ROLES, USER, USERS
from app.services import api_keys
from app.services.api_keys import KeyPair
from app.services.audit import Action, SubjectType, record
from app.services.text import read_text

# One @, no blanks, a domain with a dot: enough to catch slips. Only a message can prove an address.
EMAIL_FORM = re.compile(r"[^ @]+@[^ @.]+(\.[^ @.]+)+")


# How many users may have the same role in one campaign, because every answer about the campaign names them.
MAX_MEMBERS = 100


def check_email(email: str, field: str = "email") -> str:
    """Return the address in the form in which it is stored; `field` is where it stands in the body.

    Raises Unprocessable for characters that cannot be seen, BadRequest for anything else that is not an address.
    """
    normal = read_text(email, f"/{field}", "The e-mail address", MAX_EMAIL_LENGTH)
    if not EMAIL_FORM.fullmatch(normal):
        detail = "Not a valid e-mail address (expected a form like name@partner.example)."
        raise BadRequest(detail, errors=[{"pointer": f"/{field}", "detail": detail}])
    return normal


def find_user(session: Session, email: str) -> User | None:
    """Return the user with this address, compared without case, or None."""
    return session.scalar(select(User).where(func.lower(User.email) == func.lower(email)))


def get_user(session: Session, email: str) -> User:
    """Return the user with this address. Raises NotFound."""
    user = find_user(session, check_email(email))
    if user is None:
        raise NotFound(f"There is no user {email}.")
    return user


def find_or_create_user(session: Session, email: str) -> User:
    """Return the user with this address; one that is not there yet is made, also when two ask at the same moment."""
    created = insert(User).values(email=email).on_conflict_do_nothing().returning(User.id)
    user_id = session.scalar(created)
    if user_id is not None:
        record(session, Action.CREATE_USER, SubjectType.USER, user_id, email=email)
    user = find_user(session, email)
    if user is None:
        raise Conflict("The user was removed at the same moment. Send the request again.")
    return user


def add_user(session: Session, email: str, role: str | None = None) -> User:
    """Make a user without keys, with a role that is bound to nothing or none.

    Raises BadRequest, Conflict when the address is taken.
    """
    email = check_email(email)
    added = insert(User).values(email=email).on_conflict_do_nothing().returning(User)
    user = session.scalar(added)
    if user is None:
        raise Conflict(f"A user with the address {email} already exists.")
    record(session, Action.CREATE_USER, SubjectType.USER, user.id, email=email)
    if role is not None:
        grant_role(session, user, role)
    return user


def create_user(session: Session, email: str, role: str | None = None) -> tuple[User, KeyPair]:
    """Make a user with a first key, with a role that is bound to nothing or none. Raises BadRequest, Conflict."""
    user = add_user(session, email, role)
    return user, api_keys.create_api_key(session, user.id)


def list_users(session: Session, page: Page) -> Listing:
    """Return a page of users, by id."""
    return fetch_page(session, "users", USERS, page)


def describe_user(session: Session, user_id: int) -> bytes:
    """Return one user with its roles. Raises NotFound."""
    found = fetch_object(session, USER, user_id=user_id)
    if found is None:
        raise user_not_found(user_id)
    return found


def require_user(session: Session, user_id: int) -> None:
    """Raise NotFound when there is no user with this id."""
    if session.scalar(select(User.id).where(User.id == user_id)) is None:
        raise user_not_found(user_id)


def list_roles(session: Session, user_id: int) -> bytes:
    """Return the roles of one user, each with its campaign, as a JSON array."""
    return fetch_array(session, ROLES, user_id=user_id)


def get_user_by_id(session: Session, user_id: int) -> User:
    """Return the user with this id. Raises NotFound."""
    user = session.get(User, user_id)
    if user is None:
        raise user_not_found(user_id)
    return user


def user_not_found(user_id: int) -> NotFound:
    """The error for a user that is not there."""
    return NotFound(f"There is no user {user_id}.")


@contextmanager
def ensure_admin_remains(session: Session) -> Iterator[None]:
    """Run a block that takes access away. Raises Conflict when no image-admin with a working key would remain.

    It locks the admins' roles until the transaction ends, so that of two admins who disable each other at the same moment
    one remains.
    """
    session.execute(select(Role.id).where(Role.name == IMAGE_ADMIN).order_by(Role.id).with_for_update())
    yield
    usable = exists().where(Role.user_id == User.id, Role.name == IMAGE_ADMIN, User.enabled)
    usable = usable.where(ApiKey.user_id == User.id, api_keys.is_usable())
    session.flush()
    if not session.scalar(select(usable)):
        raise Conflict(
            "This change would leave no enabled image-admin with a working key. "
            "Give another user that role and a key first."
        )


def summarize_users(session: Session) -> list[dict[str, object]]:
    """Return every user with e-mail, whether it is enabled, and its roles as text."""
    roles = func.coalesce(
        select(func.json_agg(func.concat(Role.name, func.coalesce(" of " + Campaign.title, ""))))
        .select_from(Role)
        .outerjoin(Campaign, Campaign.id == Role.campaign_id)
        .where(Role.user_id == User.id)
        .scalar_subquery(),
        func.json_build_array(),
    )
    rows = session.execute(select(User.email, User.enabled, roles.label("roles")).order_by(User.id))
    return [dict(row) for row in rows.mappings()]


def set_enabled(session: Session, user: User, *, enabled: bool) -> None:
    """Enable or disable a user; the keys of a disabled one do not work."""
    changed = update(User).where(User.id == user.id, User.enabled != enabled).values(enabled=enabled)
    if session.scalar(changed.returning(User.id)) is not None:
        record(session, Action.ENABLE_USER if enabled else Action.DISABLE_USER, SubjectType.USER, user.id)


def rotate_key(session: Session, email: str) -> tuple[User, KeyPair]:
    """Revoke the user's keys and give a new one. Raises NotFound."""
    user = get_user(session, email)
    api_keys.revoke_api_keys(session, user.id)
    return user, api_keys.create_api_key(session, user.id)


def grant_role(session: Session, user: User, name: str, campaign_id: int | None = None) -> None:
    """Give a role; one that the user has already stays as it is.

    `campaign_id` goes with the roles labeler and reviewer and only with them: anything else raises Unprocessable. Raises
    NotFound for a campaign that is not there, Conflict when MAX_MEMBERS users have this role in it.
    """
    if (name in CAMPAIGN_ROLES) != (campaign_id is not None):
        message = "a labeler or reviewer is bound to a campaign, and an image-admin or reader to none"
        raise Unprocessable(
            f"The role does not fit: {message}.", errors=[{"pointer": "/campaign_id", "detail": message}]
        )
    if campaign_id is not None:
        _require_room(session, user, name, campaign_id)
    granted = insert(Role).values(user_id=user.id, name=name, campaign_id=campaign_id).on_conflict_do_nothing()
    if session.scalar(granted.returning(Role.id)) is not None:
        record(session, Action.GRANT_ROLE, SubjectType.USER, user.id, role=name, campaign_id=campaign_id)


def is_partner(session: Session, user_id: int) -> bool:
    """True for a user whose roles are all bound to campaigns."""
    return session.scalar(select(Role.id).where(Role.user_id == user_id, Role.campaign_id.is_(None)).limit(1)) is None


def _require_room(session: Session, user: User, name: str, campaign_id: int) -> None:
    """Raise NotFound for a campaign that is not there, and Conflict when it is archived or MAX_MEMBERS others have this role."""
    campaign = session.get(Campaign, campaign_id, with_for_update=True)
    if campaign is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    if campaign.archived:
        raise Conflict(f"Campaign {campaign_id} is archived: nobody labels or reviews it.")
    others = (Role.campaign_id == campaign_id, Role.name == name, Role.user_id != user.id)
    if session.scalars(select(func.count()).where(*others)).one() >= MAX_MEMBERS:
        raise Conflict(f"Campaign {campaign_id} has {MAX_MEMBERS} users with the role {name}, and that is the limit.")


def revoke_role_by_id(session: Session, user: User, role_id: int) -> None:
    """Take away one of the user's roles. Raises NotFound when the user has no role with this id."""
    if not _revoke_role(session, user, Role.id == role_id):
        raise NotFound(f"User {user.id} has no role {role_id}.")


def revoke_role(session: Session, user: User, name: str, campaign_id: int | None = None) -> None:
    """Take a role away. Raises NotFound when the user does not have it."""
    if not _revoke_role(session, user, (Role.name == name) & Role.campaign_id.is_not_distinct_from(campaign_id)):
        raise NotFound(
            f"{user.email} does not have the role {name}{f' of campaign {campaign_id}' if campaign_id else ''}."
        )


def _revoke_role(session: Session, user: User, named: ColumnElement[bool]) -> bool:
    revoked = delete(Role).where(Role.user_id == user.id, named).returning(Role.name, Role.campaign_id)
    role = session.execute(revoked).one_or_none()
    if role is not None:
        details = {"role": role.name, "campaign_id": role.campaign_id}
        record(session, Action.REVOKE_ROLE, SubjectType.USER, user.id, **details)
    return role is not None
