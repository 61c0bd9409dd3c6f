"""How `flask db …` runs: in the application's schema, all or nothing, one at a time, never waiting long for a lock."""

import sys
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError

import app.models  # noqa: F401  # Autogenerate compares every table.
from app.database.engine import Base, db
from app.database.outages import is_outage, wait_longer
from app.errors import DatabaseUnavailable

LOCK_TIMEOUT_SECONDS = 5
TURN_TIMEOUT_SECONDS = 600
# insufficient_privilege; and invalid_schema_name, which is a schema that this user cannot use.
NO_RIGHT_STATES = ("42501", "3F000")


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave the queue's tables to the queue: they come as its own SQL text and are no models of ours."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def take_turn(connection: Connection, schema: str) -> None:
    """Several containers may start at once: the first one migrates, the others wait and find nothing left to do."""
    wait_longer(connection, None)
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text(f"SET lock_timeout = '{TURN_TIMEOUT_SECONDS}s'"))
    connection.execute(
        text("SELECT pg_advisory_lock(hashtextextended('labelapi migrations ' || :schema, 0))"), {"schema": schema}
    )
    # A statement that waits for its lock makes all later requests for the table wait behind it.
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
    connection.commit()


def migrate(connection: Connection, schema: str) -> None:
    if not inspect(connection).has_schema(schema):
        sys.exit(f"The schema {schema!r} of DB_SCHEMA does not exist; create it first: CREATE SCHEMA {schema};")
    take_turn(connection, schema)
    # One transaction for all: whatever fails half-way, the schema is as it was before.
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def describe(error: DBAPIError, schema: str) -> str | None:
    """Return one line for operators about what is no fault of a migration, else None."""
    reason = str(error.orig).partition("\n")[0].strip()
    if is_outage(error):
        return f"Nothing was changed, because the database was busy or went away ({reason}). Run this again."
    if getattr(error.orig, "pgcode", None) in NO_RIGHT_STATES:
        return (
            f"Nothing was changed: the user of DB_CONNECTION_STRING may not work in the schema {schema!r} ({reason})."
        )
    return None


def run(engine: Engine, schema: str) -> None:
    try:
        connection = engine.connect()
    except DatabaseUnavailable as problem:
        sys.exit(problem.detail)
    except OperationalError as error:
        sys.exit(f"The database of DB_CONNECTION_STRING does not answer: {' '.join(str(error.orig).split())}")
    with connection:
        try:
            migrate(connection, schema)
        except DBAPIError as error:
            if line := describe(error, schema):
                sys.exit(line)
            raise
        finally:
            # The connection keeps its session settings and the advisory lock, so it must not go back to the pool.
            connection.invalidate()


if context.is_offline_mode():
    sys.exit("Migrations run against a database; there is no offline mode.")
run(db.engine, current_app.config["DB_SCHEMA"])
