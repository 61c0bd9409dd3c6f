"""When keys were last used: noted in the process and written together a moment later, so that no request waits for it."""

import asyncio
import time
from collections.abc import Callable

import structlog
from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError

NOTE_SECONDS = 60.0
WRITE_SECONDS = 1.0
MAX_NOTED = 10_000
log = structlog.get_logger("labelapi")


class KeyUses:
    """Takes ids of keys on the event loop, each at most once in NOTE_SECONDS, and writes them after WRITE_SECONDS.

    What a process that ends has not written yet is lost: at most the uses of its last second.
    """

    def __init__(self, write: Callable[[list[int]], None]) -> None:
        self._write = write
        self._noted: dict[int, float] = {}
        self._pending: set[int] = set()
        self._writing: asyncio.Task[None] | None = None

    def note(self, api_key_id: int) -> None:
        """Remember that this key was used just now."""
        now = time.monotonic()
        if self._noted.get(api_key_id, -NOTE_SECONDS) + NOTE_SECONDS > now:
            return
        self._noted.pop(api_key_id, None)
        if len(self._noted) >= MAX_NOTED:
            del self._noted[next(iter(self._noted))]
        self._noted[api_key_id] = now
        self._pending.add(api_key_id)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    def clear(self) -> None:
        """Forget everything that is not written yet, and who was noted."""
        self._noted.clear()
        self._pending.clear()

    async def _write_soon(self) -> None:
        while self._pending:
            await asyncio.sleep(WRITE_SECONDS)
            ids, self._pending = sorted(self._pending), set()
            try:
                if ids:
                    await run_sync(self._write, ids)
            except SQLAlchemyError as error:
                # The next use of these keys is noted again.
                log.warning("uses of keys not written", keys=len(ids), error=type(error).__name__)
