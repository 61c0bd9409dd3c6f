"""Writes Parquet: one row for each image, with its boxes as a list of structs; nothing of ours is lost.

It lies beside the images, named as the folders of images of Hugging Face's `datasets` want it (`metadata.parquet`, with a column
`file_name`). Other versions of Arrow write other bytes of the same rows.
"""

import json
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from app.formats.members import Member, Members
from app.formats.records import Box, Dataset, Image, Tally

if TYPE_CHECKING:
    import pyarrow as pa

# A group of rows is in memory as a whole, here and at its readers.
IMAGES_AT_A_TIME, BOXES_AT_A_TIME = 2_000, 20_000
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

    offsets, end = [], 0
    for image in images:
        offsets.append(end if image.boxes or image.state in STATES_WITH_BOXES else None)
        end += len(image.boxes)
    fields = list(kind.value_type)
    structs = pa.StructArray.from_arrays(
        _arrays([box for image in images for box in image.boxes], fields), fields=fields
    )
    return pa.ListArray.from_arrays(pa.array([*offsets, end], "int32"), structs, type=kind)


def _arrays(records: Sequence[Image | Box], fields: "list[pa.Field]") -> "list[pa.Array]":
    """Return an array for each field, with what the records have of this name."""
    import pyarrow as pa

    columns = list(zip(*map(attrgetter(*(field.name for field in fields)), records), strict=True)) or [()] * len(fields)
    return [pa.array(column, field.type) for column, field in zip(columns, fields, strict=True)]
