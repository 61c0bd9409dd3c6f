"""The parameters of a request: ids in the path, and the query."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Scope

from app.errors import BadRequest, NotFound
from app.observability.redaction import redact
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
# How a key of an object is named (OpenAPI 3.0, style `deepObject`).
MEMBER = re.compile(r"(\w+)\[([^\[\]\0]{1,128})\]")


class Parameters:
    """Connexion's validator of parameters: one line per fault, and an id that cannot be is a thing that is not there."""

    def __init__(self, parameters: list[dict[str, Any]], **_: object) -> None:
        of_query = [parameter for parameter in parameters if parameter["in"] == "query"]
        self._known = {parameter["name"]: parameter["schema"] for parameter in of_query}
        self._required = [parameter["name"] for parameter in of_query if parameter.get("required")]

    def validate(self, scope: Scope) -> None:
        """Check the ids in the path and the query parameters, from which Connexion makes the handler's arguments.

        Raises NotFound for an id beyond 64 bits, BadRequest for query parameters that are wrong, unknown, doubled or missing.
        """
        for value in scope["path_params"].values():
            if isinstance(value, int) and value > MAX_INTEGER:
                raise NotFound(f"There is nothing with the id {str(value)[:40]}.")
        # Connexion would hand its own facts on the caller to the handler, among them a `user` in the place of that parameter.
        scope["extensions"].pop("connexion_context", None)
        if scope["query_string"] or self._required:
            self._check_query(parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True))

    def _check_query(self, sent: dict[str, list[str]]) -> None:
        for name in self._required:
            if name not in sent:
                raise _wrong(name, "This operation requires this parameter.")
        objects: dict[str, dict[str, str]] = {}
        for name, texts in sent.items():
            member = MEMBER.fullmatch(name)
            if member and self._known.get(member[1], {}).get("type") == "object":
                objects.setdefault(member[1], {})[member[2]] = _only(name, texts)
            elif name not in self._known:
                names = ", ".join(self._known) or "none"
                raise _wrong(name, f"This operation has no such query parameter. It has: {names}.")
            else:
                self._check_parameter(name, texts)
        for name, value in objects.items():
            _check_value(name, value, self._known[name])

    def _check_parameter(self, name: str, texts: list[str]) -> None:
        schema = self._known[name]
        if schema["type"] == "object":
            raise _wrong(name, f"Expected a key in brackets, such as `{name}[key]=value`.")
        if schema["type"] == "array":
            # `a=1,2`, `a=1&a=2` and a mixture of both are the same list.
            value = [_read(part, schema["items"]) for text in texts for part in text.split(",")]
            _check_value(name, value, schema)
        else:
            _check_value(name, _read(_only(name, texts), schema), schema)


def _only(name: str, texts: list[str]) -> str:
    if len(texts) > 1:
        raise _wrong(name, f"Send this parameter once; it was sent {len(texts)} times.")
    return texts[0]


def _check_value(name: str, value: Any, schema: dict[str, Any]) -> None:
    validator = validator_of(schema)
    if not validator.is_valid(value):
        for error in validator.iter_errors(value):
            raise _wrong(name, schema.get("x-hint") or message_of(error, schema))


def _wrong(name: str, message: str) -> BadRequest:
    shown = redact(name)[:MAX_NAME_LENGTH]
    return BadRequest(f"Query parameter `{shown}`: {message}", errors=[{"parameter": shown, "detail": message}])


def _read(text: str, schema: dict[str, Any]) -> Any:
    """Return the value of a text; one that is not written as its type asks stays a text, which the schema refuses."""
    form, read = FORMS.get(schema["type"], (None, str))
    return read(text) if form and form.fullmatch(text) else text
