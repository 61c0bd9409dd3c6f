"""Work that threads do for the event loop."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.web.bridge import run_soon


def test_what_comes_out_and_what_goes_wrong_reach_who_waits() -> None:
    async def ask() -> None:
        with ThreadPoolExecutor(1) as executor:
            assert await run_soon(executor, threading.current_thread) is not threading.main_thread()
            with pytest.raises(ZeroDivisionError):
                await run_soon(executor, lambda: 1 / 0)

    asyncio.run(ask())


def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    begun = []
    release = threading.Event()

    async def ask() -> None:
        with ThreadPoolExecutor(1) as executor:
            first = run_soon(executor, lambda: release.wait(10))
            second = run_soon(executor, lambda: begun.append("second"))
            second.cancel()
            # What is to happen at the end of a future happens in the next round of the event loop.
            await asyncio.sleep(0)
            release.set()
            assert await first

    asyncio.run(ask())
    assert begun == []
