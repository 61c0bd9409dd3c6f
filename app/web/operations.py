"""From an operation to its handler: the view that Flask calls, with arguments that were checked at the door."""

import inspect
from collections.abc import Callable
from typing import Any, cast

from connexion.resolver import Resolver
from flask import Flask, Request, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import MapAdapter

from app.errors import BadRequest
from app.representations.pages import Page
from app.web.context import context_of, current_context
from app.web.openapi import Operation, operations_of
from app.web.transactions import Handler, in_transaction, read_only


class Handlers(Resolver):
    """Finds the handlers of operations, by the names that the document's operations have for them."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self._names = names

    def resolve_operation_id(self, operation: Any) -> str:
        """Return the dotted name of the handler."""
        return self._names[operation.operation_id]


class FlaskApplication(Flask):
    """Flask, in which a request goes to the view of the operation that was found at the door; no path is looked up twice."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds the view of a request that asks for no operation."""
        return None if _operation_of(request) else super().create_url_adapter(request)

    def dispatch_request(self) -> ResponseReturnValue:
        """Call the view of the request."""
        operation = _operation_of(request)
        if operation is None:
            return super().dispatch_request()
        view = cast(Handler, self.view_functions[operation.handler])
        return view(**request.environ["asgi.scope"]["path_params"])


def _operation_of(asking: Request | None) -> Operation | None:
    scope = asking.environ.get("asgi.scope") if asking else None
    return context_of(scope).operation if scope else None


def add_views(flask_app: Flask, spec: dict[str, Any], handlers: Handlers) -> None:
    """Let Flask call the handler of each operation of the document. Raises ResolverError when there is none."""
    for _, method, operation in operations_of(spec):
        handler = handlers.resolve_function_from_operation_id(operation.handler)
        flask_app.view_functions[operation.handler] = view_of(
            read_only(handler) if method == "get" else in_transaction(handler), handler
        )


def view_of(answer: Handler, handler: Handler) -> Callable[..., Response]:
    """Return the view that lets `answer` call a handler with ids, query parameters, and what else of the context it asks for.

    A handler of a list gets `page`, a Page, in the place of the three parameters that name one. Raises Unauthorized where no
    layer before has admitted a caller, BadRequest for a page that is named in two ways.

    The framework's own way looks at the handler's signature and reads the query again with each request.
    """
    names = inspect.signature(handler).parameters
    more = [name for name in ("body", "account", "request_id") if name in names]

    def view(**ids: int) -> Response:
        context = current_context()
        query = _with_page(context.query) if "page" in names else context.query
        return answer(**ids, **query, **{name: getattr(context, name) for name in more})

    return view


def _with_page(query: dict[str, Any]) -> dict[str, Any]:
    others = dict(query)
    page = Page(others.pop("page"), others.pop("per_page"), others.pop("after", None))
    if page.after is not None and "page" in request.args:
        raise BadRequest("Send either `page` or `after`, not both.")
    return {**others, "page": page}
