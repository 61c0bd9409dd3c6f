"""Look-ups of key pairs: direct for callers who are seldom wrong, in batches for sources that are often wrong.

A flood of wrong pairs makes the batches larger and the database no busier. So no pair is ever refused because of others, and
a valid one behind the same address waits for one batch at most. Counts and queues belong to one process; memory is bounded.
"""

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from anyio.to_thread import run_sync

from app.errors import DatabaseUnavailable
from app.services.api_keys import Account

WINDOW_SECONDS = 60.0
MAX_SOURCES = 10_000
# Look-ups of new pairs that run at the same time outside the queue, from all sources together.
MAX_DIRECT = 4
# Time between two batches, and so the longest wait in the queue besides the query itself.
PAUSE_SECONDS = 0.1
MAX_BATCH = 1_000
MAX_WAITING = 10_000
# A provider gives each customer at least this much of its IPv6 space (RFC 6177), so single addresses mean nothing.
IPV6_SOURCE_BITS = 64

Pair = tuple[str, str]
FindAccounts = Callable[[Sequence[Pair]], list[Account | None]]


@dataclass
class Window:
    """The wrong pairs of one source since `start`, a time of the monotonic clock in seconds."""

    start: float
    wrong_pairs: int = 0


class WrongPairs:
    """Counts wrong pairs by source, in windows of a minute. A pair counts as wrong until its look-up has shown otherwise."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def count(self, source: str) -> bool:
        """Count one pair as wrong; return True while the source has not had more than `per_minute` of them.

        The source that was counted longest ago is forgotten when there are too many.
        """
        now = time.monotonic()
        window = self._windows.pop(source, None)
        if window is None or now >= window.start + WINDOW_SECONDS:
            window = Window(now)
        if len(self._windows) >= MAX_SOURCES:
            self._windows.popitem(last=False)
        self._windows[source] = window
        window.wrong_pairs += 1
        return window.wrong_pairs <= self._per_minute

    def take_back(self, source: str) -> None:
        """Take one pair of this source back, because it was not wrong."""
        window = self._windows.get(source)
        if window and window.wrong_pairs:
            window.wrong_pairs -= 1


class LookupQueue:
    """Looks pairs up in batches: one query at a time, with PAUSE_SECONDS after each. Belongs to one event loop."""

    def __init__(self, find: FindAccounts) -> None:
        self._find = find
        self._waiting: list[tuple[Pair, asyncio.Future[Account | None]]] = []
        self._running: asyncio.Task[None] | None = None

    async def find(self, pair: Pair) -> Account | None:
        """Return the account of a pair after the next batch. Raises DatabaseUnavailable, DBAPIError, TimeoutError."""
        if len(self._waiting) >= MAX_WAITING:
            # Batches take a hundred times more than a process can receive, unless the database does not answer.
            raise DatabaseUnavailable(
                "The database answers too slowly to look up key pairs. Send the request again in a moment."
            )
        future: asyncio.Future[Account | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((pair, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            try:
                found = await run_sync(self._find, [pair for pair, _ in batch])
            except Exception as error:
                # Who waits has waited as long as the database was silent: the next batch would take as long again.
                failed, self._waiting = batch + self._waiting, []
                for _, future in failed:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), account in zip(batch, found, strict=True):
                    if not future.done():
                        future.set_result(account)
            await asyncio.sleep(PAUSE_SECONDS)


class Lookups:
    """Finds the accounts of pairs that this process does not remember. Belongs to one event loop."""

    def __init__(self, find: FindAccounts, wrong_pairs: WrongPairs) -> None:
        self._find = find
        self._queue = LookupQueue(find)
        self._direct = 0
        self.wrong_pairs = wrong_pairs

    async def find(self, source: str, pair: Pair, *, was_right: bool) -> Account | None:
        """Return the account of a pair that came from this source, or None when it is wrong.

        A pair that `was_right` before never waits in the queue. Raises DatabaseUnavailable, DBAPIError, TimeoutError.
        """
        within_limit = self.wrong_pairs.count(source)
        is_direct = was_right or (within_limit and self._direct < MAX_DIRECT)
        is_wrong = False
        try:
            account = await (self._find_directly(pair) if is_direct else self._queue.find(pair))
            is_wrong = account is None
        finally:
            if not is_wrong:
                self.wrong_pairs.take_back(source)
        return account

    async def _find_directly(self, pair: Pair) -> Account | None:
        self._direct += 1
        try:
            return (await run_sync(self._find, [pair]))[0]
        finally:
            self._direct -= 1


def source_of(address: str | None) -> str:
    """Return the source that an address counts as: itself, or its /64 network for IPv6; `unknown` without an address."""
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, IPV6_SOURCE_BITS), strict=False))
