"""Do the tables and the storage agree with each other? It finds every disagreement, and repairs where that is safe.

The service may be at work meanwhile: what a job is about to put right is no finding, and what a listing shows is looked at
again before it is reported.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.azure.blobs import Blob, BlobStore
from app.azure.names import dropbox_name
from app.database.outages import set_statement_timeout
from app.errors import NotFound
from app.models.classes import MAX_CLASSES
from app.models.jobs import DELETE_DROPBOX, FINISH_IMAGE_SET, PUBLISH_DATASETS
from app.outbox import queue

DROPBOX_PREFIX = dropbox_name("")
LISTED_AT_ONCE = 5000

LISTED = text("CREATE TEMPORARY TABLE listed (path text, size bigint) ON COMMIT DROP")
NOTE_LISTED = text("INSERT INTO listed SELECT * FROM unnest(CAST(:paths AS text[]), CAST(:sizes AS bigint[]))")

IMAGES_WITHOUT_FILE = text("""
SELECT image.id, image.blobstorage_path AS path, image.filesize
FROM image LEFT JOIN listed ON listed.path = image.blobstorage_path
WHERE listed.path IS NULL OR listed.size IS DISTINCT FROM image.filesize
ORDER BY image.id
""")

# A set whose files are being ingested, or wait for a failed job to be retried, has files before it has images; and a file
# with a problem may have left a part of its copy.
FILES_WITHOUT_IMAGE = text("""
SELECT listed.path
FROM listed LEFT JOIN image ON image.blobstorage_path = listed.path
WHERE image.id IS NULL AND starts_with(listed.path, :folder) AND NOT EXISTS (
    SELECT FROM job JOIN image_set ON image_set.id = job.subject_id
    WHERE job.kind = 'finish_image_set' AND job.state <> 'succeeded'
        AND starts_with(listed.path, :folder || image_set.title || '/'))
    AND NOT EXISTS (
        SELECT FROM problem JOIN image_set ON image_set.id = image_set_id
        WHERE settlement IS NULL AND starts_with(listed.path, :folder || image_set.title || '/'))
ORDER BY listed.path
""")

UNFINISHED_SETS = text("""
SELECT image_set.id, title, newest.state
FROM image_set LEFT JOIN LATERAL (
    SELECT state FROM job WHERE kind = 'finish_image_set' AND subject_type = 'image_set' AND subject_id = image_set.id
    ORDER BY id DESC LIMIT 1) AS newest ON true
WHERE status = 'finished' AND (
    newest.state IS NULL OR newest.state = 'succeeded' AND blobstorage_path = :prefix || title)
ORDER BY image_set.id
""")

UNPUBLISHED_CAMPAIGNS = text("""
SELECT campaign.id, title
FROM campaign LEFT JOIN LATERAL (
    SELECT id, state FROM job
    WHERE kind = 'publish_datasets' AND subject_type = 'campaign' AND subject_id = campaign.id
    ORDER BY id DESC LIMIT 1) AS newest ON true
WHERE status = 'finished' AND (newest.state IS NULL OR newest.state = 'succeeded'
    AND NOT EXISTS (SELECT FROM dataset WHERE dataset.campaign_id = campaign.id))
ORDER BY campaign.id
""")

# While a problem is open, the dropbox has what somebody may want to be tried again.
SETS_OF_DROPBOXES = text("""
SELECT id, title, status, status = 'finished' AND NOT EXISTS (
    SELECT FROM job WHERE subject_type = 'image_set' AND subject_id = image_set.id AND state <> 'succeeded')
    AND NOT EXISTS (SELECT FROM problem WHERE image_set_id = image_set.id AND settlement IS NULL) AS is_done
FROM image_set WHERE title = ANY (:titles) OR status = 'created'
ORDER BY id
""")

FAILED_JOBS = text("""
SELECT id, kind, subject_type, subject_id, error FROM job
WHERE state = 'failed' AND NOT EXISTS (
    SELECT FROM job AS later
    WHERE later.kind = job.kind AND later.subject_type = job.subject_type AND later.subject_id = job.subject_id
        AND later.id > job.id)
ORDER BY id
""")

WAITING_JOBS = text("""
SELECT count(*) FROM job
WHERE state = 'queued' AND date_created < :before AND NOT EXISTS (
    SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :stalled_seconds))
""")

WRONG_COUNTERS = text("""
SELECT id, image_count, labeled_count, empty_count, unusable_count, counted.*
FROM campaign CROSS JOIN LATERAL (
    SELECT count(*) AS images, count(submission_id) AS labeled, count(*) FILTER (WHERE state = 'empty') AS empty,
        count(*) FILTER (WHERE state = 'unusable') AS unusable
    FROM campaign_image WHERE campaign_id = campaign.id) AS counted
WHERE (image_count, labeled_count, empty_count, unusable_count) IS DISTINCT FROM (images, labeled, empty, unusable)
ORDER BY id
""")

COUNT_AGAIN = text("""
WITH held AS MATERIALIZED (SELECT id FROM campaign WHERE id = :id FOR UPDATE)
UPDATE campaign SET image_count = images, labeled_count = labeled, empty_count = empty, unusable_count = unusable
FROM held CROSS JOIN LATERAL (
    SELECT count(*) AS images, count(submission_id) AS labeled, count(*) FILTER (WHERE state = 'empty') AS empty,
        count(*) FILTER (WHERE state = 'unusable') AS unusable
    FROM campaign_image WHERE campaign_id = held.id) AS counted
WHERE campaign.id = held.id
""")

# An image is what the newest submission made of it.
WRONG_STATES = text("""
SELECT campaign_image.campaign_id AS id, count(*) AS found, (array_agg(image_id ORDER BY image_id))[1\\:10] AS image_ids
FROM campaign_image LEFT JOIN LATERAL (
    SELECT submission_id, state FROM submission_image
    WHERE submission_image.campaign_id = campaign_image.campaign_id AND submission_image.image_id = campaign_image.image_id
    ORDER BY submission_image.submission_id DESC LIMIT 1) AS newest ON true
WHERE campaign_image.state IS DISTINCT FROM coalesce(newest.state, 'unlabeled')
    OR campaign_image.submission_id IS DISTINCT FROM CASE WHEN newest.state <> 'unlabeled' THEN newest.submission_id END
GROUP BY 1
ORDER BY 1
""")

# Earlier releases let such files in.
NON_IMAGES_IN_CAMPAIGNS = text("""
SELECT campaign_id AS id, count(*) AS found, (array_agg(image_id ORDER BY image_id))[1\\:10] AS image_ids
FROM campaign_image JOIN image ON image.id = image_id
WHERE width IS NULL
GROUP BY campaign_id
ORDER BY campaign_id
""")

# The release before collects none, and a list may be full.
LABELS_WITHOUT_CLASS = text("""
SELECT campaign_id AS id, count(*) AS found
FROM (SELECT DISTINCT campaign_id, label FROM object) AS used
WHERE NOT EXISTS (
    SELECT FROM campaign_class WHERE campaign_class.campaign_id = used.campaign_id AND campaign_class.name = label)
    AND (SELECT count(*) FROM campaign_class WHERE campaign_class.campaign_id = used.campaign_id) < :most
GROUP BY campaign_id
ORDER BY campaign_id
""")

COLLECT_CLASSES = text("""
WITH held AS MATERIALIZED (SELECT id FROM campaign WHERE id = :id FOR UPDATE), missing AS (
    SELECT label, min(object.id) AS first FROM held JOIN object ON campaign_id = held.id
    WHERE NOT EXISTS (SELECT FROM campaign_class WHERE campaign_class.campaign_id = held.id AND campaign_class.name = label)
    GROUP BY label
), present AS (SELECT coalesce(max(position) + 1, 0) AS count FROM campaign_class WHERE campaign_id = :id)
INSERT INTO campaign_class (campaign_id, position, name)
SELECT :id, present.count + row_number() OVER (ORDER BY first) - 1, label FROM missing CROSS JOIN present
ORDER BY first LIMIT (SELECT greatest(:most - count, 0) FROM present)
""")

WRONG_IMAGE_COUNTS = text("""
SELECT coalesce(kept.image_set_id, counted.id) AS id, coalesce(kept.count, 0) AS kept, coalesce(counted.count, 0) AS counted
FROM image_count AS kept FULL JOIN (
    SELECT coalesce(image_set_id, 0) AS id, count(*) FROM image GROUP BY 1) AS counted ON counted.id = kept.image_set_id
WHERE kept.count IS DISTINCT FROM coalesce(counted.count, 0)
ORDER BY 1
""")

# The row is held before the images are counted, so that none comes or goes in between.
COUNT_IMAGES_AGAIN = (
    text("INSERT INTO image_count VALUES (:id, 0) ON CONFLICT (image_set_id) DO UPDATE SET count = image_count.count"),
    text("""
UPDATE image_count SET count = (SELECT count(*) FROM image WHERE image.image_set_id IS NOT DISTINCT FROM nullif(:id, 0))
WHERE image_set_id = :id
"""),
)

# Images that were unchanged are named, and have no row.
WRONG_SUBMISSIONS = text("""
SELECT submission.campaign_id, submission.id, image_count - unchanged AS image_count, count(image_id) AS found
FROM submission LEFT JOIN submission_image
    ON submission_image.campaign_id = submission.campaign_id AND submission_id = submission.id
GROUP BY submission.campaign_id, submission.id
HAVING image_count - unchanged <> count(image_id)
    OR CASE WHEN unchanged = 0 THEN submission.object_count <> coalesce(sum(submission_image.object_count), 0)
        ELSE submission.object_count < coalesce(sum(submission_image.object_count), 0) END
ORDER BY submission.campaign_id, submission.id
""")

WRONG_SUBMISSION_IMAGES = text("""
SELECT campaign_id, submission_id, count(*) AS found, (array_agg(image_id ORDER BY image_id))[1\\:10] AS image_ids
FROM submission_image FULL JOIN (
    SELECT campaign_id, image_id, submission_id, count(*) FROM object GROUP BY campaign_id, submission_id, image_id
) AS counted USING (campaign_id, image_id, submission_id)
WHERE coalesce(object_count, -1) <> coalesce(count, 0)
GROUP BY campaign_id, submission_id
ORDER BY campaign_id, submission_id
""")

# A file is replaced by the next publication, so that only the newest dataset of each path says what lies there.
DATASETS = text("""
SELECT DISTINCT ON (path) campaign_id, name, version, path, sha256
FROM dataset
WHERE NOT EXISTS (
    SELECT FROM job WHERE kind = 'publish_datasets' AND subject_id = dataset.campaign_id AND state <> 'succeeded')
ORDER BY path, id DESC
""")


@dataclass(frozen=True)
class Finding:
    """One disagreement: the check that found it, what it is about, and what is wrong, as a message.

    `repair` corrects it in the caller's transaction; None where somebody has to decide.
    """

    check: str
    subject: str
    detail: str
    repair: Callable[[], object] | None = None


@dataclass(frozen=True)
class ConsistencyCheck:
    """Everything that can be checked. `folder` is the path of folders in the main container below which image sets lie.

    A job counts as stuck, and a container as left over, only when it is older than `grace`.
    """

    session: Session
    blobs: BlobStore
    folder: str
    grace: timedelta

    def run(self) -> Iterator[Finding]:
        """Yield what does not agree. Raises StorageUnavailable."""
        set_statement_timeout(self.session.connection(), 0)
        yield from self._jobs()
        yield from self._image_sets()
        yield from self._campaigns()
        yield from self._dropboxes()
        yield from self._files()
        yield from self._datasets()

    def _jobs(self) -> Iterator[Finding]:
        stalled_seconds = self.grace.total_seconds()
        for job_id in queue.find_lost(self.session, stalled_seconds):
            repair = partial(queue.recover, self.session, stalled_seconds)
            yield Finding(
                "job_stuck", f"job {job_id}", "No worker will take it, because it is not in the queue.", repair
            )
        before = {"before": datetime.now(UTC) - self.grace, "stalled_seconds": stalled_seconds}
        waiting = self.session.scalar(WAITING_JOBS, before)
        if waiting:
            yield Finding(
                "worker_missing", "worker", f"{waiting} job(s) wait and no worker runs: start `flask worker`."
            )
        for job in self.session.execute(FAILED_JOBS):
            message = f"{job.kind} of {job.subject_type} {job.subject_id} failed: {job.error} Then retry it."
            yield Finding("job_failed", f"job {job.id}", message)

    def _image_sets(self) -> Iterator[Finding]:
        for row in self.session.execute(UNFINISHED_SETS, {"prefix": DROPBOX_PREFIX}):
            repair = partial(queue.enqueue, self.session, FINISH_IMAGE_SET, "image_set", row.id)
            detail = f"{row.title} is finished, and no job ingests its files."
            yield Finding("image_set_not_ingested", f"image set {row.id}", detail, repair)
        for row in self.session.execute(WRONG_IMAGE_COUNTS):
            whose = f"image set {row.id}" if row.id else "images of no set"
            detail = f"Its counter says {row.kept} images, and there are {row.counted}."
            yield Finding("images_miscounted", whose, detail, partial(self._count_images, row.id))

    def _count_images(self, image_set_id: int) -> None:
        for statement in COUNT_IMAGES_AGAIN:
            self.session.execute(statement, {"id": image_set_id})

    def _campaigns(self) -> Iterator[Finding]:
        for row in self.session.execute(UNPUBLISHED_CAMPAIGNS):
            repair = partial(queue.enqueue, self.session, PUBLISH_DATASETS, "campaign", row.id)
            detail = f"{row.title} is finished, and no job publishes its datasets."
            yield Finding("campaign_not_published", f"campaign {row.id}", detail, repair)
        for row in self.session.execute(WRONG_COUNTERS):
            detail = (
                f"Its counters say {row.labeled_count} of {row.image_count} images labeled, {row.empty_count} of them empty and "
                f"{row.unusable_count} unusable; it is {row.labeled} of {row.images}, {row.empty} and {row.unusable}."
            )
            count_again = partial(self.session.execute, COUNT_AGAIN, {"id": row.id})
            yield Finding("campaign_miscounted", f"campaign {row.id}", detail, count_again)
        for row in self.session.execute(NON_IMAGES_IN_CAMPAIGNS):
            detail = f"Not images, or images of unknown size: {_name_images(row)}. They accept no boxes and are in no dataset."
            yield Finding("campaign_holds_non_images", f"campaign {row.id}", detail)
        for row in self.session.execute(LABELS_WITHOUT_CLASS, {"most": MAX_CLASSES}):
            detail = f"{row.found} label(s) of its objects are not among its classes."
            collect = partial(self.session.execute, COLLECT_CLASSES, {"id": row.id, "most": MAX_CLASSES})
            yield Finding("class_missing", f"campaign {row.id}", detail, collect)
        yield from self._submissions()

    def _submissions(self) -> Iterator[Finding]:
        for row in self.session.execute(WRONG_STATES):
            detail = f"The newest submission of {_name_images(row)} is not the one that holds their current content."
            yield Finding("images_of_another_state", f"campaign {row.id}", detail)
        for row in self.session.execute(WRONG_SUBMISSIONS):
            detail = (
                f"It was accepted with {row.image_count} changed image(s) and has {row.found}, or not as many objects."
            )
            yield Finding("submission_miscounted", f"submission {row.id} of campaign {row.campaign_id}", detail)
        for row in self.session.execute(WRONG_SUBMISSION_IMAGES):
            subject = f"submission {row.submission_id} of campaign {row.campaign_id}"
            detail = f"It was accepted with another number of objects than there are on {_name_images(row)}."
            yield Finding("submission_incomplete", subject, detail)

    def _dropboxes(self) -> Iterator[Finding]:
        dropboxes = dict(self.blobs.list_containers(DROPBOX_PREFIX))
        titles = [name.removeprefix(DROPBOX_PREFIX) for name in dropboxes]
        sets = {dropbox_name(row.title): row for row in self.session.execute(SETS_OF_DROPBOXES, {"titles": titles})}
        for name, changed in dropboxes.items():
            finding = self._leftover(name, sets.get(name))
            if finding and changed < datetime.now(UTC) - self.grace and self.blobs.container_exists(name):
                yield finding
        for name, row in sets.items():
            if row.status == "created" and name not in dropboxes and not self.blobs.container_exists(name):
                repair = partial(self.blobs.make_container, name)
                yield Finding("dropbox_missing", f"image set {row.id}", f"Its dropbox {name} is gone.", repair)

    def _leftover(self, name: str, image_set: "Row[tuple[int, str, str, bool]] | None") -> Finding | None:
        if image_set is None:
            repair = partial(self._delete_if_empty, name)
            return Finding("dropbox_left_over", f"container {name}", "No image set belongs to it.", repair)
        if image_set.is_done:
            repair_job = partial(queue.enqueue, self.session, DELETE_DROPBOX, "image_set", image_set.id)
            return Finding("dropbox_left_over", f"container {name}", "Its image set has been ingested.", repair_job)
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
        for path in self.session.scalars(FILES_WITHOUT_IMAGE, {"folder": f"{container}/{self.folder}/"}):
            blob = self.blobs.find_blob(path.removeprefix(f"{container}/"))
            if blob is not None and not blob.is_junk:
                yield Finding(
                    "file_without_image",
                    f"file {path}",
                    "It is in the folder of the image sets and is not registered as an image.",
                )

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
                repair = partial(queue.enqueue, self.session, PUBLISH_DATASETS, "campaign", row.campaign_id)
                yield Finding("dataset_damaged", f"dataset {row.name}, version {row.version}", fault, repair)

    def _fault_of_file(self, path: str, sha256: bytes) -> str | None:
        found = hashlib.sha256()
        try:
            for chunk in self.blobs.read(path):
                found.update(chunk)
        except NotFound:
            return f"Its file {path} is gone."
        return None if found.digest() == sha256 else f"Its file {path} has another SHA-256 than was published."


def _name_images(row: Row[Any]) -> str:
    """Return how many images were found, and the ids of the first of them."""
    named = ", ".join(map(str, row.image_ids)) + (", …" if row.found > len(row.image_ids) else "")
    return f"{row.found} image(s) ({named})"
