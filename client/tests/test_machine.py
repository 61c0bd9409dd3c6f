"""What this machine may do to an upload or a download: full disks, unreadable files, files that change, odd names."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import CHECKOUT, PNG, Shell, picture
from test_upload import make_files, uploads_of

from labelapi import LabelAPI
from labelapi.local_files import LeftOut, local_files
from labelapi.upload import upload

NOBODY = 65534
LIMITED = """
import resource, sys
from labelapi.cli.main import run
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(run(sys.argv[2:]))
"""


def run_limited(shell: Shell, limit: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command where no file can become larger, as on a disk that is full then."""
    command = [sys.executable, "-c", LIMITED, str(limit), *(str(each) for each in arguments)]
    return subprocess.run(command, env=shell.environment, capture_output=True, text=True, check=False, cwd=CHECKOUT)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits.")
def test_disk_that_is_full_is_a_clear_line_and_nothing_is_half_there(shell: Shell, title: str, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        (tmp_path / "photos" / f"{number}.png").write_bytes(picture(number) + title.encode() + os.urandom(200_000))
    assert shell.run("upload", tmp_path / "photos", "--set", title, "--finish").code == 0
    made = shell.run("campaigns", "create", title, "--partner", "a@partner.example", "--images-from", f"set:{title}")
    assert made.code == 0, made.err
    folder = tmp_path / "work"
    ran = run_limited(shell, 100_000, "pull", title, folder)
    assert (ran.returncode, "cannot be written" in ran.stderr, "Traceback" in ran.stderr) == (1, True, False), (
        ran.stderr
    )
    assert "type the same command again" in ran.stderr
    assert list(folder.rglob("*.png")) == []
    assert [path for path in folder.rglob("*") if path.name.startswith(".labelapi-")] == []
    assert shell.run("pull", title, folder).code == 0
    assert len(list(folder.rglob("*.png"))) == 3


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="Only root can become somebody else.")
def test_files_that_cannot_be_read_are_named() -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom labelapi.local_files import local_files\n"
        # What Python loads when it is first needed is loaded while this program may read it.
        "list(local_files(Path(sys.argv[1])))\n"
        f"os.setuid({NOBODY})\n"
        "for each in local_files(Path(sys.argv[1])):\n    print(each.name, getattr(each, 'reason', 'image'))\n"
    )
    # Everybody may enter this folder, unlike those of pytest.
    with tempfile.TemporaryDirectory(prefix="labelapi-client-tests-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        make_files(folder, ("a.png", "locked.png", "folder/b.png"))
        (folder / "locked.png").chmod(0)
        (folder / "folder").chmod(0)
        ran = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=False)
    assert sorted(ran.stdout.splitlines()) == ["a.png image", "folder/ unreadable", "locked.png unreadable"], ran.stderr


def test_odd_files_are_left_out_by_reason(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    make_files(folder, ("a.png",))
    os.mkfifo(folder / "pipe.png")
    (folder / "gone.png").symlink_to(folder / "nowhere")
    long = "/".join(["long" * 50] * 6)
    make_files(folder, (f"{long}.png",))
    with open(os.fsencode(folder) + b"/\xff.png", "wb") as file:  # noqa: PTH123  # A path of bytes.
        file.write(PNG)
    reasons = {each.name[:9]: each.reason for each in local_files(folder) if isinstance(each, LeftOut)}
    assert reasons == {
        "pipe.png": "unreadable",
        "gone.png": "unreadable",
        f"{long}"[:9]: "bad name",
        next(name for name in reasons if "xff" in name or "udcff" in name or name.startswith("?")): "bad name",
    }


class Meddler:
    """Watches an upload, and does something when the first file was sent."""

    def __init__(self, meddle: Any) -> None:
        self._meddle = meddle

    def planned(self, files: int, size: int) -> None:
        self._meddle()

    def sent(self, count: int) -> None: ...

    def file_done(self, name: str, outcome: str) -> None: ...


def test_file_that_changes_or_vanishes_meanwhile_is_named(api: LabelAPI, title: str, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    make_files(folder, ("a.png", "b.png", "c.png"))

    def meddle() -> None:
        (folder / "a.png").unlink()
        (folder / "b.png").write_bytes(picture(1) + b" and more")

    summary = upload(api, folder, title, watcher=Meddler(meddle))
    assert (summary.sent, summary.left_out, summary.is_whole) == (1, {"unreadable": 2}, False)
    assert uploads_of(api, title).keys() == {"c.png"}


def test_set_that_is_finished_meanwhile_ends_the_upload(
    api: LabelAPI, shell: Shell, title: str, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    make_files(folder, tuple(f"{number}.png" for number in range(3000)))
    process = shell.start("upload", folder, "--set", title)
    deadline = time.monotonic() + 60
    while api.image_sets.titled(title) is None or not uploads_of(api, title):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    api.update_image_set_status(api.image_sets.find(title), {"new_status": "finished"})
    _, err = process.communicate(timeout=100)
    assert "Traceback" not in err
    assert (process.returncode, "finished" in err) in ((1, True), (5, True)), err


def test_threads_of_one_program_may_share_a_client(api: LabelAPI, title: str, tmp_path: Path) -> None:
    make_files(tmp_path / "photos", ("a.png", "b.png"))
    ended: list[int] = []

    def work(number: int) -> None:
        ended.append(upload(api, tmp_path / "photos", f"{title}-{number}", watcher=Meddler(lambda: None)).verified)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ended == [2, 2, 2, 2]
