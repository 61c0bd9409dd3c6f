"""The schemas of the OpenAPI document, compiled, and their errors as a problem lists them."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from app.errors import BadRequest
from app.observability.redaction import redact
from app.web.schema_errors import message_of
from app.web.strict_json import MAX_ERROR_LENGTH

MAX_ERRORS = 50
# Of a value with at most so many characters, as Python writes it, all errors are listed.
SMALL_VALUE_LENGTH = 8 * 1024
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


def refusal(errors: list[dict[str, str]]) -> BadRequest:
    """Return the error that lists these, of which there is at least one."""
    place = f"{errors[0]['pointer']}: " if errors[0]["pointer"] else ""
    return BadRequest(f"{place}{errors[0]['detail']}", errors=errors)


def find_errors(schema: Any, value: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Yield what is wrong with a value at `pointer` of the body: everything with a small value, else the first thing.

    The items of a list are looked at one by one. The library makes all errors of a value before it returns the first of them.
    Each takes a thousand bytes and more, and three bytes of a body can be two errors.
    """
    validator = validator_of(schema)
    # To say that all is well takes half as long as to look for errors.
    if validator.is_valid(value):
        return
    if isinstance(value, list) and schema.get("type") == "array":
        found = [number for number, item in enumerate(value) if not validator_of(schema["items"]).is_valid(item)]
        for number in found:
            yield from find_errors(schema["items"], value[number], f"{pointer}/{number}")
        if found:
            return
    if len(repr(value)) <= SMALL_VALUE_LENGTH:
        yield from (_describe(error, schema, pointer) for error in validator.iter_errors(value))
    else:
        try:
            validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            yield _describe(error, schema, pointer)


def _describe(error: jsonschema_rs.ValidationError, schema: Any, pointer: str) -> dict[str, str]:
    path = "".join(f"/{escape(str(part))}" for part in error.instance_path)
    # Names of fields are texts of the sender's, which may be secrets in the wrong place.
    return {"pointer": pointer + redact(path)[:MAX_ERROR_LENGTH], "detail": message_of(error, schema)}


def escape(part: str) -> str:
    """Return a reference token of a JSON Pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")
