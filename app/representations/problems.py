"""The schema ImageSetProblem."""

from sqlalchemy import case, func, select

from app.models import ImageSet, ImageSetProblem
from app.models.problems import INSPECTION
from app.representations.json import utc

# An image has its path, of which the part below the folder of its set is the name that its file had in the dropbox.
_BEYOND_FOLDER = func.length(ImageSet.blobstorage_path) + 2
PROBLEM_NAME = case(
    (
        func.starts_with(ImageSetProblem.blob_name, ImageSet.blobstorage_path + "/")
        & (ImageSetProblem.stage == INSPECTION),
        func.substr(ImageSetProblem.blob_name, _BEYOND_FOLDER),
    ),
    else_=ImageSetProblem.blob_name,
)
PROBLEMS = (
    select(
        ImageSetProblem.id.label("problem_id"),
        PROBLEM_NAME.label("name"),
        ImageSetProblem.kind,
        ImageSetProblem.message,
        utc(ImageSetProblem.date_created).label("date_created"),
        ImageSetProblem.image_id,
    )
    .join(ImageSet, ImageSet.id == ImageSetProblem.image_set_id)
    .order_by(ImageSetProblem.id)
)
