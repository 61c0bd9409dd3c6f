"""Tasks and configuration of Label Studio as they are written, byte for byte."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from app.formats import label_studio_writer
from app.formats.label_studio_writer import QUESTION_MARK, LabelStudioWriter
from app.formats.members import UnsupportedError
from app.formats.records import Class, Loss
from tests.formats.memory import box, dataset, image, write
from tests.formats.odd_names import ODD_NAMES

CONFIG = """\
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image">
    <Label value="PET" background="#1f77b4"/>
    <Label value="can &quot;A&amp;B&quot; &lt;1&gt;"/>
  </RectangleLabels>
</View>
"""
TASKS = """\
[
{"id":42,"data":{"image":"azure-blob://main/upload/drone-12/a.jpg","image_id":42,"file_name":"drone-12/a.jpg",\
"state":"labeled","split":"train"},"annotations":[{"was_cancelled":false,"ground_truth":false,"result":[\
{"id":"7","type":"rectanglelabels","from_name":"label","to_name":"image","original_width":1920,"original_height":1080,\
"image_rotation":0,"value":{"x":25.0,"y":50.0,"width":25.0,"height":25.0,"rotation":0,"rectanglelabels":["PET"]},"score":0.87},\
{"id":"8","type":"rectanglelabels","from_name":"label","to_name":"image","original_width":1920,"original_height":1080,\
"image_rotation":0,"value":{"x":0.005208333333333333,"y":50.0,"width":99.99479166666667,"height":50.0,"rotation":0,\
"rectanglelabels":["can \\"A&B\\" <1>"]},"meta":{"campaign":"a"}}]}],"predictions":[]},
{"id":43,"data":{"image":"azure-blob://main/upload/b.jpg","image_id":43,"file_name":"b.jpg","state":"empty"},\
"annotations":[{"was_cancelled":false,"ground_truth":false,"result":[]}],"predictions":[]},
{"id":44,"data":{"image":"azure-blob://main/upload/c.jpg","image_id":44,"file_name":"c.jpg","state":"unlabeled"},\
"annotations":[],"predictions":[]},
{"id":45,"data":{"image":"azure-blob://main/upload/d.jpg","image_id":45,"file_name":"d.jpg","state":"unusable"},\
"annotations":[{"was_cancelled":true,"ground_truth":false,"result":[]}],"predictions":[]}
]
"""


def test_a_task_is_a_line_and_every_state_can_be_told() -> None:
    name = 'can "A&B" <1>'
    given = replace(dataset(), classes=(Class(1, "PET", "#1f77b4"), Class(2, name)))
    boxes = box(confidence=0.87), box(8, 2, name, x_min=0.1, x_max=1920.0, y_max=1080.0, campaign="a")
    page = [
        image(42, "drone-12/a.jpg", *boxes, split="train"),
        image(43, "b.jpg"),
        image(44, "c.jpg", state="unlabeled"),
        image(45, "d.jpg", state="unusable"),
    ]
    files, writer = write(LabelStudioWriter, given, page[:1], [], page[1:])
    assert files == {"labeling_config.xml": CONFIG, "tasks-0001.json": TASKS}
    assert (writer.tally.images, writer.tally.objects, writer.tally.losses) == (4, 2, {})


def test_a_snapshot_of_nothing_is_whole() -> None:
    files, _ = write(LabelStudioWriter, dataset([]))
    assert json.loads(files["tasks-0001.json"]) == []
    assert _read(files["labeling_config.xml"]).find("RectangleLabels/Label") is None


def test_tasks_are_in_parts_that_a_server_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_studio_writer, "TASKS_PER_FILE", 2)
    images = [image(image_id, f"{image_id}.jpg") for image_id in range(1, 6)]
    files, _ = write(LabelStudioWriter, dataset(), images)
    parts = {
        name: [task["id"] for task in json.loads(text)] for name, text in files.items() if name.startswith("tasks")
    }
    assert parts == {"tasks-0001.json": [1, 2], "tasks-0002.json": [3, 4], "tasks-0003.json": [5]}
    whole = len(files["tasks-0001.json"])
    monkeypatch.setattr(label_studio_writer, "MAX_BYTES_PER_FILE", whole)
    monkeypatch.setattr(label_studio_writer, "TASKS_PER_FILE", 10)
    files, _ = write(LabelStudioWriter, dataset(), images)
    assert [len(text) <= whole for name, text in files.items() if name.startswith("tasks")] == [True, True, True]


def test_names_come_back_as_they_are() -> None:
    page = [image(image_id, name, box(class_id=image_id)) for image_id, name in enumerate(ODD_NAMES, start=1)]
    files, writer = write(LabelStudioWriter, dataset(ODD_NAMES), page)
    assert writer.tally.losses == {QUESTION_MARK: Loss(1, 0)}
    tasks = json.loads(files["tasks-0001.json"])
    assert [task["data"]["image"] for task in tasks] == [f"azure-blob://main/upload/{name}" for name in ODD_NAMES]
    results = [task["annotations"][0]["result"][0] for task in tasks]
    assert [result["value"]["rectanglelabels"] for result in results] == [[name] for name in ODD_NAMES]
    labels = _read(files["labeling_config.xml"]).iter("Label")
    assert [label.get("value") for label in labels] == ODD_NAMES


@pytest.mark.parametrize("name", ODD_NAMES)
def test_files_that_come_along_lie_where_the_local_storage_looks(name: str) -> None:
    files, writer = write(LabelStudioWriter, dataset(), [image(1, name)], files=True)
    address = urlsplit(json.loads(files["tasks-0001.json"])[0]["data"]["image"])
    assert address.path == "/data/local-files/"
    assert parse_qs(address.query) == {"d": [writer.name_of(image(1, name))]}


@pytest.mark.parametrize(("character", "code"), [("\x01", "U+0001"), ("\x1b", "U+001B"), ("\uffff", "U+FFFF")])
def test_a_class_that_xml_cannot_hold_is_refused_by_number_and_place(character: str, code: str) -> None:
    with pytest.raises(
        UnsupportedError, match=rf"^The name of class 2 has the character {code.replace('+', '.')} at position 4,"
    ):
        write(LabelStudioWriter, dataset(["PET", f"can{character}"]))


def _read(config: str) -> ElementTree.Element:
    return ElementTree.fromstring(config)  # noqa: S314  # We wrote it.
