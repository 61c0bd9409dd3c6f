"""A real browser on the real server: gunicorn as `make run` starts it, and headless Chromium with a new profile."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import playwright.sync_api
import pytest
from azure.storage.blob import BlobServiceClient
from connexion import FlaskApp
from flask import Flask
from selenium import webdriver

from app.azure import cors_rules
from app.settings import Settings
from app.wiring import components_of
from local.console import install_console
from tests.browser.chromium import Browser
from tests.browser.console import Console
from tests.browser.pictures import Photographed, photograph
from tests.caller import Caller
from tests.web_server import web_server

# Without these Chromium asks its maker's servers for news at each start. As root it runs without its sandbox only.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--window-size=1400,1000",
)


@pytest.fixture(scope="session")
def programs() -> tuple[str, str]:
    """The paths of Chromium and of its driver. Without them the test is skipped, or fails where they are required."""
    found = shutil.which("chromium"), shutil.which("chromedriver")
    if all(found):
        return str(found[0]), str(found[1])
    words = "Chromium and its driver are not installed (Debian: apt-get install chromium chromium-driver)"
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"{words}, and REQUIRE_BROWSER is set.")
    pytest.skip(f"{words}.")


@pytest.fixture(scope="session")
def console_built() -> None:
    """The pages of the console are those of the present source."""
    install_console(for_checks=True)


@pytest.fixture(scope="session")
def web(
    programs: tuple[str, str],
    console_built: None,
    server: FlaskApp,
    settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of the web server on this worker's database, started once."""
    folder = tmp_path_factory.mktemp("web")
    own = {"web_workers": 1, "prometheus_multiproc_dir": str(folder / "metrics")}
    with web_server(settings.model_copy(update=own), folder / "web.log") as running:
        yield running.url


@pytest.fixture
def browser(programs: tuple[str, str], tmp_path: Path) -> Iterator[Browser]:
    """A browser that has never been used."""
    binary, driver_path = programs
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # With the path given, selenium looks for no driver of its own.
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_path))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def chromium(programs: tuple[str, str]) -> Iterator[playwright.sync_api.Browser]:
    """A Chromium that Playwright speaks to. For one module only, because its event loop must not stay in this thread."""
    with playwright.sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=programs[0], args=list(FLAGS[1:-1]))
        yield browser
        browser.close()


@pytest.fixture
def blob_origin(app: Flask) -> str:
    """The origin of the storage account."""
    return components_of(app).blob_store.origin


@pytest.fixture
def make_console(
    chromium: playwright.sync_api.Browser, web: str, blob_origin: str, tmp_path: Path
) -> Iterator[Callable[..., Console]]:
    """Open the console in a browser that has never been used: `make_console(caller)`, or without a caller at sign in.

    Options are those of a Playwright context, such as `color_scheme="dark"`, `viewport` and `has_touch`. At the end of the test
    no script may have failed or been blocked, and no request may have gone to a stranger.
    """
    made: list[Console] = []
    with ExitStack() as stack:

        def make(caller: Caller | None = None, path: str = "/", **options: Any) -> Console:
            options = {"viewport": {"width": 1280, "height": 800}, **options}
            context = stack.enter_context(chromium.new_context(**options))
            console = Console(context, web)
            made.append(console)
            console.open(path)
            if caller:
                console.sign_in(caller)
            return console

        yield make
    assert [console.faults for console in made if console.faults] == []
    assert [url for console in made for url in console.strangers(blob_origin)] == []


@pytest.fixture
def uploads_allowed(web: str, storage: BlobServiceClient) -> Iterator[None]:
    """The storage account has the rule for the pages of `web`, without which they cannot upload."""
    cors_rules.replace_rules(storage, [web])
    yield
    storage.set_service_properties(cors=[])


@pytest.fixture
def photographed(app: Flask, admin: Caller, title: str) -> Photographed:
    """An image set of six real photographs with previews, in an active campaign with classes and a partner."""
    return photograph(app, admin, title)
