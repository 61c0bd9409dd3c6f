"""Waiting for PostgreSQL has an end, and a server that may forget is refused."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.database.engine import engine_options
from app.database.outages import is_outage, set_statement_timeout, wait_longer, watch, without_transaction
from app.database.safety import refuse_unsafe_server
from app.errors import DatabaseUnavailable
from app.settings import Settings
from tests.workers import ROOT, environment


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """A watched engine with one connection."""
    engine = create_engine(settings.database_url, **(engine_options(settings) | {"pool_size": 1, "max_overflow": 0}))
    watch(engine, allow_unsafe=True)
    yield engine
    engine.dispose()


@pytest.fixture
def strict(settings: Settings) -> Settings:
    """Settings that take no unsafe server."""
    return settings.model_copy(update={"allow_unsafe_postgres": False})


def test_a_statement_without_an_answer_ends_and_the_next_one_works(engine: Engine) -> None:
    with engine.connect() as connection:
        wait_longer(connection, 0.2)
        with pytest.raises(OperationalError, match="has not answered for"):
            connection.execute(text("SELECT pg_sleep(5)"))
    wait_for_connection(engine)


ASK = """
import psycopg2, sys
from app.database.outages import WatchedConnection, wait_for_answer
connection = psycopg2.connect(sys.argv[1], connection_factory=WatchedConnection)
psycopg2.extensions.set_wait_callback(wait_for_answer)
connection.answer_seconds = 2
print("ready", flush=True)
connection.cursor().execute("SELECT pg_sleep(3)")
print("answered", flush=True)
"""


def test_a_pause_of_the_process_is_no_silence_of_the_server(settings: Settings) -> None:
    command = [sys.executable, "-c", ASK, settings.queue_url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        process.send_signal(signal.SIGCONT)
        assert process.stdout.readline() == "answered\n"
    assert process.returncode == 0


def wait_for_connection(engine: Engine) -> None:
    """Wait until there is a connection that works."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with engine.connect() as connection:
                assert connection.scalar(text("SELECT 1")) == 1
        except OperationalError:
            time.sleep(0.05)
        else:
            break
    else:
        pytest.fail("no connection after the silence")


def test_a_read_without_an_answer_ends_and_its_connection_is_lost(engine: Engine) -> None:
    with engine.connect() as connection:
        without_transaction(connection)
        wait_longer(connection, 0.2)
        with pytest.raises(OperationalError, match="has not answered for") as caught:
            connection.execute(text("SELECT pg_sleep(5)"))
    assert caught.value.connection_invalidated
    assert is_outage(caught.value)
    wait_for_connection(engine)


def cut(settings: Settings, process_id: int | None) -> None:
    with closing(psycopg2.connect(settings.queue_url)) as other:
        other.cursor().execute("SELECT pg_terminate_backend(%s, 1000)", (process_id,))


def test_a_read_on_a_connection_that_was_cut_is_an_outage_and_the_next_one_works(
    engine: Engine, settings: Settings
) -> None:
    with engine.connect() as connection:
        without_transaction(connection)
        cut(settings, connection.scalar(text("SELECT pg_backend_pid()")))
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text("SELECT 1"))
    assert caught.value.connection_invalidated
    assert is_outage(caught.value)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_a_connection_that_was_cut_in_the_pool_is_replaced(engine: Engine, settings: Settings) -> None:
    with engine.connect() as connection:
        first = connection.scalar(text("SELECT pg_backend_pid()"))
    cut(settings, first)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) not in (None, first)


def test_a_read_that_is_wrong_says_so_without_its_values_and_keeps_its_connection(engine: Engine) -> None:
    with engine.connect() as connection:
        without_transaction(connection)
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text("SELECT 1 / :divisor, :label"), {"divisor": 0, "label": "secret-label"})
        assert not caught.value.connection_invalidated
        assert not is_outage(caught.value)
        assert "secret-label" not in str(caught.value)
        assert connection.execute(text("SELECT 1 WHERE false")).all() == []


def test_a_longer_timeout_holds_for_one_transaction(engine: Engine) -> None:
    with engine.connect() as connection:
        before = connection.connection.driver_connection.answer_seconds  # type: ignore[union-attr]
        set_statement_timeout(connection, 60)
        assert connection.scalar(text("SHOW statement_timeout")) == "1min"
        assert connection.connection.driver_connection.answer_seconds > 60  # type: ignore[union-attr]
    with engine.connect() as connection:
        assert connection.connection.driver_connection.answer_seconds == before  # type: ignore[union-attr]


@pytest.mark.flaky(reruns=2)
def test_a_silent_server_is_told_soon_and_then_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = create_engine(f"postgresql+psycopg2://a@127.0.0.1:{silent.getsockname()[1]}/a")
        watch(engine, allow_unsafe=True)
        seconds = []
        for _ in range(3):
            started = time.monotonic()
            with pytest.raises(OperationalError):
                engine.connect()
            seconds.append(time.monotonic() - started)
    assert 1.5 < seconds[0] < 4
    assert max(seconds[1:]) < 0.5


def test_a_server_that_may_forget_gets_no_connection(strict: Settings) -> None:
    engine = create_engine(strict.database_url)
    watch(engine, allow_unsafe=False)
    words = "fsync=off, full_page_writes=off, synchronous_commit=off"
    with pytest.raises(DatabaseUnavailable, match=words):
        engine.connect()
    with pytest.raises(DatabaseUnavailable, match="ALLOW_UNSAFE_POSTGRES"):
        refuse_unsafe_server(strict)
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("command", [["gunicorn", "main:server"], ["flask", "worker"], ["flask", "db", "upgrade"]])
def test_nothing_starts_on_a_server_that_may_forget(strict: Settings, command: list[str]) -> None:
    changed = environment(strict) | {"ALLOW_UNSAFE_POSTGRES": "false", "PORT": "1"}
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=changed, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode != 0
    assert "fsync=off" in run.stderr.strip().splitlines()[-1]
    assert "Traceback" not in run.stderr


def test_a_server_that_is_away_does_not_keep_anything_from_starting(strict: Settings) -> None:
    settings = strict.model_copy(update={"db_connection_string": SecretStr("postgresql://a@127.0.0.1:9/a")})
    vars(settings).pop("database_url", None)
    vars(settings).pop("queue_url", None)
    refuse_unsafe_server(settings)
