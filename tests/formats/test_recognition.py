"""A file that is said to be of one format, and looks like another, is refused in words that help."""

import io
import json

import pytest

from app.formats.reading import FormatError
from app.formats.recognition import recognize, refuse_other_formats
from tests.formats.reading import packed

LOOKS: dict[str, bytes] = {
    "coco": b'{"info": {}, "images": [{"id": 1}]}',
    "datumaro": b'{"infos":{},"categories":{"label":{"labels":[]}},"items":[{"annotations":[]}]}',
    "label-studio": b'\xef\xbb\xbf[\n{"id": 5, "annotations": [{"result": []}], "data": {}}]',
    "jsonl": b'{"image_url":"a.jpg","label":[{"label":"a","topX":0.5}]}\n',
    "csv": b"file_name,label,x_min,y_min,x_max,y_max\r\na.jpg,PET,1,1,2,2\r\n",
    "cvat": b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>',
    "parquet": b"PAR1" + bytes(100),
    "one file of Pascal VOC; send the whole folder as a zip archive": b"<annotation><filename>a.jpg</filename>",
    "one label file of YOLO; send the whole folder as a zip archive": b"0 0.5 0.5 0.25 0.25\n",
    "the table of a published campaign; send its labels.jsonl instead": b'image_url,label,label_confidence\na.jpg,"[]",[]\n',
    "a list of detections for COCO, which has no images and classes": b'[{"image_id":1,"category_id":3,"bbox":[1,1,1,1]}]',
    "a web page": b"<!DOCTYPE html><html>",
    "a JPEG image": b"\xff\xd8\xff\xe0" + bytes(10),
    "a gzip file": b"\x1f\x8b" + bytes(10),
}
ARCHIVES = {
    "coco": ["annotations/instances_train.json", "images/a.jpg", "manifest.json"],
    "yolo": ["data.yaml", "images/train/000001_a.jpg", "labels/train/000001_a.txt"],
    "voc": ["VOCdevkit/VOC2012/Annotations/000001_a.xml", "VOCdevkit/VOC2012/ImageSets/Main/train.txt"],
    "cvat": ["annotations.xml", "images/a.jpg"],
    "label-studio": ["labeling_config.xml", "tasks-0001.json"],
    "jsonl": ["MLTable", "train.jsonl"],
    "parquet": ["labels.parquet"],
    "an Excel workbook; save it as CSV": ["[Content_Types].xml", "xl/workbook.xml"],
}
FILES = [*LOOKS.items(), *((name, packed(dict.fromkeys(names, ""))) for name, names in ARCHIVES.items())]


@pytest.mark.parametrize(("looks", "content"), FILES)
def test_files_are_recognized_by_their_beginnings_and_names(looks: str, content: bytes) -> None:
    assert recognize(io.BytesIO(content)) == looks


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"hello", b"\0" * 10, packed({"a.txt": "a"}), b'{"annotations":[]}']
)
def test_what_can_be_anything_is_not_guessed(content: bytes) -> None:
    assert recognize(io.BytesIO(content)) is None
    refuse_other_formats(io.BytesIO(content), "coco")


def test_the_sender_is_told_the_name_of_the_format() -> None:
    with pytest.raises(FormatError) as caught:
        refuse_other_formats(io.BytesIO(LOOKS["datumaro"]), "coco")
    assert str(caught.value) == "The file is said to be COCO, and looks like Datumaro. Send it as format=datumaro."
    with pytest.raises(FormatError, match=r"looks like a JPEG image\.$"):
        refuse_other_formats(io.BytesIO(LOOKS["a JPEG image"]), "csv")


def test_a_file_that_is_what_it_is_said_to_be_is_left_at_its_beginning() -> None:
    file = io.BytesIO(json.dumps({"images": [{}]}).encode())
    file.read()
    refuse_other_formats(file, "coco")
    assert file.tell() == 0
