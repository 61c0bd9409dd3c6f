"""The schema KeptQuery."""

from sqlalchemy import select

from app.models import KeptQuery
from app.representations.json import utc
from app.representations.users import user_email

QUERIES = select(
    KeptQuery.id.label("query_id"),
    KeptQuery.name,
    KeptQuery.query,
    utc(KeptQuery.date_created).label("date_created"),
    utc(KeptQuery.date_changed).label("date_changed"),
    user_email(KeptQuery.changed_by).label("changed_by"),
).order_by(KeptQuery.id)
