"""The schema Dataset without its link, newest first."""

from sqlalchemy import func, literal_column, select

from app.models import CampaignMembership, Dataset, Image
from app.representations.json import utc

# Images that were in the campaign when this was published, and were withdrawn later.
_WITHDRAWN = (
    select(func.count())
    .select_from(Image)
    .join(CampaignMembership, CampaignMembership.image_id == Image.id)
    .where(
        CampaignMembership.campaign_id == Dataset.campaign_id,
        CampaignMembership.date_joined <= Dataset.date_created,
        func.coalesce(CampaignMembership.date_left, literal_column("'infinity'")) > Dataset.date_created,
        Image.date_withdrawn > Dataset.date_created,
    )
    .correlate(Dataset)
    .scalar_subquery()
)
DATASETS = select(
    Dataset.id.label("dataset_id"),
    Dataset.kind,
    Dataset.name,
    Dataset.version,
    Dataset.path,
    func.encode(Dataset.sha256, "hex").label("sha256"),
    Dataset.file_size,
    Dataset.image_count,
    Dataset.object_count,
    _WITHDRAWN.label("withdrawn_images"),
    Dataset.registration,
    Dataset.registered_version,
    Dataset.error,
    utc(Dataset.date_created).label("date_created"),
).order_by(Dataset.id.desc())
