"""The images of a campaign as a short list of paths: a pattern for every whole image set, and single files."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.azure.ml.registry import DataPath

# One path costs Azure ML's SDK 0.3 ms and 220 bytes, so that a longer list is replaced by the manifest.
MAX_PATHS = 5000

# An image set is whole when each of its files is an image, is in the campaign and lies in the set's own folder, and when nothing
# else may lie there: a file with a problem may have left a part of its copy. A file that is no image has no size. An asterisk in
# the path of the folder itself would be one of the pattern.
WHOLE_SETS = text("""
SELECT image_set.id, substr(image_set.blobstorage_path, length(:container) + 2) || '/**' AS pattern
FROM image_set
WHERE image_set.status = 'finished' AND image_set.blobstorage_path NOT LIKE '%*%'
    AND starts_with(image_set.blobstorage_path, :container || '/')
    AND image_set.id IN (
        SELECT image_set_id FROM image JOIN campaign_image ON image.id = image_id WHERE campaign_id = :campaign_id)
    AND NOT EXISTS (
        SELECT FROM problem
        WHERE image_set_id = image_set.id AND stage = 'ingest' AND settlement IS DISTINCT FROM 'copied')
    AND NOT EXISTS (
        SELECT FROM image
        LEFT JOIN campaign_image ON campaign_image.campaign_id = :campaign_id AND campaign_image.image_id = image.id
        WHERE image.image_set_id = image_set.id AND (
            campaign_image.image_id IS NULL OR image.width IS NULL OR image.date_withdrawn IS NOT NULL
            OR NOT starts_with(image.blobstorage_path, image_set.blobstorage_path || '/')))
ORDER BY image_set.id
""")

SINGLE_FILES = text("""
SELECT substr(blobstorage_path, length(:container) + 2)
FROM campaign_image JOIN image ON image.id = campaign_image.image_id
WHERE campaign_image.campaign_id = :campaign_id AND image.width IS NOT NULL AND image.date_withdrawn IS NULL
    AND (image.image_set_id IS NULL OR image.image_set_id <> ALL (CAST(:whole AS bigint[])))
ORDER BY image.id
LIMIT :size
""")


def find_image_paths(session: Session, campaign_id: int, container: str, manifest: str) -> list[DataPath]:
    """Return patterns and paths within the container that cover the campaign's images and nothing else.

    A file that is no image, whose size is unknown, or that was withdrawn, is not covered. When they would be more than MAX_PATHS,
    the path of the `manifest`, which lists them all, stands for them.
    """
    parameters = {"campaign_id": campaign_id, "container": container}
    whole = session.execute(WHOLE_SETS, parameters).all()
    rest = {"whole": [row.id for row in whole], "size": MAX_PATHS + 1}
    files = session.scalars(SINGLE_FILES, parameters | rest)
    paths = [*(DataPath(row.pattern, is_pattern=True) for row in whole), *map(DataPath, files)]
    return paths if 0 < len(paths) <= MAX_PATHS else [DataPath(manifest)]
