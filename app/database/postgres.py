"""How the web process talks to PostgreSQL: it waits for no answer without end, and trusts no server that may forget.

A server that hangs, or a network that swallows packets, sends nothing at all: no timeout of the server's own ends such a wait,
and libpq knows none for statements. psycopg2 therefore waits in a function of ours (its "wait callback"), which has an end.
"""

import select
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import psycopg2
from psycopg2 import extensions
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError

from app.errors import DatabaseUnavailable
from app.settings import Settings

CONNECT_TIMEOUT_SECONDS = 2
# What a connection from the pool has for the question whether it still lives.
PING_TIMEOUT_SECONDS = 1.5
STATEMENT_TIMEOUT_SECONDS = 4
BULK_STATEMENT_TIMEOUT_SECONDS = 60
# A connection that was used so short a time ago is not asked whether it still lives, which would take as long as a query.
FRESH_SECONDS = 1.0
LAST_USED = "last_used"
# PostgreSQL ends a statement by itself at its timeout and says so; this is how long the words may be on their way.
LAST_WORDS_SECONDS = 0.25
# How often one that does not answer is tried again.
LOOK_OUT_SECONDS = 0.5
UNSAFE = """
SELECT string_agg(name || '=' || setting, ', ' ORDER BY name) FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
"""


class WatchedConnection(extensions.connection):
    """A connection on which PostgreSQL has `answer_seconds` for each answer; None waits for ever."""

    answer_seconds: float | None = PING_TIMEOUT_SECONDS
    when_silent: Callable[[], None] | None = None


def wait_for_answer(connection: Any) -> None:
    """Wait until PostgreSQL has answered. Raises psycopg2.OperationalError when the time is up; the connection is lost."""
    is_connecting = connection.status == extensions.STATUS_SETUP
    limit = CONNECT_TIMEOUT_SECONDS if is_connecting else getattr(connection, "answer_seconds", None)
    deadline = None if limit is None else time.monotonic() + limit
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        rest = None if deadline is None else max(0, deadline - time.monotonic()) * 1000
        if not poll.poll(rest):
            when_silent = getattr(connection, "when_silent", None)
            if when_silent:
                when_silent()
            raise psycopg2.OperationalError(f"PostgreSQL has not answered for {limit:g} seconds.")


def set_statement_timeout(connection: Connection, seconds: float) -> None:
    """Give the statements of this transaction another timeout; 0 is none."""
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{seconds:g}s'")
    wait_longer(connection, seconds + LAST_WORDS_SECONDS if seconds else None)


def wait_longer(connection: Connection, seconds: float | None) -> None:
    """Give PostgreSQL so long for each answer until this connection goes back to its pool; None waits for ever."""
    driver_connection = connection.connection.driver_connection
    if isinstance(driver_connection, WatchedConnection):
        driver_connection.answer_seconds = seconds


def without_transaction(connection: Connection) -> None:
    """Let each statement be a transaction of its own until this connection goes back to its pool.

    So psycopg2 sends no BEGIN and no COMMIT, which take as long as a small query. SQLAlchemy's isolation level AUTOCOMMIT
    does the same in ten times the time, and leaves the connection with a level of its own, which every later change asks
    PostgreSQL to set.
    """
    driver_connection = connection.connection.driver_connection
    if driver_connection is not None:
        driver_connection.autocommit = True


def ask(connection: Connection, statement: str, values: dict[str, Any]) -> tuple[Any, ...]:
    """Return the first row of what a statement brings, empty when there is none. Raises DBAPIError, as SQLAlchemy does.

    SQLAlchemy's own execution takes a sixth of a web process's time for a page of images.
    """
    try:
        with closing(connection.connection.cursor()) as cursor:
            cursor.execute(statement, values)
            row: tuple[Any, ...] = cursor.fetchone() or ()
            return row
    except psycopg2.Error as error:
        is_lost = bool(getattr(connection.connection.driver_connection, "closed", True))
        if is_lost:
            connection.invalidate(error)
        # The values stay out of it, because errors are logged.
        raise DBAPIError.instance(
            statement, None, error, psycopg2.Error, connection_invalidated=is_lost, dialect=connection.dialect
        ) from error


class Watch:
    """What happens around the connections of one engine.

    Once PostgreSQL is silent or away, whoever wants a new connection is told so at once, until a thread of its own has
    made one: no request waits in a queue behind a server that hangs.
    """

    def __init__(self, *, allow_unsafe: bool) -> None:
        self._allow_unsafe = allow_unsafe
        self._is_away = False
        self._noting = threading.Lock()

    def connect(self, _dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        """Return a new connection. Raises psycopg2.OperationalError."""
        if self._is_away:
            raise psycopg2.OperationalError("PostgreSQL did not answer a moment ago.")
        make = partial(psycopg2.connect, *arguments, **options, connection_factory=WatchedConnection)
        try:
            connection = make()
        except psycopg2.OperationalError:
            self._note_silence(make)
            raise
        connection.when_silent = partial(self._note_silence, make)
        return connection

    def _note_silence(self, make: Callable[[], Any]) -> None:
        with self._noting:
            if not self._is_away:
                self._is_away = True
                threading.Thread(target=self._look_out, args=(make,), name="postgres", daemon=True).start()

    def _look_out(self, make: Callable[[], Any]) -> None:
        while self._is_away:
            try:
                make().close()
                self._is_away = False
            except psycopg2.Error:
                time.sleep(LOOK_OUT_SECONDS)

    def inspect(self, connection: Any, record: Any) -> None:
        """Look at a new connection. Raises DatabaseUnavailable when its server may forget what it acknowledged."""
        record.info[LAST_USED] = time.monotonic()
        if not self._allow_unsafe:
            refuse_unsafe(connection)

    def lend(self, connection: Any, record: Any, _fairy: Any) -> None:
        """A connection leaves the pool, after a look at whether it still lives; one that was just used does."""
        if time.monotonic() - record.info.get(LAST_USED, 0) > FRESH_SECONDS:
            _ping(connection)
        connection.answer_seconds = STATEMENT_TIMEOUT_SECONDS + LAST_WORDS_SECONDS

    def take_back(self, connection: Any, record: Any) -> None:
        """A connection goes back into the pool, unless it is lost."""
        if connection is not None:
            connection.answer_seconds = PING_TIMEOUT_SECONDS
            connection.autocommit = False
            record.info[LAST_USED] = time.monotonic()


def _ping(connection: Any) -> None:
    """Ask for an answer. Raises InvalidatePoolError, upon which the pool takes a new connection, and trusts no old one."""
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.autocommit = False
    except psycopg2.Error as error:
        raise InvalidatePoolError("PostgreSQL does not answer on a connection of the pool.") from error


def watch(engine: Engine, *, allow_unsafe: bool) -> None:
    """Let this engine's connections wait no longer than they may."""
    extensions.set_wait_callback(wait_for_answer)
    guard = Watch(allow_unsafe=allow_unsafe)
    event.listen(engine, "do_connect", guard.connect)
    event.listen(engine, "connect", guard.inspect)
    event.listen(engine, "checkout", guard.lend)
    event.listen(engine, "checkin", guard.take_back)


def refuse_unsafe(connection: Any) -> None:
    """Raise DatabaseUnavailable when the server may forget what it acknowledged."""
    with connection.cursor() as cursor:
        cursor.execute(UNSAFE)
        unsafe = cursor.fetchone()[0]
    connection.rollback()
    if unsafe:
        raise DatabaseUnavailable(
            f"PostgreSQL runs with {unsafe} and may lose what it acknowledged. Turn that on, or set ALLOW_UNSAFE_POSTGRES=true."
        )


def refuse_unsafe_server(settings: Settings) -> None:
    """Look at the server before anything starts. Raises DatabaseUnavailable; one that is away is looked at when it is back."""
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
