"""What happens when an image set is finished: its uploads become images in the main container, and its dropbox goes.

Every step may run twice. An upload counts as collected when its copy is verified and its image is in the database; the
dropbox is deleted only after a listing that shows nothing else.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

import orjson
from sqlalchemy import Row, func, select, text, update
from sqlalchemy.orm import Session

from app.azure.blobs import Blob, BlobStore, CopyFailed, target_path
from app.azure.names import printable
from app.azure.unlistable import Unlistable
from app.errors import StorageUnavailable
from app.jobs.progress import Failed, NotYet, Progress
from app.jobs.publish_datasets import FOLDER as LABEL_SETS
from app.media.image_facts import read_image_facts
from app.models import Image, ImageSet
from app.models.jobs import DELETE_DROPBOX
from app.outbox import queue
from app.services.image_sets import dropbox_name

BATCH_SIZE = 100
Document = dict[str, Any]
T = TypeVar("T")

# One statement for a batch: PostgreSQL unpacks the document. An image that is there already stays; it is put right when its
# file has another content by now, or when somebody registered it before it got to its set.
REGISTER = text("""
WITH found AS MATERIALIZED (
    SELECT path, filetype, filesize, width, height, date_taken, lat, lon, decode(md5, 'hex') AS content_md5
    FROM json_to_recordset(:images) AS found (
        path text, filetype text, filesize bigint, width integer, height integer, date_taken timestamptz,
        lat double precision, lon double precision, md5 text)
), corrected AS (
    UPDATE image SET image_set_id = coalesce(:image_set_id, image.image_set_id),
        filetype = found.filetype, filesize = found.filesize, width = found.width, height = found.height,
        date_taken = found.date_taken, lat = found.lat, lon = found.lon, content_md5 = found.content_md5
    FROM found
    WHERE image.blobstorage_path = found.path
        AND (image.image_set_id IS NULL OR :image_set_id IS NULL OR image.image_set_id = :image_set_id)
        AND (image.image_set_id, image.filetype, image.filesize, image.width, image.height, image.content_md5)
            IS DISTINCT FROM (coalesce(:image_set_id, image.image_set_id), found.filetype, found.filesize,
                found.width, found.height, found.content_md5)
    RETURNING image.id
), added AS (
    INSERT INTO image (
        image_set_id, blobstorage_path, filetype, filesize, width, height, date_taken, lat, lon, content_md5)
    SELECT CAST(:image_set_id AS bigint), path, filetype, filesize, width, height, date_taken, lat, lon, content_md5
    FROM found
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM corrected) AS corrected
""")


@dataclass(frozen=True)
class Known:
    """What the database holds of an image's file; it is written when the file is there and verified."""

    image_set_id: int | None
    filesize: int | None
    content_md5: bytes | None

    def is_of(self, blob: Blob, image_set_id: int | None) -> bool:
        """True when the image is in this set and its file surely has the content of `blob`."""
        held = (self.image_set_id, self.filesize, self.content_md5)
        return blob.content_md5 is not None and held == (image_set_id, blob.size, blob.content_md5)


@dataclass(frozen=True)
class Collection:
    """The uploads of one image set: the container they are in, and the folder of the main container they go to."""

    blobs: BlobStore
    image_set_id: int
    dropbox: str
    folder: str

    def uploads(self) -> Iterator[Blob]:
        """Yield what is in the dropbox now."""
        return (blob for blob in self.blobs.list_blobs(self.dropbox) if not blob.is_folder)

    def count(self) -> int:
        """Return how many uploads there are now."""
        return sum(1 for _ in self.uploads())

    def path(self, blob: Blob) -> str:
        """Return the path of the image that an upload becomes, `<container>/<path>`."""
        return f"{self.blobs.container}/{target_path(self.folder, blob.name)}"

    def copy(self, blob: Blob) -> Document | CopyFailed:
        """Copy an upload and return what its image is, or why it cannot be copied."""
        path = target_path(self.folder, blob.name)
        try:
            return _examine(self.blobs, path, self.blobs.copy_blob(self.dropbox, blob, path))
        except CopyFailed as error:
            return error


@dataclass
class Tally:
    """How far collecting is. `already` images were there when it began, `total` are expected.

    `seen` has the ETag of every upload that was dealt with, some 25 MB for 100,000; `failures` why some are not collected.
    """

    already: int
    total: int
    seen: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def is_news(self, blob: Blob) -> bool:
        """True for an upload that came in, or changed, since it was dealt with."""
        return self.seen.get(blob.name) != blob.etag

    def add(self, batch: list[Blob], results: dict[str, Document | CopyFailed]) -> None:
        """Note a batch of uploads, and what became of those that were copied now."""
        for blob in batch:
            self.seen[blob.name] = blob.etag
            self.failures.pop(blob.name, None)
        self.failures |= {name: str(result) for name, result in results.items() if isinstance(result, CopyFailed)}

    @property
    def progress(self) -> Progress:
        done = max(self.already, len(self.seen) - len(self.failures))
        return Progress(done, max(self.total, self.already, len(self.seen)))


def collect_uploads(
    session: Session, blobs: BlobStore, image_set_id: int, *, folder: str, threads: int
) -> Iterator[Progress]:
    """Make an image of every upload, then point the set at the main container and enqueue the end of the dropbox.

    `folder` is the path of folders in the main container below which image sets lie; `threads` blobs are copied at a time.
    Raises StorageUnavailable, NotFound when the dropbox is gone, and Failed when files could not be copied; all others
    are collected nevertheless.
    """
    collection = _get_collection(session, blobs, image_set_id, folder)
    already = _count_collected(session, collection)
    yield Progress(already)
    # From here on nobody can upload, so that the listing comes to an end.
    blobs.revoke_upload_urls(collection.dropbox)
    yield from _collect(session, collection, already, threads)
    path = f"{blobs.container}/{collection.folder}"
    session.execute(update(ImageSet).where(ImageSet.id == image_set_id).values(blobstorage_path=path))
    queue.enqueue(session, DELETE_DROPBOX, "image_set", image_set_id)


def delete_dropbox(
    session: Session, blobs: BlobStore, image_set_id: int, *, collected: datetime, folder: str, threads: int
) -> Iterator[Progress]:
    """Delete the dropbox of a set whose uploads were collected at the time `collected`.

    What has come in since then is collected first: a link works for a while after it was revoked, and one that cannot be
    revoked until it expires. Raises NotYet until no link works, StorageUnavailable, Failed like `collect_uploads`.
    """
    collection = _get_collection(session, blobs, image_set_id, folder)
    _require_dead_links(session, blobs, image_set_id, collected)
    already = _count_collected(session, collection)
    yield Progress(already)
    if blobs.container_exists(collection.dropbox):
        yield from _collect(session, collection, already, threads)
    # The commit behind the last progress asked whether the job is still this run's.
    blobs.delete_container(collection.dropbox)


def _get_collection(session: Session, blobs: BlobStore, image_set_id: int, folder: str) -> Collection:
    title = session.scalars(select(ImageSet.title).where(ImageSet.id == image_set_id)).one()
    return Collection(blobs, image_set_id, dropbox_name(title), f"{folder}/{title}")


def _count_collected(session: Session, collection: Collection) -> int:
    """Return how many images there are of the uploads; others may have been put into the set by hand."""
    below = func.starts_with(Image.blobstorage_path, f"{collection.blobs.container}/{collection.folder}/")
    mine = Image.image_set_id == collection.image_set_id
    return session.scalars(select(func.count()).where(mine, below)).one()


def _require_dead_links(session: Session, blobs: BlobStore, image_set_id: int, collected: datetime) -> None:
    if blobs.upload_urls_revocable:
        until, reason = collected + blobs.revocation_time, "The dropbox is kept until its revoked link works nowhere."
    else:
        expires = session.scalars(select(ImageSet.date_upload_expires).where(ImageSet.id == image_set_id)).one()
        until, reason = expires or collected, "The dropbox is kept until its link, which cannot be revoked, expires."
    if until > datetime.now(UTC):
        raise NotYet(until, reason)


def _collect(session: Session, collection: Collection, already: int, threads: int) -> Iterator[Progress]:
    """Collect until a listing shows no news. Raises Failed at the end when some could not be collected."""
    tally = Tally(already, total=0)
    try:
        tally.total = collection.count()
    except StorageUnavailable:
        yield from _take_out_unlistable(session, collection, tally)
        tally.total = len(tally.seen) + collection.count()
    yield tally.progress
    with _copiers(threads) as pool:
        found_news = True
        while found_news:
            found_news = False
            for batch in _copied(session, collection, pool, filter(tally.is_news, collection.uploads())):
                found_news = True
                # Copying may take long, and no transaction shall wait for it.
                yield tally.progress
                results = {name: copy.result() for name, copy in batch.copies.items()}
                _register_uploads(session, collection, results.values())
                tally.add(batch.uploads, results)
                yield tally.progress
            # Some may have gone since they were counted.
            tally.total = len(tally.seen)
            yield tally.progress
    _require_success(tally)


def _require_success(tally: Tally) -> None:
    for name, words in tally.failures.items():
        count, total = len(tally.failures), len(tally.seen)
        raise Failed(f"{count} of {total} files could not be copied; the first is {printable(name)}: {words}")


def _take_out_unlistable(session: Session, collection: Collection, tally: Tally) -> Iterator[Progress]:
    """Collect the uploads that no listing can show, and take them out of the dropbox, so that the others can be listed.

    Raises StorageUnavailable when it is an outage that listings fail, Failed when such a file cannot be taken out.
    """
    while (blob := _find_unlistable(collection)) is not None:
        if not blob.is_folder:
            results = {blob.name: collection.copy(blob)}
            _register_uploads(session, collection, results.values())
            tally.add([blob], results)
            # Nothing goes before this is committed.
            yield tally.progress
            _require_success(tally)
        if not collection.blobs.remove_blob(collection.dropbox, blob):
            raise Failed(
                f"Nothing in {collection.dropbox} can be listed until its file {printable(blob.name)} is gone, which cannot"
                " be deleted: it has changed, or somebody holds a lease on it."
            )
        yield tally.progress


def _find_unlistable(collection: Collection) -> Blob | None:
    try:
        return collection.blobs.find_unlistable(collection.dropbox)
    except Unlistable as error:
        place = f"the one that follows {printable(error.behind)}" if error.behind else "the first one"
        raise Failed(
            f"The storage service cannot list {collection.dropbox} because of a file's name, {place} in the order of names:"
            " there is probably a control character in it. Delete or rename that file, and retry this job."
        ) from error


@contextmanager
def _copiers(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that copy; when one of them finds the storage away, those that have not begun do not begin."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="copy")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Batch:
    """Some uploads, and the copies of those that are not collected yet, by name; they may be under way."""

    uploads: list[Blob]
    copies: dict[str, Future[Document | CopyFailed]]


def _copied(
    session: Session, collection: Collection, pool: ThreadPoolExecutor, uploads: Iterable[Blob]
) -> Iterator[Batch]:
    """Yield batches whose copying has begun. That of the next one has, too, so that it goes on while one is registered."""
    ahead: Batch | None = None
    batches = _batches(uploads)
    batch = next(batches, None)
    while batch:
        # What is listed next comes before the look into the database, whose transaction must not wait for the storage.
        after = next(batches, None)
        known = _find_known(session, [collection.path(blob) for blob in batch])
        missing = [blob for blob in batch if not _is_collected(collection, blob, known)]
        following = Batch(batch, {blob.name: pool.submit(collection.copy, blob) for blob in missing})
        if ahead:
            yield ahead
        ahead, batch = following, after
    if ahead:
        yield ahead


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH_SIZE)):
        yield batch


def _find_known(session: Session, paths: list[str]) -> dict[str, Known]:
    """Return what the database holds of these paths, as far as there are images of them."""
    columns = (Image.blobstorage_path, Image.image_set_id, Image.filesize, Image.content_md5)
    rows = session.execute(select(*columns).where(Image.blobstorage_path == func.any(paths)))
    return {row.blobstorage_path: Known(row.image_set_id, row.filesize, row.content_md5) for row in rows}


def _is_collected(collection: Collection, blob: Blob, known: dict[str, Known]) -> bool:
    found = known.get(collection.path(blob))
    return found is not None and found.is_of(blob, collection.image_set_id)


def _examine(blobs: BlobStore, path: str, blob: Blob) -> Document:
    """Return the row of the image that a blob at `path` of the main container is."""

    def read(offset: int, length: int) -> bytes:
        if offset + length <= len(blob.head):
            return blob.head[offset : offset + length]
        return blobs.read_range(path, offset, length)

    facts = read_image_facts(read, blob.size)
    md5 = blob.content_md5.hex() if blob.content_md5 else None
    return {**asdict(facts), "path": f"{blobs.container}/{path}", "filesize": blob.size, "md5": md5}


def _register_uploads(session: Session, collection: Collection, results: Iterable[Document | CopyFailed]) -> None:
    """Make or correct the images of copied uploads. Raises Failed when one of them is in another set already."""
    documents = [result for result in results if isinstance(result, dict)]
    _register(session, collection.image_set_id, documents)
    here = Image.blobstorage_path == func.any([document["path"] for document in documents])
    elsewhere = Image.image_set_id.is_distinct_from(collection.image_set_id)
    taken = session.execute(select(Image.id, Image.image_set_id).where(here, elsewhere).limit(1)).one_or_none()
    if taken:
        raise Failed(f"A file of this set is image {taken.id}, which is in image set {taken.image_set_id} already.")


def _register(session: Session, image_set_id: int | None, documents: list[Document]) -> Row[Any]:
    """Make or correct images; return how many were `added` and `corrected`."""
    parameters = {"images": orjson.dumps(documents).decode(), "image_set_id": image_set_id}
    return session.execute(REGISTER, parameters).one()


def register_images(session: Session, blobs: BlobStore, prefix: str, *, threads: int = 16) -> dict[str, int]:
    """Register every blob of the main container whose path begins with `prefix` as an image that belongs to no set.

    Returns how many blobs were found, and how many images were added or corrected because their file has changed. What
    this service itself publishes is left out. Raises StorageUnavailable.
    """
    counts = {"found": 0, "added": 0, "corrected": 0}
    files = (blob for blob in blobs.list_blobs(blobs.container, prefix) if not blob.is_folder)
    with _copiers(threads) as pool:
        for batch in _batches(blob for blob in files if not blob.name.startswith(f"{LABEL_SETS}/")):
            paths = {blob.name: f"{blobs.container}/{blob.name}" for blob in batch}
            known = _find_known(session, list(paths.values()))
            news = [blob for blob in batch if not _is_registered(known.get(paths[blob.name]), blob)]
            result = _register(session, None, list(pool.map(lambda blob: _examine(blobs, blob.name, blob), news)))
            counts["found"] += len(batch)
            counts["added"] += result.added
            counts["corrected"] += result.corrected
    return counts


def _is_registered(known: Known | None, blob: Blob) -> bool:
    return known is not None and known.is_of(blob, known.image_set_id)
