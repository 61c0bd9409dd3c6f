"""The schema SessionKey, without its secret."""

from sqlalchemy import select

from app.models import SessionKey
from app.representations.json import utc

SESSION_KEYS = select(SessionKey.key.label("apikey"), utc(SessionKey.date_expires).label("date_expires"))
