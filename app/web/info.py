"""What operators look at, outside the API: version, status, liveness and readiness."""

import hmac

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.errors import Problem, Unauthorized
from app.health.status import StatusChecks
from app.observability import metrics
from app.responses import json_answer
from app.web.authentication import KeyPairCheck
from app.web.components import web_components
from app.web.console import build_of
from app.web.routing import path_below_root, refuse_method
from app.wiring import components

blueprint = Blueprint("info", __name__)
# The server serves what was built when it started.
BUILD = build_of()


class LiveAndStatus:
    """ASGI layer: `/info/live` and `/info/status`, which this process answers from memory.

    They are answered here because threads, which run everything else, may all be waiting for a database that hangs.
    """

    def __init__(self, app: ASGIApp, status_checks: StatusChecks, key_pair_check: KeyPairCheck) -> None:
        self._app = app
        self._status_checks = status_checks
        self._key_pair_check = key_pair_check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            # The first report is made while the process starts, so that hardly anybody asks before it is there.
            self._status_checks.latest()
        path = path_below_root(scope) if scope["type"] == "http" else None
        if path not in ("/info/live", "/info/status"):
            await self._app(scope, receive, send)
        elif scope["method"] != "GET":
            await refuse_method({"GET"}, scope, receive, send)
        elif path == "/info/live":
            await JSONResponse({"status": "ok"})(scope, receive, send)
        else:
            await (await self._show_status(scope))(scope, receive, send)

    async def _show_status(self, scope: Scope) -> JSONResponse:
        """200 when everything is there, else 503, with the age of the report in seconds as `Age`.

        Strangers see no more than that; an admin sees the message of each check.
        """
        report = self._status_checks.latest()
        if report is None:
            return JSONResponse({"status": "starting"}, 503, {"Retry-After": "1"})
        messages = [message for message in report.results.values() if message]
        answer: dict[str, object] = {"status": "error" if messages else "ok"}
        age = int(report.age_seconds)
        if await self._is_admin(scope):
            checks = {name: message is None for name, message in report.results.items()}
            answer |= {"checks": checks, "messages": messages, "age_seconds": age}
        return JSONResponse(answer, 503 if messages else 200, {"Age": str(age)})

    async def _is_admin(self, scope: Scope) -> bool:
        try:
            return (await self._key_pair_check.find_account(scope)).is_admin
        except (Problem, SQLAlchemyError):
            # The page says how the service is to whoever asks; without the database there is no telling who that is.
            return False


@blueprint.get("/info/version")
def show_version() -> Response:
    """The name and version of the service, and the branch and commit that its image was built from."""
    settings = components().settings
    built_from = {"branch": settings.git_branch, "commit": settings.git_commit}
    return json_answer({"name": "LabelAPI", "version": __version__, **built_from})


@blueprint.get("/info/console")
def show_console() -> Response:
    """What the web console asks before sign in: version, build, where the files are, and limits in bytes and rows.

    `build` names the files of the console; it is null where no console is built.
    """
    settings = components().settings
    limits = {
        "body_bytes": settings.max_body_bytes,
        "bulk_body_bytes": settings.max_bulk_body_bytes,
        "objects_per_request": settings.max_objects_per_request,
        "import_bytes": settings.max_import_bytes,
    }
    return json_answer(
        {
            "name": "LabelAPI",
            "version": __version__,
            "build": BUILD,
            "blob_origin": components().blob_store.origin,
            "limits": limits,
        }
    )


@blueprint.get("/info/ready")
def show_readiness() -> Response:
    """200 when requests can be served: the database answers and its schema is there; else 503."""
    ready = web_components().status_checks.is_ready()
    return json_answer({"status": "ok" if ready else "error"}, 200 if ready else 503)


@blueprint.get("/metrics")
def show_metrics() -> Response:
    """The metrics of all web processes, for Prometheus; with METRICS_TOKEN set, only to who sends it as bearer token."""
    settings = components().settings
    token = settings.metrics_token
    sent = request.headers.get("Authorization", "").encode()
    if token and not hmac.compare_digest(sent, f"Bearer {token.get_secret_value()}".encode()):
        raise Unauthorized(
            "Send the metrics token in the header Authorization: Bearer …", 'Bearer realm="LabelAPI metrics"'
        )
    return Response(
        metrics.render(web_components().database_collector, settings.prometheus_multiproc_dir),
        mimetype=CONTENT_TYPE_LATEST,
    )
