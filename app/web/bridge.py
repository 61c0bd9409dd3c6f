"""From ASGI to Flask and back: each request is one piece of work for a thread, whose answer comes back whole."""

import asyncio
import contextvars
import io
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import build_environ
from starlette.types import Message, Receive, Scope, Send

from app.web.context import context_of

Result = TypeVar("Result")
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
RunBulk = Callable[[int, Callable[[], Any]], Awaitable[Any]]


def run_soon(executor: Executor, work: Callable[[], Result]) -> "asyncio.Future[Result]":
    """Let a thread do some work, and return the future of what comes out.

    The event loop's own way has the thread's future tell the loop's, which takes half as long again.
    """
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def work_and_tell() -> None:
        try:
            tell = partial(future.set_result, work())
        except BaseException as error:
            tell = partial(future.set_exception, error)
        loop.call_soon_threadsafe(lambda: None if future.done() else tell())

    waiting = executor.submit(work_and_tell)
    # What nobody waits for any more is not begun.
    future.add_done_callback(lambda _: waiting.cancel())
    return future


class Bridge:
    """ASGI application that runs a WSGI one on `threads` threads.

    The library's own way sends an answer in three parts, and the thread waits for the event loop after each of them, which
    takes longer than a small request itself. What is left to it are the environment and the start and end of the process.
    Bodies are read before: the WSGI application finds none. Answers are held in memory as a whole.
    """

    def __init__(self, app: Wsgi, threads: int, run_bulk: RunBulk) -> None:
        self._app = app
        self._run_bulk = run_bulk
        self._library: Any = WSGIMiddleware(app, workers=threads)  # type: ignore[arg-type]  # Its types are narrower.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._library(scope, receive, send)
            return
        environ: Any = build_environ(scope, io.BytesIO())  # type: ignore[arg-type]  # As above.
        work = partial(contextvars.copy_context().run, self._answer, environ)
        for message in await self._run(scope, work):
            await send(message)

    async def _run(self, scope: Scope, work: Callable[[], list[Message]]) -> list[Message]:
        context = context_of(scope)
        if context.operation is None or not context.operation.is_bulk:
            return await run_soon(self._library.executor, work)
        answer: list[Message] = await self._run_bulk(context.account.user_id, work)
        return answer

    def _answer(self, environ: dict[str, Any]) -> list[Message]:
        head: Message = {"type": "http.response.start"}

        def start(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            head["status"] = int(status.partition(" ")[0])
            head["headers"] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]

        parts = self._app(environ, start)
        try:
            body = b"".join(parts)
        finally:
            # PEP 3333: whoever asked for the parts closes them.
            getattr(parts, "close", lambda: None)()
        return [head, {"type": "http.response.body", "body": body}]
