"""Datumaro JSON as it is written, byte for byte."""

import json

from app.formats.datumaro_writer import DatumaroWriter
from tests.formats.memory import box, dataset, image, write
from tests.formats.odd_names import ODD_NAMES

WHOLE = """\
{"dm_format_version":"1.0","media_type":2,"infos":{"name":"spring","version":3},
"categories":{"label":{"labels":[
{"name":"PET","parent":"","attributes":[]},
{"name":"can","parent":"","attributes":[]}
],"attributes":[]}},
"items":[
{"id":"drone-12/a.jpg","attr":{"image_id":42,"state":"labeled"},"image":{"path":"drone-12/a.jpg","size":[1080,1920]},\
"annotations":[{"id":7,"type":"bbox","attributes":{"confidence":0.87,"campaign":"a"},"group":0,"label_id":0,"z_order":0,\
"bbox":[480,540,480,270]},{"id":8,"type":"bbox","attributes":{},"group":0,"label_id":1,"z_order":0,"bbox":[0.1,540,478.2,0.5]}]},
{"id":"b.jpg","attr":{"image_id":43,"state":"unusable"},"image":{"path":"b.jpg","size":[1080,1920]},"annotations":[]}
]}
"""


def test_a_snapshot_has_an_item_a_line_and_loses_nothing() -> None:
    boxes = box(confidence=0.87, campaign="a"), box(8, 2, "can", x_min=0.1, x_max=478.3, y_max=540.5)
    page = [image(42, "drone-12/a.jpg", *boxes), image(43, "b.jpg", state="unusable")]
    files, writer = write(DatumaroWriter, dataset(), page)
    assert files == {"annotations/default.json": WHOLE}
    assert (writer.tally.images, writer.tally.objects, writer.tally.losses) == (2, 2, {})


def test_each_split_is_a_subset_with_images_of_its_own() -> None:
    page = [image(1, "a.jpg", box(), split="val"), image(2, "b.jpg", split="val")]
    apart, writer = write(DatumaroWriter, dataset(splits=["train", "val"]), page[:1], [], page[1:])
    assert list(apart) == ["annotations/train.json", "annotations/val.json"]
    assert json.loads(apart["annotations/train.json"])["items"] == []
    assert [item["id"] for item in json.loads(apart["annotations/val.json"])["items"]] == ["a.jpg", "b.jpg"]
    assert writer.name_of(page[0]) == "images/val/a.jpg"
    assert writer.name_of(image(3, "drone-12/c.jpg")) == "images/default/drone-12/c.jpg"


def test_names_come_back_as_they_are() -> None:
    page = [image(image_id, name) for image_id, name in enumerate(ODD_NAMES, start=1)]
    files, _ = write(DatumaroWriter, dataset(ODD_NAMES), page)
    read = json.loads(files["annotations/default.json"])
    assert [(item["id"], item["image"]["path"]) for item in read["items"]] == [(name, name) for name in ODD_NAMES]
    assert [each["name"] for each in read["categories"]["label"]["labels"]] == ODD_NAMES
