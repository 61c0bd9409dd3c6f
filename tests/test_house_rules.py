"""What the house promises of its own structure: who imports whom, who commits, who reads the environment."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "app").rglob("*.py"))
}

# Floor by floor, from the top: a module may import from floors below its own, and from its own floor.
FLOORS = [
    {"app.embedded"},
    {"app.assembly"},
    {"app.foundation"},
    {"app.cli", "app.info", "app.handlers"},
    {
        "app.edge",
        "app.jobs",
        "app.security",
        "app.key_uses",
        "app.guessing",
        "app.responses",
        "app.intake",
        "app.problems",
        "app.telemetry",
        "app.error_reports",
        "app.spec",
        "app.swagger_ui",
        "app.document",
        "app.methods",
        "app.server",
    },
    {"app.services"},
    {"app.queue", "app.azure", "app.shapes"},
    {"app.models", "app.pagination"},
    {"app.database"},
    {"app.settings", "app.errors", "app.metrics", "app.postgres", "app.redaction"},
]


def floor_of(module: str) -> int:
    for number, rooms in enumerate(FLOORS):
        if any(module == room or module.startswith(room + ".") for room in rooms):
            return number
    raise AssertionError(f"{module} is on no floor: say in FLOORS where it belongs")


def imports(path: Path, *, at_top_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    nodes: list[ast.AST] = list(tree.body) if at_top_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("module", [name for name in MODULES if name != "app"])
def test_arrows_point_down(module: str) -> None:
    for target in imports(MODULES[module]):
        if target in MODULES and target != "app":
            assert floor_of(target) >= floor_of(module), f"{module} imports {target}, which is above it"


def test_handlers_do_not_import_each_other_and_know_no_models() -> None:
    shared = ("blob_store", "read_page", "read_filter", "read_expansion")
    for name, path in MODULES.items():
        if name.startswith("app.handlers."):
            assert not [
                t
                for t in imports(path)
                if t.startswith(("app.handlers.", "app.models")) and t.rpartition(".")[2] not in shared
            ], name


def test_services_know_nothing_of_http() -> None:
    for name, path in MODULES.items():
        if name.startswith(("app.services", "app.models", "app.azure")):
            assert not [t for t in imports(path) if t.split(".")[0] in ("flask", "connexion", "starlette")], name


def test_azure_is_imported_in_its_folder_only() -> None:
    for name, path in MODULES.items():
        if not name.startswith("app.azure"):
            assert not [t for t in imports(path) if t.split(".")[0] in ("azure", "azureml", "msal")], name


def test_the_queue_library_is_known_to_one_module() -> None:
    users = [name for name, path in MODULES.items() if any(t.split(".")[0] == "procrastinate" for t in imports(path))]
    assert users == ["app.queue"]


def test_commits_stand_at_the_edges() -> None:
    allowed = {"app.edge", "app.cli", "app.jobs", "app.queue"}
    for name, path in MODULES.items():
        if ".commit(" in path.read_text():
            assert name in allowed, f"{name} commits"


def test_the_environment_is_read_in_the_settings_only() -> None:
    for name, path in MODULES.items():
        if not name.startswith("app.embedded"):
            source = path.read_text()
            assert "environ[" not in source, name
            assert "os.environ" not in source, name
            assert "getenv" not in source, name


def test_nothing_is_loaded_lazily() -> None:
    for name, path in MODULES.items():
        if name.startswith("app.models"):
            assert "relationship(" not in path.read_text() or 'lazy="raise"' in path.read_text(), name


def test_heavy_libraries_stay_out_of_the_web_process() -> None:
    heavy = ("azureml", "azure.identity", "azure.ai", "pandas", "pyarrow")
    for name, path in MODULES.items():
        assert not [t for t in imports(path, at_top_only=True) if t.startswith(heavy)], name


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "manager", "base"])
def test_no_room_has_a_name_that_says_nothing(word: str) -> None:
    assert not [name for name in MODULES if name.rpartition(".")[2] == word]


def test_every_handler_opens_with_its_method_and_path() -> None:
    for path in (ROOT / "app" / "handlers").glob("[a-z]*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                first = (ast.get_docstring(node) or "").split("\n")[0]
                assert first.split(" ")[0] in ("GET", "PUT", "POST", "PATCH", "DELETE"), f"{path.name}: {node.name}"
