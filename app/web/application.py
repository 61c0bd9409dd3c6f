"""Puts the web application together: Connexion with the spec, around Flask with its foundation."""

from functools import partial
from typing import Any

from connexion.datastructures import MediaTypeDict
from connexion.middleware import ConnexionMiddleware, MiddlewarePosition, main
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.middleware.server_error import ServerErrorMiddleware
from connexion.spec import OpenAPISpecification
from flask import Flask
from starlette.types import ASGIApp
from werkzeug.exceptions import HTTPException

from app.azure.ml.workspace import Workspace
from app.database.engine import db
from app.health.database_metrics import DatabaseCollector
from app.health.status import StatusChecks
from app.settings import Settings
from app.web import error_responses as problems
from app.web import info
from app.web.authentication import KeyPairCheck
from app.web.body_memory import BodyMemory
from app.web.bridge import Bridge
from app.web.bulk_threads import BulkThreads
from app.web.cache_control import CacheControl
from app.web.components import WebComponents
from app.web.cors import Cors
from app.web.document import PublishedDocument
from app.web.forwarded import ForwardedHeaders
from app.web.openapi import load_spec, operations_of
from app.web.operations import FlaskApplication, Handlers, add_views
from app.web.request_body import JsonBody
from app.web.request_headers import PlainHeaders
from app.web.request_log import RequestLog
from app.web.request_parameters import Parameters, RequestValidation
from app.web.routing import HeadAsGet, Routing
from app.web.swagger_ui import SwaggerUI
from app.wiring import EXTENSION, configure_flask

API = "/api/v1"
DOCUMENT = "/openapi.json"
STATUS_SECONDS = 3  # How long a check of Azure ML may take.


class CheckedDocument(OpenAPISpecification):
    """The OpenAPI document as Connexion reads it. Its form is checked by the tests; at each start that takes a sixth of it."""

    @classmethod
    def _validate_spec(cls, spec: dict[str, Any]) -> None:
        pass


class WebApplication(ConnexionMiddleware):
    """Connexion's layers and ours around the Flask application that `flask_app` is."""

    def __init__(self, flask_app: Flask, app: ASGIApp, middlewares: list[Any]) -> None:
        super().__init__(app, import_name="app", middlewares=middlewares)
        self.flask_app = flask_app

    def add_document(self, document: dict[str, Any], base_path: str, **options: Any) -> None:
        """Let the layers know the document, as `add_api` does, which takes the options of Connexion."""
        known = vars(self.options.replace(**options))
        self.apis.append(main.API(CheckedDocument(document), base_path=base_path, **known))


def assemble(settings: Settings) -> WebApplication:
    """Return the web application for these settings."""
    spec = load_spec()
    handlers = Handlers({operation.name: operation.handler for _, _, operation in operations_of(spec)})
    bulk_threads = BulkThreads(settings.web_bulk_threads)
    body = JsonBody.with_limits(settings.max_body_bytes, settings.max_bulk_body_bytes, bulk_threads)
    flask_app = FlaskApplication("app")
    # Errors pass through to the layers above, which give them their form.
    flask_app.config.update(PROPAGATE_EXCEPTIONS=True, TRAP_HTTP_EXCEPTIONS=True)
    common = configure_flask(flask_app, settings)
    flask_app.register_error_handler(HTTPException, problems.pass_on)
    flask_app.register_blueprint(info.blueprint)
    add_views(flask_app, spec, handlers)
    with flask_app.app_context():
        key_pair_check = KeyPairCheck(db.engine, settings.wrong_keys_per_minute)
        workspace = Workspace.of(settings, read_seconds=STATUS_SECONDS) if settings.uses_azure_ml else None
        status_checks = StatusChecks(db.engine, common.blob_store, settings.required, workspace)
        components = WebComponents(
            settings, common.blob_store, key_pair_check, status_checks, DatabaseCollector(db.engine)
        )
    flask_app.extensions[EXTENSION] = components
    # One thread waits for the database at a time, so that more threads than connections would only queue.
    bridge = Bridge(flask_app.wsgi_app, threads=settings.web_threads, run_bulk=bulk_threads.run)
    application = WebApplication(
        flask_app, info.LiveAndStatus(bridge, status_checks, key_pair_check), _middlewares(spec)
    )
    _add_layers(application, settings)
    problems.add_error_handlers(application)
    application.add_document(
        spec,
        API,
        resolver=handlers,
        strict_validation=True,
        auth_all_paths=True,
        validator_map={"body": MediaTypeDict({"*/*json": body}), "parameter": Parameters},
        security_map={"apiKey": lambda: key_pair_check},
    )
    return application


def _add_layers(application: WebApplication, settings: Settings) -> None:
    """Put our ASGI layers around the framework's, the outermost first."""
    around = MiddlewarePosition.BEFORE_EXCEPTION
    application.add_middleware(PlainHeaders, position=around)
    # The log names the caller's own address, which this layer reads from the headers of a proxy.
    if settings.trusted_proxies or settings.root_path:
        application.add_middleware(
            ForwardedHeaders,
            position=around,
            trusted_proxies=settings.trusted_proxies,
            root_path=settings.root_path,
        )
    application.add_middleware(RequestLog, position=around)
    application.add_middleware(CacheControl, position=around)
    if settings.cors_origins:
        # Outside of everything that can refuse a request, so that pages can read errors too.
        application.add_middleware(Cors, position=around, path=API, origins=settings.cors_origins.split(","))
    application.add_middleware(HeadAsGet, position=around)
    application.add_middleware(BodyMemory, position=around, max_bytes=settings.max_body_memory_bytes)


def _middlewares(spec: dict[str, Any]) -> list[Any]:
    """The layers of a request, the outermost first: of the framework's, those that do something here, and ours among them."""
    return [
        ServerErrorMiddleware,
        ExceptionMiddleware,
        partial(SwaggerUI, path=f"{API}/ui"),
        partial(PublishedDocument, path=API + DOCUMENT, document=spec),
        partial(Routing, document=spec, base_path=API),
        SecurityMiddleware,
        RequestValidation,
    ]
