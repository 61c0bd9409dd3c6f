"""The parameters of a request: ids in the path, and the query."""

from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from connexion.middleware.request_validation import (
    RequestValidationAPI,
    RequestValidationMiddleware,
    RequestValidationOperation,
)
from connexion.operations import AbstractOperation
from connexion.uri_parsing import OpenAPIURIParser
from connexion.validators import ParameterValidator
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import BadRequest, NotFound
from app.web.schemas import validator_of
from app.web.strict_json import MAX_ERROR_LENGTH, MAX_INTEGER

# Where in the extensions of the ASGI scope the query stands: the values with defaults, and the texts that were sent.
QUERY = "labelapi.query"
SENT_QUERY = "labelapi.sent_query"
TIME_HINT = ": write it with its zone, as 2026-05-04T08:00:00Z, and a plus in a URL as %2B"


class QueryParser(OpenAPIURIParser):
    """Connexion's reader of parameters, which looks up their schemas once."""

    @cached_property
    def param_schemas(self) -> dict[str, Any]:
        """The schemas of the parameters by name."""
        schemas: dict[str, Any] = super().param_schemas
        return schemas


class CheckedOperation(RequestValidationOperation):
    """One operation, whose requests are let through once they are checked.

    The framework's own way makes a new validator for the parameters of each request; it is taken where there is a body.
    """

    def __init__(self, next_app: ASGIApp, *, operation: AbstractOperation, **options: Any) -> None:
        super().__init__(next_app, operation=operation, **options)
        parser = QueryParser(operation.parameters, {})
        self._parameters = None if operation.request_body else Parameters(operation.parameters, parser)

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
        """Leave the query parameters in the ASGI scope: the texts that were sent, and the values, with defaults for the others.

        Raises NotFound for an id beyond 64 bits, BadRequest for query parameters that are wrong, unknown or doubled.
        """
        for value in scope["path_params"].values():
            if value > MAX_INTEGER:
                raise NotFound(f"There is nothing with the id {str(value)[:40]}.")
        sent = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = self._defaults | self._read_query(sent) if sent else self._defaults
        scope["extensions"].update({QUERY: query, SENT_QUERY: sent})

    def _read_query(self, sent: dict[str, list[str]]) -> dict[str, Any]:
        for name in sent:
            if name not in self._known:
                names = ", ".join(self._known) or "none"
                raise BadRequest(f"There is no query parameter {name[:64]!r} here; this operation knows: {names}.")
        # The method for whole queries looks for nested objects first, of which there are none in this service.
        values: dict[str, Any] = self.uri_parser.resolve_params(sent, "query")
        for name, value in values.items():
            if len(sent[name]) > 1:
                raise BadRequest(f"The query parameter {name} stands more than once: {', '.join(sent[name])[:100]!r}.")
            self._check(name, value, self._known[name])
        return values

    def _check(self, name: str, value: Any, schema: dict[str, Any]) -> None:
        validator = validator_of(schema)
        if validator.is_valid(value):
            return
        for error in validator.iter_errors(value):
            hint = TIME_HINT if schema.get("format") == "date-time" else ""
            raise BadRequest(f"The query parameter {name} is wrong: {error.message[-MAX_ERROR_LENGTH:]}{hint}.")
