"""CORS (Fetch standard, section 3.3): which web pages of other origins may call the API."""

from collections.abc import Sequence

import orjson
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.problem_document import problem_document
from app.web.routing import path_below_root

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ALLOWED_HEADERS = (
    "Authentication-Key",
    "Authentication-Secret",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Prefer",
    "X-Request-ID",
)
EXPOSED_HEADERS = (
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "X-Request-ID",
)


class Cors(CORSMiddleware):
    """ASGI layer: Starlette's CORS handling for one path and all paths below it. Refusals are problem documents.

    The other paths get no CORS headers. For example, `/metrics` may need no token in a private network, and a browser inside that
    network could otherwise read it for a page from outside.
    """

    def __init__(self, app: ASGIApp, path: str, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
        )
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer preflight requests, which carry no keys, and add CORS headers to all other responses."""
        is_below = scope["type"] == "http" and f"{path_below_root(scope)}/".startswith(f"{self._path}/")
        await (super().__call__ if is_below else self.app)(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the answer to a preflight request."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        detail = (
            f"{bytes(answer.body).decode()}. The setting CORS_ORIGINS lists the allowed origins;"
            " Access-Control-Allow-Methods and Access-Control-Allow-Headers of this answer list the rest."
        )
        headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        content = orjson.dumps(problem_document(answer.status_code, detail))
        return Response(content, answer.status_code, headers, media_type="application/problem+json")
