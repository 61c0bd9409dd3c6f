"""The schema Draft."""

from sqlalchemy import select

from app.models import Draft
from app.representations.json import utc
from app.representations.users import user_email

DRAFTS = select(
    Draft.image_id,
    Draft.content["objects"].label("objects"),
    Draft.content["unusable"].label("unusable"),
    Draft.content["revision"].label("revision"),
    Draft.content["image"].label("image"),
    utc(Draft.date_changed).label("date_changed"),
    user_email(Draft.user_id).label("created_by"),
).order_by(Draft.image_id, Draft.user_id)
