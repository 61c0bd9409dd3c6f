"""The schemas of the OpenAPI document, compiled, and their errors as a problem lists them."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import jsonschema_rs

from app.errors import BadRequest
from app.observability.redaction import redact
from app.web.schema_errors import message_of
from app.web.strict_json import MAX_ERROR_LENGTH

MAX_ERRORS = 50
NOT_FOR_VALIDATION = {"components", "nullable", "example", "discriminator"}

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


def refuse_errors(errors: list[dict[str, str]]) -> None:
    if errors:
        place = f"{errors[0]['pointer']}: " if errors[0]["pointer"] else ""
        raise BadRequest(f"{place}{errors[0]['detail']}", errors=errors)


def describe(
    errors: Iterator[jsonschema_rs.ValidationError], schema: Any, position: int = 0
) -> Iterator[dict[str, str]]:
    """Describe errors of a schema; those of a part of an array, whose first item is at `position`, as errors of the whole."""
    for error in islice(errors, MAX_ERRORS):
        path = [*error.instance_path]
        if position:
            path[0] = int(path[0]) + position
        pointer = "".join(f"/{escape(str(part))}" for part in path)
        # Names of fields are texts of the sender's, which may be secrets in the wrong place.
        yield {"pointer": redact(pointer)[:MAX_ERROR_LENGTH], "detail": message_of(error, schema)}


def escape(part: str) -> str:
    """Return a reference token of a JSON Pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")
