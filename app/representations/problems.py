"""The schema ImageSetProblem."""

from sqlalchemy import case, func, select

from app.models import ImageSet, ImageSetProblem
from app.models.problems import INGEST
from app.representations.json import utc

# An image has its path, of which the part below the folder of its set is the name that its file had in the dropbox.
# That folder has the title of the set, and a set that is open again does not say where it is.
_FOLDER = func.strpos(ImageSetProblem.blob_name, "/" + ImageSet.title + "/")
PROBLEM_NAME = case(
    (ImageSetProblem.stage == INGEST, ImageSetProblem.blob_name),
    (
        func.starts_with(ImageSetProblem.blob_name, ImageSet.blobstorage_path + "/"),
        func.substr(ImageSetProblem.blob_name, func.length(ImageSet.blobstorage_path) + 2),
    ),
    (_FOLDER > 0, func.substr(ImageSetProblem.blob_name, _FOLDER + func.length(ImageSet.title) + 2)),
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
