"""The schemas Campaign, CampaignImage and LabeledImage."""

from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    DateTime,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased, join, outerjoin

from app.models import Campaign, CampaignClass, CampaignImage, CampaignMembership, Image, SubmissionImage
from app.models.jobs import PUBLISH_DATASETS
from app.models.users import LABELER, REVIEWER
from app.representations.classes import CLASSES
from app.representations.images import FILE
from app.representations.jobs import newest_job
from app.representations.json import AnySelect, json_rows, utc
from app.representations.objects import select_objects_of, select_suggestions
from app.representations.progress import PROGRESS
from app.representations.reviews import review_id_then, review_of
from app.representations.users import members_of_campaign, user_email

_CLASSES = CLASSES.where(CampaignClass.campaign_id == Campaign.id).correlate(Campaign)
CAMPAIGNS = select(
    Campaign.id.label("campaign_id"),
    Campaign.title,
    Campaign.status,
    PROGRESS.label("progress"),
    Campaign.metadata_.label("metadata"),
    Campaign.label_translations,
    json_rows(_CLASSES).label("classes"),
    Campaign.strict,
    Campaign.instructions,
    Campaign.kind,
    Campaign.model,
    Campaign.version,
    Campaign.prelabels_from,
    Campaign.auto_complete,
    Campaign.late_corrections,
    Campaign.archived,
    utc(Campaign.date_created).label("date_created"),
    utc(Campaign.date_started).label("date_started"),
    utc(Campaign.date_completed).label("date_completed"),
    utc(Campaign.date_finished).label("date_finished"),
    user_email(Campaign.created_by).label("created_by"),
    members_of_campaign(LABELER).label("labelers"),
    members_of_campaign(REVIEWER).label("reviewers"),
    newest_job(PUBLISH_DATASETS, "campaign", Campaign.id).label("publication"),
).order_by(Campaign.id)
LISTED_CAMPAIGNS = CAMPAIGNS.where(Campaign.archived == bindparam("archived"))
LISTED_CAMPAIGNS_OF_KIND = LISTED_CAMPAIGNS.where(Campaign.kind == bindparam("kind"))
CAMPAIGN = CAMPAIGNS.where(Campaign.id == bindparam("campaign_id"))


# To make such a select takes longer than to run it for a few images.
@lru_cache(8)
def select_campaign_images(member: type[CampaignImage], *, with_file: bool = False) -> AnySelect:
    """Return the select of the images of the campaign `campaign_id` as they are, or as IMAGES_THEN has them.

    With `with_file` the file is in one more column, which `fetch_page` replaces by a link, after its size and its hash.
    """
    # Few images have a reason, so that it is not kept with them.
    reason = (
        select(SubmissionImage.reason)
        .where(
            SubmissionImage.campaign_id == member.campaign_id,
            SubmissionImage.image_id == member.image_id,
            SubmissionImage.submission_id == member.submission_id,
        )
        .correlate(member)
        .scalar_subquery()
    )
    # What a model found on the image, where the campaign names a campaign of one.
    source = (
        select(Campaign.prelabels_from).where(Campaign.id == member.campaign_id).correlate(member).scalar_subquery()
    )
    suggestions = case((source.is_not(None), json_rows(select_suggestions(member))))
    rows = (
        select(
            member.image_id,
            (literal_column("'/images/'", Text) + cast(member.image_id, Text)).label("url"),
            func.split_part(Image.blobstorage_path, "/", -1).label("file_name"),
            Image.filetype,
            Image.width,
            Image.height,
            member.state,
            case((member.state == "unusable", reason)).label("reason"),
            member.submission_id.label("revision"),
            review_of(member).label("review"),
            suggestions.label("suggestions"),
        )
        .join(Image, Image.id == member.image_id)
        .where(member.campaign_id == bindparam("campaign_id"))
        .order_by(member.image_id)
    )
    if not with_file:
        return rows
    sha256 = func.encode(Image.sha256, literal_column("'hex'", Text)).label("sha256")
    return rows.add_columns(Image.filesize, sha256, FILE.label("download_url"))


@lru_cache(8)
def select_labeled_images(member: type[CampaignImage]) -> AnySelect:
    """Return the same select with the objects of each image."""
    return select_campaign_images(member).add_columns(json_rows(select_objects_of(member)).label("objects"))


@lru_cache(8)
def until_page_ends(rows: AnySelect, *, is_past: bool = False) -> AnySelect:
    """Return a select of images of a campaign without those behind a page: `begin_id`, and `end_rows` images after it.

    With it PostgreSQL looks at no image behind the page, also while it has no statistics of a new campaign. `is_past` states that
    the images are those of a moment.
    """
    member = CampaignMembership if is_past else CampaignImage
    behind = select(member.image_id).where(
        member.campaign_id == bindparam("campaign_id"),
        member.image_id > bindparam("begin_id", type_=BigInteger),
    )
    if is_past:
        behind = behind.where(WAS_IN_CAMPAIGN)
    behind = behind.order_by(member.image_id).offset(bindparam("end_rows", type_=BigInteger)).limit(1)
    return rows.where(rows.selected_columns.image_id <= func.coalesce(behind.scalar_subquery(), 2**63 - 1))


# A moment as two parameters: the newest submission to the campaign, and the time.
_MOMENT = tuple_(bindparam("moment", type_=BigInteger), bindparam("moment_time", type_=DateTime(timezone=True)))
_JOINED = tuple_(CampaignMembership.joined_after, CampaignMembership.date_joined)
_LEFT = tuple_(CampaignMembership.left_after, CampaignMembership.date_left)
# The condition under which a span of membership holds the moment.
WAS_IN_CAMPAIGN = and_(_JOINED <= _MOMENT, or_(CampaignMembership.date_left.is_(None), _LEFT > _MOMENT))


def _count_members_then() -> AnySelect:
    spans = select(func.count()).where(CampaignMembership.campaign_id == Campaign.id).correlate(Campaign)
    joined = spans.where(CampaignMembership.joined_after > 0, _JOINED > _MOMENT).scalar_subquery()
    left = spans.where(CampaignMembership.date_left.is_not(None), _LEFT > _MOMENT).scalar_subquery()
    early = spans.where(CampaignMembership.joined_after == 0, _JOINED > _MOMENT).scalar_subquery()
    before_submissions = case((bindparam("moment", type_=BigInteger) == 0, early), else_=0)
    count = Campaign.image_count - joined + left - before_submissions
    return select(count).where(Campaign.id == bindparam("campaign_id"))


# How many images were in a campaign at the moment. Counted are those that joined and left since, which the indexes of the table
# hold: of a campaign with many images these are few.
COUNT_MEMBERS_THEN = _count_members_then()


def _images_then() -> type[CampaignImage]:
    newest = (
        select(SubmissionImage.submission_id, SubmissionImage.state)
        .where(
            SubmissionImage.campaign_id == CampaignMembership.campaign_id,
            SubmissionImage.image_id == CampaignMembership.image_id,
            SubmissionImage.submission_id <= bindparam("moment", type_=BigInteger),
        )
        .correlate(CampaignMembership)
        .order_by(SubmissionImage.submission_id.desc())
        .limit(1)
        .lateral("newest")
    )
    review_id = review_id_then(CampaignMembership.campaign_id, CampaignMembership.image_id, CampaignMembership)
    # The offset keeps PostgreSQL from looking for the review in each place where it is named.
    review = select(review_id.label("id")).correlate(CampaignMembership).offset(0).lateral("review_then")
    past = (
        select(
            CampaignMembership.campaign_id,
            CampaignMembership.image_id,
            case((newest.c.state != "unlabeled", newest.c.submission_id)).label("submission_id"),
            func.coalesce(newest.c.state, "unlabeled").label("state"),
            review.c.id.label("review_id"),
        )
        .select_from(join(outerjoin(CampaignMembership, newest, true()), review, true()))
        .where(WAS_IN_CAMPAIGN)
    )
    return aliased(CampaignImage, past.subquery("past"), adapt_on_names=True)


# The images that were in campaigns at the moment, as they were then.
IMAGES_THEN = _images_then()
