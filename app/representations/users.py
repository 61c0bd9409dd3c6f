"""The schemas User and Role."""

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.models import Campaign, Role, User
from app.representations.json import json_object, json_rows, utc
from app.representations.viewers import SEES_ADDRESSES, VIEWER_ID


def user_email(column: InstrumentedAttribute[int]) -> ColumnElement[str]:
    """Return an expression: the address of the user whose id a column holds, null where the viewer may not see it."""
    is_shown = or_(SEES_ADDRESSES, User.id == VIEWER_ID)
    return select(User.email).where(User.id == column, is_shown).scalar_subquery()


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
_CAMPAIGN_WITH_PROGRESS = json_object(
    campaign_id=Campaign.id,
    title=Campaign.title,
    status=Campaign.status,
    progress=json_object(total=Campaign.image_count, done=Campaign.labeled_count),
)
# The roles of callers themselves, with the progress of their campaigns.
ROLES = select(
    Role.name.label("role"),
    select(_CAMPAIGN_WITH_PROGRESS).where(Campaign.id == Role.campaign_id).scalar_subquery().label("campaign"),
).order_by(Role.id)
