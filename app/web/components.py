"""What the web process holds besides the components that commands and the worker have."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from app.health.database_metrics import DatabaseCollector
from app.health.status import StatusChecks
from app.web.authentication import KeyPairCheck
from app.wiring import Components, components_of


@dataclass
class WebComponents(Components):
    """What the requests of one process share."""

    key_pair_check: KeyPairCheck
    status_checks: StatusChecks
    database_collector: DatabaseCollector


def web_components_of(flask_app: Flask) -> WebComponents:
    """Return the components of the Flask application inside a web application."""
    return cast(WebComponents, components_of(flask_app))


def web_components() -> WebComponents:
    """Return the components of the web application that runs the present request."""
    return web_components_of(current_app)
