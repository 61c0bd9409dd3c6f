"""A caller of the API as tests see it: short requests, and answers that are checked against what was promised."""

from dataclasses import dataclass
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient


@dataclass(frozen=True)
class Answer:
    """One answer; `expect` is how tests read it."""

    response: Response

    def expect(self, status: int, words: str = "") -> Any:
        """Assert the status (and for a problem its form, and words in its detail) and return the JSON, or the picture."""
        assert self.response.status_code == status, f"{self.response.status_code}: {self.response.text[:500]}"
        if self.response.headers.get("content-type", "").startswith("image/"):
            return self.response.content
        body: Any = self.response.json() if self.response.content else None
        if status >= 400:
            assert self.response.headers["content-type"] == "application/problem+json"
            assert set(body) == {"type", "title", "status", "detail", "instance", "errors"}
            assert body["status"] == status
            assert body["instance"] == f"urn:request:{self.response.headers['x-request-id']}"
            assert words.lower() in (body["detail"] + str(body["errors"])).lower(), body
        return body

    @property
    def headers(self) -> Any:
        return self.response.headers


@dataclass(frozen=True)
class Caller:
    """An HTTP client with or without a key pair."""

    http: TestClient
    key: str | None = None
    secret: str | None = None

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, **kwargs: Any) -> Answer:
        pair = {"Authentication-Key": self.key, "Authentication-Secret": self.secret}
        sent = {name: value for name, value in pair.items() if value is not None} | (headers or {})
        return Answer(self.http.request(method, "/api/v1" + path, headers=sent, **kwargs))

    def get(self, path: str, **kwargs: Any) -> Answer:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> Answer:
        return self.request("POST", path, **(kwargs if json is None else {"json": json, **kwargs}))

    def put(self, path: str, json: Any = None, **kwargs: Any) -> Answer:
        return self.request("PUT", path, **(kwargs if json is None else {"json": json, **kwargs}))

    def patch(self, path: str, json: Any = None, **kwargs: Any) -> Answer:
        return self.request("PATCH", path, **(kwargs if json is None else {"json": json, **kwargs}))

    def delete(self, path: str, **kwargs: Any) -> Answer:
        return self.request("DELETE", path, **kwargs)
