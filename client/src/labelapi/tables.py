"""Rows for pandas and DuckDB, where one of them is installed.

from labelapi.tables import to_duckdb, to_pandas

frame = to_pandas(api.campaigns["spring"].boxes())
to_duckdb(api.snapshot_boxes("maas-plastics"), connection, "boxes")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from labelapi.errors import UsageError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

ROWS_AT_A_TIME = 5000
OF_IMAGE = ("image_id", "file_name", "blobstorage_path", "width", "height", "state", "split", "revision")
SIDES = ("xmin", "ymin", "xmax", "ymax")
# What the columns of boxes hold, so that a table without rows has them, too, and types do not depend on the first rows.
TYPES = {
    "image_id": "BIGINT",
    "width": "BIGINT",
    "height": "BIGINT",
    "revision": "BIGINT",
    "object_id": "BIGINT",
    "campaign_id": "BIGINT",
    "confidence": "DOUBLE",
    **dict.fromkeys(SIDES, "DOUBLE"),
}


def box_rows(images: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield a flat row for each object of images with their objects, and one without a label for each image without objects.

    Edges are in pixels of the image as displayed, `xmin <= x < xmax`.
    """
    for image in images:
        known = {name: image[name] for name in OF_IMAGE if name in image}
        for each in image["objects"] or (None,):
            row = {name: each and each[name] for name in ("object_id", "campaign_id", "label", "confidence")}
            row.update({side: each and each["bounding_box"][side] for side in SIDES})
            yield {**known, **row}


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row without objects in it: `{"file": {"filesize": 7}}` has the column `file.filesize`. Lists stay."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found.update({f"{name}.{key}": each for key, each in flat(value).items()})
        else:
            found[name] = value
    return found


def to_pandas(rows: Iterable[Any]) -> pd.DataFrame:
    """Return rows, such as `api.images()` and `boxes()` yield, as a data frame. Raises UsageError without pandas.

    Whole numbers that may be missing are `Int64`, so that they stay whole.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise UsageError("This needs pandas, which is not installed.", "pip install pandas") from error
    frame = pd.DataFrame.from_records([flat(row) for row in rows])
    kinds = {"BIGINT": "Int64", "DOUBLE": "float64"}
    return frame.astype({name: kinds[kind] for name, kind in TYPES.items() if name in frame})


def to_duckdb(
    rows: Iterable[Any], connection: duckdb.DuckDBPyConnection, table: str, *, at_a_time: int = ROWS_AT_A_TIME
) -> int:
    """Append rows to a table of DuckDB, which is made where there is none, and return their number. Raises UsageError.

    Some thousand rows are in memory at a time. All of them come, or none. Columns of a new table are those of the first rows.
    """
    name = _quoted(table)
    remaining, count = map(flat, rows), 0
    columns: list[str] = []
    connection.execute("BEGIN")
    try:
        while page := list(islice(remaining, at_a_time)):
            if not columns:
                columns = list(dict.fromkeys(column for row in page for column in row))
                connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({_definitions(columns, page)})")
            _append(connection, name, columns, page)
            count += len(page)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return count


def _definitions(columns: list[str], page: list[dict[str, Any]]) -> str:
    return ", ".join(f"{_quoted(column)} {_type_of(column, page)}" for column in columns)


def _type_of(column: str, page: list[dict[str, Any]]) -> str:
    if column in TYPES:
        return TYPES[column]
    value = next((row[column] for row in page if row.get(column) is not None), None)
    if isinstance(value, bool):
        return "BOOLEAN"
    return {int: "BIGINT", float: "DOUBLE"}.get(type(value), "VARCHAR")


def _append(connection: duckdb.DuckDBPyConnection, name: str, columns: list[str], page: list[dict[str, Any]]) -> None:
    unknown = {column for row in page for column in row} - set(columns)
    if unknown:
        raise UsageError(f"Later rows have columns that the first ones do not have: {', '.join(sorted(unknown))}.")
    # One list for each column takes a hundredth of the time of a statement for each row.
    marks = ", ".join("unnest(?)" for _ in columns)
    values = [[_value(row.get(column)) for row in page] for column in columns]
    listed = ", ".join(_quoted(column) for column in columns)
    connection.execute(f"INSERT INTO {name} ({listed}) SELECT {marks}", values)


def _value(value: Any) -> Any:
    if isinstance(value, list):
        import json

        return json.dumps(value, ensure_ascii=False)
    return value


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
