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


class Parameters:
    """Connexion's validator of parameters: one line per fault, and an id that cannot be is a thing that is not there."""

    def __init__(self, parameters: list[dict[str, Any]], **_: object) -> None:
        self._known = {parameter["name"]: parameter["schema"] for parameter in parameters if parameter["in"] == "query"}

    def validate(self, scope: Scope) -> None:
        """Check the ids in the path and the query parameters, from which Connexion makes the handler's arguments.

        Raises NotFound for an id beyond 64 bits, BadRequest for query parameters that are wrong, unknown or doubled.
        """
        for value in scope["path_params"].values():
            if value > MAX_INTEGER:
                raise NotFound(f"There is nothing with the id {str(value)[:40]}.")
        # Connexion would hand its own facts on the caller to the handler, among them a `user` in the place of that parameter.
        scope["extensions"].pop("connexion_context", None)
        if scope["query_string"]:
            self._check_query(parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True))

    def _check_query(self, sent: dict[str, list[str]]) -> None:
        for name in sent:
            if name not in self._known:
                names = ", ".join(self._known) or "none"
                raise _wrong(name, f"This operation has no such query parameter. It has: {names}.")
        for name, texts in sent.items():
            self._check_parameter(name, texts)

    def _check_parameter(self, name: str, texts: list[str]) -> None:
        schema = self._known[name]
        value: Any
        if schema["type"] == "array":
            # `a=1,2`, `a=1&a=2` and a mixture of both are the same list.
            value = [_read(part, schema["items"]) for text in texts for part in text.split(",")]
        elif len(texts) == 1:
            value = _read(texts[0], schema)
        else:
            raise _wrong(name, f"Send this parameter once; it was sent {len(texts)} times.")
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
