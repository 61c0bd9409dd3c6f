"""What happens when an image set is finished: its uploads become images in the main container, and its dropbox goes.

Every step may run twice. An upload counts as collected when its copy is verified and its image is in the database; the
dropbox is deleted only after a listing that shows nothing else.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.azure.blobs import Blob, BlobStore, CopyPending, target_path
from app.azure.names import dropbox_name, printable
from app.azure.outage import ListingFailed
from app.errors import StorageUnavailable
from app.jobs.image_files import Document, Known, batches, copiers, describe_fault, examine, find_known, register
from app.jobs.progress import Failed, NotYet, Progress
from app.models import Image, ImageSet
from app.models.jobs import DELETE_DROPBOX
from app.outbox import queue
from app.services import problems
from app.services.problems import Fault, Problems

# Before a file is tried again, once all others were tried: five tries take six seconds besides the storage's.
PAUSES_SECONDS = (0.4, 0.8, 1.6, 3.2)
PENDING_PAUSE = timedelta(minutes=5)
GONE = Fault("copy_failed", "The file was deleted after it had been listed.")


@dataclass(frozen=True)
class Pending:
    """A file that the storage service goes on copying; the message says what it does."""

    message: str


# What becomes of one upload: the row of its image, or why there is none.
Result = Document | Fault | Pending


@dataclass(frozen=True)
class Collection:
    """The uploads of one image set: the container they are in, and the folder of the main container they go to.

    `zone` is the time zone of times in the files that name no offset, None for UTC.
    """

    blobs: BlobStore
    image_set_id: int
    dropbox: str
    folder: str
    zone: tzinfo | None

    def path(self, name: str) -> str:
        """Return the path of the image that an upload becomes, `<container>/<path>`."""
        return f"{self.blobs.container}/{target_path(self.folder, name)}"

    def list_uploads(self) -> Iterator[Blob]:
        """Yield the blobs of the dropbox. Raises StorageUnavailable, and Failed when waiting does not make it listable."""
        try:
            yield from self.blobs.list_blobs(self.dropbox)
        except ListingFailed as error:
            raise Failed(f"{error} Delete or rename that file, and retry this job.") from error

    def copy(self, blob: Blob) -> Result:
        """Copy an upload and return what becomes of it. Raises StorageUnavailable."""
        path = target_path(self.folder, blob.name)
        try:
            return examine(self.blobs, path, self.blobs.copy_blob(self.dropbox, blob, path), self.zone)
        except CopyPending as pending:
            return Pending(str(pending))
        except StorageUnavailable:
            raise
        except Exception as error:
            # Whatever it is, it is about this file, and the others go on.
            return describe_fault(error)


@dataclass
class Tally:
    """How far collecting is. `already` images were there when it began, `total` are expected.

    `seen` has the ETag of every upload that was dealt with, some 25 MB for 100,000. Of these, `faults` have those that are not
    collected, and why, and `pending` those that are still being copied. `tried` are names of files that had a problem
    before, `skipped` those of junk.
    """

    already: int
    problems: Problems
    total: int = 0
    seen: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tried |= self.problems.retrying
        # Until they are found.
        self.faults |= dict.fromkeys(self.problems.retrying, GONE)

    def is_news(self, blob: Blob) -> bool:
        """True for an upload that came in, or changed, since it was dealt with, by this ingest or an earlier one.

        One that could not be collected is none before `try_again`, not even when it has changed: some never stop changing.
        """
        if blob.is_junk:
            self.skipped.add(blob.name)
            return False
        if blob.name in self.problems.dropped or (blob.name in self.faults and blob.name in self.seen):
            return False
        return blob.etag not in (self.seen.get(blob.name), self.problems.held.get(blob.name))

    def add(self, batch: list[Blob], results: Mapping[str, Result]) -> None:
        """Note a batch of uploads, and what became of those that were copied now."""
        for blob in batch:
            self.seen[blob.name] = blob.etag
            self.faults.pop(blob.name, None)
            self.pending.pop(blob.name, None)
            if blob.name in self.problems.held:
                self.tried.add(blob.name)
        self.faults |= {name: result for name, result in results.items() if isinstance(result, Fault)}
        self.pending |= {name: result for name, result in results.items() if isinstance(result, Pending)}

    def try_again(self) -> None:
        """Make news of the uploads that are not collected."""
        for name in self.faults:
            self.seen.pop(name, None)

    @property
    def progress(self) -> Progress:
        """How many uploads are collected, of how many; those whose problem is open count among these."""
        missing = len(self.faults.keys() | self.pending.keys())
        found = len(self.seen.keys() | self.faults.keys())
        done = max(self.already, found - missing)
        held = len(self.problems.held.keys() - self.tried)
        return Progress(done, max(self.total, done + missing + held))


def collect_uploads(
    session: Session, blobs: BlobStore, image_set_id: int, *, folder: str, threads: int
) -> Iterator[Progress]:
    """Make an image of every upload, then point the set at the main container and enqueue the end of the dropbox.

    `folder` is the path of folders in the main container below which image sets lie; `threads` blobs are copied at a time.
    A file that cannot be taken in, however often that is tried, becomes a problem of the set: the others are taken in, and
    the dropbox stays until the problem is settled. Raises StorageUnavailable, NotFound when the dropbox is gone, NotYet while
    the storage service goes on copying, and Failed when the dropbox cannot be listed.
    """
    collection = _get_collection(session, blobs, image_set_id, folder)
    tally = _make_tally(session, collection)
    yield tally.progress
    # From here on nobody can upload, so that the listing comes to an end.
    blobs.revoke_upload_urls(collection.dropbox)
    yield from _collect(session, collection, tally, threads)
    path = f"{blobs.container}/{collection.folder}"
    session.execute(update(ImageSet).where(ImageSet.id == image_set_id).values(blobstorage_path=path))
    if not problems.has_open(session, image_set_id):
        queue.enqueue(session, DELETE_DROPBOX, "image_set", image_set_id)


def delete_dropbox(
    session: Session, blobs: BlobStore, image_set_id: int, *, collected: datetime, folder: str, threads: int
) -> Iterator[Progress]:
    """Delete the dropbox of a set whose uploads were collected at the time `collected`.

    What has come in since then is collected first: a link works for a while after it was revoked, and one that cannot be
    revoked until it expires. The dropbox stays while a problem is open. Raises NotYet until no link works,
    StorageUnavailable, Failed like `collect_uploads`.
    """
    collection = _get_collection(session, blobs, image_set_id, folder)
    _require_dead_links(session, blobs, image_set_id, collected)
    tally = _make_tally(session, collection)
    yield tally.progress
    if blobs.container_exists(collection.dropbox):
        yield from _collect(session, collection, tally, threads)
    if problems.has_open(session, image_set_id):
        return
    strays = _find_strays(session, collection, tally.problems.dropped)
    # The commit behind this asks whether the job is still this run's.
    yield tally.progress
    for name in strays:
        blobs.discard_copy(collection.dropbox, name, target_path(collection.folder, name))
    blobs.delete_container(collection.dropbox)


def _make_tally(session: Session, collection: Collection) -> Tally:
    known = problems.find_problems(session, collection.image_set_id)
    return Tally(_count_collected(session, collection), known)


def _find_strays(session: Session, collection: Collection, dropped: Iterable[str]) -> list[str]:
    """Return the names of the files, of those that were given up, of which a copy may lie where no image is."""
    paths = {name: collection.path(name) for name in dropped}
    known = find_known(session, list(paths.values()))
    return [name for name, path in paths.items() if path not in known]


def _get_collection(session: Session, blobs: BlobStore, image_set_id: int, folder: str) -> Collection:
    columns = (ImageSet.title, ImageSet.timezone)
    title, timezone = session.execute(select(*columns).where(ImageSet.id == image_set_id)).one()
    zone = ZoneInfo(timezone) if timezone else None
    return Collection(blobs, image_set_id, dropbox_name(title), f"{folder}/{title}", zone)


def _count_collected(session: Session, collection: Collection) -> int:
    """Return how many images there are of the uploads; others may have been put into the set by hand."""
    return session.scalars(select(func.count()).where(*_is_upload(collection))).one()


def _is_upload(collection: Collection) -> tuple[ColumnElement[bool], ...]:
    below = func.starts_with(Image.blobstorage_path, f"{collection.blobs.container}/{collection.folder}/")
    return Image.image_set_id == collection.image_set_id, below


def _require_dead_links(session: Session, blobs: BlobStore, image_set_id: int, collected: datetime) -> None:
    if blobs.upload_urls_revocable:
        until, reason = collected + blobs.revocation_time, "The dropbox is kept until its revoked link works nowhere."
    else:
        expires = session.scalars(select(ImageSet.date_upload_expires).where(ImageSet.id == image_set_id)).one()
        until, reason = expires or collected, "The dropbox is kept until its link, which cannot be revoked, expires."
    if until > datetime.now(UTC):
        raise NotYet(until, reason)


def _collect(session: Session, collection: Collection, tally: Tally, threads: int) -> Iterator[Progress]:
    """Collect until a listing shows no news; what cannot be collected, however often that is tried, becomes a problem.

    Raises NotYet at the end when some files are still being copied.
    """
    tally.total = sum(map(tally.is_news, collection.list_uploads()))
    yield tally.progress
    with copiers(threads) as pool:
        for pause in (*PAUSES_SECONDS, None):
            yield from _collect_news(session, collection, tally, pool)
            if pause is None or not tally.faults:
                break
            time.sleep(pause)
            tally.try_again()
    _note_outcome(session, collection, tally)
    yield tally.progress
    if tally.pending:
        name, pending = next(iter(tally.pending.items()))
        words = f"{len(tally.pending)} file(s) are not copied yet; the first is {printable(name)}: {pending.message}"
        raise NotYet(datetime.now(UTC) + PENDING_PAUSE, words)


def _collect_news(
    session: Session, collection: Collection, tally: Tally, pool: ThreadPoolExecutor
) -> Iterator[Progress]:
    found_news = True
    while found_news:
        found_news = False
        news = filter(tally.is_news, collection.list_uploads())
        for batch in _copied(session, collection, pool, news):
            found_news = True
            # Copying may take long, and no transaction shall wait for it.
            yield tally.progress
            results = {name: copy.result() for name, copy in batch.copies.items()}
            tally.add(batch.uploads, _register_uploads(session, collection, results))
            yield tally.progress
        # Some may have gone since they were counted.
        tally.total = 0
        yield tally.progress


def _note_outcome(session: Session, collection: Collection, tally: Tally) -> None:
    """Note the problems that there are now, those that are settled, and how many files of each sort were found."""
    problems.note_faults(session, collection.image_set_id, tally.faults, tally.seen)
    problems.settle_copied(session, collection.image_set_id, tally.tried - tally.faults.keys() - tally.pending.keys())
    images, files = session.execute(select(func.count(Image.width), func.count()).where(*_is_upload(collection))).one()
    counts = {"ingested_images": images, "ingested_other_files": files - images, "skipped_files": len(tally.skipped)}
    session.execute(update(ImageSet).where(ImageSet.id == collection.image_set_id).values(counts))


@dataclass(frozen=True)
class Batch:
    """Some uploads, and the copies of those that are not collected yet, by name; they may be under way."""

    uploads: list[Blob]
    copies: dict[str, Future[Result]]


def _copied(
    session: Session, collection: Collection, pool: ThreadPoolExecutor, uploads: Iterable[Blob]
) -> Iterator[Batch]:
    """Yield batches whose copying has begun. That of the next one has, too, so that it goes on while one is registered."""
    ahead: Batch | None = None
    rest = batches(uploads)
    batch = next(rest, None)
    while batch:
        # What is listed next comes before the look into the database, whose transaction must not wait for the storage.
        after = next(rest, None)
        known = find_known(session, [collection.path(blob.name) for blob in batch])
        missing = [blob for blob in batch if not _is_collected(collection, blob, known)]
        following = Batch(batch, {blob.name: pool.submit(collection.copy, blob) for blob in missing})
        if ahead:
            yield ahead
        ahead, batch = following, after
    if ahead:
        yield ahead


def _is_collected(collection: Collection, blob: Blob, known: dict[str, Known]) -> bool:
    found = known.get(collection.path(blob.name))
    return found is not None and found.is_of(blob, collection.image_set_id)


def _register_uploads(session: Session, collection: Collection, results: dict[str, Result]) -> dict[str, Result]:
    """Make or correct the images of copied uploads; return the results with the faults that this has shown."""
    documents = {name: result for name, result in results.items() if isinstance(result, dict)}
    refused = register(session, collection.image_set_id, documents).faults
    here = Image.blobstorage_path == func.any([document["path"] for document in documents.values()])
    elsewhere = Image.image_set_id.is_distinct_from(collection.image_set_id)
    columns = (Image.blobstorage_path, Image.id, Image.image_set_id)
    taken = {row.blobstorage_path: row for row in session.execute(select(*columns).where(here, elsewhere))}
    in_the_way = ((name, taken[document["path"]]) for name, document in documents.items() if document["path"] in taken)
    words = "The file would be image {0.id}, which is in image set {0.image_set_id} already."
    return {**results, **refused, **{name: Fault("name_taken", words.format(row), row.id) for name, row in in_the_way}}
