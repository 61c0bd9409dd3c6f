"""The OpenAPI document as callers get it: whole, with its references and the names of its schemas, and made once."""

import functools
import hashlib
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from werkzeug.http import parse_etags

from app.web.routing import path_below_root, refuse_method

MAX_AGE_SECONDS = 300
# The content depends on this header, so a shared cache must store one document for each of its values.
VARY = "X-Forwarded-Prefix"
# As many prefixes as proxies of one installation may show the service under.
KEPT_PREFIXES = 8


class PublishedDocument:
    """ASGI layer: answers GET of one path with the document; `ETag` and `Cache-Control` spare callers the rest."""

    def __init__(self, app: ASGIApp, path: str, document: dict[str, Any]) -> None:
        self.app = app
        self._path = path
        self._document = document
        self._content = functools.lru_cache(maxsize=KEPT_PREFIXES)(self._make_content)
        self._content("")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_below_root(scope) != self._path:
            await self.app(scope, receive, send)
            return
        if scope["method"] != "GET":
            await refuse_method({"GET"}, scope, receive, send)
            return
        content, etag = self._content(scope.get("root_path", ""))
        headers = {"ETag": f'"{etag}"', "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}", "Vary": VARY}
        if parse_etags(Headers(scope=scope).get("if-none-match")).contains_weak(etag):
            response = Response(status_code=304, headers=headers)
        else:
            response = Response(content, headers=headers, media_type="application/json")
        await response(scope, receive, send)

    def _make_content(self, prefix: str) -> tuple[bytes, str]:
        """Return the document's text for a prefix of the service's address, and its entity tag."""
        servers = [{**server, "url": prefix + server["url"]} for server in self._document["servers"]]
        content = orjson.dumps(self._document | {"servers": servers})
        return content, hashlib.sha256(content).hexdigest()[:32]
