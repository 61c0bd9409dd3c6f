"""What `data.yaml` of a YOLO dataset says: the names of classes, and where the images of each part are.

It is read as a stream of events, in which nothing is built that the file does not spell out: no aliases, no tags, no depth.
Texts stay texts, so that a class `no` or `1` is called so.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from app.formats.reading import FormatError

MAX_YAML_BYTES = 1024**2
MAX_DEPTH = 8
MAX_CLASSES = 50_000
MAX_NAME_LENGTH = 1024
PARTS = ("train", "val", "validation", "valid", "test")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INDEX = re.compile("[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class YoloDataset:
    """The names of the classes by number, and the folders and lists of images, as they are written there."""

    names: dict[int, str]
    places: list[str] = field(default_factory=list)


def read_yolo_yaml(content: bytes, file_name: str) -> YoloDataset:
    """Return what the file says. Raises FormatError."""
    try:
        document = _build(content)
        return YoloDataset(_read_names(document), _read_places(document))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise FormatError(f"{file_name} is no YAML that can be read{line}. It must be UTF-8 text.") from error
    except FormatError as error:
        raise FormatError(f"{file_name}: {error}") from error


def read_name_list(content: bytes, file_name: str) -> YoloDataset:
    """Return the classes of a file with a name on each line, as older tools write it. Raises FormatError."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FormatError(f"{file_name} is not UTF-8 text.") from error
    while lines and not lines[-1].strip():
        lines.pop()
    try:
        return YoloDataset(_checked({number: line.strip() for number, line in enumerate(lines)}))
    except FormatError as error:
        raise FormatError(f"{file_name}: {error}") from error


def _build(content: bytes) -> dict[Any, Any]:
    """Return the document as dictionaries, lists and texts."""
    root: list[Any] = []
    # A mapping is a list of keys and values in turn, until it ends.
    stack: list[tuple[list[Any], bool]] = [(root, False)]
    for event in yaml.parse(content.decode("utf-8-sig"), _Loader):
        if isinstance(event, yaml.AliasEvent):
            raise FormatError("It has an alias (*); write the value itself.")
        if isinstance(event, yaml.ScalarEvent):
            stack[-1][0].append(event.value)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(stack) > MAX_DEPTH:
                raise FormatError(f"Its values are nested more than {MAX_DEPTH} deep.")
            stack.append(([], isinstance(event, yaml.MappingStartEvent)))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            items, is_mapping = stack.pop()
            stack[-1][0].append(_pairs(items) if is_mapping else items)
    if len(root) != 1 or not isinstance(root[0], dict):
        raise FormatError("It must be one mapping with the key names.")
    return root[0]


def _pairs(items: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str):
            raise FormatError("A key is a list or a mapping; keys are texts or numbers.")
        if key in found:
            raise FormatError(f"The key {key[:40]!r} comes twice.")
        found[key] = value
    return found


def _read_names(document: dict[Any, Any]) -> dict[int, str]:
    names = document.get("names")
    if isinstance(names, list):
        return _checked(dict(enumerate(names)))
    if not isinstance(names, dict):
        raise FormatError("It has no names; expected a list of the class names, or a mapping from 0, 1, 2 … to them.")
    wrong = next((key for key in names if not _INDEX.fullmatch(key)), None)
    if wrong is not None:
        raise FormatError(f"names has the key {wrong[:40]!r}; its keys are whole numbers from 0 on.")
    numbered = {int(key): name for key, name in names.items()}
    if len(numbered) < len(names):
        raise FormatError("names has a number twice.")
    return _checked(numbered)


def _checked(names: dict[int, Any]) -> dict[int, str]:
    if not 0 < len(names) <= MAX_CLASSES:
        raise FormatError(f"There are {len(names):,} class names; 1 to {MAX_CLASSES:,} can be read.")
    for number, name in names.items():
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
            raise FormatError(f"The name of class {number} must be a text of 1 to {MAX_NAME_LENGTH:,} characters.")
        if "\0" in name:
            raise FormatError(f"The name of class {number} has the character U+0000, which cannot be stored.")
    return names


def _read_places(document: dict[Any, Any]) -> list[str]:
    places: list[str] = []
    for part in PARTS:
        value = document.get(part, [])
        if isinstance(value, dict):
            raise FormatError(
                f"{part} is a mapping; expected a folder, a list of folders, or a .txt file of image paths."
            )
        each = value if isinstance(value, list) else [value]
        places += [place for place in each if isinstance(place, str) and place not in ("", "~", "null")]
    return places
