"""The OpenAPI document: many files under `openapi/`, read as one."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "openapi"
METHODS = ("get", "post", "put", "patch", "delete")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Operation:
    """One operation: its handler as a dotted name, who may call it with what keys, and whether its body may be a large one.

    `takes_file` says that the body is a file, of any media type, which nothing looks into before it is stored.
    """

    handler: str
    roles: frozenset[str]
    is_open_to_session_keys: bool
    is_bulk: bool
    takes_file: bool = False

    @property
    def name(self) -> str:
        """The `operationId`."""
        return self.handler.rpartition(".")[2]


def load_spec(folder: Path = FOLDER) -> dict[str, Any]:
    """Return the document with `openapi.yaml` as its root, in which every reference is to its own components.

    What lies below `components/` keeps its name: `components/schemas/images.yaml#/Image` becomes
    `#/components/schemas/Image`. Anything else that is referred to stands where the reference was, and so does a component
    where something is said beside its reference, such as a `description` of its own. What the root says under
    `x-every-response` is part of every response. Raises ValueError for a reference to nothing, and for two components of
    one kind and name.
    """
    return _Bundle(folder).document()


def operations_of(spec: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    """Yield the path, the lower-case method and the operation for every operation of a document."""
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                content = item[method]
                handler = handler_name(content["tags"][0], content["operationId"])
                session_keys, bulk = content.get("x-session-keys", True), content.get("x-bulk", False)
                roles, takes_file = frozenset(content["x-roles"]), content.get("x-file", False)
                yield path, method, Operation(handler, roles, session_keys, bulk, takes_file)


def handler_name(tag: str, operation_id: str) -> str:
    """Return the dotted name of the handler of an operation: the function `operationId` in `app/handlers/<first tag>.py`."""
    return f"app.handlers.{tag}.{operation_id}"


class _Bundle:
    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._files: dict[Path, Any] = {}
        # Kind and name of each component that was referred to: where it comes from, and what it says.
        self._components: dict[str, dict[str, tuple[str, Any]]] = {}

    def document(self) -> dict[str, Any]:
        root = self._folder / "openapi.yaml"
        document: dict[str, Any] = self._resolve(self._read(root), root)
        components = document.setdefault("components", {})
        for kind, named in sorted(self._components.items()):
            components[kind] = {name: content for name, (_, content) in sorted(named.items())}
        _complete_responses(document, document.pop("x-every-response", {}))
        return document

    def _resolve(self, node: Any, file: Path) -> Any:
        if isinstance(node, list):
            return [self._resolve(item, file) for item in node]
        if not isinstance(node, dict):
            return node
        beside = {key: self._resolve(value, file) for key, value in node.items() if key != "$ref"}
        if not isinstance(node.get("$ref"), str):
            return beside
        return self._follow(node["$ref"], file, beside) if beside else self._follow(node["$ref"], file)

    def _follow(self, reference: str, file: Path, beside: dict[str, Any] | None = None) -> Any:
        path, _, pointer = reference.partition("#")
        # Hundreds of references are followed, and to ask the file system about each takes a third of the time.
        target = Path(os.path.normpath(file.parent / path)) if path else file
        content = self._read(target, named_by=f"{file.relative_to(self._folder.parent)} refers to {reference}")
        for part in pointer.strip("/").split("/"):
            if not isinstance(content, dict) or part not in content:
                raise ValueError(
                    f"{file.relative_to(self._folder.parent)} refers to {reference}, which does not exist."
                )
            content = content[part]
        place = target.relative_to(self._folder).with_suffix("").parts
        if beside is not None:
            return self._resolve(content, target) | beside
        if place[0] != "components":
            return self._resolve(content, target)
        return self._keep(place[1], part, f"{'/'.join(place)}.yaml", content, target)

    def _keep(self, kind: str, name: str, origin: str, content: Any, file: Path) -> dict[str, str]:
        named = self._components.setdefault(kind, {})
        if name not in named:
            # Its place is taken before its own references are followed, so that a schema may refer to itself.
            named[name] = (origin, None)
            named[name] = (origin, self._resolve(content, file))
        elif named[name][0] != origin:
            raise ValueError(
                f"{name} stands in openapi/{named[name][0]} and in openapi/{origin}; one needs another name."
            )
        return {"$ref": f"#/components/{kind}/{name}"}

    def _read(self, file: Path, named_by: str = "The document begins there") -> Any:
        if file not in self._files:
            if not file.is_file() or not file.is_relative_to(self._folder):
                raise ValueError(f"{named_by}, but there is no such file in {self._folder.name}/.")
            self._files[file] = yaml.load(file.read_bytes(), LOADER)  # noqa: S506  # Both loaders are safe ones.
        return self._files[file]


def _complete_responses(document: dict[str, Any], everywhere: dict[str, Any]) -> None:
    operations = [operation for item in document.get("paths", {}).values() for operation in item.values()]
    of_operations = [
        response
        for operation in operations
        if isinstance(operation, dict)
        for response in operation.get("responses", {}).values()
        if "$ref" not in response
    ]
    for response in [*of_operations, *document["components"].get("responses", {}).values()]:
        for key, value in everywhere.items():
            response[key] = response.get(key, {}) | value
