"""HEAD, OPTIONS and the header `Allow` (RFC 9110, sections 9.3.2, 9.3.7 and 10.2.1), the same for every path."""

import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Ids in paths: positive, no sign, no leading zero; anything else is no route and so a 404.
CANONICAL_ID = "[1-9][0-9]{0,18}"
OPERATION_METHODS = ("get", "post", "put", "patch", "delete")


class HeadAsGet:
    """ASGI layer: a HEAD is a GET whose body stays here, so that its headers are those of the GET."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, send_without_body)


class AllowedMethods:
    """ASGI layer: answers OPTIONS with the methods of the path, and refuses a method that is none of them.

    `methods` holds upper-case methods by the path's template, below `base_path`. Other paths pass through.
    Raises HTTPException 405, whose `Allow` names every method of the path.
    """

    def __init__(self, app: ASGIApp, base_path: str, methods: dict[str, set[str]]) -> None:
        self.app = app
        self._allowed = [(_pattern(base_path + path), _with_implied(names)) for path, names in methods.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = self._find(scope) if scope["type"] == "http" else None
        if allowed is None or (scope["method"] in allowed and scope["method"] != "OPTIONS"):
            await self.app(scope, receive, send)
            return
        allow = {"Allow": ", ".join(allowed)}
        if scope["method"] != "OPTIONS":
            raise HTTPException(405, headers=allow)
        await Response(status_code=204, headers=allow)(scope, receive, send)

    def _find(self, scope: Scope) -> list[str] | None:
        path = path_below_root(scope)
        return next((allowed for pattern, allowed in self._allowed if pattern.fullmatch(path)), None)


def methods_of_paths(spec: dict[str, Any]) -> dict[str, set[str]]:
    """Return the upper-case methods of each path of an OpenAPI document."""
    return {
        path: {method.upper() for method in OPERATION_METHODS if method in item} for path, item in spec["paths"].items()
    }


def path_below_root(scope: Scope) -> str:
    """Return the path of a request without the prefix under which a proxy shows the service."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(CANONICAL_ID.join(re.escape(part) for part in re.split(r"{\w+}", template)))


def _with_implied(names: set[str]) -> list[str]:
    implied = {"OPTIONS"} | ({"HEAD"} if "GET" in names else set())
    return sorted(names | implied)
