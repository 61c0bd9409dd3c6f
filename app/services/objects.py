"""Objects: the labels that a partner submits for the images of a campaign."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import Conflict, NotFound, Problem, Unprocessable
from app.models import Campaign
from app.services import reviews, submissions
from app.services.boxes import describe_box, lies_in, shortest
from app.services.campaigns import count_states, enter_status, lock_campaign
from app.services.classes import Vocabulary, collect_classes, load_vocabulary
from app.services.drafts import drop_drafts, has_drafts
from app.services.sent_images import (
    CONFIDENCE,
    LABEL,
    MAX_ERRORS,
    Group,
    GroupsAhead,
    ObjectRow,
    SentImage,
    read_groups,
)
from app.services.submissions import Receipt, Sender

# From so many images and objects on a submission may take longer than other statements.
BULK_COUNT = 2_500
TIMES = "\N{MULTIPLICATION SIGN}"

# The plans of these statements must be linear whatever PostgreSQL knows of the tables. The statistics of a new campaign are
# missing or say that it has two images. So rows of `campaign_image` are joined by both columns of the primary key, neither of
# which is a constant to the planner (as `campaign_id` it would lead to a scan of the whole campaign for each image), and no part
# that was sent is joined to another, except by a hash.

# What the images that were sent are at present, and the first object of each. Those that are not in the campaign are missing.
# OFFSET 0 keeps each look-up apart: joined, PostgreSQL reads the whole table of images for a few hundred of them. The sum keeps
# it from reading all objects of a campaign in the order of their ids until it meets one of the image.
LOOK = text("""
WITH sent AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, unnest(CAST(:image_ids AS bigint[])) AS image_id
)
SELECT image_id, revision, present.state, object_count, reason, width, height, first_label, first_confidence
FROM sent
CROSS JOIN LATERAL (
    SELECT submission_id AS revision, state FROM campaign_image
    WHERE campaign_id = sent.campaign_id AND image_id = sent.image_id OFFSET 0) AS present
CROSS JOIN LATERAL (SELECT width, height FROM image WHERE id = sent.image_id OFFSET 0) AS image
LEFT JOIN LATERAL (
    SELECT object_count, reason FROM submission_image
    WHERE campaign_id = sent.campaign_id AND image_id = sent.image_id AND submission_id = revision OFFSET 0) AS content ON true
LEFT JOIN LATERAL (
    SELECT label AS first_label, confidence AS first_confidence FROM object
    WHERE campaign_id = sent.campaign_id AND submission_id = revision AND image_id = sent.image_id
    ORDER BY id + 0 LIMIT 1) AS first ON object_count > 0
""")

# Which of the images have other objects than those that were sent, or have them in another order.
DIFFER = text("""
WITH target AS MATERIALIZED (
    SELECT campaign_id, image_id, submission_id, first, size
    FROM (
        SELECT CAST(:campaign_id AS bigint) AS campaign_id, sent.* FROM unnest(
            (SELECT CAST(:image_ids AS bigint[])), (SELECT CAST(:firsts AS integer[])), (SELECT CAST(:sizes AS integer[]))
        ) AS sent (image_id, first, size)
    ) AS sent
    JOIN campaign_image USING (campaign_id, image_id)
), box AS MATERIALIZED (
    SELECT * FROM unnest(
        (SELECT CAST(:object_image_ids AS bigint[])), (SELECT CAST(:places AS integer[])),
        (SELECT CAST(:x_mins AS integer[])), (SELECT CAST(:y_mins AS integer[])),
        (SELECT CAST(:x_maxs AS integer[])), (SELECT CAST(:y_maxs AS integer[])),
        (SELECT CAST(:left_edges AS real[])), (SELECT CAST(:upper_edges AS real[])),
        (SELECT CAST(:right_edges AS real[])), (SELECT CAST(:lower_edges AS real[])),
        (SELECT CAST(:confidences AS double precision[])), (SELECT CAST(:labels AS text[]))
    ) AS box (image_id, place, x_min, y_min, x_max, y_max, left_edge, upper_edge, right_edge, lower_edge, confidence, label)
), present AS MATERIALIZED (
    SELECT target.image_id, first + row_number() OVER (PARTITION BY target.image_id ORDER BY id) - 1 AS place,
        x_min, y_min, x_max, y_max, left_edge, upper_edge, right_edge, lower_edge, confidence, label
    FROM target CROSS JOIN LATERAL (
        SELECT * FROM object
        WHERE campaign_id = target.campaign_id AND submission_id = target.submission_id AND image_id = target.image_id
        ORDER BY id OFFSET target.first LIMIT target.size) AS object
)
SELECT DISTINCT image_id FROM box FULL JOIN present USING (image_id, place)
WHERE (box.x_min, box.y_min, box.x_max, box.y_max, box.left_edge, box.upper_edge, box.right_edge, box.lower_edge,
        box.confidence, box.label)
    IS DISTINCT FROM
    (present.x_min, present.y_min, present.x_max, present.y_max, present.left_edge, present.upper_edge, present.right_edge,
        present.lower_edge, present.confidence, present.label)
""")

# What was sent is stored and made current. The arrays of objects are gone through side by side in the select list, row by row in
# their order; in FROM, each of them would first become a table. An image whose objects come with several statements stands alone
# in each, and is stored with the first; said of the row, PostgreSQL would expect that for hardly any.
STORE = text("""
WITH sent AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, CAST(:submission_id AS bigint) AS submission_id, sent.*
    FROM unnest(
        (SELECT CAST(:image_ids AS bigint[])), (SELECT CAST(:states AS text[])), (SELECT CAST(:object_counts AS integer[])),
        (SELECT CAST(:reasons AS text[]))
    ) AS sent (image_id, state, object_count, reason)
    WHERE (CAST(:firsts AS integer[]))[1] = 0
), stored AS (
    INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max,
        left_edge, upper_edge, right_edge, lower_edge, confidence, label, label_original)
    SELECT :campaign_id, :submission_id, unnest((SELECT CAST(:object_image_ids AS bigint[]))),
        unnest((SELECT CAST(:x_mins AS integer[]))), unnest((SELECT CAST(:y_mins AS integer[]))),
        unnest((SELECT CAST(:x_maxs AS integer[]))), unnest((SELECT CAST(:y_maxs AS integer[]))),
        unnest((SELECT CAST(:left_edges AS real[]))), unnest((SELECT CAST(:upper_edges AS real[]))),
        unnest((SELECT CAST(:right_edges AS real[]))), unnest((SELECT CAST(:lower_edges AS real[]))),
        unnest((SELECT CAST(:confidences AS double precision[]))), unnest((SELECT CAST(:labels AS text[]))),
        unnest((SELECT CAST(:labels_original AS text[])))
), kept AS (
    INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count, reason)
    SELECT campaign_id, image_id, submission_id, state, object_count, reason FROM sent
)
UPDATE campaign_image SET submission_id = sent.submission_id, state = sent.state, review_id = NULL
FROM sent
WHERE campaign_image.campaign_id = sent.campaign_id AND campaign_image.image_id = sent.image_id
""")


# What the images of a submission are at present, by their ids.
Present = dict[int, Row[Any]]


def put_objects(
    session: Session, sender: Sender, campaign_id: int, images: Iterable[dict[str, Any]], max_objects: int
) -> Receipt:
    """Make what was sent the present content of each named image, all or nothing; return the receipt.

    `images` has items `{"image_id", "objects": [{"bounding_box", "label", …}]}`, with `unusable` in the place of the objects,
    and perhaps with `revision` and `image`; it is gone through more than once. Boxes are in pixels. An image that has just
    this content stays as it is, and nothing is stored when that holds for all. The campaign completes when this labels its
    last image.

    Raises NotFound for the campaign or an image that is not in it, Conflict unless the campaign is `active`, or is `completed`
    and takes late corrections, which reopen it, or holds just this already, and for new content of an accepted image unless an
    admin sends it, BadRequest for more than `max_objects` objects and numbers that single precision has not, PreconditionFailed
    for a revision that is not the present one, and Unprocessable for an image that is named twice, a box or a label that cannot
    be, a picture of another size, and boxes on what is no image, which can be in campaigns that were made before that was
    refused.
    """
    campaign = lock_campaign(session, campaign_id)
    if campaign.status not in ("active", "completed"):
        raise Conflict(f"Campaign {campaign_id} is {campaign.status}: objects can be put only while it is active.")
    vocabulary = load_vocabulary(session, campaign)
    submission_id: int | None = None
    changes: Counter[str] = Counter()
    changed_counts: list[int] = []
    image_count = object_count = replaced = 0
    keeps_drafts = has_drafts(session, campaign_id, sender.account.user_id)
    groups = GroupsAhead(read_groups(images, max_objects, vocabulary))
    refused: Problem | None = None
    try:
        for group in groups:
            if image_count + object_count <= BULK_COUNT < image_count + object_count + group.size:
                set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
            image_count += len(group.images)
            object_count += group.size - len(group.images)
            if keeps_drafts:
                drop_drafts(session, campaign_id, sender.account.user_id, [sent.image_id for sent in group.images])
            present = _look(session, campaign, group.images)
            changed = _find_changed(session, campaign_id, group, present, vocabulary)
            if not changed:
                continue
            if campaign.status == "completed" and campaign.late_corrections:
                enter_status(session, campaign, "active", automatic=True)
            elif campaign.status == "completed":
                raise Conflict(_explain_completed(campaign_id))
            # What an image has already may stay, also where its class was retired since.
            if vocabulary.has_unknown:
                _refuse_unknown(changed, vocabulary)
            if campaign.accepted_count or campaign.rejected_count:
                positions = {sent.image_id: sent.position for sent in changed}
                changes.subtract(reviews.end_reviews(session, sender.account, campaign_id, positions))
            if submission_id is None:
                submission_id = submissions.add(session, campaign_id, sender, image_count=0, object_count=0)
            groups.begin_next()
            for part in group.parts(changed, vocabulary):
                session.execute(STORE, {**part, "campaign_id": campaign_id, "submission_id": submission_id})
            before = Counter(present[sent.image_id].state for sent in changed)
            changes.subtract(before)
            changes.update(sent.state for sent in changed)
            replaced += len(changed) - before["unlabeled"]
            changed_counts += [sent.object_count for sent in changed]
    except Problem as problem:
        refused = problem
    if refused is not None:
        try:
            # What is wrong with the rest of the body in itself is reported first.
            groups.check_rest()
            raise refused
        finally:
            # Its traceback leads to this variable, and so back to it. An error that is raised within `except` would keep it, too,
            # and with it the body: two of 63 MiB were in memory.
            del refused
    if not image_count:
        return Receipt(None)
    unchanged = image_count - len(changed_counts)
    if submission_id is not None:
        collect_classes(session, campaign_id, vocabulary)
        submissions.note_counts(
            session,
            campaign_id,
            submission_id,
            image_count=image_count,
            object_count=object_count,
            replaced=replaced,
            unchanged=unchanged,
        )
    if campaign.status == "active":
        count_states(session, campaign, changes)
    return Receipt(submission_id, image_count, object_count, unchanged, replaced, tuple(changed_counts))


def _explain_completed(campaign_id: int) -> str:
    return (
        f"Campaign {campaign_id} is completed, and this submission would change its objects: "
        "they can be changed only while it is active."
    )


def _look(session: Session, campaign: Campaign, group: list[SentImage]) -> Present:
    """Return what the images are at present. Raises what put_objects raises for each of them."""
    image_ids = f"{{{','.join(str(sent.image_id) for sent in group)}}}"
    # All rows at once, because PostgreSQL has nothing to do meanwhile.
    found = session.execute(LOOK, {"campaign_id": campaign.id, "image_ids": image_ids}).all()
    present = {row.image_id: row for row in found}
    unknown = [sent for sent in group if sent.image_id not in present]
    if unknown and campaign.status == "completed" and not campaign.late_corrections:
        raise Conflict(_explain_completed(campaign.id))
    if unknown:
        errors = [
            {
                "pointer": f"/{sent.position}/image_id",
                "detail": f"Image {sent.image_id} is not in campaign {campaign.id}.",
            }
            for sent in unknown[:MAX_ERRORS]
        ]
        raise NotFound(f"{errors[0]['detail']} Nothing was stored.", errors=errors)
    stale = [
        (sent.position, sent.image_id, present[sent.image_id].revision)
        for sent in group
        if "revision" in sent.item and sent.item["revision"] != present[sent.image_id].revision
    ]
    submissions.refuse_stale(session, campaign.id, stale)
    faults = list(islice(_picture_faults(group, present), MAX_ERRORS))
    if faults:
        raise Unprocessable(f"{faults[0]['pointer']}: {faults[0]['detail']} Nothing was stored.", errors=faults)
    return present


def _picture_faults(group: list[SentImage], present: Present) -> Iterator[dict[str, str]]:
    """Yield what does not fit the picture: boxes outside of it or on what is none, and another size."""
    for sent in group:
        before = present[sent.image_id]
        width, height = before.width, before.height
        seen = sent.item.get("image")
        if seen and width is not None and (seen["width"], seen["height"]) != (width, height):
            detail = _explain_size(sent.image_id, seen, width, height)
            yield {"pointer": f"/{sent.position}/image", "detail": detail}
        elif width is None and sent.object_count:
            message = "is not an image file, or its size in pixels is unknown, so it accepts no boxes: send `objects: []` for it."
            yield {"pointer": f"/{sent.position}/objects", "detail": f"Image {sent.image_id} {message}"}
        elif sent.object_count and (sent.right > width or sent.lower > height):
            yield from _outside(sent, width, height)


def _explain_size(image_id: int, seen: dict[str, int], width: int, height: int) -> str:
    message = f"Your tool read image {image_id} as {seen['width']}{TIMES}{seen['height']}; displayed it is {width}{TIMES}{height}"
    is_turned = (seen["width"], seen["height"]) == (height, width)
    return f"{message}: {'it ignores EXIF orientation' if is_turned else 'its boxes would not fit'}."


def _outside(sent: SentImage, width: int, height: int) -> Iterator[dict[str, str]]:
    for j, item in enumerate(sent.item["objects"]):
        box = item["bounding_box"]
        if not lies_in(box, width, height):
            message = f"is not inside the image, which is {width} pixels wide and {height} pixels high."
            yield {
                "pointer": f"/{sent.position}/objects/{j}/bounding_box",
                "detail": f"Box {j} of image {sent.image_id} ({describe_box(box)}) {message}",
            }


def _find_changed(
    session: Session, campaign_id: int, group: Group, present: Present, vocabulary: Vocabulary
) -> list[SentImage]:
    """Return the items that make something else of their image than what it is."""
    same, alike = set(), []
    for sent in group.images:
        before = present[sent.image_id]
        # The first of these tells most images apart.
        if before.object_count != sent.object_count or before.state != sent.state or before.reason != sent.reason:
            continue
        if not sent.object_count:
            # That is all there is to compare.
            same.add(sent.image_id)
        elif _has_first(before, next(iter(sent.rows(vocabulary)))):
            alike.append(sent)
    if alike:
        same.update(sent.image_id for sent in alike)
        for part in group.parts(alike, vocabulary):
            same.difference_update(session.scalars(DIFFER, {**part, "campaign_id": campaign_id}))
    return [sent for sent in group.images if sent.image_id not in same]


def _has_first(before: Row[Any], row: ObjectRow) -> bool:
    """Return whether the first object of an image may be this one; most images that were changed need no closer look."""
    if before.first_label != row[LABEL]:
        return False
    held: float | None = before.first_confidence
    sent: float | None = row[CONFIDENCE]
    # What was sent is the shortest already.
    return held == sent if held is None or sent is None else shortest(held) == sent


def _refuse_unknown(changed: list[SentImage], vocabulary: Vocabulary) -> None:
    """Raise Unprocessable where a changed image has a label that the campaign does not take."""
    for sent in changed:
        for j, item in enumerate(sent.item.get("objects", ())):
            reading = vocabulary.read(item["label"], item.get("label_translated"))
            if reading.unknown:
                vocabulary.note_unknown(reading, f"/{sent.position}/objects/{j}")
    vocabulary.refuse_unknown()
