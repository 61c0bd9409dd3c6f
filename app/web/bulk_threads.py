"""Flask runs on threads. Bulk requests have some of their own, one at a time for each user, and so hold up nobody else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from a2wsgi import WSGIMiddleware

from app.web.context import context_of

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
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix="bulk")
        self._turns: dict[int, Turn] = {}

    async def run(self, user_id: int, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, which a thread does when it is this user's turn. Raises what `work` raises."""
        async with self.turn(user_id):
            # This leaves no cycle of references, which would keep a refused body until the next garbage collection.
            return await asyncio.get_running_loop().run_in_executor(self.executor, work)

    @asynccontextmanager
    async def turn(self, user_id: int) -> AsyncIterator[None]:
        """Wait until it is this user's turn, which it is until the end of the block."""
        turn = self._turns.setdefault(user_id, Turn())
        turn.requests += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.requests -= 1
            if not turn.requests:
                del self._turns[user_id]


class FlaskThreads:
    """ASGI application: runs Flask on `threads` threads, and its bulk requests on those of `bulk_threads`."""

    def __init__(self, wsgi_app: Any, threads: int, bulk_threads: BulkThreads) -> None:
        self._small = WSGIMiddleware(wsgi_app, workers=threads)
        self._bulk = WSGIMiddleware(wsgi_app)
        self._bulk.executor = bulk_threads.executor
        self._bulk_threads = bulk_threads

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        context = context_of(scope) if scope["type"] == "http" else None
        if context is None or context.operation is None or not context.operation.is_bulk:
            await self._small(scope, receive, send)
            return
        async with self._bulk_threads.turn(context.account.user_id):
            await self._bulk(scope, receive, send)
