"""Plans of the statements behind hot requests: on large tables each of them is led by an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2.extensions
import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.dialects import postgresql

from app.database.engine import db
from app.jobs import publish_datasets as publication
from tests.caller import Caller
from tests.workers import rows

pytestmark = pytest.mark.slow

LARGE = (
    "image", "campaign_image", "object", "submission", "submission_image", "job", "api_key", "audit", "snapshot_image",
    "snapshot_labels",
)  # fmt: skip
FILL = """
INSERT INTO image_set (title, blobstorage_path, created_by)
    SELECT 'set-' || n, 'c/u/set-' || n, 1 FROM generate_series(1, 50) AS n;
INSERT INTO image (
        image_set_id, blobstorage_path, filesize, type, filetype, date_taken, lon, lat, width, height, metadata)
    SELECT 1 + n % 50, 'c/u/set-' || 1 + n % 50 || '/' || n, 1, 't' || n % 500, 'F' || n % 400,
        timestamptz '2026-01-01Z' + n * interval '1 minute', n % 3600 / 10.0 - 180, n % 1700 / 10.0 - 85, 1920, 1080,
        jsonb_build_object('bridge', 'b' || n % 1000)
    FROM generate_series(1, 50000) AS n;
INSERT INTO campaign (title, created_by, status, image_count, labeled_count, auto_complete)
    SELECT 'campaign-' || n, 1, 'active', 5000, 2500, false FROM generate_series(1, 20) AS n;
INSERT INTO submission (campaign_id, user_id, image_count, object_count, replaced)
    SELECT 1 + n % 20, 1, 1, 2, 0 FROM generate_series(0, 49999) AS n;
INSERT INTO campaign_image (campaign_id, image_id, submission_id, state)
    SELECT campaign_id, id, CASE WHEN id % 2 = 0 THEN id END, CASE WHEN id % 2 = 0 THEN 'labeled' ELSE 'unlabeled' END
    FROM submission WHERE campaign_id <= 20;
INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count)
    SELECT campaign_id, image_id, submission_id, 'labeled', 2 FROM campaign_image WHERE submission_id IS NOT NULL;
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, label, label_original)
    SELECT campaign_id, submission_id, image_id, 0, 0, 9, 9, 'PET', 'PET'
    FROM campaign_image, generate_series(1, 2) WHERE submission_id IS NOT NULL;
INSERT INTO snapshot (name, version, selection, created_by) SELECT 'flights', n, '{}', 1 FROM generate_series(1, 5) AS n;
INSERT INTO snapshot_class (snapshot_id, class_id, name, selected) SELECT id, 1, 'PET', true FROM snapshot;
INSERT INTO snapshot_image (snapshot_id, image_id, width, height, object_count, state)
    SELECT 1 + image_id % 5, image_id, 1920, 1080, 2, 'labeled' FROM campaign_image WHERE submission_id IS NOT NULL;
INSERT INTO snapshot_labels (snapshot_id, image_id, campaign_id, submission_id)
    SELECT 1 + image_id % 5, image_id, campaign_id, submission_id FROM campaign_image WHERE submission_id IS NOT NULL;
UPDATE snapshot SET state = 'ready', moment = now(), content_hash = sha256(''), image_count = 5000, object_count = 10000,
    counts = '{"states": {"labeled": 5000}, "splits": {}}', date_ready = now(),
    selection = '{"campaigns": [2], "image_sets": null, "classes": null, "states": ["labeled"], "review": "any", "as_of": null,
        "query": null, "labels": "first", "skip_problems": false, "summary": ""}';
INSERT INTO job (kind, subject_type, subject_id, state)
    SELECT 'finish_image_set', 'image_set', 1 + n % 50, 'succeeded' FROM generate_series(1, 20000) AS n;
INSERT INTO api_key (user_id, key, secret_hash) SELECT 1, 'key-' || n, sha256('x') FROM generate_series(1, 20000) AS n;
INSERT INTO "user" (email) SELECT 'user-' || n || '@example.org' FROM generate_series(1, 500) AS n;
INSERT INTO audit (date_created, action, subject_type, subject_id, user_id)
    SELECT timestamptz '2026-01-01Z' + n * interval '1 minute',
        CASE WHEN n % 1000 = 0 THEN 'revoke_role' ELSE 'change_status' END,
        CASE WHEN n % 2 = 0 THEN 'campaign' ELSE 'image_set' END, 1 + n % 3000, 2 + n % 500
    FROM generate_series(1, 50000) AS n;
"""


@pytest.fixture
def filled(app: Flask, admin: Caller) -> Caller:
    """An admin of tables that are large, with campaigns 1 to 20 that have the images of the same number, modulo 20."""
    with rows(app) as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in FILL.split(";")[:-1]:
            session.execute(text(statement.replace(":", "\\:")))
    with app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    return admin


@contextmanager
def statements_of(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that the application sends meanwhile, and its values."""
    sent: list[tuple[str, Any]] = []

    class NotingCursor(psycopg2.extensions.cursor):
        def execute(self, statement: Any, values: Any = None) -> None:
            sent.append((statement, values))
            super().execute(statement, values)

    def watch(connection: Any, *_: Any) -> None:
        connection.cursor_factory = NotingCursor

    with app.app_context():
        engine = db.engine
    # Only new connections have the cursor that notes statements.
    engine.dispose()
    event.listen(engine, "connect", watch)
    try:
        yield sent
    finally:
        event.remove(engine, "connect", watch)
        engine.dispose()


def explain(app: Flask, statement: str, values: Any) -> str:
    """The plan of a statement, as text."""
    with app.app_context(), db.engine.connect() as connection:
        return "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())


def plans_of(app: Flask, statements: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Every statement that reads or writes, with its plan."""
    kinds = ("SELECT", "WITH", "INSERT", "UPDATE")
    return [
        (statement, explain(app, statement, values))
        for statement, values in statements
        if statement.lstrip().startswith(kinds)
    ]


def require_indexes(app: Flask, statements: list[tuple[str, Any]], what: str) -> None:
    """Fail when a statement reads a large table from one end to the other."""
    plans = plans_of(app, statements)
    assert plans, what
    for statement, plan in plans:
        for table in LARGE:
            assert f"Seq Scan on {table} " not in plan, f"{what}\n{statement}\n{plan}"


BOX = {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}
SUBMISSION = [{"image_id": 20 * n + 2, "objects": [{"bounding_box": BOX, "label": "PET"}]} for n in range(200)]


READS = [
    "/whoami",
    "/images/25002",
    "/images/25002/details",
    "/images/25002/objects",
    "/images/25002/objects?campaigns=2",
    "/images?per_page=100",
    "/images?per_page=100&after=40000",
    "/images?per_page=100&after=40000&expand=download_url",
    "/image_sets/7/images?per_page=100",
    "/image_sets/7/images?per_page=100&after=40000",
    "/image_sets",
    "/image_sets/7",
    "/campaigns",
    "/campaigns/2",
    "/campaigns/2/images?per_page=100",
    "/campaigns/2/images?per_page=100&after=40000",
    "/campaigns/2/objects?per_page=100",
    "/campaigns/2/objects?per_page=100&after=40000",
    "/jobs/777",
    "/audit?after=0&per_page=100",
    "/audit?after=20000&per_page=100",
    "/snapshots",
    "/snapshots/2",
    "/snapshots/2/images?after=20000&per_page=100",
    "/snapshots/2/objects?after=20000&per_page=100",
]


def test_hot_statements_read_no_large_table_as_a_whole(filled: Caller, app: Flask, title: str) -> None:
    for path in READS:
        with statements_of(app) as statements:
            assert filled.get(path).response.status_code in (200, 303), path
        require_indexes(app, statements, path)
    with statements_of(app) as statements:
        filled.put("/campaigns/2/objects", SUBMISSION).expect(200)
    require_indexes(app, statements, "PUT objects")
    made = filled.post("/campaigns", {"title": title, "labeler_email": "p@partner.example"}).expect(200)
    with statements_of(app) as statements:
        references = [{"id": 7}, {"filepath": "c/u/set-9/8"}]
        filled.post(f"/campaigns/{made['campaign_id']}/images", references).expect(200)
    require_indexes(app, statements, "POST images")
    parameters = {
        "snapshot_id": 2,
        "container": "c",
        "after": 1000,
        "first": 1000,
        "last": 3000,
        "skipped": 0,
        "size": 100,
    }
    for statement in (publication.BOX_COUNTS, publication.PAGE):
        compiled = statement.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]  # It has no types.
        require_indexes(app, [(str(compiled), parameters)], "a page to publish")


def test_a_page_past_the_last_passes_over_no_rows(admin: Caller, app: Flask) -> None:
    for path in ("/images?page=1000000000", "/images?type=none&page=2"):
        with statements_of(app) as statements:
            admin.get(path).expect(404, "There is no page")
        assert statements
        assert not any("OFFSET" in statement for statement, _ in statements)
    admin.post("/users", {"email": "p@partner.example"}).expect(200)
    with statements_of(app) as statements:
        admin.get("/users?per_page=1&page=2").expect(200)
    assert any("OFFSET" in statement for statement, _ in statements)


def test_filters_of_images_use_their_indexes(filled: Caller, app: Flask) -> None:
    queries = {
        "type=t7": "ix_image_type_id",
        "filetype=f7": "ix_image_filetype_id",
        "filetype=none": "ix_image_filetype_id",
        "filetype=any&after=40000&per_page=10": "pk_image",
        "taken_from=2026-01-02T00:00:00Z&taken_to=2026-01-02T01:00:00Z": "ix_image_date_taken",
        "bbox=3,50,3.5,50.5": "ix_image_place",
        "near=50,3,9000": "ix_image_place",
        "taken=2026-01-02": "ix_image_date_taken",
        "metadata[bridge]=b7": "ix_image_metadata",
        "sort=date_taken": "ix_image_earliest_first",
        "sort=-date_taken&cursor=0": "ix_image_latest_first",
        "sort=date_taken&taken_from=2026-02-01": "ix_image_earliest_first",
        "campaign=2&label=can": "pk_object",
        "campaign=2&min_objects=3": "pk_submission_image",
        "after=40000&per_page=10": "pk_image",
    }
    for query, index in queries.items():
        with statements_of(app) as statements:
            filled.get(f"/images?{query}").expect(200)
        plans = [plan for statement, plan in plans_of(app, statements) if "FROM image" in statement]
        assert plans, query
        assert any(index in plan for plan in plans), (query, plans)
        assert not any("Seq Scan on image " in plan for plan in plans), (query, plans)


def test_filters_of_the_audit_use_their_indexes(filled: Caller, app: Flask) -> None:
    queries = {
        "after=0": "pk_audit",
        "action=revoke_role": "ix_audit_action_id",
        "user=7": "ix_audit_user_id_id",
        "user=user-7@example.org": "ix_audit_user_id_id",
        "subject_type=campaign&subject_id=9": "ix_audit_subject",
        "from=2026-01-02T00:00:00Z&to=2026-01-02T01:00:00Z": "ix_audit_date_created",
    }
    for query, index in queries.items():
        with statements_of(app) as statements:
            assert filled.get(f"/audit?{query}").expect(200)["audit"], query
        plans = [plan for statement, plan in plans_of(app, statements) if "FROM audit" in statement]
        assert plans, query
        assert all(index in plan for plan in plans), (query, plans)
        assert not any("Seq Scan on audit " in plan for plan in plans), (query, plans)
