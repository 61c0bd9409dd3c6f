"""The process in which a Parquet file is written: `python -m app.formats.parquet_table < rows > file`.

It reads JSON from standard input, a line at a time: the names of the classes by their ids, then lists of images. An image has the
values of IMAGE_COLUMNS and a list of its boxes, each with the values of BOX_FIELDS.
"""

import json
import os
import signal
import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import IO, TYPE_CHECKING, Any

import orjson

from app.formats.parquet_writer import BOX_FIELDS, IMAGE_COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

# A group of rows is in memory as a whole, here and at its readers.
IMAGES_AT_A_TIME, BOXES_AT_A_TIME = 2_000, 20_000
# The types of numbers as the standard library has them.
NUMBERS = {"int64": "q", "int32": "i", "float": "f"}
STATES_WITH_BOXES = ("labeled", "empty", "draft")
STATE = [name for name, _ in IMAGE_COLUMNS].index("state")


def main() -> None:
    """Read standard input until its end, and write the file."""
    # Terminals and service managers signal all processes. The worker ends this one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as file:
        # What libraries print must not stand in the file.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        _write(sys.stdin.buffer, file)


def _write(lines: IO[bytes], file: IO[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    schema = _schema(orjson.loads(next(lines)))
    with pyarrow.parquet.ParquetWriter(pa.PythonFile(file, mode="w"), schema, compression="zstd") as writer:
        for images in _groups(image for line in lines for image in orjson.loads(line)):
            *columns, boxes = zip(*images, strict=True)
            arrays = _arrays(columns, list(schema)[:-1])
            arrays.append(_list_boxes(columns[STATE], boxes, schema.field("objects").type))
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _groups(images: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    """Yield the images in groups of rows; how they came in lines makes no difference."""
    group: list[list[Any]] = []
    boxes = 0
    for image in images:
        group.append(image)
        boxes += len(image[-1])
        if len(group) == IMAGES_AT_A_TIME or boxes >= BOXES_AT_A_TIME:
            yield group
            group, boxes = [], 0
    if group:
        yield group


def _schema(classes: dict[str, str]) -> "pa.Schema":
    import pyarrow as pa

    box = pa.struct([pa.field(name, kind) for name, kind in BOX_FIELDS])
    columns = [pa.field(name, kind) for name, kind in IMAGE_COLUMNS]
    return pa.schema(
        [*columns, pa.field("objects", pa.list_(box))], {"classes": json.dumps(classes, ensure_ascii=False)}
    )


def _list_boxes(states: Sequence[str], boxes: Sequence[list[Any]], kind: "pa.ListType") -> "pa.ListArray":
    """Return the lists of boxes of images: an empty one is that of an image without boxes, null that of one nobody labeled."""
    import pyarrow as pa

    ends = accumulate(map(len, boxes), initial=0)
    is_null = [not found and state not in STATES_WITH_BOXES for found, state in zip(boxes, states, strict=True)]
    fields = list(kind.value_type)
    columns = list(zip(*(box for found in boxes for box in found), strict=True)) or [()] * len(fields)
    structs = pa.StructArray.from_arrays(_arrays(columns, fields), fields=fields)
    offsets, mask = pa.py_buffer(array("i", ends)), None
    if any(is_null):
        mask = _bits([not each for each in is_null])
    return pa.ListArray.from_buffers(kind, len(boxes), [mask, offsets], children=[structs])


def _arrays(columns: Sequence[Sequence[Any]], fields: "list[pa.Field]") -> "list[pa.Array]":
    return [_array(column, field.type) for column, field in zip(columns, fields, strict=True)]


def _array(column: Sequence[Any], kind: "pa.DataType") -> "pa.Array":
    """Return an Arrow array of these values, some of which may be None.

    It is made of its buffers, because `pyarrow.array` loads pandas where that is installed, which takes 50 MB.
    """
    import pyarrow as pa

    is_valid = _bits([value is not None for value in column]) if None in column else None
    if kind == pa.string():
        texts = [(value or "").encode() for value in column]
        offsets = array("i", accumulate(map(len, texts), initial=0))
        buffers = [is_valid, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
    else:
        numbers = column if is_valid is None else [value or 0 for value in column]
        buffers = [is_valid, pa.py_buffer(array(NUMBERS[str(kind)], numbers))]
    return pa.Array.from_buffers(kind, len(column), buffers)


def _bits(are_set: list[bool]) -> "pa.Buffer":
    """Return a buffer with a bit for each, the first one in the lowest bit of the first byte."""
    import pyarrow as pa

    number = int("".join("01"[each] for each in reversed(are_set)) or "0", 2)
    return pa.py_buffer(number.to_bytes((len(are_set) + 7) // 8, "little"))


if __name__ == "__main__":
    main()
