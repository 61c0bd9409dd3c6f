"""The one form of every error: `application/problem+json` (RFC 9457), whatever raised it and wherever."""

from collections.abc import Mapping
from typing import Any, NoReturn

import orjson
import sqlalchemy.exc
import structlog
import werkzeug.exceptions
from connexion import FlaskApp
from connexion.exceptions import ProblemException
from connexion.lifecycle import ConnexionRequest, ConnexionResponse
from starlette.exceptions import HTTPException

from app.database.outages import is_outage
from app.errors import DatabaseUnavailable, Problem
from app.web.context import KEY, RequestContext
from app.web.problem_document import MEDIA_TYPE, problem_document

log = structlog.get_logger("labelapi")

NOTHING_HERE = "There is nothing at this address."


def add_error_handlers(application: FlaskApp) -> None:
    """Give every kind of exception its form."""
    application.add_error_handler(Problem, answer_problem)
    application.add_error_handler(ProblemException, answer_framework_problem)
    application.add_error_handler(HTTPException, answer_http_exception)
    application.add_error_handler(sqlalchemy.exc.DBAPIError, answer_database_error)
    application.add_error_handler(sqlalchemy.exc.TimeoutError, answer_database_error)
    application.add_error_handler(Exception, answer_bug)


async def answer_problem(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    """Our own errors say everything themselves."""
    assert isinstance(error, Problem)  # noqa: S101  # Registered for this class only.
    return _answer(request, error.status, error.detail, errors=error.errors, headers=error.headers)


async def answer_framework_problem(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    """What Connexion refuses before a handler is called."""
    assert isinstance(error, ProblemException)  # noqa: S101  # Registered for this class only.
    return _answer(request, error.status, str(error.detail)[:500])


async def answer_http_exception(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    """Routing: no such address, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101  # Registered for this class only.
    detail = str(error.detail)
    if error.status_code == 404:
        detail = NOTHING_HERE
    elif error.status_code == 405:
        detail = f"This address does not allow this method. It allows: {(error.headers or {})['Allow']}."
    return _answer(request, error.status_code, detail, headers=error.headers)


def pass_on(error: werkzeug.exceptions.HTTPException) -> NoReturn:
    """Raise what Flask refuses as the exception of the layers above; Connexion's own way loses `Allow`."""
    allowed = error.valid_methods if isinstance(error, werkzeug.exceptions.MethodNotAllowed) else None
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else None
    raise HTTPException(error.code or 500, detail=error.description, headers=headers)


async def answer_database_error(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    """An outage of PostgreSQL is a 503; any other error of it is a bug of ours."""
    if not is_outage(error):
        return await answer_bug(request, error)
    log.warning("database unavailable", error=type(error).__name__, reason=str(getattr(error, "orig", error)).strip())
    return await answer_problem(
        request, DatabaseUnavailable("The database does not answer. Send the request again in a moment.")
    )


async def answer_bug(request: ConnexionRequest, error: Exception) -> ConnexionResponse:
    """What nobody foresaw: logged with its trace, answered without it."""
    log.error("unhandled error", method=request.method, path=request.scope["path"], exc_info=error)
    return _answer(request, 500, "This is a fault of the service. It has been logged under this request's id.")


def _answer(
    request: ConnexionRequest,
    status: int,
    detail: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ConnexionResponse:
    # The outermost layers come before the one that makes the context.
    context: RequestContext | None = request.scope.get(KEY)
    document = problem_document(
        status, detail, instance=f"urn:request:{context.request_id}" if context else None, errors=errors
    )
    return ConnexionResponse(int(status), mimetype=MEDIA_TYPE, body=orjson.dumps(document), headers=dict(headers or {}))
