"""README.md: its commands are run as they stand, in the checkout, and its doors lead somewhere."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.folder import CHECKOUT, DataFolder, scratch_folder
from local.processes import stop_leftovers
from tests.documents import Reader
from tests.launcher import STOP_SECONDS, environment
from tests.web_server import free_port

README = (CHECKOUT / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
PAGES = [
    CHECKOUT / "README.md",
    CHECKOUT / "CONTRIBUTING.md",
    CHECKOUT / "client" / "README.md",
    *(CHECKOUT / "docs").rglob("*.md"),
]


def make(target: str, data: Path, **more: str) -> subprocess.Popen[str]:
    """Start a command of the README with a data folder of its own, in a group of processes of its own."""
    own = environment(DATA_DIR=str(data), HOME=str(data.parent), **more)
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(["make", target], cwd=CHECKOUT, env=own, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload,no-any-return]  # noqa: S607


@contextmanager
def running(data: Path) -> Iterator[str]:
    """`make run`, until Ctrl-C; gives what it said until it was ready."""
    process = make("run", data, PORT=str(free_port()), WEB_WORKERS="1")
    try:
        said = ""
        for line in process.stdout or ():
            said += line
            if line.startswith("Ctrl-C stops it"):
                break
        else:
            raise AssertionError(said)
        yield said
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=STOP_SECONDS)
        stop_leftovers(DataFolder(data))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_make_run_and_make_demo_do_what_the_readme_says() -> None:
    assert BLOCKS[:2] == ["make run\n", "make demo\n"]
    with scratch_folder() as folder, running(folder / ".data") as said:
        assert "Swagger UI" in said
        demo = make("demo", folder / ".data")
        printed, _ = demo.communicate(timeout=400)
        assert demo.returncode == 0, printed
        assert "The data are there. Look at them:" in printed
        assert (folder / ".data" / "demo" / "maas-plastics" / "data.yaml").is_file()


@pytest.mark.slow
def test_client_is_installed_as_the_readme_says(reader: Reader) -> None:
    [block] = [each for each in BLOCKS if "pip install" in each]
    assert "Usage: labelapi" in reader.paste([block], {})


def test_one_command_runs_it_and_one_tests_it() -> None:
    """What decides whether a change lands runs `make test` by way of `make coverage`."""
    assert BLOCKS[2:3] == ["make test\n"]
    assert "\nmake coverage\n" in (CHECKOUT / ".ci" / "run").read_text()
    assert re.search(r"^coverage:.*\n\t@\$\(MAKE\) test ", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert len(BLOCKS) == 4


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_links_and_pictures_lead_to_files_and_headings(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name} leads to {target}"
        if heading:
            assert heading in {slug(line) for line in re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)}, target


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
