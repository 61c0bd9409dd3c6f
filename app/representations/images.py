"""The schemas Image and ImageDetails."""

from sqlalchemy import Text, bindparam, case, cast, func, literal_column, select

from app.models import Campaign, CampaignImage, Image, ImageSet, SubmissionImage
from app.representations.json import json_object, utc
from app.representations.reviews import review_of
from app.representations.users import user_email

# What links to the file of an image and to its previews are made from. A path stands there when there is a file, and a hash when
# there are previews.
FILE = json_object(
    path=case((Image.date_withdrawn.is_(None), Image.blobstorage_path)),
    filetype=Image.filetype,
    content_encoding=Image.content_encoding,
    image_id=Image.id,
    sha256=case((Image.dhash.is_not(None), func.encode(Image.sha256, literal_column("'hex'")))),
)
_WITHDRAWAL = case(
    (
        Image.date_withdrawn.is_not(None),
        json_object(
            reason=Image.withdrawal_reason,
            date_created=utc(Image.date_withdrawn),
            created_by=user_email(Image.withdrawn_by),
        ),
    )
)
_DIMENSIONS = json_object(width=Image.width, height=Image.height)
IMAGES = (
    select(
        Image.id.label("image_id"),
        Image.blobstorage_path,
        json_object(imageset_id=ImageSet.id, title=ImageSet.title).label("imageset"),
        utc(Image.date_taken).label("date_taken"),
        Image.date_taken_source,
        json_object(description=Image.location_description, lat=Image.lat, lon=Image.lon).label("location_taken"),
        Image.type,
        Image.metadata_.label("metadata"),
        Image.tss_id,
        json_object(
            filetype=Image.filetype,
            filesize=Image.filesize,
            dimensions=_DIMENSIONS,
            sha256=func.encode(Image.sha256, literal_column("'hex'")),
        ).label("file"),
        Image.problem,
        _WITHDRAWAL.label("withdrawal"),
    )
    .outerjoin(ImageSet, ImageSet.id == Image.image_set_id)
    .order_by(Image.id)
)
# The same with the file in one more column, which `fetch_page` replaces by a link.
IMAGES_WITH_FILE = IMAGES.add_columns(FILE.label("download_url"))

# What a link to the file of one image is made from, as columns.
FILE_OF_IMAGE = select(
    Image.blobstorage_path, Image.filetype, Image.content_encoding, utc(Image.date_withdrawn).label("date_withdrawn")
).where(Image.id == bindparam("image_id"))
# One image with who created its set, and its file in the column `download_url`.
IMAGE_DETAILS = IMAGES.where(Image.id == bindparam("image_id")).add_columns(
    func.split_part(Image.blobstorage_path, "/", -1).label("file_name"),
    (literal_column("'/images/'", Text) + cast(Image.id, Text)).label("url"),
    utc(Image.date_created).label("date_created"),
    user_email(ImageSet.created_by).label("created_by"),
    FILE.label("download_url"),
)
# What the campaigns hold of an image, the newest campaign first.
CAMPAIGNS_OF_IMAGE = (
    select(
        CampaignImage.campaign_id,
        Campaign.title,
        Campaign.kind,
        Campaign.status,
        CampaignImage.state,
        SubmissionImage.reason,
        CampaignImage.submission_id.label("revision"),
        func.coalesce(SubmissionImage.object_count, 0).label("object_count"),
        review_of(CampaignImage).label("review"),
    )
    .join(Campaign, Campaign.id == CampaignImage.campaign_id)
    .outerjoin(
        SubmissionImage,
        (SubmissionImage.campaign_id == CampaignImage.campaign_id)
        & (SubmissionImage.image_id == CampaignImage.image_id)
        & (SubmissionImage.submission_id == CampaignImage.submission_id),
    )
    .order_by(CampaignImage.campaign_id.desc())
)
