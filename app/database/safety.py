"""Servers that may lose what they acknowledged are refused."""

from typing import Any

import psycopg2

from app.errors import DatabaseUnavailable
from app.settings import Settings

CONNECT_TIMEOUT_SECONDS = 2
UNSAFE = """
SELECT string_agg(name || '=' || setting, ', ' ORDER BY name) FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
"""


def refuse_unsafe(connection: Any) -> None:
    """Raise DatabaseUnavailable when the server of a psycopg2 connection may lose what it acknowledged."""
    with connection.cursor() as cursor:
        cursor.execute(UNSAFE)
        unsafe = cursor.fetchone()[0]
    connection.rollback()
    if unsafe:
        raise DatabaseUnavailable(
            f"PostgreSQL runs with {unsafe} and may lose what it acknowledged. Turn that on, or set ALLOW_UNSAFE_POSTGRES=true."
        )


def refuse_unsafe_server(settings: Settings) -> None:
    """Check the server before anything starts. Raises DatabaseUnavailable; a server that is away is checked when it is back."""
    if settings.allow_unsafe_postgres:
        return
    try:
        connection = psycopg2.connect(settings.queue_url, connect_timeout=CONNECT_TIMEOUT_SECONDS)
    except psycopg2.OperationalError:
        return
    try:
        refuse_unsafe(connection)
    finally:
        connection.close()
