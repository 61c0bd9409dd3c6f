"""The ASGI layer around everything: it gives each request its id and its line in the log."""

import re
import time
import uuid

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability import metrics
from app.web.context import KEY, RequestContext

REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._:-]{1,64}")
NOSNIFF = (b"x-content-type-options", b"nosniff")
log = structlog.get_logger("labelapi")


def address_of(scope: Scope) -> str | None:
    """Return the address of the caller, or of the proxy before it where that is not trusted; None for a socket file."""
    client = scope.get("client")
    return str(client[0]) if client else None


class RequestLog:
    """ASGI layer: takes `X-Request-ID` or makes one, answers with it, and logs each request with status and time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        offered = Headers(scope=scope).get("x-request-id", "")
        request_id = offered if REQUEST_ID_FORM.fullmatch(offered) else str(uuid.uuid4())
        context = scope[KEY] = RequestContext(request_id)
        # Each request has a task of its own, and with it its own context. The check of the key pair adds whose it is.
        structlog.contextvars.bind_contextvars(request_id=request_id, address=address_of(scope))
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode()), NOSNIFF]}
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            operation = context.operation.name if context.operation else "none"
            metrics.observe_request(scope["method"], operation, status, seconds)
            duration_ms = round(seconds * 1000, 1)
            log.info("request", method=scope["method"], path=scope["path"], status=status, duration_ms=duration_ms)
