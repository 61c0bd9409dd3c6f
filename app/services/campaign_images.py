"""Which images are in a campaign: they come and leave, and what they were there is kept."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, Row, Text, case, cast, exists, func, literal, null, select, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import Conflict, NotFound, Unprocessable
from app.models import (
    Campaign,
    CampaignImage,
    CampaignMembership,
    Image,
    ImageSet,
    ImageSetProblem,
    Review,
    SubmissionImage,
)
from app.models.submissions import STATES
from app.representations.json import AnySelect
from app.representations.reviews import review_id_then
from app.services import queries
from app.services.audit import Action, SubjectType, record
from app.services.campaigns import count_states, lock_campaign
from app.services.images import Requirement, resolve_images

MAX_ERRORS = 50
# So many items of one request may select images: each is a statement.
MAX_SELECTIONS = 100
# After all submissions and reviews.
NOW = {"moment": 2**63 - 1, "moment_time": datetime.max.replace(tzinfo=UTC)}
# From so many images on a statement may take longer than others.
MANY_IMAGES = 1_000
# So many ids of removed images are named in the audit.
MAX_NAMED = 100
# A file that is no image has no size in pixels, and a withdrawn image has no file.
CAN_BE_LABELED = Image.width.is_not(None) & Image.date_withdrawn.is_(None)
STATE_ALONE = "The field `state` goes with `campaign`."
NO_IMAGE = "Image {} cannot be in a campaign: it is no image, its size in pixels is unknown, or it was withdrawn."

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
    RETURNING campaign_id, state, review_id
)
SELECT state, verdict, count(*) AS images
FROM removed LEFT JOIN review ON review.campaign_id = removed.campaign_id AND review.id = review_id
GROUP BY state, verdict
""")


@dataclass(frozen=True)
class Addition:
    """How many images were added to a campaign.

    `skipped` of those that were selected are no images, and `flagged` of those that were added have an open problem.
    """

    added: int
    skipped: int
    flagged: int


def add_images(session: Session, campaign_id: int, items: Iterable[dict[str, Any]]) -> Addition:
    """Add images to a campaign that is `created` or `active`, all or none; one that is in it already stays as it is.

    An item names an image, `{"id"}` or `{"filepath"}`, or selects images: `{"image_set"}`, `{"campaign", "state"?}`, `{"query"}`
    or `{"query_name"}`. What is selected and is no image is skipped. An image that was in the campaign before has the content
    that it had when it left. Raises NotFound for the campaign and what an item names, Conflict for another status of the
    campaign, Unprocessable for a named file that is no image or has no known size, for more than MAX_SELECTIONS selections,
    and for a query that contradicts itself.
    """
    campaign = _lock_changeable(session, campaign_id, "added")
    requirement = Requirement(CAN_BE_LABELED, NO_IMAGE, Unprocessable)
    changes: Counter[str] = Counter()
    selections = position = 0
    for is_selection, part in groupby(items, _is_selection):
        if not is_selection:
            named = NamedImages(part, position)
            for image_ids in resolve_images(session, named, requirement, position=position):
                if len(image_ids) > MANY_IMAGES:
                    set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
                changes += _insert(session, campaign_id, select(Image.id).where(Image.id == func.any(image_ids)))
            position += named.count
            continue
        for item in part:
            selections += 1
            images = _select_images(session, item, f"/{position}", selections)
            set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
            changes += _insert(session, campaign_id, images)
            position += 1
    # A campaign does not complete because of images that come.
    count_states(session, campaign, changes, completes=False)
    return Addition(sum(changes[state] for state in STATES), changes["skipped"], changes["flagged"])


class NamedImages:
    """Items that name images, which are counted as they are gone through; the first has the given position in the body."""

    def __init__(self, items: Iterable[dict[str, Any]], position: int) -> None:
        self.count = 0
        self._items, self._position = items, position

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for item in self._items:
            if "state" in item:
                raise _refused(Unprocessable, f"/{self._position + self.count}/state", STATE_ALONE)
            self.count += 1
            yield item


def _is_selection(item: dict[str, Any]) -> bool:
    return "id" not in item and "filepath" not in item


def _select_images(session: Session, item: dict[str, Any], pointer: str, selections: int) -> AnySelect:
    """Return the select of the ids of images that an item selects. Raises NotFound and Unprocessable, which point at it."""
    if selections > MAX_SELECTIONS:
        raise _refused(Unprocessable, pointer, f"One request takes at most {MAX_SELECTIONS} selections of images.")
    if "state" in item and "campaign" not in item:
        raise _refused(Unprocessable, f"{pointer}/state", STATE_ALONE)
    images = select(Image.id)
    if "image_set" in item:
        if session.get(ImageSet, item["image_set"]) is None:
            raise _refused(NotFound, f"{pointer}/image_set", f"There is no image set {item['image_set']}.")
        return images.where(Image.image_set_id == item["image_set"])
    if "campaign" in item:
        if session.scalar(select(Campaign.id).where(Campaign.id == item["campaign"])) is None:
            raise _refused(NotFound, f"{pointer}/campaign", f"There is no campaign {item['campaign']}.")
        images = images.join(CampaignImage, CampaignImage.image_id == Image.id)
        images = images.where(CampaignImage.campaign_id == item["campaign"])
        return images.where(CampaignImage.state == item["state"]) if "state" in item else images
    return queries.select_images(session, item, pointer)


def _refused(error: type[NotFound] | type[Unprocessable], pointer: str, detail: str) -> NotFound | Unprocessable:
    return error(f"{pointer}: {detail} Nothing was added.", errors=[{"pointer": pointer, "detail": detail}])


def _insert(session: Session, campaign_id: int, images: AnySelect) -> Counter[str]:
    """Add images by one statement, unless they are in the campaign.

    Return how many of them have each state and verdict, and how many were `skipped` and `flagged`.
    """
    chosen = images.add_columns(CAN_BE_LABELED.label("is_image")).cte("chosen")
    members = (CampaignMembership.campaign_id == campaign_id, CampaignMembership.date_left.is_not(None))
    columns = ["campaign_id", "image_id", "submission_id", "state"]
    target = literal(campaign_id, BigInteger)
    if session.scalar(select(exists().where(*members))):
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
        review_id = review_id_then(campaign_id, chosen.c.id, chosen)
        rows = select(target, chosen.c.id, revision, state, review_id).outerjoin(newest, true())
        columns.append("review_id")
    else:
        rows = select(target, chosen.c.id, cast(null(), BigInteger), literal("unlabeled", Text))
    new = insert(CampaignImage).from_select(columns, rows.where(chosen.c.is_image)).on_conflict_do_nothing()
    kept = (CampaignImage.campaign_id, CampaignImage.image_id, CampaignImage.state, CampaignImage.review_id)
    added = new.returning(*kept).cte("added")
    is_open = (ImageSetProblem.image_id.is_not(None), ImageSetProblem.settlement.is_(None))
    is_flagged = added.c.image_id.in_(select(ImageSetProblem.image_id).where(*is_open))
    # By a constant in the place of the column, all reviews of the campaign might be looked through for each image.
    is_review = (Review.campaign_id == added.c.campaign_id) & (Review.id == added.c.review_id)
    counts = (
        select(
            added.c.state,
            Review.verdict,
            func.count().label("images"),
            func.count().filter(is_flagged).label("flagged"),
        )
        .outerjoin(Review, is_review)
        .group_by(added.c.state, Review.verdict)
    )
    skipped = select(literal("skipped", Text), cast(null(), Text), func.count(), literal(0, BigInteger))
    found = session.execute(counts.union_all(skipped.where(~chosen.c.is_image)), NOW).all()
    return _count(found) + Counter(flagged=sum(row.flagged for row in found))


def _count(rows: Iterable[Row[Any]]) -> Counter[str]:
    """Return how many images have each state, and how many each verdict."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.state] += row.images
        if row.verdict is not None:
            counts[row.verdict] += row.images
    return counts


def remove_images(session: Session, campaign_id: int, references: Iterable[dict[str, Any]]) -> int:
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
        campaign = lock_campaign(session, campaign_id, even_archived=True)
        # It may have been finished, or the image removed, before the lock was there.
        if campaign.status != "finished" and _remove(session, campaign, [image_id]):
            left.append(campaign_id)
    return left


def remove_withdrawn(session: Session, campaign_id: int) -> None:
    """Take images that were withdrawn while the campaign was finished out of it, before it goes on. Raises NotFound."""
    campaign = lock_campaign(session, campaign_id)
    member = select(CampaignImage.image_id).join(Image, Image.id == CampaignImage.image_id)
    withdrawn = member.where(CampaignImage.campaign_id == campaign_id, Image.date_withdrawn.is_not(None))
    image_ids = list(session.scalars(withdrawn.order_by(CampaignImage.image_id)))
    if image_ids:
        _remove(session, campaign, image_ids)


def _lock_changeable(session: Session, campaign_id: int, change: str) -> Campaign:
    campaign = lock_campaign(session, campaign_id)
    if campaign.status not in ("created", "active"):
        raise Conflict(
            f"Campaign {campaign_id} is {campaign.status}: images can be {change} only while it is created or active."
        )
    return campaign


def _remove(session: Session, campaign: Campaign, image_ids: list[int]) -> int:
    values = {"campaign_id": campaign.id, "image_ids": image_ids}
    if len(image_ids) > MANY_IMAGES:
        set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
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
