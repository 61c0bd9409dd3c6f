"""Every command that was promised is there, explains itself, and prints tables, JSON and CSV with the promised exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import Shell, partner_of, picture
from test_account import foreign_server
from test_upload import make_files

from labelapi import LabelAPI, Profile
from labelapi.cli.examples import EXAMPLES
from labelapi.cli.main import labelapi
from labelapi.cli.statistics import describe_progress
from labelapi.transport import VERSION

PROMISED = {
    "": "login logout whoami upload pull push todo download audit completion",
    "image-sets": "list show create finish reopen delete problems uploads",
    "images": "list show sheet edit withdraw",
    "campaigns": "list show create add remove start progress finish reopen archive review compare relabel statistics restore",
    "snapshots": "create list show diff",
    "exports": "create list",
    "imports": "list show",
    "jobs": "list show watch retry cancel",
    "users": "list add show enable disable grant revoke",
    "keys": "list make rotate revoke",
}
PACKAGE = Path(__file__).parents[1] / "src" / "labelapi"


def leaves(group: click.Group, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, (*prefix, name))
        else:
            yield " ".join((*prefix, name)), command


COMMANDS = dict(leaves(labelapi))


def test_every_promised_command_is_there() -> None:
    promised = {f"{group} {name}".strip() for group, names in PROMISED.items() for name in names.split()}
    assert promised - COMMANDS.keys() == set()


def test_every_command_has_examples_and_no_example_is_of_another() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()


@pytest.mark.parametrize("path", COMMANDS)
def test_examples_are_what_the_command_takes(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Some commands look whether these are there.
    for name in ("labels.json", "classes.yaml"):
        (tmp_path / name).write_text("[]")
    (tmp_path / "yolo-folder").mkdir()
    command = COMMANDS[path]
    for example in EXAMPLES[path]:
        found = re.search(r"labelapi ([^|)]*)", example)
        assert found, example
        words = shlex.split(found[1].rstrip('"'))
        depth = len(path.split())
        assert words[:depth] == path.split()
        command.make_context(path, words[depth:], parent=click.Context(labelapi))


@pytest.mark.parametrize("path", COMMANDS)
def test_help_says_what_a_command_does_with_an_example(path: str, stranger: Shell) -> None:
    ran = stranger.run(*path.split(), "--help")
    assert ran.code == 0
    assert EXAMPLES[path][0] in ran.out
    assert "--json" in ran.out
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


LISTS = {
    "image-sets list": (),
    "image-sets problems": ("SET",),
    "images list": (),
    "queries list": (),
    "campaigns list": (),
    "campaigns submissions": ("CAMPAIGN",),
    "campaigns compare": ("CAMPAIGN",),
    "campaigns datasets": ("CAMPAIGN",),
    "snapshots list": (),
    "imports list": ("CAMPAIGN",),
    "jobs list": (),
    "users list": (),
    "audit": (),
    "todo": ("CAMPAIGN",),
}


@pytest.mark.parametrize("path", LISTS)
def test_lists_are_tables_json_and_csv(path: str, shell: Shell, campaign: Any, title: str) -> None:
    assert campaign["title"] == title
    asked = (*path.split(), *(title for _ in LISTS[path]))
    as_json = shell.run(*asked, "--json")
    assert as_json.code == 0, as_json.err
    rows = as_json.json
    assert isinstance(rows, list)
    as_csv = shell.run(*asked, "--csv")
    read = list(csv.DictReader(io.StringIO(as_csv.out)))
    assert (as_csv.code, len(read)) == (0, len(rows))
    assert all(None not in row and None not in row.values() for row in read)
    as_table = shell.run(*asked)
    assert as_table.code == 0
    assert "\x1b" not in as_table.out
    assert len(as_table.out.splitlines()) == (1 + min(len(rows), 100) if rows else 0)


SHOWN = {
    "whoami": (),
    "image-sets show": ("SET",),
    "campaigns show": ("CAMPAIGN",),
    "campaigns progress": ("CAMPAIGN",),
    "campaigns statistics": ("CAMPAIGN",),
}


@pytest.mark.parametrize("path", SHOWN)
def test_single_things_are_facts_json_and_csv(path: str, shell: Shell, campaign: Any, title: str) -> None:
    assert campaign["title"] == title
    asked = (*path.split(), *(title for _ in SHOWN[path]))
    assert isinstance(shell.run(*asked, "--json").json, dict)
    assert len(shell.run(*asked).out.splitlines()) > 1
    assert list(csv.reader(io.StringIO(shell.run(*asked, "--csv").out)))


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (("image-sets", "show", "999999"), 1, "999999"),
        (("image-sets", "show", "no-such-set"), 1, "labelapi image-sets list"),
        (("campaigns", "show", "no-such-campaign"), 1, "labelapi campaigns list"),
        (("users", "show", "no@such.example"), 1, "labelapi users list"),
        (("snapshots", "show", "no-such-name"), 1, "labelapi snapshots list"),
        (("jobs", "retry", "999999999"), 1, "999999999"),
        (("jobs", "show", "one"), 2, "not a valid integer"),
        (("jobs",), 2, "Usage"),
        (("nonsense",), 2, "No such command"),
        (("images", "list", "nonsense:1"), 2, "Known names"),
        (("campaigns", "statistics", "1", "--plot", "page.doc"), 2, "png"),
    ],
)
def test_errors_say_what_to_do_with_the_right_exit_code(
    shell: Shell, asked: tuple[str, ...], code: int, words: str
) -> None:
    ran = shell.run(*asked)
    assert (ran.code, words in ran.err) == (code, True), ran.err
    as_json = shell.run(*asked, "--json")
    assert (as_json.code, as_json.out) == (code, "")
    assert json.loads(as_json.err)["title"]


def test_progress_has_bars_speed_and_an_end(shell: Shell, campaign: Any, title: str) -> None:
    shown = shell.run("campaigns", "progress", title)
    assert re.search(r"unlabeled +█{40} 3", shown.out), shown.out
    assert re.search(r"Images/hour +unknown", shown.out)
    partner = partner_of(shell, campaign)
    image_id = partner.run("todo", "--json").json[0]["image_id"]
    box: Any = {"label": "PET", "bounding_box": {"xmin": 0, "ymin": 0, "xmax": 1, "ymax": 1}}
    with client_of(partner) as api:
        api.put_campaign_objects(campaign["campaign_id"], [{"image_id": image_id, "objects": [box]}])
    value = shell.run("campaigns", "progress", title, "--json").json
    assert value["progress"]["done"] == 1
    assert value["images_per_hour"] > 0
    assert value["date_expected"] > campaign["date_created"]
    assert re.search(r"PET +█{40} 1", shell.run("campaigns", "progress", title).out)


def client_of(shell: Shell) -> LabelAPI:
    values = shell.variables
    return LabelAPI(Profile(values["LABELAPI_URL"], values["LABELAPI_KEY"], values["LABELAPI_SECRET"]))


def test_forecast_is_by_the_clock_of_the_service(api: LabelAPI, campaign: Any) -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
    progress = {**campaign["progress"], "done": 10, "total": 30}
    started = (now - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    running = {**campaign, "progress": progress, "status": "active", "date_started": started, "date_completed": None}
    counts = api.get_campaign_statistics(campaign["campaign_id"])
    found = describe_progress(running, counts, now)  # type: ignore[arg-type]
    assert (found["images_per_hour"], found["date_expected"]) == (5.0, "2026-11-30T16:00:00Z")
    assert api.transport.service_time is not None
    assert api.transport.service_time.tzinfo is not None


def test_nothing_depends_on_the_clock_of_this_machine() -> None:
    # A clock that is a day off changes nothing, because nobody looks at it; links are renewed when the storage refuses them.
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text().replace("api.transport.service_time or datetime.now(timezone.utc)", "")
        assert not re.search(r"time\.time\(|datetime\.now\(|utcnow|date\.today", text), path


@pytest.mark.skipif(shutil.which("bash") is None, reason="There is no bash.")
def test_bash_completes_commands_and_options(stranger: Shell, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "labelapi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m labelapi.cli.main "$@"\n')
    program.chmod(0o755)
    script = """
        eval "$(labelapi completion bash)"
        complete -p labelapi > /dev/null || exit 1
        COMP_WORDS=(labelapi camp); COMP_CWORD=1; _labelapi_completion labelapi; echo "${COMPREPLY[@]}"
        COMP_WORDS=(labelapi campaigns st); COMP_CWORD=2; COMPREPLY=(); _labelapi_completion labelapi; echo "${COMPREPLY[@]}"
        COMP_WORDS=(labelapi upload --fin); COMP_CWORD=2; COMPREPLY=(); _labelapi_completion labelapi; echo "${COMPREPLY[@]}"
    """
    path = f"{program.parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", script], env={**stranger.environment, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == ["campaigns", "start statistics", "--finish"], ran.stderr


def test_interrupted_watch_says_how_to_go_on(shell: Shell, campaign: Any, title: str) -> None:
    process = shell.start("campaigns", "progress", title, "--watch")
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "--watch" in err, "Traceback" in err) == (130, True, False), err


def test_full_disk_behind_standard_output_is_a_clear_line(shell: Shell) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("This system has no full device.")
    with open("/dev/full", "w") as full:  # noqa: PTH123  # It is a device.
        process = shell.start("image-sets", "list", "--json", stdout=full)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, "No space left" in err, "Traceback" in err) == (1, True, False), err


def test_reader_that_has_enough_is_no_error(shell: Shell, campaign: Any) -> None:
    assert campaign
    command = f"{shlex.quote(sys.executable)} -m labelapi.cli.main jobs list --json | head -c 1"
    ran = subprocess.run(["sh", "-c", command], env=shell.environment, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("[", "")


@pytest.mark.parametrize("version", ["0.9.0", "2.5.0"])
def test_other_version_of_the_service_is_said(stranger: Shell, version: str) -> None:
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"name": "LabelAPI", "version": version}).encode()
    with foreign_server(200, headers, body) as (url, seen):
        pair = {"LABELAPI_URL": url, "LABELAPI_KEY": "lsk_" + "a" * 22, "LABELAPI_SECRET": "lss_" + "b" * 49}
        ran = Shell(stranger.home, pair).run("queries", "show", "x")
    assert version in ran.err
    assert VERSION in ran.err
    assert len(seen) == 2


def test_operation_that_an_older_service_does_not_know_is_said(stranger: Shell) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # The name is the library's.
            is_version = self.path == "/info/version"
            body = json.dumps({"name": "LabelAPI", "version": "1.0.99"} if is_version else {"detail": "No such path."})
            self.send_response(200 if is_version else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        pair = {"LABELAPI_URL": url, "LABELAPI_KEY": "lsk_" + "a" * 22, "LABELAPI_SECRET": "lss_" + "b" * 49}
        ran = Shell(stranger.home, pair).run("queries", "show", "x")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (ran.code, "1.0.99" in ran.err, "No such path." in ran.err) == (1, True, True), ran.err


def test_uploads_of_an_open_set_are_listed(shell: Shell, title: str, tmp_path: Path) -> None:
    make_files(tmp_path / "photos", ("a.png", "b.png"))
    assert shell.run("upload", tmp_path / "photos", "--set", title).code == 0
    assert [each["name"] for each in shell.run("image-sets", "uploads", title, "--json").json] == ["a.png", "b.png"]
    rows = list(csv.DictReader(io.StringIO(shell.run("image-sets", "uploads", title, "--csv").out)))
    assert [row["size"] for row in rows] == [str(len(picture(0)))] * 2
    assert "b.png" in shell.run("image-sets", "uploads", title).out


def test_jobs_are_cancelled_retried_and_watched(api: LabelAPI, shell: Shell, title: str, tmp_path: Path) -> None:
    make_files(tmp_path / "photos", tuple(f"{number}.png" for number in range(1500)))
    assert shell.run("upload", tmp_path / "photos", "--set", title, "--quiet").code == 0
    imageset_id = api.image_sets.find(title)
    api.update_image_set_status(imageset_id, {"new_status": "finished"})
    subject = {"type": "image_set", "id": imageset_id}
    deadline = time.monotonic() + 200
    found: list[Any] = []
    while not found:
        assert time.monotonic() < deadline
        found = [job for job in api.jobs(kind="inspect_image_set") if job["subject"] == subject]
    job_id = found[0]["job_id"]
    assert shell.run("jobs", "cancel", job_id).code == 2
    cancelled = shell.run("jobs", "cancel", job_id, "--yes")
    assert cancelled.code == 0, cancelled.err
    watched = shell.run("jobs", "watch", job_id, "--json")
    assert (watched.code, watched.lines[-1]["state"]) == (1, "cancelled"), watched.err
    assert shell.run("jobs", "cancel", job_id, "--yes").code == 1
    retried = shell.run("jobs", "retry", job_id)
    assert (retried.code, f"labelapi jobs watch {job_id}" in retried.out) == (0, True), retried.err
    watched = shell.run("jobs", "watch", job_id, "--json")
    assert (watched.code, watched.lines[-1]["state"]) == (0, "succeeded"), watched.err
    assert all(image["file"]["sha256"] for image in api.image_sets[imageset_id].images())
