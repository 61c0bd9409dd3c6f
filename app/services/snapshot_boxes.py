"""The boxes of a snapshot by columns, in pages of images.

PostgreSQL makes an array of each column of a page, and Python reads it as JSON, which takes less time than a row for each box.
"""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

# Few boxes have edges besides their whole pixels, so that those are columns of their own, by the ids of their boxes.
COLUMNS = {
    "image_ids": "array_agg(image_id)",
    "object_ids": "array_agg(id)",
    "x_min": "array_agg(x_min)",
    "y_min": "array_agg(y_min)",
    "x_max": "array_agg(x_max)",
    "y_max": "array_agg(y_max)",
    "confidences": "array_agg(confidence)",
    "labels": "json_agg(label)",
    "campaign_ids": "array_agg(campaign_id) FILTER (WHERE :names_campaigns)",
    "edged_ids": "array_agg(id) FILTER (WHERE left_edge IS NOT NULL)",
    "left_edges": "array_agg(left_edge) FILTER (WHERE left_edge IS NOT NULL)",
    "upper_edges": "array_agg(upper_edge) FILTER (WHERE left_edge IS NOT NULL)",
    "right_edges": "array_agg(right_edge) FILTER (WHERE left_edge IS NOT NULL)",
    "lower_edges": "array_agg(lower_edge) FILTER (WHERE left_edge IS NOT NULL)",
}
EDGES = {"x_min": "left_edges", "y_min": "upper_edges", "x_max": "right_edges", "y_max": "lower_edges"}
# Joined, PostgreSQL would read all boxes of a small table for each page. The offset keeps it from that, whatever it knows.
PAGE = """
SELECT {columns}
FROM (
    SELECT labels.image_id, object.*
    FROM snapshot_labels AS labels
    CROSS JOIN LATERAL (
        SELECT id, campaign_id, x_min, y_min, x_max, y_max, left_edge, upper_edge, right_edge, lower_edge, confidence, label
        FROM object
        WHERE object.campaign_id = labels.campaign_id AND object.submission_id = labels.submission_id
            AND object.image_id = labels.image_id
            AND (CAST(:classes AS text[]) IS NULL OR label = ANY (CAST(:classes AS text[])))
        OFFSET 0) AS object
    WHERE labels.snapshot_id = :snapshot_id AND labels.image_id BETWEEN :first AND :last
    ORDER BY labels.image_id, object.id) AS box
"""
BOXES = text(PAGE.format(columns=", ".join(f"CAST({column} AS text) AS {name}" for name, column in COLUMNS.items())))
T = TypeVar("T")


class BoxColumns(NamedTuple):
    """Boxes ordered by image and id, each at the same place of all columns.

    Edges are in pixels: integers, or the floats whose `repr` is the shortest decimal of the stored number of single precision.
    """

    image_ids: list[int]
    object_ids: list[int]
    labels: list[str]
    x_min: list[float]
    y_min: list[float]
    x_max: list[float]
    y_max: list[float]
    confidences: list[float | None]
    campaign_ids: list[int] | None


def read_boxes(
    session: Session,
    snapshot_id: int,
    classes: Sequence[str] | None,
    first_id: int,
    last_id: int,
    *,
    names_campaigns: bool = False,
) -> BoxColumns:
    """Return the boxes of the images from `first_id` to `last_id`. `classes` are those that the snapshot selects, None for all.

    The ids of campaigns are there only with `names_campaigns`.
    """
    values = {"snapshot_id": snapshot_id, "classes": classes, "first": first_id, "last": last_id}
    found = session.execute(BOXES, values | {"names_campaigns": names_campaigns}).one()._asdict()
    labels = orjson.loads(found.pop("labels") or "[]")
    columns: dict[str, list[Any]] = {name: _load(column) for name, column in found.items()}
    _set_edges(columns)
    return BoxColumns(
        image_ids=columns["image_ids"],
        object_ids=columns["object_ids"],
        labels=labels,
        x_min=columns["x_min"],
        y_min=columns["y_min"],
        x_max=columns["x_max"],
        y_max=columns["y_max"],
        confidences=columns["confidences"],
        campaign_ids=columns["campaign_ids"] if names_campaigns else None,
    )


def _load(column: str | None) -> list[Any]:
    """Return the numbers of an array in the form of PostgreSQL."""
    return orjson.loads(f"[{column[1:-1].replace('NULL', 'null')}]") if column else []


def _set_edges(columns: dict[str, list[Any]]) -> None:
    """Put edges in the place of the whole pixels around them."""
    edged_ids = columns["edged_ids"]
    if len(edged_ids) == len(columns["object_ids"]):
        columns |= {whole: columns[edges] for whole, edges in EDGES.items()}
    elif edged_ids:
        place_of = {object_id: place for place, object_id in enumerate(columns["object_ids"])}
        places = [place_of[object_id] for object_id in edged_ids]
        for whole, edges in EDGES.items():
            column = columns[whole]
            for place, edge in zip(places, columns[edges], strict=True):
                column[place] = edge


def read_ahead(pages: Iterator[T]) -> Generator[T, None, None]:
    """Yield the pages, and let a thread make the next one meanwhile.

    Nobody else may use the session from which they come until this generator ends or is closed.
    """
    # The session of a command finds its engine by the application of its context.
    read = partial(copy_context().run, next, pages, None)
    with ThreadPoolExecutor(1, thread_name_prefix="snapshot") as reader:
        coming = reader.submit(read)
        while (page := coming.result()) is not None:
            coming = reader.submit(read)
            yield page
