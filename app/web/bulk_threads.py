"""Bulk requests have threads of their own, one at a time for each user, so that they hold up nobody else's small requests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

Result = TypeVar("Result")


@dataclass
class Turn:
    """Whose turn it is among the bulk requests of one user, and how many of them there are."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    requests: int = 0


class BulkThreads:
    """Threads for checking and handling large bodies; a user's next request waits until its last one has been dealt with.

    How many bytes of bodies may wait is bounded where they are read.
    """

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="bulk")
        self._turns: dict[int, Turn] = {}

    async def run(self, user_id: int, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, which a thread does when it is this user's turn. Raises what `work` raises."""
        async with self._turn(user_id):
            # This leaves no cycle of references, which would keep a refused body until the next garbage collection.
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    @asynccontextmanager
    async def _turn(self, user_id: int) -> AsyncIterator[None]:
        turn = self._turns.setdefault(user_id, Turn())
        turn.requests += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.requests -= 1
            if not turn.requests:
                del self._turns[user_id]
