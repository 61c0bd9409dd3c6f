"""Rows about the formats of datasets: writing snapshots, and reading what was written."""

import tempfile
import time
from collections.abc import Iterator
from typing import Any

import orjson
import psutil
import requests

from bench.connection import Connection
from bench.files import Nowhere, seconds_of, watching, watching_children
from bench.measure import Row
from bench.service import Service
from bench.submissions import LABELS
from tests.workers import worker

IMAGES = 100_000
OBJECTS = 10
GOALS = {"coco": 3, "parquet": 4, "yolo": 4, "cvat": 4}
MEMORY = 150
# What stands in the files: an image and a box in each row.
ROWS = """
SELECT member.image_id, blobstorage_path, member.width, member.height, member.state, object.id, class_id, label,
    x_min, y_min, x_max, y_max, confidence
FROM snapshot_image AS member JOIN image ON image.id = member.image_id
JOIN snapshot_labels USING (snapshot_id, image_id) JOIN object USING (campaign_id, submission_id, image_id)
JOIN snapshot_class AS class ON class.snapshot_id = member.snapshot_id AND class.name = label
WHERE member.snapshot_id = %s ORDER BY member.image_id, object.id
"""


def exported_snapshot(service: Service) -> Iterator[Row]:
    """Export a snapshot of IMAGES images, and one of twice as many, against COPY TO of the same rows."""
    counts = (IMAGES, 2 * IMAGES)
    campaigns = {count: fill_campaign(service, count) for count in counts}
    service.run("UPDATE image SET sha256 = sha256(id::text::bytea), date_inspected = now()")
    service.checkpoint()
    with service.web(1) as server:
        connection = service.connect(server)
        snapshots = {count: _make_snapshot(service, connection, campaigns[count]) for count in counts}
        figures = {}
        for name, goal in GOALS.items():
            what = f"export {IMAGES:,} images x {OBJECTS}: {name}"
            ours, peak, other, limit = figures[name] = _measure(service, connection, snapshots[IMAGES], name)
            yield Row(what, "COPY TO of the same rows", ours, limit, ours / limit, goal, "s")
            yield Row("… the worker's memory", "the goal", peak, MEMORY, peak / MEMORY, 1, "MB")
            if other:
                yield Row("… the memory of its other process", "the goal", other, MEMORY, other / MEMORY, 1, "MB")
        ours, peak, _, _ = _measure(service, connection, snapshots[2 * IMAGES], "coco")
    once = figures["coco"]
    yield Row("… 2 times as many: coco", "2 times the time", ours, 2 * once[0], ours / (2 * once[0]), 1.2, "s")
    yield Row("… the worker's memory", f"for {IMAGES:,}", peak, once[1], peak / once[1], 1.2, "MB")


def fill_campaign(service: Service, count: int) -> int:
    """Make a campaign of so many images with OBJECTS boxes each, by SQL, and return its id."""
    images = service.make_images(count)
    campaign_id = service.make_campaign(images, "completed")
    values = {"campaign": campaign_id, "count": count, "objects": count * OBJECTS, "each": OBJECTS, "labels": LABELS}
    submission_id = service.run(
        "INSERT INTO submission (campaign_id, user_id, image_count, object_count)"
        " VALUES (%(campaign)s, 1, %(count)s, %(objects)s) RETURNING id",
        **values,
    )
    values |= {"submission": submission_id, "first": images.start, "last": images.stop - 1}
    service.run(
        "INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, confidence, label, label_original)"
        " SELECT %(campaign)s, %(submission)s, image_id, 100 * n, 50 + image_id %% 300, 100 * n + 93, 640, 0.75, label, label"
        " FROM generate_series(%(first)s, %(last)s) AS image_id, generate_series(1, %(each)s) AS n,"
        " LATERAL (SELECT (%(labels)s)[1 + n %% cardinality(%(labels)s)] AS label) AS named ORDER BY image_id, n",
        **values,
    )
    service.run(
        "INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count)"
        " SELECT campaign_id, image_id, %(submission)s, 'labeled', %(each)s"
        " FROM campaign_image WHERE campaign_id = %(campaign)s;"
        " UPDATE campaign_image SET submission_id = %(submission)s, state = 'labeled' WHERE campaign_id = %(campaign)s;"
        " UPDATE campaign SET labeled_count = image_count WHERE id = %(campaign)s",
        **values,
    )
    return campaign_id


def imported_coco(service: Service) -> Iterator[Row]:
    """Import a COCO file of IMAGES images into a campaign without labels, against COPY of its rows into a bare table.

    The last row is what the table of objects alone takes for these rows, with its key, its checks and its foreign key, which no
    import can avoid.
    """
    campaign_id = fill_campaign(service, IMAGES)
    service.run("UPDATE image SET sha256 = sha256(id::text::bytea), date_inspected = now()")
    first = service.run("SELECT min(image_id) FROM campaign_image WHERE campaign_id = %(id)s", id=campaign_id)
    new_id = service.make_campaign(range(first, first + IMAGES))
    service.checkpoint()
    with service.web(1) as server:
        connection = service.connect(server)
        snapshot_id = _make_snapshot(service, connection, campaign_id)
        with worker(service.settings):
            made = _export(connection, snapshot_id, "coco")
        export = orjson.loads(connection.send("GET", f"/api/v1/exports/{made['export_id']}"))
        content = requests.get(export["url"], timeout=600).content
        before = _copy_in(service, snapshot_id)
        with worker(service.settings) as process, watching(psutil.Process(process.pid)) as peak:
            seconds = seconds_of(connection, _import(connection, new_id, content))
            megabytes = peak() / 1e6
        limit = (before + _copy_in(service, snapshot_id)) / 2
        least = _insert(service, campaign_id)
    what = f"import COCO of {IMAGES:,} images x {OBJECTS}"
    yield Row(what, "COPY of the rows into a bare table", seconds, limit, seconds / limit, 2.5, "s")
    yield Row("… the worker's memory", "the goal", megabytes, MEMORY, megabytes / MEMORY, 1, "MB")
    name = "… INSERT of its objects alone, from a table that has them"
    yield Row(name, "COPY of the rows into a bare table", least, limit, least / limit, 2.5, "s")


def _make_snapshot(service: Service, connection: Connection, campaign_id: int) -> int:
    new = {"name": f"bench-{campaign_id}", "campaigns": [campaign_id]}
    with worker(service.settings):
        made = orjson.loads(connection.send("POST", "/api/v1/snapshots", orjson.dumps(new), 202))
        seconds_of(connection, made["job"]["job_id"])
    return int(made["snapshot_id"])


def _export(connection: Connection, snapshot_id: int, name: str) -> dict[str, Any]:
    """Export the labels of a snapshot, and return the export with the `seconds` of its job."""
    wanted = orjson.dumps({"format": name, "images": "none"})
    made: dict[str, Any] = orjson.loads(
        connection.send("POST", f"/api/v1/snapshots/{snapshot_id}/exports", wanted, 202)
    )
    return made | {"seconds": seconds_of(connection, made["job"]["job_id"])}


def _import(connection: Connection, campaign_id: int, content: bytes) -> int:
    """Upload a file for an import, begin it, and return the id of its job."""
    path = f"/api/v1/campaigns/{campaign_id}/imports?format=coco&upload=link"
    made = orjson.loads(connection.send("POST", path))
    requests.put(
        made["upload_url"], data=content, headers={"x-ms-blob-type": "BlockBlob"}, timeout=600
    ).raise_for_status()
    place = f"/api/v1/imports/{made['import_id']}"
    connection.send("PUT", place, b'{"new_status":"uploaded"}')
    return int(orjson.loads(connection.send("GET", place))["job"]["job_id"])


def _measure(
    service: Service, connection: Connection, snapshot_id: int, name: str
) -> tuple[float, float, float, float]:
    """Return the seconds of an export, the megabytes of its worker and of the largest process that this one starts.

    The last number has the seconds of COPY, before the export and after it.
    """
    before = _copy_out(service, snapshot_id)
    with worker(service.settings) as process:
        watched = psutil.Process(process.pid)
        with watching(watched) as peak, watching_children(watched) as peak_of_children:
            seconds = _export(connection, snapshot_id, name)["seconds"]
            megabytes = peak() / 1e6, peak_of_children() / 1e6
    return seconds, *megabytes, (before + _copy_out(service, snapshot_id)) / 2


def _copy_out(service: Service, snapshot_id: int) -> float:
    with service.database() as database, database.cursor() as cursor:
        statement = cursor.mogrify(f"COPY ({ROWS}) TO STDOUT", [snapshot_id]).decode()
        begin = time.perf_counter()
        cursor.copy_expert(statement, Nowhere())
        return time.perf_counter() - begin


def _copy_in(service: Service, snapshot_id: int) -> float:
    """Return the seconds of COPY of the rows into a table without keys, indexes and checks."""
    with service.database() as database, database.cursor() as cursor, tempfile.TemporaryFile("w+b") as file:
        cursor.copy_expert(cursor.mogrify(f"COPY ({ROWS}) TO STDOUT", [snapshot_id]).decode(), file)
        file.seek(0)
        cursor.execute(cursor.mogrify(f"CREATE TABLE bare AS {ROWS} LIMIT 0", [snapshot_id]).decode())
        begin = time.perf_counter()
        cursor.copy_expert("COPY bare FROM STDIN", file)
        seconds = time.perf_counter() - begin
        database.rollback()
        return seconds


def _insert(service: Service, campaign_id: int) -> float:
    """Return the seconds of INSERT … SELECT of the objects of a campaign into their table once more."""
    columns = "image_id, x_min, y_min, x_max, y_max, confidence, label, label_original"
    with service.database() as database, database.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE source AS SELECT {columns} FROM object WHERE campaign_id = %s ORDER BY image_id, id",
            [campaign_id],
        )
        cursor.execute(
            "INSERT INTO submission (campaign_id, user_id, image_count, object_count) VALUES (%s, 1, 0, 0) RETURNING id",
            [campaign_id],
        )
        [submission_id] = cursor.fetchone() or [0]
        begin = time.perf_counter()
        cursor.execute(
            f"INSERT INTO object (campaign_id, submission_id, {columns}) SELECT %s, %s, {columns} FROM source",
            [campaign_id, submission_id],
        )
        seconds = time.perf_counter() - begin
        database.rollback()
        return seconds
