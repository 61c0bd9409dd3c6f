"""How logs are written: one line per event, our own and those of libraries, with secrets hidden."""

import logging
import sys
from typing import Any

import structlog

from app.observability.error_reports import report
from app.observability.redaction import redact

# Local variables hold secrets, so that traces are written without them.
TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


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
        # These log every step at INFO; what goes wrong is still logged.
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def _hide_secrets(_logger: Any, _method: str, line: Any) -> str:
    # Libraries put links and connection strings into their messages, and errors into the text of other errors.
    return redact(line)
