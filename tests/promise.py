"""What the OpenAPI document promises of answers, checked on every answer that any test gets from the application."""

import functools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jsonschema_rs
from httpx2 import Response
from starlette.testclient import TestClient

from app.web.openapi import METHODS, load_spec
from app.web.schemas import plain_schema

SPEC = load_spec()
API = "/api/v1"
NO_OPERATIONS = ("/ui", "/openapi.json")
PROBLEM = "application/problem+json"
# Headers that say nothing of an operation; any other one must be in the document.
FRAMING = {"content-length", "content-type", "x-content-type-options", "date", "server"}
PATTERNS = {
    path: re.compile(re.sub(r"{\w+}", "[1-9][0-9]{0,18}", path.replace("{name}", "[^/]+"))) for path in SPEC["paths"]
}


def check(response: Response) -> None:
    """Assert that the document says what this answer is: its status, media type, every key of its body, its headers."""
    response.read()
    path = response.request.url.path.removeprefix(API)
    if path != response.request.url.path and not path.startswith(NO_OPERATIONS):
        template = next((template for template, pattern in PATTERNS.items() if pattern.fullmatch(path)), None)
        method = response.request.method.lower()
        known = SPEC["paths"].get(template, {})
        if method == "head" and "get" in known:
            method = "get"
        if method in METHODS and method in known:
            _check_answer(known[method], response)
        else:
            _check_refusal(response, template is not None)


@contextmanager
def suspended(http: TestClient) -> Iterator[None]:
    """For tests that provoke a fault of ours, whose answer no document promises."""
    http.event_hooks = {}
    yield
    http.event_hooks = {"response": [check]}


def _check_refusal(response: Response, known_path: bool) -> None:
    """An address or method without an operation: the document cannot name it, but its answer has a form all the same."""
    if response.request.method == "OPTIONS" and known_path:
        assert (response.status_code, response.content) == (204, b"")
    else:
        assert response.status_code in ((405,) if known_path else (401, 404))
        assert response.headers["content-type"] == PROBLEM
    assert ("allow" in response.headers) == known_path
    assert response.headers["cache-control"] == "private, no-store"


def _check_answer(operation: dict[str, Any], response: Response) -> None:
    name, status = operation["operationId"], str(response.status_code)
    assert status in operation["responses"], f"{name} answered {status}, which is undocumented: {response.text[:500]}"
    promised = _follow(operation["responses"][status])
    _check_headers(f"{name} {status}", promised.get("headers", {}), response)
    if response.request.method == "HEAD" or "content" not in promised:
        assert not response.content, f"{name} {status} has a body, which is undocumented"
    else:
        media_type = response.headers.get("content-type")
        assert media_type in promised["content"], f"{name} {status} is {media_type}, which is undocumented"
        if media_type == "image/jpeg":
            assert response.content
        else:
            _validator(name, status, media_type).validate(response.json())


def _check_headers(answer: str, promised: dict[str, Any], response: Response) -> None:
    by_name = {name.lower(): _follow(header) for name, header in promised.items()}
    undocumented = set(response.headers) - FRAMING - set(by_name)
    assert not undocumented, f"{answer} has headers that are undocumented: {sorted(undocumented)}"
    missing = {name for name, header in by_name.items() if header.get("required")} - set(response.headers)
    assert not missing, f"{answer} lacks headers that are promised: {sorted(missing)}"
    is_kept = "etag" in response.headers
    assert response.headers["cache-control"] == f"private, no-{'cache' if is_kept else 'store'}", answer
    for name in set(by_name) & set(response.headers):
        value, schema = response.headers[name], by_name[name]["schema"]
        typed = int(value) if schema["type"] == "integer" else value
        _header_validator(json.dumps(schema)).validate(typed)


@functools.cache
def _header_validator(schema: str) -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(json.loads(schema), validate_formats=True)


@functools.cache
def _validator(name: str, status: str, media_type: str) -> jsonschema_rs.Draft4Validator:
    operation = next(
        operation
        for item in SPEC["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and operation.get("operationId") == name
    )
    schema = _closed(_follow(operation["responses"][status])["content"][media_type]["schema"])
    whole = plain_schema({"allOf": [schema]}) | {"components": _components()}
    return jsonschema_rs.Draft4Validator(whole, validate_formats=True)


@functools.cache
def _components() -> Any:
    return plain_schema({"schemas": {name: _closed(schema) for name, schema in SPEC["components"]["schemas"].items()}})


def _closed(schema: Any) -> Any:
    """The schema without room for keys that it does not name; callers get new ones only when the document has them."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" in schema:
        parts = [_follow(part) for part in schema["allOf"]]
        schema = {
            "type": "object",
            "required": sorted({name for part in parts for name in part.get("required", [])}),
            "properties": {name: value for part in parts for name, value in part["properties"].items()},
        }
    closed = {key: _closed(value) for key, value in schema.items()}
    if "properties" in schema and "type" in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def _follow(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = SPEC
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return _follow(found)
