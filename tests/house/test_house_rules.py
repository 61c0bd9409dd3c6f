"""What the house promises of its own structure: who imports whom, who commits, who reads the environment."""

import ast
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from sqlalchemy.orm import configure_mappers

import app.models  # noqa: F401  # The tables, for the rules about them.
from app.database.engine import Base

ROOT = Path(__file__).parents[2]
# Every file that belongs to the project, but this one, which names what it forbids.
TREE = [
    ROOT / name
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()  # noqa: S607
    if (ROOT / name) != Path(__file__) and (ROOT / name).is_file()
]
MACHINE_PATH = r"(?<![\w.:/])/(?:home|Users|root|work|mnt|media)/\w"
PACKAGE_REGISTRY = (
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|https?://[\w.-]*(?:registry|artifactory|nexus)[\w.-]*/"
)
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for room in ("app", "local")
    for path in sorted((ROOT / room).rglob("*.py"))
}


def imports(path: Path, *, at_top_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    nodes: list[ast.AST] = list(tree.body) if at_top_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_handlers_do_not_import_each_other() -> None:
    for name, path in MODULES.items():
        if name.startswith("app.handlers."):
            assert not [
                t for t in imports(path) if t.startswith("app.handlers.") and t != "app.handlers.read_expansion"
            ], name


def test_services_know_nothing_of_http() -> None:
    for name, path in MODULES.items():
        if name.startswith(("app.services", "app.models", "app.azure")):
            assert not [t for t in imports(path) if t.split(".")[0] in ("flask", "connexion", "starlette")], name


def test_azure_is_imported_in_its_folder_only() -> None:
    for name, path in MODULES.items():
        # What starts the embedded storage makes its container.
        if not name.startswith(("app.azure", "local")):
            assert not [t for t in imports(path) if t.split(".")[0] in ("azure", "azureml", "msal")], name


def test_the_queue_library_is_known_to_one_module() -> None:
    users = [name for name, path in MODULES.items() if any(t.split(".")[0] == "procrastinate" for t in imports(path))]
    assert users == ["app.jobs.worker"]


def test_commits_stand_at_the_edges() -> None:
    edges = {"app.web.transactions", "app.cli", "app.jobs.runner"}
    # `begin` commits as well, at the end of its block.
    ends_transaction = re.compile(r"(session\.commit|(session|connection|engine)\.begin)$")
    for name, path in MODULES.items():
        calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        # Counts for Prometheus only read.
        if name not in edges | {"app.health.database_metrics"}:
            assert [call for call in calls if ends_transaction.search(call)] == [], f"{name} commits"
        assert (name in edges) == any(call.endswith(".commit") for call in calls), f"{name} is an edge, or is none"


def test_the_environment_is_read_in_the_settings_only() -> None:
    for name, path in MODULES.items():
        # What `make run` starts stands before the application, and hands it plain settings.
        if not name.startswith("local"):
            dotted = {ast.unparse(n) for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute)}
            used = dotted | set(imports(path))
            assert not used & {"os.environ", "os.environb", "os.getenv", "os.getenvb", "dotenv"}, name
            assert name == "app.settings" or "pydantic_settings" not in used, name


def test_nothing_is_loaded_lazily() -> None:
    configure_mappers()
    relationships = [relationship for mapper in Base.registry.mappers for relationship in mapper.relationships]
    assert [str(relationship) for relationship in relationships if relationship.lazy != "raise"] == []
    columns = [column for mapper in Base.registry.mappers for column in mapper.column_attrs]
    assert len(columns) > 50
    assert [str(column) for column in columns if column.deferred] == []


def test_no_module_needs_itself() -> None:
    graph = {name: {t for t in imports(path, at_top_only=True) if t in MODULES} for name, path in MODULES.items()}
    for name in graph:
        # A package's names come from its modules.
        graph[name] -= {name, *(package for package in graph if name.startswith(f"{package}."))}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


def test_heavy_libraries_stay_out_of_the_web_process() -> None:
    heavy = ("azureml", "azure.identity", "azure.ai", "pandas", "pyarrow")
    for name, path in MODULES.items():
        assert not [t for t in imports(path, at_top_only=True) if t.startswith(heavy)], name


def test_no_room_has_a_name_that_says_nothing() -> None:
    words = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
    assert [path for path in TREE if words & {path.stem, path.parent.name}] == []


def test_a_noun_has_the_same_name_in_every_room() -> None:
    nouns = {path.stem for path in (ROOT / "openapi").glob("*.yaml")} - {"openapi"}
    handlers, services, models = (
        {path.stem for path in (ROOT / "app" / room).glob("[a-z]*.py")} for room in ("handlers", "services", "models")
    )
    assert handlers == nouns
    assert {path.stem for path in (ROOT / "openapi/components/schemas").glob("*.yaml")} >= nouns
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests").rglob("test_*.py")}
    assert tests >= nouns
    # It is said of the account of a key, which has its own name below.
    assert services & models >= nouns - {"whoami"}


def test_every_operation_stands_in_the_file_of_its_noun() -> None:
    for path in (ROOT / "openapi").glob("*.yaml"):
        for operation in re.findall(r"^ +operationId: (\w+)", path.read_text(), re.MULTILINE):
            assert f"def {operation}(" in (ROOT / "app" / "handlers" / f"{path.stem}.py").read_text()


@pytest.mark.parametrize("pattern", [MACHINE_PATH, PACKAGE_REGISTRY])
def test_the_tree_names_no_machine_and_no_registry(pattern: str) -> None:
    found = []
    for path in TREE:
        with suppress(UnicodeDecodeError):
            lines = path.read_text().splitlines()
            found += [f"{path.relative_to(ROOT)}: {line[:120]}" for line in lines if re.search(pattern, line)]
    assert found == []


def test_documents_name_files_that_exist() -> None:
    path = re.compile(r"`((?:app|bench|deploy|docs|examples|local|migrations|openapi|tests)/[\w./-]+)(?=[`:])")
    named = {(text.name, name) for text in TREE if text.suffix == ".md" for name in path.findall(text.read_text())}
    assert len(named) > 20
    assert sorted((text, name) for text, name in named if not (ROOT / name).exists()) == []


def test_every_handler_opens_with_its_method_and_path() -> None:
    for path in (ROOT / "app" / "handlers").glob("[a-z]*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                first = (ast.get_docstring(node) or "").split("\n")[0]
                assert first.split(" ")[0] in ("GET", "PUT", "POST", "PATCH", "DELETE"), f"{path.name}: {node.name}"
