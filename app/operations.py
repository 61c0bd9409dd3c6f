"""From an operation to its handler: the view that Flask calls, with arguments that were checked at the door."""

import inspect
from collections.abc import Callable
from typing import Any

from connexion.resolver import Resolver
from flask import Flask, Response, request
from werkzeug.routing import BaseConverter

from app.edge import Handler, changing, reading
from app.errors import Unauthorized
from app.intake import PARSED, QUERY
from app.routing import CANONICAL_ID, PARAMETER
from app.security import ACCOUNT, MISSING
from app.spec import operations_of

RULE_OF_ID = r"<id:\1>"


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


class IdConverter(BaseConverter):
    """Flask's converter for ids in paths."""

    regex = CANONICAL_ID

    def to_python(self, value: str) -> int:
        return int(value)


def add_views(flask_app: Flask, spec: dict[str, Any], base_path: str, handlers: Handlers) -> None:
    """Let Flask call the handler of each operation of the document. Raises ResolverError when there is none."""
    flask_app.url_map.converters["id"] = IdConverter
    for path, method, operation in operations_of(spec):
        handler = handlers.resolve_function_from_operation_id(
            handler_name(operation["tags"][0], operation["operationId"])
        )
        flask_app.add_url_rule(
            base_path + PARAMETER.sub(RULE_OF_ID, path),
            operation["operationId"],
            view_of(reading(handler) if method == "get" else changing(handler), handler),
            methods=[method.upper()],
            provide_automatic_options=False,
        )


def view_of(answer: Handler, handler: Handler) -> Callable[..., Response]:
    """Return the view that lets `answer` call a handler with ids, query parameters, and body and account if it asks for them.

    Raises Unauthorized where no layer before has admitted a caller.

    The framework's own way looks at the handler's signature and reads the query again with each request.
    """
    names = inspect.signature(handler).parameters
    more = {name: place for name, place in {"body": PARSED, "account": ACCOUNT}.items() if name in names}

    def view(**ids: int) -> Response:
        known = request.environ["asgi.scope"]["extensions"]
        if ACCOUNT not in known:
            raise Unauthorized(MISSING)
        return answer(**ids, **known[QUERY], **{name: known[place] for name, place in more.items()})

    return view
