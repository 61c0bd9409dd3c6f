"""The client knows every operation of the served document with its arguments, and none that the document does not know."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Service

import labelapi
from labelapi import LabelAPI
from labelapi.operations import Operations

sys.path.insert(0, str(Path(__file__).parents[1]))
from generate import METHODS, PACKAGE, Generator, generate, python_name

# They are sent by themselves, or would give another answer than the resource.
NOT_ARGUMENTS = {"prefer", "if_none_match"}
START_SECONDS, STARTS = 0.4, 9
HEAVY = ("httpx", "rich", "sqlite3", "platformdirs", "keyring", "PIL", "matplotlib", "pandas", "duckdb", "yaml")


@pytest.fixture(scope="module")
def document(service: Service) -> Any:
    return httpx.get(f"{service.url}/api/v1/openapi.json").json()


def test_operations_and_models_are_those_of_the_document(document: Any) -> None:
    generated = generate(document)
    for name, text in generated.items():
        # `CONTRIBUTING.md` says how the files are written again.
        assert (PACKAGE / name).read_text(encoding="utf-8") == text, name


def test_every_operation_is_a_method_with_its_arguments(document: Any) -> None:
    generator = Generator(document)
    operations = list(generator._operations())
    assert len(operations) > 60
    methods = {name for name, _ in inspect.getmembers(Operations, inspect.isfunction) if not name.startswith("_")}
    assert methods == {operation["operationId"] for _, _, operation, _ in operations}
    for _, method, operation, parameters in operations:
        has = set(inspect.signature(getattr(LabelAPI, operation["operationId"])).parameters) - {"self"}
        promised = {python_name(each["name"]) for each in parameters} - NOT_ARGUMENTS
        assert has == promised | ({"body"} if "requestBody" in operation else set()), operation["operationId"]
        assert method in METHODS


def test_document_of_a_service_with_more_is_taken(document: Any) -> None:
    page = document["components"]["schemas"]["Job"]
    changed = {**document, "components": {**document["components"], "schemas": {**document["components"]["schemas"]}}}
    more = {**page, "properties": {**page["properties"], "priority": {"type": "integer"}}}
    changed["components"]["schemas"]["Job"] = more
    assert "priority: int" in generate(changed)["models.py"]


def test_package_has_one_version_and_is_typed() -> None:
    assert importlib.metadata.version("labelapi-client") == labelapi.__version__
    assert (Path(labelapi.__file__).parent / "py.typed").is_file()


def test_help_needs_no_heavy_import() -> None:
    code = (
        "import sys\nfrom labelapi.cli.main import run\nrun(['--help'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_help_is_there_at_once() -> None:
    waited = []
    for _ in range(STARTS):
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "labelapi.cli.main", "--help"], capture_output=True, check=True)
        waited.append(time.monotonic() - began)
    assert statistics.median(waited) <= START_SECONDS, waited


def test_syntax_is_that_of_the_oldest_python() -> None:
    for path in PACKAGE.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


@pytest.mark.parametrize("arguments", [["--help"], ["campaigns"], ["upload", "-h"], ["image-sets", "problems", "-h"]])
def test_help_is_there(arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "labelapi.cli.main", *arguments], capture_output=True, text=True, check=False
    )
    assert "Usage: labelapi" in ran.stdout + ran.stderr
