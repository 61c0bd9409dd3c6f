"""What takes minutes: 10,000 files that are killed twice, and speed and memory beside a bare loop over the storage SDK."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import CHECKOUT, Shell, picture
from test_datasets import label_set
from test_upload import uploads_of

from labelapi import LabelAPI

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(sys.platform != "linux", reason="Only Linux says how much memory a program had at most."),
]

FILES, FILE_BYTES = 5000, 200_000
MOST_TIMES_THE_BARE_LOOP = 1.3
# Ten times the files may take so much more memory.
MOST_GROWTH, MORE_KILOBYTES = 1.15, 10 * 1024
MEASURED = r"""
import re, sys, time
from pathlib import Path
began = time.monotonic()
from labelapi.cli.main import run
code = run(sys.argv[1:])
seconds = time.monotonic() - began
# What getrusage knows includes the program that started this one.
kilobytes = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]
print("MEASURED", seconds, kilobytes, file=sys.stderr)
sys.exit(code)
"""


def make_large(folder: Path, count: int, mark: str) -> None:
    """Make files of 200 kB that are images, each with something of its own, in folders of a thousand."""
    for number in range(count):
        path = folder / str(number // 1000) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        head = picture(number) + mark.encode()
        path.write_bytes(head + os.urandom(FILE_BYTES - len(head)))


def measured(shell: Shell, *arguments: object) -> tuple[float, int]:
    """Run a command in a program of its own; return its seconds and the kilobytes that it had at most."""
    command = [sys.executable, "-c", MEASURED, *(str(each) for each in arguments)]
    ran = subprocess.run(command, env=shell.environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    _, seconds, kilobytes = next(line for line in ran.stderr.splitlines() if line.startswith("MEASURED")).split()
    return float(seconds), int(kilobytes)


def bare_loop(*arguments: object) -> float:
    python = os.environ.get("SERVICE_PYTHON") or str(CHECKOUT / ".venv" / "bin" / "python")
    command = [python, str(Path(__file__).parent / "bare_loop.py"), *(str(each) for each in arguments)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_speed_and_memory_of_upload_and_download(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    large, small = tmp_path / "large", tmp_path / "small"
    make_large(large, FILES, title)
    make_large(small, FILES // 10, f"{title}-small")
    link = api.create_image_set({"title": f"{title}-bare"})["dropbox_url"]
    bare_up = bare_loop("upload", link, large)
    up, up_kilobytes = measured(shell, "upload", large, "--set", title, "--quiet")
    _, small_kilobytes = measured(shell, "upload", small, "--set", f"{title}-small", "--quiet")
    print(
        f"upload: {up:.1f} s, bare {bare_up:.1f} s, {up / bare_up:.2f} times; {small_kilobytes} and {up_kilobytes} kB"
    )
    for name in (title, f"{title}-small"):
        assert shell.run("image-sets", "finish", name, "--quiet").code == 0
        label_set(shell, name)
    links = tmp_path / "links"
    images = api.images(image_set=api.image_sets.find(title), expand=["download_url"])
    links.write_text("\n".join(str(image["download_url"]) for image in images))
    bare_down = bare_loop("download", links, tmp_path / "bare")
    down, down_kilobytes = measured(shell, "download", title, tmp_path / "data", "--format", "yolo", "--quiet")
    _, small_down = measured(shell, "download", f"{title}-small", tmp_path / "few", "--format", "yolo", "--quiet")
    pulled, pull_kilobytes = measured(shell, "pull", title, tmp_path / "work", "--quiet")
    _, small_pull = measured(shell, "pull", f"{title}-small", tmp_path / "less", "--quiet")
    print(
        f"download: {down:.1f} s, bare {bare_down:.1f} s, {down / bare_down:.2f} times; {small_down} and {down_kilobytes} kB"
    )
    print(f"pull: {pulled:.1f} s, {pulled / bare_down:.2f} times; {small_pull} and {pull_kilobytes} kB")
    assert up <= bare_up * MOST_TIMES_THE_BARE_LOOP
    assert down <= bare_down * MOST_TIMES_THE_BARE_LOOP
    assert pulled <= bare_down * MOST_TIMES_THE_BARE_LOOP
    for few, many in ((small_kilobytes, up_kilobytes), (small_down, down_kilobytes), (small_pull, pull_kilobytes)):
        assert many <= few * MOST_GROWTH + MORE_KILOBYTES
    assert shell.run("download", title, tmp_path / "data", "--format", "yolo", "--check").code == 0


def test_ten_thousand_files_killed_twice_end_complete(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    count = 10_000
    for number in range(count):
        path = tmp_path / "photos" / str(number // 500) / f"frame {number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number) + title.encode())
    command = ("upload", tmp_path / "photos", "--set", title, "--json")
    there = 0
    for _ in range(2):
        process = shell.start(*command)
        deadline = time.monotonic() + 200
        while process.poll() is None and time.monotonic() < deadline:
            if api.image_sets.titled(title) and len(uploads_of(api, title)) > there + 1000:
                break
            time.sleep(0.2)
        assert process.poll() is None, "it ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.communicate()
        there = len(uploads_of(api, title))
    assert there < count
    last = shell.run(*command, "--finish").lines[-1]
    assert (last["upload"]["sent"] + last["upload"]["there"], last["upload"]["verified"]) == (count, count)
    assert last["upload"]["there"] >= there
    assert (last["image_set"]["ingest"]["images"], last["problems"]) == (count, [])
