"""Lines of the documentation, run as readers paste them."""

import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.workers import ROOT


def blocks_of(page: str, language: str = "bash") -> list[str]:
    """Return the blocks of a language of a page in docs/."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def paste(
    blocks: list[str],
    folder: Path,
    given: dict[str, str],
    *,
    seconds: int = 60,
    typed: str = "",
    variables: dict[str, str] | None = None,
) -> str:
    """Run blocks one after the other in one shell, with what the reader was given in place of the examples, and types."""
    script = "set -eu\n" + "\n".join(blocks)
    for name, value in given.items():
        # A later line may set it again, from an answer.
        script, count = re.subn(rf"^{name}=[^$\s]\S*", f"{name}='{value}'", script, flags=re.MULTILINE)
        assert count == 1, f"the page does not set {name}"
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "-c", script],
        cwd=folder,
        env=variables,
        input=typed,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Reader:
    """Somebody with an empty home folder, a checkout's `client`, a wheel of it, and a virtual environment to install it into."""

    folder: Path
    environment: Path

    @property
    def variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LABELAPI_", "XDG_"))}
        return {
            **kept,
            "HOME": str(self.folder),
            "PATH": f"{self.environment / 'bin'}:{kept['PATH']}",
            "PIP_NO_CACHE_DIR": "1",
        }

    def paste(self, blocks: list[str], given: dict[str, str], *, typed: str = "", seconds: int = 400) -> str:
        """Run blocks as `paste` does."""
        return paste(blocks, self.folder, given, seconds=seconds, typed=typed, variables=self.variables)

    def labelapi(self, *arguments: str, given: dict[str, str]) -> str:
        """Run the command with a key, `url`, `key` and `secret`; return what it printed."""
        pair = {f"LABELAPI_{name.upper()}": given[name] for name in ("url", "key", "secret")}
        command = [str(self.environment / "bin" / "labelapi"), *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.variables, **pair},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def install_client(folder: Path) -> Path:
    """Return a virtual environment with the client, installed from its wheel, which is in the folder `wheel` below it."""
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True, capture_output=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--quiet", "--no-cache-dir"]
    wheel = environment / "wheel"
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", wheel, ROOT / "client"], check=True, capture_output=True)
    subprocess.run([*pip, "install", *wheel.glob("*.whl")], check=True, capture_output=True)
    return environment


def make_photos(folder: Path, names: list[str]) -> None:
    """Write small pictures, no two alike, below a folder."""
    for number, name in enumerate(names):
        content = io.BytesIO()
        Image.new("RGB", (40, 30), (20, 90, 40 + number)).save(content, "PNG")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.getvalue())
