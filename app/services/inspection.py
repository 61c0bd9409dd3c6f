"""Inspection: each file is read once, and what that shows is noted: hashes, previews, and whether it can be decoded."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import orjson
from sqlalchemy import ColumnElement, exists, func, select, text, update
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore, FileFault
from app.errors import NotFound
from app.media.decoders import Decoder
from app.media.previews import CACHE_CONTROL, PREVIEW_TYPE, THUMBNAIL_TYPE, Picture, preview_path, thumbnail_path
from app.models import Image
from app.models.jobs import INSPECT_IMAGE_SET
from app.outbox import queue

# One statement for a batch. A file that another ingest has replaced meanwhile stays to be inspected.
NOTE = text("""
WITH found AS MATERIALIZED (
    SELECT * FROM json_to_recordset(:findings) AS found (
        image_id bigint, sha256 text, dhash bigint, kind text, message text, filesize bigint, content_md5 text)
), noted AS (
    UPDATE image SET sha256 = decode(found.sha256, 'hex'), dhash = found.dhash, problem = found.kind, date_inspected = now()
    FROM found
    WHERE image.id = found.image_id AND date_withdrawn IS NULL
        AND (image.filesize, image.content_md5) IS NOT DISTINCT FROM (found.filesize, decode(found.content_md5, 'hex'))
    RETURNING image.id, image.image_set_id, image.blobstorage_path, found.kind, found.message
), settled AS (
    UPDATE problem SET settlement = 'inspected', date_settled = now()
    FROM noted
    WHERE problem.image_set_id = noted.image_set_id AND problem.image_id = noted.id AND noted.kind IS NULL
        AND stage = 'inspection' AND settlement IS NULL
)
INSERT INTO problem (image_set_id, image_id, blob_name, etag, stage, kind, message)
SELECT image_set_id, id, blobstorage_path, '', 'inspection', kind, message
FROM noted WHERE kind IS NOT NULL AND image_set_id IS NOT NULL
ON CONFLICT (image_set_id, md5(blob_name)) WHERE settlement IS NULL
DO UPDATE SET kind = excluded.kind, message = excluded.message WHERE problem.stage = 'inspection'
""")

# Of images with the same content, the one with the lowest id is no duplicate.
COUNT_DUPLICATES = text("""
UPDATE image_set SET duplicate_images = (
    SELECT count(*) FROM image
    WHERE image.image_set_id = image_set.id AND filetype IS NOT NULL AND date_withdrawn IS NULL AND EXISTS (
            SELECT FROM image AS older
            WHERE older.sha256 = image.sha256 AND older.id < image.id AND older.date_withdrawn IS NULL))
WHERE id = :image_set_id
RETURNING duplicates = 'flag'
""")
UNFLAG_DUPLICATES = text("""
WITH unflagged AS (
    UPDATE image SET problem = NULL
    WHERE image_set_id = :image_set_id AND problem = 'duplicate' AND NOT (
        :flag AND EXISTS (
            SELECT FROM image AS older
            WHERE older.sha256 = image.sha256 AND older.id < image.id AND older.date_withdrawn IS NULL))
    RETURNING id
)
UPDATE problem SET settlement = 'inspected', date_settled = now()
FROM unflagged
WHERE problem.image_set_id = :image_set_id AND image_id = unflagged.id AND stage = 'inspection' AND settlement IS NULL
""")
FLAG_DUPLICATES = text("""
WITH duplicate AS MATERIALIZED (
    SELECT image.id, min(older.id) AS first_id
    FROM image JOIN image AS older ON older.sha256 = image.sha256 AND older.id < image.id
    WHERE image.image_set_id = :image_set_id AND image.filetype IS NOT NULL AND image.problem IS NULL
        AND image.date_withdrawn IS NULL AND older.date_withdrawn IS NULL
    GROUP BY image.id
), flagged AS (
    UPDATE image SET problem = 'duplicate' FROM duplicate WHERE image.id = duplicate.id
    RETURNING image.id, blobstorage_path, first_id
)
INSERT INTO problem (image_set_id, image_id, blob_name, etag, stage, kind, message)
SELECT :image_set_id, id, blobstorage_path, '', 'inspection', 'duplicate',
    'The file has the same content as image ' || first_id || '.'
FROM flagged
ON CONFLICT (image_set_id, md5(blob_name)) WHERE settlement IS NULL
DO UPDATE SET kind = excluded.kind, message = excluded.message WHERE problem.stage = 'inspection'
""")


@dataclass(frozen=True)
class StoredFile:
    """What an inspection has to know of an image: its path in the main container, and what its ingest has found."""

    image_id: int
    path: str
    filetype: str | None
    content_encoding: str | None
    filesize: int | None
    content_md5: bytes | None


@dataclass(frozen=True)
class Finding:
    """What an inspection has found: `kind` and `message` say what is wrong; `sha256` is missing where nothing could be read."""

    file: StoredFile
    sha256: bytes | None = None
    dhash: int | None = None
    kind: str | None = None
    message: str | None = None


def find_file(session: Session, image_id: int) -> StoredFile:
    """Return the file of an image, which must be there."""
    return find_files(session, Image.id == image_id, 1)[0]


def find_uninspected(session: Session, image_set_id: int, size: int) -> list[StoredFile]:
    """Return the first `size` files of an image set that were not inspected since they came."""
    return find_files(session, _is_uninspected(image_set_id), size)


def _is_uninspected(image_set_id: int) -> ColumnElement[bool]:
    return (Image.image_set_id == image_set_id) & Image.date_inspected.is_(None)


def find_files(session: Session, which: ColumnElement[bool], size: int) -> list[StoredFile]:
    """Return the first `size` files of the images for which a condition holds, by id."""
    path = func.substr(Image.blobstorage_path, func.strpos(Image.blobstorage_path, "/") + 1).label("path")
    columns = (Image.id, path, Image.filetype, Image.content_encoding, Image.filesize, Image.content_md5)
    rows = session.execute(select(*columns).where(which).order_by(Image.id).limit(size))
    return [
        StoredFile(row.id, row.path, row.filetype, row.content_encoding, row.filesize, row.content_md5) for row in rows
    ]


def count_files(session: Session, image_set_id: int) -> tuple[int, int]:
    """Return how many files an image set has, and how many of them are to be inspected."""
    counts = select(func.count(), func.count().filter(Image.date_inspected.is_(None)))
    total, uninspected = session.execute(counts.where(Image.image_set_id == image_set_id)).one()
    return total, uninspected


def enqueue_inspection(session: Session, image_set_id: int) -> int | None:
    """Have the files of a set inspected that were not yet; return the job's id, None without such files.

    The caller holds the set's row, so that an inspection that is about to end does not miss a file.
    """
    if not session.scalar(select(exists().where(_is_uninspected(image_set_id)))):
        return None
    return queue.enqueue(session, INSPECT_IMAGE_SET, "image_set", image_set_id)


def inspect_again(session: Session, image_ids: Iterable[int]) -> None:
    """Have these images inspected by the next inspection of their sets."""
    session.execute(update(Image).where(Image.id == func.any(list(image_ids))).values(date_inspected=None))


def inspect_file(
    blobs: BlobStore, decoder: Decoder, file: StoredFile, pace: Callable[[int], None] = lambda size: None
) -> tuple[Finding, Picture | None]:
    """Read a file once; return what was found, and its picture, if it can be decoded.

    `pace` is called with the size of each piece that was read. Raises StorageUnavailable.
    """

    def read() -> Iterator[bytes]:
        for chunk in blobs.read_file(file.path):
            pace(len(chunk))
            yield chunk

    try:
        found = decoder.inspect(read(), file.filetype, file.content_encoding)
    except NotFound:
        return Finding(file, kind="unreadable", message="The storage service does not find the file."), None
    except FileFault as fault:
        return Finding(file, kind=fault.kind, message=str(fault)), None
    kind, message = found.fault or (None, None)
    return Finding(file, found.sha256, found.picture.dhash if found.picture else None, kind, message), found.picture


def write_previews(blobs: BlobStore, finding: Finding, picture: Picture) -> None:
    """Write both previews of a file, before it is noted as inspected. Raises StorageUnavailable."""
    if finding.sha256 is None:
        raise ValueError(f"The file of image {finding.file.image_id} was not read.")
    image_id = finding.file.image_id
    for path, content, media_type in (
        (thumbnail_path(image_id, finding.sha256), picture.thumbnail, THUMBNAIL_TYPE),
        (preview_path(image_id, finding.sha256), picture.preview, PREVIEW_TYPE),
    ):
        blobs.upload(path, io.BytesIO(content), media_type, cache_control=CACHE_CONTROL)


def note_findings(session: Session, findings: Iterable[Finding]) -> None:
    """Note what was found in files that have not changed meanwhile; open, change or settle the problems of their sets."""
    documents = [
        {
            "image_id": finding.file.image_id,
            "sha256": finding.sha256.hex() if finding.sha256 else None,
            "dhash": finding.dhash,
            "kind": finding.kind,
            "message": finding.message,
            "filesize": finding.file.filesize,
            "content_md5": finding.file.content_md5.hex() if finding.file.content_md5 else None,
        }
        for finding in findings
    ]
    session.execute(NOTE, {"findings": orjson.dumps(documents).decode()})


def settle_duplicates(session: Session, image_set_id: int) -> None:
    """Count the images of a set whose content an older image has, and flag them or not, as the set wants it."""
    values = {"image_set_id": image_set_id}
    flag = session.scalars(COUNT_DUPLICATES, values).one()
    session.execute(UNFLAG_DUPLICATES, {**values, "flag": flag})
    if flag:
        session.execute(FLAG_DUPLICATES, values)
