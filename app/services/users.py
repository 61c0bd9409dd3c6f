"""Users and their roles."""

import re

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import BadRequest, Conflict, NotFound
from app.models import Campaign, Role, User
from app.models.users import IMAGE_ADMIN
from app.services import api_keys
from app.services.api_keys import KeyPair

# One @, no spaces or control characters, a domain with a dot: enough to catch slips; only a mail can prove an address.
EMAIL_FORM = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@.\x00-\x1f\x7f]+(\.[^\s@.\x00-\x1f\x7f]+)+")


def check_email(email: str) -> str:
    """Return the address without surrounding blanks. Raises BadRequest when it is no e-mail address."""
    email = email.strip()
    if len(email) > 254 or not EMAIL_FORM.fullmatch(email):
        raise BadRequest(
            "This is no e-mail address; one looks like name@partner.example.",
            errors=[{"pointer": "/labeler_email", "detail": "must be an e-mail address of at most 254 characters"}],
        )
    return email


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
    session.execute(insert(User).values(email=email).on_conflict_do_nothing())
    user = find_user(session, email)
    if user is None:
        raise Conflict("The user was removed at this moment; send the request again.")
    return user


def create_user(session: Session, email: str, role: str) -> tuple[User, KeyPair]:
    """Make a user with a first key, as admin where the role says so. Raises Conflict when the address is taken."""
    email = check_email(email)
    if find_user(session, email) is not None:
        raise Conflict(f"There is a user {email} already; `flask users rotate-key` gives a new key.")
    user = find_or_create_user(session, email)
    if role == IMAGE_ADMIN:
        grant_role(session, user, IMAGE_ADMIN)
    return user, api_keys.create_api_key(session, user.id)


def list_users(session: Session) -> list[dict[str, object]]:
    """Return every user with e-mail, whether it is enabled, and its roles in words."""
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


def set_enabled(session: Session, email: str, *, enabled: bool) -> User:
    """Enable or disable a user; the keys of a disabled one do not work. Raises NotFound."""
    user = get_user(session, email)
    user.enabled = enabled
    return user


def rotate_key(session: Session, email: str) -> tuple[User, KeyPair]:
    """Revoke the user's keys and give a new one. Raises NotFound."""
    user = get_user(session, email)
    api_keys.revoke_api_keys(session, user.id)
    return user, api_keys.create_api_key(session, user.id)


def grant_role(session: Session, user: User, name: str, campaign_id: int | None = None) -> None:
    """Give a role; a role that the user has already stays as it is. Raises NotFound for a campaign that is not there."""
    if campaign_id is not None and session.get(Campaign, campaign_id) is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    session.execute(insert(Role).values(user_id=user.id, name=name, campaign_id=campaign_id).on_conflict_do_nothing())


def revoke_role(session: Session, user: User, name: str, campaign_id: int | None = None) -> None:
    """Take a role away. Raises NotFound when the user does not have it."""
    mine = (Role.user_id == user.id) & (Role.name == name) & Role.campaign_id.is_not_distinct_from(campaign_id)
    if session.scalar(delete(Role).where(mine).returning(Role.id)) is None:
        raise NotFound(
            f"{user.email} does not have the role {name}{f' of campaign {campaign_id}' if campaign_id else ''}."
        )
