"""Objects: the labels that a partner submits for the images of a campaign."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import BadRequest, Conflict, NotFound, Unprocessable
from app.models import Campaign
from app.services import reviews, submissions
from app.services.boxes import columns_of, describe_box, has_area, is_single, lies_in, single, single_confidence
from app.services.campaigns import count_states, lock_campaign
from app.services.classes import Reading, Vocabulary, collect_classes, load_vocabulary
from app.services.drafts import drop_drafts, has_drafts
from app.services.submissions import Receipt, Sender
from app.services.text import UnfitText, normalize

MAX_ERRORS = 50
# From so many images and objects on a submission may take longer than other statements.
BULK_COUNT = 5_000

# So many objects are stored by one statement: more would fill memory, and be no quicker.
CHUNK_COUNT = 5_000

MAX_REASON_LENGTH = 200
TIMES = "\N{MULTIPLICATION SIGN}"

# The plans of these statements must be linear whatever PostgreSQL knows of the tables. The statistics of a new campaign are
# missing or say that it has two images. So rows of `campaign_image` are joined by both columns of the primary key, neither of
# which is a constant to the planner (as `campaign_id` it would lead to a scan of the whole campaign for each image), and no part
# that was sent is joined to another, except by a hash.

# What the images that were sent are at present, and the first object of each. Those that are not in the campaign are missing. The
# sum keeps PostgreSQL from reading all objects of a campaign in the order of their ids until it meets one of the image.
LOOK = text("""
WITH sent AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, unnest(CAST(:image_ids AS bigint[])) AS image_id
)
SELECT image_id, campaign_image.submission_id AS revision, campaign_image.state, object_count, reason, width, height,
    first_label, first_confidence
FROM sent
JOIN campaign_image USING (campaign_id, image_id)
JOIN image ON image.id = image_id
LEFT JOIN submission_image USING (campaign_id, image_id, submission_id)
LEFT JOIN LATERAL (
    SELECT label AS first_label, confidence AS first_confidence FROM object
    WHERE campaign_id = sent.campaign_id AND submission_id = campaign_image.submission_id AND image_id = sent.image_id
    ORDER BY id + 0 LIMIT 1) AS first ON object_count > 0
""")

# Which of the images have other objects than those that were sent, or have them in another order. Where only a part of an image's
# objects was sent with this statement, `first` is the place of its first one and `size` how many there are.
DIFFER = text("""
WITH sent AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, image_id, first, size
    FROM json_to_recordset(:images) AS sent (image_id bigint, first integer, size integer)
), box AS MATERIALIZED (
    SELECT * FROM json_to_recordset(:boxes) AS box (
        image_id bigint, j integer, x_min integer, y_min integer, x_max integer, y_max integer,
        left_edge real, upper_edge real, right_edge real, lower_edge real, confidence double precision, label text)
), target AS MATERIALIZED (
    SELECT sent.*, submission_id FROM sent JOIN campaign_image USING (campaign_id, image_id)
), present AS MATERIALIZED (
    SELECT target.image_id, first + row_number() OVER (PARTITION BY target.image_id ORDER BY id) - 1 AS j,
        x_min, y_min, x_max, y_max, left_edge, upper_edge, right_edge, lower_edge, confidence, label
    FROM target CROSS JOIN LATERAL (
        SELECT * FROM object
        WHERE campaign_id = target.campaign_id AND submission_id = target.submission_id AND image_id = target.image_id
        ORDER BY id OFFSET target.first LIMIT target.size) AS object
)
SELECT DISTINCT image_id FROM box FULL JOIN present USING (image_id, j)
WHERE (box.x_min, box.y_min, box.x_max, box.y_max, box.left_edge, box.upper_edge, box.right_edge, box.lower_edge,
        box.confidence, box.label)
    IS DISTINCT FROM
    (present.x_min, present.y_min, present.x_max, present.y_max, present.left_edge, present.upper_edge, present.right_edge,
        present.lower_edge, present.confidence, present.label)
""")

# What was sent is stored and made current. PostgreSQL unpacks the documents itself, which costs Python next to nothing.
STORE = text("""
WITH sent AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, CAST(:submission_id AS bigint) AS submission_id, sent.*
    FROM json_to_recordset(:images) AS sent (image_id bigint, state text, object_count integer, reason text)
), stored AS (
    INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max,
        left_edge, upper_edge, right_edge, lower_edge, confidence, label, label_original)
    SELECT :campaign_id, :submission_id, image_id, x_min, y_min, x_max, y_max,
        left_edge, upper_edge, right_edge, lower_edge, confidence, label, label_original
    FROM json_to_recordset(:boxes) AS box (
        i integer, j integer, image_id bigint, x_min integer, y_min integer, x_max integer, y_max integer,
        left_edge real, upper_edge real, right_edge real, lower_edge real,
        confidence double precision, label text, label_original text)
    ORDER BY i, j
), kept AS (
    INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count, reason)
    SELECT campaign_id, image_id, submission_id, state, object_count, reason FROM sent
    ON CONFLICT DO NOTHING
)
UPDATE campaign_image SET submission_id = sent.submission_id, state = sent.state, review_id = NULL
FROM sent
WHERE campaign_image.campaign_id = sent.campaign_id AND campaign_image.image_id = sent.image_id
""")


class Sent(NamedTuple):
    """One item of a submission: its place in the body, and what it makes of its image."""

    position: int
    item: dict[str, Any]
    state: str
    object_count: int
    reason: str | None

    @property
    def image_id(self) -> int:
        """The id of the image."""
        return int(self.item["image_id"])


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

    Raises NotFound for the campaign or an image that is not in it, Conflict unless the campaign is `active`, or is
    `completed` and holds just this already, and for new content of an accepted image unless an admin sends it, BadRequest
    for more than `max_objects` objects and numbers that single precision has not, PreconditionFailed for a revision that is
    not the present one, and Unprocessable for an image that is named twice, a box or a label that cannot be, a picture of
    another size, and boxes on what is no image, which can be in campaigns that were made before that was refused.
    """
    campaign = lock_campaign(session, campaign_id)
    if campaign.status not in ("active", "completed"):
        raise Conflict(f"Campaign {campaign_id} is {campaign.status}: objects can be put only while it is active.")
    vocabulary = load_vocabulary(session, campaign)
    counts = _check(images, max_objects, vocabulary)
    if len(counts) + sum(counts) > BULK_COUNT:
        set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
    if not counts:
        return Receipt(None)
    # What an image has already may stay, also where its class was retired since.
    has_unknown = bool(vocabulary.unknown)
    vocabulary.unknown.clear()
    submission_id: int | None = None
    changes: Counter[str] = Counter()
    changed_counts: list[int] = []
    replaced = 0
    keeps_drafts = has_drafts(session, campaign_id, sender.account.user_id)
    for group in _groups(images):
        if keeps_drafts:
            drop_drafts(session, campaign_id, sender.account.user_id, [sent.image_id for sent in group])
        present = _look(session, campaign, group)
        changed = _find_changed(session, campaign_id, group, present, vocabulary)
        if not changed:
            continue
        if campaign.status == "completed":
            raise Conflict(_explain_completed(campaign_id))
        if has_unknown:
            _refuse_unknown(changed, vocabulary)
        if campaign.accepted_count or campaign.rejected_count:
            positions = {sent.image_id: sent.position for sent in changed}
            changes.subtract(reviews.end_reviews(session, sender.account, campaign_id, positions))
        if submission_id is None:
            submission_id = submissions.add(
                session, campaign_id, sender, image_count=len(counts), object_count=sum(counts)
            )
        for part in _parts(changed, vocabulary):
            session.execute(STORE, {**part, "campaign_id": campaign_id, "submission_id": submission_id})
        for sent in changed:
            before = present[sent.image_id].state
            changes[before] -= 1
            changes[sent.state] += 1
            replaced += before != "unlabeled"
            changed_counts.append(sent.object_count)
    unchanged = len(counts) - len(changed_counts)
    if submission_id is not None:
        collect_classes(session, campaign_id, vocabulary)
        submissions.note_effect(session, campaign_id, submission_id, replaced=replaced, unchanged=unchanged)
    if campaign.status == "active":
        count_states(session, campaign, changes)
    return Receipt(submission_id, len(counts), sum(counts), unchanged, replaced, tuple(changed_counts))


def _explain_completed(campaign_id: int) -> str:
    return (
        f"Campaign {campaign_id} is completed, and this submission would change its objects: "
        "they can be changed only while it is active."
    )


def _look(session: Session, campaign: Campaign, group: list[Sent]) -> Present:
    """Return what the images are at present. Raises what put_objects raises for each of them."""
    image_ids = [sent.image_id for sent in group]
    found = session.execute(LOOK, {"campaign_id": campaign.id, "image_ids": image_ids})
    present = {row.image_id: row for row in found}
    unknown = [sent for sent in group if sent.image_id not in present]
    if unknown and campaign.status == "completed":
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


def _picture_faults(group: list[Sent], present: Present) -> Iterator[dict[str, str]]:
    """Yield what does not fit the picture: boxes outside of it or on what is none, and another size."""
    for sent in group:
        width, height = present[sent.image_id].width, present[sent.image_id].height
        pointer = f"/{sent.position}"
        seen = sent.item.get("image")
        if seen and width is not None and (seen["width"], seen["height"]) != (width, height):
            yield {"pointer": f"{pointer}/image", "detail": _explain_size(sent.image_id, seen, width, height)}
        elif width is None and sent.object_count:
            message = "is not an image file, or its size in pixels is unknown, so it accepts no boxes: send `objects: []` for it."
            yield {"pointer": f"{pointer}/objects", "detail": f"Image {sent.image_id} {message}"}
        elif sent.object_count:
            yield from _outside(sent, width, height)


def _explain_size(image_id: int, seen: dict[str, int], width: int, height: int) -> str:
    message = f"Your tool read image {image_id} as {seen['width']}{TIMES}{seen['height']}; displayed it is {width}{TIMES}{height}"
    is_turned = (seen["width"], seen["height"]) == (height, width)
    return f"{message}: {'it ignores EXIF orientation' if is_turned else 'its boxes would not fit'}."


def _outside(sent: Sent, width: int, height: int) -> Iterator[dict[str, str]]:
    for j, item in enumerate(sent.item["objects"]):
        box = item["bounding_box"]
        if not lies_in(box, width, height):
            message = f"is not inside the image, which is {width} pixels wide and {height} pixels high."
            yield {
                "pointer": f"/{sent.position}/objects/{j}/bounding_box",
                "detail": f"Box {j} of image {sent.image_id} ({describe_box(box)}) {message}",
            }


def _find_changed(
    session: Session, campaign_id: int, group: list[Sent], present: Present, vocabulary: Vocabulary
) -> list[Sent]:
    """Return the items that make something else of their image than what it is."""
    same, alike = set(), []
    for sent in group:
        before = present[sent.image_id]
        if (before.state, before.object_count, before.reason) == (sent.state, sent.object_count, sent.reason):
            if not sent.object_count:
                # That is all there is to compare.
                same.add(sent.image_id)
            elif _has_first(before, next(iter(sent.item["objects"])), vocabulary):
                alike.append(sent)
    if alike:
        same.update(sent.image_id for sent in alike)
        for part in _parts(alike, vocabulary):
            same.difference_update(session.scalars(DIFFER, {**part, "campaign_id": campaign_id}))
    return [sent for sent in group if sent.image_id not in same]


def _has_first(before: Row[Any], item: dict[str, Any], vocabulary: Vocabulary) -> bool:
    """Return whether the first object of an image may be this one; most images that were changed need no closer look."""
    if before.first_label != vocabulary.read(item["label"], item.get("label_translated")).label:
        return False
    held, sent = before.first_confidence, item.get("confidence")
    return held == sent if held is None or sent is None else single(held) == single(sent)


def _refuse_unknown(changed: list[Sent], vocabulary: Vocabulary) -> None:
    """Raise Unprocessable where a changed image has a label that the campaign does not take."""
    for sent in changed:
        for j, item in enumerate(sent.item.get("objects", ())):
            reading = vocabulary.read(item["label"], item.get("label_translated"))
            if reading.unknown:
                vocabulary.note_unknown(reading, f"/{sent.position}/objects/{j}")
    vocabulary.refuse_unknown()


def _groups(images: Iterable[dict[str, Any]]) -> Iterator[list[Sent]]:
    """Yield whole images, up to CHUNK_COUNT images and objects together; an image that has more stands alone."""
    group: list[Sent] = []
    size = 0
    for position, item in enumerate(images):
        count = len(item.get("objects", ()))
        if group and size + count + 1 > CHUNK_COUNT:
            yield group
            group, size = [], 0
        reason = item.get("unusable")
        state = "unusable" if reason else "labeled" if count else "empty"
        group.append(Sent(position, item, state, count, reason and normalize(reason, MAX_REASON_LENGTH)))
        size += count + 1
    if group:
        yield group


def _parts(group: list[Sent], vocabulary: Vocabulary) -> Iterator[dict[str, str]]:
    """Yield the two documents of `STORE` and `DIFFER`: one pair for all images, or for an image that stands alone perhaps more.

    An image with more objects than there is room for is named again in the next documents.
    """
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for sent in group:
        rows = _rows(sent, vocabulary)
        first, is_whole = 0, False
        while not is_whole:
            room = CHUNK_COUNT - len(boxes)
            part = list(islice(rows, room))
            is_whole = first + len(part) == sent.object_count
            images.append(
                {
                    "image_id": sent.image_id,
                    "first": first,
                    "size": None if is_whole else len(part),
                    "state": sent.state,
                    "object_count": sent.object_count,
                    "reason": sent.reason,
                }
            )
            boxes += part
            first += len(part)
            if not is_whole:
                yield {"images": _document(images), "boxes": _document(boxes)}
                images, boxes = [], []
    yield {"images": _document(images), "boxes": _document(boxes)}


def _document(rows: list[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()


def _rows(sent: Sent, vocabulary: Vocabulary) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table."""
    image_id = sent.image_id
    for j, item in enumerate(sent.item.get("objects", ())):
        row = columns_of(item["bounding_box"])
        row["image_id"], row["i"], row["j"] = image_id, sent.position, j
        row["confidence"] = single_confidence(item.get("confidence"))
        reading = vocabulary.read(item["label"], item.get("label_translated"))
        row["label"], row["label_original"] = reading.label, reading.original
        yield row


def _check(images: Iterable[dict[str, Any]], max_objects: int, vocabulary: Vocabulary) -> list[int]:
    """Return how many objects there are on each image; labels that the campaign does not take are noted in its vocabulary.

    Raises BadRequest for too many and for numbers that float32 has not, and Unprocessable for an image that is named twice, for
    boxes without area or left of or above the image, and for texts that cannot be.
    """
    counts: list[int] = []

    def count_objects() -> Iterator[dict[str, Any]]:
        total = 0
        for image in images:
            counts.append(len(image.get("objects", ())))
            total += counts[-1]
            if total > max_objects:
                raise BadRequest(f"The body has more than {max_objects} objects, the limit of one submission.")
            yield image

    errors = list(islice(_find_faults(count_objects(), vocabulary), MAX_ERRORS))
    if errors:
        raise Unprocessable(f"{errors[0]['pointer']}: {errors[0]['detail']} Nothing was stored.", errors=errors)
    return counts


def _find_faults(images: Iterable[dict[str, Any]], vocabulary: Vocabulary) -> Iterator[dict[str, str]]:
    first: dict[int, int] = {}
    for i, image in enumerate(images):
        if first.setdefault(image["image_id"], i) != i:
            message = f"Image {image['image_id']} is already named at /{first[image['image_id']]}."
            yield {"pointer": f"/{i}/image_id", "detail": message}
        objects = image.get("objects", ())
        if "unusable" in image:
            yield from _unusable_faults(image["unusable"], len(objects), f"/{i}")
        for j, item in enumerate(objects):
            reading = vocabulary.read(item["label"], item.get("label_translated"))
            if reading.faults or not _numbers_are_right(item):
                yield from _faults(item, reading, image["image_id"], f"/{i}/objects/{j}")
            elif reading.unknown:
                vocabulary.note_unknown(reading, f"/{i}/objects/{j}")


def _unusable_faults(reason: str, object_count: int, pointer: str) -> Iterator[dict[str, str]]:
    if object_count:
        yield {"pointer": f"{pointer}/objects", "detail": "An unusable image must have no objects."}
    try:
        normalize(reason, MAX_REASON_LENGTH)
    except UnfitText as fault:
        yield {"pointer": f"{pointer}/unusable", "detail": f"The reason {fault}."}


def _numbers_are_right(item: dict[str, Any]) -> bool:
    return has_area(item["bounding_box"]) and is_single(item.get("confidence") or 0)


def _faults(item: dict[str, Any], reading: Reading, image_id: int, pointer: str) -> Iterator[dict[str, str]]:
    box = item["bounding_box"]
    for value, place in [
        *((box[name], f"/bounding_box/{name}") for name in ("xmin", "ymin", "xmax", "ymax")),
        (item.get("confidence") or 0, "/confidence"),
    ]:
        if not is_single(value):
            detail = "The number is too small: in single precision (IEEE 754) it would be 0."
            raise BadRequest(f"{pointer}{place}: {detail}", errors=[{"pointer": f"{pointer}{place}", "detail": detail}])
    if not has_area(box):
        number = pointer.rpartition("/")[2]
        rule = "a box must have 0 <= xmin < xmax and 0 <= ymin < ymax."
        message = f"Box {number} of image {image_id} has {describe_box(box)}: {rule}"
        yield {"pointer": f"{pointer}/bounding_box", "detail": message}
    yield from ({"pointer": f"{pointer}/{name}", "detail": detail} for name, detail in reading.faults)
