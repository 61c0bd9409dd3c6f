"""Puts the web application together: Connexion with the OpenAPI document and our layers, around Flask."""

from functools import partial
from typing import Any

from connexion import FlaskApp
from connexion.datastructures import MediaTypeDict
from connexion.middleware import MiddlewarePosition
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.request_validation import RequestValidationMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.middleware.server_error import ServerErrorMiddleware
from connexion.spec import OpenAPISpecification
from flask import Flask
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
from app.web.bulk_threads import BulkThreads, FlaskThreads
from app.web.cache_control import CacheControl
from app.web.components import WebComponents
from app.web.console import Console
from app.web.cors import Cors
from app.web.document import PublishedDocument
from app.web.forwarded import ForwardedHeaders
from app.web.openapi import load_spec
from app.web.operations import CanonicalId, Handlers, JoinedLists, ParsedRequest
from app.web.request_body import JsonBody
from app.web.request_headers import PlainHeaders
from app.web.request_log import RequestLog
from app.web.request_parameters import Parameters
from app.web.routing import HeadAsGet, Routing
from app.web.swagger_ui import SwaggerUI
from app.wiring import EXTENSION, configure_flask

API = "/api/v1"
DOCUMENT = "/openapi.json"
STATUS_SECONDS = 3  # How long a check of Azure ML may take.


def make_application(settings: Settings) -> FlaskApp:
    """Return the web application for these settings."""
    document = load_spec()
    bulk_threads = BulkThreads(settings.web_bulk_threads)
    body = partial(
        JsonBody,
        max_bytes=settings.max_body_bytes,
        max_bulk_bytes=settings.max_bulk_body_bytes,
        bulk_threads=bulk_threads,
    )
    application = FlaskApp("app", middlewares=_middlewares(document))
    flask_app: Flask = application.app
    flask_app.request_class = ParsedRequest
    flask_app.url_map.converters["int"] = CanonicalId
    common = configure_flask(flask_app, settings)
    flask_app.register_error_handler(HTTPException, problems.pass_on)
    flask_app.register_blueprint(info.blueprint)
    with flask_app.app_context():
        key_pair_check = KeyPairCheck(db.engine, settings.wrong_keys_per_minute)
        workspace = Workspace.of(settings, read_seconds=STATUS_SECONDS) if settings.uses_azure_ml else None
        status_checks = StatusChecks(db.engine, common.blob_store, settings.required, workspace)
        components = WebComponents(
            settings,
            common.blob_store,
            common.decoders,
            key_pair_check,
            status_checks,
            DatabaseCollector(db.engine),
        )
    flask_app.extensions[EXTENSION] = components
    # One thread waits for the database at a time, so that more threads than connections would only queue.
    flask_threads = FlaskThreads(flask_app.wsgi_app, settings.web_threads, bulk_threads)
    application.middleware.app.asgi_app = info.LiveAndStatus(flask_threads, status_checks, key_pair_check)
    _add_layers(application, settings)
    application.add_middleware(
        Console, position=MiddlewarePosition.BEFORE_SECURITY, blob_origin=common.blob_store.origin
    )
    problems.add_error_handlers(application)
    # The tests check the form of the document. Connexion would check it again at each start, for 0.25 s.
    OpenAPISpecification.openapi_schema = {}
    application.add_api(
        document,
        base_path=API,
        resolver=Handlers(document),
        uri_parser_class=JoinedLists,
        strict_validation=True,
        auth_all_paths=True,
        validator_map={"body": MediaTypeDict({"*": body}), "parameter": Parameters},
        security_map={"apiKey": lambda: key_pair_check},
    )
    return application


def _add_layers(application: FlaskApp, settings: Settings) -> None:
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


def _middlewares(document: dict[str, Any]) -> list[Any]:
    """The layers of a request, the outermost first: of the framework's, those that do something here, and ours among them."""
    return [
        ServerErrorMiddleware,
        ExceptionMiddleware,
        partial(SwaggerUI, path=f"{API}/ui"),
        partial(PublishedDocument, path=API + DOCUMENT, document=document),
        partial(Routing, document=document, base_path=API),
        SecurityMiddleware,
        RequestValidationMiddleware,
        ContextMiddleware,
    ]
