"""Other labels for the objects that a campaign has: a submission that changes nothing but labels."""

from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import Conflict, Unprocessable
from app.services import submissions
from app.services.campaigns import lock_campaign
from app.services.classes import Vocabulary, collect_classes, load_classes, load_vocabulary
from app.services.labels import normal_mapping, pointer_to
from app.services.submissions import Sender

MAX_ERRORS = 50

# Present objects that get another label, and the images that they are on. The objects of each image are looked up by the whole
# index: joined, PostgreSQL might look through all objects of a new campaign for each image, because it expects few.
TOUCHED = """
WITH mapping AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:labels AS text[]), CAST(:new_labels AS text[])) AS mapping (label, new_label)
), member AS MATERIALIZED (
    SELECT campaign_id, image_id, submission_id FROM campaign_image WHERE campaign_id = :campaign_id AND state = 'labeled'
), touched AS MATERIALIZED (
    SELECT member.*, label, count
    FROM member CROSS JOIN LATERAL (
        SELECT label, count(*) FROM object
        WHERE object.campaign_id = member.campaign_id AND object.submission_id = member.submission_id
            AND object.image_id = member.image_id AND label = ANY (CAST(:labels AS text[]))
        GROUP BY label) AS found
), changed AS MATERIALIZED (
    SELECT DISTINCT campaign_id, image_id, submission_id FROM touched
)
"""
COUNTS = "SELECT label, CAST(sum(count) AS bigint) AS objects, count(*) AS images FROM touched GROUP BY label"
TOTALS = """
SELECT count(*) AS images, CAST(coalesce(sum(object_count), 0) AS bigint) AS objects
FROM changed JOIN submission_image USING (campaign_id, image_id, submission_id)
"""
STORED = """
, kept AS (
    INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count)
    SELECT campaign_id, image_id, :submission_id, state, object_count
    FROM changed JOIN submission_image USING (campaign_id, image_id, submission_id)
), stored AS (
    INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max,
        left_edge, upper_edge, right_edge, lower_edge, confidence, label, label_original)
    SELECT campaign_id, :submission_id, image_id, x_min, y_min, x_max, y_max,
        left_edge, upper_edge, right_edge, lower_edge, confidence, coalesce(new_label, object.label), label_original
    FROM changed JOIN object USING (campaign_id, submission_id, image_id)
        LEFT JOIN mapping ON mapping.label = object.label
    ORDER BY image_id, id
)
UPDATE campaign_image SET submission_id = CAST(:submission_id AS bigint)
FROM changed
WHERE campaign_image.campaign_id = changed.campaign_id AND campaign_image.image_id = changed.image_id
"""


def _of_touched(statement: str) -> TextClause:
    return text(TOUCHED + statement)


COUNT, TOTAL, STORE = _of_touched(COUNTS), _of_touched(TOTALS), _of_touched(STORED)


def relabel(
    session: Session, sender: Sender, campaign_id: int, mapping: dict[str, str], *, dry_run: bool = False
) -> dict[str, Any]:
    """Give the present objects of a campaign other labels; return what that changes or would change.

    The mapping, from labels to new labels, is applied once and to all objects at the same time, so that two labels can be
    exchanged. Images with such objects get a new revision, all by one submission. What the senders wrote stays. Raises
    NotFound for the campaign, Conflict unless it is `active` or `completed`, and Unprocessable for a label that is none of
    its classes, and for a new label that it does not take.
    """
    campaign = lock_campaign(session, campaign_id)
    if campaign.status not in ("active", "completed"):
        raise Conflict(
            f"Campaign {campaign_id} is {campaign.status}: labels can be changed only while it is active or completed."
        )
    vocabulary = load_vocabulary(session, campaign)
    sent = normal_mapping(mapping, "mapping", "The new label")
    values = {"campaign_id": campaign_id, "labels": list(sent)}
    set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
    counts = {row.label: row for row in session.execute(COUNT, values | {"new_labels": list(sent)})}
    known = {one.name for one in load_classes(session, campaign_id)} | set(counts)
    meanings = _read_mapping(sent, known, vocabulary)
    values = {"campaign_id": campaign_id, "labels": list(meanings), "new_labels": list(meanings.values())}
    counts = {label: row for label, row in counts.items() if label in meanings}
    total = session.execute(TOTAL, values).one()
    submission_id: int | None = None
    if counts and not dry_run:
        submission_id = submissions.add(
            session, campaign_id, sender, image_count=total.images, object_count=total.objects, kind="relabel"
        )
        session.execute(STORE, values | {"submission_id": submission_id})
        submissions.note_counts(session, campaign_id, submission_id, replaced=total.images)
        given = {meanings[label] for label in counts}
        vocabulary.new = {label: None for label in vocabulary.new if label in given}
        collect_classes(session, campaign_id, vocabulary)
    return {
        "submission_id": submission_id,
        "campaign_id": campaign_id,
        "image_count": total.images,
        "object_count": total.objects,
        "labels": [
            {
                "label": label,
                "new_label": new_label,
                "objects": counts[label].objects if label in counts else 0,
                "images": counts[label].images if label in counts else 0,
            }
            for label, new_label in meanings.items()
        ],
        "dry_run": dry_run,
    }


def _read_mapping(mapping: dict[str, str], known: set[str], vocabulary: Vocabulary) -> dict[str, str]:
    """Return the mapping to the classes that the new labels mean, without labels that stay what they are."""
    errors = []
    meanings = {}
    for label, new_label in mapping.items():
        # Read as a sender's own translation: translations of the campaign are for what senders write.
        reading = vocabulary.read(new_label, new_label)
        if label not in known:
            errors.append({"pointer": pointer_to("mapping", label), "detail": vocabulary.explain(label)})
        elif reading.unknown:
            detail = f"The new label is not allowed. {vocabulary.explain(reading.label)}"
            errors.append({"pointer": pointer_to("mapping", label), "detail": detail})
        elif reading.label != label:
            meanings[label] = reading.label
    if errors:
        raise Unprocessable(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors=errors[:MAX_ERRORS])
    return meanings
