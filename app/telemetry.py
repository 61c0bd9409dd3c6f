"""Logs with request ids, and the ASGI layer around everything that gives each request its id and its line in the log."""

import logging
import re
import sys
import time
import uuid
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import metrics
from app.error_reports import report
from app.redaction import redact

REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# Local variables hold secrets, so that traces are written without them.
TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
NOSNIFF = (b"x-content-type-options", b"nosniff")
log = structlog.get_logger("labelapi")


def configure_logging(level: str, *, readable: bool | None = None) -> None:
    """Write one line per event to stderr: readable on a terminal, JSON elsewhere. Both our own and libraries' events."""
    if readable is None:
        readable = sys.stderr.isatty()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        report,
    ]
    renderer: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if readable
        else [TRACEBACKS, structlog.processors.JSONRenderer()]
    )
    # Loggers are not cached: what is configured or captured later holds for those that have spoken before, too.
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # What is below the level costs next to nothing.
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer, _hide_secrets],
    )
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in ("azure", "connexion", "uvicorn", "procrastinate", "alembic", "PIL", "urllib3"):
        # These narrate every step at INFO; what goes wrong is still told.
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def _hide_secrets(_logger: Any, _method: str, line: Any) -> str:
    # Libraries put links and connection strings into their messages, and errors into the text of other errors.
    return redact(line)


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
        scope["labelapi.request_id"] = request_id
        # Each request has a task of its own, and with it its own context.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode()), NOSNIFF]}
            await send(message)

        # Routing notes the operation here; the mapping must exist before it makes its own copy of the scope.
        extensions = scope.setdefault("extensions", {})
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            operation = (extensions.get("connexion_routing", {}).get("operation_id") or "none").rpartition(".")[2]
            metrics.observe_request(scope["method"], operation, status, seconds)
            duration_ms = round(seconds * 1000, 1)
            log.info("request", method=scope["method"], path=scope["path"], status=status, duration_ms=duration_ms)
