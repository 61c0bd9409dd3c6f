"""From an operation to its handler: the view that Flask calls, with arguments that were checked at the door."""

import inspect
from collections.abc import Callable
from typing import Any, cast

from connexion.middleware.abstract import ROUTING_CONTEXT
from connexion.resolver import Resolver
from flask import Flask, Request, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import MapAdapter

from app.errors import BadRequest, Unauthorized
from app.representations.pages import Page
from app.web.authentication import ACCOUNT, MISSING
from app.web.openapi import operations_of
from app.web.request_body import PARSED
from app.web.request_parameters import QUERY, SENT_QUERY
from app.web.transactions import Handler, in_transaction, read_only


class Handlers(Resolver):
    """Finds the handler of an operation: the function `operationId` in `app/handlers/<first tag>.py`."""

    def __init__(self, tags: dict[str, str]) -> None:
        super().__init__()
        self._tags = tags

    def resolve_operation_id(self, operation: Any) -> str:
        """Return the dotted name of the handler."""
        return handler_name(self._tags[operation.operation_id], operation.operation_id)


def handler_name(tag: str, operation_id: str) -> str:
    """Return the dotted name of the handler of an operation."""
    return f"app.handlers.{tag}.{operation_id}"


class FlaskApplication(Flask):
    """Flask, in which a request goes to the view of the operation that was found at the door; no path is looked up twice."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what finds the view of a request that asks for no operation."""
        return None if _operation_id(request) else super().create_url_adapter(request)

    def dispatch_request(self) -> ResponseReturnValue:
        """Call the view of the request."""
        operation_id = _operation_id(request)
        if operation_id is None:
            return super().dispatch_request()
        view = cast(Handler, self.view_functions[operation_id])
        return view(**request.environ["asgi.scope"]["path_params"])


def _operation_id(asking: Request | None) -> str | None:
    scope = asking.environ.get("asgi.scope") if asking else None
    return scope["extensions"][ROUTING_CONTEXT]["operation_id"] if scope else None


def add_views(flask_app: Flask, spec: dict[str, Any], handlers: Handlers) -> None:
    """Let Flask call the handler of each operation of the document. Raises ResolverError when there is none."""
    for _, method, operation in operations_of(spec):
        name = handler_name(operation["tags"][0], operation["operationId"])
        handler = handlers.resolve_function_from_operation_id(name)
        flask_app.view_functions[name] = view_of(
            read_only(handler) if method == "get" else in_transaction(handler), handler
        )


def view_of(answer: Handler, handler: Handler) -> Callable[..., Response]:
    """Return the view that lets `answer` call a handler with ids, query parameters, and body and account if it asks for them.

    A handler of a list gets `page`, a Page, in the place of the three parameters that name one. Raises Unauthorized where no
    layer before has admitted a caller, BadRequest for a page that is named in two ways.

    The framework's own way looks at the handler's signature and reads the query again with each request.
    """
    names = inspect.signature(handler).parameters
    has_page = "page" in names
    more = {name: place for name, place in {"body": PARSED, "account": ACCOUNT}.items() if name in names}

    def view(**ids: int) -> Response:
        known = request.environ["asgi.scope"]["extensions"]
        if ACCOUNT not in known:
            raise Unauthorized(MISSING)
        query = _with_page(known[QUERY], known[SENT_QUERY]) if has_page else known[QUERY]
        return answer(**ids, **query, **{name: known[place] for name, place in more.items()})

    return view


def _with_page(query: dict[str, Any], sent: dict[str, list[str]]) -> dict[str, Any]:
    others = dict(query)
    page = Page(others.pop("page"), others.pop("per_page"), others.pop("after", None))
    if page.after is not None and "page" in sent:
        raise BadRequest(
            "page and after contradict each other: send the number of a page, or the id to continue after."
        )
    return {**others, "page": page}
