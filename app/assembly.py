"""Puts the web application together: Connexion with the spec, around Flask with its foundation."""

from collections.abc import Callable
from functools import partial
from typing import Any

import werkzeug.routing
from a2wsgi import WSGIMiddleware
from connexion import FlaskApp
from connexion.datastructures import MediaTypeDict
from connexion.middleware import ConnexionMiddleware, MiddlewarePosition
from connexion.middleware.response_validation import ResponseValidationMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.middleware.swagger_ui import SwaggerUIMiddleware
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver
from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app import info, intake, problems
from app.azure.workspace import Workspace
from app.database import db
from app.document import PublishedDocument
from app.edge import at_the_edge
from app.foundation import configure_flask
from app.guessing import GuessLimit
from app.methods import CANONICAL_ID, AllowedMethods, HeadAsGet, methods_of_paths
from app.metrics import Stock
from app.security import KeyPairCheck
from app.services.status import StatusChecks
from app.settings import Settings
from app.spec import load_spec
from app.swagger_ui import SwaggerUI
from app.telemetry import RequestLog

API = "/api/v1"
DOCUMENT = "/openapi.json"
STATUS_SECONDS = 3  # How long a look at Azure ML may take, behind which somebody waits.


class CanonicalId(Convertor[int]):
    """Starlette's converter for integer path parameters."""

    regex = CANONICAL_ID

    def convert(self, value: str) -> int:
        return int(value)


class FlaskCanonicalId(werkzeug.routing.BaseConverter):
    """Flask's converter for the same."""

    regex = CANONICAL_ID

    def to_python(self, value: str) -> int:
        return int(value)


class CanonicalRouting(RoutingMiddleware):
    """Connexion's routing, with our converter in place of its own, which takes signs and leading zeros."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        register_url_convertor("int", CanonicalId())


class Handlers(Resolver):
    """Finds the handler of an operation: the function `operationId` in `app/handlers/<first tag>.py`."""

    def __init__(self, tags: dict[str, str]) -> None:
        super().__init__()
        self._tags = tags

    def resolve_operation_id(self, operation: Any) -> str:
        """Return the dotted name of the handler."""
        return handler_name(self._tags[operation.operation_id], operation.operation_id)

    def resolve_function_from_operation_id(self, operation_id: str) -> Callable[..., Any]:
        """Return the handler with the session's edge around it."""
        return at_the_edge(super().resolve_function_from_operation_id(operation_id))


def handler_name(tag: str, operation_id: str) -> str:
    """Return the dotted name of the handler of an operation."""
    return f"app.handlers.{tag}.{operation_id}"


def assemble(settings: Settings) -> FlaskApp:
    """Return the Connexion application for these settings."""
    spec = load_spec()
    operations = [
        operation
        for path in spec["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "operationId" in operation
    ]
    tags = {operation["operationId"]: operation["tags"][0] for operation in operations}
    handled = {handler_name(operation["tags"][0], operation["operationId"]): operation for operation in operations}
    roles = {name: operation["x-roles"] for name, operation in handled.items()}
    bulk = frozenset(name for name, operation in handled.items() if operation.get("x-bulk"))
    body = intake.JsonBody.with_limits(settings.max_body_bytes, settings.max_bulk_body_bytes, bulk)
    connexion_app = FlaskApp(
        "app",
        middlewares=_middlewares(spec),
    )
    flask_app = connexion_app.app
    configure_flask(flask_app, settings)
    flask_app.request_class = intake.ParsedRequest
    flask_app.url_map.converters["int"] = FlaskCanonicalId
    flask_app.register_blueprint(info.blueprint)
    with flask_app.app_context():
        guesses = GuessLimit(settings.wrong_keys_per_minute, settings.wrong_keys_max_wait_seconds)
        key_pair_check = KeyPairCheck(db.engine, roles, guesses)
        blob_store, required = flask_app.extensions["blob_store"], settings.required
        workspace = Workspace.of(settings, read_seconds=STATUS_SECONDS) if settings.uses_azure_ml else None
        flask_app.extensions["status_checks"] = StatusChecks(db.engine, blob_store, required, workspace)
        flask_app.extensions["metrics_stock"] = Stock(db.engine)
    flask_app.extensions["key_pair_check"] = key_pair_check
    # One thread waits for the database at a time, so that more threads than connections would only queue.
    connexion_app._middleware_app.asgi_app = info.Liveness(
        WSGIMiddleware(flask_app.wsgi_app, workers=settings.web_threads)  # type: ignore[arg-type]
    )
    _add_layers(connexion_app, settings)
    problems.add_error_handlers(connexion_app)
    connexion_app.add_api(
        spec,
        base_path=API,
        resolver=Handlers(tags),
        strict_validation=True,
        auth_all_paths=True,
        validator_map={"body": MediaTypeDict({"*/*json": body}), "parameter": intake.Parameters},
        security_map={"apiKey": lambda: key_pair_check},
        # The framework's own document has every reference written out, without the names of the schemas.
        swagger_ui_options=SwaggerUIOptions(serve_spec=False, swagger_ui=False),
    )
    return connexion_app


def _add_layers(connexion_app: FlaskApp, settings: Settings) -> None:
    """Put our ASGI layers around the framework's, the outermost first."""
    around = MiddlewarePosition.BEFORE_EXCEPTION
    trusted = settings.trusted_proxies.split(",") if settings.trusted_proxies else []
    connexion_app.add_middleware(RequestLog, position=around)
    connexion_app.add_middleware(ProxyHeadersMiddleware, position=around, trusted_hosts=trusted)
    connexion_app.add_middleware(HeadAsGet, position=around)
    connexion_app.add_middleware(intake.PlainMediaType, position=around)


def _middlewares(spec: dict[str, Any]) -> list[Any]:
    """The framework's layers with ours before its routing, the outermost first.

    Without two of its own, which would look at each request and let it pass: we have another Swagger UI, and what answers
    hold is checked by the tests.
    """
    methods = methods_of_paths(spec) | {DOCUMENT: {"GET"}}
    before_routing = [
        partial(AllowedMethods, base_path=API, methods=methods),
        partial(SwaggerUI, path=f"{API}/ui"),
        partial(PublishedDocument, path=API + DOCUMENT, document=spec),
        CanonicalRouting,
    ]
    replaced: dict[Any, list[Any]] = {
        RoutingMiddleware: before_routing,
        SwaggerUIMiddleware: [],
        ResponseValidationMiddleware: [],
    }
    default = ConnexionMiddleware.default_middlewares
    return [layer for middleware in default for layer in replaced.get(middleware, [middleware])]
