"""The schema Dataset without its link, newest first."""

from sqlalchemy import func, select

from app.models import Dataset
from app.representations.json import utc

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
    Dataset.registration,
    Dataset.registered_version,
    Dataset.error,
    utc(Dataset.date_created).label("date_created"),
).order_by(Dataset.id.desc())
