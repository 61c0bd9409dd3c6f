"""The console's pages as they are served; `tests/browser` sees them in a browser."""

import gzip
import re
from pathlib import Path

import pytest
from connexion import FlaskApp
from starlette.testclient import TestClient

from app import create_app
from app.settings import Settings
from app.web.console import Console
from app.wiring import components_of
from local.console import install_console

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = re.compile(r'src="(/assets/[\w.-]+\.js)"')


@pytest.fixture(scope="module")
def pages(server: FlaskApp, settings: Settings) -> TestClient:
    """The application with the pages of the present source."""
    install_console()
    return TestClient(create_app(settings), follow_redirects=False)


def script_of(pages: TestClient) -> str:
    found = SCRIPT.search(pages.get("/").text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", ["/", "/overview", "/campaigns/3/label/42", "/nothing/that/anybody/knows"])
def test_every_address_of_the_console_is_its_page(pages: TestClient, path: str) -> None:
    page = pages.get(path, headers=HTML)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.text == pages.get("/").text
    again = pages.get(path, headers={**HTML, "If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/api", "/api/v1/nothing", "/api/v1/images/0", "/info/nothing", "/metrics/x", "/assets/gone.js"]
)
def test_what_is_not_the_consoles_is_no_page(pages: TestClient, path: str) -> None:
    answer = pages.get(path, headers=HTML)
    assert answer.status_code in (401, 404)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/overview", "/favicon.ico", "/.env", "/..%2f..%2fapp/settings.py", "/index.html.br"])
def test_a_file_that_is_not_there_is_no_page(pages: TestClient, path: str) -> None:
    assert pages.get(path, headers={"Accept": "*/*"}).status_code == 404


def test_other_methods_stay_with_the_service(pages: TestClient) -> None:
    assert pages.post("/overview", headers=HTML).status_code == 404
    assert pages.post(script_of(pages)).status_code == 405
    assert pages.options("/").headers["Allow"] == "GET, HEAD, OPTIONS"


def test_files_are_kept_for_ever_and_sent_in_the_best_encoding(pages: TestClient) -> None:
    path = script_of(pages)
    plain = pages.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert plain.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain.headers
    sizes = {"identity": len(plain.content)}
    for sent, chosen in {"gzip": "gzip", "gzip, br": "br", "br;q=0, gzip": "gzip", "zstd, *;q=0": None}.items():
        with pages.stream("GET", path, headers={"Accept-Encoding": sent}) as answer:
            content = b"".join(answer.iter_raw())
        assert answer.headers.get("Content-Encoding") == chosen
        if chosen == "gzip":
            assert gzip.decompress(content) == plain.content
        sizes[chosen or "none"] = len(content)
    assert sizes["br"] < sizes["gzip"] < sizes["identity"] == sizes["none"]


def test_policy_allows_this_origin_and_the_storage_alone(pages: TestClient, server: FlaskApp) -> None:
    storage = components_of(server.app).blob_store.origin
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", storage)
    for path in ("/", script_of(pages)):
        headers = pages.get(path).headers
        policy = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
        assert (
            policy["default-src"]
            == policy["base-uri"]
            == policy["form-action"]
            == policy["frame-ancestors"]
            == "'none'"
        )
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["connect-src"] == f"'self' {storage}"
        assert policy["img-src"] == f"'self' blob: {storage}"
        assert (policy["require-trusted-types-for"], policy["trusted-types"]) == ("'script'", "'none'")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_page_has_nothing_inline(pages: TestClient) -> None:
    page = pages.get("/").text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    assert "http:" not in page.replace("http://www.w3.org", "")


def test_licenses_of_what_is_bundled_are_served(pages: TestClient) -> None:
    answer = pages.get("/licenses.md")
    assert "preact" in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"


def test_what_the_console_asks_first(pages: TestClient, settings: Settings, server: FlaskApp) -> None:
    found = pages.get("/info/console").json()
    assert found["name"] == "LabelAPI"
    assert found["blob_origin"] == components_of(server.app).blob_store.origin
    assert found["limits"]["bulk_body_bytes"] == settings.max_bulk_body_bytes
    assert set(found) == {"name", "version", "build", "blob_origin", "limits"}


def test_without_pages_the_root_says_so_in_words(tmp_path: Path) -> None:
    async def nothing(scope: dict[str, object], _receive: object, send: object) -> None:
        raise LookupError(scope["path"])

    without = TestClient(Console(nothing, "https://account.example", tmp_path))  # type: ignore[arg-type]
    page = without.get("/")
    assert page.status_code == 200
    assert "not built" in page.text
    assert 'href="/api/v1/ui/"' in page.text
    with pytest.raises(LookupError, match="/overview"):
        without.get("/overview", headers=HTML)
