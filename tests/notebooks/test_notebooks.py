"""The notebooks of examples/ run from their first cell to their last, against a service that `make run` would start."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.folder import CHECKOUT, scratch_folder
from tests.launcher import Launch, environment, launched
from tests.web_server import free_port

PYTHON = CHECKOUT / ".venv" / "notebooks" / "bin" / "python"
NOTEBOOKS = sorted((CHECKOUT / "examples").glob("*.ipynb"))
SECONDS = 400
needs_kernel = pytest.mark.skipif(
    not PYTHON.exists() and not os.environ.get("REQUIRE_NOTEBOOKS"), reason="`make notebooks` installs what runs them"
)


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    with scratch_folder() as folder, launched(folder / ".data", free_port()) as launch:
        yield launch


@pytest.fixture
def desk(launch: Launch, tmp_path: Path) -> Path:
    """A folder with the examples, where somebody has signed in as the admin."""
    desk = tmp_path / "examples"
    shutil.copytree(CHECKOUT / "examples", desk, ignore=shutil.ignore_patterns("__pycache__"))
    run(
        desk,
        PYTHON.parent / "labelapi",
        "login",
        launch.url,
        given=f"{launch.admin['apikey']}\n{launch.admin['apisecret']}\n",
    )
    return desk


def run(desk: Path, *command: object, given: str = "") -> str:
    """Run a command as that person; return what it printed."""
    own = environment(
        HOME=str(desk), XDG_CONFIG_HOME=str(desk / "config"), PATH=f"{PYTHON.parent}:{os.environ['PATH']}"
    )
    done = subprocess.run(
        [*map(str, command)],
        cwd=desk,
        env=own,
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def outputs_of(desk: Path, name: str) -> tuple[str, int]:
    """Run a notebook; return what it printed and returned, and how many pictures it showed."""
    run(desk, PYTHON, CHECKOUT / "tests" / "notebooks" / "execute.py", desk / name, SECONDS)
    cells = json.loads((desk / name).read_text())["cells"]
    outputs: list[Any] = [output for cell in cells for output in cell.get("outputs", ())]
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    pictures = [output for output in outputs if any(kind.startswith("image/") for kind in output.get("data", {}))]
    return "".join("".join(each) for each in texts), len(pictures)


@needs_kernel
@pytest.mark.timeout(2 * SECONDS)
def test_life_cycle_of_the_notebook_ends_with_a_dataset(desk: Path) -> None:
    printed, pictures = outputs_of(desk, "life_cycle.ipynb")
    assert pictures == 2
    assert "'completed')" in printed
    assert "{'accepted': 6, 'rejected': 0" in printed
    [dataset] = desk.glob("dataset-notebook-*")
    parts = [json.loads(path.read_text()) for path in (dataset / "annotations").glob("instances_*.json")]
    assert sum(len(part["images"]) for part in parts) == len(list((dataset / "images").rglob("*.JPG"))) == 6
    truth = "import pictures; print(sum(len(each.things) for each in pictures.drone_pictures(6, seed=4)))"
    assert sum(len(part["annotations"]) for part in parts) == int(run(desk, PYTHON, "-c", truth))


@needs_kernel
@pytest.mark.skipif(
    not os.environ.get("REQUIRE_TORCHVISION")
    and subprocess.run(
        [PYTHON if PYTHON.exists() else sys.executable, "-c", "import torchvision"], capture_output=True, check=False
    ).returncode
    != 0,
    reason="torchvision is not installed: apt-get install python3-torchvision",
)
@pytest.mark.timeout(3 * SECONDS)
def test_snapshot_of_the_demo_becomes_a_training_step(launch: Launch, desk: Path) -> None:
    run(desk, PYTHON, desk / "demo.py", launch.folder / "admin.json", "--pictures", "6")
    printed, pictures = outputs_of(desk, "train.ipynb")
    assert pictures == 1
    assert "'bottle'" in printed
    assert "loss_classifier" in printed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_keeps_no_output(path: Path) -> None:
    """Outputs of such notebooks would hold names, links and keys of whoever ran it last."""
    cells = json.loads(path.read_text())["cells"]
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
