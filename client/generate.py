"""Write `src/labelapi/models.py` and `src/labelapi/operations.py` from the OpenAPI document.

    curl -s http://127.0.0.1:8080/api/v1/openapi.json | python client/generate.py

The document comes in on standard input. Only the standard library is used, so that the tests can compare the files with the
document that a running service serves.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent / "src" / "labelapi"
METHODS = ("get", "post", "put", "patch", "delete")
SCALARS = {"integer": "int", "number": "float", "string": "str", "boolean": "bool"}
# What the transport sends by itself, and what would make an answer something else than the resource.
OWN_HEADERS = ("Idempotency-Key", "Prefer", "If-None-Match")
HEADER = '''"""{}

Written by `client/generate.py` from the OpenAPI document; do not edit.
"""

from __future__ import annotations
'''
LONGEST_LINE = 120
LONGEST_ARGUMENT = 85


class Generator:
    """Writes Python for one OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._schemas: dict[str, Any] = document["components"]["schemas"]

    def models(self) -> str:
        """Return the module with one TypedDict for each schema that is an object."""
        classes = [text for name in sorted(self._schemas) for text in self._model(name)]
        needed = [name for name in ("Any", "Literal", "TypedDict") if re.search(rf"\b{name}\b", "".join(classes))]
        return HEADER.format("What the service answers and takes, as typed dictionaries.") + (
            f"\nfrom typing import {', '.join(needed)}\n" + "".join(classes)
        )

    def operations(self) -> str:
        """Return the module with one method for each operation."""
        methods = [self._method(*each) for each in self._operations()]
        body = "".join(methods)
        code = re.sub(r'""".*?"""', "", body)
        names = sorted(name for name in self._schemas if self._is_class(name) and re.search(rf"\b{name}\b", code))
        imports = "".join(f"    {name},\n" for name in names)
        return (
            HEADER.format("One method for each operation of the service.")
            + "\nfrom collections.abc import Mapping, Sequence\nfrom typing import TYPE_CHECKING, Any, Literal\n"
            + "\nfrom labelapi.transport import Transport, in_path\n"
            + f"\nif TYPE_CHECKING:\n    from labelapi.models import (\n{textwrap_indent(imports)}    )\n"
            + '\n\nclass Operations:\n    """The operations of the service by their `operationId`."""\n\n'
            + "    def __init__(self, transport: Transport) -> None:\n        self.transport = transport\n"
            + body
        )

    def _operations(self) -> Iterator[tuple[str, str, dict[str, Any], list[dict[str, Any]]]]:
        for path, item in self._document["paths"].items():
            shared = item.get("parameters", [])
            for method in METHODS:
                if method in item:
                    parameters = [self._resolved(each) for each in shared + item[method].get("parameters", [])]
                    yield path, method, item[method], parameters

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].lstrip("#/").split("/"):
                target = target[part]
            node = target
        return node

    def _merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return an object schema with the properties of all that it is made of."""
        schema = self._resolved(schema)
        properties: dict[str, Any] = {}
        required: list[str] = []
        for part in schema.get("allOf", []):
            merged = self._merged(part)
            properties.update(merged["properties"])
            required += merged["required"]
        properties.update(schema.get("properties", {}))
        return {"properties": properties, "required": required + schema.get("required", [])}

    def _is_class(self, name: str) -> bool:
        schema = self._schemas[name]
        return "properties" in schema or "allOf" in schema

    def _model(self, name: str) -> Iterator[str]:
        if not self._is_class(name):
            return
        merged = self._merged(self._schemas[name])
        properties, required = merged["properties"], set(merged["required"])
        if any(keyword.iskeyword(each) for each in properties):
            fields = "".join(f'        "{field}": "{self._type(node)}",\n' for field, node in properties.items())
            yield f'\n\n{name} = TypedDict(\n    "{name}",\n    {{\n{fields}    }},\n)\n'
            return
        optional = [each for each in properties if each not in required]
        parent, total = "TypedDict", ""
        if optional and len(optional) < len(properties):
            parent, total = f"_Required{name}", ", total=False"
            yield f"\n\nclass {parent}(TypedDict):\n" + self._fields(
                properties, [e for e in properties if e in required]
            )
        elif optional:
            total = ", total=False"
        shown = optional or list(properties)
        words = sentence(self._schemas[name].get("description", name))
        yield f'\n\nclass {name}({parent}{total}):\n    """{words}"""\n\n' + self._fields(properties, shown)

    def _fields(self, properties: dict[str, Any], names: list[str]) -> str:
        return "".join(f"    {name}: {self._type(properties[name])}\n" for name in names)

    def _type(self, schema: dict[str, Any]) -> str:
        """Return the annotation of a schema."""
        if "$ref" in schema and self._is_class(schema["$ref"].rpartition("/")[2]):
            target = schema["$ref"].rpartition("/")[2]
            return f"{target} | None" if self._schemas[target].get("nullable") else str(target)
        schema = self._resolved(schema)
        if schema.get("enum") == [None]:
            return "None"
        plain = self._plain_type(schema)
        return f"{plain} | None" if schema.get("nullable") and "None" not in plain.split(" | ") else plain

    def _plain_type(self, schema: dict[str, Any]) -> str:
        for choice in ("oneOf", "anyOf"):
            if choice in schema and schema.get("type") != "object":
                return " | ".join(dict.fromkeys(self._type(part) for part in schema[choice]))
        if len(schema.get("allOf", [])) == 1:
            return self._type(schema["allOf"][0])
        if "enum" in schema:
            return "Literal[{}]".format(", ".join(json.dumps(each) for each in schema["enum"] if each is not None))
        if schema.get("type") == "array":
            return f"list[{self._type(schema['items'])}]"
        if schema.get("type") == "object":
            values = schema.get("additionalProperties")
            return f"dict[str, {self._type(values)}]" if isinstance(values, dict) else "dict[str, Any]"
        return SCALARS.get(schema.get("type", ""), "Any")

    def _method(self, path: str, method: str, operation: dict[str, Any], parameters: list[dict[str, Any]]) -> str:
        in_path = [each for each in parameters if each["in"] == "path"]
        in_query = [each for each in parameters if each["in"] == "query"]
        headers = [each for each in parameters if each["in"] == "header" and each["name"] not in OWN_HEADERS]
        has_prefer = any(each["name"] == "Prefer" for each in parameters)
        body, media_type = self._body(operation)
        answer = self._answer(operation, has_prefer)
        lines = [f"        {python_name(each['name'])}: {self._type(each['schema'])},\n" for each in in_path]
        if body:
            end = "" if operation["requestBody"].get("required") else " | None = None"
            lines.append(f"        body: {body}{end},\n")
        named = [
            f"        {python_name(each['name'])}: {self._argument(each)}{'' if each.get('required') else ' | None = None'},\n"
            for each in in_query + headers
        ]
        named += ["        idempotency_key: str | None = None,\n"] if method != "get" else []
        signature = "".join([*lines, *(["        *,\n", *named] if named else [])])
        sent = [f'            "{method.upper()}",\n', f"            {path_text(path)},\n"]
        sent += [f"            query={{\n{dictionary(in_query)}            }},\n"] if in_query else []
        given = dictionary(headers) + ('                "Prefer": "return=representation",\n' if has_prefer else "")
        sent += [f"            headers={{\n{given}            }},\n"] if given else []
        sent += ["            body=body,\n"] if body and media_type == "application/json" else []
        sent += ["            content=body,\n"] if body and media_type != "application/json" else []
        sent += ["            idempotency_key=idempotency_key,\n"] if method != "get" else []
        words = sentence(operation["summary"])
        head = f"\n    def {operation['operationId']}(\n        self,\n{signature}    ) -> {answer}:\n"
        if not signature:
            head = f"\n    def {operation['operationId']}(self) -> {answer}:\n"
        call = {"bytes": "content_of", "str": "location_of"}.get(answer, "answer_of")
        arguments = "".join(sent)
        if len(sent) == 2:
            one_line = ", ".join(each.strip().rstrip(",") for each in sent)
            if len(f"        answer: {answer} = self.transport.{call}({one_line})") <= LONGEST_LINE:
                return (
                    f'{head}        """{words}"""\n'
                    f"        answer: {answer} = self.transport.{call}({one_line})\n        return answer\n"
                )
        return (
            f'{head}        """{words}"""\n'
            f"        answer: {answer} = self.transport.{call}(\n{arguments}        )\n        return answer\n"
        )

    def _body(self, operation: dict[str, Any]) -> tuple[str | None, str]:
        if "requestBody" not in operation:
            return None, ""
        content: dict[str, Any] = self._resolved(operation["requestBody"])["content"]
        if "application/json" in content:
            return self._type(content["application/json"]["schema"]), "application/json"
        return "Any", next(iter(content))

    def _answer(self, operation: dict[str, Any], has_prefer: bool) -> str:
        kinds: list[str] = []
        for status in ("200", "201", "202"):
            if status in operation["responses"]:
                content = self._resolved(operation["responses"][status]).get("content", {})
                if "application/json" not in content:
                    return "bytes"
                kinds += self._type(content["application/json"]["schema"]).split(" | ")
        return (
            " | ".join(each for each in dict.fromkeys(kinds) if not (has_prefer and each == 'Literal["ok"]')) or "str"
        )

    def _argument(self, parameter: dict[str, Any]) -> str:
        kind = self._type(parameter["schema"])
        if parameter.get("style") == "deepObject":
            return "Mapping[str, Any]"
        kind = kind.replace("list[", "Sequence[", 1) if kind.startswith("list[") else kind
        # A long list of values would not fit on a line; the service checks them in any case.
        return kind if len(kind) <= LONGEST_ARGUMENT else re.sub(r"Literal\[[^]]*\]", "str", kind)


def python_name(name: str) -> str:
    """Return the name of a parameter as an argument of Python."""
    plain = name.replace("-", "_").lower()
    return f"{plain}_" if keyword.iskeyword(plain) else plain


def path_text(path: str) -> str:
    """Return a path with its parameters as Python."""
    if "{" not in path:
        return f'"{path}"'
    return 'f"' + re.sub(r"{(\w+)}", r"{in_path(\1)}", path) + '"'


def dictionary(parameters: list[dict[str, Any]]) -> str:
    """Return the lines that give each parameter its argument."""
    return "".join(f'                "{each["name"]}": {python_name(each["name"])},\n' for each in parameters)


def sentence(text: str) -> str:
    """Return the first sentence of a description, short enough for a line."""
    first = re.split(r"(?<=[.;:])\s", " ".join(text.split()))[0].rstrip(".;:")
    return first[:100].replace("\\", "").replace('"', "'") + "."


def textwrap_indent(text: str) -> str:
    """Return lines four columns further to the right."""
    return "".join(f"    {line}\n" for line in text.splitlines())


def generate(document: dict[str, Any]) -> dict[str, str]:
    """Return the text of each file that is made from a document."""
    generator = Generator(document)
    return {"models.py": generator.models(), "operations.py": generator.operations()}


if __name__ == "__main__":
    for name, text in generate(json.load(sys.stdin)).items():
        (PACKAGE / name).write_text(text, encoding="utf-8")
