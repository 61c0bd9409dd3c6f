"""CORS: pages of named origins may call the API and read all of its answers; without the setting there is none of it."""

import pytest
from connexion import FlaskApp
from httpx2 import Response
from starlette.testclient import TestClient

from app import create_app
from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled

PAGE = "https://console.example.org"
ALLOWED = {
    "accept",
    "accept-language",
    "content-language",
    "authentication-key",
    "authentication-secret",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "prefer",
    "x-request-id",
}
EXPOSED = {"etag", "idempotent-replayed", "link", "location", "preference-applied", "retry-after", "x-request-id"}


def client(server: FlaskApp, settings: Settings, origins: str) -> TestClient:
    own = settings.model_copy(update={"cors_origins": origins, "root_path": "/labels"})
    return TestClient(create_app(own), raise_server_exceptions=False, follow_redirects=False)


@pytest.fixture(scope="module")
def open_to_one(server: FlaskApp, settings: Settings) -> TestClient:
    return client(server, settings, f"http://127.0.0.1:5173,{PAGE}")


@pytest.fixture(scope="module")
def open_to_all(server: FlaskApp, settings: Settings) -> TestClient:
    return client(server, settings, "*")


def names(value: str) -> set[str]:
    return {name.strip().lower() for name in value.split(",")}


def cors_headers(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def ask(http: TestClient, path: str, method: str, headers: str, origin: str = PAGE) -> Response:
    """Send a preflight request as browsers do, without keys."""
    return http.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": headers,
        },
    )


@pytest.mark.parametrize("path", ["/api/v1/campaigns/1/objects", "/labels/api/v1/campaigns/1/objects"])
def test_a_browser_asks_without_keys_and_may_send_them(open_to_one: TestClient, path: str) -> None:
    answer = ask(open_to_one, path, "PUT", ",".join(sorted(ALLOWED)))
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert names(answer.headers["Access-Control-Allow-Methods"]) == {"get", "head", "post", "put", "patch", "delete"}
    assert names(answer.headers["Access-Control-Allow-Headers"]) == ALLOWED
    assert "origin" in names(answer.headers["Vary"])
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("origin", "method", "headers", "words"),
    [
        ("https://other.example.org", "GET", "authentication-key", "origin"),
        ("https://console.example.org.evil.example", "GET", "authentication-key", "origin"),
        ("http://console.example.org", "GET", "authentication-key", "origin"),
        ("null", "GET", "authentication-key", "origin"),
        (PAGE, "TRACE", "authentication-key", "method"),
        (PAGE, "GET", "authorization", "headers"),
    ],
)
def test_a_browser_is_told_what_is_not_allowed(
    open_to_one: TestClient, origin: str, method: str, headers: str, words: str
) -> None:
    answer = ask(open_to_one, "/api/v1/whoami", method, headers, origin)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.json()["detail"].startswith(f"Disallowed CORS {words}. The setting CORS_ORIGINS")
    assert answer.headers.get("Access-Control-Allow-Origin") == (PAGE if origin == PAGE else None)


def test_answers_and_errors_can_be_read(open_to_one: TestClient, labelled: Labelled) -> None:
    pair = {
        "Authentication-Key": str(labelled.partner.key),
        "Authentication-Secret": str(labelled.partner.secret),
        "Origin": PAGE,
    }
    path = f"/api/v1/campaigns/{labelled.campaign_id}/objects"
    answers = {
        200: open_to_one.get("/api/v1/whoami", headers=pair),
        401: open_to_one.get("/api/v1/whoami", headers={"Origin": PAGE}),
        403: open_to_one.get("/api/v1/users", headers=pair),
        400: open_to_one.put(path, content=b"{", headers=pair | {"Content-Type": "application/json"}),
        415: open_to_one.put(path, content=b"[]", headers=pair | {"Content-Type": "text/plain"}),
        405: open_to_one.delete("/api/v1/whoami", headers={"Origin": PAGE}),
        404: open_to_one.get("/api/v1//whoami", headers={"Origin": PAGE}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert names(answer.headers["Access-Control-Expose-Headers"]) == EXPOSED
        assert "origin" in names(answer.headers["Vary"])


def test_other_pages_read_nothing(open_to_one: TestClient) -> None:
    for headers in ({}, {"Origin": "https://other.example.org"}):
        answer = open_to_one.get("/api/v1/openapi.json", headers=headers)
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert {"origin", "x-forwarded-prefix"} <= names(answer.headers["Vary"])


def test_a_star_lets_every_page_read_and_still_asks_for_keys(open_to_all: TestClient, admin: Caller) -> None:
    pair = {"Authentication-Key": str(admin.key), "Authentication-Secret": str(admin.secret)}
    answer = ask(open_to_all, "/api/v1/whoami", "GET", "authentication-key,authentication-secret")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    for headers, status in ((pair, 200), ({}, 401)):
        answer = open_to_all.get("/api/v1/whoami", headers=headers | {"Origin": "https://any.example"})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*")
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/info/version", "/info/status", "/metrics", "/api/v1x"])
def test_pages_for_operators_stay_closed(open_to_all: TestClient, path: str) -> None:
    assert not cors_headers(open_to_all.get(path, headers={"Origin": PAGE}))
    assert not cors_headers(ask(open_to_all, path, "GET", "authorization"))


def test_without_the_setting_there_is_no_cors(http: TestClient, admin: Caller) -> None:
    asked = ask(http, "/api/v1/whoami", "GET", "authentication-key")
    assert (asked.status_code, asked.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    read = admin.get("/whoami", headers={"Origin": PAGE}).response
    for answer in (asked, read):
        assert not cors_headers(answer)
        assert "Vary" not in answer.headers
