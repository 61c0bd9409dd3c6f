"""The schemas Campaign, CampaignClass, CampaignImage and LabeledImage."""

from functools import lru_cache

from sqlalchemy import BigInteger, Text, bindparam, case, cast, func, literal_column, select, true
from sqlalchemy.orm import aliased

from app.models import Campaign, CampaignClass, CampaignImage, Image, SubmissionImage
from app.models.jobs import PUBLISH_DATASETS
from app.models.users import LABELER, REVIEWER
from app.representations.images import FILE
from app.representations.jobs import newest_job
from app.representations.json import AnySelect, json_rows, utc
from app.representations.objects import select_objects_of, select_suggestions
from app.representations.progress import PROGRESS
from app.representations.reviews import review_id_then, review_of
from app.representations.users import members_of_campaign, user_email

_CLASSES = (
    select(
        CampaignClass.name,
        CampaignClass.color,
        CampaignClass.key,
        CampaignClass.description,
        CampaignClass.aliases,
        CampaignClass.retired,
    )
    .where(CampaignClass.campaign_id == Campaign.id)
    .correlate(Campaign)
    .order_by(CampaignClass.position)
)
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
    utc(Campaign.date_created).label("date_created"),
    utc(Campaign.date_started).label("date_started"),
    utc(Campaign.date_completed).label("date_completed"),
    utc(Campaign.date_finished).label("date_finished"),
    user_email(Campaign.created_by).label("created_by"),
    members_of_campaign(LABELER).label("labelers"),
    members_of_campaign(REVIEWER).label("reviewers"),
    newest_job(PUBLISH_DATASETS, "campaign", Campaign.id).label("publication"),
).order_by(Campaign.id)
CAMPAIGNS_OF_KIND = CAMPAIGNS.where(Campaign.kind == bindparam("kind"))
CAMPAIGN = CAMPAIGNS.where(Campaign.id == bindparam("campaign_id"))
# The id of the image behind the last one of a page, which begins after an id and after so many more images.
_IMAGE_BEHIND = (
    select(CampaignImage.image_id)
    .where(
        CampaignImage.campaign_id == bindparam("campaign_id"),
        CampaignImage.image_id > bindparam("begin_id", type_=BigInteger),
    )
    .order_by(CampaignImage.image_id)
    .offset(bindparam("end_rows", type_=BigInteger))
    .limit(1)
    .scalar_subquery()
)


# To make such a select takes longer than to run it for a few images.
@lru_cache(8)
def select_campaign_images(member: type[CampaignImage], *, with_file: bool = False) -> AnySelect:
    """Return the select of the images of the campaign `campaign_id` as they are, or as IMAGES_THEN has them.

    With `with_file` the file is in one more column, which `fetch_page` replaces by a link.
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
    return rows.add_columns(FILE.label("download_url")) if with_file else rows


@lru_cache(8)
def select_labeled_images(member: type[CampaignImage]) -> AnySelect:
    """Return the same select with the objects of each image."""
    return select_campaign_images(member).add_columns(json_rows(select_objects_of(member)).label("objects"))


@lru_cache(8)
def until_page_ends(rows: AnySelect) -> AnySelect:
    """Return a select of images of a campaign without those behind a page: `begin_id`, and `end_rows` images after it.

    With it PostgreSQL looks at no image behind the page, also while it has no statistics of a new campaign.
    """
    return rows.where(rows.selected_columns.image_id <= func.coalesce(_IMAGE_BEHIND, 2**63 - 1))


def _images_then() -> type[CampaignImage]:
    newest = (
        select(SubmissionImage.submission_id, SubmissionImage.state)
        .where(
            SubmissionImage.campaign_id == CampaignImage.campaign_id,
            SubmissionImage.image_id == CampaignImage.image_id,
            SubmissionImage.submission_id <= bindparam("moment", type_=BigInteger),
        )
        .correlate(CampaignImage)
        .order_by(SubmissionImage.submission_id.desc())
        .limit(1)
        .lateral("newest")
    )
    past = select(
        CampaignImage.campaign_id,
        CampaignImage.image_id,
        case((newest.c.state != "unlabeled", newest.c.submission_id)).label("submission_id"),
        func.coalesce(newest.c.state, "unlabeled").label("state"),
        review_id_then().label("review_id"),
    ).outerjoin(newest, true())
    return aliased(CampaignImage, past.subquery("past"), adapt_on_names=True)


# The images of campaigns as they were just after the submission `moment`, with the reviews until `moment_time`: two parameters.
IMAGES_THEN = _images_then()
