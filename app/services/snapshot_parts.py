"""Images in parts, so that a bounded number of boxes is in memory, whether they are on one image or on a thousand."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row

IMAGES_AT_A_TIME = 1_000
BOXES_AT_A_TIME = 5_000


def split_by_boxes(rows: Sequence[Row[Any]]) -> Iterator[list[Row[Any]]]:
    """Yield the rows, which have an `object_count`, in parts of up to BOXES_AT_A_TIME boxes, or of one image with more."""
    part: list[Row[Any]] = []
    boxes = 0
    for row in rows:
        if part and boxes + row.object_count > BOXES_AT_A_TIME:
            yield part
            part, boxes = [], 0
        part.append(row)
        boxes += row.object_count
    yield part
