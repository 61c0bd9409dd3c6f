"""JSON Lines and their MLTable as they are written, byte for byte."""

import json

import pytest
import yaml

from app.formats.jsonl_writer import CAMPAIGN, IDS, JsonlWriter
from app.formats.members import UnsupportedError
from app.formats.records import Loss
from tests.formats.memory import box, dataset, image, write
from tests.formats.odd_names import ODD_NAMES

WHOLE = """\
{"image_url":"upload/drone-12/a.jpg","image_details":{"format":"jpeg","width":"1920px","height":"1080px"},"label":[\
{"label":"PET","topX":0.25,"topY":0.5,"bottomX":0.5,"bottomY":0.75,"isCrowd":0},\
{"label":"can","topX":0.0,"topY":0.5,"bottomX":1.0,"bottomY":0.500462962962963,"isCrowd":0}],"label_confidence":[1.0,null]}
{"image_url":"upload/b.jpg","image_details":{"format":null,"width":"1920px","height":"1080px"},"label":[],"label_confidence":[]}
"""
TABLE = """\
$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json
type: mltable
paths:
- file: ./train.jsonl
- file: ./val.jsonl
transformations:
- read_json_lines:
    encoding: utf8
    invalid_lines: error
    include_path_column: true
"""


def test_an_image_is_a_line_and_boxes_are_parts_of_its_size() -> None:
    boxes = box(confidence=1.0), box(8, 2, "can", x_min=0.0, x_max=1920.0, y_max=540.5, campaign="a")
    page = [image(42, "drone-12/a.jpg", *boxes), image(43, "b.jpg", filetype=None)]
    files, writer = write(JsonlWriter, dataset(), page[:1], [], page[1:])
    assert files == {"all.jsonl": WHOLE}
    assert (writer.tally.images, writer.tally.objects) == (2, 2)
    assert writer.tally.losses == {IDS: Loss(2, 2), CAMPAIGN: Loss(1, 1)}


def test_each_split_has_its_lines_and_the_table_reads_them_all() -> None:
    page = [image(1, "a.jpg", box(), split="val"), image(2, "b.jpg", split="val")]
    files, _ = write(JsonlWriter, dataset(splits=["train", "val"]), page)
    assert list(files) == ["MLTable", "train.jsonl", "val.jsonl"]
    assert files["MLTable"] == TABLE
    assert files["train.jsonl"] == ""
    assert [json.loads(line)["image_url"] for line in files["val.jsonl"].splitlines()] == [
        "upload/a.jpg",
        "upload/b.jpg",
    ]


def test_files_lie_where_image_url_says_and_come_with_a_table() -> None:
    files, writer = write(JsonlWriter, dataset(), [image(1, "a.jpg")], files=True)
    assert writer.name_of(image(1, "a.jpg")) == json.loads(files["all.jsonl"])["image_url"]
    assert yaml.safe_load(files["MLTable"])["paths"] == [{"file": "./all.jsonl"}]


def test_names_come_back_as_they_are_and_no_line_is_broken() -> None:
    page = [image(image_id, name, box(class_id=image_id)) for image_id, name in enumerate(ODD_NAMES, start=1)]
    files, _ = write(JsonlWriter, dataset(ODD_NAMES), page)
    read = [json.loads(line) for line in files["all.jsonl"].splitlines()]
    assert [line["image_url"] for line in read] == [f"upload/{name}" for name in ODD_NAMES]
    assert [line["label"][0]["label"] for line in read] == ODD_NAMES


@pytest.mark.parametrize("state", ["unlabeled", "draft", "unusable"])
def test_an_image_that_would_look_empty_is_refused_by_name(state: str) -> None:
    with pytest.raises(UnsupportedError, match=f"JSON Lines has no word .* image 9 is {state}"):
        write(JsonlWriter, dataset(), [image(9, "b.jpg", state=state)])
