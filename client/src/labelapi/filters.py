"""Words like `set:drone-12 taken:2026-05-11`, which choose images, and files with classes."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelapi.errors import UsageError
from labelapi.models import ImageQuery

if TYPE_CHECKING:
    from labelapi.api import LabelAPI

SHORT = {"set": "image_set"}
TYPES: dict[str, str] = {
    name: str(getattr(kind, "__forward_arg__", kind)) for name, kind in ImageQuery.__annotations__.items()
}


def parse_filters(api: LabelAPI, words: str) -> dict[str, Any]:
    """Return filters of `GET /images` by their names; ids or titles for `set` and `campaign`. Raises UsageError."""
    found: dict[str, Any] = {}
    for word in _split(words):
        name, colon, value = word.partition(":")
        name = SHORT.get(name, name)
        key = name.partition(".")[2] if name.startswith("metadata.") else None
        if not colon or not value or (name not in TYPES and key is None) or name == "metadata":
            names = sorted({*TYPES, *SHORT, "metadata.KEY"} - {"image_set", "metadata"})
            raise UsageError("Images are chosen by words like set:drone-12.", f"Known names: {', '.join(names)}")
        if key is not None:
            found.setdefault("metadata", {})[key] = value
        else:
            found[name] = _converted(api, name, value)
    return found


def parse_selection(api: LabelAPI, words: str) -> dict[str, Any]:
    """Return words as a selection of images for a campaign; `query:NAME` alone is a kept query. Raises UsageError."""
    split = _split(words)
    if len(split) == 1 and split[0].startswith("query:"):
        return {"query_name": split[0][len("query:") :]}
    filters = parse_filters(api, words)
    if filters.keys() == {"image_set"}:
        return filters
    state = filters.get("state")
    if "campaign" in filters and filters.keys() <= {"campaign", "state"} and (state is None or len(state) == 1):
        return {"campaign": filters["campaign"], **({"state": state[0]} if state else {})}
    if not filters:
        raise UsageError("Say which images: --images-from 'set:drone-12'.")
    return {"query": filters}


def read_classes(path: Path) -> list[dict[str, Any]]:
    """Return the classes in a YAML or JSON file: a list of names, or of class objects of the service. Raises UsageError."""
    import yaml

    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {' '.join(str(error).split())[:200]}") from error
    listed = read.get("classes") if isinstance(read, dict) else read
    if not isinstance(listed, list) or not listed:
        raise UsageError(f"{path} should hold a list of classes: names, or objects with a name.")
    return [_class(each, path) for each in listed]


def read_json(path: Path) -> Any:
    """Return what a JSON file holds. Raises UsageError."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is no JSON file that can be read: {error}") from error


def quoted(word: str) -> str:
    """Return an argument of a command for `parse_filters`: it may hold several words, or one value with a blank."""
    return word if ":" in word.partition(" ")[2] or " " not in word else shlex.quote(word)


def _class(entry: Any, path: Path) -> dict[str, Any]:
    if isinstance(entry, dict) and "name" in entry:
        return {str(key): value for key, value in entry.items()}
    if isinstance(entry, (str, int)) and not isinstance(entry, bool):
        return {"name": str(entry)}
    raise UsageError(f"{path}: a class is a name or an object with a name. Quote names like no, yes and 1.5.")


def _split(words: str) -> list[str]:
    try:
        return shlex.split(words)
    except ValueError as error:
        raise UsageError("A quotation mark in the words that choose images is not closed.") from error


def _converted(api: LabelAPI, name: str, value: str) -> Any:
    """Return a value as the type that its filter has in the document."""
    if name == "image_set":
        return api.image_sets.find(value)
    if name in ("campaign", "duplicate_of"):
        return api.campaigns.find(value) if name == "campaign" else _number(int, name, value)
    kind = TYPES[name]
    if kind == "bool":
        if value not in ("true", "false"):
            raise UsageError(f"{name} is true or false.")
        return value == "true"
    if kind == "int":
        return _number(int, name, value)
    if kind.startswith("list["):
        parts = value.split(",")
        return [_number(float, name, part) for part in parts] if kind == "list[float]" else parts
    return value


def _number(kind: type[Any], name: str, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise UsageError(f"{name} takes numbers.") from None
