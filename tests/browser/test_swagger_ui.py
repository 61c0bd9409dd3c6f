"""Swagger UI as people use it: read, give both parts of a key, try a read and a write; the page keeps no key."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from connexion import FlaskApp
from flask import Flask
from PIL import Image
from sqlalchemy import text

from app.database.engine import db
from app.settings import Settings
from app.web.openapi import load_spec
from tests.browser.chromium import Browser
from tests.caller import Caller
from tests.nginx import nginx
from tests.web_server import free_port, web_server

pytestmark = pytest.mark.slow

WHO_AM_I, MAKE_IMAGE_SET = "#operations-whoami-get_whoami", "#operations-image_sets-create_image_set"
README_PICTURE = (1400, 1000)
README_PICTURE_BYTES = 300_000
# The optional parameters of all open operations: name, what stands in the fields, and the words beside them.
FIELDS = """
const valuesIn = row => [...row.querySelectorAll("input, select, textarea")].map(field => field.value).join("")
return [...document.querySelectorAll("tr[data-param-name]")]
  .filter(row => !row.querySelector(".parameter__name.required"))
  .map(row => [row.dataset.paramName, valuesIn(row), row.textContent])
"""


@pytest.fixture
def page(browser: Browser, web: str) -> Iterator[Browser]:
    """The opened page. Whatever a test does there, nothing leaves the machine, nothing fails, and nobody complains."""
    browser.open(f"{web}/api/v1/ui")
    browser.find(".opblock-summary")
    yield browser
    assert {urlsplit(url).hostname for url in browser.requests()} == {"127.0.0.1"}
    assert browser.failures() == []
    assert browser.console() == []


def authorize(page: Browser, caller: Caller) -> None:
    """Fill in both parts of the dialog, and close it."""
    page.click(".btn.authorize")
    for number, part in enumerate((caller.key, caller.secret), start=1):
        form = f".auth-container:nth-child({number})"
        page.write(f"{form} input", str(part))
        page.click(f"{form} button[type=submit]")
        page.find(f"{form} button[aria-label='Remove authorization']")
    page.click(".close-modal")


def try_it_out(page: Browser, operation: str, body: object = None) -> Any:
    """Run an operation in the page and return the JSON that it shows, once it shows 200."""
    page.click(f"{operation} .opblock-summary-control")
    page.click(f"{operation} .try-out__btn")
    if body is not None:
        page.write(f"{operation} textarea", json.dumps(body))
    page.click(f"{operation} .execute")
    page.find(f"{operation} .live-responses-table .response-col_description code")
    assert page.texts(f"{operation} .live-responses-table tbody .response-col_status") == ["200"]
    return json.loads(page.texts(f"{operation} .live-responses-table .response-col_description code")[0])


def test_page_shows_every_operation_and_schema_in_the_order_of_the_document(page: Browser) -> None:
    spec = load_spec()
    operations = [
        (operation["tags"][0], path, method.upper())
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "put", "post", "patch", "delete")
    ]
    tags = [tag["name"] for tag in spec["tags"]]
    assert page.driver.title == page.texts(".info .title")[0].split()[0] == spec["info"]["title"]
    assert page.texts(".opblock-tag > a") == tags
    paths = [element.get_attribute("data-path") for element in page.all(".opblock-summary-path")]
    expected = [(path, method) for tag in tags for named, path, method in operations if named == tag]
    assert list(zip(paths, page.texts(".opblock-summary-method"), strict=True)) == expected
    page.click(".models-control")
    shown = page.texts(".model-container")
    # Of more than a hundred, the page draws only those that can be seen.
    assert len(shown) > 1
    assert shown == list(spec["components"]["schemas"])[: len(shown)]


def test_read_and_write_with_both_parts_of_a_key(page: Browser, app: Flask, admin: Caller, title: str) -> None:
    authorize(page, admin)
    assert try_it_out(page, WHO_AM_I)["email"] == "ada@example.org"
    made = try_it_out(page, MAKE_IMAGE_SET, {"title": title})
    with app.app_context():
        found = db.session.execute(text("SELECT id, title, status FROM image_set")).one()
    assert found == (made["imageset_id"], title, "created")


def test_nothing_optional_is_filled_in_and_sent_unasked(page: Browser) -> None:
    """A prepared Idempotency-Key would refuse the second write of a visitor, and prepared filters would hide rows."""
    operations = (MAKE_IMAGE_SET, "#operations-images-list_images", "#operations-campaigns-update_campaign_status")
    for operation in operations:
        page.click(f"{operation} .opblock-summary-control")
        page.find(f"{operation} .try-out__btn")
    with_default = {name for name, _, words in page.driver.execute_script(FIELDS) if "Default value" in words}
    for operation in operations:
        page.click(f"{operation} .try-out__btn")
        page.find(f"{operation} .execute")
    filled_in = {name: value for name, value, _ in page.driver.execute_script(FIELDS)}
    assert {"page", "Idempotency-Key", "If-Match", "Prefer"} <= filled_in.keys()
    assert {name for name, value in filled_in.items() if value} == with_default


def test_browser_keeps_no_key(page: Browser, admin: Caller) -> None:
    """Not the one of this visit, and not the one that an earlier version of the page has left."""
    page.driver.execute_script("localStorage.setItem('authorized', 'lss_left')")
    page.driver.refresh()
    page.find(".btn.authorize.unlocked")
    authorize(page, admin)
    page.find(".btn.authorize.locked")
    kept = "return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    assert page.driver.execute_script(kept) == '[{},{},""]'
    page.driver.refresh()
    page.find(".btn.authorize.unlocked")


def test_page_works_under_the_path_prefix_of_a_proxy(
    browser: Browser, server: FlaskApp, settings: Settings, admin: Caller, title: str, tmp_path: Path
) -> None:
    own = settings.model_copy(update={"web_workers": 1, "trusted_proxies": "127.0.0.1"})
    with web_server(own, tmp_path / "web.log") as running:
        location = f"location /labels/ {{ proxy_pass {running.url}/; proxy_set_header X-Forwarded-Prefix /labels; }}"
        with nginx(tmp_path / "nginx", free_port(), location) as url:
            browser.open(f"{url}/labels/api/v1/ui/")
            browser.find(".opblock-summary")
            authorize(browser, admin)
            assert try_it_out(browser, WHO_AM_I)["email"] == "ada@example.org"
            assert try_it_out(browser, MAKE_IMAGE_SET, {"title": title})["title"] == title
            assert all(sent.startswith(f"{url}/labels/") for sent in browser.requests())
            assert browser.failures() == []
            assert browser.console() == []


def test_picture_for_the_readme(page: Browser, admin: Caller, tmp_path: Path) -> None:
    """`make screenshot` keeps it."""
    authorize(page, admin)
    file = Path(os.environ.get("SCREENSHOT") or tmp_path / "swagger-ui.png")
    file.write_bytes(page.picture(*README_PICTURE, ".scheme-container"))
    assert Image.open(io.BytesIO(file.read_bytes())).size == README_PICTURE
    assert file.stat().st_size < README_PICTURE_BYTES
