"""How `flask db …` runs: in the application's schema, one migration at a time, never waiting long for a lock."""

import sys
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError

import app.models  # noqa: F401  # Autogenerate compares every table.
from app.database import Base, db
from app.errors import DatabaseUnavailable
from app.postgres import wait_longer

LOCK_TIMEOUT_SECONDS = 5


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave the queue's tables to the queue: they come as its own SQL text and are no models of ours."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def migrate(connection: Connection, schema: str) -> None:
    if not inspect(connection).has_schema(schema):
        sys.exit(f"The schema {schema!r} of DB_SCHEMA does not exist; create it first: CREATE SCHEMA {schema};")
    # Several containers may start at once: the first one migrates, the others wait and find nothing left to do.
    wait_longer(connection, None)
    connection.execute(
        text("SELECT pg_advisory_lock(hashtextextended('labelapi migrations ' || :schema, 0))"), {"schema": schema}
    )
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
    connection.execute(text("SET statement_timeout = 0"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run(engine: Engine, schema: str) -> None:
    try:
        connection = engine.connect()
    except DatabaseUnavailable as problem:
        sys.exit(problem.detail)
    except OperationalError as error:
        sys.exit(f"The database of DB_CONNECTION_STRING does not answer: {str(error.orig).strip()}")
    with connection:
        migrate(connection, schema)
        # The connection keeps its session settings and the advisory lock, so it must not go back to the pool.
        connection.invalidate()


if context.is_offline_mode():
    sys.exit("Migrations run against a database; there is no offline mode.")
run(db.engine, current_app.config["DB_SCHEMA"])
