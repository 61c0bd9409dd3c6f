"""Where images were taken, counted by the cells of a rectangle."""

from typing import Any

from sqlalchemy import ColumnElement, Double, case, func, literal, select, true
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, longer_statements
from app.models import Image
from app.representations.json import AnySelect
from app.services.image_filters import ImageFilter

# Degrees that a cell measures at least, some 0.1 mm: all images may have been taken at one place.
SMALLEST_CELL = 1e-9


def count_places(session: Session, image_filter: ImageFilter, cells: int) -> dict[str, Any]:
    """Return where the images that `image_filter` lets through were taken, as an ImagePlaces.

    `cells` is how many square cells lie along the longer side of the rectangle, in degrees. Raises BadRequest for filters that
    contradict each other.
    """
    with longer_statements(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS):
        rows = session.connection().execute(_select_cells(image_filter, cells)).all()
    first = rows[0]
    west, south, east, north = first.west, first.south, first.east, first.north
    return {
        "bounds": None if west is None else [_longitude(west), south, _longitude(east), north],
        "places": [
            {"lat": row.lat, "lon": _longitude(row.x), "image_count": row.image_count, "image_id": row.image_id}
            for row in rows
            if row.image_id is not None
        ],
        "with_place": first.with_place,
        "without_place": first.total - first.with_place,
    }


def _select_cells(image_filter: ImageFilter, cells: int) -> AnySelect:
    """Return the select of the cells that have images, or of one row without one; each row has the rectangle and the totals."""
    found = image_filter.apply(select(Image.id, _x_of(image_filter.bbox).label("x"), Image.lat)).cte("found")
    area = select(
        *_sides(image_filter.bbox, found.c.x, found.c.lat),
        func.count().label("total"),
        func.count(found.c.x).label("with_place"),
    ).cte("area")
    size = func.greatest(area.c.east - area.c.west, area.c.north - area.c.south) / cells
    row, column = (
        func.floor((value - least) / func.greatest(size, SMALLEST_CELL))
        for value, least in ((found.c.lat, area.c.south), (found.c.x, area.c.west))
    )
    counted = (
        select(
            row.label("row"),
            column.label("column"),
            func.avg(found.c.x).label("x"),
            func.avg(found.c.lat).label("lat"),
            func.count().label("image_count"),
            func.min(found.c.id).label("image_id"),
        )
        .where(found.c.x.is_not(None))
        .select_from(found.join(area, true()))
        .group_by(row, column)
        .cte("counted")
    )
    return select(area, counted).select_from(area.outerjoin(counted, true())).order_by(counted.c.row, counted.c.column)


def _x_of(bbox: list[float] | None) -> ColumnElement[Any]:
    """Return the longitude, which goes on beyond 180 degrees where the bounds cross the antimeridian."""
    if bbox is None or bbox[0] <= bbox[2]:
        return Image.lon.expression
    return case((Image.lon < bbox[0], Image.lon + 360), else_=Image.lon)


def _sides(bbox: list[float] | None, x: ColumnElement[Any], lat: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """Return west, south, east and north of the rectangle."""
    if bbox is None:
        sides: list[ColumnElement[Any]] = [func.min(x), func.min(lat), func.max(x), func.max(lat)]
    else:
        west, south, east, north = bbox
        sides = [literal(side, Double) for side in (west, south, east + 360 * (east < west), north)]
    return [side.label(name) for side, name in zip(sides, ("west", "south", "east", "north"), strict=True)]


def _longitude(x: float) -> float:
    """Return a longitude of at most 180 degrees."""
    return x - 360 if x > 180 else x
