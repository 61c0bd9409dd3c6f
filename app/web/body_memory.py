"""How many bytes of request bodies a web process holds at a time."""

from collections import Counter

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Unavailable
from app.web.context import context_of

# The server itself may hold this much of any connection, so that bounding smaller bodies would save nothing.
UNCOUNTED_BYTES = 64 * 1024
FULL = "The service is reading as many large request bodies as it can hold. Send this request again in a moment."
SHARE_USED = (
    "The service is reading as many large request bodies of yours as it can hold. Send them one after the other."
)


class BodyMemory:
    """ASGI layer: bounds the bytes of bodies that are read, from the first read until the last part of the answer is sent.

    A user gets half of them, so that nobody can keep all others waiting. Bodies of up to UNCOUNTED_BYTES are always read.
    A body that does not fit is not read; the application is given an Unavailable (503) in its place.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self._max_bytes = max_bytes
        self._held: Counter[int | None] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        arrived = held = 0
        user_id: int | None = None

        def hold(size: int) -> None:
            nonlocal held, user_id
            if size > max(held, UNCOUNTED_BYTES):
                user_id = _user_id(scope)
                self._hold(user_id, size - held)
                held = size

        async def receive_within_bounds() -> Message:
            nonlocal arrived
            if not arrived:
                hold(_declared_size(scope))
            message = await receive()
            arrived += len(message.get("body", b""))
            hold(arrived)
            return message

        def release() -> None:
            nonlocal held
            if held:
                self._release(user_id, held)
            held = 0

        async def send_after_release(message: Message) -> None:
            # A caller that has the whole answer may send the next body at once, before the application returns.
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                release()
            await send(message)

        try:
            await self.app(scope, receive_within_bounds, send_after_release)
        finally:
            release()

    def _hold(self, user_id: int | None, size: int) -> None:
        if self._held.total() + size > self._max_bytes:
            raise Unavailable(FULL)
        if self._held[user_id] + size > self._max_bytes // 2:
            raise Unavailable(SHARE_USED)
        self._held[user_id] += size

    def _release(self, user_id: int | None, size: int) -> None:
        self._held[user_id] -= size
        if not self._held[user_id]:
            del self._held[user_id]


def _declared_size(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isdecimal() else 0


def _user_id(scope: Scope) -> int | None:
    caller = context_of(scope).caller
    return caller.user_id if caller else None
