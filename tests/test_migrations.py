"""Migrations: into an empty schema and back on data, several schemas, several upgrades at once, equal to the models."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from connexion import FlaskApp
from psycopg2 import sql
from sqlalchemy import create_engine

import app.models
from app.database import Base, engine_options
from app.settings import Settings
from tests.caller import Caller

ROOT = Path(__file__).parent.parent


@pytest.fixture
def empty(settings: Settings, worker_id: str) -> Iterator[Settings]:
    """Settings that name an empty schema of their own."""
    schema = f"fresh_{worker_id}"
    run_sql(settings, sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    yield settings.model_copy(update={"db_schema": schema})
    run_sql(settings, sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))


def run_sql(settings: Settings, statement: sql.Composable) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(settings.queue_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows


def flask(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `flask …` as an operator does, in a process of its own."""
    storage = settings.azure_storage_connection_string
    assert storage is not None
    environment = {
        "FLASK_APP": "main.py:app",
        "DB_CONNECTION_STRING": settings.db_connection_string.get_secret_value(),
        "DB_SCHEMA": settings.db_schema,
        "AZURE_STORAGE_CONNECTION_STRING": storage.get_secret_value(),
        "AZURE_STORAGE_IMAGESET_CONTAINER": settings.azure_storage_imageset_container,
        "AZURE_STORAGE_IMAGESET_FOLDER": settings.azure_storage_imageset_folder,
        "ALLOW_UNSAFE_POSTGRES": "true",
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-m", "flask", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def tables(settings: Settings) -> set[object]:
    query = sql.SQL("SELECT tablename FROM pg_tables WHERE schemaname = {}").format(sql.Literal(settings.db_schema))
    return {row[0] for row in run_sql(settings, query)}


def test_models_and_migrations_are_equal(server: FlaskApp, settings: Settings) -> None:
    def include_name(name: str | None, kind: str, _: object) -> bool:
        return not (kind == "table" and str(name).startswith(("procrastinate_", "alembic_version")))

    engine = create_engine(settings.database_url, **engine_options(settings))
    options = {"compare_type": True, "compare_server_default": True, "include_name": include_name}
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    engine.dispose()
    assert difference == []
    assert app.models.__all__


def test_up_down_and_up_again_on_data(empty: Settings) -> None:
    assert flask(empty, "db", "upgrade").returncode == 0
    assert len(tables(empty)) >= 15
    made = flask(empty, "users", "create", "--email", "eve@example.org", "--role", "image-admin")
    assert made.returncode == 0, made.stderr
    down = flask(empty, "db", "downgrade", "base")
    assert down.returncode == 0, down.stderr
    assert tables(empty) == {"alembic_version"}
    left = sql.SQL("SELECT proname FROM pg_proc WHERE pronamespace = {}::regnamespace")
    assert run_sql(empty, left.format(sql.Literal(empty.db_schema))) == []
    assert flask(empty, "db", "upgrade").returncode == 0


def test_two_schemas_in_one_database_do_not_meet(server: FlaskApp, admin: Caller, empty: Settings) -> None:
    assert flask(empty, "db", "upgrade").returncode == 0
    listed = flask(empty, "users", "list")
    assert listed.returncode == 0
    assert listed.stdout == ""
    admin.get("/whoami").expect(200)


def test_four_upgrades_at_once_all_end_well(empty: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: flask(empty, "db", "upgrade"), range(4)))
    assert [run.returncode for run in runs] == [0] * 4, [run.stderr[-300:] for run in runs]


def test_missing_schema_is_one_line(settings: Settings) -> None:
    run = flask(settings.model_copy(update={"db_schema": "nowhere"}), "db", "upgrade")
    assert run.returncode != 0
    assert run.stderr.strip().count("\n") == 0, run.stderr
    assert "nowhere" in run.stderr
    assert "DB_SCHEMA" in run.stderr
