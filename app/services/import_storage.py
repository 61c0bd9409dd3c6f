"""An import becomes one submission, by the rules of `PUT /campaigns/{campaign_id}/objects`: what is unchanged keeps its revision.

It works on the tables of the other import files: `matched` (the images), `box` and `meaning` (the classes of its words).
"""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.models import Campaign
from app.models.imports import APPEND
from app.services import submissions
from app.services.campaigns import count_states, enter_status
from app.services.classes import Reading, Vocabulary, collect_classes
from app.services.import_report import Report, find
from app.services.import_staging import analyze
from app.services.submissions import Sender

# A completed campaign holds what it may be sent again, or takes late corrections.
OPEN_STATES = ("active", "completed")
REASON = "Unusable in the imported file."

# What the images are now, and what they become: each is looked up by the whole key, because the statistics of a new campaign may
# say that it has no images. A box is added to those that are there, and an image that the file calls unusable stays so with its
# reason.
OUTCOME = text("""
CREATE TEMPORARY TABLE outcome AS
SELECT named.*, state <> before OR object_count <> held AS is_changed,
    NOT appends AND state = 'labeled' AND before = 'labeled' AND object_count = held AS is_alike
FROM (
    SELECT named.*, CASE WHEN stays THEN before WHEN sent = 'unusable' THEN 'unusable'
        WHEN boxes > 0 OR appends AND before = 'labeled' THEN 'labeled' ELSE 'empty' END AS state,
        CASE WHEN stays THEN held WHEN appends AND before = 'labeled' THEN held + boxes ELSE boxes END AS object_count
    FROM (
        SELECT matched.number, matched.place, matched.image_id, matched.state AS sent, coalesce(box.count, 0) AS boxes,
            present.state AS before, revision, coalesce(content.object_count, 0) AS held, verdict, :appends AS appends,
            :appends AND coalesce(box.count, 0) = 0 AND present.state <> 'unlabeled'
                OR matched.state = 'unusable' AND present.state = 'unusable' AS stays
        FROM (SELECT CAST(:campaign_id AS bigint) AS campaign_id, * FROM matched) AS matched
        LEFT JOIN (SELECT image_id, count(*) FROM box GROUP BY image_id) AS box USING (image_id)
        LEFT JOIN LATERAL (
            SELECT submission_id AS revision, state, review_id FROM campaign_image
            WHERE campaign_id = matched.campaign_id AND image_id = matched.image_id OFFSET 0) AS present ON true
        LEFT JOIN LATERAL (
            SELECT object_count FROM submission_image
            WHERE campaign_id = matched.campaign_id AND image_id = matched.image_id AND submission_id = revision
            OFFSET 0) AS content ON true
        LEFT JOIN LATERAL (
            SELECT verdict FROM review
            WHERE campaign_id = matched.campaign_id AND id = present.review_id OFFSET 0) AS review ON true
    ) AS named
) AS named
""")
# An image with as many objects as before is compared object by object, in their order.
COMPARE = text("""
WITH box AS MATERIALIZED (
    SELECT image_id, row_number() OVER (PARTITION BY image_id ORDER BY box.number) AS place,
        left_edge, upper_edge, right_edge, lower_edge, box.confidence, label
    FROM box JOIN outcome USING (image_id) JOIN meaning USING (word) WHERE is_alike
), present AS MATERIALIZED (
    SELECT outcome.image_id, object.place, coalesce(left_edge, x_min) AS left_edge, coalesce(upper_edge, y_min) AS upper_edge,
        coalesce(right_edge, x_max) AS right_edge, coalesce(lower_edge, y_max) AS lower_edge, confidence, label
    FROM (SELECT CAST(:campaign_id AS bigint) AS campaign_id, image_id, revision FROM outcome WHERE is_alike) AS outcome
    CROSS JOIN LATERAL (
        SELECT *, row_number() OVER (ORDER BY id) AS place FROM object
        WHERE campaign_id = outcome.campaign_id AND submission_id = outcome.revision AND image_id = outcome.image_id
        OFFSET 0) AS object
), differing AS MATERIALIZED (
    SELECT DISTINCT image_id FROM box LEFT JOIN present USING (image_id, place)
    WHERE (box.left_edge, box.upper_edge, box.right_edge, box.lower_edge, box.confidence, box.label) IS DISTINCT FROM
        (present.left_edge, present.upper_edge, present.right_edge, present.lower_edge, present.confidence, present.label)
)
UPDATE outcome SET is_changed = true FROM differing WHERE differing.image_id = outcome.image_id
""")
COUNT = text("""
SELECT is_changed, before, state, verdict, count(*) AS images, CAST(sum(boxes) AS bigint) AS objects FROM outcome
GROUP BY is_changed, before, state, verdict
""")
ACCEPTED = "FROM outcome WHERE is_changed AND verdict = 'accepted'"
USED_WORDS = text("""
SELECT word, count(*) AS count, min(box.number) AS number FROM box JOIN outcome USING (image_id) WHERE is_changed
GROUP BY word ORDER BY word
""")
PLACES = text("SELECT number, place FROM sent_box WHERE number = ANY (CAST(:numbers AS integer[]))")
# Whole pixels around each box, and its edges unless these are the same.
STORE = """
INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max,
    left_edge, upper_edge, right_edge, lower_edge, confidence, label, label_original)
SELECT :campaign_id, :submission_id, image_id, x_min, y_min, x_max, y_max,
    CASE WHEN has_edges THEN left_edge END, CASE WHEN has_edges THEN upper_edge END,
    CASE WHEN has_edges THEN right_edge END, CASE WHEN has_edges THEN lower_edge END, confidence, label, label_original
FROM ({}) AS added
CROSS JOIN LATERAL (
    SELECT CAST(floor(left_edge) AS integer) AS x_min, CAST(floor(upper_edge) AS integer) AS y_min,
        CAST(ceil(right_edge) AS integer) AS x_max, CAST(ceil(lower_edge) AS integer) AS y_max) AS around
CROSS JOIN LATERAL (
    SELECT (x_min, y_min, x_max, y_max) IS DISTINCT FROM (left_edge, upper_edge, right_edge, lower_edge) AS has_edges) AS edges
ORDER BY image_id, part, number
"""
SENT_BOXES = """
SELECT image_id, 1 AS part, box.number AS number, left_edge, upper_edge, right_edge, lower_edge, box.confidence, label,
    label_original
FROM box JOIN outcome USING (image_id) JOIN meaning USING (word) WHERE is_changed
"""
PRESENT_BOXES = """
SELECT object.image_id, 0, object.id, coalesce(left_edge, x_min), coalesce(upper_edge, y_min), coalesce(right_edge, x_max),
    coalesce(lower_edge, y_max), confidence, label, label_original
FROM (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, image_id, revision FROM outcome
    WHERE is_changed AND held > 0 AND state = 'labeled') AS outcome
JOIN object ON object.campaign_id = outcome.campaign_id AND object.submission_id = outcome.revision
    AND object.image_id = outcome.image_id
"""
REPLACED, APPENDED = text(STORE.format(SENT_BOXES)), text(STORE.format(f"{SENT_BOXES} UNION ALL {PRESENT_BOXES}"))
# Neither column of the join is a constant to the planner, as in the statements of `objects`.
POINT = text("""
WITH changed AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, CAST(:submission_id AS bigint) AS submission_id, image_id, state,
        object_count, CASE WHEN state = 'unusable' THEN :reason END AS reason
    FROM outcome WHERE is_changed
), kept AS (
    INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count, reason)
    SELECT campaign_id, image_id, submission_id, state, object_count, reason FROM changed
)
UPDATE campaign_image SET submission_id = changed.submission_id, state = changed.state, review_id = NULL
FROM changed
WHERE campaign_image.campaign_id = changed.campaign_id AND campaign_image.image_id = changed.image_id
""")
DROP_DRAFTS = text("""
DELETE FROM draft USING outcome
WHERE draft.campaign_id = :campaign_id AND draft.user_id = :user_id AND draft.image_id = outcome.image_id
""")


@dataclass(frozen=True)
class ImportCounts:
    """What an import did, or would do: as in a submission, and what became of boxes and classes."""

    images: int = 0
    objects: int = 0
    replaced: int = 0
    unchanged: int = 0
    clipped: int = 0
    dropped: int = 0
    new_classes: int = 0

    def as_json(self) -> dict[str, int]:
        """Return the counts as they are answered."""
        return asdict(self)


@dataclass(frozen=True)
class Change:
    """What would change: the states and verdicts that images leave and get, counts, and the classes that are new."""

    counts: ImportCounts
    changes: Counter[str]
    new_classes: dict[str, None]


def not_open(campaign_id: int, state: str) -> Conflict:
    """Return the error of an import into a campaign that is not active, which says what to do. `state` begins with its status."""
    again = "" if state == "created" else " again"
    return Conflict(
        f"Campaign {campaign_id} is {state}: labels can be imported only while it is active. Let an image-admin"
        f" activate it{again} (PUT /campaigns/{campaign_id} with the new_status active), and send the file after that."
    )


def plan(
    session: Session,
    report: Report,
    sender: Sender,
    campaign: Campaign,
    readings: list[Reading],
    vocabulary: Vocabulary,
    *,
    mode: str,
    clipped: int,
    dropped: int,
) -> Change:
    """Return what the import would change in a campaign, which the caller has locked; report what stands in its way."""
    session.execute(OUTCOME, {"campaign_id": campaign.id, "appends": mode == APPEND})
    analyze(session, "outcome")
    count, rows = find(session, "FROM outcome WHERE before IS NULL", "place, image_id", {})
    gone = "Image {} left the campaign while the file was read."
    report.add_all("unknown_image", count, ((row.place, gone.format(row.image_id)) for row in rows))
    boxed = "FROM outcome WHERE sent = 'unusable' AND boxes > 0"
    count, rows = find(session, boxed, "place, image_id", {})
    message = "Image {} is unusable in the file, and has boxes there."
    report.add_all("unusable_with_boxes", count, ((row.place, message.format(row.image_id)) for row in rows))
    session.execute(COMPARE, {"campaign_id": campaign.id})
    # Until here hardly any image may have been changed, and PostgreSQL would expect that of what follows.
    analyze(session, "outcome (image_id, is_changed)")
    if not sender.account.is_admin:
        count, rows = find(session, ACCEPTED, "place, image_id", {})
        message = "Image {} is accepted: labelers can no longer change it."
        report.add_all("accepted_image", count, ((row.place, message.format(row.image_id)) for row in rows))
    new = _report_classes(session, report, readings, vocabulary)
    changes: Counter[str] = Counter()
    images = objects = replaced = unchanged = 0
    for row in session.execute(COUNT):
        images += row.images
        objects += row.objects
        if not row.is_changed:
            unchanged += row.images
            continue
        changes.subtract({row.before: row.images})
        changes.update({row.state: row.images})
        if row.verdict:
            changes.subtract({row.verdict: row.images})
        replaced += row.images if row.before != "unlabeled" else 0
    if images == unchanged:
        report.add("nothing_to_do", "file", "Everything in the file is in the campaign already.", images or 1)
    counts = ImportCounts(images, objects, replaced, unchanged, clipped, dropped, len(new))
    return Change(counts, changes, new)


def _report_classes(
    session: Session, report: Report, readings: list[Reading], vocabulary: Vocabulary
) -> dict[str, None]:
    """Return the labels of changed images that are no classes yet. What an image has already may stay, even if it is retired."""
    new: dict[str, None] = {}
    # Each box that is an example, by its number, with its kind and what is said of it.
    found: dict[int, tuple[str, str]] = {}
    for row in session.execute(USED_WORDS):
        reading = readings[row.word]
        if reading.unknown:
            message = f"{row.count} boxes have the label {reading.label}. {vocabulary.explain(reading.label)}"
            found[row.number] = ("unknown_class", message)
        elif reading.label in vocabulary.new and reading.label not in new:
            new[reading.label] = None
            found[row.number] = ("new_class", f"The label {reading.label} becomes a class of the campaign.")
    places = {row.number: row.place for row in session.execute(PLACES, {"numbers": list(found)})} if found else {}
    for number, (kind, message) in found.items():
        report.add(kind, places[number], message)
    return new


def store(
    session: Session, sender: Sender, campaign: Campaign, change: Change, vocabulary: Vocabulary, *, mode: str
) -> int | None:
    """Store what `plan` has found as one submission and return its id; None when nothing changes.

    Raises Conflict for a completed campaign that takes no late corrections.
    """
    counts = change.counts
    of_campaign: dict[str, Any] = {"campaign_id": campaign.id}
    session.execute(DROP_DRAFTS, of_campaign | {"user_id": sender.account.user_id})
    if counts.images == counts.unchanged:
        return None
    if campaign.status == "completed":
        if not campaign.late_corrections:
            raise not_open(campaign.id, "completed, and this import would change its objects")
        enter_status(session, campaign, "active", automatic=True)
    submission_id = submissions.add(session, campaign.id, sender, image_count=0, object_count=0, kind="import")
    values = of_campaign | {"submission_id": submission_id}
    session.execute(APPENDED if mode == APPEND else REPLACED, values)
    session.execute(POINT, values | {"reason": REASON})
    vocabulary.new = change.new_classes
    collect_classes(session, campaign.id, vocabulary)
    submissions.note_counts(
        session,
        campaign.id,
        submission_id,
        image_count=counts.images,
        object_count=counts.objects,
        replaced=counts.replaced,
        unchanged=counts.unchanged,
    )
    if campaign.status == "active":
        count_states(session, campaign, change.changes)
    return submission_id
