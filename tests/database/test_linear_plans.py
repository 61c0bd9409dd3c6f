"""Statements about many rows do work in proportion to those rows, whatever PostgreSQL knows of the tables.

A campaign is filled and labeled within seconds, long before PostgreSQL looks at its rows. Until then the planner guesses from
what it saw before: nothing, empty tables, or other campaigns, from which it concludes that this one has next to no rows.
"""

import http.client
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import psycopg
import psycopg2.extensions
import pytest
from flask import Flask
from sqlalchemy import Engine, event, text

from app.database.engine import db
from app.jobs import image_files
from app.jobs.image_paths import find_image_paths
from app.jobs.snapshot_pages import read_pages
from app.services import statistics
from app.settings import Settings
from tests.caller import Caller
from tests.web_server import WebServer, web_server
from tests.workers import rows, run_jobs

COUNT = 3000
OBJECTS = 2
# So many rows the steps of a plan may look at for each image. A scan of the campaign for each image would look at COUNT.
ROWS_FOR_EACH = 100

TABLES = (
    "image",
    "image_set",
    "campaign",
    "campaign_image",
    "campaign_membership",
    "submission",
    "submission_image",
    "object",
    "review",
    "job",
    "dataset",
    "snapshot",
    "snapshot_class",
    "snapshot_image",
    "snapshot_labels",
)
KINDS = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE|EXECUTE|CREATE TEMPORARY TABLE \w+ AS)\b")
OTHERS = "other campaigns"
OTHER_CAMPAIGNS = """
INSERT INTO image (blobstorage_path, filesize, filetype, width, height)
    SELECT 'c/other/' || n, 1, 'JPEG', 1920, 1080 FROM generate_series(1, 4000) AS n;
INSERT INTO campaign (title, created_by, status, image_count, auto_complete)
    SELECT 'other-' || n, 1, 'active', 2000, false FROM generate_series(1, 2) AS n;
INSERT INTO submission (campaign_id, user_id, image_count, object_count) SELECT id, 1, 2000, 4000 FROM campaign;
INSERT INTO campaign_image (campaign_id, image_id, submission_id)
    SELECT campaign_id, image.id, submission.id FROM image JOIN submission ON submission.campaign_id = 1 + image.id % 2;
INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count)
    SELECT campaign_id, image_id, submission_id, 'labeled', 2 FROM campaign_image;
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, label, label_original)
    SELECT campaign_id, submission_id, image_id, 0, 0, 9, 9, 'PET', 'PET' FROM campaign_image, generate_series(1, 2);
INSERT INTO review (campaign_id, image_id, submission_id, verdict, user_id)
    SELECT campaign_id, image_id, submission_id, 'accepted', 1 FROM campaign_image;
UPDATE campaign_image SET review_id = review.id FROM review
    WHERE review.campaign_id = campaign_image.campaign_id AND review.image_id = campaign_image.image_id;
"""


def run(app: Flask, *statements: str) -> None:
    with rows(app) as session:
        for statement in statements:
            session.execute(text(statement))


def forget_statistics(app: Flask) -> None:
    run(app, *(f"DELETE FROM pg_statistic WHERE starelid = '{table}'::regclass" for table in TABLES))


def analyze(app: Flask, *tables: str) -> None:
    run(app, f"ANALYZE {', '.join(tables or TABLES)}")


def vacuum(app: Flask) -> None:
    """Give the pages of deleted rows back, as PostgreSQL does by itself, and then count none."""
    with app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM ANALYZE {', '.join(TABLES)}"))


def analyze_other_campaigns(app: Flask) -> None:
    run(app, *OTHER_CAMPAIGNS.split(";")[:-1])
    analyze(app)


KNOWLEDGE: dict[str, Callable[[Flask], None]] = {
    "nothing": forget_statistics,
    "empty tables": vacuum,
    OTHERS: analyze_other_campaigns,
}


@pytest.fixture(params=KNOWLEDGE)
def knowledge(request: pytest.FixtureRequest, app: Flask, admin: Caller) -> Iterator[str]:
    """What PostgreSQL knows of the tables before the test; it learns nothing by itself meanwhile."""
    run(app, *(f"ALTER TABLE {table} SET (autovacuum_enabled = off)" for table in TABLES))
    KNOWLEDGE[request.param](app)
    yield request.param
    run(app, *(f"ALTER TABLE {table} RESET (autovacuum_enabled)" for table in TABLES))
    forget_statistics(app)


class ExplainingCursor(psycopg2.extensions.cursor):
    """Has each statement explained before it runs, in the state of the tables that it meets."""

    seen: list[tuple[str, dict[str, Any]]]

    def execute(self, statement: Any, values: Any = None) -> None:
        if KINDS.match(str(statement)):
            is_alone = self.connection.autocommit
            super().execute("BEGIN" if is_alone else "SAVEPOINT before")
            super().execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", values)
            [([explained],)] = self.fetchall()
            self.seen.append((str(statement), explained["Plan"]))
            super().execute("ROLLBACK" if is_alone else "ROLLBACK TO before")
        super().execute(statement, values)


def count_rows(plan: dict[str, Any]) -> int:
    """How many rows the steps of a plan looked at, in all their repetitions."""
    kinds = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
    own = plan["Actual Loops"] * sum(plan.get(kind, 0) for kind in kinds)
    return int(own) + sum(count_rows(part) for part in plan.get("Plans", []))


def describe(plan: dict[str, Any], depth: int = 0) -> str:
    names = ("Node Type", "Relation Name", "Index Cond", "Join Filter", "Plan Rows", "Actual Rows", "Actual Loops")
    own = {name: plan[name] for name in names if name in plan}
    return "\n".join(["  " * depth + str(own), *(describe(part, depth + 1) for part in plan.get("Plans", []))])


@contextmanager
def linear(app: Flask, what: str) -> Iterator[None]:
    """Fail when a statement meanwhile looks at more rows than is in proportion to COUNT."""
    seen: list[tuple[str, dict[str, Any]]] = []
    cursor = type("Cursor", (ExplainingCursor,), {"seen": seen})

    def watch(connection: Any, *_: Any) -> None:
        connection.cursor_factory = cursor

    with app.app_context():
        engine = db.engine
    # On new connections every statement is prepared anew, and seen.
    engine.dispose()
    event.listen(Engine, "connect", watch)
    try:
        yield
    finally:
        event.remove(Engine, "connect", watch)
        engine.dispose()
    assert seen, what
    for statement, plan in seen:
        looked_at = count_rows(plan)
        assert looked_at <= ROWS_FOR_EACH * COUNT, f"{what}: {looked_at:,} rows\n{statement}\n{describe(plan)}"


@pytest.mark.slow
def test_work_for_what_is_new_is_linear(knowledge: str, app: Flask, admin: Caller, title: str) -> None:
    folder = f"c/loose/{title}"
    with linear(app, "ingest"), rows(app) as session:
        for first in range(0, COUNT, image_files.BATCH_SIZE):
            names = [f"{folder}/{number}.jpg" for number in range(first, first + image_files.BATCH_SIZE)]
            image_files.register(session, None, {name: document(name) for name in names})
    with rows(app) as session:
        found = session.scalars(text("SELECT id FROM image WHERE starts_with(blobstorage_path, :f)"), {"f": folder})
        ids = list(found)
    if knowledge == OTHERS:
        # Images are there for a while before their campaign.
        analyze(app, "image")
    made = admin.post("/campaigns", {"title": title, "labeler_email": "p@partner.example"}).expect(200)
    campaign_id, campaign = made["campaign_id"], f"/campaigns/{made['campaign_id']}"
    with linear(app, "POST images by path"):
        paths = [{"filepath": f"{folder}/{number}.jpg"} for number in range(COUNT // 2)]
        admin.post(f"{campaign}/images", paths).expect(200)
    with linear(app, "POST images by id"):
        admin.post(f"{campaign}/images", [{"id": image_id} for image_id in ids]).expect(200)
    admin.put(campaign, {"new_status": "active", "auto_complete": False}).expect(200)
    item = {"bounding_box": {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}, "label": "PET"}
    submission = [{"image_id": image_id, "objects": [item] * OBJECTS} for image_id in ids]
    for what in ("PUT objects", "PUT objects again"):
        with linear(app, what):
            admin.put(f"{campaign}/objects", submission).expect(200)
    for what, verdict in (("PUT reviews", "rejected"), ("PUT reviews again", "accepted")):
        with linear(app, what):
            reviews = [{"image_id": image_id, "verdict": verdict} for image_id in ids]
            admin.put(f"{campaign}/reviews", reviews).expect(200)
    with linear(app, "PUT objects on what is reviewed"):
        admin.put(f"{campaign}/objects", [{"image_id": image_id, "objects": [item]} for image_id in ids]).expect(200)
    admin.put(f"{campaign}/reviews", reviews).expect(200)
    middle = ids[COUNT // 2]
    newest = admin.get(f"{campaign}/submissions").expect(200)["submissions"][0]["submission_id"]
    for path in (
        f"{campaign}/images?per_page=1000&after={middle}",
        f"{campaign}/images?per_page=1000&page=2&labeled=true",
        f"{campaign}/objects?per_page=1000&after={middle}",
        f"{campaign}/images?review=accepted&per_page=1000&page=2",
        f"{campaign}/objects?review=accepted&per_page=1000&after={middle}&as_of={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        f"{campaign}/images?review=none&per_page=1000&page=2&as_of={newest}",
        f"/images?campaign={campaign_id}&per_page=1000&page=2",
        f"/images?campaign={campaign_id}&labeled=true&per_page=1000&after={middle}",
        f"/images?campaign={campaign_id}&labeled=false",
    ):
        with linear(app, path):
            admin.get(path).expect(200)
    with linear(app, "statistics"):
        admin.get(f"{campaign}/statistics").expect(200)
    with linear(app, "relabel"):
        admin.post(f"{campaign}/relabel", {"mapping": {"PET": "can"}}).expect(200)
    with linear(app, "counts to keep"), app.app_context():
        assert list(statistics.keep_counts(db.session())) == [campaign_id]
        db.session.commit()
    with linear(app, "statistics of the past"):
        admin.get(f"{campaign}/statistics?as_of={newest}").expect(200)
    with linear(app, "restore"):
        admin.post(f"{campaign}/restore", {"as_of": str(newest)}).expect(200)
    some = [{"id": image_id} for image_id in ids[::2]]
    for _ in range(2):
        with linear(app, "remove images"):
            admin.post(f"{campaign}/images/remove", some).expect(200)
        for path in (f"objects?as_of={newest}&per_page=1000&page=2", f"diff?from={newest}", "statistics"):
            with linear(app, path):
                admin.get(f"{campaign}/{path}").expect(200)
        with linear(app, "add removed images"):
            admin.post(f"{campaign}/images", some).expect(200)
    other = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "p@partner.example"}).expect(200)
    selections = (
        {"campaign": campaign_id, "state": "labeled"},
        {"query": {"path": folder}},
        {"query": {"campaign": campaign_id}},
    )
    for selection in selections:
        with linear(app, f"select images: {selection}"):
            admin.post(f"/campaigns/{other['campaign_id']}/images", [selection]).expect(200)
        with linear(app, "remove images that were never labeled"):
            admin.post(f"/campaigns/{other['campaign_id']}/images/remove", [{"id": each} for each in ids]).expect(200)
    with linear(app, "delete a campaign"):
        admin.delete(f"/campaigns/{other['campaign_id']}").expect(200)
    other = admin.post("/campaigns", {"title": f"{title}-3", "labeler_email": "p@partner.example"}).expect(200)
    other_id = other["campaign_id"]
    admin.post(f"/campaigns/{other_id}/images", [{"id": each} for each in ids]).expect(200)
    run(app, "UPDATE image SET sha256 = sha256(id::text::bytea), date_inspected = now()")
    with linear(app, "history of an image"):
        admin.get(f"/images/{middle}/history").expect(200)
    made = admin.post("/image_sets", {"title": title}).expect(200)
    with linear(app, "POST images to a set"):
        admin.post(f"/image_sets/{made['imageset_id']}/images", [{"id": image_id} for image_id in ids]).expect(200)
    split = {"key": "content", "seed": "", "shares": {"train": 0.5, "val": 0.5}}
    snapshot_ids = []
    choices: list[dict[str, Any]] = [
        {},
        {"as_of": str(newest)},
        {"split": split, "classes": ["PET"]},
        {"query": {"campaign": campaign_id}},
    ]
    for number, more in enumerate(choices):
        new = {"name": title, "campaigns": [campaign_id, other_id], "labels": ("first", "all")[number % 2], **more}
        with linear(app, f"count for a snapshot: {more}"):
            admin.post("/snapshots", {**new, "dry_run": True}).expect(200)
        snapshot_ids.append(admin.post("/snapshots", new).expect(202)["snapshot_id"])
        with linear(app, f"snapshot: {more}"):
            run_jobs(app)
    first_id = snapshot_ids[0]
    for path in (
        "images?per_page=1000&page=2",
        f"objects?per_page=1000&after={middle}",
        f"diff?from={snapshot_ids[1]}",
        "",
    ):
        with linear(app, path):
            admin.get(f"/snapshots/{first_id}/{path}".removesuffix("/")).expect(200)
    with linear(app, "pages of a snapshot"), rows(app) as session:
        assert sum(map(len, read_pages(session, first_id, "upload"))) == COUNT
    names = [f"{folder}/{number}.jpg" for number in range(COUNT)]
    for what, query, content in (
        ("import by path", "format=coco", coco_of(names)),
        ("import by path again", "format=coco", coco_of(names)),
        ("import by name and add", "format=coco&match=name&mode=append", coco_of(names)),
        ("import by id", "format=csv", csv_of(ids)),
        ("import by id and clip", "format=csv&on_invalid=clip", csv_of(ids, right=5000)),
    ):
        import_id = admin.post(f"{campaign}/imports?{query}", content=content).expect(202)["import_id"]
        with linear(app, what):
            run_jobs(app)
        done = admin.get(f"/imports/{import_id}").expect(200)
        assert (done["state"], done["counts"]["images"]) == ("succeeded", COUNT), done
    for status in ("completed", "finished"):
        admin.put(campaign, {"new_status": status}).expect(200)
    with linear(app, "publication"):
        run_jobs(app)
    whole = f"UPDATE image_set SET status = 'finished', date_finished = now(), blobstorage_path = '{folder}'"
    run(app, whole)
    if knowledge == OTHERS:
        analyze(app, "image", "image_set")
    with linear(app, "paths of the images"), rows(app) as session:
        assert find_image_paths(session, campaign_id, "c", "manifest") == [(f"loose/{title}/**", True)]


def document(path: str) -> dict[str, Any]:
    unknown = dict.fromkeys(("date_taken", "lat", "lon", "md5"))
    return {"path": path, "filesize": 1, "filetype": "JPEG", "width": 1920, "height": 1080, **unknown}


def coco_of(names: list[str]) -> bytes:
    """A label file with OBJECTS boxes on each image."""
    boxes = [
        {"image_id": image, "category_id": 1, "bbox": [number, 2, 3.5, 4]}
        for image in range(len(names))
        for number in range(OBJECTS)
    ]
    images = [{"id": image, "file_name": name} for image, name in enumerate(names)]
    return orjson.dumps({"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "cap"}]})


def csv_of(ids: list[int], right: int = 9) -> bytes:
    """A label file with OBJECTS boxes on each image, which reach as far to the right."""
    lines = (f"{image_id},cup,{number},2,{right},4\n" for image_id in ids for number in range(OBJECTS))
    return ("image_id,label,x_min,y_min,x_max,y_max\n" + "".join(lines)).encode()


NEW_CAMPAIGN = """
WITH new_image AS (
    INSERT INTO image (blobstorage_path, filesize, filetype, width, height)
    SELECT 'c/' || :title || '/' || n, 1, 'JPEG', 1920, 1080 FROM generate_series(1, 20000) AS n RETURNING id
), new_campaign AS (
    INSERT INTO campaign (title, created_by, status, image_count, auto_complete)
    VALUES (:title, 1, 'active', 20000, false) RETURNING id
)
INSERT INTO campaign_image (campaign_id, image_id) SELECT new_campaign.id, new_image.id FROM new_campaign, new_image
RETURNING campaign_id
"""
# The rows of a submission that is there already, which foreign keys ask for as they do in a PUT.
COPIED = "campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, confidence, label, label_original"


@pytest.mark.flaky(reruns=2)
@pytest.mark.slow
def test_submission_to_a_new_campaign_takes_a_few_times_as_long_as_copy(
    app: Flask, admin: Caller, settings: Settings, tmp_path: Path
) -> None:
    analyze_other_campaigns(app)
    # In a process of its own, as users have it.
    with web_server(settings, tmp_path / "web.log") as web:
        ratios = [_measure(app, admin, settings, web, number) for number in range(5)]
    # `make bench` measures the ratio on a quiet machine, where its goal is 2.5. Beside other tests, where both sides wait for
    # processors, it is between 3 and 4.3. A plan that is not linear takes ten times as long and more.
    assert min(ratios) <= 4, ratios


def _measure(app: Flask, admin: Caller, settings: Settings, web: WebServer, number: int) -> float:
    labels = ("PET", "bag", "cap", "cup", "can")
    objects = [
        {"bounding_box": {"xmin": 1, "xmax": 9, "ymin": 2, "ymax": 8}, "label": label, "confidence": 0.75}
        for label in labels
    ]
    with rows(app) as session:
        created = session.scalars(text(NEW_CAMPAIGN), {"title": f"new-{number}"}).all()
        campaign_id = created[0]
        ids = session.scalars(text(f"SELECT image_id FROM campaign_image WHERE campaign_id = {campaign_id}")).all()
    body = orjson.dumps([{"image_id": image_id, "objects": objects} for image_id in ids])
    pair = {"Authentication-Key": str(admin.key), "Authentication-Secret": str(admin.secret)}
    client = http.client.HTTPConnection("127.0.0.1", urlsplit(web.url).port)
    began = time.perf_counter()
    path = f"/api/v1/campaigns/{campaign_id}/objects"
    client.request("PUT", path, body, {**pair, "Content-Type": "application/json"})
    assert client.getresponse().status == 200
    took = time.perf_counter() - began
    client.close()
    with rows(app) as session:
        submission_id = session.scalar(text(f"SELECT id FROM submission WHERE campaign_id = {campaign_id}"))
        lines = "".join(
            f"{campaign_id}\t{submission_id}\t{image_id}\t1\t2\t9\t8\t0.75\t{label}\t{label}\n"
            for image_id in ids
            for label in labels
        )
    with psycopg.connect(settings.queue_url, options=f"-csearch_path={settings.db_schema}") as connection:
        began = time.perf_counter()
        with connection.cursor().copy(f"COPY object ({COPIED}) FROM STDIN") as copy:
            copy.write(lines)
        connection.commit()
        return took / (time.perf_counter() - began)
