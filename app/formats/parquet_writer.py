"""Writes Parquet: one row for each image, with its boxes as a list of structs; nothing of ours is lost.

It lies beside the images, named as the folders of images of Hugging Face's `datasets` want it (`metadata.parquet`, with a column
`file_name`). Other versions of Arrow write other bytes of the same rows.
"""

import json
from array import array
from collections.abc import Sequence
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from app.formats.members import Member, Members
from app.formats.records import Box, Dataset, Image, Tally

if TYPE_CHECKING:
    import pyarrow as pa

# A group of rows is in memory as a whole, here and at its readers.
IMAGES_AT_A_TIME, BOXES_AT_A_TIME = 2_000, 20_000
# The types of numbers as the standard library has them.
NUMBERS = {"int64": "q", "int32": "i", "float": "f"}
STATES_WITH_BOXES = ("labeled", "empty", "draft")
IMAGE_COLUMNS = (
    ("image_id", "int64"), ("file_name", "string"), ("width", "int32"), ("height", "int32"), ("state", "string"),
    ("split", "string"),
)  # fmt: skip
BOX_FIELDS = (
    ("object_id", "int64"), ("class_id", "int32"), ("label", "string"), ("x_min", "float32"), ("y_min", "float32"),
    ("x_max", "float32"), ("y_max", "float32"), ("confidence", "float32"), ("campaign", "string"),
)  # fmt: skip


class ParquetWriter:
    """Writes `metadata.parquet`. An image that is empty has an empty list of boxes, one that nobody labeled has null."""

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin."""
        import pyarrow as pa
        import pyarrow.parquet

        self.tally = Tally()
        self._images: list[Image] = []
        self._boxes = 0
        self._schema = _schema(dataset)
        file = pa.PythonFile(
            _Output(members.open("images/metadata.parquet" if files else "metadata.parquet")), mode="w"
        )
        self._writer = pyarrow.parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, images: Sequence[Image]) -> None:
        """Write these images; how they come in pages makes no difference to the file."""
        for image in images:
            self._images.append(image)
            self._boxes += len(image.boxes)
            if len(self._images) == IMAGES_AT_A_TIME or self._boxes >= BOXES_AT_A_TIME:
                self._write_group()

    def end(self) -> None:
        """Write the last rows and the footer."""
        if self._images:
            self._write_group()
        self._writer.close()

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies."""
        return f"images/{image.file_name}"

    def _write_group(self) -> None:
        import pyarrow as pa

        columns = _arrays(self._images, list(self._schema)[:-1])
        columns.append(_list_boxes(self._images, self._schema.field("objects").type))
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self.tally.images += len(self._images)
        self.tally.objects += self._boxes
        self._images, self._boxes = [], 0


class _Output:
    """A member as Arrow writes to it."""

    closed = False

    def __init__(self, member: Member) -> None:
        self._member = member

    def write(self, content: bytes) -> None:
        self._member.write(content)


def _schema(dataset: Dataset) -> "pa.Schema":
    import pyarrow as pa

    box = pa.struct([pa.field(name, kind) for name, kind in BOX_FIELDS])
    columns = [pa.field(name, kind) for name, kind in IMAGE_COLUMNS]
    classes = {str(one.class_id): one.name for one in dataset.classes}
    return pa.schema(
        [*columns, pa.field("objects", pa.list_(box))], {"classes": json.dumps(classes, ensure_ascii=False)}
    )


def _list_boxes(images: list[Image], kind: "pa.ListType") -> "pa.ListArray":
    import pyarrow as pa

    ends = accumulate((len(image.boxes) for image in images), initial=0)
    is_null = [not image.boxes and image.state not in STATES_WITH_BOXES for image in images]
    fields = list(kind.value_type)
    structs = pa.StructArray.from_arrays(
        _arrays([box for image in images for box in image.boxes], fields), fields=fields
    )
    offsets, mask = pa.py_buffer(array("i", ends)), None
    if any(is_null):
        mask = _bits([not each for each in is_null])
    return pa.ListArray.from_buffers(kind, len(images), [mask, offsets], children=[structs])


def _arrays(records: Sequence[Image | Box], fields: "list[pa.Field]") -> "list[pa.Array]":
    """Return an array for each field, with what the records have of this name."""
    columns = list(zip(*map(attrgetter(*(field.name for field in fields)), records), strict=True)) or [()] * len(fields)
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
