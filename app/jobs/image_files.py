"""What files of the main container become: rows of images, with the facts that the files hold."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, tzinfo
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import orjson
import structlog
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.azure.blobs import Blob, BlobStore, FileFault
from app.database.outages import is_outage
from app.errors import NotFound, StorageUnavailable
from app.jobs.dataset_files import FOLDER as LABEL_SETS
from app.media.image_facts import ImageFacts, read_image_facts
from app.media.previews import FOLDER as PREVIEWS
from app.media.ranged_file import ReadRange
from app.media.stored_encoding import MAX_STORED_BYTES, decode_head
from app.models import Image
from app.models.exports import FOLDER as EXPORTS
from app.models.imports import FOLDER as IMPORTS
from app.services.problems import Fault

BATCH_SIZE = 100
Document = dict[str, Any]
T = TypeVar("T")
log = structlog.get_logger("labelapi")

# One statement for a batch: PostgreSQL unpacks the document. An image that is there already stays; it is put right when its
# file has another content by now, or when somebody registered it before it got to its set.
REGISTER = text("""
WITH found AS MATERIALIZED (
    SELECT path, filetype, filesize, width, height, date_taken, date_taken_source, lat, lon, content_encoding,
        decode(md5, 'hex') AS content_md5
    FROM json_to_recordset(:images) AS found (
        path text, filetype text, filesize bigint, width integer, height integer, date_taken timestamptz,
        date_taken_source text,
        lat double precision, lon double precision, content_encoding text, md5 text)
), corrected AS (
    UPDATE image SET image_set_id = coalesce(:image_set_id, image.image_set_id),
        filetype = found.filetype, filesize = found.filesize, width = found.width, height = found.height,
        -- A time that somebody set by hand stays.
        date_taken = CASE WHEN image.date_taken_source = 'manual' THEN image.date_taken ELSE found.date_taken END,
        date_taken_source = CASE
            WHEN image.date_taken_source = 'manual' THEN 'manual' ELSE found.date_taken_source END,
        lat = found.lat, lon = found.lon,
        content_md5 = found.content_md5, content_encoding = found.content_encoding,
        sha256 = NULL, dhash = NULL, date_inspected = NULL, problem = NULL
    FROM found
    WHERE image.blobstorage_path = found.path AND date_withdrawn IS NULL
        AND (image.image_set_id IS NULL OR :image_set_id IS NULL OR image.image_set_id = :image_set_id)
        AND (image.image_set_id, image.filetype, image.filesize, image.width, image.height, image.content_md5)
            IS DISTINCT FROM (coalesce(:image_set_id, image.image_set_id), found.filetype, found.filesize,
                found.width, found.height, found.content_md5)
    RETURNING image.id
), added AS (
    INSERT INTO image (
        image_set_id, blobstorage_path, filetype, filesize, width, height, date_taken, date_taken_source, lat, lon,
        content_md5, content_encoding)
    SELECT CAST(:image_set_id AS bigint), path, filetype, filesize, width, height, date_taken, date_taken_source, lat, lon,
        content_md5, content_encoding
    FROM found
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT (SELECT count(*) FROM added) AS added, (SELECT count(*) FROM corrected) AS corrected
""")


@dataclass(frozen=True)
class RegisteredFile:
    """What the database holds of an image and its file; it is written when the file is there and verified.

    The file of a withdrawn image was deleted, and does not come again.
    """

    image_id: int
    image_set_id: int | None
    filesize: int | None
    content_md5: bytes | None
    date_created: datetime
    is_withdrawn: bool = False

    def is_of(self, blob: Blob, image_set_id: int | None) -> bool:
        """True when the image is in this set and its file surely has the content of `blob`, or it was withdrawn."""
        if self.is_withdrawn:
            return True
        held = (self.image_set_id, self.filesize, self.content_md5)
        return blob.content_md5 is not None and held == (image_set_id, blob.size, blob.content_md5)

    def differs_from(self, blob: Blob) -> bool:
        """True when the file surely has another content than `blob`."""
        has_hashes = blob.content_md5 is not None and self.content_md5 is not None
        return self.filesize != blob.size or (has_hashes and self.content_md5 != blob.content_md5)


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH_SIZE)):
        yield batch


def find_registered(session: Session, paths: list[str]) -> dict[str, RegisteredFile]:
    """Return what the database holds of these paths, as far as there are images of them."""
    is_withdrawn = Image.date_withdrawn.is_not(None).label("is_withdrawn")
    columns = (Image.id, Image.image_set_id, Image.filesize, Image.content_md5, Image.date_created, is_withdrawn)
    rows = session.execute(select(Image.blobstorage_path, *columns).where(Image.blobstorage_path == func.any(paths)))
    return {
        row.blobstorage_path: RegisteredFile(
            row.id, row.image_set_id, row.filesize, row.content_md5, row.date_created, row.is_withdrawn
        )
        for row in rows
    }


@contextmanager
def copy_threads(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that copy; when one of them finds the storage away, those that have not begun do not begin."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="copy")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def examine(blobs: BlobStore, path: str, blob: Blob, zone: tzinfo | None = None) -> Document:
    """Return the row of the image that a blob at `path` of the main container is.

    A time in the file without an offset is one of `zone`, or of UTC. Raises what `read_range` raises.
    """

    def read(offset: int, length: int) -> bytes:
        if offset + length <= len(blob.head):
            return blob.head[offset : offset + length]
        return blobs.read_range(path, offset, length)

    facts, content_encoding = _read_facts(read, blob, zone)
    return {
        **asdict(facts),
        "path": f"{blobs.container}/{path}",
        "filesize": blob.size,
        "md5": blob.content_md5.hex() if blob.content_md5 else None,
        "content_encoding": content_encoding,
    }


def _read_facts(read: ReadRange, blob: Blob, zone: tzinfo | None) -> tuple[ImageFacts, str | None]:
    """Return the facts of an image, and how it is stored, where it must be decoded first, as browsers do."""
    if blob.content_encoding:
        decoded = decode_head(blob.content_encoding, read(0, min(blob.size, MAX_STORED_BYTES)))
        if decoded is not None:
            facts = read_image_facts(lambda offset, length: decoded[offset : offset + length], len(decoded), zone)
            if facts.filetype:
                return facts, blob.content_encoding
    return read_image_facts(read, blob.size, zone), None


@dataclass
class Registration:
    """How many images were added, and how many corrected because their files had changed.

    `faults` says by name why others are not registered. Of a whole prefix: how many files were found, or skipped as junk.
    """

    found: int = 0
    added: int = 0
    corrected: int = 0
    skipped: int = 0
    faults: dict[str, Fault] = field(default_factory=dict)

    def add(self, other: "Registration") -> None:
        """Count what another one has done as well."""
        self.added += other.added
        self.corrected += other.corrected
        self.faults |= other.faults


def register(session: Session, image_set_id: int | None, documents: dict[str, Document]) -> Registration:
    """Make or correct images of an image set, or of none; those that the database refuses do not hold up the others."""
    parameters = {"images": orjson.dumps(list(documents.values())).decode(), "image_set_id": image_set_id}
    try:
        with session.begin_nested():
            counts = session.execute(REGISTER, parameters).one()
            return Registration(added=counts.added, corrected=counts.corrected)
    except DBAPIError as error:
        if is_outage(error):
            raise
        if len(documents) == 1:
            log.warning("the database refuses an image", exc_info=error)
            fault = Fault("unreadable", "The database refuses what the file says of itself.")
            return Registration(faults=dict.fromkeys(documents, fault))
    total = Registration()
    for name, document in documents.items():
        total.add(register(session, image_set_id, {name: document}))
    return total


def register_images(session: Session, blobs: BlobStore, prefix: str, *, threads: int = 16) -> Registration:
    """Register every blob of the main container whose path begins with `prefix` as an image that belongs to no set.

    What this service itself keeps, datasets, previews, exports and files of imports, is left out. One that cannot be read does
    not hold up the others. Raises StorageUnavailable.
    """
    total = Registration()
    with copy_threads(threads) as pool:
        for batch in batches(_find_files(blobs, prefix, total)):
            known = find_registered(session, [f"{blobs.container}/{blob.name}" for blob in batch])
            new = [blob for blob in batch if not _is_registered(known.get(f"{blobs.container}/{blob.name}"), blob)]
            results = dict(
                zip([blob.name for blob in new], pool.map(partial(_examine_or_fault, blobs), new), strict=True)
            )
            documents = {name: result for name, result in results.items() if isinstance(result, dict)}
            total.found += len(batch)
            total.faults |= {name: result for name, result in results.items() if isinstance(result, Fault)}
            total.add(register(session, None, documents))
    return total


def _find_files(blobs: BlobStore, prefix: str, total: Registration) -> Iterator[Blob]:
    for blob in blobs.list_blobs(blobs.container, prefix):
        if blob.is_junk:
            total.skipped += 1
        elif not blob.name.startswith((f"{LABEL_SETS}/", f"{PREVIEWS}/", f"{EXPORTS}/", f"{IMPORTS}/")):
            yield blob


def _examine_or_fault(blobs: BlobStore, blob: Blob) -> Document | Fault:
    try:
        return examine(blobs, blob.name, blob)
    except StorageUnavailable:
        raise
    except Exception as error:
        return fault_of(error)


def _is_registered(known: RegisteredFile | None, blob: Blob) -> bool:
    return known is not None and known.is_of(blob, known.image_set_id)


def fault_of(error: Exception) -> Fault:
    """Return the fault that an error means for its file."""
    if isinstance(error, FileFault):
        return Fault(error.kind, str(error))
    if isinstance(error, NotFound):
        return Fault("unreadable", "The storage service does not find the file by its name (BlobNotFound).")
    log.warning("a file cannot be ingested", exc_info=error)
    return Fault("unreadable", f"An unexpected error ({type(error).__name__}) ended this; the log says more.")
