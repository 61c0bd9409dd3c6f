"""Lines of the documentation, run as readers paste them."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.workers import ROOT


def blocks_of(page: str) -> list[str]:
    """Return the blocks of bash of a page in docs/."""
    return re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def paste(blocks: list[str], folder: Path, given: dict[str, str], *, seconds: int = 60) -> str:
    """Run blocks one after the other in one shell, with what the reader was given in place of the examples."""
    script = "set -eu\n" + "\n".join(blocks)
    for name, value in given.items():
        # A later line may set it again, from an answer.
        script, count = re.subn(rf"^{name}=[^$\s]\S*", f"{name}='{value}'", script, flags=re.MULTILINE)
        assert count == 1, f"the page does not set {name}"
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, "-c", script], cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
