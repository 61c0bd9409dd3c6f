"""Rows about snapshots: what it takes to freeze a campaign."""

import statistics
import time
from collections.abc import Iterator

import orjson
import psutil

from bench.connection import Connection
from bench.files import Nowhere, fill_campaign, seconds_of, watching
from bench.measure import Row
from bench.service import Service
from bench.submissions import OBJECTS
from tests.workers import worker

IMAGES = 100_000
SPLIT = {"key": "content", "seed": "bench", "shares": {"train": 0.8, "val": 0.1, "test": 0.1}}
COPIES = {"snapshot_image": "image_id", "snapshot_labels": "image_id"}
BOXES = """
INSERT INTO bare_object SELECT object.* FROM snapshot_labels JOIN object USING (campaign_id, submission_id, image_id)
WHERE snapshot_id = %s
"""
READ_BOXES = """
COPY (
    SELECT image_id, label, x_min, y_min, x_max, y_max, left_edge, upper_edge, right_edge, lower_edge, confidence
    FROM snapshot_labels JOIN object USING (campaign_id, submission_id, image_id) WHERE snapshot_id = %s) TO STDOUT
"""


def made_snapshot(service: Service) -> Iterator[Row]:
    """Make snapshots of a tenth of IMAGES and of IMAGES images, against INSERT … SELECT of the rows that they hold.

    A snapshot keeps no copy of its boxes, and yet reads all of them for its hash. So the other side copies them with the rest,
    or reads them as well. Against its rows alone, most of the time is that reading (docs/decisions/snapshots.md).
    """
    rounds = {IMAGES // 10: 5, IMAGES: 3}
    campaigns = {count: fill_campaign(service, count) for count in rounds}
    service.run("UPDATE image SET sha256 = sha256(id::text::bytea), date_inspected = now()")
    service.checkpoint()
    peaks = []
    with service.web() as server:
        connection = service.connect(server)
        for count, times in rounds.items():
            with worker(service.settings) as process, watching(psutil.Process(process.pid)) as peak:
                pairs = []
                for _ in range(times):
                    snapshot_id, ours = _make(connection, campaigns[count])
                    pairs.append((ours, *_copy(service, snapshot_id)))
                peaks.append(peak() / 1e6)
            ours, rows, read, all_rows = (statistics.median(figures) for figures in zip(*pairs, strict=True))
            for against, limit, number, goal in (
                ("INSERT … SELECT of its images, submissions and boxes", all_rows, 3, 3),
                ("INSERT … SELECT of its images and submissions, COPY TO of its boxes", read, 2, 3),
                ("INSERT … SELECT of its images and submissions alone", rows, 1, 8),
            ):
                ratio = statistics.median(pair[0] / pair[number] for pair in pairs)
                yield Row(f"snapshot of {count:,} images x {OBJECTS}", against, ours, limit, ratio, goal, "s")
    what, against = f"… the worker's memory for {IMAGES:,}", f"for {IMAGES // 10:,}"
    yield Row(what, against, peaks[1], peaks[0], peaks[1] / peaks[0], 1.2, "MB", at_most=150)


def _make(connection: Connection, campaign_id: int) -> tuple[int, float]:
    """Make a snapshot, and return its id and the seconds of its job."""
    new = {"name": f"bench-{campaign_id}", "campaigns": [campaign_id], "split": SPLIT}
    made = orjson.loads(connection.send("POST", "/api/v1/snapshots", orjson.dumps(new), 202))
    return made["snapshot_id"], seconds_of(connection, made["job"]["job_id"])


def _copy(service: Service, snapshot_id: int) -> tuple[float, float, float]:
    """Return the seconds of copying the rows of a snapshot into tables like theirs: alone, with its boxes read, and copied."""
    with service.database() as database, database.cursor() as cursor:
        for table in (*COPIES, "object"):
            copy = table.replace("snapshot", "bare") if table != "object" else "bare_object"
            cursor.execute(f"CREATE TABLE {copy} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY)")
        database.commit()
        begin = time.perf_counter()
        for table, key in COPIES.items():
            copy = table.replace("snapshot", "bare")
            cursor.execute(
                f"INSERT INTO {copy} SELECT * FROM {table} WHERE snapshot_id = %s ORDER BY {key}", [snapshot_id]
            )
        rows = time.perf_counter() - begin
        begin = time.perf_counter()
        cursor.execute(BOXES, [snapshot_id])
        database.commit()
        copied = time.perf_counter() - begin
        begin = time.perf_counter()
        cursor.copy_expert(cursor.mogrify(READ_BOXES, [snapshot_id]).decode(), Nowhere())
        read = time.perf_counter() - begin
        cursor.execute("DROP TABLE bare_image, bare_labels, bare_object")
        database.commit()
    return rows, rows + read, rows + copied
