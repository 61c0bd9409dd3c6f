"""The pages of a snapshot as plain records, from which writers make files."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate, repeat
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.formats.records import Box, Class, Dataset, Image
from app.models import Campaign, Snapshot, SnapshotClass
from app.services import snapshot_parts
from app.services.snapshot_boxes import BoxColumns, read_boxes
from app.services.splits import parts_of

# The next images. Their paths are those within the container; below the folder of image sets the name is what follows it.
# Joined, PostgreSQL would read all images before them for each page.
IMAGES = text("""
SELECT image_id, (
        SELECT substr(blobstorage_path, strpos(blobstorage_path, '/') + 1) FROM image WHERE image.id = image_id) AS path,
    width, height, state, split, filetype, filesize, sha256, date_taken, object_count
FROM snapshot_image
WHERE snapshot_id = :snapshot_id AND image_id > :after
ORDER BY image_id LIMIT :size
""")
# It takes less time than calling the class.
make_box = partial(tuple.__new__, Box)


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
    class_ids, classes = _find_classes(session, snapshot_id)
    titles = _find_titles(session, selection)
    after = 0
    values = {"snapshot_id": snapshot_id, "size": snapshot_parts.IMAGES_AT_A_TIME}
    while rows := session.execute(IMAGES, {**values, "after": after}).all():
        for page in snapshot_parts.split_by_boxes(rows):
            found = read_boxes(
                session,
                snapshot_id,
                classes,
                page[0].image_id,
                page[-1].image_id,
                names_campaigns=titles is not None,
            )
            boxes = _make_boxes(found, class_ids, titles)
            yield [_image(row, folder, boxes.get(row.image_id, ())) for row in page]
        after = rows[-1].image_id


def _find_classes(session: Session, snapshot_id: int) -> tuple[dict[str, int], list[str] | None]:
    """Return the numbers of the classes whose boxes are in a snapshot, and their names unless those are all of its classes."""
    columns = (SnapshotClass.name, SnapshotClass.class_id, SnapshotClass.selected)
    rows = session.execute(select(*columns).where(SnapshotClass.snapshot_id == snapshot_id)).all()
    class_ids = {row.name: row.class_id for row in rows if row.selected}
    return class_ids, list(class_ids) if len(class_ids) < len(rows) else None


def _find_titles(session: Session, selection: dict[str, Any]) -> dict[int, str] | None:
    """Return the titles of the campaigns by their ids, where a snapshot holds the labels of all of them; None otherwise."""
    if selection["labels"] != "all":
        return None
    campaigns = select(Campaign.id, Campaign.title).where(Campaign.id.in_(selection["campaigns"]))
    return {row.id: row.title for row in session.execute(campaigns)}


def _make_boxes(
    columns: BoxColumns, class_ids: dict[str, int], titles: dict[int, str] | None
) -> dict[int, tuple[Box, ...]]:
    """Return the boxes of each image that has some."""
    campaigns = map((titles or {}).get, columns.campaign_ids) if columns.campaign_ids else repeat(None)
    fields = (
        columns.object_ids,
        map(class_ids.__getitem__, columns.labels),
        columns.labels,
        columns.x_min,
        columns.y_min,
        columns.x_max,
        columns.y_max,
        columns.confidences,
        campaigns,
    )
    # One column ends where all of them do, except for the one that never ends.
    boxes = tuple(map(make_box, zip(*fields, strict=False)))
    counts = Counter(columns.image_ids)
    ends = accumulate(counts.values())
    return {image_id: boxes[end - count : end] for (image_id, count), end in zip(counts.items(), ends, strict=True)}


def _image(row: Sequence[Any], folder: str, boxes: tuple[Box, ...]) -> Image:
    # Looking up each column by its name takes longer than all else.
    image_id, path, width, height, state, split, filetype, size, sha256, date_taken, _ = row
    return Image(
        image_id=image_id,
        path=path,
        file_name=path.removeprefix(f"{folder}/"),
        width=width,
        height=height,
        state=state,
        split=split,
        filetype=filetype,
        size=size,
        sha256=sha256 and bytes(sha256),
        date_taken=date_taken,
        boxes=boxes,
    )
