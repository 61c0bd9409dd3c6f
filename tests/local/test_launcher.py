"""What `make run` starts: the parts alone, and the launcher with the whole application, from the first start to its end."""

import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import psycopg2
import pytest
from azure.storage.blob import BlobServiceClient

from local.azurite import AzuriteServer, running_azurite
from local.folder import CHECKOUT, FOLDER_MODE, DataFolder, StartError, scratch_folder, write_private
from local.options import fingerprint, read_options
from local.postgres import make_database, make_schema, running_postgres
from tests.launcher import (
    START_SECONDS,
    STOP_SECONDS,
    Launch,
    environment,
    launched,
    run_launcher,
    start_launcher,
    wait_for,
    wait_until_it_runs,
)
from tests.web_server import free_port

PARTS = ("web", "worker", "azurite", "postgres")


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as path:
        yield path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# PostgreSQL alone


def test_postgres_answers_every_client_and_keeps_its_data(folder: Path) -> None:
    with running_postgres(folder / "data", durable=False) as url:
        make_schema(url, "labels")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE labels.kept AS SELECT 1 AS id")
    with running_postgres(folder / "data", {"max_connections": "37"}) as url:
        older_client = psycopg2.connect(url)
        with older_client.cursor() as cursor:
            cursor.execute("SELECT (SELECT id FROM labels.kept), current_setting('max_connections')")
            assert cursor.fetchone() == (1, "37")
            cursor.execute("SELECT current_setting('fsync'), current_setting('listen_addresses')")
            assert cursor.fetchone() == ("on", "")
        older_client.close()
        make_database(url, "second")
        make_database(url, "second")
        make_schema(url, "labels")


@pytest.mark.parametrize("name", ["n" * 120, "a b,c"])
def test_socket_of_an_unfit_path_goes_to_a_private_temporary_folder(folder: Path, name: str) -> None:
    with running_postgres(folder / name, durable=False) as url:
        socket_folder = Path(url.partition("?host=")[2])
        assert not socket_folder.is_relative_to(folder)
        assert mode(socket_folder) == 0o700
        psycopg2.connect(url).close()
    assert not socket_folder.exists()


def test_data_of_another_version_are_left_alone(folder: Path) -> None:
    data = folder / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    with pytest.raises(StartError, match=r"belongs to PostgreSQL 15.*DATA_DIR"), running_postgres(folder):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root hands PostgreSQL over to another account.")
def test_closed_folder_above_is_named_and_left_closed(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o700)
    with (
        pytest.raises(StartError, match=f"cannot enter the folder {closed}: .*DATA_DIR"),
        running_postgres(closed / "d"),
    ):
        pass
    assert mode(closed) == 0o700


# Azurite alone


def test_azurite_keeps_its_port_its_key_and_its_blobs(folder: Path) -> None:
    with running_azurite(folder) as first:
        client = BlobServiceClient.from_connection_string(first)
        client.create_container("kept").upload_blob("a.txt", b"words")
        client.close()
    with running_azurite(folder) as second:
        assert second == first
        client = BlobServiceClient.from_connection_string(second)
        assert client.get_blob_client("kept", "a.txt").download_blob().readall() == b"words"
        client.close()
    assert "devstoreaccount1" not in first
    assert mode(folder / "azurite.json") == 0o600


def test_azurite_moves_when_its_port_is_taken(folder: Path) -> None:
    server = AzuriteServer(DataFolder(folder))
    server.prepare()
    port = server.account.port
    with socket.create_server(("127.0.0.1", port)):
        again = AzuriteServer(DataFolder(folder))
        again.prepare()
    assert again.moved_from == port
    assert again.account.port != port
    assert again.account.key == server.account.key


# What is chosen, and where it lies


def test_settings_of_the_embedded_parts_are_not_taken_for_given_ones() -> None:
    sourced = {"DB_CONNECTION_STRING": "postgresql://own", "LABELAPI_EMBEDDED": fingerprint("postgresql://own")}
    assert not read_options(sourced).has_database
    assert read_options({**sourced, "DB_CONNECTION_STRING": "postgresql://given"}).has_database
    assert read_options({"AZURE_STORAGE_ACCOUNT_URL": "https://account.example"}).has_storage


@pytest.mark.parametrize("port", ["", "8o80", "0", "65536", "-1", "٨٠", "8080.0", "1" * 5000])
def test_bad_port_is_one_line(port: str) -> None:
    if not port:
        assert read_options({"PORT": port}).port == 8080
        return
    with pytest.raises(StartError, match="PORT must be a whole number from 1 to 65535"):
        read_options({"PORT": port})


def test_private_file_is_replaced_whole(folder: Path) -> None:
    path = folder / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o600)
    assert list(folder.iterdir()) == [path]


def fake_python(folder: Path, name: str, version: str, *, has_venv: bool) -> None:
    """Write a command that answers as a Python of that version would."""
    answer = f"case $2 in *version*) echo {version} ;; *) exit {int(not has_venv)} ;; esac"
    (folder / name).write_text(f"#!/bin/sh\n{answer}\n")
    (folder / name).chmod(0o755)


def find_python(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(CHECKOUT / "local" / "find_python.sh")]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


def test_newest_python_that_works_is_chosen(folder: Path) -> None:
    (folder / "python3.13").write_text("#!/bin/sh\necho 'python3.13: command not found' >&2\nexit 127\n")
    (folder / "python3.13").chmod(0o755)
    fake_python(folder, "python3.12", "3.12", has_venv=False)
    fake_python(folder, "python3.11", "3.11", has_venv=True)
    assert find_python(folder).stdout == "python3.11\n"


@pytest.mark.parametrize(
    ("version", "words"),
    [("3.12", "Python 3.12 is here without its module venv"), ("3.10", "this machine has Python 3.10"), (None, "none")],
)
def test_unsuited_python_is_one_line(folder: Path, version: str | None, words: str) -> None:
    if version:
        fake_python(folder, "python3", version, has_venv=False)
    result = find_python(folder)
    assert result.returncode == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


# The launcher


def started_from(folder: Path) -> list[psutil.Process]:
    """Every process that works for this data folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = (*process.cmdline(), *process.environ().values(), process.cwd())
            if str(folder) in " ".join(words) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    """One launcher for all tests that leave it running."""
    with scratch_folder() as folder, launched(folder / "data", free_port()) as launch:
        yield launch


def test_admin_file_is_private_and_its_key_works(launch: Launch) -> None:
    assert mode(launch.folder / "admin.json") == 0o600
    assert mode(launch.folder) == FOLDER_MODE
    assert sorted(launch.admin) == ["apikey", "apisecret", "email", "url"]
    assert launch.admin["url"] == launch.url
    assert launch.status("/api/v1/whoami") == 200
    assert is_well(launch)


def is_well(launch: Launch) -> bool:
    """True when the status page is 200; a process whose first checks have not ended yet answers 503."""
    deadline = time.monotonic() + 60
    while launch.status("/info/status") != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    return launch.status("/info/status") == 200


def test_pages_of_this_service_may_upload_to_the_storage(launch: Launch) -> None:
    settings = dict(line.split("=", 1) for line in (launch.folder / "env").read_text().splitlines() if "=" in line)
    connection_string = settings["AZURE_STORAGE_CONNECTION_STRING"].strip("'")
    with BlobServiceClient.from_connection_string(connection_string) as client:
        [rule] = client.get_service_properties()["cors"]
    port = launch.url.rpartition(":")[2]
    assert rule.allowed_origins == f"http://127.0.0.1:{port},http://localhost:{port}"


def test_env_file_is_private_and_makes_flask_and_psql_work(launch: Launch) -> None:
    env_file = launch.folder / "env"
    assert mode(env_file) == 0o600
    query = 'SELECT email FROM "user" WHERE id = 1'
    script = f"""set -a; . '{env_file}'; cd /; flask users list | head -1 && psql -Atc '{query}'"""
    result = subprocess.run(["/bin/sh", "-c", script], env=environment(), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    user, email = result.stdout.splitlines()
    assert json.loads(user)["email"] == email == launch.admin["email"]


def test_pid_files_name_the_parts(launch: Launch) -> None:
    signs = {"web": "gunicorn", "worker": "worker", "azurite": "azurite", "postgres": "postgres"}
    for part, sign in signs.items():
        assert sign in " ".join(psutil.Process(launch.pid(part)).cmdline())


def test_second_start_says_where_the_first_one_runs(launch: Launch) -> None:
    status, said = run_launcher(launch.folder, free_port())
    assert status == 1
    assert f"already runs from {launch.folder}: {launch.url} (process {launch.process.pid})" in said
    assert said.count("\n") == 1


def test_taken_port_is_one_line_and_nothing_is_started(launch: Launch, folder: Path) -> None:
    status, said = run_launcher(folder, launch.port)
    assert status == 1
    assert f"Port {launch.port} is taken by another program" in said
    assert said.count("\n") == 1
    assert not (folder / "postgres").exists()


def test_missing_settings_of_given_parts_are_named_in_one_line(folder: Path) -> None:
    status, said = run_launcher(
        folder,
        free_port(),
        DB_CONNECTION_STRING="postgresql://nobody@127.0.0.1:1/none",
        AZURE_STORAGE_ACCOUNT_URL="https://account.example",
    )
    assert status == 1
    assert all(name in said.splitlines()[-1] for name in ("DB_SCHEMA", "AZURE_STORAGE_IMAGESET_CONTAINER"))
    assert not (folder / "postgres").exists()


@pytest.mark.slow
def test_given_database_and_storage_are_used_instead(folder: Path) -> None:
    given = folder / "given"
    with running_postgres(given, durable=False) as url, running_azurite(given) as connection_string:
        make_schema(url, "elsewhere")
        with launched(
            folder / "data",
            free_port(),
            DB_CONNECTION_STRING=url,
            DB_SCHEMA="elsewhere",
            AZURE_STORAGE_CONNECTION_STRING=connection_string,
            AZURE_STORAGE_IMAGESET_CONTAINER="elsewhere",
            AZURE_STORAGE_IMAGESET_FOLDER="there",
        ) as launch:
            assert launch.status("/api/v1/whoami") == 200
        with psycopg.connect(url) as connection:
            assert connection.execute('SELECT count(*) FROM elsewhere."user"').fetchone() == (1,)
    assert not (folder / "data" / "postgres").exists()
    assert not (folder / "data" / "azurite").exists()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_dead_parts_come_back_with_their_data(folder: Path) -> None:
    with launched(folder / "data", free_port()) as launch:
        for part in PARTS:
            before = psutil.Process(launch.pid(part))
            before.kill()
            wait_for(lambda pid=before.pid, part=part: launch.pid(part) != pid, START_SECONDS, f"{part} stays away")  # type: ignore[misc]
        wait_for(lambda: launch.status("/api/v1/whoami") == 200, START_SECONDS, "the service stays away")
        assert launch.process.poll() is None


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_leftovers_of_a_killed_launcher_are_taken_over_and_ctrl_c_stops_all(folder: Path) -> None:
    first = start_launcher(folder / "data", free_port())
    try:
        wait_until_it_runs(first)
    finally:
        first.process.kill()
        first.process.communicate()
    admin = first.admin
    assert started_from(first.folder)
    with launched(first.folder, first.port) as second:
        assert second.admin == admin
        assert second.status("/api/v1/whoami") == 200
        second.process.send_signal(signal.SIGINT)
        second.process.send_signal(signal.SIGINT)
        said = second.process.communicate(timeout=STOP_SECONDS)[0]
        assert second.process.returncode == 0
        assert said.endswith("Stopped.\n")
        assert started_from(first.folder) == []
        assert list((first.folder / "pids").iterdir()) == []
