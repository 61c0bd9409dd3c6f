"""The connection to PostgreSQL: the declarative class of all tables, the session, and the schema as search path."""

from datetime import datetime
from typing import Any

import orjson
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from app.database.outages import STATEMENT_TIMEOUT_SECONDS
from app.database.safety import CONNECT_TIMEOUT_SECONDS
from app.settings import Settings

POOL_TIMEOUT_SECONDS = 2


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
        "pool_size": settings.web_threads + settings.web_bulk_threads + 2,
        "max_overflow": 4,
        "pool_timeout": POOL_TIMEOUT_SECONDS,
        "pool_pre_ping": True,
        # It reads numbers beyond 64 bits as what they were before they were stored, and can write them again.
        "json_deserializer": orjson.loads,
        # Parameters hold labels, addresses and hashes, which have no place in a log.
        "hide_parameters": True,
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "labelapi",
            "options": options,
        },
    }
