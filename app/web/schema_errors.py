"""What is wrong with a value, in sentences of ours: what was expected, and what to send instead.

No value of the sender's is repeated.
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

import jsonschema_rs

from app.observability.redaction import redact

MAX_NAME_LENGTH = 64
TYPE_NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}
FORMATS = {
    "date": "a day, as 2026-05-04",
    "date-time": "a time with its offset from UTC, as 2026-05-04T08:00:00Z",
    "email": "an e-mail address, as name@partner.example",
    "uri": "an absolute URI, as https://example.org/",
    "uuid": "a UUID, as 123e4567-e89b-12d3-a456-426614174000",
}
NO_NUL = "^[^\\u0000]+$"

Error = jsonschema_rs.ValidationError
Schema = dict[str, Any]
Writer = Callable[[Any, Any, Schema], str]  # Writes the message for a rule, a value, and the schema that has the rule.


def message_of(error: Error, schema: Any) -> str:
    """Return the sentence for an error that a value of `schema` (JSON Schema, draft 4) has."""
    meant = _meant(error)
    if meant:
        pointer = "/".join(str(step) for step in meant.instance_path[len(error.instance_path) :])
        return f"`{pointer}`: {message_of(meant, schema)}"
    write = SENTENCES.get(error.kind.name)
    if write is None:
        return f"The value does not meet the rule `{error.kind.name}` of the OpenAPI document."
    return write(error.kind, error.instance, _part(schema, error.schema_path[:-1]))


def _part(schema: Any, path: Sequence[str | int]) -> Schema:
    """Return the schema in which the rule stands that was broken."""
    for step in path:
        schema = schema[step]
    return dict(schema)


def _type(kind: Any, value: Any, _schema: Schema) -> str:
    expected = [TYPE_NAMES[name] for name in sorted(kind.types, key=lambda name: name == "null")]
    return f"Expected {' or '.join(expected)}, found {_found(value)}."


def _found(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, float):
        return "a number with a decimal point"
    names: dict[type, str] = {int: "a whole number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "another value")


def _required(kind: Any, _value: Any, schema: Schema) -> str:
    return f"The field `{kind.property}` is missing. {_fields('Required', schema['required'])}"


def _additional(kind: Any, value: Any, schema: Schema) -> str:
    unknown, known = kind.unexpected[0], list(schema.get("properties", ()))
    # Names are texts of the sender's, too.
    shown = redact(str(unknown))[:MAX_NAME_LENGTH]
    near = get_close_matches(str(unknown)[:MAX_NAME_LENGTH], known, 1)
    hint = f" Did you mean `{near[0]}`?" if near else ""
    return f"There is no field `{shown}` here.{hint} {_fields('Known', known)}"


def _fields(kind: str, names: list[str]) -> str:
    if not names:
        return f"{kind} fields: none."
    return f"{kind} field{'s' if len(names) > 1 else ''}: {', '.join(f'`{name}`' for name in names)}."


def _enum(kind: Any, value: Any, _schema: Schema) -> str:
    options = ["null" if option is None else str(option) for option in kind.options]
    return f"Allowed value{'s' if len(options) > 1 else ''}: {', '.join(options)}."


def _bound(message: str) -> Writer:
    return lambda kind, _value, _schema: f"{message} is {kind.limit}."


def _count(bound: str, unit: str, count: Callable[[Any], int]) -> Writer:
    def write(kind: Any, value: Any, _schema: Schema) -> str:
        limit = kind.limit
        return f"Expected at {bound} {limit} {unit}{'' if limit == 1 else 's'}, found {count(value)}."

    return write


def _pattern(kind: Any, value: Any, schema: Schema) -> str:
    if kind.pattern == NO_NUL:
        return "The text must not be empty or contain the character NUL."
    example = f", as {schema['example']}" if "example" in schema else ""
    return f"Expected a text that matches {kind.pattern}{example}."


def _format(kind: Any, value: Any, _schema: Schema) -> str:
    return f"Expected {FORMATS.get(kind.format, kind.format)}."


def _alternatives(kind: Any, value: Any, schema: Schema) -> str:
    """Say what the alternatives ask for."""
    options: list[Schema] = schema.get("oneOf") or schema.get("anyOf") or []
    asked = [" and ".join(f"`{name}`" for name in option.get("required", ())) for option in options]
    if all(asked):
        return f"Send {'exactly one' if 'oneOf' in schema else 'at least one'} of: {', '.join(asked)}."
    kinds = [TYPE_NAMES[option["type"]] for option in options if option.get("type") in TYPE_NAMES]
    return f"Expected {' or '.join(kinds)}." if kinds else "The value has none of the allowed forms."


def _meant(error: Error) -> Error | None:
    """Return what is wrong with the alternative that the sender seems to mean: the one whose fields are there."""
    place = [*error.instance_path]
    contexts: list[list[Error]] = getattr(error.kind, "context", [])
    meant = [errors for errors in contexts if errors and not any([*found.instance_path] == place for found in errors)]
    return meant[0][0] if len(meant) == 1 else None


SENTENCES: dict[str, Writer] = {
    "type": _type,
    "required": _required,
    "additionalProperties": _additional,
    "enum": _enum,
    "minimum": _bound("The smallest allowed number"),
    "maximum": _bound("The largest allowed number"),
    "minLength": _count("least", "character", len),
    "maxLength": _count("most", "character", len),
    "minItems": _count("least", "item", len),
    "maxItems": _count("most", "item", len),
    "uniqueItems": lambda _kind, _value, _schema: "Expected each item once, found one twice.",
    "minProperties": _count("least", "field", len),
    "maxProperties": _count("most", "field", len),
    "pattern": _pattern,
    "format": _format,
    "oneOf": _alternatives,
    "anyOf": _alternatives,
}
