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
class UserLock:
    """The lock that one bulk request of a user holds, and how many requests hold it or wait for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    requests: int = 0


class BulkThreads:
    """Threads for checking and handling large bodies; a user's next request waits until the one before has ended.

    How many bytes of bodies may wait is bounded where they are read.
    """

    def __init__(self, threads: int) -> None:
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix="bulk")
        self._locks: dict[int, UserLock] = {}

    async def run(self, user_id: int, work: Callable[[], Result]) -> Result:
        """Return what `work` returns, which runs on a thread while no other request of this user does. Raises what it raises."""
        async with self.one_at_a_time(user_id):
            # This leaves no cycle of references, which would keep a refused body until the next garbage collection.
            return await asyncio.get_running_loop().run_in_executor(self.executor, work)

    @asynccontextmanager
    async def one_at_a_time(self, user_id: int) -> AsyncIterator[None]:
        """Wait until no other bulk request of this user runs, and let none run until the end of the block."""
        user_lock = self._locks.setdefault(user_id, UserLock())
        user_lock.requests += 1
        try:
            async with user_lock.lock:
                yield
        finally:
            user_lock.requests -= 1
            if not user_lock.requests:
                del self._locks[user_id]


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
        async with self._bulk_threads.one_at_a_time(context.account.user_id):
            await self._bulk(scope, receive, send)
