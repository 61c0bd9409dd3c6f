"""Do the tables and the storage agree with each other? Dropboxes, files of images, published files, and exports."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.azure.blobs import Blob, BlobStore
from app.azure.names import DROPBOX_PREFIX
from app.errors import NotFound
from app.health.findings import Finding
from app.media.previews import FOLDER as PREVIEWS
from app.models.exports import FILES
from app.models.exports import FOLDER as EXPORTS_FOLDER
from app.models.imports import FOLDER as IMPORTS
from app.models.jobs import DELETE_DROPBOX, DELETE_IMAGE_FILES, INSPECT_IMAGE_SET, PUBLISH_DATASETS, WRITE_EXPORT
from app.outbox import queue
from app.services.exports import forget_file

LISTED_AT_ONCE = 5000

LISTED = text("CREATE TEMPORARY TABLE listed (path text, size bigint) ON COMMIT DROP")
NOTE_LISTED = text("INSERT INTO listed SELECT * FROM unnest(CAST(:paths AS text[]), CAST(:sizes AS bigint[]))")

IMAGES_WITHOUT_FILE = text("""
SELECT image.id, image.blobstorage_path AS path, image.filesize
FROM image LEFT JOIN listed ON listed.path = image.blobstorage_path
WHERE date_withdrawn IS NULL AND (listed.path IS NULL OR listed.size IS DISTINCT FROM image.filesize)
ORDER BY image.id
""")

# A job that is to delete them is no finding.
WITHDRAWN_WITH_FILE = text("""
SELECT image.id, image.blobstorage_path AS path FROM image JOIN listed ON listed.path = image.blobstorage_path
WHERE date_withdrawn IS NOT NULL AND NOT EXISTS (
    SELECT FROM job WHERE kind = 'delete_image_files' AND subject_type = 'image' AND subject_id = image.id
        AND state <> 'succeeded')
ORDER BY image.id
""")

# A picture that was decoded has two previews, which have the hash of its file in their names (app/media/previews.py).
_PREVIEWS = """
WITH expected AS (
    SELECT image.image_set_id, :folder || image.id || '/' || encode(substr(sha256, 1, 8), 'hex') || ending AS path
    FROM image CROSS JOIN (VALUES ('-320.webp'), ('-2048.jpg')) AS preview (ending)
    WHERE dhash IS NOT NULL
)
"""
MISSING_PREVIEWS = text(
    _PREVIEWS
    + """
SELECT image_set_id AS id, count(*) AS found, min(expected.path) AS path
FROM expected LEFT JOIN listed ON listed.path = expected.path
WHERE listed.path IS NULL
GROUP BY image_set_id
ORDER BY image_set_id
"""
)

# An inspection writes previews before it notes them.
PREVIEWS_LEFT_OVER = text(
    _PREVIEWS
    + """
SELECT listed.path
FROM listed LEFT JOIN expected ON expected.path = listed.path
    LEFT JOIN image ON CAST(image.id AS text) = split_part(substr(listed.path, length(:folder) + 1), '/', 1)
WHERE starts_with(listed.path, :folder) AND expected.path IS NULL AND (image.id IS NULL OR date_inspected IS NOT NULL)
    AND NOT EXISTS (
        SELECT FROM job WHERE kind = 'delete_image_files' AND subject_type = 'image' AND subject_id = image.id
            AND state <> 'succeeded')
ORDER BY listed.path
"""
)

FORGET_PREVIEWS = text("""
UPDATE image SET date_inspected = NULL, dhash = NULL
WHERE image_set_id IS NOT DISTINCT FROM :id AND dhash IS NOT NULL
""")

# A set whose files are being ingested, or wait for a failed job to be retried, has files before it has images; and a file
# with a problem may have left a part of its copy.
FILES_WITHOUT_IMAGE = text("""
SELECT listed.path
FROM listed LEFT JOIN image ON image.blobstorage_path = listed.path
WHERE image.id IS NULL AND starts_with(listed.path, :folder) AND NOT EXISTS (
    SELECT FROM job JOIN image_set ON image_set.id = job.subject_id
    WHERE job.kind = 'finish_image_set' AND job.state <> 'succeeded' AND NOT EXISTS (
            SELECT FROM job AS later
            WHERE later.kind = job.kind AND later.subject_id = job.subject_id AND later.id > job.id)
        AND starts_with(listed.path, :folder || image_set.title || '/'))
    AND NOT EXISTS (
        SELECT FROM problem JOIN image_set ON image_set.id = image_set_id
        WHERE stage = 'ingest' AND settlement IS NULL AND starts_with(listed.path, :folder || image_set.title || '/'))
ORDER BY listed.path
""")

# Whose a container is: the dropbox of a set, or one that a job was to delete, also after its set. While a problem is open, it has
# what somebody may want to be tried again. A failed job is a finding of its own.
DROPBOXES = text("""
SELECT name, coalesce(image_set.id, deletion.subject_id) AS image_set_id,
    NOT EXISTS (SELECT FROM problem WHERE problem.dropbox = name AND stage = 'ingest' AND settlement IS NULL)
    AND coalesce(deletion.state IN ('succeeded', 'cancelled'), true) AND (
        deletion.state IS NOT NULL OR image_set.status = 'finished' AND NOT EXISTS (
            SELECT FROM job WHERE kind = 'finish_image_set' AND subject_id = image_set.id AND state <> 'succeeded'
                AND NOT EXISTS (
                    SELECT FROM job AS later
                    WHERE later.kind = job.kind AND later.subject_id = job.subject_id AND later.id > job.id))) AS is_done
FROM unnest(CAST(:names AS text[])) AS name
LEFT JOIN image_set ON image_set.dropbox = name
LEFT JOIN LATERAL (
    SELECT subject_id, state FROM job WHERE kind = 'delete_dropbox' AND job.dropbox = name ORDER BY id DESC LIMIT 1
) AS deletion ON true
WHERE coalesce(image_set.id, deletion.subject_id) IS NOT NULL
ORDER BY 2
""")

# The files of imports that have ended, and those of none. A waiting import may still get its file.
IMPORT_FILES = text("""
SELECT listed.path, import.id FROM listed LEFT JOIN import ON :folder || import.path = listed.path
WHERE starts_with(listed.path, :folder || :imports) AND (
    import.id IS NULL OR import.outcome IS NOT NULL AND NOT EXISTS (
        SELECT FROM job WHERE kind = 'delete_import_file' AND subject_type = 'import' AND subject_id = import.id
            AND state <> 'succeeded')
    OR import.date_upload_expires < :before AND NOT EXISTS (
        SELECT FROM job WHERE subject_type = 'import' AND subject_id = import.id))
ORDER BY listed.path
""")

OPEN_DROPBOXES = text("SELECT id, dropbox FROM image_set WHERE status = 'created' ORDER BY id")

# The files of the newest version of each campaign, and their copies. A campaign that was reopened publishes the next version when
# it is finished.
DATASETS = text("""
SELECT dataset.name, dataset.version, campaign_id, status, place AS path, sha256
FROM dataset JOIN campaign ON campaign.id = campaign_id
CROSS JOIN LATERAL (
    SELECT dataset.path UNION SELECT regexp_replace(dataset.path, '^label_sets/[^/]+/v[0-9]+/', 'label_sets/')) AS places (place)
WHERE job_id = (SELECT max(job_id) FROM dataset AS newest WHERE newest.campaign_id = dataset.campaign_id)
    AND NOT EXISTS (
        SELECT FROM job WHERE kind = 'publish_datasets' AND subject_id = dataset.campaign_id AND state <> 'succeeded')
ORDER BY dataset.id, place
""")

# An export that is being written, or waits for that, is no finding.
EXPORTS = text("""
SELECT id, path, manifest_path, file_size, images, sha256 FROM export WHERE path IS NOT NULL ORDER BY id
""")
# What else somebody keeps in that folder is theirs.
EXPORTS_LEFT_OVER = text("""
SELECT listed.path FROM listed
WHERE starts_with(listed.path, :folder) AND substr(listed.path, length(:folder) + 1) ~
        '^(_unfinished/[0-9]+-[0-9a-f]{32}|[^/]+/v[0-9]+/[^/]+-[0-9a-f]{64}[.][a-z.]+)$'
    AND NOT EXISTS (
        SELECT FROM export WHERE substr(listed.path, length(:container) + 2) IN (export.path, manifest_path))
    AND NOT EXISTS (SELECT FROM image WHERE image.blobstorage_path = listed.path)
    AND NOT EXISTS (SELECT FROM job WHERE kind = 'write_export' AND state IN ('queued', 'running'))
ORDER BY listed.path
""")


@dataclass(frozen=True)
class StorageChecks:
    """The checks that read the storage. `folder` is the path of folders in the main container below which image sets lie.

    A container counts as left over only when it is older than `grace`.
    """

    session: Session
    blobs: BlobStore
    folder: str
    grace: timedelta

    def run(self) -> Iterator[Finding]:
        """Yield what does not agree. Raises StorageUnavailable."""
        yield from self._dropboxes()
        yield from self._files()
        yield from self._datasets()
        yield from self._exports()

    def _dropboxes(self) -> Iterator[Finding]:
        dropboxes = dict(self.blobs.list_containers(DROPBOX_PREFIX))
        owned = {row.name: row for row in self.session.execute(DROPBOXES, {"names": list(dropboxes)})}
        for name, changed in dropboxes.items():
            finding = self._leftover(name, owned.get(name))
            if finding and changed < datetime.now(UTC) - self.grace and self.blobs.container_exists(name):
                yield finding
        for row in self.session.execute(OPEN_DROPBOXES):
            if row.dropbox not in dropboxes and not self.blobs.container_exists(row.dropbox):
                repair = partial(self.blobs.make_container, row.dropbox)
                detail = f"Its dropbox {row.dropbox} does not exist."
                yield Finding("dropbox_missing", f"image set {row.id}", detail, repair)

    def _leftover(self, name: str, owner: Row[Any] | None) -> Finding | None:
        if owner is None:
            repair = partial(self._delete_if_empty, name)
            return Finding("dropbox_left_over", f"container {name}", "No image set belongs to it.", repair)
        if owner.is_done:
            delete = partial(queue.enqueue, self.session, DELETE_DROPBOX, "image_set", owner.image_set_id, name)
            detail = "Its files have been ingested, or its image set was deleted."
            return Finding("dropbox_left_over", f"container {name}", detail, delete)
        return None

    def _delete_if_empty(self, name: str) -> None:
        if not self.blobs.container_is_empty(name):
            raise NotFound(f"The container {name} contains files that belong to no image set. Check them by hand.")
        self.blobs.delete_container(name)

    def _files(self) -> Iterator[Finding]:
        container = self.blobs.container
        self.session.execute(LISTED)
        listing = (blob for blob in self.blobs.list_blobs(container) if not blob.is_folder)
        while batch := list(islice(listing, LISTED_AT_ONCE)):
            paths, sizes = [f"{container}/{blob.name}" for blob in batch], [blob.size for blob in batch]
            self.session.execute(NOTE_LISTED, {"paths": paths, "sizes": sizes})
        for row in self.session.execute(IMAGES_WITHOUT_FILE):
            yield from self._look_again(row.id, row.path, row.filesize)
        for row in self.session.execute(WITHDRAWN_WITH_FILE):
            if self.blobs.find_blob(row.path.removeprefix(f"{container}/")) is not None:
                delete = partial(queue.enqueue, self.session, DELETE_IMAGE_FILES, "image", row.id)
                detail = f"It was withdrawn, and its file {row.path} exists."
                yield Finding("withdrawn_image_with_file", f"image {row.id}", detail, delete)
        for path in self.session.scalars(FILES_WITHOUT_IMAGE, {"folder": f"{container}/{self.folder}/"}):
            blob = self.blobs.find_blob(path.removeprefix(f"{container}/"))
            if blob is not None and not blob.is_junk:
                yield Finding(
                    "file_without_image",
                    f"file {path}",
                    "It is in the folder of the image sets and is not registered as an image.",
                )

        yield from self._import_files()
        yield from self._previews(f"{container}/{PREVIEWS}/")

    def _import_files(self) -> Iterator[Finding]:
        before = datetime.now(UTC) - self.grace
        values = {"folder": f"{self.blobs.container}/", "imports": f"{IMPORTS}/", "before": before}
        for row in self.session.execute(IMPORT_FILES, values).all():
            path = row.path.partition("/")[2]
            blob = self.blobs.find_blob(path)
            # A file that came just now may belong to an import that is being created.
            is_old = blob is not None and blob.date_modified is not None and blob.date_modified < before
            if blob is not None and (row.id is not None or is_old):
                detail = "Its import has ended." if row.id is not None else "No import has this file."
                repair = partial(self.blobs.delete_blob, path)
                yield Finding("import_file_left_over", f"file {row.path}", detail, repair)

    def _previews(self, folder: str) -> Iterator[Finding]:
        for row in self.session.execute(MISSING_PREVIEWS, {"folder": folder}).all():
            # They may have been made since the listing.
            if self.blobs.find_blob(row.path.partition("/")[2]) is None:
                whose = f"image set {row.id}" if row.id else "images of no set"
                detail = f"{row.found} preview(s) of its images do not exist; the first is {row.path}."
                yield Finding("preview_missing", whose, detail, partial(self._make_previews, row.id))
        for path in self.session.scalars(PREVIEWS_LEFT_OVER, {"folder": folder}):
            repair = partial(self.blobs.delete_blob, path.partition("/")[2])
            yield Finding("preview_left_over", f"file {path}", "No image has this preview.", repair)

    def _make_previews(self, image_set_id: int | None) -> None:
        """Have the images of a set inspected again; those of no set get their previews when somebody asks for one."""
        self.session.execute(FORGET_PREVIEWS, {"id": image_set_id})
        if image_set_id is not None:
            queue.enqueue(self.session, INSPECT_IMAGE_SET, "image_set", image_set_id)

    def _look_again(self, image_id: int, path: str, size: int) -> Iterator[Finding]:
        blob: Blob | None = self.blobs.find_blob(path.removeprefix(f"{self.blobs.container}/"))
        if blob is None:
            yield Finding("image_without_file", f"image {image_id}", f"There is no file {path}.")
        elif blob.size != size:
            detail = f"The file {path} has {blob.size} bytes, not {size}."
            yield Finding("image_of_another_size", f"image {image_id}", detail)

    def _datasets(self) -> Iterator[Finding]:
        for row in self.session.execute(DATASETS):
            fault = self._fault_of_file(row.path, bytes(row.sha256))
            if fault:
                publish = partial(queue.enqueue, self.session, PUBLISH_DATASETS, "campaign", row.campaign_id)
                repair = publish if row.status == "finished" else None
                yield Finding("dataset_damaged", f"dataset {row.name}, version {row.version}", fault, repair)

    def _exports(self) -> Iterator[Finding]:
        for row in self.session.execute(EXPORTS).all():
            fault = self._fault_of_export(row) or self._fault_of_size(row.manifest_path, None)
            if fault:
                repair = partial(self._write_again, row.id)
                yield Finding("export_damaged", f"export {row.id}", fault, repair)
        container = self.blobs.container
        places = {"folder": f"{container}/{EXPORTS_FOLDER}/", "container": container}
        for path in self.session.scalars(EXPORTS_LEFT_OVER, places):
            name = path.removeprefix(f"{container}/")
            if self.blobs.find_blob(name) is not None:
                repair = partial(self.blobs.delete_blob, name)
                yield Finding("export_left_over", f"file {path}", "No export has this file.", repair)

    def _fault_of_export(self, row: Row[Any]) -> str | None:
        # An archive with the files of images may take hours to read.
        if row.images == FILES:
            return self._fault_of_size(row.path, row.file_size)
        return self._fault_of_file(row.path, bytes(row.sha256))

    def _fault_of_size(self, path: str, size: int | None) -> str | None:
        blob = self.blobs.find_blob(path)
        if blob is None:
            return f"Its file {path} is gone."
        return None if size in (None, blob.size) else f"Its file {path} has {blob.size} bytes, not {size}."

    def _write_again(self, export_id: int) -> None:
        forget_file(self.session, export_id)
        queue.enqueue(self.session, WRITE_EXPORT, "export", export_id)

    def _fault_of_file(self, path: str, sha256: bytes) -> str | None:
        found = hashlib.sha256()
        try:
            for chunk in self.blobs.read(path):
                found.update(chunk)
        except NotFound:
            return f"Its file {path} is gone."
        return None if found.digest() == sha256 else f"Its file {path} has another SHA-256 than was published."
