"""Web servers that the tests of a folder share; the rows behind them are those of the single test."""

from collections.abc import Iterator

import pytest
from connexion import FlaskApp

from app.settings import Settings
from tests.web_server import WebServer, no_fault_in, web_server


@pytest.fixture(scope="session")
def web(server: FlaskApp, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """The web server as it is deployed, with one process."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    with web_server(settings.model_copy(update={"web_workers": 1}), log) as running:
        yield running
    no_fault_in(log)
