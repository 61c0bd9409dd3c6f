"""Error reports to Sentry, when SENTRY_DSN is set: what nobody foresaw, with its trace and its request's or job's id.

What an event of the log carries as `exc_info` is reported, so that there is one place where it is decided whether an error
is unforeseen: where it is logged. Sentry's own integrations for Flask and Starlette would report every refused request too,
because errors travel through Flask as exceptions here, and would read headers, addresses and bodies.
"""

import logging
import sys
from typing import TYPE_CHECKING, Any, cast

from app import __version__
from app.observability.redaction import redact_all
from app.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

TAGS = ("request_id", "method", "path", "job_id", "kind", "subject_id", "logger")
SECONDS_TO_SEND_AT_EXIT = 2


def configure_error_reports(settings: Settings) -> None:
    """Report to SENTRY_DSN from now on; do nothing without one."""
    if not settings.sentry_dsn:
        return
    # The import takes a tenth of a second, and is needed with a place to report to only.
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration

    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        release=f"labelapi@{__version__}" + (f"+{settings.git_commit}" if settings.git_commit else ""),
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[AtexitIntegration(callback=_say_nothing), DedupeIntegration(), ExcepthookIntegration()],
        include_local_variables=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        shutdown_timeout=SECONDS_TO_SEND_AT_EXIT,
        before_send=_without_secrets,
    )


def report(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Report the error that an event of the log carries, if any; the event goes on as it is. A structlog processor."""
    error = event.get("exc_info")
    if error is True:
        error = sys.exc_info()
    sentry_sdk = sys.modules.get("sentry_sdk")
    if error and sentry_sdk and sentry_sdk.get_client().is_active():
        with sentry_sdk.new_scope() as scope:
            scope.set_tags({name: str(event[name]) for name in TAGS if name in event})
            scope.set_extra("event", str(event.get("event")))
            scope.capture_exception(error)
    return event


def _without_secrets(event: "Event", _hint: "Hint") -> "Event":
    return cast("Event", redact_all(event))


def _say_nothing(_pending: int, _timeout: float) -> None:
    """Replace the library's message on standard error, which is no line of the log."""
    logging.getLogger("labelapi").debug("sending the last error reports")
