"""Rows about files: taking in an image set, and publishing a campaign."""

import io
import random
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import orjson
import psutil
import requests
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobServiceClient, ContainerClient
from PIL import Image
from requests.adapters import HTTPAdapter

from app.jobs import publish_datasets as publication
from app.media.previews import PREVIEW_SIDE, THUMBNAIL_SIDE
from bench.connection import Connection
from bench.measure import Row
from bench.service import CONTAINER, Service
from bench.submissions import BOXES, COLUMNS, LABELS, OBJECTS
from tests.workers import worker

BLOBS = 6000
BLOB_BYTES = 20_000
SAMPLE = 400
PHOTOS = 300
IMAGES = 100_000
UPLOADERS = 16
MAX_THREADS = 32
LOOK_SECONDS = 0.05
# A JPEG of one grey pixel block; what follows its end is ignored by readers, and makes the file as large as a small photo.
PICTURE = bytes.fromhex(
    "ffd8ffe000104a46494600010101004800480000ffdb004300" + "08" * 64 + "ffc0000b080008000801011100"
    "ffc40014000100000000000000000000000000000009ffc40014100100000000000000000000000000000000"
    "ffda0008010100003f00545fffd9"
)


def finished_set(service: Service) -> Iterator[Row]:
    """Finish a set of BLOBS files against a bare loop of copies at the best concurrency that is found."""
    account = _account(service)
    with service.web() as server, worker(service.settings):
        connection = service.connect(server)
        made = orjson.loads(connection.send("POST", "/api/v1/image_sets", b'{"title":"bench"}'))
        _upload(account.get_container_client("dropbox-bench"), BLOBS)
        path = f"/api/v1/image_sets/{made['imageset_id']}"
        connection.send("PUT", path, b'{"new_status":"finished"}')
        ours = seconds_of(connection, orjson.loads(connection.send("GET", path))["ingest"]["job_id"])
    source = account.create_container("bare-source")
    _upload(source, BLOBS)
    sample = [f"{number:05}.jpg" for number in range(SAMPLE)]
    tried = {threads: _copy(account, sample, threads, f"try-{threads}") for threads in (4, 8, 16, MAX_THREADS)}
    best = min(tried, key=lambda threads: tried[threads])
    bare = _copy(account, [f"{number:05}.jpg" for number in range(BLOBS)], best, "all")
    yield Row(
        f"finish a set of {BLOBS:,} files", f"copies by a bare loop, {best} threads", ours, bare, ours / bare, 1.3, "s"
    )


def inspected_set(service: Service) -> Iterator[Row]:
    """Inspect a set of PHOTOS photos of some 2 MB, against reading the same blobs, and the memory that the worker takes.

    The inspection decodes each file to its end and makes two previews, so that it is bound by the processor: the last row has
    Pillow alone at the same pictures, in memory, in as many processes.
    """
    account = _account(service)
    with service.web() as server:
        connection = service.connect(server)
        made = orjson.loads(connection.send("POST", "/api/v1/image_sets", b'{"title":"photos"}'))
        photos = [_make_photo(seed) for seed in range(4)]
        container = account.get_container_client("dropbox-photos")
        for number in range(PHOTOS):
            container.upload_blob(f"{number:05}.jpg", photos[number % len(photos)]).close()
        path = f"/api/v1/image_sets/{made['imageset_id']}"
        with worker(service.settings) as process, watching(psutil.Process(process.pid)) as peak:
            connection.send("PUT", path, b'{"new_status":"finished"}')
            seconds_of(connection, orjson.loads(connection.send("GET", path))["ingest"]["job_id"])
            found = orjson.loads(connection.send("GET", "/api/v1/jobs?kind=inspect_image_set"))["jobs"]
            begun = peak() / 1e6
            ours = seconds_of(connection, found[0]["job_id"])
            ended = peak() / 1e6
    target = account.get_container_client(CONTAINER)
    names = [blob.name for blob in target.list_blobs(name_starts_with="upload/")]
    begin = time.perf_counter()
    for name in names:
        target.download_blob(name).readall()
    bare = time.perf_counter() - begin
    megabytes = sum(len(photos[number % len(photos)]) for number in range(PHOTOS)) / 1e6
    name = f"inspect {PHOTOS:,} photos, {megabytes / PHOTOS:.1f} MB each"
    yield Row(
        name, "read the same blobs", megabytes / ours, megabytes / bare, bare / ours, 1 / 1.5, "MB/s", at_least=True
    )
    yield Row("… the worker's memory at its end", "at its beginning", ended, begun, ended / begun, 1.2, "MB")
    processes = service.settings.decode_processes
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(_make_previews, photos))
        begin = time.perf_counter()
        list(pool.map(_make_previews, [photos[number % len(photos)] for number in range(PHOTOS)]))
        alone = time.perf_counter() - begin
    base = f"Pillow decodes and shrinks them, {processes} at a time"
    yield Row(name, base, megabytes / ours, megabytes / alone, alone / ours, 1 / 1.5, "MB/s", at_least=True)


def _make_previews(photo: bytes) -> None:
    """Decode a JPEG, as small as it may be, and write both previews of it into memory."""
    with Image.open(io.BytesIO(photo)) as image:
        image.draft(None, (PREVIEW_SIDE, PREVIEW_SIDE))
        image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.HAMMING)
        image.save(io.BytesIO(), "JPEG", quality=85)
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.HAMMING)
        image.save(io.BytesIO(), "WEBP", quality=75)


def _make_photo(seed: int) -> bytes:
    """Return a JPEG of 12 megapixels that has the size of a photo: soft shapes with a little noise."""
    # The same photos in each run.
    colors = random.Random(seed).randbytes(80 * 60 * 3)  # noqa: S311  # No secret is made of them.
    shapes = Image.frombytes("RGB", (80, 60), colors).resize((4000, 3000))
    noise = Image.effect_noise((4000, 3000), 24).convert("RGB")
    file = io.BytesIO()
    Image.blend(shapes, noise, 0.25).save(file, "JPEG", quality=80)
    return file.getvalue()


def _account(service: Service) -> BlobServiceClient:
    text = service.settings.azure_storage_connection_string
    # Without a connection for each thread the SDK makes new ones all the time.
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=MAX_THREADS))
    transport = RequestsTransport(session=session)
    return BlobServiceClient.from_connection_string(text.get_secret_value() if text else "", transport=transport)


def _upload(container: ContainerClient, count: int) -> None:
    content = PICTURE.ljust(BLOB_BYTES, b"\0")
    with ThreadPoolExecutor(UPLOADERS) as pool:
        for done in pool.map(lambda number: container.upload_blob(f"{number:05}.jpg", content), range(count)):
            done.close()


def _copy(account: BlobServiceClient, names: list[str], threads: int, folder: str) -> float:
    """Copy blobs within the account, each by one request as the service does it, and return the seconds."""

    def copy(name: str) -> None:
        source = account.get_blob_client("bare-source", name)
        account.get_blob_client(CONTAINER, f"{folder}/{name}").start_copy_from_url(source.url)

    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(copy, names))
    return time.perf_counter() - begin


def seconds_of(connection: Connection, job_id: int) -> float:
    """Wait for a job, and return how long its run took."""
    while True:
        job = orjson.loads(connection.send("GET", f"/api/v1/jobs/{job_id}"))
        if job["state"] in ("succeeded", "failed"):
            break
        time.sleep(0.1)
    if job["state"] == "failed":
        raise RuntimeError(job["error"])
    begin, end = (datetime.fromisoformat(job[name]) for name in ("date_started", "date_finished"))
    return (end - begin).total_seconds()


def fill_campaign(service: Service, count: int) -> int:
    """Make a completed campaign of so many images with OBJECTS boxes each, by SQL, and return its id."""
    images = service.make_images(count)
    campaign_id = service.make_campaign(images, "completed")
    submission_id = service.run(
        "INSERT INTO submission (campaign_id, user_id, image_count, object_count)"
        " VALUES (%(campaign)s, 1, %(count)s, %(objects)s) RETURNING id",
        campaign=campaign_id,
        count=count,
        objects=count * OBJECTS,
    )
    boxes = ", ".join(
        f"({n}, {b['xmin']}, {b['ymin']}, {b['xmax']}, {b['ymax']}, '{label}')"
        for n, (b, label) in enumerate(zip(BOXES, LABELS, strict=True))
    )
    service.run(
        f"INSERT INTO object ({COLUMNS}) SELECT {campaign_id}, {submission_id}, image_id, x1, y1, x2, y2, 0.75, label, label"
        f" FROM generate_series({images.start}, {images.stop - 1}) AS image_id,"
        f" (VALUES {boxes}) AS box (n, x1, y1, x2, y2, label) ORDER BY image_id, n"
    )
    service.run(
        "INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count)"
        f" SELECT {campaign_id}, image_id, {submission_id}, 'labeled', {OBJECTS}"
        f" FROM campaign_image WHERE campaign_id = {campaign_id}"
    )
    service.run(
        f"UPDATE campaign_image SET submission_id = {submission_id}, state = 'labeled' WHERE campaign_id = {campaign_id};"
        f" UPDATE campaign SET labeled_count = image_count WHERE id = {campaign_id}"
    )
    return campaign_id


def published_campaign(service: Service) -> Iterator[Row]:
    """Publish campaigns of a tenth of IMAGES and of IMAGES images, against COPY TO of the same rows."""
    # What takes less than a second is measured several times.
    rounds = {IMAGES // 10: 5, IMAGES: 1}
    campaigns = {count: [fill_campaign(service, count) for _ in range(times)] for count, times in rounds.items()}
    service.checkpoint()
    peaks = []
    with service.web() as server:
        connection = service.connect(server)
        for count, campaign_ids in campaigns.items():
            pairs = []
            with worker(service.settings) as process, watching(psutil.Process(process.pid)) as peak:
                for number, campaign_id in enumerate(campaign_ids):
                    ours = _publish(connection, campaign_id)
                    if number == 0:
                        peaks.append(peak() / 1e6)
                    pairs.append((ours, _copy_out(service, campaign_id) + _upload_again(service)))
            ours, limit = (statistics.median(times) for times in zip(*pairs, strict=True))
            ratio = statistics.median(first / second for first, second in pairs)
            what = f"publish {count:,} images x {OBJECTS}: CSV, JSON Lines, manifest"
            yield Row(what, "COPY TO of the same text, upload of the same bytes", ours, limit, ratio, 3, "s")
    yield Row(
        f"… the worker's memory for {IMAGES:,}",
        f"for {IMAGES // 10:,}",
        peaks[1],
        peaks[0],
        peaks[1] / peaks[0],
        1.2,
        "MB",
    )


def _publish(connection: Connection, campaign_id: int) -> float:
    """Finish a campaign, and return the seconds of its publication."""
    connection.send("PUT", f"/api/v1/campaigns/{campaign_id}", b'{"new_status":"finished"}')
    found = orjson.loads(connection.send("GET", f"/api/v1/campaigns/{campaign_id}"))
    return seconds_of(connection, found["publication"]["job_id"])


class Nowhere:
    """A file that keeps nothing."""

    def write(self, text: str | bytes) -> int:
        """Take it."""
        return len(text)


def _copy_out(service: Service, campaign_id: int) -> float:
    """Return the seconds of one COPY of all that stands in the files."""
    page = publication.PAGE.text.replace("\\:", ":")
    snapshot_id = service.run("SELECT max(id) FROM snapshot WHERE campaign_id = %(campaign)s", campaign=campaign_id)
    values = {"snapshot_id": snapshot_id, "container": CONTAINER, "first": 0, "last": 2**62, "skipped": 0, "size": None}
    for name in values:
        page = re.sub(rf"(?<!:):{name}\b", f"%({name})s", page)
    with service.database() as database, database.cursor() as cursor:
        statement = cursor.mogrify(f"COPY ({page}) TO STDOUT", values).decode()
        begin = time.perf_counter()
        cursor.copy_expert(statement, Nowhere())
        return time.perf_counter() - begin


def _upload_again(service: Service) -> float:
    """Return the seconds of uploading once more, by the storage SDK, the files that were published last."""
    container = _account(service).get_container_client(CONTAINER)
    newest = max(container.list_blobs(name_starts_with="label_sets/"), key=lambda blob: blob.last_modified)
    title = newest.name.split("/")[1].removesuffix("_labels.csv").removesuffix("_images.json")
    files = [
        container.download_blob(blob.name).readall()
        for blob in container.list_blobs(name_starts_with=f"label_sets/{title}")
    ]
    begin = time.perf_counter()
    for number, file in enumerate(files):
        container.upload_blob(f"again/{title}/{number}", file, validate_content=True).close()
    return time.perf_counter() - begin


@contextmanager
def watching(process: psutil.Process) -> Iterator[Callable[[], int]]:
    """Yield what tells the most memory that the process has had, in bytes."""
    yield partial(_peak, process.pid)


@contextmanager
def watching_children(process: psutil.Process) -> Iterator[Callable[[], int]]:
    """Yield what tells the most memory that one of the processes has had which this one starts meanwhile, in bytes."""
    before, peaks, is_over = {child.pid for child in process.children()}, [0], threading.Event()

    def watch() -> None:
        while not is_over.wait(LOOK_SECONDS):
            for child in process.children():
                # It may have ended by now.
                with suppress(OSError, StopIteration):
                    peaks.append(_peak(child.pid) if child.pid not in before else 0)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: max(peaks)
    finally:
        is_over.set()
        thread.join()


def _peak(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
