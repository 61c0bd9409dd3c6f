"""Swagger UI's page and files as they are served; `tests/browser` sees them in a browser."""

import pytest
from starlette.testclient import TestClient

PAGE = "/api/v1/ui/"
FILES = {
    "": "text/html; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "look.css": "text/css; charset=utf-8",
    "favicon.svg": "image/svg+xml",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}


def test_address_without_slash_leads_to_the_page(http: TestClient) -> None:
    answer = http.get("/api/v1/ui")
    assert (answer.status_code, answer.headers["Location"]) == (307, "ui/")
    assert http.get("/api/v1/ui", follow_redirects=True).url.path == PAGE


@pytest.mark.parametrize("name", FILES)
def test_file_is_kept_and_asked_for_again(http: TestClient, name: str) -> None:
    answer = http.get(PAGE + name)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, FILES[name])
    assert answer.headers["Cache-Control"] == "no-cache"
    again = http.get(PAGE + name, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = http.head(PAGE + name)
    assert (head.content, head.headers["Content-Length"]) == (b"", answer.headers["Content-Length"])


def test_page_is_closed_against_foreign_scripts_and_frames(http: TestClient) -> None:
    headers = http.get(PAGE).headers
    policy = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["missing.js", "..%2f__init__.py", "%2e%2e/__init__.py"])
def test_nothing_else_is_served(http: TestClient, name: str) -> None:
    assert http.get(PAGE + name).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/ui", PAGE, PAGE + "start.js"])
def test_files_are_only_read(http: TestClient, path: str) -> None:
    answer = http.post(path)
    assert answer.status_code == 405
    assert {method.strip() for method in answer.headers["Allow"].split(",")} == {"GET", "HEAD"}
    assert answer.headers["Content-Type"] == "application/problem+json"
