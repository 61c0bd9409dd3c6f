"""Pages of another origin in a real browser: the API with CORS_ORIGINS, and the storage with the rule of docs/cors.md."""

import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient, CorsRule
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.settings import Settings
from tests.browser.chromium import Browser
from tests.browser.test_swagger_ui import authorize
from tests.caller import Caller
from tests.conftest import Labelled
from tests.web_server import web_server
from tests.workers import ROOT

pytestmark = pytest.mark.slow

CONTENT = b"the bytes of an image"
# Runs a fetch in the page. Returns the status, the body and the headers that the page can see, or null if the browser refuses.
FETCH = """
const [url, options, done] = arguments
fetch(url, options)
  .then(async (answer) => done([answer.status, await answer.text(), Object.fromEntries(answer.headers)]))
  .catch(() => done(null))
"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and logs nothing."""

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.fixture
def page_origin(tmp_path: Path) -> Iterator[str]:
    """The origin of a page that has nothing to do with the service."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<!DOCTYPE html><title>Another page</title>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def documented_rule(origin: str) -> CorsRule:
    """Return the rule that the command of docs/cors.md adds, for this origin."""
    page = (ROOT / "docs" / "cors.md").read_text()
    command = page.partition("```bash\naz storage cors add")[2].partition("```")[0]
    options: dict[str, list[str]] = {}
    for word in shlex.split(command.replace("\\\n", " ")):
        if word.startswith("--"):
            options[word] = values = []
        else:
            values.append(word)
    assert options.pop("--services") == ["b"]
    assert options.pop("--account-name") == ["account"]
    assert options.pop("--origins") == ["https://console.example.org"]
    return CorsRule(
        allowed_origins=[origin],
        allowed_methods=options.pop("--methods"),
        allowed_headers=options.pop("--allowed-headers"),
        exposed_headers=options.pop("--exposed-headers"),
        max_age_in_seconds=int(options.pop("--max-age")[0]),
    )


@contextmanager
def cors_rule(storage: BlobServiceClient, rule: CorsRule) -> Iterator[None]:
    """Give the account this rule, and take it away at the end."""
    storage.set_service_properties(cors=[rule])
    try:
        yield
    finally:
        storage.set_service_properties(cors=[])


@pytest.fixture
def api(settings: Settings, page_origin: str, tmp_path: Path) -> Iterator[str]:
    """The address of a server that allows the page's origin."""
    own = settings.model_copy(update={"web_workers": 1, "cors_origins": page_origin})
    with web_server(own, tmp_path / "web.log") as running:
        yield f"{running.url}/api/v1"


def fetch(browser: Browser, url: str, **options: Any) -> Any:
    return browser.driver.execute_async_script(FETCH, url, options)


def keys(caller: Caller) -> dict[str, str]:
    return {"Authentication-Key": str(caller.key), "Authentication-Secret": str(caller.secret)}


def test_a_page_of_an_allowed_origin_reads_writes_and_sees_errors(
    browser: Browser, page_origin: str, api: str, labelled: Labelled
) -> None:
    browser.open(page_origin)
    status, _, headers = fetch(browser, f"{api}/whoami", headers=keys(labelled.partner))
    assert status == 200
    assert headers["x-request-id"]
    status, body, headers = fetch(
        browser,
        f"{api}/campaigns/{labelled.campaign_id}/objects",
        method="PUT",
        headers=keys(labelled.partner)
        | {"Content-Type": "application/json", "Idempotency-Key": "one", "Prefer": "return=representation"},
        body='[{"image_id": 1, "objects": []}]',
    )
    assert status == 200, body
    assert headers["preference-applied"] == "return=representation"
    status, body, headers = fetch(browser, f"{api}/whoami")
    assert (status, headers["content-type"]) == (401, "application/problem+json")
    assert "Authentication-Key" in body


def test_a_page_of_another_origin_reads_nothing(browser: Browser, page_origin: str, api: str, admin: Caller) -> None:
    browser.open(page_origin.replace("127.0.0.1", "localhost"))
    assert fetch(browser, f"{api}/whoami", headers=keys(admin)) is None
    assert fetch(browser, f"{api}/openapi.json") is None


def test_files_are_read_and_uploaded_with_the_documented_rule(
    browser: Browser,
    page_origin: str,
    api: str,
    app: Flask,
    labelled: Labelled,
    storage: BlobServiceClient,
    container: ContainerClient,
    title: str,
) -> None:
    with app.app_context():
        path = db.session.scalar(text("SELECT blobstorage_path FROM image WHERE id = 1"))
    container.upload_blob(str(path).partition("/")[2], CONTENT, overwrite=True)
    listed = labelled.partner.get(f"/campaigns/{labelled.campaign_id}/images?expand=download_url&per_page=1").expect(
        200
    )
    link = listed["images"][0]["download_url"]
    dropbox_url = labelled.admin.post("/image_sets", {"title": title}).expect(200)["dropbox_url"]
    container_url, _, signature = dropbox_url.partition("?")
    upload = {
        "method": "PUT",
        "headers": {
            "Content-Type": "image/jpeg",
            "If-None-Match": "*",
            "x-ms-blob-content-type": "image/jpeg",
            "x-ms-blob-type": "BlockBlob",
            "x-ms-client-request-id": "one",
            "x-ms-meta-camera": "left",
            "x-ms-version": "2021-12-02",
        },
        "body": CONTENT.decode(),
    }
    browser.open(page_origin)
    # Without a rule the page gets neither.
    assert fetch(browser, link) is None
    assert fetch(browser, f"{container_url}/a.jpg?{signature}", **upload) is None
    with cors_rule(storage, documented_rule(page_origin)):
        assert fetch(browser, link)[:2] == [200, CONTENT.decode()]
        status, body, headers = fetch(browser, f"{container_url}/a.jpg?{signature}", **upload)
        assert status == 201, body
        assert headers["etag"]
        status, body, headers = fetch(browser, f"{container_url}/a.jpg?{signature}", **upload)
        assert (status, headers["x-ms-error-code"]) == (409, "BlobAlreadyExists")
        status, body, _ = fetch(browser, f"{container_url}?restype=container&comp=list&{signature}")
        assert status == 200
        assert "<Name>a.jpg</Name>" in body
        # The redirect would take the keys along, so the storage must not allow them.
        image = f"{api}/images/1"
        assert fetch(browser, image, headers=keys(labelled.partner)) is None
        hidden = fetch(browser, image, headers=keys(labelled.partner), redirect="manual")
        assert hidden == [0, "", {}]


def test_swagger_ui_does_not_follow_the_redirect_to_a_file(
    browser: Browser, api: str, labelled: Labelled, storage: BlobServiceClient
) -> None:
    operation = "#operations-images-get_image"
    rule = documented_rule(api.removesuffix("/api/v1"))
    rule.allowed_headers = "*"
    with cors_rule(storage, rule):
        browser.open(f"{api}/ui/")
        authorize(browser, labelled.partner)
        browser.click(f"{operation} .opblock-summary-control")
        browser.click(f"{operation} .try-out__btn")
        browser.write(f"{operation} tr[data-param-name=image_id] input", "1")
        browser.click(f"{operation} .execute")
        browser.find(f"{operation} .live-responses-table .response-col_description")
    shown = " ".join(browser.texts(f"{operation} .live-responses-table .response-col_description"))
    assert "Failed to fetch" in shown
    assert "Content Security Policy" in " ".join(browser.console())
