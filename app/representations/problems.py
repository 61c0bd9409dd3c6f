"""The schema ImageSetProblem."""

from sqlalchemy import select

from app.models import ImageSetProblem
from app.representations.json import utc

PROBLEMS = select(
    ImageSetProblem.id.label("problem_id"),
    ImageSetProblem.blob_name.label("name"),
    ImageSetProblem.kind,
    ImageSetProblem.message,
    utc(ImageSetProblem.date_created).label("date_created"),
    ImageSetProblem.image_id,
).order_by(ImageSetProblem.id)
