"""Which operation a request asks for, and HEAD, OPTIONS and `Allow` (RFC 9110, 9.3.2, 9.3.7 and 10.2.1), for every path."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from connexion.middleware.abstract import ROUTING_CONTEXT
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.context import context_of
from app.web.openapi import Operation, operations_of

# Ids in paths: positive, no sign, no leading zero; anything else is no route and so a 404.
CANONICAL_ID = "[1-9][0-9]{0,18}"
ID_SEGMENT = re.compile(rf"(?<=/){CANONICAL_ID}(?=/|$)", re.ASCII)
PARAMETER = re.compile(r"{(\w+)}")
ANY_ID = "{}"
# What has a name, not an id, has it at the end of its path; the name is any text without a slash.
NAME = "{name}"


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


class Route(NamedTuple):
    """One path of the OpenAPI document: the names of its parameters, and the operation of each upper-case method."""

    names: list[str]
    operations: dict[str, Operation]


class Routing:
    """ASGI layer: finds the operation that a request asks for, and the ids in its path, for the next layers.

    It replaces the framework's own layer, which tries one path after the other, takes ids with signs and leading zeros, and
    does not report which methods a path has. Raises HTTPException 405, whose `Allow` names every method of the path, and 404 for
    an empty segment in a path.
    """

    def __init__(self, app: ASGIApp, document: dict[str, Any], base_path: str) -> None:
        self.app = app
        self._base_path = base_path
        # By the form of the path, in which every id is ANY_ID: one look finds the route of a request.
        self._routes: dict[str, Route] = {}
        # By what stands before the name at its end.
        self._named_routes: dict[str, Route] = {}
        for path, method, operation in operations_of(document):
            if path.endswith(NAME):
                route = self._named_routes.setdefault(base_path + path.removesuffix(NAME), Route(["name"], {}))
            else:
                form = PARAMETER.sub(ANY_ID, base_path + path)
                route = self._routes.setdefault(form, Route(PARAMETER.findall(path), {}))
            route.operations[method.upper()] = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = path_below_root(scope)
        if "//" in path:
            # Flask would straighten it, and so find what was not looked for here.
            raise HTTPException(404)
        route, values = self._find_route(path)
        operation = None
        # A path that a caller wrote with ANY_ID in it is none of ours.
        if route is not None and len(route.names) == len(values):
            operation = route.operations.get(scope["method"])
            if operation is None:
                await refuse_method(set(route.operations), scope, receive, send)
                return
            scope["path_params"] = dict(zip(route.names, values, strict=True))
        context_of(scope).operation = operation
        is_below = f"{path}/".startswith(f"{self._base_path}/")
        # The layers of the framework read it here.
        scope.setdefault("extensions", {})[ROUTING_CONTEXT] = {
            "api_base_path": self._base_path if is_below else "",
            "operation_id": operation.handler if operation else None,
        }
        await self.app(scope, receive, send)

    def _find_route(self, path: str) -> tuple[Route | None, Sequence[int | str]]:
        """Return the route of a path, None where there is none, and the ids or the name in the path."""
        front, _, name = path.rpartition("/")
        if name and f"{front}/" in self._named_routes:
            return self._named_routes[f"{front}/"], [name]
        return self._routes.get(ID_SEGMENT.sub(ANY_ID, path)), [int(found) for found in ID_SEGMENT.findall(path)]


async def refuse_method(known: set[str], scope: Scope, receive: Receive, send: Send) -> None:
    """Answer OPTIONS with the methods of a path, of which some are `known`. Raises HTTPException 405 for any other method."""
    allowed = known | {"OPTIONS"} | ({"HEAD"} if "GET" in known else set())
    headers = {"Allow": ", ".join(sorted(allowed))}
    if scope["method"] != "OPTIONS":
        raise HTTPException(405, headers=headers)
    await Response(status_code=204, headers=headers)(scope, receive, send)


def path_below_root(scope: Scope) -> str:
    """Return the path of a request without the prefix under which a proxy shows the service."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
