"""The schemas User and Role."""

from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.models import ApiKey, Campaign, Role, User
from app.representations.json import json_object, json_rows, utc
from app.representations.progress import PROGRESS
from app.representations.viewers import SEES_ADDRESSES, VIEWER_ID

# Null where the viewer may not see it.
SHOWN_EMAIL = case((or_(SEES_ADDRESSES, User.id == VIEWER_ID), User.email))


def user_email(column: InstrumentedAttribute[int] | InstrumentedAttribute[int | None]) -> ColumnElement[str]:
    """Return an expression: the address of the user whose id a column holds, null where the viewer may not see it."""
    return select(SHOWN_EMAIL).where(User.id == column).scalar_subquery()


def key_name(column: InstrumentedAttribute[int | None]) -> ColumnElement[str | None]:
    """Return an expression: the name of the API key whose id a column holds, null where the viewer may not see its user."""
    is_shown = or_(SEES_ADDRESSES, ApiKey.user_id == VIEWER_ID)
    return select(ApiKey.name).where(ApiKey.id == column, is_shown).scalar_subquery()


def members_of_campaign(role: str) -> ColumnElement[Any]:
    """Return an expression: the users with this role in the campaign that the outer select names, as a JSON array."""
    has_role = (Role.user_id == User.id, Role.name == role, Role.campaign_id == Campaign.id)
    members = select(User.id.label("user_id"), SHOWN_EMAIL.label("email")).join(Role, and_(*has_role))
    return json_rows(members.correlate(Campaign).order_by(User.id))


_CAMPAIGN = json_object(campaign_id=Campaign.id, title=Campaign.title)
_ROLES_OF_USER = (
    select(
        Role.id.label("role_id"),
        Role.name.label("role"),
        select(_CAMPAIGN).where(Campaign.id == Role.campaign_id).correlate(Role).scalar_subquery().label("campaign"),
    )
    .where(Role.user_id == User.id)
    .correlate(User)
    .order_by(Role.id)
)
USERS = select(
    User.id.label("user_id"),
    User.email,
    User.enabled,
    json_rows(_ROLES_OF_USER).label("roles"),
    utc(User.date_created).label("date_created"),
).order_by(User.id)
USER = USERS.where(User.id == bindparam("user_id"))
_CAMPAIGN_WITH_PROGRESS = json_object(
    campaign_id=Campaign.id,
    title=Campaign.title,
    status=Campaign.status,
    progress=PROGRESS,
)
_IS_OF_ARCHIVED = exists().where(Campaign.id == Role.campaign_id, Campaign.archived)
# The roles of a caller, with the progress of its campaigns. Roles in archived campaigns give no access.
ROLES = (
    select(
        Role.name.label("role"),
        select(_CAMPAIGN_WITH_PROGRESS).where(Campaign.id == Role.campaign_id).scalar_subquery().label("campaign"),
    )
    .where(Role.user_id == bindparam("user_id"), ~_IS_OF_ARCHIVED)
    .order_by(Role.id)
)
