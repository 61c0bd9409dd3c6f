"""The schema ApiKey, without any secret."""

from sqlalchemy import select

from app.models import ApiKey
from app.representations.json import utc

API_KEYS = select(
    ApiKey.id.label("key_id"),
    ApiKey.key.label("apikey"),
    ApiKey.name,
    utc(ApiKey.date_created).label("date_created"),
    utc(ApiKey.date_expires).label("date_expires"),
    utc(ApiKey.date_revoked).label("date_revoked"),
    utc(ApiKey.date_last_used).label("date_last_used"),
).order_by(ApiKey.id)
