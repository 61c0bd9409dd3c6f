"""Rows about reading: pages, lists, and requests a second."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median

import orjson
from azure.storage.blob import BlobServiceClient, generate_blob_sas
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.database.engine import engine_options
from app.services import statistics
from bench.connection import requests_per_second
from bench.measure import Row, compare, compare_rates, milliseconds
from bench.service import CONTAINER, Service
from bench.submissions import LABELS, OBJECTS, make_body
from tests.web_server import LOOK_SECONDS, answers, free_port

IMAGES = 1_000_000
# Of what takes a millisecond: enough that a neighbour's burst of work is not in most of them.
SHORT_ROUNDS = 500
# Row by row to JSON, without the wishes of the contract on its form: the least that PostgreSQL has to do.
CAMPAIGN_OBJECTS = """
SELECT json_agg(t)::text FROM (
    SELECT campaign_image.image_id, (
        SELECT json_agg(o) FROM (
            SELECT object.* FROM object WHERE object.campaign_id = campaign_image.campaign_id
                AND object.submission_id = campaign_image.submission_id AND object.image_id = campaign_image.image_id
            ORDER BY object.id) AS o) AS objects
    FROM campaign_image WHERE campaign_id = %(campaign)s ORDER BY image_id LIMIT 1000) AS t
"""
IMAGE_PAGE = """
SELECT json_agg(t)::text FROM (
    SELECT image.*, image_set.title FROM image LEFT JOIN image_set ON image_set.id = image_set_id
    WHERE image.id > %(after)s ORDER BY image.id LIMIT 100) AS t
"""


@contextmanager
def asking(service: Service, statement: str, **parameters: object) -> Iterator[Callable[[], None]]:
    """Yield a function that runs the statement on an open connection and takes its text."""
    with service.database() as database:
        database.autocommit = True

        def ask() -> None:
            with database.cursor() as cursor:
                cursor.execute(statement, parameters)
                cursor.fetchone()

        yield ask


def campaign_objects(service: Service) -> Iterator[Row]:
    """GET the objects of a campaign against PostgreSQL's own JSON of the same rows."""
    images = service.make_images(1000)
    campaign_id = service.make_campaign(images)
    path = f"/api/v1/campaigns/{campaign_id}/objects"
    with service.web() as server:
        connection = service.connect(server)
        connection.send("PUT", path, make_body(images))
        service.checkpoint()
        with asking(service, CAMPAIGN_OBJECTS, campaign=campaign_id) as ask:
            figures = compare(lambda: connection.send("GET", f"{path}?per_page=1000"), ask, 25)
        name = f"GET objects of a campaign, 1,000 images x {OBJECTS}"
        yield Row(name, "PostgreSQL's JSON through psycopg2", *figures, 2)


def past_of_campaign(service: Service) -> Iterator[Row]:
    """GET the objects of a campaign as they were, against as they are; and the differences of 100,000 objects that all moved."""
    images = service.make_images(20_000)
    campaign_id = service.make_campaign(images)
    base = f"/api/v1/campaigns/{campaign_id}"
    moved = make_body(images).replace(b'"ymax":640', b'"ymax":600.5')
    with service.web(1) as server:
        connection = service.connect(server)
        for body in (make_body(images), moved, make_body(images, 0.25)):
            connection.send("PUT", f"{base}/objects", body)
        service.checkpoint()
        newest = orjson.loads(connection.send("GET", f"{base}/submissions"))["submissions"]
        third, second, first = (submission["submission_id"] for submission in newest)
        page = f"{base}/objects?per_page=1000&after={images.start + 9_000}"
        figures = compare(
            lambda: connection.send("GET", f"{page}&as_of={first}"), lambda: connection.send("GET", page), 15
        )
        yield Row(f"GET objects as of a submission, 1,000 images x {OBJECTS}", "as they are", *figures, 1.5)
        for name, begin, end in (("moved", first, second), ("changed", first, third)):
            path = f"{base}/diff?per_page=100&from={begin}&to={end}"
            counted = orjson.loads(connection.send("GET", path))["counts"][name]
            took = median(milliseconds(lambda: connection.send("GET", path)) for _ in range(3))
            yield Row(f"GET diff of {counted:,} objects that all {name}", "3 s", took, 3000, took / 3000, 1)


def image_pages(service: Service, count: int = IMAGES) -> Generator[Row, None, None]:
    """GET /images, the first page and one deep in the list, of so many images."""
    images = service.make_images(count)
    service.checkpoint()
    with service.web() as server:
        connection = service.connect(server)
        deep = images.start + count * 9 // 10
        first_path, deep_path = "/api/v1/images?per_page=100", f"/api/v1/images?per_page=100&after={deep}"
        begin_path = "/api/v1/images?per_page=100&after=0"
        with asking(service, IMAGE_PAGE, after=0) as ask:
            first = compare(lambda: connection.send("GET", first_path), ask, SHORT_ROUNDS)
        yield Row(f"GET /images, page 1 of {count:,} images", "PostgreSQL's JSON", *first, 4, at_most=5)
        with asking(service, IMAGE_PAGE, after=deep) as ask:
            far = compare(lambda: connection.send("GET", deep_path), ask, SHORT_ROUNDS)
        yield Row("GET /images?after=, deep in them", "PostgreSQL's JSON", *far, 4, at_most=5)
        figures = compare(
            lambda: connection.send("GET", deep_path), lambda: connection.send("GET", begin_path), SHORT_ROUNDS
        )
        yield Row("GET /images?after=, deep", "the same at the begin", *figures, 1.2)


# A campaign of so many images with OBJECTS boxes each, from submissions of 1,000 images, as `submissions.make_body` has them.
FILL_CAMPAIGN = """
WITH sent AS (
    INSERT INTO submission (campaign_id, user_id, image_count, object_count, replaced)
    SELECT %(campaign)s, 1, 1000, 1000 * %(objects)s, 0 FROM generate_series(1, %(count)s / 1000) RETURNING id
), first AS (SELECT min(id) AS id FROM sent), pointed AS (
    UPDATE campaign_image SET state = 'labeled', submission_id = first.id + (image_id - %(begin)s) / 1000 FROM first
    WHERE campaign_id = %(campaign)s RETURNING image_id, submission_id
), kept AS (
    INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count)
    SELECT %(campaign)s, image_id, submission_id, 'labeled', %(objects)s FROM pointed
)
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, confidence, label, label_original)
SELECT %(campaign)s, submission_id, image_id, 100 * n, 50, 100 * n + (image_id + 31 * n) %% 90 + 1,
    50 + (image_id + n) %% 900 + 1, 0.75, (CAST(%(labels)s AS text[]))[n], 'label'
FROM pointed CROSS JOIN generate_series(1, %(objects)s) AS n
"""


def campaign_statistics(service: Service) -> Iterator[Row]:
    """GET the statistics of campaigns of 100,000 and 1,000,000 objects, with a submission since a worker kept the counts."""
    last: float | None = None
    engine = create_engine(service.settings.database_url, **engine_options(service.settings))
    with service.web(1) as server:
        connection = service.connect(server)
        for count in (20_000, 200_000):
            images = service.make_images(count)
            campaign_id = service.make_campaign(images)
            sizes = {"count": count, "objects": OBJECTS, "begin": images.start, "labels": LABELS}
            service.run(FILL_CAMPAIGN, campaign=campaign_id, **sizes)
            with Session(engine) as session:
                for _ in statistics.keep_counts(session):
                    session.commit()
            path = f"/api/v1/campaigns/{campaign_id}"
            connection.send("PUT", f"{path}/objects", make_body(images[:1000]))
            service.checkpoint()
            ours = median(milliseconds(lambda: connection.send("GET", f"{path}/statistics")) for _ in range(15))
            yield Row(f"GET statistics of {count * OBJECTS:,} objects", "300 ms", ours, 300, ours / 300, 1)
            if last:
                yield Row("… 10 times as many", "10 times the time", ours, last * 10, ours / (last * 10), 1.2)
            last = ours
    engine.dispose()


def campaign_list(service: Service) -> Iterator[Row]:
    """GET /campaigns with a campaign of a million images in it, against the same page without."""
    path = "/api/v1/campaigns?per_page=20"
    for _ in range(20):
        service.make_campaign(range(1, 1))
    images = service.make_images(IMAGES)
    service.make_campaign(images)
    service.checkpoint()
    with service.web() as server:
        connection = service.connect(server)
        figures = compare(
            lambda: connection.send("GET", path + "&after=1"),
            lambda: connection.send("GET", path + "&after=0"),
            SHORT_ROUNDS,
        )
        yield Row("GET /campaigns with 1,000,000 images in one", "20 campaigns without", *figures, 1.2)


def signed_links(service: Service) -> Iterator[Row]:
    """A thousand images with their signed links, against signing the same links alone, and a page with three links each."""
    images = service.make_images(1000)
    # Only images that were inspected have previews.
    service.run(
        "UPDATE image SET sha256 = sha256(blobstorage_path::bytea), dhash = id, date_inspected = now()"
        " WHERE id BETWEEN %(first)s AND %(last)s",
        first=images.start,
        last=images.stop - 1,
    )
    service.checkpoint()
    connection_string = service.settings.azure_storage_connection_string
    assert connection_string is not None  # noqa: S101
    account = BlobServiceClient.from_connection_string(connection_string.get_secret_value())
    expiry = datetime.now(UTC) + timedelta(days=7)

    def sign() -> None:
        for number in range(1000):
            generate_blob_sas(
                str(account.account_name),
                CONTAINER,
                f"upload/drone-12/{number}.jpg",
                account_key=account.credential.account_key,
                permission="r",
                expiry=expiry,
                cache_control="private",
                content_disposition=f'inline; filename="{number}.jpg"',
                content_type="image/jpeg",
            )

    with service.web() as server:
        connection = service.connect(server)
        path = "/api/v1/images?per_page=1000&after=0&expand=download_url"
        figures = compare(lambda: connection.send("GET", path), sign, 15)
        yield Row("1,000 images with signed links", "signing the same links with the storage SDK", *figures, 2)
        page = "/api/v1/images?per_page=100&expand=thumbnail_url,preview_url,download_url"
        took = median(milliseconds(lambda: connection.send("GET", page)) for _ in range(SHORT_ROUNDS))
        yield Row("100 images with three links each", "10 ms", took, 10, took / 10, 1)


@contextmanager
def bare_server(service: Service) -> Iterator[str]:
    """Run the bare application as ours is run: gunicorn, uvicorn, two processes."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "python:bench", "-b", f"127.0.0.1:{port}", "-w", "2"]
    command += [
        "--log-level",
        "warning",
        "--no-control-socket",
        "-k",
        "uvicorn_worker.UvicornWorker",
        "bench.bare:server",
    ]
    process = subprocess.Popen(command, env={**os.environ, "BARE_DATABASE": service.settings.database_url})
    try:
        url = f"http://127.0.0.1:{port}"
        while not answers(f"{url}/person"):
            time.sleep(LOOK_SECONDS)
        yield url
    finally:
        process.terminate()
        process.wait()


def small_requests(service: Service, seconds: float = 3) -> Generator[Row, None, None]:
    """Small requests over 16 connections, against a bare view with one query of the same kind, in turns of so many seconds."""
    [image_id] = service.make_images(1)
    service.checkpoint()
    with service.web() as server, bare_server(service) as bare:
        for name, ours, theirs, status in (
            ("GET /whoami", "/api/v1/whoami", "/person", 200),
            ("GET /images/{id}", f"/api/v1/images/{image_id}", f"/images/{image_id}", 303),
        ):
            figures = compare_rates(
                lambda: requests_per_second(server.url, ours, service.headers, status=status, seconds=seconds),
                lambda: requests_per_second(bare, theirs, {}, status=status, seconds=seconds),
            )
            yield Row(f"{name}, 16 connections", "a bare Flask view", *figures, 0.4, "/s", at_least=True)
