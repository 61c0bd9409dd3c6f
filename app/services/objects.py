"""Objects: the labels that a partner submits for the images of a campaign."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import orjson
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import BadRequest, Conflict, NotFound, Unprocessable
from app.models import Campaign, Submission
from app.representations.json import fetch_object
from app.representations.submissions import SUBMISSIONS
from app.services.api_keys import Account
from app.services.campaigns import enter_status, lock_campaign
from app.services.classes import Reading, Vocabulary, collect_classes, load_vocabulary

MAX_ERRORS = 50
# From so many images and objects on a submission may take longer than other statements.
BULK_COUNT = 5_000

# So many objects are stored by one statement: more would fill memory, and be no quicker.
CHUNK_COUNT = 5_000

# One statement: what was sent is looked up, stored and made current. What cannot be stored is reported, so that the caller
# rolls back. PostgreSQL unpacks the documents itself, which costs Python next to nothing. The first statement of a
# submission makes its receipt, the others name it.
#
# Its plan must be linear whatever PostgreSQL knows of the tables. The statistics of a new campaign are missing or say that
# it has two images. So rows of `campaign_image` are joined by both columns of the primary key, neither of which is a constant
# to the planner (as `campaign_id` it would lead to a scan of the whole campaign for each image), and no part that was sent
# is joined to another: `right_edge` and `lower_edge` are the farthest edges of an image's boxes, and null without any.
STORE = text("""
WITH sent AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, position, image_id, right_edge, lower_edge
    FROM json_to_recordset(:images) AS sent (position integer, image_id bigint, right_edge integer, lower_edge integer)
), box AS MATERIALIZED (
    SELECT * FROM json_to_recordset(:boxes) AS box (
        image_id bigint, i integer, j integer, x_min integer, y_min integer, x_max integer, y_max integer,
        confidence double precision, label text, label_original text)
), target AS MATERIALIZED (
    SELECT sent.*, campaign_image.image_id IS NOT NULL AS is_known, submission_id, width, height
    FROM sent
    LEFT JOIN campaign_image USING (campaign_id, image_id)
    LEFT JOIN image ON image.id = campaign_image.image_id
), made AS (
    INSERT INTO submission (campaign_id, user_id, api_key_id, request_id, image_count, object_count)
    SELECT :campaign_id, :user_id, :api_key_id, :request_id, :image_count, :object_count
    WHERE CAST(:submission_id AS bigint) IS NULL
    RETURNING id
), receipt AS (
    SELECT id FROM made UNION ALL SELECT :submission_id WHERE :submission_id IS NOT NULL
), stored AS (
    INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, confidence, label, label_original)
    SELECT :campaign_id, receipt.id, image_id, x_min, y_min, x_max, y_max, confidence, label, label_original
    FROM box CROSS JOIN receipt
    WHERE NOT EXISTS (SELECT FROM target WHERE NOT is_known)
    ORDER BY i, j
), pointed AS (
    UPDATE campaign_image SET submission_id = receipt.id
    FROM target, receipt
    WHERE campaign_image.campaign_id = target.campaign_id AND campaign_image.image_id = target.image_id
)
SELECT
    (SELECT id FROM receipt) AS submission_id,
    (SELECT count(*) FROM target WHERE submission_id IS NULL) AS newly_labeled,
    (SELECT json_agg(json_build_array(position, image_id)) FROM (
        SELECT * FROM target WHERE NOT is_known ORDER BY position LIMIT :max_errors) AS missing) AS unknown,
    (SELECT json_agg(json_build_array(position, image_id)) FROM (
        SELECT * FROM target WHERE is_known AND width IS NULL AND right_edge IS NOT NULL
        ORDER BY position LIMIT :max_errors) AS unfit) AS no_images,
    (SELECT json_agg(json_build_array(position, width, height)) FROM (
        SELECT * FROM target WHERE right_edge > width OR lower_edge > height
        ORDER BY position LIMIT :max_errors) AS exceeded) AS exceeded
""")


# Whether each of the images that were sent is labeled, and has the objects that were sent, in their order. Where only a part of
# an image's objects was sent with this statement, `first` is the place of its first one and `size` how many there are; `size`
# is null for the last part, behind which there must be no more. Its plan is linear for the reasons above.
IS_PRESENT = text("""
WITH sent AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, image_id, first, size
    FROM json_to_recordset(:images) AS sent (image_id bigint, first integer, size integer)
), box AS MATERIALIZED (
    SELECT * FROM json_to_recordset(:boxes) AS box (
        image_id bigint, j integer, x_min integer, y_min integer, x_max integer, y_max integer,
        confidence double precision, label text)
), target AS MATERIALIZED (
    SELECT sent.*, submission_id FROM sent JOIN campaign_image USING (campaign_id, image_id) WHERE submission_id IS NOT NULL
), present AS MATERIALIZED (
    SELECT target.image_id, first + row_number() OVER (PARTITION BY target.image_id ORDER BY id) - 1 AS j,
        x_min, y_min, x_max, y_max, confidence, label
    FROM target CROSS JOIN LATERAL (
        SELECT * FROM object
        WHERE campaign_id = target.campaign_id AND submission_id = target.submission_id AND image_id = target.image_id
        ORDER BY id OFFSET target.first LIMIT target.size) AS object
)
SELECT (SELECT count(*) FROM target) = (SELECT count(*) FROM sent) AND NOT EXISTS (
    SELECT FROM box FULL JOIN present USING (image_id, j)
    WHERE (box.x_min, box.y_min, box.x_max, box.y_max, box.confidence, box.label)
        IS DISTINCT FROM
        (present.x_min, present.y_min, present.x_max, present.y_max, present.confidence, present.label))
""")


@dataclass(frozen=True)
class Sender:
    """Who submits: the account, and the id of the request for finding it in the logs."""

    account: Account
    request_id: str | None


@dataclass(frozen=True)
class Receipt:
    """An accepted submission: how many objects it has on each image, and its id; None when it changed nothing."""

    submission_id: int | None
    object_counts: list[int]


def put_objects(
    session: Session, sender: Sender, campaign_id: int, images: Iterable[dict[str, Any]], max_objects: int
) -> Receipt:
    """Make what was sent the present objects of each named image, all or nothing; return the receipt.

    `images` has items `{"image_id", "objects": [{"bounding_box", "label", …}]}` and is gone through more than once; boxes
    are in pixels. Nothing is stored when the campaign holds just this already, or when nothing was sent. The campaign
    completes when this labels its last image. Raises NotFound for the campaign or an image that is not in it, Conflict
    unless the campaign is `active`, or is `completed` and holds just this already, BadRequest for more than `max_objects`
    objects, Unprocessable for an image that is named twice, a box or a label that cannot be, and boxes on what is no image,
    which can be in campaigns that were made before that was refused.
    """
    campaign = lock_campaign(session, campaign_id)
    if campaign.status not in ("active", "completed"):
        raise Conflict(f"Campaign {campaign_id} is {campaign.status}: objects can be put only while it is active.")
    vocabulary = load_vocabulary(session, campaign)
    counts = _check(images, max_objects, vocabulary)
    if len(counts) + sum(counts) > BULK_COUNT:
        set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
    if not counts:
        return Receipt(None, counts)
    # Where fewer images are labeled than were sent, there is nothing to compare.
    if len(counts) <= campaign.labeled_count and _is_present(session, campaign, images, vocabulary):
        if campaign.status == "active":
            _count_labeled(session, campaign, 0)
        return Receipt(None, counts)
    if campaign.status == "completed":
        raise Conflict(
            f"Campaign {campaign_id} is completed, and this submission would change its objects: "
            "they can be changed only while it is active."
        )
    vocabulary.refuse_unknown()
    receipt = {
        "campaign_id": campaign_id,
        "user_id": sender.account.user_id,
        "api_key_id": sender.account.api_key_id,
        "request_id": sender.request_id,
        "image_count": len(counts),
        "object_count": sum(counts),
        "submission_id": None,
    }
    newly_labeled = 0
    for chunk in _chunks(images, vocabulary):
        stored = session.execute(STORE, {**receipt, **chunk, "max_errors": MAX_ERRORS}).one()
        _require_known(stored.unknown, campaign_id)
        _require_images(stored.no_images)
        _require_inside(stored.exceeded, images)
        receipt["submission_id"] = stored.submission_id
        newly_labeled += stored.newly_labeled
    collect_classes(session, campaign_id, vocabulary)
    _count_labeled(session, campaign, newly_labeled)
    return Receipt(int(stored.submission_id), counts)


def _is_present(session: Session, campaign: Campaign, images: Iterable[dict[str, Any]], vocabulary: Vocabulary) -> bool:
    # Most submissions differ in their first image, and one small query tells.
    chunks = chain(_chunks(islice(images, 1), vocabulary), _chunks(images, vocabulary))
    return all(session.scalar(IS_PRESENT, {**chunk, "campaign_id": campaign.id}) for chunk in chunks)


def _chunks(images: Iterable[dict[str, Any]], vocabulary: Vocabulary) -> Iterator[dict[str, str]]:
    """Yield the two documents of `STORE` and `IS_PRESENT`, each time for up to CHUNK_COUNT images and objects together.

    An image with more objects than there is room for is named again in the next documents.
    """
    named: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for i, image in enumerate(images):
        rows = _rows(i, image, vocabulary)
        first, is_whole = 0, False
        while not is_whole:
            room = CHUNK_COUNT - len(named) - len(boxes)
            part = list(islice(rows, room))
            is_whole = len(part) < room
            named.append(
                {
                    "position": i,
                    "image_id": image["image_id"],
                    "first": first,
                    "size": None if is_whole else len(part),
                    "right_edge": max((row["x_max"] for row in part), default=None),
                    "lower_edge": max((row["y_max"] for row in part), default=None),
                }
            )
            boxes += part
            first += len(part)
            if not is_whole:
                yield {"images": _document(named), "boxes": _document(boxes)}
                named, boxes = [], []
    yield {"images": _document(named), "boxes": _document(boxes)}


def _document(rows: list[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()


def _rows(i: int, image: dict[str, Any], vocabulary: Vocabulary) -> Iterator[dict[str, Any]]:
    """Flatten an image into rows of the table."""
    for j, item in enumerate(image["objects"]):
        box = item["bounding_box"]
        reading = vocabulary.read(item["label"], item.get("label_translated"))
        yield {
            "image_id": image["image_id"],
            "i": i,
            "j": j,
            "x_min": box["xmin"],
            "y_min": box["ymin"],
            "x_max": box["xmax"],
            "y_max": box["ymax"],
            "confidence": item.get("confidence"),
            "label": reading.label,
            "label_original": reading.original,
        }


def _check(images: Iterable[dict[str, Any]], max_objects: int, vocabulary: Vocabulary) -> list[int]:
    """Return how many objects there are on each image; labels that the campaign does not take are noted in its vocabulary.

    Raises BadRequest for too many, and Unprocessable for an image that is named twice, and for boxes without area or left
    of or above the image.
    """
    counts: list[int] = []

    def count_objects() -> Iterator[dict[str, Any]]:
        total = 0
        for image in images:
            counts.append(len(image["objects"]))
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
            words = f"Image {image['image_id']} is already named at /{first[image['image_id']]}."
            yield {"pointer": f"/{i}/image_id", "detail": words}
        for j, item in enumerate(image["objects"]):
            reading = vocabulary.read(item["label"], item.get("label_translated"))
            if reading.faults or not _box_is_right(item["bounding_box"]):
                yield from _faults(item, reading, f"/{i}/objects/{j}")
            elif reading.unknown:
                vocabulary.note_unknown(reading, f"/{i}/objects/{j}")


def _box_is_right(box: dict[str, int]) -> bool:
    return 0 <= box["xmin"] < box["xmax"] and 0 <= box["ymin"] < box["ymax"]


def _faults(item: dict[str, Any], reading: Reading, pointer: str) -> Iterator[dict[str, str]]:
    if not _box_is_right(item["bounding_box"]):
        words = "A box must have 0 <= xmin < xmax and 0 <= ymin < ymax."
        yield {"pointer": f"{pointer}/bounding_box", "detail": words}
    yield from ({"pointer": f"{pointer}/{name}", "detail": detail} for name, detail in reading.faults)


def _require_known(unknown: list[list[int]] | None, campaign_id: int) -> None:
    if unknown:
        words = f"Image {{}} is not in campaign {campaign_id}."
        errors = [{"pointer": f"/{i}/image_id", "detail": words.format(image_id)} for i, image_id in unknown]
        raise NotFound(f"{errors[0]['detail']} Nothing was stored.", errors=errors)


def _require_images(no_images: list[list[int]] | None) -> None:
    if no_images:
        words = (
            "Image {} is not an image file, or its size in pixels is unknown, so it accepts no boxes: "
            "send `objects: []` for it."
        )
        errors = [{"pointer": f"/{i}/objects", "detail": words.format(image_id)} for i, image_id in no_images]
        raise Unprocessable(f"{errors[0]['detail']} Nothing was stored.", errors=errors)


def _require_inside(exceeded: list[list[int]] | None, images: Iterable[dict[str, Any]]) -> None:
    """Raise Unprocessable for boxes that reach out of the images `exceeded`, given as `[position, width, height]`."""
    if exceeded:
        sizes = {position: (width, height) for position, width, height in exceeded}
        errors = list(islice(_outside(images, sizes), MAX_ERRORS))
        raise Unprocessable(f"{errors[0]['pointer']}: {errors[0]['detail']} Nothing was stored.", errors=errors)


def _outside(images: Iterable[dict[str, Any]], sizes: dict[int, tuple[int, int]]) -> Iterator[dict[str, str]]:
    for i, image in enumerate(images):
        if i in sizes:
            width, height = sizes[i]
            words = f"The box is not inside the image, which is {width} pixels wide and {height} pixels high."
            for j, item in enumerate(image["objects"]):
                box = item["bounding_box"]
                if box["xmax"] > width or box["ymax"] > height:
                    yield {"pointer": f"/{i}/objects/{j}/bounding_box", "detail": words}


def _count_labeled(session: Session, campaign: Campaign, newly_labeled: int) -> None:
    labeled_count = campaign.labeled_count + newly_labeled
    if newly_labeled:
        session.execute(update(Campaign).where(Campaign.id == campaign.id).values(labeled_count=labeled_count))
    if campaign.auto_complete and labeled_count == campaign.image_count:
        enter_status(session, campaign, "completed", automatic=True)


def get_receipt(session: Session, sender: Sender, campaign_id: int, receipt: Receipt) -> bytes:
    """Return the receipt of a submission as JSON; one that changed nothing has no id. Raises NotFound."""
    if receipt.submission_id is None:
        unchanged = {
            "submission_id": None,
            "campaign_id": campaign_id,
            "image_count": len(receipt.object_counts),
            "object_count": sum(receipt.object_counts),
            "date_created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "created_by": sender.account.email,
        }
        return orjson.dumps(unchanged)
    found = fetch_object(session, SUBMISSIONS.where(Submission.id == receipt.submission_id))
    if found is None:
        raise NotFound(f"There is no submission {receipt.submission_id}.")
    return found
