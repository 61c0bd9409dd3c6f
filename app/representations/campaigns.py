"""The schemas Campaign, CampaignClass, CampaignImage and LabeledImage."""

from sqlalchemy import Text, case, cast, func, literal_column, select

from app.models import Campaign, CampaignClass, CampaignImage, Image, SubmissionImage
from app.models.jobs import PUBLISH_DATASETS
from app.models.users import LABELER, REVIEWER
from app.representations.images import FILE
from app.representations.jobs import newest_job
from app.representations.json import json_rows, utc
from app.representations.objects import OBJECTS_OF_CAMPAIGN_IMAGE, SUGGESTED_OBJECTS
from app.representations.progress import PROGRESS
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
# What a model found on the image, where the campaign names a campaign of one.
_SUGGESTIONS = case(
    (
        select(Campaign.prelabels_from).where(Campaign.id == CampaignImage.campaign_id).scalar_subquery().is_not(None),
        json_rows(SUGGESTED_OBJECTS),
    )
)
_URL = literal_column("'/images/'", Text) + cast(CampaignImage.image_id, Text)
# Few images have one, so that it is not kept with them.
_REASON = case(
    (
        CampaignImage.state == "unusable",
        select(SubmissionImage.reason)
        .where(
            SubmissionImage.campaign_id == CampaignImage.campaign_id,
            SubmissionImage.image_id == CampaignImage.image_id,
            SubmissionImage.submission_id == CampaignImage.submission_id,
        )
        .correlate(CampaignImage)
        .scalar_subquery(),
    )
)
CAMPAIGN_IMAGES = (
    select(
        CampaignImage.image_id,
        _URL.label("url"),
        func.split_part(Image.blobstorage_path, "/", -1).label("file_name"),
        Image.filetype,
        Image.width,
        Image.height,
        CampaignImage.state,
        _REASON.label("reason"),
        CampaignImage.submission_id.label("revision"),
        _SUGGESTIONS.label("suggestions"),
    )
    .join(Image, Image.id == CampaignImage.image_id)
    .order_by(CampaignImage.image_id)
)
# The same with the file in one more column, which `fetch_page` replaces by a link.
CAMPAIGN_IMAGES_WITH_FILE = CAMPAIGN_IMAGES.add_columns(FILE.label("download_url"))
LABELED_IMAGES = CAMPAIGN_IMAGES.add_columns(json_rows(OBJECTS_OF_CAMPAIGN_IMAGE).label("objects"))
