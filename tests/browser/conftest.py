"""A real browser on the real server: gunicorn as `make run` starts it, and headless Chromium with a new profile."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from connexion import FlaskApp
from selenium import webdriver

from app.settings import Settings
from tests.browser.chromium import Browser
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
def web(
    programs: tuple[str, str], server: FlaskApp, settings: Settings, tmp_path_factory: pytest.TempPathFactory
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
