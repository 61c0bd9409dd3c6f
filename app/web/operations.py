"""From an operation of the OpenAPI document to its handler, with a session and what the layers before have found out."""

import inspect
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from connexion.resolver import Resolution, Resolver
from connexion.uri_parsing import OpenAPIURIParser
from flask import Request, Response, request
from werkzeug.routing import BaseConverter

from app.errors import BadRequest
from app.representations.pages import Page
from app.services.submissions import Sender, read_sender
from app.web.context import RequestContext, current_context
from app.web.openapi import operations_of
from app.web.routing import CANONICAL_ID
from app.web.transactions import Handler, in_transaction, read_only

# What is made for handlers from query parameters, and from which besides the one of the same name.
MADE_OF = {"page": ("per_page", "after"), "sender": ("tool", "note")}


class Handlers(Resolver):
    """Connexion's resolver of handlers: the function `operationId` in `app/handlers/<first tag>.py`."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._names = {operation.name: operation.handler for _, _, operation in operations_of(document)}

    def resolve_operation_id(self, operation: Any) -> str:
        """Return the dotted name of the handler."""
        return self._names[operation.operation_id]

    def resolve(self, operation: Any) -> Resolution:
        """Return the handler inside its session. Raises ResolverError when there is no handler."""
        found = super().resolve(operation)
        answer = read_only(found.function) if operation.method == "get" else in_transaction(found.function)
        return Resolution(view_of(answer, found.function), found.operation_id)


def view_of(answer: Handler, handler: Handler) -> Callable[..., Response]:
    """Return the function that Connexion calls with the arguments that it reads from a request.

    It lets `answer` call the handler with those, and with `account`, `request_id` and `file` if the handler asks for them. A
    handler that asks for `page`, a Page, or `sender`, a Sender, gets it in the place of the parameters in MADE_OF. Raises
    Unauthorized where no layer before has admitted a caller, BadRequest for a page that is named in two ways and for texts of a
    sender.
    """
    names = inspect.signature(handler).parameters

    def view(body: Any = None, **arguments: Any) -> Response:
        context = current_context()
        known = {"account": context.account, "request_id": context.request_id, "file": context.file}
        offered = known | {"body": body}
        arguments |= {name: value for name, value in offered.items() if name in names}
        if "page" in names:
            arguments["page"] = _read_page(arguments)
        if "sender" in names:
            arguments["sender"] = _read_sender(context, arguments)
        return answer(**arguments)

    # Connexion reads from a request what this names, and no body where it names none.
    parts = (part for name in names for part in MADE_OF.get(name, ()))
    read = [*names.values(), *(inspect.Parameter(part, inspect.Parameter.KEYWORD_ONLY) for part in parts)]
    view.__signature__ = inspect.Signature(sorted(read, key=attrgetter("kind")))  # type: ignore[attr-defined]  # PEP 362.
    return view


def _read_sender(context: RequestContext, arguments: dict[str, Any]) -> Sender:
    tool, note = arguments.pop("tool", None), arguments.pop("note", None)
    return read_sender(context.account, context.request_id, tool, note, request.user_agent.string)


def _read_page(arguments: dict[str, Any]) -> Page:
    page = Page(arguments.pop("page"), arguments.pop("per_page"), arguments.pop("after", None))
    if page.after is not None and "page" in request.args:
        raise BadRequest("Send either `page` or `after`, not both.")
    if {"page", "cursor"} <= set(request.args):
        raise BadRequest("Send either `page` or `cursor`, not both.")
    return page


class ParsedRequest(Request):
    """Flask's request, whose JSON was parsed and checked by the layers before."""

    def get_json(self, *_: Any, **__: Any) -> Any:
        """Return the body."""
        return current_context().body


class CanonicalId(BaseConverter):
    """Flask's reader of ids in paths: positive, no sign, no leading zero."""

    regex = CANONICAL_ID

    def to_python(self, value: str) -> int:
        """Return the id."""
        return int(value)


class JoinedLists(OpenAPIURIParser):
    """Connexion's reader of queries, for which `a=1,2`, `a=1&a=2` and a mixture of both are the same list."""

    @staticmethod
    def _resolve_param_duplicates(values: list[str], _definition: dict[str, Any], _in: str) -> str:
        return ",".join(values)
