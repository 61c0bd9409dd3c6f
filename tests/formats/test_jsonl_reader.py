"""JSON Lines of AutoML are read, with and without confidences."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.jsonl_reader import read_jsonl
from app.formats.reading import FormatError, ReadBox, ReadImage
from tests.formats.reading import bad, boxes, images, packed, read, refusal
from tests.formats.spoiling import spoiled

BOX = {"label": "PET", "topX": 0.25, "topY": 0.5, "bottomX": 1, "bottomY": 0.75, "isCrowd": 0}
LINE: dict[str, Any] = {
    "image_url": "upload/drone-12/a.jpg",
    "image_details": {"format": "jpeg", "width": "1920px", "height": "1080px"},
    "label": [BOX],
    "label_confidence": [0.875],
}


def lines(*records: Any) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


def test_images_and_boxes_are_read_in_ratios() -> None:
    assert read(read_jsonl, lines(LINE)) == [
        ReadImage("1", "upload/drone-12/a.jpg", "line 1", None, 1920, 1080),
        ReadBox("1", "line 1, label[0]", 0.25, 0.5, 1.0, 0.75, "PET", None, "ratios", 0.875),
    ]


def test_what_azure_describes_is_read() -> None:
    bare = {"image_url": "azureml://subscriptions/s/workspaces/w/datastores/d/paths/upload/a%20b%2520.jpg", "label": []}
    store = {"image_url": "AmlDatastore://images/upload/a b.jpg", "label": [BOX], "image_details": {"width": 640}}
    found = read(read_jsonl, "\n" + lines(bare) + "\r\n" + lines(store).rstrip())
    assert images(found) == [
        ReadImage("2", "upload/a b%20.jpg", "line 2"),
        ReadImage("4", "upload/a b.jpg", "line 4", width=640),
    ]
    assert boxes(found)[0].confidence is None


def test_the_files_of_an_archive_are_read_one_after_the_other() -> None:
    assert read(read_jsonl, packed({"train.jsonl": ""})) == []
    found = read(
        read_jsonl, packed({"MLTable": "", "test.jsonl": "", "train.jsonl": lines(LINE), "val.jsonl": lines(LINE)})
    )
    assert [image.where for image in images(found)] == ["train.jsonl: line 1", "val.jsonl: line 1"]
    assert [box.image_key for box in boxes(found)] == ["1:1", "2:1"]


WRONG: dict[str, dict[str, Any]] = {
    "bad_record line 1: image_url must be a text, and is missing or null": {"image_url": None},
    "bad_record line 1: label must be a list of boxes, and is missing or null": {"label": None},
    "bad_record line 1: label must be a list of boxes, and is a text": {"label": "PET"},
    "bad_record line 1: image_details must be an object, and is a list": {"image_details": [1]},
    "bad_record line 1: image_details.width must be a whole number of pixels, and is a text": {
        "image_details": {"width": "wide"}
    },
    "bad_record line 1: label_confidence must be a list with one number or null for each box": {"label_confidence": []},
    "bad_record line 1: label_confidence must be a list with one number or null for each box ": {"label_confidence": 1},
    "bad_box line 1: label_confidence must lie between 0 and 1": {"label_confidence": [1.5]},
    "bad_record line 1, label[0]: a label must be an object, and is a text": {"label": ["PET"]},
    "bad_box line 1, label[0]: bottomX must be a number within 32 bits, and is missing or null": {
        "label": [{**BOX, "bottomX": None}]
    },
    "bad_box line 1, label[0]: topX must be a number within 32 bits, and is not a number (NaN)": {
        "label": [BOX | {"topX": float("nan")}]
    },
    "bad_box line 1, label[0]: label must be a text, and is missing or null": {"label": [BOX | {"label": None}]},
}


@pytest.mark.parametrize("report", WRONG)
def test_what_is_wrong_is_reported(report: str) -> None:
    assert bad(read(read_jsonl, lines(LINE | WRONG[report], LINE))) == [report.strip()]


def test_what_is_no_json_lines_is_refused() -> None:
    assert refusal(read_jsonl, lines(LINE) + "[1]\n").startswith("Line 2, byte ")
    assert "each line must be an object" in refusal(read_jsonl, lines(LINE, "text"))
    assert "cut short" in refusal(read_jsonl, lines(LINE, LINE)[:-2])
    assert "stands twice" in refusal(read_jsonl, lines(LINE).replace('"label_confidence"', '"label"'))
    assert refusal(read_jsonl, b"") == "The file is empty."
    assert "no file like *.jsonl" in refusal(read_jsonl, packed({"a.txt": ""}))


VALID = st.sampled_from([lines(LINE, LINE).encode(), packed({"all.jsonl": lines(LINE)})])
TOKENS = (b"null", b"1e400", b"NaN", b"[", b"{", b'"', b",", b":", b"[]", b"true", b"-1", b"\n", b"\\ud800")


@given(content=spoiled(VALID, TOKENS) | st.binary(max_size=300))
def test_a_spoiled_file_is_read_or_refused_in_words(content: bytes) -> None:
    try:
        found = read(read_jsonl, content)
    except FormatError as error:
        message = str(error)
        assert message.endswith((".", "”"))
    else:
        for box in boxes(found):
            assert all(-(2.0**32) <= edge <= 2.0**32 for edge in box[2:6])
            assert (box.label or "").encode()
