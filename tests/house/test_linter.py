"""The OpenAPI document is held against the rules of the field, by Redocly's linter."""

import copy
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.web.openapi import load_spec
from local.azurite import find_node
from local.folder import VENV

PROGRAM = Path(__file__).parents[1] / "linter" / "lint.mjs"


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program beside the packages that it uses, because Node looks for them there."""
    folder = tmp_path_factory.mktemp("linter")
    (folder / "node_modules").symlink_to(VENV / "linter" / "node_modules")
    (folder / PROGRAM.name).write_bytes(PROGRAM.read_bytes())
    return folder / PROGRAM.name


def lint(program: Path, document: dict[str, Any]) -> list[str]:
    run = subprocess.run(
        [find_node().program, program], input=orjson.dumps(document), capture_output=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode().splitlines()


def test_document_keeps_every_rule(program: Path) -> None:
    assert lint(program, load_spec()) == []


def test_linter_sees_what_is_wrong(program: Path) -> None:
    document = copy.deepcopy(load_spec())
    whoami = document["paths"]["/whoami"]["get"]
    del whoami["description"]
    del whoami["responses"]["200"]["headers"]["X-Request-ID"]
    email = document["components"]["schemas"]["Whoami"]["properties"]["email"]
    del email["example"]
    document["components"]["schemas"]["Unused"] = {"type": "string"}
    rules = {line.rpartition("(")[2].rstrip(")") for line in lint(program, document)}
    wanted = {"operation-description", "response-contains-header", "scalar-property-missing-example"}
    assert rules == wanted | {"no-unused-components"}
