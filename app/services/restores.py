"""Going back: a submission that makes images of a campaign what they were at a moment of the past."""

from collections import Counter
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import Conflict
from app.services import submissions
from app.services.campaign_images import require_members
from app.services.campaigns import count_states, lock_campaign
from app.services.moments import read_dated_moment
from app.services.submissions import Sender

# What images were at the moment and are not now. Two revisions with as many objects are compared object by object.
CHANGED = """
WITH requested AS MATERIALIZED (
    SELECT campaign_image.campaign_id, campaign_image.image_id, campaign_image.state AS before,
        campaign_image.submission_id AS present_id, earlier.submission_id AS earlier_id,
        (SELECT verdict FROM review WHERE review.campaign_id = campaign_image.campaign_id AND review.id = review_id) AS verdict,
        coalesce(earlier.state, 'unlabeled') AS state, coalesce(earlier.object_count, 0) AS object_count, earlier.reason
    FROM campaign_image LEFT JOIN LATERAL (
        SELECT * FROM submission_image
        WHERE submission_image.campaign_id = campaign_image.campaign_id
            AND submission_image.image_id = campaign_image.image_id AND submission_image.submission_id <= :moment
        ORDER BY submission_image.submission_id DESC LIMIT 1) AS earlier ON true
    WHERE campaign_image.campaign_id = :campaign_id
        AND (CAST(:image_ids AS bigint[]) IS NULL OR campaign_image.image_id = ANY (CAST(:image_ids AS bigint[])))
), changed AS MATERIALIZED (
    SELECT requested.*
    FROM requested LEFT JOIN submission_image AS present
        ON present.campaign_id = requested.campaign_id AND present.image_id = requested.image_id
        AND present.submission_id = present_id
    WHERE requested.state <> before
        OR (requested.object_count, requested.reason) IS DISTINCT FROM (coalesce(present.object_count, 0), present.reason)
        OR requested.state = 'labeled' AND earlier_id <> present_id AND (
            SELECT array_agg(ROW(x_min, y_min, x_max, y_max, left_edge, upper_edge, right_edge, lower_edge, confidence, label)
                ORDER BY id)
            FROM object
            WHERE object.campaign_id = requested.campaign_id AND object.submission_id = earlier_id
                AND object.image_id = requested.image_id
        ) IS DISTINCT FROM (
            SELECT array_agg(ROW(x_min, y_min, x_max, y_max, left_edge, upper_edge, right_edge, lower_edge, confidence, label)
                ORDER BY id)
            FROM object
            WHERE object.campaign_id = requested.campaign_id AND object.submission_id = present_id
                AND object.image_id = requested.image_id)
)
"""
COUNTS = """
SELECT before, state, verdict, count(*) AS images, CAST(sum(object_count) AS bigint) AS objects FROM changed
GROUP BY before, state, verdict
"""
STORED = """
, kept AS (
    INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count, reason)
    SELECT campaign_id, image_id, :submission_id, state, object_count, reason FROM changed
), stored AS (
    INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max,
        left_edge, upper_edge, right_edge, lower_edge, confidence, label, label_original)
    SELECT object.campaign_id, :submission_id, object.image_id, x_min, y_min, x_max, y_max,
        left_edge, upper_edge, right_edge, lower_edge, confidence, label, label_original
    FROM changed JOIN object ON object.campaign_id = changed.campaign_id AND object.submission_id = earlier_id
        AND object.image_id = changed.image_id
    WHERE changed.object_count > 0
    ORDER BY object.image_id, object.id
), pointed AS (
    UPDATE campaign_image SET state = changed.state, review_id = NULL,
        submission_id = CASE WHEN changed.state <> 'unlabeled' THEN CAST(:submission_id AS bigint) END
    FROM changed
    WHERE campaign_image.campaign_id = changed.campaign_id AND campaign_image.image_id = changed.image_id
)
"""

# Images that were in the campaign at the moment and have left since.
LEFT = text("""
SELECT count(*) FROM campaign_membership AS member
WHERE campaign_id = :campaign_id AND date_left IS NOT NULL
    AND (joined_after, date_joined) <= (:moment, CAST(:time AS timestamptz))
    AND (left_after, date_left) > (:moment, CAST(:time AS timestamptz))
    AND NOT EXISTS (
        SELECT FROM campaign_image
        WHERE campaign_image.campaign_id = member.campaign_id AND campaign_image.image_id = member.image_id)
""")


def _of_changed(*parts: str) -> TextClause:
    return text("".join((CHANGED, *parts)))


COUNT = _of_changed(COUNTS)
RESTORE = _of_changed(STORED, COUNTS)


def restore(
    session: Session,
    sender: Sender,
    campaign_id: int,
    as_of: str,
    *,
    image_ids: list[int] | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Make the images of a campaign, or the named ones, what they were at a moment; return what that changes or would change.

    An image that was unlabeled then becomes so again, and one that is the same now as then stays as it is. Images that have left
    since are only counted. What changes is one submission, which ends the reviews of its images; reviews of then do not come
    back. Raises NotFound for the campaign, an image that is not in it, and a submission that is not of it, BadRequest for a time
    in the future, and Conflict unless the campaign is `active` or `completed`.
    """
    campaign = lock_campaign(session, campaign_id)
    if campaign.status not in ("active", "completed"):
        raise Conflict(
            f"Campaign {campaign_id} is {campaign.status}: labels can be restored only while it is active or completed."
        )
    moment, time = read_dated_moment(session, campaign_id, as_of)
    values = {"campaign_id": campaign_id, "image_ids": image_ids, "moment": moment}
    set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
    if image_ids is not None:
        require_members(session, campaign_id, image_ids, pointer="/image_ids/{}", outcome="Nothing was changed.")
    left = {"campaign_id": campaign_id, "moment": moment, "time": time}
    skipped = 0 if image_ids is not None else session.scalars(LEFT, left).one()
    counted = session.execute(COUNT, values).all()
    images, objects = sum(row.images for row in counted), sum(row.objects for row in counted)
    submission_id: int | None = None
    if images and not dry_run:
        submission_id = submissions.add(
            session,
            campaign_id,
            sender,
            image_count=images,
            object_count=objects,
            kind="restore",
            of=moment or None,
        )
        changes: Counter[str] = Counter()
        replaced = 0
        for row in session.execute(RESTORE, values | {"submission_id": submission_id}):
            changes[row.before] -= row.images
            changes[row.state] += row.images
            if row.verdict is not None:
                changes[row.verdict] -= row.images
            replaced += row.images if row.before != "unlabeled" else 0
        submissions.note_counts(session, campaign_id, submission_id, replaced=replaced)
        count_states(session, campaign, changes)
    states = {
        state: sum(row.images for row in counted if row.state == state)
        for state in ("unlabeled", "labeled", "empty", "unusable")
    }
    return {
        "submission_id": submission_id,
        "campaign_id": campaign_id,
        "of": moment or None,
        "image_count": images,
        "object_count": objects,
        "states": states,
        "skipped": skipped,
        "dry_run": dry_run,
    }
