"""Errors of schemas say what to send instead, in sentences of ours, and repeat no value of the sender's."""

from typing import Any

import jsonschema_rs
import pytest

from app.web.openapi import load_spec
from app.web.schema_errors import SENTENCES, message_of

REFERENCE = {
    "oneOf": [
        {
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "integer"}},
            "additionalProperties": False,
        },
        {"type": "object", "required": ["filepath"], "properties": {"filepath": {"type": "string", "minLength": 1}}},
    ]
}
STEP = {
    "type": "object",
    "required": ["new_status"],
    "additionalProperties": False,
    "properties": {"new_status": {"enum": ["active", "finished"]}},
}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "integer"}, "7", "Expected a whole number, found a text."),
        ({"type": "integer"}, 7.5, "Expected a whole number, found a number with a decimal point."),
        ({"type": ["string", "null"]}, True, "Expected a text or null, found true or false."),
        ({"type": "object"}, [], "Expected an object, found a list."),
        ({"type": "array"}, None, "Expected a list, found null."),
        (STEP, {}, "The field `new_status` is missing. Required field: `new_status`."),
        (STEP, {"new_status": "aktiv"}, "Allowed values: active, finished."),
        (STEP, {"new_status": "active", "status": 1},
         "There is no field `status` here. Did you mean `new_status`? Known field: `new_status`."),
        ({"maximum": 1}, 1.5, "The largest allowed number is 1."),
        ({"minimum": 1}, 0, "The smallest allowed number is 1."),
        ({"maxLength": 3}, "abcd", "Expected at most 3 characters, found 4."),
        ({"minLength": 1}, "", "Expected at least 1 character, found 0."),
        ({"maxItems": 1}, [1, 2], "Expected at most 1 item, found 2."),
        ({"uniqueItems": True}, [1, 2, 1], "Expected each item once, found one twice."),
        ({"minProperties": 1}, {}, "Expected at least 1 field, found 0."),
        ({"pattern": "^[a-z]+$", "example": "abc"}, "A", "Expected a text that matches ^[a-z]+$, as abc."),
        ({"format": "date-time"}, "noon", "Expected a time with its offset from UTC, as 2026-05-04T08:00:00Z."),
        (REFERENCE, {"nope": 1}, "Send exactly one of: `id`, `filepath`."),
        (REFERENCE, {"id": "x"}, "`id`: Expected a whole number, found a text."),
        (REFERENCE, {"filepath": ""}, "`filepath`: Expected at least 1 character, found 0."),
    ],
)  # fmt: skip
def test_sentence_says_what_to_send(schema: dict[str, Any], value: Any, expected: str) -> None:
    [error] = jsonschema_rs.Draft4Validator(schema, validate_formats=True).iter_errors(value)
    assert message_of(error, schema) == expected


def test_value_is_never_repeated() -> None:
    secret = "lss_" + "A" * 49
    schema = {"type": "object", "additionalProperties": False, "properties": {"n": {"type": "integer", "enum": [1]}}}
    for value in ({"n": secret}, {secret: 1}):
        for error in jsonschema_rs.Draft4Validator(schema).iter_errors(value):
            assert secret not in message_of(error, schema)


def keywords(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(keywords, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    found = {str(key) for key in schema}
    return found.union(*(keywords(value) for value in schema.values())) if schema else found


def test_every_rule_that_the_document_uses_has_a_sentence() -> None:
    rules = {
        *(
            "type",
            "required",
            "additionalProperties",
            "enum",
            "minimum",
            "maximum",
            "minLength",
            "maxLength",
            "pattern",
            "format",
        ),
        *(
            "minItems",
            "maxItems",
            "minProperties",
            "maxProperties",
            "oneOf",
            "anyOf",
            "uniqueItems",
            "multipleOf",
            "not",
        ),
    }
    used = keywords(load_spec()) & rules
    assert used <= set(SENTENCES)
