"""What is published when a campaign is finished: its labels as CSV, and a manifest of its images.

Both files follow from the tables alone (the date in them is the campaign's), so that every run writes the same bytes: a run
that is repeated, or wakes up late, harms nothing.
"""

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

import orjson
from sqlalchemy import Row, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.models import Campaign, Dataset
from app.services.progress import Progress

FOLDER = "label_sets"
PAGE_SIZE = 1000
COLUMNS = ("image_url", "label", "label_confidence")
# Spreadsheets run a cell that begins so (OWASP, "CSV Injection"); the apostrophe is there to make the mark reversible.
RISKY_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "'")

PAGE = text("""
SELECT campaign_image.image_id, blobstorage_path, width, height, submission_id,
    (SELECT json_agg(json_build_array(label, x_min, y_min, x_max, y_max, confidence) ORDER BY object.id)::text
        FROM object
        WHERE object.campaign_id = campaign_image.campaign_id
            AND object.submission_id = campaign_image.submission_id
            AND object.image_id = campaign_image.image_id) AS boxes
FROM campaign_image JOIN image ON image.id = campaign_image.image_id
WHERE campaign_id = :campaign_id AND campaign_image.image_id > :after
ORDER BY campaign_image.image_id
LIMIT :size
""")


@dataclass
class Counts:
    """What the files hold; `submission_id` is the newest submission in them: the state of the labels."""

    images: int = 0
    labeled: int = 0
    objects: int = 0
    submission_id: int | None = None


@dataclass(frozen=True)
class PublishedFile:
    """A file in the main container: its path, its size in bytes and its SHA-256."""

    path: str
    size: int
    sha256: bytes


def publish_datasets(
    session: Session, blobs: BlobStore, campaign_id: int, *, job_id: int, registration: str
) -> Iterator[Progress]:
    """Write `label_sets/<title>_labels.csv` and `label_sets/<title>_images.json`, and note both as datasets.

    The CSV has a row for each image that somebody looked at, in the order of their ids; one that was found empty has the
    labels `[]`. An image that nobody labeled has no row, because a reader would take it for an empty one: it stands in
    the manifest, with `"labeled": false`. `registration` is the state that both datasets get. Raises StorageUnavailable.
    """
    title, image_count, date_finished = session.execute(
        select(Campaign.title, Campaign.image_count, Campaign.date_finished).where(Campaign.id == campaign_id)
    ).one()
    labels_path, images_path = f"{FOLDER}/{title}_labels.csv", f"{FOLDER}/{title}_images.json"
    counts = Counts()
    with ExitStack() as files:
        # Files on disk, so that memory does not grow with the campaign, and size and hash are known before the upload.
        table: IO[bytes] = files.enter_context(tempfile.TemporaryFile())
        manifest: IO[bytes] = files.enter_context(tempfile.TemporaryFile())
        head = {"campaign": {"id": campaign_id, "title": title, "date_finished": date_finished}}
        manifest.write(orjson.dumps(head, option=orjson.OPT_UTC_Z)[:-1] + b',"images":[')
        for _ in _write_images(session, blobs.container, campaign_id, table, manifest, counts):
            yield Progress(counts.images, image_count)
        labels = _describe(table, labels_path)
        manifest.write(b"\n]," + _tail(counts, labels))
        images = _describe(manifest, images_path)
        for file, content, media_type in (
            (labels, table, "text/csv; charset=utf-8"),
            (images, manifest, "application/json"),
        ):
            yield Progress(counts.images, image_count)
            blobs.upload(file.path, content, media_type)
    rows = {"campaign_id": campaign_id, "job_id": job_id, "registration": registration}
    images_row = {"kind": "images", "name": f"{title}_images", "image_count": counts.images, "object_count": 0}
    labels_row = {
        "kind": "labels",
        "name": f"{title}_labels",
        "image_count": counts.labeled,
        "object_count": counts.objects,
    }
    _note(session, images, rows | images_row)
    _note(session, labels, rows | labels_row)


def _write_images(
    session: Session, container: str, campaign_id: int, table: IO[bytes], manifest: IO[bytes], counts: Counts
) -> Iterator[None]:
    """Write the rows of both files, page by page."""
    lines = io.TextIOWrapper(table, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(lines)
    writer.writerow(COLUMNS)
    after = 0
    while page := session.execute(PAGE, {"campaign_id": campaign_id, "after": after, "size": PAGE_SIZE}).all():
        after = page[-1].image_id
        for row in page:
            path = row.blobstorage_path.removeprefix(f"{container}/")
            entry = {"image_id": row.image_id, "path": path, "labeled": row.submission_id is not None}
            manifest.write((b",\n" if counts.images else b"\n") + orjson.dumps(entry))
            counts.images += 1
            if row.submission_id is not None:
                _write_labels(writer, path, row, counts)
        yield
    lines.detach()


def _write_labels(writer: Any, path: str, row: Row[Any], counts: Counts) -> None:
    boxes = orjson.loads(row.boxes or "[]")
    labels = [_describe_box(box, row.width, row.height) for box in boxes]
    confidences = [box[-1] for box in boxes]
    writer.writerow((_defuse(path), orjson.dumps(labels).decode(), orjson.dumps(confidences).decode()))
    counts.labeled += 1
    counts.objects += len(boxes)
    counts.submission_id = max(counts.submission_id or 0, row.submission_id)


def _describe_box(box: list[Any], width: int | None, height: int | None) -> dict[str, Any]:
    """Return a box in the form of Azure ML's labels: ratios of the image's size, or pixels where that is unknown."""
    label, x_min, y_min, x_max, y_max, _confidence = box
    if width is None or height is None:
        return {"label": label, "topX": x_min, "topY": y_min, "bottomX": x_max, "bottomY": y_max, "unit": "pixel"}
    return {
        "label": label,
        "topX": x_min / width,
        "topY": y_min / height,
        "bottomX": x_max / width,
        "bottomY": y_max / height,
    }


def _defuse(cell: str) -> str:
    """Put an apostrophe before a path that a spreadsheet would run; a reader takes one leading apostrophe off again."""
    return f"'{cell}" if cell.startswith(RISKY_BEGINNINGS) else cell


def _describe(file: IO[bytes], path: str) -> PublishedFile:
    """Return size and hash of a file, and leave it at its beginning."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]  # It takes every binary file.
    file.seek(0)
    return PublishedFile(path, size, sha256)


def _tail(counts: Counts, labels: PublishedFile) -> bytes:
    tail = {
        "counts": {
            "images": counts.images,
            "labeled": counts.labeled,
            "unlabeled": counts.images - counts.labeled,
            "objects": counts.objects,
        },
        "labels": {"path": labels.path, "size": labels.size, "sha256": labels.sha256.hex()},
        "newest_submission_id": counts.submission_id,
    }
    return json.dumps(tail).encode()[1:] + b"\n"


def _note(session: Session, file: PublishedFile, values: dict[str, Any]) -> None:
    """Note a published file as the next version of its dataset, once per job."""
    version = select(func.coalesce(func.max(Dataset.version), 0) + 1).where(Dataset.name == values["name"])
    row = values | {
        "path": file.path,
        "file_size": file.size,
        "sha256": file.sha256,
        "version": version.scalar_subquery(),
    }
    session.execute(insert(Dataset).values(**row).on_conflict_do_nothing(index_elements=["job_id", "kind"]))
