"""Migrations: into an empty schema and back on data, several schemas, several upgrades at once, equal to the models."""

import asyncio
import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import flask_migrate
import hypothesis
import psycopg2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from connexion import FlaskApp
from hypothesis import given
from hypothesis import strategies as st
from psycopg2 import sql
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url

import app.models
from app.cli import create_flask_app, prepare_migrations
from app.database.engine import Base, db, engine_options
from app.jobs.worker import SchemaConnector
from app.services.text import UnfitText, normalize
from app.settings import Settings
from app.wiring import components_of
from tests.caller import Caller
from tests.workers import environment

ROOT = Path(__file__).parents[2]
# At least one row in every table, and in it one of what a migration drops.
ROWS = """
INSERT INTO "user" (email) VALUES ('eve@example.org');
INSERT INTO api_key (user_id, key, secret_hash) VALUES (1, 'key', sha256('secret'));
INSERT INTO session_key (api_key_id, key, secret_hash, date_expires) VALUES (1, 'session', sha256('secret'), now());
INSERT INTO campaign (title, image_count, labeled_count, created_by) VALUES ('bridge', 1, 1, 1);
INSERT INTO campaign_class (campaign_id, position, name) VALUES (1, 0, 'PET');
INSERT INTO role (user_id, name, campaign_id) VALUES (1, 'labeler', 1), (1, 'reader', NULL), (1, 'reviewer', 1);
INSERT INTO image_set (title, blobstorage_path, created_by) VALUES ('drone', 'imagesets/upload/drone', 1);
INSERT INTO image (image_set_id, blobstorage_path) VALUES (1, 'imagesets/upload/drone/1.jpg');
INSERT INTO query (name, query, changed_by) VALUES ('flights', '{"type": "drone"}', 1);
INSERT INTO submission (campaign_id, user_id, api_key_id, image_count, object_count) VALUES (1, 1, 1, 1, 1);
INSERT INTO campaign_image (campaign_id, image_id, submission_id) VALUES (1, 1, 1);
INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count) VALUES (1, 1, 1, 'labeled', 1);
INSERT INTO review (campaign_id, image_id, submission_id, verdict, user_id) VALUES (1, 1, 1, 'rejected', 1);
UPDATE campaign_image SET review_id = 1;
INSERT INTO campaign_statistics VALUES (1, 1, '{}');
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, label, label_original)
    VALUES (1, 1, 1, 0, 0, 1, 1, 'PET', 'bottle');
INSERT INTO draft (campaign_id, image_id, user_id, content) VALUES (1, 1, 1, '{"objects": []}');
INSERT INTO problem (image_set_id, blob_name, etag, kind, message) VALUES (1, '2.jpg', '0x1', 'copy_failed', 'No.');
INSERT INTO problem (image_set_id, image_id, blob_name, etag, stage, kind, message)
    VALUES (1, 1, 'imagesets/upload/drone/1.jpg', '', 'inspection', 'truncated', 'No.');
INSERT INTO job (kind, subject_type, subject_id) VALUES ('publish_datasets', 'campaign', 1),
    ('inspect_image_set', 'image_set', 1), ('make_snapshot', 'snapshot', 1), ('write_export', 'export', 1),
    ('import_labels', 'import', 1);
INSERT INTO dataset (campaign_id, job_id, kind, name, version, path, file_size, sha256, image_count, object_count,
    registration) VALUES (1, 1, 'images', 'bridge', 1, 'datasets/bridge', 1, sha256('file'), 1, 1, 'off'),
    (1, 1, 'labels_jsonl', 'bridge-lines', 1, 'datasets/bridge-lines', 1, sha256('lines'), 1, 1, 'off');
INSERT INTO snapshot (name, version, selection, created_by) VALUES ('bridge', 1, '{}', 1);
INSERT INTO snapshot_class (snapshot_id, class_id, name, selected) VALUES (1, 1, 'PET', true);
INSERT INTO snapshot_image (snapshot_id, image_id, width, height, object_count, state) VALUES (1, 1, 4, 3, 1, 'labeled');
INSERT INTO snapshot_labels (snapshot_id, image_id, campaign_id, submission_id) VALUES (1, 1, 1, 1);
INSERT INTO export (snapshot_id, format, images, created_by) VALUES (1, 'coco', 'none', 1);
INSERT INTO import (campaign_id, user_id, api_key_id, format, mode, match, on_invalid, path)
    VALUES (1, 1, 1, 'coco', 'replace', 'auto', 'reject', 'imports/1');
INSERT INTO audit (action, subject_type, subject_id, user_id, api_key_id) VALUES ('create_user', 'user', 1, 1, 1);
INSERT INTO idempotency_key (user_id, operation, key_hash, fingerprint, answer, date_expires)
    VALUES (1, 'create_campaign', sha256('key'), sha256('body'), '{}', now());
"""
# How many rows a migration leaves in a table when it is taken back, None when the table goes; all other rows stay.
LEFT: dict[str, dict[str, int | None]] = {
    "0032_imports": {"import": None, "job": 4},
    "0031_exports": {"export": None, "job": 3},
    "0030_snapshots": {
        "snapshot": None,
        "snapshot_class": None,
        "snapshot_image": None,
        "snapshot_labels": None,
        "job": 2,
    },
    "0022_inspection": {"problem": 1, "job": 1},
    "0017_drafts": {"draft": None},
    "0021_queries": {"query": None},
    "0015_session_keys": {"session_key": None},
    "0024_membership": {"campaign_membership": None},
    "0018_statistics": {"campaign_statistics": None},
    "0020_reviews": {"review": None},
    "0013_classes": {"campaign_class": None},
    "0012_readers": {"role": 1},
    "0011_submission_images": {"submission_image": None},
    "0007_problems": {"problem": None},
    "0009_audit": {"audit": None},
    "0006_image_counts": {"image_count": None},
    "0004_dataset_files": {"dataset": 1},
    "0002_idempotency_keys": {"idempotency_key": None},
}
SHAPE = """
SELECT 'column', table_name, column_name,
    concat_ws(' ', data_type, is_nullable, column_default, identity_generation, is_generated)
FROM information_schema.columns WHERE table_schema = current_schema()
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND conrelid <> 0 AND contype <> 't'
UNION ALL SELECT 'index', tablename, indexname, replace(indexdef, current_schema() || '.', '')
FROM pg_indexes WHERE schemaname = current_schema()
UNION ALL SELECT 'storage', oid::regclass::text, option, ''
FROM pg_class, unnest(reloptions) AS option WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
"""


@pytest.fixture
def empty(settings: Settings, worker_id: str) -> Iterator[Settings]:
    """Settings that name an empty schema of their own."""
    schema = f"fresh_{worker_id}"
    run_sql(settings, sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    yield settings.model_copy(update={"db_schema": schema})
    run_sql(settings, sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))


def run_sql(settings: Settings, statement: str | sql.Composable) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(settings.queue_url, options=f"-csearch_path={settings.db_schema}")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def flask(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `flask …` as an operator does, in a process of its own."""
    command = [sys.executable, "-m", "flask", *arguments]
    return subprocess.run(
        command, env=environment(settings), cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )


@contextmanager
def in_process(settings: Settings) -> Iterator[None]:
    """Let `flask_migrate` work on the schema of these settings in this process, which saves the start of a command."""
    flask_app = create_flask_app(settings)
    prepare_migrations(flask_app)
    with flask_app.app_context():
        yield
        db.engine.dispose()


def upgrade(settings: Settings, revision: str = "head") -> None:
    with in_process(settings):
        flask_migrate.upgrade(revision=revision)


def one_line(run: subprocess.CompletedProcess[str]) -> str:
    """The only line of a command that failed as it should."""
    assert run.returncode == 1, run.stderr
    assert run.stderr.strip().count("\n") == 0, run.stderr
    return run.stderr.strip()


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A copy of the migrations, in which others can be planted."""
    copy = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def plant(migrations: Path, revision: str, *, after: str, statement: str) -> None:
    source = f"""
from alembic import op
revision, down_revision = {revision!r}, {after!r}
def upgrade() -> None:
    op.execute({statement!r})
def downgrade() -> None:
    pass
"""
    (migrations / "versions" / f"{revision}.py").write_text(source)


def revisions() -> list[str]:
    """All revisions, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def version(settings: Settings) -> Any:
    return run_sql(settings, "SELECT version_num FROM alembic_version")[0][0]


def shape(settings: Settings) -> set[tuple[Any, ...]]:
    """Every column, constraint, index and storage parameter of ours in the schema, as PostgreSQL describes them."""
    return {row for row in run_sql(settings, SHAPE) if not row[1].startswith(("procrastinate_", "alembic_version"))}


def count_rows(settings: Settings) -> dict[str, int]:
    ours = tables(settings) & set(Base.metadata.tables)
    return {name: run_sql(settings, f'SELECT count(*) FROM "{name}"')[0][0] for name in ours}


def tables(settings: Settings) -> set[str]:
    query = sql.SQL("SELECT tablename FROM pg_tables WHERE schemaname = {}").format(sql.Literal(settings.db_schema))
    return {row[0] for row in run_sql(settings, query)}


def test_models_and_migrations_are_equal_to_alembic(server: FlaskApp, settings: Settings) -> None:
    def include_name(name: str | None, kind: str, _: object) -> bool:
        return not (kind == "table" and str(name).startswith(("procrastinate_", "alembic_version")))

    engine = create_engine(settings.database_url, **engine_options(settings))
    options = {"compare_type": True, "compare_server_default": True, "include_name": include_name}
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    engine.dispose()
    assert difference == []
    assert app.models.__all__


def test_models_and_migrations_are_equal_to_postgresql(server: FlaskApp, settings: Settings, empty: Settings) -> None:
    """Alembic does not look at check and exclusion constraints, conditions of indexes, and storage parameters."""
    engine = create_engine(empty.database_url, **engine_options(empty))
    Base.metadata.create_all(engine)
    engine.dispose()
    assert shape(empty) == shape(settings)
    assert {row[0] for row in shape(settings)} == {"column", "constraint", "index", "storage"}


@pytest.mark.slow
def test_a_new_migration_is_empty_and_named_by_date_and_purpose(empty: Settings, migrations: Path) -> None:
    upgrade(empty)
    before = set(migrations.rglob("*.py"))
    made = flask(empty, "db", "migrate", "-d", str(migrations), "-m", "Add weather to images")
    assert made.returncode == 0, made.stderr
    (file,) = set(migrations.rglob("*.py")) - before
    assert re.fullmatch(r"\d{8}_add_weather_to_images\.py", file.name)
    assert file.read_text().count("    pass\n") == 2
    assert "op." not in file.read_text()
    assert flask(empty, "db", "upgrade", "-d", str(migrations)).returncode == 0
    assert flask(empty, "db", "check").returncode == 1


# One process for each migration.
def test_down_and_up_again_on_data(empty: Settings) -> None:
    with in_process(empty):
        flask_migrate.upgrade()
        run_sql(empty, ROWS)
        kept = count_rows(empty)
        assert set(kept) == set(Base.metadata.tables), "give the new table a row in ROWS"
        assert min(kept.values()) == 1
        for revision in revisions()[:0:-1]:
            flask_migrate.downgrade()
            changed = kept | LEFT.get(revision, {})
            kept = {name: count for name, count in changed.items() if count is not None}
            assert count_rows(empty) == kept, revision
        flask_migrate.upgrade()
    # Counts of images and classes, and what follows from objects, are made anew; other tables that were gone are empty.
    made_anew = dict.fromkeys(("image_count", "submission_image", "campaign_class", "campaign_membership"), 1)
    emptied = dict.fromkeys(set(Base.metadata.tables) - set(kept), 0) | made_anew
    assert count_rows(empty) == kept | emptied


# Texts of before they had one form; what is expected of them stands in the test.
ODD_ROWS = """
INSERT INTO "user" (email) VALUES ('eve@example.org'), (U&'\\FEFFada@example.org'), (U&'jose\\0301@example.org'),
    (U&'EVE@example.org\\200B'), (U&'pat@example.org\\200E'), (U&'Pat@example.org\\200F'), (U&'\\200B\\200B\\200B');
INSERT INTO api_key (user_id, key, secret_hash, name) VALUES (1, 'a', sha256('a'), U&' labelling\\00A0 tool\\000A'),
    (1, 'b', sha256('b'), U&'\\200B'), (1, 'c', sha256('c'), NULL), (1, 'd', sha256('d'), 'tool');
INSERT INTO campaign (title, created_by, label_translations) VALUES ('fine', 1, '{"PET": "plastic"}'), ('none', 1, NULL),
    ('odd', 1, '{"PET ": " plastic", "cafe\\u0301": "n\\u0303", "a\\u2028b": "\\u200b"}'),
    ('clash', 1, '{"PET": "a", "PET ": "b", "\\u200bcan": "c", "can\\u200b": "d", '
        '"tin": "e", " tin": "e ", "x ": "f", "x  ": "f", "\\u00ad": "g"}');
INSERT INTO submission (campaign_id, user_id, image_count, object_count) VALUES (1, 1, 1, 1);
INSERT INTO image (blobstorage_path) VALUES ('imagesets/1.jpg');
INSERT INTO campaign_image (campaign_id, image_id, submission_id) VALUES (1, 1, 1);
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, label, label_original)
    SELECT 1, 1, 1, 0, 0, 1, 1, label, original FROM (VALUES ('plastic', 'PET'), ('plastic', 'PET '), ('PET ', 'PET '),
        (' ', U&'\\200B'),
        (U&'PET\\200B', U&'\\202EPET'), (U&'a\\2028b', U&'caf\\00E9'),
        (U&'\\0645\\06CC\\200C\\062E', U&'x\\200D')) AS odd (label, original),
        generate_series(1, 3);
"""


@pytest.mark.slow
def test_texts_are_brought_to_one_form_and_collisions_reported(empty: Settings) -> None:
    before = revisions()[revisions().index("0008_text_identity") - 1]
    upgrade(empty, before)
    run_sql(empty, ODD_ROWS)
    counts = count_rows(empty)
    up = flask(empty, "db", "upgrade", "0008_text_identity")
    assert up.returncode == 0, up.stderr

    def texts() -> list[Any]:
        return [
            [row[0] for row in run_sql(empty, 'SELECT email FROM "user" ORDER BY id')],
            [row[0] for row in run_sql(empty, "SELECT name FROM api_key ORDER BY id")],
            [row[0] for row in run_sql(empty, "SELECT label_translations FROM campaign ORDER BY id")],
            run_sql(empty, "SELECT label, label_original, count(*)::int FROM object GROUP BY 1, 2 ORDER BY 1, 2"),
        ]

    emails, names, translations, labels = found = texts()
    assert emails == [
        *("eve@example.org", "ada@example.org", "jos\u00e9@example.org"),
        *("EVE@example.org\u200b", "pat@example.org\u200e", "Pat@example.org\u200f", "\u200b\u200b\u200b"),
    ]
    assert names == ["labelling tool", "\u200b", None, "tool"]
    assert translations == [
        {"PET": "plastic"},
        None,
        {"PET": "plastic", "caf\u00e9": "\u00f1", "a b": "\u200b"},
        {"PET": "a", "PET ": "b", "\u200bcan": "c", "can\u200b": "d", "tin": "e", "x": "f", "\u00ad": "g"},
    ]
    assert sorted(labels) == [
        (" ", "\u200b", 3),
        ("PET", "PET", 6),
        ("a b", "caf\u00e9", 3),
        ("plastic", "PET", 6),
        ("\u0645\u06cc\u200c\u062e", "x", 3),
    ]
    for words in (
        *(f"the address of user {user_id} stays" for user_id in (4, 5, 6, 7)),
        "the name of key 2 stays",
        "4 label(s) in label_translations of campaign 4 stay",
        "the labels of 15 objects",
        "2 label(s) of objects stay",
    ):
        assert words in up.stderr
    assert up.stderr.strip().count("\n") == 7, up.stderr
    assert "@" not in up.stderr
    for migrate, revision in ((flask_migrate.downgrade, before), (flask_migrate.upgrade, "0008_text_identity")):
        with in_process(empty):
            migrate(revision=revision)
        assert texts() == found
        assert count_rows(empty) == counts


# Three submissions: of two images, one of them empty; of the labeled one again; and of none that is still there.
PAST = """
INSERT INTO "user" (email) VALUES ('eve@example.org');
INSERT INTO campaign (title, image_count, labeled_count, created_by) VALUES ('bridge', 3, 2, 1), ('quay', 1, 0, 1);
INSERT INTO image (blobstorage_path) VALUES ('c/1.jpg'), ('c/2.jpg'), ('c/3.jpg');
INSERT INTO submission (campaign_id, user_id, image_count, object_count) VALUES (1, 1, 2, 1), (1, 1, 1, 2);
INSERT INTO campaign_image (campaign_id, image_id, submission_id) VALUES (1, 1, 2), (1, 2, 1), (1, 3, NULL), (2, 1, NULL);
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, label, label_original)
    VALUES (1, 1, 1, 0, 0, 1, 1, 'PET', 'PET'), (1, 2, 1, 0, 0, 1, 1, 'PET', 'PET'), (1, 2, 1, 0, 0, 2, 2, 'PET', 'PET');
"""
# What the release before does with a submission that finds image 2 labeled and image 3 empty.
OLD_SUBMISSION = """
INSERT INTO submission (campaign_id, user_id, image_count, object_count) VALUES (1, 1, 2, 1);
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, label, label_original)
    VALUES (1, 3, 2, 0, 0, 1, 1, 'PET', 'PET');
UPDATE campaign_image SET submission_id = 3 WHERE image_id IN (2, 3);
UPDATE campaign SET labeled_count = labeled_count + 1 WHERE id = 1;
"""


def test_submissions_of_before_and_of_the_release_before_have_their_images(empty: Settings) -> None:
    upgrade(empty, "0010_time_zones")
    run_sql(empty, PAST)
    up = flask(empty, "db", "upgrade", "0011_submission_images")
    assert up.returncode == 0, up.stderr

    def images() -> list[tuple[Any, ...]]:
        rows = "SELECT submission_id, image_id, state, object_count FROM submission_image ORDER BY 1, 2"
        return run_sql(empty, rows)

    past = [(1, 1, "labeled", 1), (1, 2, "empty", 0), (2, 1, "labeled", 2)]
    assert images() == past
    states = "SELECT campaign_id, image_id, state FROM campaign_image ORDER BY 1, 2"
    assert run_sql(empty, states) == [(1, 1, "labeled"), (1, 2, "empty"), (1, 3, "unlabeled"), (2, 1, "unlabeled")]
    counts = "SELECT id, labeled_count, empty_count, unusable_count FROM campaign ORDER BY 1"
    assert run_sql(empty, counts) == [(1, 2, 1, 0), (2, 0, 0, 0)]
    replaced = "SELECT id, replaced, unchanged, kind FROM submission ORDER BY 1"
    assert run_sql(empty, replaced) == [(1, 0, 0, "submission"), (2, 1, 0, "submission")]
    run_sql(empty, OLD_SUBMISSION)
    assert images() == [*past, (3, 2, "labeled", 1), (3, 3, "empty", 0)]
    assert run_sql(empty, states)[:3] == [(1, 1, "labeled"), (1, 2, "labeled"), (1, 3, "empty")]
    assert run_sql(empty, counts) == [(1, 3, 1, 0), (2, 0, 0, 0)]
    assert run_sql(empty, replaced)[2] == (3, 1, 0, "submission")


LABELED = """
INSERT INTO "user" (email) VALUES ('eve@example.org');
INSERT INTO campaign (title, created_by, label_translations) VALUES ('one', 1, '{"b": "x", "c": "a", "a": "a", "d": "y"}'),
    ('two', 1, NULL), ('three', 1, '{"b": "x"}');
INSERT INTO submission (campaign_id, user_id, image_count, object_count) VALUES (1, 1, 1, 1), (2, 1, 1, 1);
INSERT INTO image (blobstorage_path) VALUES ('imagesets/1.jpg');
INSERT INTO campaign_image (campaign_id, image_id, submission_id) VALUES (1, 1, 1), (2, 1, 2);
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, label, label_original)
    SELECT campaign, campaign, 1, 0, 0, 1, 1, label, label FROM (VALUES (1, 'x'), (2, 'b'), (1, 'a'), (1, 'x'), (2, 'a')) AS sent
        (campaign, label);
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, label, label_original)
    SELECT 2, 2, 1, 0, 0, 1, 1, 'label ' || n, 'label' FROM generate_series(1, 5000) AS n;
"""


def test_labels_and_translations_become_classes(empty: Settings) -> None:
    before = revisions()[revisions().index("0013_classes") - 1]
    upgrade(empty, before)
    run_sql(empty, LABELED)
    upgrade(empty, "0013_classes")
    found = "SELECT campaign_id, name, aliases FROM campaign_class WHERE position < 3 ORDER BY campaign_id, position"
    assert run_sql(empty, found) == [
        (1, "x", ["b"]),
        (1, "a", ["c"]),
        (1, "y", ["d"]),
        (2, "b", []),
        (2, "a", []),
        (2, "label 1", []),
        (3, "x", ["b"]),
    ]
    assert run_sql(empty, "SELECT count(*)::int, max(position) FROM campaign_class WHERE campaign_id = 2") == [
        (5000, 4999)
    ]


@functools.cache
def text_identity() -> ModuleType:
    """The migration, as Python reads it."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return ScriptDirectory.from_config(config).get_revision("0008_text_identity").module


@given(
    st.text(
        st.characters(exclude_categories=["Cs"])
        | st.sampled_from(" \t\u3000\u200b\u200c\u200d\ufe0f\u0301\u0915\u2194e1-")
    )
)
@hypothesis.settings(derandomize=True, deadline=None)
def test_the_form_of_the_migration_is_that_of_the_service(text: str) -> None:
    form = text_identity().normal_form(text)
    if form:
        assert normalize(form, 1000) == form
    with suppress(UnfitText):
        assert normalize(text, 1000) == form


def test_down_to_nothing_leaves_nothing(empty: Settings) -> None:
    upgrade(empty)
    run_sql(empty, ROWS)
    with in_process(empty):
        flask_migrate.downgrade(revision="base")
    assert tables(empty) == {"alembic_version"}
    for catalog, column in (("pg_proc", "pronamespace"), ("pg_type", "typnamespace")):
        query = sql.SQL("SELECT count(*) FROM {} AS thing WHERE {} = current_schema()::regnamespace")
        left = run_sql(empty, query.format(sql.Identifier(catalog), sql.Identifier(column)))[0][0]
        # The version's table has a type of its rows, and one of their arrays.
        assert left == (2 if catalog == "pg_type" else 0)
    upgrade(empty)
    assert version(empty) == revisions()[-1]


@pytest.mark.slow
def test_two_schemas_in_one_database_share_no_rows(server: FlaskApp, admin: Caller, empty: Settings) -> None:
    upgrade(empty)
    listed = flask(empty, "users", "list")
    assert listed.returncode == 0
    assert listed.stdout == ""
    assert flask(empty, "users", "create", "--email", "eve@example.org").returncode == 0
    with in_process(empty):
        flask_migrate.downgrade(revision="base")
    admin.get("/whoami").expect(200)


def test_two_schemas_in_one_database_share_no_notifications(server: FlaskApp, empty: Settings) -> None:
    upgrade(empty)
    settings = components_of(server.app).settings
    assert asyncio.run(notified(empty, empty, tries=300))
    assert not asyncio.run(notified(settings, empty, tries=10))


async def notified(listening: Settings, inserting: Settings, tries: int) -> bool:
    """Whether a new job in one schema wakes a worker of the other, or of the same one."""
    heard, connector = asyncio.Event(), SchemaConnector(listening.db_schema, conninfo=listening.queue_url)

    async def hear(*, channel: str, payload: str) -> None:
        heard.set()

    await connector.open_async()
    listener = asyncio.create_task(connector.listen_notify(hear, ["procrastinate_any_queue_v1"]))
    try:
        for _ in range(tries):
            insert = "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('jobs', 'run_job')"
            await asyncio.to_thread(run_sql, inserting, insert)
            with suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), 0.1)
                return True
        return False
    finally:
        listener.cancel()
        await connector.close_async()


def test_two_schemas_in_one_database_do_not_wait_for_each_other(server: FlaskApp, empty: Settings) -> None:
    with closing(psycopg2.connect(empty.queue_url)) as connection:
        connection.cursor().execute("SELECT pg_advisory_lock(hashtextextended('labelapi migrations labelapi', 0))")
        upgrade(empty)


@pytest.mark.slow
def test_four_upgrades_at_once_all_end_well(empty: Settings, migrations: Path) -> None:
    """However long the first one takes: longer than a statement may, or than one waits for a table."""
    plant(migrations, "slow", after=revisions()[-1], statement="SELECT pg_sleep(6)")
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: flask(empty, "db", "upgrade", "-d", str(migrations)), range(4)))
    assert [run.returncode for run in runs] == [0] * 4, [run.stderr[-300:] for run in runs]
    assert version(empty) == "slow"


@pytest.mark.slow
def test_upgrade_that_fails_half_way_leaves_the_old_schema_whole(empty: Settings, migrations: Path) -> None:
    upgrade(empty)
    run_sql(empty, ROWS)
    before = shape(empty), count_rows(empty), version(empty)
    plant(migrations, "good", after=revisions()[-1], statement='ALTER TABLE "user" ADD COLUMN colour text')
    plant(migrations, "bad", after="good", statement="DROP TABLE object; UPDATE image SET lat = 1; SELECT 1 / 0")
    run = flask(empty, "db", "upgrade", "-d", str(migrations))
    assert run.returncode == 1
    assert "division by zero" in run.stderr
    assert (shape(empty), count_rows(empty), version(empty)) == before
    assert run_sql(empty, "SELECT lat FROM image") == [(None,)]
    plant(migrations, "bad", after="good", statement="UPDATE image SET lat = 1")
    assert flask(empty, "db", "upgrade", "-d", str(migrations)).returncode == 0
    assert run_sql(empty, "SELECT lat FROM image") == [(1.0,)]


@pytest.mark.slow
def test_upgrade_behind_a_long_transaction_gives_up_in_one_line(empty: Settings, migrations: Path) -> None:
    upgrade(empty)
    plant(migrations, "next", after=revisions()[-1], statement='ALTER TABLE "user" ADD COLUMN colour text')
    with closing(psycopg2.connect(empty.queue_url)) as connection:
        connection.cursor().execute(f'SELECT * FROM {empty.db_schema}."user"')
        words = one_line(flask(empty, "db", "upgrade", "-d", str(migrations)))
    assert words.startswith("Nothing was changed")
    assert "lock timeout" in words
    assert words.endswith("Run this again.")
    assert version(empty) == revisions()[-1]
    assert flask(empty, "db", "upgrade", "-d", str(migrations)).returncode == 0
    assert version(empty) == "next"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "schema", "words"),
    [
        ("db upgrade", "nowhere", "'nowhere' of DB_SCHEMA does not exist"),
        ("users list", "nowhere", "'nowhere' of DB_SCHEMA does not exist"),
        ("db upgrade", "", "DB_SCHEMA"),
        ("users list", "pg_x", "DB_SCHEMA"),
    ],
)
def test_wrong_schema_is_one_line(settings: Settings, command: str, schema: str, words: str) -> None:
    said = one_line(flask(settings.model_copy(update={"db_schema": schema}), *command.split()))
    assert words in said


def test_schema_without_tables_is_one_line(empty: Settings) -> None:
    assert "flask db upgrade" in one_line(flask(empty, "users", "list"))


def test_schema_of_somebody_else_is_one_line(empty: Settings) -> None:
    run_sql(empty, "DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN")
    url = make_url(empty.database_url).set(username="stranger").render_as_string(hide_password=False)
    stranger = empty.model_copy(update={"db_connection_string": SecretStr(url)})
    assert "may not work in the schema" in one_line(flask(stranger, "db", "upgrade"))


@pytest.mark.slow
def test_database_away_is_one_line(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"db_connection_string": SecretStr("postgresql://127.0.0.1:9/nowhere")})
    for command in (["db", "upgrade"], ["users", "list"]):
        assert "does not answer" in one_line(flask(nowhere, *command))


def test_database_of_a_newer_version_is_one_line(empty: Settings) -> None:
    upgrade(empty)
    run_sql(empty, "UPDATE alembic_version SET version_num = 'newer'")
    assert "newer" in one_line(flask(empty, "db", "upgrade"))
