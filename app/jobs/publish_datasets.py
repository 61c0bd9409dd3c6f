"""Publishes a finished campaign: its labels in two forms and a manifest of its images, as versions of datasets.

The files are made from a snapshot of the campaign, which has their version. They follow from its rows alone (the date in them is
the campaign's), so that a run that is repeated, or wakes up late, writes the same bytes.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import IO, Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.database.outages import set_statement_timeout
from app.jobs.dataset_files import Counts, Files, PublishedFile, folder_of_version
from app.jobs.image_paths import find_image_paths
from app.jobs.make_snapshot import STATEMENT_SECONDS
from app.jobs.progress import Checkpoint, RetryAfter
from app.models import Campaign, Dataset
from app.models.datasets import IMAGES, IMAGES_MLTABLE, LABELS, MEDIA_TYPES
from app.services import snapshot_parts, snapshot_rows, snapshots

REGISTERED = (IMAGES, LABELS)


def _with_decimals(statement: str) -> str:
    """Return a statement in which `decimal(…)` is the text of a number with a decimal point and without an exponent.

    Azure's reader decides by the first rows whether a number is whole, and then reads null for those of the other kind.
    """
    whole, tiny = r"WHEN (\1) = trunc(\1) THEN (\1) || '.0'", r"WHEN (\1) < 1e-4 THEN (\1)::text::numeric::text"
    return re.sub(r"\bdecimal\((.*?)\)", rf"(CASE {whole} {tiny} ELSE (\1)::text END)", statement)


WITHDRAWN_COUNT = text("""
SELECT count(*) FROM image JOIN campaign_image ON campaign_id = :campaign_id AND image_id = image.id
WHERE date_withdrawn IS NOT NULL
""")

# How many boxes there are on each of the next images.
BOX_COUNTS = text("""
SELECT image_id, object_count FROM snapshot_image
WHERE snapshot_id = :snapshot_id AND image_id > :after
ORDER BY image_id
LIMIT :size
""")

# PostgreSQL writes the JSON of every row, so that this process only passes it on. Boxes are ratios of the image's size. The
# texts are put together by hand, in a third of the time of PostgreSQL's JSON functions, which look up the types of their
# arguments for every row. Of each image come up to `size` boxes (all, where it is null) after
# the first `skipped` ones.
PAGE = text(
    _with_decimals(r"""
SELECT member.image_id, usable.submission_id, review AS verdict, path,
    coalesce(box.count, 0) AS object_count, coalesce(box.labels, '') AS labels, coalesce(box.crowd_labels, '') AS crowd_labels,
    coalesce(box.confidences, '') AS confidences,
    '{"format":' || coalesce(to_json(lower(member.filetype))::text, 'null')
        || ',"width":"' || member.width || 'px","height":"' || member.height || 'px"}' AS details,
    '{"image_id":' || member.image_id || ',"path":' || to_json(path) || ',"labeled":' || CASE
        WHEN usable.submission_id IS NULL THEN 'false' ELSE 'true' END
        || ',"review":' || coalesce('"' || review || '"', 'null') || '}' AS entry
FROM snapshot_image AS member
JOIN image ON image.id = member.image_id
LEFT JOIN LATERAL (
    SELECT campaign_id, submission_id, image_id FROM snapshot_labels
    WHERE snapshot_id = member.snapshot_id AND image_id = member.image_id OFFSET 0) AS labels ON true
CROSS JOIN LATERAL (SELECT substr(blobstorage_path, length(:container) + 2) AS path) AS place
CROSS JOIN LATERAL (
    SELECT CASE WHEN state <> 'unusable' AND review IS DISTINCT FROM 'rejected' THEN labels.submission_id END
        AS submission_id) AS usable
LEFT JOIN LATERAL (
    SELECT count(*), string_agg(begin || '}', ',') AS labels, string_agg(begin || ',"isCrowd"\:0}', ',') AS crowd_labels,
        string_agg(coalesce(decimal(confidence), 'null'), ',') AS confidences
    FROM (
        SELECT confidence, '{"label":' || to_json(label)
            || ',"topX":' || decimal(x1 / member.width) || ',"topY":' || decimal(y1 / member.height)
            || ',"bottomX":' || decimal(x2 / member.width) || ',"bottomY":' || decimal(y2 / member.height) AS begin
        FROM object CROSS JOIN LATERAL (
            SELECT coalesce(left_edge::text::float8, x_min) AS x1, coalesce(upper_edge::text::float8, y_min) AS y1,
                coalesce(right_edge::text::float8, x_max) AS x2, coalesce(lower_edge::text::float8, y_max) AS y2) AS exact
        WHERE object.campaign_id = labels.campaign_id
            AND object.submission_id = labels.submission_id
            AND object.image_id = labels.image_id
        ORDER BY object.id
        OFFSET :skipped LIMIT :size) AS ordered
) AS box ON usable.submission_id IS NOT NULL
WHERE member.snapshot_id = :snapshot_id AND member.image_id BETWEEN :first AND :last AND date_withdrawn IS NULL
ORDER BY member.image_id
""")
)


def publish_files(
    session: Session, blobs: BlobStore, campaign_id: int, *, job_id: int, registration: str, url_prefix: str
) -> Iterator[Checkpoint]:
    """Write the files of a finished campaign below `label_sets/<title>/v<n>/`, and note each as a dataset; once for every job.

    They are `<title>_labels.csv`, the same as JSON Lines with an MLTable file beside it in `<title>/`, and the manifest
    `<title>_images.json`. Each finish makes another version, with the next number. Copies of the newest version lie below
    `label_sets/` itself, by the same names.

    The labels have a row for each image that somebody looked at, in the order of their ids; one that was found empty has the
    labels `[]`. An image that nobody labeled, that is unusable, or that was rejected has no row, because a reader would take it
    for an empty one: it stands in the manifest, with `"labeled": false`. What is no image, has no known
    size, or was withdrawn is in no file.
    `registration` is the state with which images and labels begin; `url_prefix` stands before the paths in the JSON Lines.
    Raises StorageUnavailable, and RetryAfter when an image was withdrawn meanwhile, which the files may have or not.
    """
    if session.scalar(select(func.count()).where(Dataset.job_id == job_id)):
        return
    withdrawn_count = session.scalar(WITHDRAWN_COUNT, {"campaign_id": campaign_id})
    title, image_count, date_finished = session.execute(
        select(Campaign.title, Campaign.image_count, Campaign.date_finished).where(Campaign.id == campaign_id)
    ).one()
    snapshot_id, version, not_images = _freeze(session, campaign_id, job_id)
    yield Checkpoint(0, image_count)
    with ExitStack() as stack:
        contents: dict[str, IO[bytes]] = {kind: stack.enter_context(tempfile.TemporaryFile()) for kind in MEDIA_TYPES}
        files = Files(contents, url_prefix, folder_of_version(title, version), Counts(not_images=not_images))
        files.begin({"id": campaign_id, "title": title, "date_finished": date_finished})
        parameters = {"snapshot_id": snapshot_id, "container": blobs.container}
        for rows, begins, ends in _read_parts(session, parameters):
            files.write(rows, begins=begins, ends=ends)
            yield Checkpoint(files.counts.members, image_count)
        published = files.end(title)
        if url_prefix:
            paths = find_image_paths(session, campaign_id, blobs.container, published[IMAGES].path)
            published |= files.add_image_table(title, paths)
        for kind, file in published.items():
            yield Checkpoint(files.counts.members, image_count)
            blobs.upload(file.path, files.contents[kind], MEDIA_TYPES[kind])
        for kind, file in published.items():
            yield Checkpoint(files.counts.members, image_count)
            files.contents[kind].seek(0)
            blobs.upload(files.newest(file.path), files.contents[kind], MEDIA_TYPES[kind])
    # A withdrawal holds the campaign as well, so that it is seen here or comes after what is published now.
    session.execute(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update())
    if session.scalar(WITHDRAWN_COUNT, {"campaign_id": campaign_id}) != withdrawn_count:
        raise RetryAfter(datetime.now(UTC), "An image was withdrawn meanwhile, so that the files are written again.")
    for kind, file in published.items():
        _note(
            session,
            file,
            files.counts,
            campaign_id=campaign_id,
            job_id=job_id,
            kind=kind,
            name=f"{title}_{kind}",
            version=version,
            registration=registration if kind in REGISTERED else "off",
        )
    # Its content is hashed when the files can be used already.
    snapshots.complete_later(session, snapshot_id)
    # The campaign is held no longer than until here.
    yield Checkpoint(files.counts.members, image_count)


def _freeze(session: Session, campaign_id: int, job_id: int) -> tuple[int, int, int]:
    """Return the id of the snapshot that is published, its version, and how many files of the campaign are no images.

    An image that was withdrawn since an earlier run of this job is taken out.
    """
    set_statement_timeout(session.connection(), STATEMENT_SECONDS)
    snapshot = snapshots.begin_campaign_snapshot(session, campaign_id, job_id)
    snapshot_rows.freeze(session, snapshot)
    snapshot_rows.leave_out_withdrawn(session, snapshot)
    counts = snapshot.counts or {}
    return snapshot.id, snapshot.version, counts["not_images"]


def _read_parts(session: Session, parameters: dict[str, Any]) -> Iterator[tuple[Sequence[Row[Any]], bool, bool]]:
    """Yield all images in parts with a bounded number of boxes; an image with more of them comes in several parts.

    With each part comes whether the rows of its images begin with it, and whether they end with it.
    """
    after, most = 0, snapshot_parts.BOXES_AT_A_TIME
    while counts := session.execute(
        BOX_COUNTS, {**parameters, "after": after, "size": snapshot_parts.IMAGES_AT_A_TIME}
    ).all():
        after = counts[-1].image_id
        for images in snapshot_parts.split_by_boxes(counts):
            page = {**parameters, "first": images[0].image_id, "last": images[-1].image_id}
            count = sum(image.object_count for image in images)
            if count <= most:
                yield session.execute(PAGE, {**page, "skipped": 0, "size": None}).all(), True, True
                continue
            for skipped in range(0, count, most):
                rows = session.execute(PAGE, {**page, "skipped": skipped, "size": most}).all()
                yield rows, skipped == 0, skipped + most >= count


def _note(session: Session, file: PublishedFile, counts: Counts, **values: Any) -> None:
    """Note a published file as a version of its dataset, once per job."""
    is_about_images = values["kind"] in (IMAGES, IMAGES_MLTABLE)
    row = values | {
        "path": file.path,
        "file_size": file.size,
        "sha256": file.sha256,
        "image_count": counts.images if is_about_images else counts.labeled,
        "object_count": 0 if is_about_images else counts.objects,
    }
    session.execute(insert(Dataset).values(**row).on_conflict_do_nothing(index_elements=["job_id", "kind"]))
