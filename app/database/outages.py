"""Outages of PostgreSQL: no wait for an answer is without end, and errors state whether the server was away.

A server that hangs, or a network that swallows packets, sends nothing at all: no timeout of the server's own ends such a wait,
and libpq knows none for statements. psycopg2 therefore waits in a function of ours (its "wait callback"), which has an end.
"""

import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import psycopg2
import sqlalchemy.exc
from psycopg2 import extensions
from sqlalchemy import Connection, Engine, event

from app.database.safety import CONNECT_TIMEOUT_SECONDS, refuse_unsafe

# How long a connection from the pool may take to answer the ping of `pool_pre_ping`.
PING_TIMEOUT_SECONDS = 1.5
# A wait has parts of this length. Of one that takes longer, because the process is not run, so much counts.
LOOK_SECONDS = 0.25
LONGEST_LOOK_SECONDS = 0.5
STATEMENT_TIMEOUT_SECONDS = 4
BULK_STATEMENT_TIMEOUT_SECONDS = 60
# PostgreSQL ends a statement itself at its timeout and reports that; this is how long the report may take to arrive.
LAST_REPORT_SECONDS = 0.25
# How often a server that does not answer is tried again.
RETRY_SECONDS = 0.5
# What PostgreSQL reports when it is busy, stops or gives up on a statement (PostgreSQL documentation, appendix A).
OUTAGE_STATES = ("08", "40", "53", "55P03", "57")
CANCELED_STATE = "57014"


class WatchedConnection(extensions.connection):
    """A connection on which PostgreSQL has `answer_seconds` for each answer; None waits for ever."""

    answer_seconds: float | None = PING_TIMEOUT_SECONDS
    when_silent: Callable[[], None] | None = None


def wait_for_answer(connection: Any) -> None:
    """Wait until PostgreSQL has answered. Raises psycopg2.OperationalError when the time is up; the connection is lost.

    A pause of the process or of the whole machine is no silence of the server, and hardly counts.
    """
    is_connecting = connection.status == extensions.STATUS_SETUP
    limit = CONNECT_TIMEOUT_SECONDS if is_connecting else getattr(connection, "answer_seconds", None)
    waited, looked = 0.0, time.monotonic()
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
        has_answered = poll.poll(None if limit is None else max(0, min(LOOK_SECONDS, limit - waited)) * 1000)
        now = time.monotonic()
        waited, looked = waited + min(now - looked, LONGEST_LOOK_SECONDS), now
        if limit is not None and waited >= limit and not has_answered:
            when_silent = getattr(connection, "when_silent", None)
            if when_silent:
                when_silent()
            raise psycopg2.OperationalError(f"PostgreSQL has not answered for {limit:g} seconds.")


def set_statement_timeout(connection: Connection, seconds: float) -> None:
    """Give the statements of this transaction another timeout; 0 is none."""
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{seconds:g}s'")
    wait_longer(connection, seconds + LAST_REPORT_SECONDS if seconds else None)


@contextmanager
def longer_statements(connection: Connection, seconds: float) -> Iterator[None]:
    """Give statements that are each a transaction of their own another timeout."""
    connection.exec_driver_sql(f"SET statement_timeout = '{seconds:g}s'")
    wait_longer(connection, seconds + LAST_REPORT_SECONDS)
    try:
        yield
    finally:
        # Where this fails the connection is lost, and the error on its way reports that.
        with suppress(sqlalchemy.exc.DBAPIError):
            connection.exec_driver_sql("RESET statement_timeout")


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


class Watch:
    """What happens around the connections of one engine.

    Once PostgreSQL is silent or away, a request for a new connection fails at once, until a separate thread has
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
                threading.Thread(target=self._retry_until_back, args=(make,), name="postgres", daemon=True).start()

    def _retry_until_back(self, make: Callable[[], Any]) -> None:
        while self._is_away:
            try:
                make().close()
                self._is_away = False
            except psycopg2.Error:
                time.sleep(RETRY_SECONDS)

    def on_connect(self, connection: Any, _record: Any) -> None:
        """Check a new connection. Raises DatabaseUnavailable when its server may lose what it acknowledged."""
        if not self._allow_unsafe:
            refuse_unsafe(connection)

    def on_checkout(self, connection: Any, _record: Any, _fairy: Any) -> None:
        """Give a connection that leaves the pool, and has answered its ping, the time that statements have."""
        connection.answer_seconds = STATEMENT_TIMEOUT_SECONDS + LAST_REPORT_SECONDS

    def on_checkin(self, connection: Any, _record: Any) -> None:
        """Reset a connection that goes back into the pool, unless it is lost."""
        if connection is not None:
            connection.answer_seconds = PING_TIMEOUT_SECONDS
            connection.autocommit = False


def watch(engine: Engine, *, allow_unsafe: bool) -> None:
    """Let this engine's connections wait no longer than they may."""
    extensions.set_wait_callback(wait_for_answer)
    guard = Watch(allow_unsafe=allow_unsafe)
    event.listen(engine, "do_connect", guard.connect)
    event.listen(engine, "connect", guard.on_connect)
    event.listen(engine, "checkout", guard.on_checkout)
    event.listen(engine, "checkin", guard.on_checkin)


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
