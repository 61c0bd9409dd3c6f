"""COCO as it is written, byte for byte."""

import json
from datetime import UTC, datetime

import pytest

from app.formats.coco_writer import CAMPAIGN, NO_OUTLINES, SCORE, CocoWriter
from app.formats.members import UnsupportedError
from app.formats.records import Loss
from tests.formats.memory import box, dataset, image, write
from tests.formats.odd_names import ODD_NAMES

WHOLE = """\
{"info":{"description":"spring","version":"3","date_created":"2026-11-23T10:00:00Z"},
"licenses":[],
"categories":[
{"id":1,"name":"PET","supercategory":""},
{"id":2,"name":"can","supercategory":""}
],
"images":[
{"id":42,"file_name":"drone-12/a.jpg","width":1920,"height":1080,"date_captured":"2026-05-01 09:30:00"},
{"id":43,"file_name":"b.jpg","width":1920,"height":1080}
],
"annotations":[
{"id":7,"image_id":42,"category_id":1,"bbox":[480,540,480,270],"area":129600,"iscrowd":0,"segmentation":[],"score":1.0},
{"id":8,"image_id":42,"category_id":2,"bbox":[0.1,540,478.2,0.5],"area":239.1,"iscrowd":0,"segmentation":[],\
"attributes":{"campaign":"say \\"when\\""}}
]}
"""


def test_a_snapshot_has_a_record_a_line_and_the_empty_image_is_in() -> None:
    second = box(8, 2, "can", x_min=0.1, x_max=478.3, y_max=540.5, campaign='say "when"')
    taken = datetime(2026, 5, 1, 9, 30, 0, 500, tzinfo=UTC)
    page = [image(42, "drone-12/a.jpg", box(confidence=1.0), second, date_taken=taken), image(43, "b.jpg")]
    files, writer = write(CocoWriter, dataset(), page)
    assert files == {"annotations/instances_all.json": WHOLE}
    assert (writer.tally.images, writer.tally.objects) == (2, 2)
    assert writer.tally.losses == {NO_OUTLINES: Loss(1, 2), SCORE: Loss(1, 1), CAMPAIGN: Loss(1, 1)}


def test_pages_leave_no_trace() -> None:
    images = [image(image_id, f"{image_id}.jpg", box(image_id)) for image_id in range(1, 6)]
    together, _ = write(CocoWriter, dataset(), images)
    apart, _ = write(CocoWriter, dataset(), images[:1], [], images[1:4], images[4:])
    assert apart == together


def test_each_split_has_its_file_and_an_empty_one_is_whole() -> None:
    given = dataset(splits=["train", "val", "test"])
    page = [
        image(1, "a.jpg", box(1), split="test"),
        image(2, "b.jpg", split="train"),
        image(3, "c.jpg", box(2), split="test"),
    ]
    files, _ = write(CocoWriter, given, page)
    assert list(files) == [f"annotations/instances_{split}.json" for split in ("train", "val", "test")]
    read = {split: json.loads(files[f"annotations/instances_{split}.json"]) for split in given.splits}
    assert {split: [each["id"] for each in found["images"]] for split, found in read.items()} == {
        "train": [2],
        "val": [],
        "test": [1, 3],
    }
    assert [each["image_id"] for each in read["test"]["annotations"]] == [1, 3]
    assert read["val"]["annotations"] == []
    assert read["train"]["categories"] == read["test"]["categories"]


def test_a_snapshot_of_nothing_is_whole() -> None:
    files, _ = write(CocoWriter, dataset([]))
    assert json.loads(files["annotations/instances_all.json"]) == {
        "info": {"description": "spring", "version": "3", "date_created": "2026-11-23T10:00:00Z"},
        "licenses": [],
        "categories": [],
        "images": [],
        "annotations": [],
    }


def test_names_come_back_as_they_are() -> None:
    page = [image(image_id, name, box(image_id)) for image_id, name in enumerate(ODD_NAMES, start=1)]
    files, _ = write(CocoWriter, dataset(ODD_NAMES), page)
    read = json.loads(files["annotations/instances_all.json"])
    assert [each["file_name"] for each in read["images"]] == ODD_NAMES
    assert [each["name"] for each in read["categories"]] == ODD_NAMES


@pytest.mark.parametrize("state", ["unlabeled", "draft", "unusable"])
def test_an_image_that_would_look_empty_is_refused_by_name(state: str) -> None:
    with pytest.raises(UnsupportedError, match=f"image 9 is {state}, and readers would take it for an empty one"):
        write(CocoWriter, dataset(), [image(8, "a.jpg"), image(9, "b.jpg", state=state)])


def test_files_lie_where_file_name_says() -> None:
    _, writer = write(CocoWriter, dataset(), files=True)
    assert writer.name_of(image(1, "drone-12/a.jpg")) == "images/drone-12/a.jpg"
