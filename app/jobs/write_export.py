"""Writes a snapshot as the file of a format, alone or with the images in one archive, and a manifest beside it.

A file is written from its beginning by each run, and gets its name, which holds its SHA-256, when it is whole. Equal snapshots
make equal bytes.
"""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app import __version__
from app.azure.blobs import BlobStore
from app.formats.archive import Archive
from app.formats.members import Member, UnsupportedError, Writer
from app.formats.records import Dataset, Image
from app.formats.registry import FORMATS, ZIP_MEDIA_TYPE, Format
from app.formats.texts import csv_cell, defuse
from app.jobs.export_images import ImageFetcher, StoredFile, find_stored
from app.jobs.export_report import Report
from app.jobs.export_targets import (
    CACHE_CONTROL,
    DiskTarget,
    ExportTarget,
    OneFile,
    StorageTarget,
    delete_unfinished,
    unfinished_path,
)
from app.jobs.progress import Checkpoint, Failed, RetryAfter
from app.jobs.snapshot_pages import read_dataset, read_pages
from app.media.decoders import DecoderPool
from app.models import Export, Snapshot, SnapshotImage
from app.models.exports import FILES, FOLDER

MANIFEST, NAMES = "manifest.json", "images.csv"
MANIFEST_TYPE = "application/json"
# So many files are added between two commits, which show the progress and whether the job was cancelled.
FILES_AT_A_TIME = 20
WITHDRAWN_MEANWHILE = "An image was withdrawn meanwhile, so that the export is written again without it."

# Few images are withdrawn, and an index has them, which PostgreSQL would not take for a table that it has not analyzed. The
# offset keeps it from reading all images of the snapshot.
WITHDRAWN = text("""
SELECT id FROM image
WHERE date_withdrawn BETWEEN '-infinity' AND 'infinity' AND (
    SELECT image_id FROM snapshot_image WHERE snapshot_id = :snapshot_id AND image_id = image.id OFFSET 0) IS NOT NULL
ORDER BY id
""")
# Names of files in an archive are paths below the folder of image sets, or within the container for images elsewhere. A hash
# index has the paths, and few images lie elsewhere.
EQUAL_NAMES = text("""
SELECT outside.id, inside.id AS other_id, substr(outside.blobstorage_path, length(:container) + 2) AS name
FROM snapshot_image AS member
JOIN image AS outside ON outside.id = member.image_id
JOIN image AS inside ON inside.blobstorage_path = :folder || substr(outside.blobstorage_path, length(:container) + 2)
JOIN snapshot_image AS other ON other.snapshot_id = :snapshot_id AND other.image_id = inside.id
WHERE member.snapshot_id = :snapshot_id AND NOT starts_with(outside.blobstorage_path, :folder)
LIMIT 1
""")


@dataclass(frozen=True)
class Order:
    """What is to be written."""

    export_id: int
    snapshot_id: int
    content_hash: str
    format: Format
    files: bool
    upright: bool

    def name_of_file(self, dataset: Dataset, sha256: str) -> str:
        """Return the path in the main container, without an extension, of a file with this hash."""
        folder = f"{FOLDER}/{dataset.name}/v{dataset.version}"
        return f"{folder}/{dataset.name}-v{dataset.version}-{self.format.name}-{sha256}"


@dataclass
class Writing:
    """The work of one run. `names` is the table of names in an archive where those are flat."""

    session: Session
    order: Order
    dataset: Dataset
    target: ExportTarget
    members: Archive | OneFile
    writer: Writer
    names: Member | None
    fetcher: ImageFetcher
    report: Report = field(default_factory=Report)
    done: int = 0

    @property
    def checkpoint(self) -> Checkpoint:
        """How far it is."""
        return Checkpoint(self.done, self.dataset.image_count)


def write_export(
    session: Session, blobs: BlobStore, decoders: DecoderPool, export_id: int, *, folder: str, token: str, threads: int
) -> Iterator[Checkpoint]:
    """Write an export that is not written yet, and note it.

    `folder` is the path of folders in the main container below which image sets lie, `token` that of this run; `threads` files
    are read at a time.

    An image that was withdrawn is left out of an archive with files, with its boxes; a snapshot's labels alone stay as they are.
    Raises Failed, for good where the format cannot carry the snapshot, where a file is not the one in the snapshot, and where
    the numbers of images and boxes written are not those of the snapshot. Raises RetryAfter when an image was withdrawn
    meanwhile, and StorageUnavailable.
    """
    order = _find_order(session, export_id)
    if order is None:
        return
    dataset = read_dataset(session, order.snapshot_id, blobs.container)
    expected_size = session.scalar(
        select(func.coalesce(func.sum(SnapshotImage.filesize), 0)).where(SnapshotImage.snapshot_id == order.snapshot_id)
    )
    if order.files and not order.format.flat_names:
        _refuse_equal_names(session, order, blobs.container, folder)
    yield Checkpoint(0, dataset.image_count)
    delete_unfinished(blobs, export_id)
    fetcher = ImageFetcher(blobs, decoders, threads, order.upright)
    with ExitStack() as stack:
        if order.files:
            target: ExportTarget = StorageTarget(blobs, unfinished_path(export_id, token), int(expected_size or 0))
        else:
            target = DiskTarget(blobs, stack.enter_context(tempfile.TemporaryFile()))
        writing = _begin(stack, session, order, dataset, target, fetcher)
        yield from _write(writing, folder)
        yield from _keep(writing, blobs)


def _find_order(session: Session, export_id: int) -> Order | None:
    """Return what is to be written, None when it is written already. Raises Failed for a format that is not there any more."""
    columns = (Export.snapshot_id, Snapshot.content_hash, Export.format, Export.images, Export.upright)
    found = session.execute(
        select(*columns)
        .join(Snapshot, Snapshot.id == Export.snapshot_id)
        .where(Export.id == export_id, Export.path.is_(None))
    ).one_or_none()
    if found is None:
        return None
    if found.format not in FORMATS:
        raise Failed(f"This version of the service does not write the format {found.format}.", final=True)
    content_hash = (found.content_hash or b"").hex()
    return Order(
        export_id, found.snapshot_id, content_hash, FORMATS[found.format], found.images == FILES, found.upright
    )


def _refuse_equal_names(session: Session, order: Order, container: str, folder: str) -> None:
    """Raise Failed when two images would have one name in the archive, so that the second would take the place of the first."""
    places = {"snapshot_id": order.snapshot_id, "container": container, "folder": f"{container}/{folder}/"}
    found = session.execute(EQUAL_NAMES, places).first()
    if found is not None:
        raise Failed(
            f"Images {found.id} and {found.other_id} would both be {found.name} in the archive: one of them lies in the folder "
            "of image sets, and the other outside. Choose a format whose names hold the ids of images, such as yolo or voc.",
            final=True,
        )


def _begin(
    stack: ExitStack, session: Session, order: Order, dataset: Dataset, target: ExportTarget, fetcher: ImageFetcher
) -> Writing:
    if order.format.is_one_file(dataset.splits, files=order.files):
        members: Archive | OneFile = OneFile(target)
    else:
        members = stack.enter_context(Archive(target))
    try:
        writer = order.format.writer(dataset, members, files=order.files)
    except UnsupportedError as error:
        raise Failed(str(error), final=True) from error
    names = None
    if order.format.flat_names and isinstance(members, Archive):
        names = members.open(NAMES)
        names.write(b"image_id,name,path\r\n")
    return Writing(session, order, dataset, target, members, writer, names, fetcher)


def _write(writing: Writing, folder: str) -> Iterator[Checkpoint]:
    """Write all images, and compare their number with that of the snapshot."""
    try:
        yield from _write_pages(writing, read_pages(writing.session, writing.order.snapshot_id, folder))
        writing.writer.end()
    except UnsupportedError as error:
        raise Failed(str(error), final=True) from error
    _compare_counts(writing)
    if isinstance(writing.members, Archive):
        manifest = writing.members.open(MANIFEST)
        for piece in writing.report.manifest(_describe(writing)):
            manifest.write(piece)
        writing.members.end()


def _write_pages(writing: Writing, pages: Iterator[list[Image]]) -> Iterator[Checkpoint]:
    """Write all pages. A thread reads the next one while one is written, between two commits: nobody else uses the session."""
    with ThreadPoolExecutor(1, thread_name_prefix="export") as reader:
        images = next(pages, None)
        while images is not None:
            if writing.order.files:
                yield from _write_with_files(writing, images)
                images = next(pages, None)
            else:
                yield writing.checkpoint
                coming = reader.submit(next, pages, None)
                _write_labels(writing, images)
                writing.done += len(images)
                images = coming.result()


def _write_labels(writing: Writing, images: list[Image]) -> None:
    writing.writer.write(images)
    if writing.names is not None:
        writing.names.write("".join(_name_row(writing, image) for image in images).encode())


def _write_with_files(writing: Writing, images: list[Image]) -> Iterator[Checkpoint]:
    stored = find_stored(writing.session, images)
    for image in images:
        if stored[image.image_id].is_withdrawn:
            writing.report.withdrawn.add(image)
    images = [image for image in images if not stored[image.image_id].is_withdrawn]
    yield writing.checkpoint
    _write_labels(writing, images)
    yield from _add_files(writing, images, stored)


def _name_row(writing: Writing, image: Image) -> str:
    name = writing.writer.name_of(image).rpartition("/")[2]
    return f"{image.image_id},{csv_cell(name)},{csv_cell(defuse(image.path))}\r\n"


def _add_files(writing: Writing, images: list[Image], stored: dict[int, StoredFile]) -> Iterator[Checkpoint]:
    assert isinstance(writing.members, Archive)  # noqa: S101  # What has files is an archive.
    try:
        for image, fetched in writing.fetcher.fetch([(image, stored[image.image_id]) for image in images]):
            with fetched.file:
                name = writing.writer.name_of(image)
                writing.members.add_stream(name, fetched.size, fetched.crc32, fetched.pieces())
            writing.report.note(image, fetched)
            writing.done += 1
            if writing.done % FILES_AT_A_TIME == 0:
                yield writing.checkpoint
    except Failed as error:
        if any(file.is_withdrawn for file in find_stored(writing.session, images).values()):
            raise RetryAfter(datetime.now(UTC), WITHDRAWN_MEANWHILE) from error
        raise


def _compare_counts(writing: Writing) -> None:
    """Raise Failed when the file does not hold what the snapshot holds, without what was withdrawn."""
    dataset, tally, left_out = writing.dataset, writing.writer.tally, writing.report.withdrawn.loss
    expected = dataset.image_count - left_out.images, dataset.object_count - left_out.objects
    if (tally.images, tally.objects) != expected:
        raise Failed(
            f"The file has {tally.images} images and {tally.objects} boxes, and the snapshot has {expected[0]} and "
            f"{expected[1]}: it was not kept. `flask check` may show what is wrong with the snapshot.",
            final=True,
        )


def _describe(writing: Writing) -> dict[str, Any]:
    """Return the head of the manifest that stands in the archive."""
    order, dataset, tally = writing.order, writing.dataset, writing.writer.tally
    return {
        "snapshot": {
            "snapshot_id": dataset.snapshot_id,
            "name": dataset.name,
            "version": dataset.version,
            "content_hash": order.content_hash,
            "date_created": dataset.date_created,
        },
        "format": order.format.name,
        "images": FILES if order.files else "none",
        "options": {"upright": order.upright},
        "splits": dataset.splits,
        "classes": [{"class_id": each.class_id, "name": each.name} for each in dataset.classes],
        "counts": {"images": tally.images, "objects": tally.objects},
        "losses": writing.report.losses(tally),
    }


def _keep(writing: Writing, blobs: BlobStore) -> Iterator[Checkpoint]:
    """Put the file and its manifest to their places, and note the export."""
    order, target = writing.order, writing.target
    is_archive = isinstance(writing.members, Archive)
    media_type = ZIP_MEDIA_TYPE if is_archive else order.format.media_type
    beginning = order.name_of_file(writing.dataset, target.sha256.hexdigest())
    path = f"{beginning}.{'zip' if is_archive else order.format.extension}"
    for _ in target.keep(path, media_type):
        yield writing.checkpoint
    file = {"path": path, "media_type": media_type, "size": target.size, "sha256": target.sha256.hexdigest()}
    head = {"export_id": order.export_id, "labelapi": __version__, "file": file, **_describe(writing)}
    manifest_path = f"{beginning}.{MANIFEST}"
    blobs.upload(manifest_path, writing.report.manifest(head), MANIFEST_TYPE, cache_control=CACHE_CONTROL)
    _require_no_withdrawal(writing, blobs, [path, manifest_path])
    tally = writing.writer.tally
    values = {
        "path": path,
        "media_type": media_type,
        "manifest_path": manifest_path,
        "file_size": target.size,
        "sha256": target.sha256.digest(),
        "image_count": tally.images,
        "object_count": tally.objects,
        "losses": writing.report.losses(tally),
        "left_out": list(writing.report.withdrawn.ids),
        "date_written": func.clock_timestamp(),
    }
    writing.session.execute(update(Export).where(Export.id == order.export_id).values(values))
    # The export is held no longer than until here.
    yield writing.checkpoint


def _require_no_withdrawal(writing: Writing, blobs: BlobStore, paths: list[str]) -> None:
    """Raise RetryAfter when the file holds an image that was withdrawn by now; it is deleted then.

    The job that deletes the file of a withdrawn image holds the export as well. So the withdrawal is seen here, or that job
    sees this export (app/jobs/delete_image_files.py).
    """
    order = writing.order
    writing.session.execute(select(Export.id).where(Export.id == order.export_id).with_for_update())
    if not order.files:
        return
    withdrawn = writing.session.scalars(WITHDRAWN, {"snapshot_id": order.snapshot_id}).all()
    if list(withdrawn) != list(writing.report.withdrawn.ids):
        for path in paths:
            blobs.delete_blob(path)
        raise RetryAfter(datetime.now(UTC), WITHDRAWN_MEANWHILE)
