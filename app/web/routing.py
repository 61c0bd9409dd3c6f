"""Which operation a request asks for, and HEAD, OPTIONS and `Allow` (RFC 9110, 9.3.2, 9.3.7 and 10.2.1), for every path."""

import re
from typing import Any, NamedTuple

from connexion.middleware import SpecMiddleware
from connexion.middleware.abstract import ROUTING_CONTEXT, AbstractRoutingAPI
from connexion.operations import AbstractOperation
from connexion.spec import Specification
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Ids in paths: positive, no sign, no leading zero; anything else is no route and so a 404.
CANONICAL_ID = "[1-9][0-9]{0,18}"
ID_SEGMENT = re.compile(rf"(?<=/){CANONICAL_ID}(?=/|$)", re.ASCII)
PARAMETER = re.compile(r"{(\w+)}")
ANY_ID = "{}"


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
    """One path of the OpenAPI document: the names of its ids, and the operation of each upper-case method."""

    names: list[str]
    operations: dict[str, str]


class Routes(AbstractRoutingAPI[str]):
    """The paths of an OpenAPI document by their form, in which every id is ANY_ID: one look finds the route of a request."""

    def __init__(self, specification: Specification, **options: Any) -> None:
        self.by_form: dict[str, Route] = {}
        super().__init__(specification, **options)

    def make_operation(self, operation: AbstractOperation) -> str:
        """Return what the layers behind know an operation by."""
        return str(operation.operation_id)

    @staticmethod
    def _framework_path_and_name(_operation: AbstractOperation, path: str) -> tuple[str, str]:
        return path, path

    def _add_operation_internal(self, method: str, path: str, operation: str, name: str | None = None) -> None:
        form = PARAMETER.sub(ANY_ID, self.base_path + path)
        route = self.by_form.setdefault(form, Route(PARAMETER.findall(path), {}))
        route.operations[method.upper()] = operation


class Routing(SpecMiddleware):
    """Connexion's routing layer: tells the layers behind which operation is asked for, and the ids in its path.

    In the place of the framework's own, which tries one path after the other, takes ids with signs and leading zeros, and
    tells nobody which methods a path has. Raises HTTPException 405, whose `Allow` names every method of the path, and 404 for
    an empty segment in a path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._routes: Routes | None = None

    def add_api(self, specification: Specification, **options: Any) -> None:
        """Take the one document of this service. Raises ResolverError for an operation without a handler."""
        self._routes = Routes(specification, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._routes is None:
            await self.app(scope, receive, send)
            return
        path = path_below_root(scope)
        if "//" in path:
            # Flask would straighten it, and so find what was not looked for here.
            raise HTTPException(404)
        ids = ID_SEGMENT.findall(path)
        route = self._routes.by_form.get(ID_SEGMENT.sub(ANY_ID, path))
        operation_id = None
        # A path that a caller wrote with ANY_ID in it is none of ours.
        if route is not None and len(route.names) == len(ids):
            operation_id = route.operations.get(scope["method"])
            if operation_id is None:
                await refuse_method(set(route.operations), scope, receive, send)
                return
            scope["path_params"] = dict(zip(route.names, map(int, ids), strict=True))
        base_path = self._routes.base_path
        is_below = path == base_path or path.startswith(f"{base_path}/")
        found = {"api_base_path": base_path if is_below else "", "operation_id": operation_id}
        scope.setdefault("extensions", {})[ROUTING_CONTEXT] = found
        await self.app(scope, receive, send)


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
