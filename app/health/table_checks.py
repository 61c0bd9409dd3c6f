"""Do the tables agree with each other? Jobs, image sets, campaigns, and submissions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from app.health.findings import Finding
from app.models.classes import MAX_CLASSES
from app.models.jobs import DELETE_IMAGE_FILES, FINISH_IMAGE_SET, INSPECT_IMAGE_SET, PUBLISH_DATASETS
from app.outbox import queue

UNFINISHED_SETS = text("""
SELECT image_set.id, title, newest.state
FROM image_set LEFT JOIN LATERAL (
    SELECT state FROM job WHERE kind = 'finish_image_set' AND subject_type = 'image_set' AND subject_id = image_set.id
    ORDER BY id DESC LIMIT 1) AS newest ON true
WHERE status = 'finished' AND (
    coalesce(newest.state, 'cancelled') = 'cancelled' OR newest.state = 'succeeded' AND blobstorage_path = dropbox)
ORDER BY image_set.id
""")

# A set whose ingest goes on is inspected when that has ended, and a failed job waits for a person.
UNINSPECTED_SETS = text("""
SELECT image_set.id, title
FROM image_set
WHERE status = 'finished' AND starts_with(blobstorage_path, :container || '/')
    AND EXISTS (SELECT FROM image WHERE image.image_set_id = image_set.id AND date_inspected IS NULL)
    AND NOT EXISTS (
        SELECT FROM job WHERE kind IN ('finish_image_set', 'inspect_image_set') AND subject_type = 'image_set'
            AND subject_id = image_set.id AND state <> 'succeeded')
ORDER BY image_set.id
""")

# An image that its inspection has flagged has an open problem of that kind, and no other has one.
WRONG_FLAGS = text("""
SELECT image.image_set_id AS id, count(*) AS found, (array_agg(image.id ORDER BY image.id))[1\\:10] AS image_ids
FROM image FULL JOIN (
    SELECT image_id, kind FROM problem WHERE stage = 'inspection' AND settlement IS NULL) AS open ON image_id = image.id
WHERE date_inspected IS NOT NULL AND image.image_set_id IS NOT NULL AND image.problem IS DISTINCT FROM open.kind
GROUP BY image.image_set_id
ORDER BY image.image_set_id
""")

INSPECT_FLAGGED_AGAIN = text("""
UPDATE image SET date_inspected = NULL
WHERE image_set_id = :id AND (problem IS NOT NULL OR id IN (
    SELECT image_id FROM problem WHERE image_set_id = :id AND stage = 'inspection' AND settlement IS NULL))
""")

UNPUBLISHED_CAMPAIGNS = text("""
SELECT campaign.id, title
FROM campaign LEFT JOIN LATERAL (
    SELECT id, state FROM job
    WHERE kind = 'publish_datasets' AND subject_type = 'campaign' AND subject_id = campaign.id
    ORDER BY id DESC LIMIT 1) AS newest ON true
WHERE status = 'finished' AND (newest.state IS NULL OR newest.state = 'succeeded'
    AND NOT EXISTS (SELECT FROM dataset WHERE dataset.job_id = newest.id))
ORDER BY campaign.id
""")

FAILED_JOBS = text("""
SELECT id, kind, subject_type, subject_id, error FROM job
WHERE state = 'failed' AND NOT EXISTS (
    SELECT FROM job AS later
    WHERE later.kind = job.kind AND later.subject_type = job.subject_type AND later.subject_id = job.subject_id
        AND later.id > job.id)
    AND NOT (kind = 'publish_datasets' AND EXISTS (
        SELECT FROM campaign WHERE campaign.id = subject_id AND status <> 'finished'))
ORDER BY id
""")

WAITING_JOBS = text("""
SELECT count(*) FROM job
WHERE state = 'queued' AND date_created < :before AND NOT EXISTS (
    SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - make_interval(secs => :stalled_seconds))
""")

# The images of each campaign that the select before calls `counting`, by state and verdict.
_COUNTED = """
CROSS JOIN LATERAL (
    SELECT count(*) AS images, count(submission_id) AS labeled,
        count(*) FILTER (WHERE state = 'empty') AS empty, count(*) FILTER (WHERE state = 'unusable') AS unusable,
        count(*) FILTER (WHERE verdict = 'accepted') AS accepted, count(*) FILTER (WHERE verdict = 'rejected') AS rejected
    FROM campaign_image CROSS JOIN LATERAL (
        SELECT (SELECT verdict FROM review WHERE review.campaign_id = campaign_image.campaign_id AND review.id = review_id)
            AS verdict) AS reviewed
    WHERE campaign_id = counting.id) AS counted
"""
_WRONG = """
SELECT counting.id, image_count, labeled_count, empty_count, unusable_count, accepted_count, rejected_count, counted.*
FROM campaign AS counting {counted}
WHERE (image_count, labeled_count, empty_count, unusable_count, accepted_count, rejected_count)
    IS DISTINCT FROM (images, labeled, empty, unusable, accepted, rejected)
ORDER BY counting.id
"""
_AGAIN = """
WITH counting AS MATERIALIZED (SELECT id FROM campaign WHERE id = :id FOR UPDATE)
UPDATE campaign SET image_count = images, labeled_count = labeled, empty_count = empty, unusable_count = unusable,
    accepted_count = accepted, rejected_count = rejected
FROM counting {counted}
WHERE campaign.id = counting.id
"""
WRONG_COUNTERS, COUNT_AGAIN = (text(statement.replace("{counted}", _COUNTED)) for statement in (_WRONG, _AGAIN))

# An image is in a campaign exactly while its newest span has no end, and only then is it submitted.
WRONG_MEMBERSHIP = text("""
SELECT coalesce(member.campaign_id, campaign_image.campaign_id) AS id, count(*) AS found,
    (array_agg(coalesce(member.image_id, campaign_image.image_id)))[1\\:10] AS image_ids
FROM campaign_image FULL JOIN (
    SELECT campaign_id, image_id, count(*) FROM campaign_membership WHERE date_left IS NULL GROUP BY 1, 2) AS member
    ON member.campaign_id = campaign_image.campaign_id AND member.image_id = campaign_image.image_id
WHERE member.count IS DISTINCT FROM 1 OR campaign_image.image_id IS NULL
GROUP BY 1
ORDER BY 1
""")

SUBMITTED_WITHOUT_MEMBERSHIP = text("""
SELECT campaign_id AS id, count(*) AS found, (array_agg(image_id ORDER BY image_id))[1\\:10] AS image_ids
FROM submission_image
WHERE NOT EXISTS (
    SELECT FROM campaign_membership AS member
    WHERE member.campaign_id = submission_image.campaign_id AND member.image_id = submission_image.image_id
        AND joined_after < submission_id AND (left_after IS NULL OR left_after >= submission_id))
GROUP BY 1
ORDER BY 1
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

# The review in force is the newest one, unless the image has got another content since. The release before does not end reviews.
_MEMBERS = """
WITH member AS (
SELECT campaign_id, image_id, review_id, (
    SELECT id FROM (
        SELECT id, submission_id FROM review
        WHERE review.campaign_id = campaign_image.campaign_id AND review.image_id = campaign_image.image_id
        ORDER BY id + 0 DESC LIMIT 1) AS newest
    WHERE state <> 'unlabeled' AND NOT EXISTS (
        SELECT FROM submission_image
        WHERE submission_image.campaign_id = campaign_image.campaign_id
            AND submission_image.image_id = campaign_image.image_id
            AND submission_image.submission_id > newest.submission_id
            AND 'relabel' <> (
                SELECT kind FROM submission
                WHERE submission.campaign_id = submission_image.campaign_id
                    AND submission.id = submission_image.submission_id))) AS in_force
FROM campaign_image
)
"""


def _of_members(statement: str) -> TextClause:
    return text(_MEMBERS + statement)


WRONG_REVIEWS = _of_members("""
SELECT campaign_id AS id, count(*) AS found, (array_agg(image_id ORDER BY image_id))[1\\:10] AS image_ids
FROM member
WHERE review_id IS DISTINCT FROM in_force
GROUP BY campaign_id
ORDER BY campaign_id
""")
POINT_AT_REVIEWS = (
    text("SELECT id FROM campaign WHERE id = :id FOR UPDATE"),
    _of_members("""
UPDATE campaign_image SET review_id = in_force
FROM member
WHERE campaign_image.campaign_id = :id AND member.campaign_id = :id AND campaign_image.image_id = member.image_id
    AND campaign_image.review_id IS DISTINCT FROM in_force
"""),
    COUNT_AGAIN,
)

# Earlier releases let such files in.
NON_IMAGES_IN_CAMPAIGNS = text("""
SELECT campaign_id AS id, count(*) AS found, (array_agg(image_id ORDER BY image_id))[1\\:10] AS image_ids
FROM campaign_image JOIN image ON image.id = image_id
WHERE width IS NULL
GROUP BY campaign_id
ORDER BY campaign_id
""")

WITHDRAWN_IN_CAMPAIGNS = text("""
SELECT image.id, array_agg(campaign_id ORDER BY campaign_id) AS campaign_ids
FROM image JOIN campaign_image ON image_id = image.id JOIN campaign ON campaign.id = campaign_id
WHERE date_withdrawn IS NOT NULL AND campaign.status <> 'finished' AND NOT EXISTS (
    SELECT FROM job WHERE kind = 'delete_image_files' AND subject_type = 'image' AND subject_id = image.id
        AND state <> 'succeeded')
GROUP BY image.id
ORDER BY image.id
""")

WRONG_STATISTICS = text("""
SELECT campaign_id AS id, kept.objects AS kept, counted.objects AS counted
FROM campaign_statistics
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CAST(label -> 1 AS bigint)), 0) AS objects FROM jsonb_array_elements(counts -> 'labels') AS label
) AS kept
CROSS JOIN LATERAL (
    SELECT coalesce(sum(object_count), 0) AS objects
    FROM (
        SELECT DISTINCT ON (image_id) image_id, object_count FROM submission_image
        WHERE submission_image.campaign_id = campaign_statistics.campaign_id
            AND submission_image.submission_id <= campaign_statistics.submission_id
        ORDER BY image_id, submission_image.submission_id DESC) AS newest
    WHERE EXISTS (
        SELECT FROM campaign_membership AS member
        WHERE member.campaign_id = campaign_statistics.campaign_id AND member.image_id = newest.image_id
            AND joined_after < campaign_statistics.submission_id
            AND (date_left IS NULL OR left_after >= campaign_statistics.submission_id))
) AS counted
WHERE kept.objects <> counted.objects
ORDER BY campaign_id
""")

# A worker counts again.
FORGET_STATISTICS = text("DELETE FROM campaign_statistics WHERE campaign_id = :id")

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
    SELECT coalesce(image_set_id, 0) AS id, count(*) FROM image WHERE date_withdrawn IS NULL GROUP BY 1
) AS counted ON counted.id = kept.image_set_id
WHERE kept.count IS DISTINCT FROM coalesce(counted.count, 0)
ORDER BY 1
""")

# The row is held before the images are counted, so that none comes or goes in between.
COUNT_IMAGES_AGAIN = (
    text("INSERT INTO image_count VALUES (:id, 0) ON CONFLICT (image_set_id) DO UPDATE SET count = image_count.count"),
    text("""
UPDATE image_count SET count = (
    SELECT count(*) FROM image WHERE image.image_set_id IS NOT DISTINCT FROM nullif(:id, 0) AND date_withdrawn IS NULL)
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


@dataclass(frozen=True)
class TableChecks:
    """The checks that read tables alone. A job counts as stuck only when it is older than `grace`.

    `container` is the main container.
    """

    session: Session
    container: str
    grace: timedelta

    def run(self) -> Iterator[Finding]:
        """Yield what does not agree."""
        yield from self._jobs()
        yield from self._image_sets()
        yield from self._campaigns()

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
        for row in self.session.execute(UNFINISHED_SETS):
            repair = partial(queue.enqueue, self.session, FINISH_IMAGE_SET, "image_set", row.id)
            detail = f"{row.title} is finished, and no job ingests its files."
            yield Finding("image_set_not_ingested", f"image set {row.id}", detail, repair)
        for row in self.session.execute(UNINSPECTED_SETS, {"container": self.container}):
            repair = partial(queue.enqueue, self.session, INSPECT_IMAGE_SET, "image_set", row.id)
            detail = f"{row.title} has files that were not inspected, and no job does it."
            yield Finding("image_set_not_inspected", f"image set {row.id}", detail, repair)
        for row in self.session.execute(WRONG_FLAGS):
            detail = f"What their inspection found does not agree with the problems of the set: {_name_images(row)}."
            inspect_again = partial(self._inspect_again, row.id)
            yield Finding("images_of_other_problems", f"image set {row.id}", detail, inspect_again)
        for row in self.session.execute(WRONG_IMAGE_COUNTS):
            whose = f"image set {row.id}" if row.id else "images of no set"
            detail = f"Its counter says {row.kept} images, and there are {row.counted}."
            yield Finding("images_miscounted", whose, detail, partial(self._count_images, row.id))

    def _inspect_again(self, image_set_id: int) -> None:
        self.session.execute(INSPECT_FLAGGED_AGAIN, {"id": image_set_id})
        queue.enqueue(self.session, INSPECT_IMAGE_SET, "image_set", image_set_id)

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
                f"{row.unusable_count} unusable, and {row.accepted_count} accepted and {row.rejected_count} rejected; it is "
                f"{row.labeled} of {row.images}, {row.empty} and {row.unusable}, and {row.accepted} and {row.rejected}."
            )
            count_again = partial(self.session.execute, COUNT_AGAIN, {"id": row.id})
            yield Finding("campaign_miscounted", f"campaign {row.id}", detail, count_again)
        for row in self.session.execute(WRONG_REVIEWS):
            detail = f"The review in force of {_name_images(row)} is not the newest one of their current content."
            yield Finding("reviews_out_of_date", f"campaign {row.id}", detail, partial(self._point_at_reviews, row.id))
        for row in self.session.execute(NON_IMAGES_IN_CAMPAIGNS):
            detail = f"Not images, or images of unknown size: {_name_images(row)}. They accept no boxes and are in no dataset."
            yield Finding("campaign_holds_non_images", f"campaign {row.id}", detail)
        for row in self.session.execute(WITHDRAWN_IN_CAMPAIGNS):
            remove = partial(queue.enqueue, self.session, DELETE_IMAGE_FILES, "image", row.id)
            detail = f"It was withdrawn, and is in campaign(s) {', '.join(map(str, row.campaign_ids))}."
            yield Finding("withdrawn_image_in_campaign", f"image {row.id}", detail, remove)
        for row in self.session.execute(LABELS_WITHOUT_CLASS, {"most": MAX_CLASSES}):
            detail = f"{row.found} label(s) of its objects are not among its classes."
            collect = partial(self.session.execute, COLLECT_CLASSES, {"id": row.id, "most": MAX_CLASSES})
            yield Finding("class_missing", f"campaign {row.id}", detail, collect)
        for row in self.session.execute(WRONG_STATISTICS):
            detail = f"Its kept statistics have {row.kept} objects, and there were {row.counted} at that moment."
            forget = partial(self.session.execute, FORGET_STATISTICS, {"id": row.id})
            yield Finding("statistics_miscounted", f"campaign {row.id}", detail, forget)
        yield from self._submissions()

    def _point_at_reviews(self, campaign_id: int) -> None:
        for statement in POINT_AT_REVIEWS:
            self.session.execute(statement, {"id": campaign_id})

    def _submissions(self) -> Iterator[Finding]:
        for row in self.session.execute(WRONG_MEMBERSHIP):
            detail = f"It is not recorded since when {_name_images(row)} are in it, or that they have left."
            yield Finding("membership_wrong", f"campaign {row.id}", detail)
        for row in self.session.execute(SUBMITTED_WITHOUT_MEMBERSHIP):
            detail = f"There are submissions of {_name_images(row)} from a time when they were not in it."
            yield Finding("submitted_without_membership", f"campaign {row.id}", detail)
        for row in self.session.execute(WRONG_STATES):
            detail = f"The newest submission of {_name_images(row)} is not the one that holds their current content."
            yield Finding("images_of_another_state", f"campaign {row.id}", detail)
        for row in self.session.execute(WRONG_SUBMISSIONS):
            detail = f"It was accepted with {row.image_count} changed image(s) and has {row.found}, or another number of objects."
            yield Finding("submission_miscounted", f"submission {row.id} of campaign {row.campaign_id}", detail)
        for row in self.session.execute(WRONG_SUBMISSION_IMAGES):
            subject = f"submission {row.submission_id} of campaign {row.campaign_id}"
            detail = f"It was accepted with another number of objects than there are on {_name_images(row)}."
            yield Finding("submission_incomplete", subject, detail)


def _name_images(row: Row[Any]) -> str:
    """Return how many images were found, and the ids of the first of them."""
    named = ", ".join(map(str, row.image_ids)) + (", …" if row.found > len(row.image_ids) else "")
    return f"{row.found} image(s) ({named})"
