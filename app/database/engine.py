"""The connection to PostgreSQL: the declarative class of all tables, the session, and the schema as search path."""

from datetime import datetime
from typing import Any

import sqlalchemy.exc
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from app.database.postgres import CONNECT_TIMEOUT_SECONDS, STATEMENT_TIMEOUT_SECONDS
from app.settings import Settings

POOL_TIMEOUT_SECONDS = 2
# What PostgreSQL says when it is busy, stops or gives up on a statement (PostgreSQL documentation, appendix A).
OUTAGE_STATES = ("08", "40", "53", "55P03", "57")
CANCELED_STATE = "57014"


class Base(DeclarativeBase):
    """Every table. Models name no schema: it is the search path of each connection, so that migrations fit any schema."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
    }


db = SQLAlchemy(metadata=Base.metadata)


def engine_options(settings: Settings) -> dict[str, Any]:
    """Return the options of the SQLAlchemy engine: pool, timeouts (seconds) and the search path."""
    options = (
        f"-csearch_path={settings.db_schema} -ctimezone=UTC -cstatement_timeout={STATEMENT_TIMEOUT_SECONDS * 1000}"
    )
    return {
        # Every handler thread may hold one connection; the rest serves the check of keys and the status page.
        "pool_size": settings.web_threads + 2,
        "max_overflow": 4,
        "pool_timeout": POOL_TIMEOUT_SECONDS,
        # Parameters hold labels, addresses and hashes, which have no place in a log.
        "hide_parameters": True,
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "labelapi",
            "options": options,
        },
    }


def is_outage(error: Exception) -> bool:
    """True when PostgreSQL was away, stopping, or too slow, so that the same request may succeed later."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return True
    if not isinstance(error, sqlalchemy.exc.DBAPIError):
        return False
    state = getattr(error.orig, "pgcode", None)
    if state is None:
        return error.connection_invalidated or isinstance(error, sqlalchemy.exc.OperationalError)
    return str(state).startswith(OUTAGE_STATES)


def is_canceled(error: Exception) -> bool:
    """True when PostgreSQL canceled the statement itself, because it ran longer than the statement timeout allows."""
    return isinstance(error, sqlalchemy.exc.DBAPIError) and getattr(error.orig, "pgcode", None) == CANCELED_STATE
