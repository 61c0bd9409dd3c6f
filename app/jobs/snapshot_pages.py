"""The pages of a snapshot as plain records, from which writers make files."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from app.formats.records import Box, Class, Dataset, Image
from app.models import Snapshot, SnapshotClass
from app.services import snapshot_parts
from app.services.splits import parts_of

# The next images. Their paths are those within the container; below the folder of image sets the name is what follows it.
IMAGES = text("""
SELECT image_id, substr(blobstorage_path, strpos(blobstorage_path, '/') + 1) AS path, member.width, member.height, state, split,
    member.filetype, member.filesize, member.sha256, member.date_taken, object_count
FROM snapshot_image AS member JOIN image ON image.id = image_id
WHERE snapshot_id = :snapshot_id AND image_id > :after
ORDER BY image_id LIMIT :size
""")
# The columns after the first are the fields of a box. Float4 has the shortest decimal that gives it back as its text, which
# float8 would not have.
BOXES = text("""
SELECT image_id, object.id, class_id, label, coalesce(left_edge::text::float8, x_min) AS x_min,
    coalesce(upper_edge::text::float8, y_min) AS y_min, coalesce(right_edge::text::float8, x_max) AS x_max,
    coalesce(lower_edge::text::float8, y_max) AS y_max, confidence, CASE WHEN :names_campaigns THEN (
        SELECT title FROM campaign WHERE campaign.id = campaign_id) END AS campaign
FROM snapshot_labels JOIN object USING (campaign_id, submission_id, image_id)
JOIN snapshot_class AS class ON class.snapshot_id = :snapshot_id AND class.name = label AND class.selected
WHERE snapshot_labels.snapshot_id = :snapshot_id AND image_id BETWEEN :first AND :last
ORDER BY image_id, object.id
""")


def read_dataset(session: Session, snapshot_id: int, container: str) -> Dataset:
    """Return what is true of a whole snapshot, which is ready. `container` is the main container."""
    snapshot = session.get_one(Snapshot, snapshot_id)
    classes = select(SnapshotClass.class_id, SnapshotClass.name, SnapshotClass.color).where(
        SnapshotClass.snapshot_id == snapshot_id
    )
    if snapshot.image_count is None or snapshot.object_count is None:
        raise ValueError(f"Snapshot {snapshot_id} is not ready.")
    return Dataset(
        snapshot_id=snapshot_id,
        name=snapshot.name,
        version=snapshot.version,
        date_created=snapshot.date_created,
        container=container,
        classes=tuple(Class(*row) for row in session.execute(classes.order_by(SnapshotClass.class_id))),
        image_count=snapshot.image_count,
        object_count=snapshot.object_count,
        splits=parts_of(snapshot.split),
    )


def read_pages(session: Session, snapshot_id: int, folder: str) -> Iterator[list[Image]]:
    """Yield the images of a snapshot with their boxes, by id, in pages with a bounded number of images and boxes.

    An image with more boxes is a page of its own. `folder` is that of image sets within the container. Each page is made of two
    statements; the caller may commit between pages.
    """
    selection: dict[str, Any] = session.scalars(select(Snapshot.selection).where(Snapshot.id == snapshot_id)).one()
    values = {"snapshot_id": snapshot_id, "names_campaigns": selection["labels"] == "all"}
    after = 0
    while rows := session.execute(IMAGES, {**values, "after": after, "size": snapshot_parts.IMAGES_AT_A_TIME}).all():
        for page in snapshot_parts.split_by_boxes(rows):
            found = session.execute(BOXES, {**values, "first": page[0].image_id, "last": page[-1].image_id}).all()
            boxes = {
                image_id: tuple(Box._make(row[1:]) for row in of_image)
                for image_id, of_image in groupby(found, itemgetter(0))
            }
            yield [_image(row, folder, boxes.get(row.image_id, ())) for row in page]
        after = rows[-1].image_id


def _image(row: Row[Any], folder: str, boxes: tuple[Box, ...]) -> Image:
    return Image(
        image_id=row.image_id,
        path=row.path,
        file_name=row.path.removeprefix(f"{folder}/"),
        width=row.width,
        height=row.height,
        state=row.state,
        split=row.split,
        filetype=row.filetype,
        size=row.filesize,
        sha256=row.sha256 and bytes(row.sha256),
        date_taken=row.date_taken,
        boxes=boxes,
    )
