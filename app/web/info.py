"""What operators look at, outside the API: version, status, liveness and readiness."""

import hmac
from typing import cast

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.errors import Problem, Unauthorized
from app.health.status import StatusChecks
from app.observability import metrics
from app.responses import json_answer
from app.settings import Settings
from app.web.authentication import KeyPairCheck
from app.web.routing import path_below_root, refuse_method

blueprint = Blueprint("info", __name__)


class Liveness:
    """ASGI layer: `/info/live` is 200 as long as this process answers at all.

    It is answered here because threads, which run everything else, may all be waiting for a database that hangs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_below_root(scope) != "/info/live":
            await self._app(scope, receive, send)
        elif scope["method"] != "GET":
            await refuse_method({"GET"}, scope, receive, send)
        else:
            await JSONResponse({"status": "ok"})(scope, receive, send)


@blueprint.get("/info/version")
def show_version() -> Response:
    """The name and version of the service, and the branch and commit that its image was built from."""
    settings = cast(Settings, current_app.extensions["settings"])
    built_from = {"branch": settings.git_branch, "commit": settings.git_commit}
    return json_answer({"name": "LabelAPI", "version": __version__, **built_from})


@blueprint.get("/info/status")
def show_status() -> Response:
    """200 when everything is there, else 503. Strangers see no more than that; an admin sees each check in words."""
    status_checks = cast(StatusChecks, current_app.extensions["status_checks"])
    is_admin = _is_admin()
    checks = status_checks.run() if is_admin else status_checks.recent()
    messages = [message for message in checks.values() if message]
    answer: dict[str, object] = {"status": "error" if messages else "ok"}
    if is_admin:
        answer |= {"checks": {name: message is None for name, message in checks.items()}, "messages": messages}
    return json_answer(answer, 503 if messages else 200)


@blueprint.get("/info/ready")
def show_readiness() -> Response:
    """200 when requests can be served: the database answers and its schema is there; else 503."""
    ready = cast(StatusChecks, current_app.extensions["status_checks"]).is_ready()
    return json_answer({"status": "ok" if ready else "error"}, 200 if ready else 503)


@blueprint.get("/metrics")
def show_metrics() -> Response:
    """The metrics of all web processes, for Prometheus; with METRICS_TOKEN set, only to who sends it as bearer token."""
    settings = cast(Settings, current_app.extensions["settings"])
    token = settings.metrics_token
    sent = request.headers.get("Authorization", "").encode()
    if token and not hmac.compare_digest(sent, f"Bearer {token.get_secret_value()}".encode()):
        raise Unauthorized("Send the metrics token: Authorization: Bearer …", 'Bearer realm="LabelAPI metrics"')
    stock = cast(metrics.Stock, current_app.extensions["metrics_stock"])
    return Response(metrics.render(stock, settings.prometheus_multiproc_dir), mimetype=CONTENT_TYPE_LATEST)


def _is_admin() -> bool:
    key = request.headers.get("Authentication-Key")
    secret = request.headers.get("Authentication-Secret")
    if not key or not secret:
        return False
    key_pair_check = cast(KeyPairCheck, current_app.extensions["key_pair_check"])
    try:
        return key_pair_check.look_up(request.remote_addr, key, secret).is_admin
    except (Problem, SQLAlchemyError):
        # The page says how the service is to whoever asks; without the database there is no telling who that is.
        return False
