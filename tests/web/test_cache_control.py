"""`Cache-Control` of what is no operation; `tests/promise.py` looks at it in every answer of the operations."""

import pytest
from starlette.testclient import TestClient

from tests.caller import Caller


@pytest.mark.parametrize(
    "path", ["/info/version", "/info/live", "/info/ready", "/info/status", "/metrics", "/nothing", "/api/v1/nothing"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_what_tells_the_present_state_is_kept_by_nobody(anonymous: Caller, path: str, method: str) -> None:
    answer = anonymous.http.request(method, path)
    assert answer.headers.get_list("Cache-Control") == ["private, no-store"]


@pytest.mark.parametrize("path", ["/api/v1/ui", "/api/v1/ui/", "/api/v1/ui/start.js"])
def test_pages_are_kept_and_asked_for_again(http: TestClient, path: str) -> None:
    assert http.get(path).headers.get_list("Cache-Control") == ["no-cache"]


def test_the_document_is_kept_for_a_while(http: TestClient) -> None:
    assert http.get("/api/v1/openapi.json").headers.get_list("Cache-Control") == ["public, max-age=300"]
    assert http.post("/api/v1/openapi.json").headers.get_list("Cache-Control") == ["private, no-store"]
