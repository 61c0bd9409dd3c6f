"""The schema ImageSet."""

from sqlalchemy import bindparam, func, select

from app.models import ImageSet, ImageSetProblem
from app.models.jobs import FINISH_IMAGE_SET
from app.representations.jobs import newest_job
from app.representations.json import utc
from app.representations.users import user_email

_OPEN_PROBLEMS = (
    select(func.count())
    .where(ImageSetProblem.image_set_id == ImageSet.id, ImageSetProblem.settlement.is_(None))
    .correlate(ImageSet)
    .scalar_subquery()
)
# What the schema Ingest has besides the columns of a job.
_INGEST_COUNTS = (
    ImageSet.ingested_images.label("images"),
    ImageSet.ingested_other_files.label("not_images"),
    ImageSet.skipped_files.label("skipped"),
    _OPEN_PROBLEMS.label("problems"),
    ImageSet.duplicate_images.label("duplicates"),
)
IMAGE_SETS = select(
    ImageSet.id.label("imageset_id"),
    ImageSet.title,
    ImageSet.status,
    ImageSet.metadata_.label("metadata"),
    ImageSet.timezone,
    ImageSet.duplicates,
    ImageSet.blobstorage_path,
    utc(ImageSet.date_created).label("date_created"),
    utc(ImageSet.date_finished).label("date_finished"),
    user_email(ImageSet.created_by).label("created_by"),
    newest_job(FINISH_IMAGE_SET, "image_set", ImageSet.id, *_INGEST_COUNTS).label("ingest"),
).order_by(ImageSet.id)
IMAGE_SET = IMAGE_SETS.where(ImageSet.id == bindparam("imageset_id"))
