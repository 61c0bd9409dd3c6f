"""What the console promises of itself: types that are those of the API, small scripts, and the same files from each build."""

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import orjson
import pytest

from app.web.openapi import load_spec
from local.azurite import find_node
from local.console import BUILT, SOURCE, install_console

# What is loaded before the first screen: the entry, with session, client, router and frame.
ENTRY_BYTES = 20_000
# Before the image can be seen on the labeling page: the entry, and all that this page does not load later.
LABELING_BYTES = 40_000
IMPORTED = re.compile(r"""(?:from|import)\s*\(?["']\./([\w.-]+\.js)["']""")


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    install_console(for_checks=True)


def run(*arguments: str, folder: Path = SOURCE, stdin: bytes = b"") -> str:
    """Run a program of the console with Node, and return what it printed; what failed is the words of the assertion."""
    ended = subprocess.run([find_node().program, *arguments], cwd=folder, input=stdin, capture_output=True, check=False)
    words = ended.stdout.decode() + ended.stderr.decode()
    assert ended.returncode == 0, words
    return words


def test_types_are_those_of_the_document(tmp_path: Path) -> None:
    """Otherwise: curl -s http://127.0.0.1:8080/api/v1/openapi.json | npm --prefix console run types"""
    made = tmp_path / "schema.d.ts"
    run("types.mjs", str(made), stdin=orjson.dumps(load_spec()))
    assert made.read_text() == (SOURCE / "src" / "schema.d.ts").read_text()


@pytest.mark.slow
def test_type_checker_finds_nothing() -> None:
    run("node_modules/typescript/bin/tsc", "--noEmit")


def test_packages_name_no_registry() -> None:
    locked = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    assert len(locked) > 20
    assert [name for name, package in locked.items() if "resolved" in package] == []
    assert [name for name, package in locked.items() if name and "integrity" not in package] == []


def test_two_builds_are_the_same(tmp_path: Path) -> None:
    """In another folder, too: nothing of a build's place or time is in its files."""
    source = tmp_path / "console"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("node_modules", ".*"))
    (source / "node_modules").symlink_to(SOURCE / "node_modules")
    run("node_modules/vite/bin/vite.js", "build", folder=source)
    run("compress.mjs", folder=source)
    again = tmp_path / "app" / "web" / "console" / "built"
    assert contents(again) == contents(BUILT)


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a build; that of the installation has its stamp besides."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert len(files) > 20
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_source_files_are_short() -> None:
    files = [path for path in (SOURCE / "src").rglob("*") if path.suffix in (".ts", ".tsx", ".css")]
    assert len(files) > 20
    lengths = {path.name: len(path.read_text().splitlines()) for path in files if path.name != "schema.d.ts"}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_scripts_are_small() -> None:
    [entry] = (BUILT / "assets").glob("index-*.js")
    assert gzipped(static_closure(entry)) <= ENTRY_BYTES
    [labeling] = (BUILT / "assets").glob("label-*.js")
    assert gzipped(static_closure(entry, labeling)) <= LABELING_BYTES


def static_closure(*files: Path) -> set[Path]:
    """Return the scripts that these load before they run; those that are loaded later, on demand, are not among them."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            text = re.sub(r"import\([^)]*\)", "", file.read_text())
            waiting += [file.parent / name for name in IMPORTED.findall(text)]
    return found


def gzipped(files: set[Path]) -> int:
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def test_pure_modules_of_the_labeling_page_do_as_promised() -> None:
    """By the test runner of Node, which runs TypeScript as it is."""
    run("--test", *(str(path.relative_to(SOURCE)) for path in sorted((SOURCE / "tests").glob("*.test.js"))))


def test_every_address_is_in_the_docs() -> None:
    patterns = re.findall(r'pattern: "([^"]+)"', (SOURCE / "src" / "main.tsx").read_text())
    assert len(patterns) > 10
    table = (SOURCE.parent / "docs" / "console.md").read_text()
    # The docs have numbers where a pattern has names.
    documented = {re.sub(r"\d+", ":", address) for address in re.findall(r"`(/[\w/-]*)`", table)}
    assert {re.sub(r":\w+", ":", pattern) for pattern in patterns} - documented == set()


def test_every_link_of_the_header_leads_to_a_screen() -> None:
    patterns = re.findall(r'pattern: "([^"]+)"', (SOURCE / "src" / "main.tsx").read_text())
    header = (SOURCE / "src" / "frame.tsx").read_text()
    links = re.findall(r'\["(/[\w-]*)", "', header)
    assert len(links) == 10
    assert set(links) - set(patterns) == set()
