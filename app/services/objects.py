"""Objects: the labels that a partner submits for the images of a campaign."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from app import shapes
from app.errors import BadRequest, Conflict, NotFound, Unprocessable
from app.models import Campaign, Submission
from app.postgres import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.services.api_keys import Account
from app.services.campaigns import enter_status, lock_campaign

MAX_ERRORS = 50
# From so many images and objects on a submission may take longer than other statements.
BULK_COUNT = 5_000
MAX_LABEL_LENGTH = 128

# One statement: what was sent is resolved, stored and made current, and what cannot be is reported, so that the caller
# of this rolls back. PostgreSQL unpacks the documents itself, which costs Python next to nothing.
STORE = text("""
WITH sent AS MATERIALIZED (
    SELECT position, image_id FROM json_to_recordset(:images) AS sent (position integer, image_id bigint)
), box AS MATERIALIZED (
    SELECT * FROM json_to_recordset(:boxes) AS box (
        image_id bigint, i integer, j integer, x_min integer, y_min integer, x_max integer, y_max integer,
        confidence double precision, label text, label_original text)
), target AS MATERIALIZED (
    SELECT sent.position, sent.image_id, campaign_image.submission_id, image.width, image.height
    FROM sent
    JOIN campaign_image ON campaign_image.campaign_id = :campaign_id AND campaign_image.image_id = sent.image_id
    JOIN image ON image.id = sent.image_id
), receipt AS (
    INSERT INTO submission (campaign_id, user_id, api_key_id, request_id, image_count, object_count)
    VALUES (:campaign_id, :user_id, :api_key_id, :request_id, :image_count, :object_count)
    RETURNING id
), stored AS (
    INSERT INTO object (campaign_id, submission_id, image_id, x_min, y_min, x_max, y_max, confidence, label, label_original)
    SELECT :campaign_id, receipt.id, box.image_id, x_min, y_min, x_max, y_max, confidence, label, label_original
    FROM box JOIN target ON target.image_id = box.image_id CROSS JOIN receipt
    ORDER BY i, j
), pointed AS (
    UPDATE campaign_image SET submission_id = receipt.id
    FROM target, receipt
    WHERE campaign_image.campaign_id = :campaign_id AND campaign_image.image_id = target.image_id
)
SELECT
    (SELECT id FROM receipt) AS submission_id,
    (SELECT count(*) FROM target WHERE submission_id IS NULL) AS newly_labeled,
    (SELECT json_agg(json_build_array(position, image_id)) FROM (
        SELECT * FROM sent WHERE NOT EXISTS (SELECT FROM target WHERE target.image_id = sent.image_id)
        ORDER BY position LIMIT :max_errors) AS missing) AS unknown,
    (SELECT json_agg(json_build_array(i, j, width, height)) FROM (
        SELECT i, j, width, height FROM box JOIN target ON target.image_id = box.image_id
        WHERE x_max > width OR y_max > height ORDER BY i, j LIMIT :max_errors) AS large) AS outside
""")


@dataclass(frozen=True)
class Sender:
    """Who submits: the account, and the id of the request for finding it in the logs."""

    account: Account
    request_id: str | None


def put_objects(
    session: Session, sender: Sender, campaign_id: int, images: list[dict[str, Any]], max_objects: int
) -> int:
    """Make what was sent the present objects of each named image, all or nothing; return the id of the submission.

    `images` is a list of `{"image_id", "objects": [{"bounding_box", "label", …}]}`; boxes are in pixels. The campaign
    completes when this labels its last image. Raises NotFound for the campaign or an image that is not in it, Conflict
    unless the campaign is `active`, BadRequest for more than `max_objects` objects, Unprocessable for an image that is
    named twice or a box that cannot be.
    """
    object_count = sum(len(image["objects"]) for image in images)
    if object_count > max_objects:
        raise BadRequest(f"There are {object_count} objects in the body; one submission takes at most {max_objects}.")
    campaign = lock_campaign(session, campaign_id)
    if campaign.status != "active":
        raise Conflict(f"Campaign {campaign_id} is {campaign.status}: objects can be put only while it is active.")
    _check(images)
    if len(images) + object_count > BULK_COUNT:
        set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
    stored = session.execute(
        STORE,
        {
            "images": _document({"position": i, "image_id": image["image_id"]} for i, image in enumerate(images)),
            "boxes": _document(_rows(images, campaign.label_translations or {})),
            "campaign_id": campaign_id,
            "user_id": sender.account.user_id,
            "api_key_id": sender.account.api_key_id,
            "request_id": sender.request_id,
            "image_count": len(images),
            "object_count": object_count,
            "max_errors": MAX_ERRORS,
        },
    ).one()
    _require_known(stored.unknown, campaign_id)
    _require_inside(stored.outside)
    _count_labeled(session, campaign, stored.newly_labeled)
    return int(stored.submission_id)


def _document(rows: Iterable[dict[str, Any]]) -> str:
    return orjson.dumps(list(rows)).decode()


def _rows(images: list[dict[str, Any]], translations: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Flatten what was sent into rows of the table; the sender's own translation goes before the campaign's."""
    for i, image in enumerate(images):
        for j, item in enumerate(image["objects"]):
            box = item["bounding_box"]
            original = unicodedata.normalize("NFC", item["label"])
            translated = item.get("label_translated")
            yield {
                "image_id": image["image_id"],
                "i": i,
                "j": j,
                "x_min": box["xmin"],
                "y_min": box["ymin"],
                "x_max": box["xmax"],
                "y_max": box["ymax"],
                "confidence": item.get("confidence"),
                "label": unicodedata.normalize("NFC", translated)
                if translated
                else translations.get(original, original),
                "label_original": original,
            }


def _check(images: list[dict[str, Any]]) -> None:
    """Raise Unprocessable for an image that is named twice, and for boxes without area or left of or above the image."""
    errors: list[dict[str, str]] = []
    first: dict[int, int] = {}
    for i, image in enumerate(images):
        image_id = image["image_id"]
        if first.setdefault(image_id, i) != i:
            words = f"Image {image_id} is named already at /{first[image_id]}."
            errors.append({"pointer": f"/{i}/image_id", "detail": words})
        for j, item in enumerate(image["objects"]):
            box = item["bounding_box"]
            if not (0 <= box["xmin"] < box["xmax"] and 0 <= box["ymin"] < box["ymax"]):
                words = "A box has 0 <= xmin < xmax and 0 <= ymin < ymax."
                errors.append({"pointer": f"/{i}/objects/{j}/bounding_box", "detail": words})
            for name in ("label", "label_translated"):
                # Composed characters may become longer in normal form C, in which labels are stored.
                if len(unicodedata.normalize("NFC", item.get(name) or "")) > MAX_LABEL_LENGTH:
                    words = f"A label has at most {MAX_LABEL_LENGTH} characters in Unicode normal form C."
                    errors.append({"pointer": f"/{i}/objects/{j}/{name}", "detail": words})
        if len(errors) >= MAX_ERRORS:
            break
    if errors:
        raise Unprocessable(
            f"{errors[0]['pointer']}: {errors[0]['detail']} Nothing was stored.", errors=errors[:MAX_ERRORS]
        )


def _require_known(unknown: list[list[int]] | None, campaign_id: int) -> None:
    if unknown:
        words = f"Image {{}} is not in campaign {campaign_id}."
        errors = [{"pointer": f"/{i}/image_id", "detail": words.format(image_id)} for i, image_id in unknown]
        raise NotFound(f"{errors[0]['detail']} Nothing was stored.", errors=errors)


def _require_inside(outside: list[list[int]] | None) -> None:
    if outside:
        errors = [
            {
                "pointer": f"/{i}/objects/{j}/bounding_box",
                "detail": f"The box does not lie in the image, which is {width} wide and {height} high.",
            }
            for i, j, width, height in outside
        ]
        raise Unprocessable(f"{errors[0]['pointer']}: {errors[0]['detail']} Nothing was stored.", errors=errors)


def _count_labeled(session: Session, campaign: Campaign, newly_labeled: int) -> None:
    labeled_count = campaign.labeled_count + newly_labeled
    if newly_labeled:
        session.execute(update(Campaign).where(Campaign.id == campaign.id).values(labeled_count=labeled_count))
    if campaign.auto_complete and labeled_count == campaign.image_count:
        enter_status(session, campaign.id, "completed")


def get_submission(session: Session, submission_id: int) -> bytes:
    """Return the receipt of a submission. Raises NotFound."""
    found = shapes.find_one(session, shapes.submissions().where(Submission.id == submission_id))
    if found is None:
        raise NotFound(f"There is no submission {submission_id}.")
    return found
