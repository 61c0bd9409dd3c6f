"""The parameters of a request: ids in the path, and the query."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from connexion.middleware.request_validation import (
    RequestValidationAPI,
    RequestValidationMiddleware,
    RequestValidationOperation,
)
from connexion.operations import AbstractOperation
from connexion.validators import ParameterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import BadRequest, NotFound
from app.observability.redaction import redact
from app.web.context import context_of
from app.web.schema_errors import MAX_NAME_LENGTH, message_of
from app.web.schemas import validator_of
from app.web.strict_json import MAX_INTEGER

# How the values of each type are written, and what reads them. Python's own readers also take digits of other scripts, signs,
# blanks and underscores.
FORMS: dict[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "integer": (re.compile("-?[0-9]{1,40}"), int),
    "number": (re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?"), float),
    "boolean": (re.compile("true|false", re.IGNORECASE), lambda text: text.lower() == "true"),
}


class CheckedOperation(RequestValidationOperation):
    """One operation, whose requests are let through once they are checked.

    The framework's own way makes a new validator for the parameters of each request; it is taken where there is a body.
    """

    def __init__(self, next_app: ASGIApp, *, operation: AbstractOperation, **options: Any) -> None:
        super().__init__(next_app, operation=operation, **options)
        self._parameters = None if operation.request_body else Parameters(operation.parameters, uri_parser=None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the parameters, and the body where there is one."""
        if self._parameters is None:
            await super().__call__(scope, receive, send)
        else:
            self._parameters.validate(scope)
            await self.next_app(scope, receive, send)


class CheckedOperations(RequestValidationAPI):
    """The operations of the OpenAPI document."""

    def make_operation(self, operation: AbstractOperation) -> CheckedOperation:
        """Return what checks the requests for an operation."""
        options = {"strict_validation": self.strict_validation, "validator_map": self.validator_map}
        return CheckedOperation(self.next_app, operation=operation, **options)


class RequestValidation(RequestValidationMiddleware):
    """Connexion's layer that checks requests."""

    api_cls = CheckedOperations


class Parameters(ParameterValidator):
    """Connexion's parameter validator with one line per fault; an id that cannot be is a thing that is not there."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._known = {parameter["name"]: parameter["schema"] for parameter in self.parameters["query"]}
        self._defaults = {name: schema["default"] for name, schema in self._known.items() if "default" in schema}

    def validate(self, scope: Scope) -> None:
        """Leave the values of the query parameters in the context, with defaults for those that were not sent.

        Raises NotFound for an id beyond 64 bits, BadRequest for query parameters that are wrong, unknown or doubled.
        """
        for value in scope["path_params"].values():
            if value > MAX_INTEGER:
                raise NotFound(f"There is nothing with the id {str(value)[:40]}.")
        sent = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = self._defaults | self._read_query(sent) if sent else self._defaults
        context_of(scope).query = query

    def _read_query(self, sent: dict[str, list[str]]) -> dict[str, Any]:
        for name in sent:
            if name not in self._known:
                names = ", ".join(self._known) or "none"
                raise _wrong(name, f"This operation has no such query parameter. It has: {names}.")
        return {name: self._read_value(name, texts) for name, texts in sent.items()}

    def _read_value(self, name: str, texts: list[str]) -> Any:
        schema = self._known[name]
        value: Any
        if schema["type"] == "array":
            # `a=1,2`, `a=1&a=2` and a mixture of both are the same list.
            value = [_read(part, schema["items"]) for text in texts for part in text.split(",")]
        elif len(texts) == 1:
            value = _read(texts[0], schema)
        else:
            raise _wrong(name, f"Send this parameter once; it was sent {len(texts)} times.")
        self._check(name, value, schema)
        return value

    def _check(self, name: str, value: Any, schema: dict[str, Any]) -> None:
        validator = validator_of(schema)
        if validator.is_valid(value):
            return
        for error in validator.iter_errors(value):
            raise _wrong(name, schema.get("x-hint") or message_of(error, schema))


def _wrong(name: str, message: str) -> BadRequest:
    shown = redact(name)[:MAX_NAME_LENGTH]
    return BadRequest(f"Query parameter `{shown}`: {message}", errors=[{"parameter": shown, "detail": message}])


def _read(text: str, schema: dict[str, Any]) -> Any:
    """Return the value of a text; one that is not written as its type asks stays a text, which the schema refuses."""
    form, read = FORMS.get(schema["type"], (None, str))
    return read(text) if form and form.fullmatch(text) else text
