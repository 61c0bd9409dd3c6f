"""Places in which a worker is held, without a line for it in the application: at a request to the storage, or at a statement.

A storage request waits in the proxy, before the storage has it or before its answer goes back. A statement waits in a
trigger, for a lock that the test holds.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, text

from tests.storage_proxy import Cut, Exchange, Request, StorageProxy

LOCK = 4711
WAIT_SECONDS = 60
WAITING = text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND NOT granted")


def wait_until(condition: Callable[[], bool], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait until `condition` is true; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.02)


@dataclass(frozen=True)
class Stage:
    """Where workers are held: the proxy before their storage, and a database session without transactions."""

    proxy: StorageProxy
    session: Connection


class Hold(Protocol):
    """One place where somebody can be held."""

    def armed(self, stage: Stage) -> AbstractContextManager[None]:
        """Hold the one who comes there, as long as the context lasts."""

    def is_reached(self) -> bool:
        """True when somebody is held."""

    def let_go(self, *, happens: bool) -> None:
        """End the hold; `happens` says whether what was held comes about after all."""


class StorageHold:
    """Holds the `number`th request that fits: before the storage has it, or, `answered`, before its answer goes back."""

    def __init__(self, fits: Callable[[Request], bool], number: int = 1, *, answered: bool = False) -> None:
        self._fits = fits
        self._number = number
        self._answered = answered
        self._count = 0
        self._counting = threading.Lock()
        self._reached = threading.Event()
        self._released = threading.Event()
        self._happens = False

    @contextmanager
    def armed(self, stage: Stage) -> Iterator[None]:
        if self._answered:
            stage.proxy.rule = self._hold_answer
        else:
            stage.proxy.request_rule = self._hold
        try:
            yield
        finally:
            self._released.set()
            stage.proxy.rule, stage.proxy.request_rule = lambda exchange: None, lambda request: None

    def is_reached(self) -> bool:
        return self._reached.is_set()

    def let_go(self, *, happens: bool) -> None:
        self._happens = happens
        self._released.set()

    def _hold_answer(self, exchange: Exchange) -> None:
        self._hold(Request(exchange.method, exchange.path, exchange.request_headers))

    def _hold(self, request: Request) -> None:
        with self._counting:
            self._count += self._fits(request)
            if self._count != self._number or self._reached.is_set():
                return
            self._reached.set()
        self._released.wait()
        if not self._happens:
            raise Cut


class StatementHold:
    """Holds who comes to a trigger; `event` is what stands between its name and EXECUTE."""

    def __init__(self, event: str, *, at_commit: bool = False) -> None:
        self._event = event
        self._at_commit = at_commit

    @contextmanager
    def armed(self, stage: Stage) -> Iterator[None]:
        self._session = stage.session
        kind, when = ("CONSTRAINT TRIGGER", "DEFERRABLE INITIALLY DEFERRED") if self._at_commit else ("TRIGGER", "")
        event, _, condition = self._event.partition(" WHEN ")
        condition = f"WHEN {condition}" if condition else ""
        self._do(
            f"CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql"
            f" AS 'BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NULL; END'",
            f"CREATE {kind} hold {event} {when} FOR EACH ROW {condition} EXECUTE FUNCTION hold()",
            f"SELECT pg_advisory_lock({LOCK})",
        )
        try:
            yield
        finally:
            self._do("SELECT pg_advisory_unlock_all()", "DROP FUNCTION hold() CASCADE")

    def is_reached(self) -> bool:
        return bool(self._session.execute(WAITING, {"lock": LOCK}).all())

    def let_go(self, *, happens: bool) -> None:
        """Without `happens` the database session of who is held ends, as it does when the machine dies."""
        if not happens:
            for (pid,) in self._session.execute(WAITING, {"lock": LOCK}).all():
                self._session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            wait_until(lambda: not self.is_reached(), "the end of the session that was held")
        self._do("SELECT pg_advisory_unlock_all()")

    def _do(self, *statements: str) -> None:
        for statement in statements:
            self._session.execute(text(statement))
