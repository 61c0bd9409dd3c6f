"""Ingest: the uploads in a dropbox become images in the main container.

Every step may run twice. An upload counts as ingested when its copy is verified and its image is in the database.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.azure.blobs import Blob, BlobStore, CopyPending, target_path
from app.azure.names import printable
from app.azure.outage import ListingFailed
from app.errors import NotFound, StorageUnavailable
from app.jobs.image_files import RegisteredFile, batches, copy_threads, examine, fault_of, find_registered, register
from app.jobs.ingest_progress import IngestProgress, Pending, Result
from app.jobs.progress import Checkpoint, Failed, RetryAfter
from app.models import Image, ImageSet
from app.services import problems
from app.services.problems import Fault

# Before a file is tried again, once all others were tried: five tries take six seconds besides the storage's.
PAUSES_SECONDS = (0.4, 0.8, 1.6, 3.2)
PENDING_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True)
class Ingest:
    """The uploads of one image set: the container they are in, and the folder of the main container they go to.

    `zone` is the time zone of times in the files that name no offset, None for UTC. `began` is when the dropbox was closed:
    images of the set that are older came from an earlier ingest, and their content stays. It is None for the dropbox of an
    earlier ingest, for which all images are such.
    """

    blobs: BlobStore
    image_set_id: int
    dropbox: str
    folder: str
    zone: tzinfo | None
    began: datetime | None

    def path(self, name: str) -> str:
        """Return the path of the image that an upload becomes, `<container>/<path>`."""
        return f"{self.blobs.container}/{target_path(self.folder, name)}"

    def list_uploads(self) -> Iterator[Blob]:
        """Yield the blobs of the dropbox. Raises StorageUnavailable, and Failed when waiting does not make it listable."""
        try:
            yield from self.blobs.list_blobs(self.dropbox)
        except NotFound as error:
            raise self.missing_dropbox() from error
        except ListingFailed as error:
            raise Failed(f"{error} Delete or rename that file, and retry this job.") from error

    def missing_dropbox(self) -> Failed:
        """Return the error for a dropbox that something else has deleted."""
        return Failed(
            f"The dropbox {self.dropbox} does not exist: something else deleted it. Set the status of image set "
            f"{self.image_set_id} to created, upload the files again, and finish it.",
            final=True,
        )

    def is_of_earlier(self, known: RegisteredFile) -> bool:
        """True for an image of this set that an earlier ingest made."""
        return known.image_set_id == self.image_set_id and (self.began is None or known.date_created < self.began)

    def copy(self, blob: Blob, known: RegisteredFile | None = None) -> Result:
        """Copy an upload and return what becomes of it; `known` is the image that has its place. Raises StorageUnavailable."""
        if known and self.is_of_earlier(known) and known.differs_from(blob):
            message = f"Image {known.image_id} of this set has the same name and another content. It was not changed."
            return Fault("name_taken", message, known.image_id)
        path = target_path(self.folder, blob.name)
        try:
            return examine(self.blobs, path, self.blobs.copy_blob(self.dropbox, blob, path), self.zone)
        except CopyPending as pending:
            return Pending(str(pending))
        except StorageUnavailable:
            raise
        except Exception as error:
            # Whatever it is, it is about this file, and the others go on.
            fault = fault_of(error)
            return replace(fault, image_id=known.image_id) if known and fault.kind == "name_taken" else fault


def open_ingest(
    session: Session, blobs: BlobStore, image_set_id: int, folder: str, dropbox: str | None = None
) -> Ingest | None:
    """Return the ingest of a dropbox of an image set, by default of the present one; None when there is no such set.

    `folder` is the path of folders in the main container below which image sets lie.
    """
    # Held until the next checkpoint: its time zone does not change between the look for running jobs and this one.
    image_set = session.get(ImageSet, image_set_id, with_for_update={"read": True})
    if image_set is None:
        return None
    dropbox = dropbox or image_set.dropbox
    zone = ZoneInfo(image_set.timezone) if image_set.timezone else None
    began = image_set.date_finished if dropbox == image_set.dropbox else None
    return Ingest(blobs, image_set_id, dropbox, f"{folder}/{image_set.title}", zone, began)


def start_progress(session: Session, ingest: Ingest) -> IngestProgress:
    """Return the progress as earlier runs left it."""
    known = problems.find_problems(session, ingest.image_set_id, ingest.dropbox, ingest.began)
    return IngestProgress(_count_ingested(session, ingest), known)


def _count_ingested(session: Session, ingest: Ingest) -> int:
    """Return how many images this ingest has made; others are of an earlier one, or have been put into the set by hand."""
    if ingest.began is None:
        return 0
    return session.scalars(select(func.count()).where(*_is_upload(ingest), Image.date_created >= ingest.began)).one()


def _is_upload(ingest: Ingest) -> tuple[ColumnElement[bool], ...]:
    below = func.starts_with(Image.blobstorage_path, f"{ingest.blobs.container}/{ingest.folder}/")
    return Image.image_set_id == ingest.image_set_id, below


def ingest_new_uploads(
    session: Session, ingest: Ingest, progress: IngestProgress, threads: int
) -> Iterator[Checkpoint]:
    """Ingest until a listing shows nothing new; a file that fails again and again becomes a problem.

    Raises RetryAfter at the end when some files are still being copied.
    """
    progress.total = sum(map(progress.is_new, ingest.list_uploads()))
    yield progress.checkpoint
    with copy_threads(threads) as pool:
        for pause in (*PAUSES_SECONDS, None):
            yield from _ingest_listed(session, ingest, progress, pool)
            if pause is None or not progress.faults:
                break
            time.sleep(pause)
            progress.try_again()
    _note_outcome(session, ingest, progress)
    yield progress.checkpoint
    if progress.pending:
        name, pending = next(iter(progress.pending.items()))
        message = (
            f"{len(progress.pending)} file(s) are not copied yet; the first is {printable(name)}: {pending.message}"
        )
        raise RetryAfter(datetime.now(UTC) + PENDING_PAUSE, message)


def _ingest_listed(
    session: Session, ingest: Ingest, progress: IngestProgress, pool: ThreadPoolExecutor
) -> Iterator[Checkpoint]:
    found_new = True
    while found_new:
        found_new = False
        new = filter(progress.is_new, ingest.list_uploads())
        for batch in _copied(session, ingest, pool, new):
            found_new = True
            # Copying may take long, and no transaction shall wait for it.
            yield progress.checkpoint
            results = {name: copy.result() for name, copy in batch.copies.items()}
            progress.add(batch.uploads, _register_uploads(session, ingest, results))
            yield progress.checkpoint
        # Some may have gone since they were counted.
        progress.total = 0
        yield progress.checkpoint


def _note_outcome(session: Session, ingest: Ingest, progress: IngestProgress) -> None:
    """Note the problems that there are now, those that are settled, and how many files of each sort were found."""
    problems.note_faults(session, ingest.image_set_id, ingest.dropbox, progress.faults, progress.seen)
    problems.settle_copied(
        session, ingest.image_set_id, progress.tried - progress.faults.keys() - progress.pending.keys()
    )
    images, files = session.execute(select(func.count(Image.width), func.count()).where(*_is_upload(ingest))).one()
    counts = {"ingested_images": images, "ingested_other_files": files - images, "skipped_files": len(progress.skipped)}
    session.execute(update(ImageSet).where(ImageSet.id == ingest.image_set_id).values(counts))


@dataclass(frozen=True)
class Batch:
    """Some uploads, and the copies of those that are not ingested yet, by name; they may be under way."""

    uploads: list[Blob]
    copies: dict[str, Future[Result]]


def _copied(session: Session, ingest: Ingest, pool: ThreadPoolExecutor, uploads: Iterable[Blob]) -> Iterator[Batch]:
    """Yield batches whose copying has begun. That of the next one has, too, so that it goes on while one is registered."""
    ahead: Batch | None = None
    rest = batches(uploads)
    batch = next(rest, None)
    while batch:
        # What is listed next comes before the look into the database, whose transaction must not wait for the storage.
        after = next(rest, None)
        known = find_registered(session, [ingest.path(blob.name) for blob in batch])
        places = [(blob, known.get(ingest.path(blob.name))) for blob in batch]
        missing = [(blob, image) for blob, image in places if not _is_ingested(ingest, blob, image)]
        following = Batch(batch, {blob.name: pool.submit(ingest.copy, blob, image) for blob, image in missing})
        if ahead:
            yield ahead
        ahead, batch = following, after
    if ahead:
        yield ahead


def _is_ingested(ingest: Ingest, blob: Blob, known: RegisteredFile | None) -> bool:
    """True when this ingest has made an image of the upload. The file of an earlier one may be gone, and is looked for.

    A withdrawn image keeps its name, and its content does not come again.
    """
    if known is not None and known.is_withdrawn and ingest.is_of_earlier(known):
        return not known.differs_from(blob)
    return known is not None and known.is_of(blob, ingest.image_set_id) and not ingest.is_of_earlier(known)


def _register_uploads(session: Session, ingest: Ingest, results: dict[str, Result]) -> dict[str, Result]:
    """Make or correct the images of copied uploads; return the results with the faults that this has shown."""
    documents = {name: result for name, result in results.items() if isinstance(result, dict)}
    refused = register(session, ingest.image_set_id, documents).faults
    here = Image.blobstorage_path == func.any([document["path"] for document in documents.values()])
    elsewhere = Image.image_set_id.is_distinct_from(ingest.image_set_id)
    columns = (Image.blobstorage_path, Image.id, Image.image_set_id)
    taken = {row.blobstorage_path: row for row in session.execute(select(*columns).where(here, elsewhere))}
    in_the_way = ((name, taken[document["path"]]) for name, document in documents.items() if document["path"] in taken)
    message = "The file would be image {0.id}, which is already in image set {0.image_set_id}."
    return {
        **results,
        **refused,
        **{name: Fault("name_taken", message.format(row), row.id) for name, row in in_the_way},
    }
