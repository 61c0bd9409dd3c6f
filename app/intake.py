"""What stands between the wire and a handler: media type, size, one strict parse, and the compiled schema."""

import hashlib
import math
from collections.abc import Iterator, MutableMapping
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import parse_qs

import jiter
import jsonschema_rs
from anyio.to_thread import run_sync
from connexion.middleware.request_validation import (
    RequestValidationAPI,
    RequestValidationMiddleware,
    RequestValidationOperation,
)
from connexion.operations import AbstractOperation
from connexion.uri_parsing import OpenAPIURIParser
from connexion.validators import AbstractRequestBodyValidator, ParameterValidator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import BadRequest, ContentTooLarge, NotFound, UnsupportedMediaType
from app.json_array import JsonArray
from app.redaction import redact

# Where in the extensions of the ASGI scope the parts of a request stand that were read and checked.
PARSED = "labelapi.body"
QUERY = "labelapi.query"
SENT_QUERY = "labelapi.sent_query"
BODY_DIGEST = "labelapi.body_digest"
MAX_DEPTH = 32
MAX_ERRORS = 50
MAX_ERROR_LENGTH = 200
SMALL_BODY_BYTES = 64 * 1024
MAX_INTEGER = 2**63 - 1
NOT_FOR_VALIDATION = {"components", "nullable", "example", "discriminator"}
TIME_HINT = ": write it with its zone, as 2026-05-04T08:00:00Z, and a plus in a URL as %2B"


class PlainMediaType:
    """ASGI layer: writes the media type of a body in lower case, because Connexion compares letters (RFC 9110, 8.3.1)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "headers": [_plain_header(name, value) for name, value in scope["headers"]]}
        await self.app(scope, receive, send)


def _plain_header(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name != b"content-type":
        return name, value
    media_type, semicolon, parameters = value.partition(b";")
    return name, media_type.strip().lower() + semicolon + parameters


class JsonBody(AbstractRequestBodyValidator):
    """Connexion's body validator. The parsed body is left in the ASGI scope, so that nothing parses it again."""

    # The largest bodies in bytes, and the operations that take the larger ones; `with_limits` sets them.
    max_bytes = 0
    max_bulk_bytes = 0
    bulk_operations: frozenset[str] = frozenset()

    @classmethod
    def with_limits(cls, max_bytes: int, max_bulk_bytes: int, bulk_operations: frozenset[str]) -> type["JsonBody"]:
        """Return the validator with these limits, in bytes; Connexion makes an instance for every request."""
        limits = {"max_bytes": max_bytes, "max_bulk_bytes": max_bulk_bytes, "bulk_operations": bulk_operations}
        return type("LimitedJsonBody", (cls,), limits)

    async def wrap_receive(self, receive: Receive, *, scope: Scope) -> tuple[Receive, Scope]:
        """Read, parse and check the body. Raises UnsupportedMediaType, ContentTooLarge, BadRequest."""
        headers = Headers(scope=scope)
        _check_media_type(headers)
        operation_id = scope["extensions"]["connexion_routing"]["operation_id"]
        limit = self.max_bulk_bytes if operation_id in self.bulk_operations else self.max_bytes
        raw = await _read(receive, headers, limit)
        if not raw:
            raise BadRequest("This operation needs a JSON body.")
        extensions = scope.setdefault("extensions", {})
        if len(raw) <= SMALL_BODY_BYTES:
            extensions[PARSED] = self._check(raw)
        else:
            # A large body must not hold up the other requests of this process.
            check = self._check_array if self._schema.get("type") == "array" else self._check
            extensions[PARSED] = await run_sync(check, raw)
        if "idempotency-key" in headers:
            # Whether a request is sent a second time is told by its bytes, which do not reach the handler.
            extensions[BODY_DIGEST] = hashlib.sha256(raw).digest()
        return _nothing_more(receive), scope

    def _check(self, raw: bytes) -> Any:
        body = parse(raw)
        _refuse_errors(list(_describe(validator_of(self._schema).iter_errors(body))))
        return body

    def _check_array(self, raw: bytes) -> Any:
        try:
            array = JsonArray.cut(raw)
            errors = list(islice(self._errors(array), MAX_ERRORS))
        except (ValueError, BadRequest):
            # What is wrong is said of the whole body, with the place in it.
            return self._check(raw)
        if len(array) > self._schema.get("maxItems", math.inf):
            raise BadRequest(
                f"There are {len(array)} items in the body; this takes at most {self._schema['maxItems']}."
            )
        _refuse_errors(errors)
        return array

    def _errors(self, array: JsonArray) -> Iterator[dict[str, str]]:
        validator = validator_of(self._schema)
        for position, items in array.parts(parse):
            # To say that all is well takes half as long as to look for errors.
            if not validator.is_valid(items):
                yield from _describe(validator.iter_errors(items), position)


# The spec lives as long as the process, and so does each schema of it.
_compiled: dict[int, tuple[Any, jsonschema_rs.Draft4Validator]] = {}


def validator_of(schema: Any) -> jsonschema_rs.Draft4Validator:
    """Return the compiled validator of a schema of the spec."""
    kept = _compiled.get(id(schema))
    if kept is None or kept[0] is not schema:
        kept = (schema, jsonschema_rs.Draft4Validator(plain_schema(schema), validate_formats=True))
        _compiled[id(schema)] = kept
    return kept[1]


def plain_schema(schema: Any) -> Any:
    """Return an OpenAPI 3.0 schema as a JSON Schema of draft 4: `nullable` becomes a type, `components` are dropped."""
    if isinstance(schema, list):
        return [plain_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {
        key: _plain_part(key, value)
        for key, value in schema.items()
        if key not in NOT_FOR_VALIDATION and not key.startswith("x-")
    }
    if schema.get("nullable") is True:
        if "type" in plain:
            plain["type"] = [plain["type"], "null"]
        if "enum" in plain and None not in plain["enum"]:
            plain["enum"] = [*plain["enum"], None]
    return plain


def _plain_part(key: str, value: Any) -> Any:
    if key == "properties":
        # Here the keys are names of the caller's, which may be those of keywords.
        return {name: plain_schema(schema) for name, schema in value.items()}
    return value if key in ("enum", "default") else plain_schema(value)


def _check_media_type(headers: Headers) -> None:
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if media_type.strip() != "application/json" or charset not in ("", "utf-8"):
        raise UnsupportedMediaType("Send the body as JSON in UTF-8, with the header Content-Type: application/json.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body as plain application/json, without Content-Encoding.")


async def _read(receive: Receive, headers: Headers, limit: int) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise ContentTooLarge(f"The body is larger than {limit} bytes, the most that this operation takes.")
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The connection was closed before the whole body had arrived.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise ContentTooLarge(f"The body is larger than {limit} bytes, the most that this operation takes.")
        more = message.get("more_body", False)
    return b"".join(chunks)


def _nothing_more(receive: Receive) -> Receive:
    # The handler takes the parsed body, so that the bytes need not cross into its thread.
    first = True

    async def receive_rest() -> MutableMapping[str, Any]:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        return await receive()

    return receive_rest


def parse(raw: bytes) -> Any:
    """Return the value of a JSON text, strictly as in RFC 8259 and I-JSON (RFC 7493).

    Raises BadRequest for anything that is not UTF-8, for NaN and Infinity, a key that stands twice, lone surrogates,
    and in objects (whose inside a schema may leave open) also for nesting deeper than 32, NUL, and numbers beyond
    64 bits.
    """
    try:
        body = jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        raise BadRequest(f"The body is not valid JSON: {str(error)[:MAX_ERROR_LENGTH]}.") from None
    # The schemas of lists are closed to the last value, which says all that this would.
    if isinstance(body, dict):
        _check_value(body, "", 1)
    return body


def _check_value(value: Any, pointer: str, depth: int) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise _refuse(pointer, "holds the character NUL, which cannot be stored")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _refuse(pointer, "is a number too large to be stored")
    elif isinstance(value, int):
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            raise _refuse(pointer, "is an integer beyond 64 bits")
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise _refuse(pointer, f"is nested deeper than {MAX_DEPTH} levels")
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            if isinstance(key, str) and "\x00" in key:
                raise _refuse(pointer, "has a key with the character NUL, which cannot be stored")
            _check_value(item, f"{pointer}/{str(key)[:64]}", depth + 1)


def _refuse(pointer: str, words: str) -> BadRequest:
    pointer = pointer[:MAX_ERROR_LENGTH]
    return BadRequest(f"{pointer or 'The body'} {words}.", errors=[{"pointer": pointer, "detail": words}])


def _refuse_errors(errors: list[dict[str, str]]) -> None:
    if errors:
        place = f"{errors[0]['pointer']}: " if errors[0]["pointer"] else ""
        raise BadRequest(f"{place}{errors[0]['detail']}", errors=errors)


def _describe(errors: Iterator[jsonschema_rs.ValidationError], position: int = 0) -> Iterator[dict[str, str]]:
    """Describe errors; those of a part of an array, whose first item is at `position` of it, as errors of the whole."""
    for error in islice(errors, MAX_ERRORS):
        path = [*error.instance_path]
        if position:
            path[0] = int(path[0]) + position
        pointer = "".join(f"/{escape(str(part))}" for part in path)
        # Who sends a secret in the wrong place need not find it in answers, and in the logs of what stands between.
        message = redact(error.message)
        if len(message) > MAX_ERROR_LENGTH:
            # The message begins with the value itself, which may be the whole body; the rule stands at its end.
            message = "…" + message[-MAX_ERROR_LENGTH:]
        yield {"pointer": pointer[:MAX_ERROR_LENGTH], "detail": message}


def escape(part: str) -> str:
    """Return a reference token of a JSON Pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


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


class Intake(RequestValidationMiddleware):
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
