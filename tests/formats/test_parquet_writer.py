"""Parquet, by its rows: other versions of Arrow write other bytes."""

import io
import json
import signal
from dataclasses import replace

import pyarrow.parquet
import pytest

from app.formats.parquet_table import BOXES_AT_A_TIME, IMAGES_AT_A_TIME
from app.formats.parquet_writer import ParquetWriter
from app.formats.records import Image
from tests.formats.datasets import DATASET, IMAGES, Kept, box, image
from tests.formats.writing import write

BOX = (
    "struct<object_id: int64, class_id: int32, label: string, x_min: float, y_min: float, x_max: float, y_max: float, "
)
COLUMNS = {
    "image_id": "int64",
    "file_name": "string",
    "width": "int32",
    "height": "int32",
    "state": "string",
    "split": "string",
    "objects": f"list<element: {BOX}confidence: float, campaign: string>>",
}
ROWS = [
    {
        "image_id": 3,
        "file_name": "drone-12/a/b.jpg",
        "width": 1920,
        "height": 1080,
        "state": "labeled",
        "split": "train",
        "objects": [
            {"object_id": 11, "class_id": 1, "label": "car", "x_min": 0, "y_min": 0, "x_max": 1920, "y_max": 1080}
            | {"confidence": 0.5, "campaign": None},
            {"object_id": 12, "class_id": 2, "label": 'a,"b"\\ <&> \U0001f600', "x_min": 10, "y_min": 20, "x_max": 11}
            | {"y_max": 22, "confidence": None, "campaign": "Other"},
        ],
    },
    {"image_id": 5, "file_name": "a.jpg", "width": 9, "height": 8, "state": "empty", "split": None, "objects": []},
    {
        "image_id": 6,
        "file_name": "b.jpg",
        "width": 9,
        "height": 8,
        "state": "unlabeled",
        "split": "val",
        "objects": None,
    },
    {"image_id": 7, "file_name": "c.jpg", "width": 9, "height": 8, "state": "draft", "split": "val", "objects": []},
    {
        "image_id": 8,
        "file_name": "d.jpg",
        "width": 9,
        "height": 8,
        "state": "unusable",
        "split": "val",
        "objects": None,
    },
]
FIRST = IMAGES[0]
STORED: list[Image] = [
    replace(FIRST, boxes=(FIRST.boxes[0], FIRST.boxes[1]._replace(campaign="Other"))),
    image(5, "a.jpg", 9, 8),
    *(
        replace(image(number, name, 9, 8, split="val"), state=state)
        for number, name, state in ((6, "b.jpg", "unlabeled"), (7, "c.jpg", "draft"), (8, "d.jpg", "unusable"))
    ),
]


def read(kept: Kept) -> pyarrow.parquet.ParquetFile:
    return pyarrow.parquet.ParquetFile(io.BytesIO(kept.content["metadata.parquet"]))


def test_every_image_is_a_row_and_nothing_is_lost() -> None:
    kept, writer = write(ParquetWriter, STORED)
    file = read(kept)
    assert {field.name: str(field.type) for field in file.schema_arrow} == COLUMNS
    assert file.read().to_pylist() == ROWS
    assert json.loads(file.schema_arrow.metadata[b"classes"]) == {
        "1": "car",
        "2": 'a,"b"\\ <&> \U0001f600',
        "3": "gone",
    }
    assert (writer.tally.images, writer.tally.objects, writer.tally.losses) == (5, 2, {})
    assert writer.name_of(STORED[0]) == "images/drone-12/a/b.jpg"


def test_it_lies_beside_the_images_when_they_come_along() -> None:
    kept, _ = write(ParquetWriter, STORED, files=True)
    assert list(kept.content) == ["images/metadata.parquet"]


def test_the_same_library_writes_the_same_bytes_whatever_the_pages() -> None:
    assert write(ParquetWriter, STORED)[0].content == write(ParquetWriter, STORED, first=3)[0].content


def test_no_image_is_no_row() -> None:
    assert read(write(ParquetWriter, [])[0]).read().to_pylist() == []


def test_groups_of_rows_are_bounded_by_images_and_boxes() -> None:
    crowded = replace(image(1, "a.jpg", 9, 8), boxes=(box(1, 1, 0, 0, 1, 1),) * BOXES_AT_A_TIME)
    small = [image(number, "b.jpg", 9, 8) for number in range(2, IMAGES_AT_A_TIME + 3)]
    kept, writer = write(ParquetWriter, [crowded, *small])
    groups = read(kept).metadata
    assert [groups.row_group(number).num_rows for number in range(groups.num_row_groups)] == [1, IMAGES_AT_A_TIME, 1]
    assert (writer.tally.images, writer.tally.objects) == (IMAGES_AT_A_TIME + 2, BOXES_AT_A_TIME)
    assert [len(row["objects"]) for row in read(kept).read().to_pylist()[:3]] == [BOXES_AT_A_TIME, 0, 0]


def test_float32_comes_back_as_it_is() -> None:
    edges = 0.1, 2.5, 100.25, 1e-5
    kept, _ = write(ParquetWriter, [image(1, "a.jpg", 9, 8, box(1, 1, *edges))])
    [row] = read(kept).read(columns=["objects"])["objects"].combine_chunks().values.to_pylist()
    found = [row[name] for name in ("x_min", "y_min", "x_max", "y_max")]
    assert [float(f"{value:.7g}") for value in found] == list(edges)


def test_a_process_that_ends_early_fails_the_export() -> None:
    writer = ParquetWriter(DATASET, Kept(), files=False)
    writer._process.kill()
    writer._process.wait()
    for _ in range(2):
        writer.write(STORED)
    with pytest.raises(RuntimeError, match="ended with status -9"):
        writer.end()


def test_a_writer_that_is_dropped_ends_its_process() -> None:
    writer = ParquetWriter(DATASET, Kept(), files=False)
    process = writer._process
    writer.write(STORED)
    del writer
    assert process.returncode == -signal.SIGKILL
