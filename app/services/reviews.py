"""Reviews: verdicts on what the images of a campaign are at present. Append-only."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import Conflict, Unprocessable
from app.services import submissions
from app.services.api_keys import Account
from app.services.campaigns import count_states, enter_status, lock_campaign
from app.services.images import find_repeated

MAX_ERRORS = 50
# So many reviews are stored by one statement.
CHUNK_COUNT = 5_000

# The plans must be linear whatever PostgreSQL knows of the tables, as those of the statements that store objects.
LOOK = text("""
WITH sent AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, unnest(CAST(:image_ids AS bigint[])) AS image_id
)
SELECT sent.image_id, campaign_image.submission_id AS revision, review.submission_id AS reviewed, verdict, comment
FROM sent
JOIN campaign_image USING (campaign_id, image_id)
LEFT JOIN review ON review.campaign_id = campaign_image.campaign_id AND review.id = review_id
""")

STORE = text("""
WITH sent AS MATERIALIZED (
    SELECT * FROM json_to_recordset(:reviews) AS sent (image_id bigint, revision bigint, verdict text, comment text)
), added AS (
    INSERT INTO review (campaign_id, image_id, submission_id, verdict, comment, user_id, api_key_id, request_id)
    SELECT :campaign_id, image_id, revision, verdict, comment, :user_id, :api_key_id, :request_id FROM sent
    RETURNING campaign_id, image_id, id
)
UPDATE campaign_image SET review_id = added.id
FROM added
WHERE campaign_image.campaign_id = added.campaign_id AND campaign_image.image_id = added.image_id
""")


def put_reviews(
    session: Session,
    account: Account,
    request_id: str,
    campaign_id: int,
    reviews: Iterable[dict[str, Any]],
    *,
    reopen: bool = False,
) -> None:
    """Give the named images of a campaign verdicts on their present content, all or nothing.

    `reviews` has items `{"image_id", "verdict", "comment"?, "revision"?}`; it is gone through more than once. An image whose
    present content has this verdict with this comment already stays as it is. An active campaign completes when this makes its
    last image done; a completed one stays so, unless `reopen` is true and one of its images is rejected.

    Raises NotFound for the campaign, Conflict unless it is `active` or `completed`, PreconditionFailed for a revision that is not
    the present one, and Unprocessable for an image that is named twice, is not in the campaign, or is unlabeled.
    """
    campaign = lock_campaign(session, campaign_id)
    if campaign.status not in ("active", "completed"):
        raise Conflict(
            f"Campaign {campaign_id} is {campaign.status}: images can be reviewed only while it is active or completed."
        )
    faults = list(islice(find_repeated(review["image_id"] for review in reviews), MAX_ERRORS))
    if faults:
        raise Unprocessable(f"{faults[0]['detail']} Nothing was stored.", errors=faults)
    set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
    sender = {"user_id": account.user_id, "api_key_id": account.api_key_id, "request_id": request_id}
    changes: Counter[str] = Counter()
    position = 0
    for chunk in _chunks(reviews):
        new = []
        present = _look(session, campaign_id, chunk, position)
        for item in chunk:
            before, verdict, comment = present[item["image_id"]], item["verdict"], item.get("comment")
            if (before.reviewed, before.verdict, before.comment) == (before.revision, verdict, comment):
                continue
            new.append(
                {
                    "image_id": item["image_id"],
                    "revision": before.revision,
                    "verdict": verdict,
                    "comment": comment,
                }
            )
            changes[verdict] += 1
            if before.verdict:
                changes[before.verdict] -= 1
        if new:
            values = sender | {"campaign_id": campaign_id, "reviews": orjson.dumps(new).decode()}
            session.execute(STORE, values)
        position += len(chunk)
    count_states(session, campaign, changes, reopens=False)
    if reopen and campaign.status == "completed" and campaign.rejected_count:
        enter_status(session, campaign, "active")


def end_reviews(session: Session, account: Account, campaign_id: int, positions: Mapping[int, int]) -> list[str]:
    """Return the verdicts that end with new content of images; the caller takes the reviews from them.

    `positions` are the places of the images in the body, by their ids. Raises Conflict when one of them is accepted and the
    caller is no admin.
    """
    present = _fetch(session, campaign_id, list(positions))
    errors = [
        {
            "pointer": f"/{positions[image_id]}/image_id",
            "detail": f"Image {image_id} is accepted: labelers can no longer change it.",
        }
        for image_id, row in sorted(present.items(), key=lambda found: positions[found[0]])
        if row.verdict == "accepted" and not account.is_admin
    ]
    if errors:
        raise Conflict(f"{errors[0]['detail']} Nothing was stored.", errors=errors[:MAX_ERRORS])
    return [row.verdict for row in present.values() if row.verdict]


def _fetch(session: Session, campaign_id: int, image_ids: list[int]) -> dict[int, Row[Any]]:
    found = session.execute(LOOK, {"campaign_id": campaign_id, "image_ids": image_ids})
    return {row.image_id: row for row in found}


def _look(session: Session, campaign_id: int, chunk: list[dict[str, Any]], position: int) -> dict[int, Row[Any]]:
    """Return what the images are at present. Raises what put_reviews raises for each of them.

    The first review of the chunk has the given position in the body.
    """
    present = _fetch(session, campaign_id, [item["image_id"] for item in chunk])
    unknown = [
        {"pointer": f"/{i}/image_id", "detail": f"Image {item['image_id']} is not in campaign {campaign_id}."}
        for i, item in enumerate(chunk, position)
        if item["image_id"] not in present
    ]
    _refuse(unknown)
    stale = [
        (i, item["image_id"], present[item["image_id"]].revision)
        for i, item in enumerate(chunk, position)
        if "revision" in item and item["revision"] != present[item["image_id"]].revision
    ]
    submissions.refuse_stale(session, campaign_id, stale)
    unlabeled = [
        {"pointer": f"/{i}/image_id", "detail": f"Image {item['image_id']} is unlabeled: there is nothing to review."}
        for i, item in enumerate(chunk, position)
        if present[item["image_id"]].revision is None
    ]
    _refuse(unlabeled)
    return present


def _refuse(errors: list[dict[str, str]]) -> None:
    if errors:
        raise Unprocessable(f"{errors[0]['detail']} Nothing was stored.", errors=errors[:MAX_ERRORS])


def _chunks(reviews: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    rest = iter(reviews)
    while chunk := list(islice(rest, CHUNK_COUNT)):
        yield chunk
