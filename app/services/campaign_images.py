"""Which images are in a campaign: they come and leave, and what they were there is kept."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Row, Text, case, cast, exists, func, literal, null, select, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound, Unprocessable
from app.models import Campaign, CampaignImage, CampaignMembership, Image, Review, SubmissionImage
from app.models.submissions import STATES
from app.representations.json import AnySelect
from app.representations.reviews import review_id_then
from app.services.audit import Action, SubjectType, record
from app.services.campaigns import count_states, lock_campaign
from app.services.images import Requirement, resolve_images

MAX_ERRORS = 50
# After all submissions and reviews.
NOW = {"moment": 2**63 - 1, "moment_time": datetime.max.replace(tzinfo=UTC)}
# So many ids of removed images are named in the audit.
MAX_NAMED = 100
NO_IMAGE = "Image {} cannot be in a campaign: it is no image, or its size in pixels is unknown."

UNKNOWN = text("""
SELECT position - 1 AS position, image_id
FROM unnest(CAST(:image_ids AS bigint[])) WITH ORDINALITY AS named (image_id, position)
WHERE NOT EXISTS (
    SELECT FROM campaign_image WHERE campaign_id = :campaign_id AND campaign_image.image_id = named.image_id)
ORDER BY position LIMIT :most
""")

# A draft holds the row of its image until it is stored, so that none comes between these three statements.
HOLD = text("""
SELECT image_id FROM campaign_image
WHERE campaign_id = :campaign_id AND image_id = ANY (CAST(:image_ids AS bigint[])) ORDER BY image_id FOR UPDATE
""")
HOLD_AS_MEMBERS = text("""
SELECT image_id FROM campaign_image
WHERE campaign_id = :campaign_id AND image_id = ANY (CAST(:image_ids AS bigint[])) ORDER BY image_id FOR KEY SHARE
""")
DROP_DRAFTS = text("""
DELETE FROM draft WHERE campaign_id = :campaign_id AND image_id = ANY (CAST(:image_ids AS bigint[]))
""")
REMOVE = text("""
WITH removed AS (
    DELETE FROM campaign_image WHERE campaign_id = :campaign_id AND image_id = ANY (CAST(:image_ids AS bigint[]))
    RETURNING state, review_id
)
SELECT state, verdict, count(*) AS images
FROM removed LEFT JOIN review ON review.campaign_id = :campaign_id AND review.id = review_id
GROUP BY state, verdict
""")


@dataclass
class Addition:
    """How many images were added to a campaign."""

    added: int = 0


def add_images(session: Session, campaign_id: int, references: Iterable[dict[str, int | str]]) -> Addition:
    """Add images to a campaign that is `created` or `active`, all or none; one that is in it already stays as it is.

    An image that was in the campaign before has the content that it had when it left. Raises NotFound for the campaign or an
    image, Conflict for another status of the campaign, Unprocessable for what is no image or has no known size.
    """
    campaign = _lock_changeable(session, campaign_id, "added")
    requirement = Requirement(Image.width.is_not(None), NO_IMAGE, Unprocessable)
    changes: Counter[str] = Counter()
    for image_ids in resolve_images(session, references, requirement, outcome="Nothing was added."):
        changes += _insert(session, campaign_id, select(func.unnest(image_ids, type_=BigInteger).label("id")))
    # A campaign does not complete because of images that come.
    count_states(session, campaign, changes, completes=False)
    return Addition(sum(changes[state] for state in STATES))


def _insert(session: Session, campaign_id: int, images: AnySelect) -> Counter[str]:
    """Add images by one statement, unless they are in the campaign; return how many of them have each state and verdict."""
    chosen = images.cte("chosen")
    members = (CampaignMembership.campaign_id == campaign_id, CampaignMembership.date_left.is_not(None))
    rows = select(literal(campaign_id, BigInteger), chosen.c.id, cast(null(), BigInteger), literal("unlabeled", Text))
    returns = session.scalar(select(exists().where(*members)))
    if returns:
        # Some may have been here before.
        newest = (
            select(SubmissionImage.submission_id, SubmissionImage.state)
            .where(SubmissionImage.campaign_id == campaign_id, SubmissionImage.image_id == chosen.c.id)
            .order_by(SubmissionImage.submission_id.desc())
            .limit(1)
            .lateral("newest")
        )
        state = func.coalesce(newest.c.state, "unlabeled")
        revision = case((newest.c.state != "unlabeled", newest.c.submission_id))
        rows = select(literal(campaign_id, BigInteger), chosen.c.id, revision, state).outerjoin(newest, true())
    columns = ["campaign_id", "image_id", "submission_id", "state"]
    if returns:
        columns.append("review_id")
        rows = rows.add_columns(review_id_then(campaign_id, chosen.c.id, chosen))
    new = insert(CampaignImage).from_select(columns, rows).on_conflict_do_nothing()
    added = new.returning(CampaignImage.state, CampaignImage.review_id).cte("added")
    is_review = (Review.campaign_id == campaign_id) & (Review.id == added.c.review_id)
    counts = select(added.c.state, Review.verdict, func.count().label("images")).outerjoin(Review, is_review)
    return _count(session.execute(counts.group_by(added.c.state, Review.verdict), NOW))


def _count(rows: Iterable[Row[Any]]) -> Counter[str]:
    """Return how many images have each state, and how many each verdict."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.state] += row.images
        if row.verdict is not None:
            counts[row.verdict] += row.images
    return counts


def remove_images(session: Session, campaign_id: int, references: Iterable[dict[str, int | str]]) -> int:
    """Take images out of a campaign that is `created` or `active`, all or none; return how many.

    What they were in the campaign is kept; drafts are deleted. An active campaign may be complete without them. Raises NotFound
    for the campaign and for an image that is not in it, Conflict for another status of the campaign.
    """
    campaign = _lock_changeable(session, campaign_id, "removed")
    is_member = exists().where(CampaignImage.campaign_id == campaign_id, CampaignImage.image_id == Image.id)
    requirement = Requirement(is_member, f"Image {{}} is not in campaign {campaign_id}.", NotFound)
    image_ids: set[int] = set()
    for part in resolve_images(session, references, requirement, outcome="Nothing was removed."):
        image_ids.update(part)
    _remove(session, campaign, sorted(image_ids))
    return len(image_ids)


def remove_from_unfinished(session: Session, image_id: int) -> list[int]:
    """Take an image out of every campaign that is not finished, as for a withdrawn image; return the ids of the campaigns.

    What it was in them is kept. Campaigns are locked in the order of their ids. Nobody may add the image meanwhile.
    """
    member = select(CampaignImage.campaign_id).join(Campaign, Campaign.id == CampaignImage.campaign_id)
    unfinished = member.where(CampaignImage.image_id == image_id, Campaign.status != "finished")
    left = []
    for campaign_id in session.scalars(unfinished.order_by(CampaignImage.campaign_id)).all():
        campaign = lock_campaign(session, campaign_id)
        # It may have been finished, or the image removed, before the lock was there.
        if campaign.status != "finished" and _remove(session, campaign, [image_id]):
            left.append(campaign_id)
    return left


def _lock_changeable(session: Session, campaign_id: int, change: str) -> Campaign:
    campaign = lock_campaign(session, campaign_id)
    if campaign.status not in ("created", "active"):
        raise Conflict(
            f"Campaign {campaign_id} is {campaign.status}: images can be {change} only while it is created or active."
        )
    return campaign


def _remove(session: Session, campaign: Campaign, image_ids: list[int]) -> int:
    values = {"campaign_id": campaign.id, "image_ids": image_ids}
    session.execute(HOLD, values)
    session.execute(DROP_DRAFTS, values)
    removed = _count(session.execute(REMOVE, values))
    count = sum(removed[state] for state in STATES)
    if count:
        details = {"images": count, "image_ids": image_ids[:MAX_NAMED]}
        record(session, Action.REMOVE_IMAGES, SubjectType.CAMPAIGN, campaign.id, **details)
        count_states(session, campaign, {name: -images for name, images in removed.items()})
    return count


def hold_members(session: Session, campaign_id: int, image_ids: list[int]) -> None:
    """Keep those of the images that are in a campaign in it until the transaction ends, without the lock of the campaign."""
    session.execute(HOLD_AS_MEMBERS, {"campaign_id": campaign_id, "image_ids": image_ids})


def require_members(session: Session, campaign_id: int, image_ids: list[int], *, pointer: str, outcome: str) -> None:
    """Raise NotFound with an error for each image that is not in the campaign, up to MAX_ERRORS.

    `pointer` is that of an image's id in the body, with `{}` for its place in `image_ids`; `outcome` is what the refusal means.
    """
    values = {"campaign_id": campaign_id, "image_ids": image_ids, "most": MAX_ERRORS}
    errors = [
        {"pointer": pointer.format(row.position), "detail": f"Image {row.image_id} is not in campaign {campaign_id}."}
        for row in session.execute(UNKNOWN, values)
    ]
    if errors:
        raise NotFound(f"{errors[0]['detail']} {outcome}", errors=errors)
