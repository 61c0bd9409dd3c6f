"""What `make run` says and does when a machine is not as it should be: one line that names the remedy."""

import errno
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local import __main__, account, azurite, postgres, processes
from local.account import Account, require_access, server_account
from local.azurite import AzuriteServer, find_node, install_node_packages, running_azurite
from local.folder import DataFolder, StartError, describe, read_json, scratch_folder, write_private
from local.launcher import _json_line, last_line, require_free_port
from local.options import read_options
from local.postgres import PostgresServer, make_database
from local.processes import Part, require_room, stop_leftovers, tail, wait_until_ready
from tests.launcher import launched, run_launcher
from tests.web_server import free_port

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take other accounts")


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    with scratch_folder() as path:
        folder = DataFolder(path)
        folder.make()
        yield folder


def program(path: Path, script: str) -> Path:
    """Write a program that the tests can start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def part(folder: DataFolder, *command: str) -> Part:
    return Part("web", list(command), folder, {"PATH": os.defpath}, folder.path, grace_seconds=0.3)


def first_line(trouble: pytest.ExceptionInfo[StartError]) -> str:
    assert "\n" not in str(trouble.value)
    return str(trouble.value)


# The command


def test_unknown_command_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["walk"]) == 2
    assert capsys.readouterr().err == f"usage: python -m local {' | '.join(__main__.COMMANDS)}\n"


@pytest.mark.parametrize(
    ("trouble", "status", "words"),
    [
        (StartError("No room."), 1, "No room.\n"),
        (KeyboardInterrupt(), 130, ""),
        (OSError(errno.EACCES, "Permission denied", "/var/x"), 1, "Not allowed to write or read /var/x"),
        (OSError(errno.ENOSPC, "No space", "/var/x"), 1, "The disk is full (/var/x): make room"),
        (OSError(errno.EIO, "Input/output error"), 1, "Input/output error.\n"),
    ],
)
def test_trouble_is_one_line_and_a_status(
    trouble: BaseException, status: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise trouble

    monkeypatch.setitem(__main__.COMMANDS, "run", fail)
    assert __main__.main(["run"]) == status
    said = capsys.readouterr().err
    assert said.startswith(words)
    assert said.count("\n") == bool(words)


def test_data_folder_that_is_a_file_is_one_line(folder: DataFolder) -> None:
    (folder.path / "file").write_text("")
    status, said = run_launcher(folder.path / "file", free_port())
    assert (status, said.count("\n")) == (1, 1)
    assert "DATA_DIR must be a folder" in said


@ROOT
def test_data_folder_of_another_user_is_left_to_them(folder: DataFolder) -> None:
    with folder.locked():
        pass
    os.chown(folder.path / "lock", 65534, 65534)
    with pytest.raises(StartError, match="belongs to the user with the id 65534"), folder.locked():
        pass


@pytest.mark.parametrize("content", [None, "", "[1]", "{broken"])
def test_broken_file_counts_as_none(folder: DataFolder, content: str | None) -> None:
    path = folder.path / "some.json"
    if content is not None:
        path.write_text(content)
    assert read_json(path) == {}
    assert tail(folder.path / "nothing.log") == ""


def test_private_file_that_cannot_be_written_leaves_nothing(folder: DataFolder) -> None:
    (folder.path / "kept").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        write_private(folder.path / "kept", "text")
    assert [path.name for path in folder.path.iterdir() if path.name.startswith(".")] == []
    assert describe(OSError(errno.EROFS, "Read-only file system")).startswith("Not allowed to write or read a file")


# Accounts


@ROOT
def test_account_of_the_data_is_taken_again(folder: DataFolder) -> None:
    folder.postgres.mkdir()
    os.chown(folder.postgres, 64999, 64999)
    assert server_account(folder.postgres) == Account("64999", 64999, 64999)


def test_account_of_this_process_needs_no_change(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    own = server_account(folder.postgres)
    assert own == Account("")
    assert own.for_subprocess() == {}
    own.take(folder.path / "nothing there")
    require_access(own, folder.path / "nothing there", "none")


@ROOT
def test_machine_without_such_an_account_is_one_line(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "ACCOUNTS", ("labelapi-no-such-account",))
    with pytest.raises(StartError, match="has no account labelapi-no-such-account") as trouble:
        server_account(folder.postgres)
    first_line(trouble)


# PostgreSQL


def test_missing_packages_name_the_remedy(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(azurite, "PROGRAM", folder.path / "nowhere")
    for start in (lambda: PostgresServer(folder), find_node, AzuriteServer(folder).prepare):
        with pytest.raises(StartError, match="run `make install`") as trouble:
            start()
        first_line(trouble)


def test_cluster_that_cannot_be_made_leaves_nothing(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "INITDB", ["--no-such-option"])
    server = PostgresServer(folder)
    with pytest.raises(StartError, match=r"The database could not be created: .*no-such-option") as trouble:
        server.prepare()
    first_line(trouble)
    assert not server.data.exists()
    assert postgres._reason("initdb: error: write: No space left on device") == "the disk is full."


def test_database_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(StartError, match="PostgreSQL refused") as trouble:
        make_database("postgresql://127.0.0.1:9/nowhere", "labelapi")
    first_line(trouble)


def test_socket_folder_outlives_a_crash_and_needs_a_short_path(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = DataFolder(folder.path / ("d" * 120))
    deep.make()
    long = folder.path / ("t" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    server = PostgresServer(deep)
    first = server._socket_folder()
    assert first.parent == Path("/tmp")  # noqa: S108  # That a short one is taken is what the test asks for.
    assert server._socket_folder() == first
    first.rmdir()
    second = server._socket_folder()
    assert second != first
    server.socket_folder = second
    server.remove_socket_folder()
    assert not second.exists()


# Azurite


@pytest.mark.parametrize(("version", "is_taken"), [("v24.1.0", True), ("v12.0.0", False), ("none", False)])
def test_node_of_the_machine_is_taken_when_it_is_new_enough(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, version: str, is_taken: bool
) -> None:
    node = program(folder.path / "bin" / "node", f"echo {version}")
    npm = program(folder.path / "bin" / "npm", "exit 0")
    monkeypatch.setenv("PATH", str(node.parent))
    found = find_node()
    assert (found.program == str(node)) == is_taken
    assert (found.npm == (str(npm),)) == is_taken


@pytest.mark.parametrize("status", [0, 3])
def test_npm_installs_what_is_pinned_and_leaves_no_cache(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    node = program(folder.path / "bin" / "node", "echo v99.0.0")
    program(
        folder.path / "bin" / "npm",
        f'for o; do case $o in --cache=*) mkdir "${{o#--cache=}}";; esac; done; echo "$@" > said; exit {status}',
    )
    monkeypatch.setenv("PATH", f"{node.parent}:{os.defpath}")
    source, installed = Path(azurite.__file__).parent, folder.path / "installed"
    if status:
        with pytest.raises(StartError, match="npm ci ended with status 3"):
            install_node_packages(source, installed)
    else:
        install_node_packages(source, installed)
    assert (installed / "said").read_text().startswith("ci --ignore-scripts")
    assert {path.name for path in installed.iterdir()} == {*azurite.PACKAGE_FILES, "said"}


def test_port_that_is_lost_between_choosing_and_binding_is_chosen_anew(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_free, looked = azurite._is_free, iter([True])
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        known = {"port": taken, "name": "labelapi", "key": "a2V5"}
        write_private(folder.path / "azurite.json", json.dumps(known))
        monkeypatch.setattr(azurite, "_is_free", lambda port: next(looked, False) or is_free(port))
        with running_azurite(folder.path) as connection_string:
            assert "AccountName=labelapi;AccountKey=a2V5;" in connection_string
            assert f":{taken}/" not in connection_string


def test_no_free_port_is_one_line(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr(azurite, "PORTS", range(port, port + 1))
        with pytest.raises(StartError, match=f"No port is free for Azurite between {port} and {port}"):
            AzuriteServer(folder).prepare()


# Processes


def test_program_that_cannot_be_started_is_named(folder: DataFolder) -> None:
    missing = part(folder, "/nowhere/program")
    assert missing.exit_status is None
    missing.stop()
    missing.clear()
    with pytest.raises(StartError, match=r"web cannot be started: No such file or directory \(/nowhere/program\)"):
        missing.start()


def test_log_that_has_grown_large_is_put_aside(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOG_LIMIT_BYTES", 10)
    log = folder.log_file("web")
    log.write_text("many words from before")
    short_lived = part(folder, "/bin/echo", "new")
    short_lived.start()
    assert short_lived.process
    short_lived.process.wait()
    assert log.read_text() == "new\n"
    assert log.with_suffix(".log.1").read_text() == "many words from before"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo first; echo last; exit 3", "exit status 3: last"),
        ("exit 4", "exit status 4"),
        ("kill -9 $$", "killed by SIGKILL"),
        ("echo write: No space left on device; exit 1", "the disk is full"),
    ],
)
def test_program_that_ends_too_early_says_why(folder: DataFolder, script: str, words: str) -> None:
    early = part(folder, "/bin/sh", "-c", script)
    early.start()
    with pytest.raises(StartError, match=f"web did not start: {words}"):
        wait_until_ready(early, lambda: False, 30)


def test_program_that_never_answers_is_given_up(folder: DataFolder) -> None:
    silent = part(folder, "/bin/sleep", "60")
    silent.start()
    with pytest.raises(StartError, match="web did not answer within 0 s"):
        wait_until_ready(silent, lambda: False, 0.2)
    silent.stop()
    assert not folder.pid_file("web").exists()


def test_program_that_does_not_end_is_ended(folder: DataFolder) -> None:
    stubborn = part(
        folder, sys.executable, "-c", "import signal, time\nsignal.signal(15, signal.SIG_IGN)\ntime.sleep(60)"
    )
    stubborn.start()
    assert stubborn.process
    wait_until_it_ignores(psutil.Process(stubborn.process.pid))
    stubborn.stop()
    assert stubborn.exit_status == -9


def wait_until_it_ignores(process: psutil.Process) -> None:
    """Wait until the process ignores SIGTERM, which Linux tells in its status file."""
    ignored = 1 << 14
    while (
        not int(subprocess.check_output(["/bin/grep", "SigIgn", f"/proc/{process.pid}/status"]).split()[1], 16)
        & ignored
    ):
        assert process.is_running()


def test_leftovers_that_do_not_end_are_ended(folder: DataFolder) -> None:
    script = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\ntime.sleep(60)"
    left = part(folder, sys.executable, "-c", script)
    left.start()
    assert left.process
    wait_until_it_ignores(psutil.Process(left.process.pid))
    assert stop_leftovers(folder, grace_seconds=0.3) == ["web"]
    assert left.process.wait(10) == -9
    assert stop_leftovers(folder) == []


def test_full_disk_is_one_line(folder: DataFolder) -> None:
    with pytest.raises(StartError, match=r"The disk is full: .* are free in .*, and .* are needed") as trouble:
        require_room(folder, 2**60)
    first_line(trouble)
    assert last_line("writing: No space left on device\nmore") == "the disk is full."
    assert last_line("  \n") == "it printed nothing"
    assert last_line("one\nError: two\n") == "two"


# The launcher


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"BIND_HOST": "192.0.2.1"}, "BIND_HOST must be an address of this machine, not '192.0.2.1'"),
        ({"BIND_HOST": "no such host"}, "BIND_HOST must be an address of this machine, not 'no such host'"),
    ],
)
def test_address_of_another_machine_is_one_line(choice: dict[str, str], words: str) -> None:
    with pytest.raises(StartError, match=words) as trouble:
        require_free_port(read_options({**choice, "PORT": str(free_port())}))
    first_line(trouble)


def test_port_for_root_only_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    # Tests may run as root, who may listen anywhere.
    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(StartError, match="Port 80 is for root only") as trouble:
        require_free_port(read_options({"PORT": "80"}))
    first_line(trouble)


@pytest.mark.parametrize("printed", ["", "no json\n", "[]\n", '{"email": "a@b.example"}\n'])
def test_answer_that_holds_no_key_is_named(printed: str) -> None:
    with pytest.raises(StartError, match="No key: ") as trouble:
        _json_line(printed, "No key")
    first_line(trouble)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_lost_key_and_taken_port_are_mended_at_the_next_start(folder: DataFolder) -> None:
    with launched(folder.path, free_port()) as launch:
        first = launch.admin
    write_private(folder.admin_file, json.dumps({**first, "apikey": "lsk_0000000000000000000000"}))
    port = read_json(folder.path / "azurite.json")["port"]
    with socket.socket() as other:
        # Connections of before may linger there.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with launched(folder.path, free_port()) as launch:
            assert launch.status("/api/v1/whoami") == 200
            assert launch.admin["apikey"] != first["apikey"]
            assert f"port {port} is taken" in launch.said
            assert "another database, or was revoked" in launch.said
