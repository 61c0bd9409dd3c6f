"""Datumaro JSON is read with its sizes the right way round, and other shapes than boxes are reported."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.datumaro_reader import read_datumaro
from app.formats.reading import FormatError, ReadBox, ReadClass, ReadImage, ReadNote
from tests.formats.reading import bad, boxes, classes, images, packed, read, refusal
from tests.formats.spoiling import spoiled

BOX = {"id": 0, "type": "bbox", "attributes": {"occluded": False}, "group": 0, "label_id": 1, "z_order": 0}
BOX |= {"bbox": [10, 20.5, 30, 40]}
ITEM: dict[str, Any] = {
    "id": "drone-12/a",
    "annotations": [BOX],
    "attr": {"frame": 3},
    "image": {"path": "drone-12/a.jpg", "size": [1080, 1920]},
}
LABELS = [{"name": "PET", "parent": "", "attributes": []}, {"name": "can", "parent": ""}]
MINIMAL: dict[str, Any] = {
    "dm_format_version": "1.0",
    "media_type": 2,
    "infos": {},
    "categories": {"label": {"labels": LABELS, "attributes": []}, "mask": {"colormap": [{"label_id": 0}]}},
    "items": [ITEM],
}


def with_items(*items: dict[str, Any]) -> dict[str, Any]:
    return MINIMAL | {"items": list(items)}


def with_box(**changes: Any) -> dict[str, Any]:
    return with_items(ITEM | {"annotations": [BOX | changes]})


def test_items_labels_and_boxes_are_read() -> None:
    assert read(read_datumaro, MINIMAL) == [
        ReadClass("0", "PET"),
        ReadClass("1", "can"),
        ReadBox("0", "items[0].annotations[0]", 10.0, 20.5, 40.0, 60.5, None, "1", "pixels", None),
        ReadImage("0", "drone-12/a.jpg", "items[0]", None, 1920, 1080, None),
    ]


def test_the_members_may_stand_in_any_order() -> None:
    backwards = dict(reversed(MINIMAL.items())) | {"items": [dict(reversed(ITEM.items()))]}
    del backwards["dm_format_version"]
    assert set(read(read_datumaro, backwards)) == set(read(read_datumaro, MINIMAL))


def test_what_our_exports_add_is_read() -> None:
    item = ITEM | {"attr": {"image_id": 42, "state": "unusable"}, "annotations": []}
    assert images(read(read_datumaro, with_items(item))) == [
        ReadImage("0", "drone-12/a.jpg", "items[0]", 42, 1920, 1080, "unusable")
    ]
    assert boxes(read(read_datumaro, with_box(attributes={"confidence": 0.25})))[0].confidence == 0.25


def test_an_item_without_an_image_has_its_id_as_name() -> None:
    assert images(read(read_datumaro, with_items({"id": "000042_a"}))) == [ReadImage("0", "000042_a", "items[0]", 42)]
    assert images(read(read_datumaro, with_items({"id": 7, "image": {"path": ""}, "attr": None})))[0].name == "7"


def test_the_subsets_of_an_archive_are_read_each_with_its_labels() -> None:
    other = MINIMAL | {"categories": {"label": {"labels": ["glass"]}}}
    files = {"annotations/train.json": MINIMAL, "annotations/val.json": other, "images/train/a.json": "none"}
    found = read(read_datumaro, packed(files))
    assert [image.key for image in images(found)] == ["0:0", "1:0"]
    assert classes(found) == {"0:0": "PET", "0:1": "can", "1:0": "glass"}
    assert boxes(found)[1].class_key == "1:1"
    assert boxes(found)[1].where == "annotations/val.json: items[0].annotations[0]"


def test_other_shapes_are_reported_and_what_is_no_shape_is_noted() -> None:
    polygon = {"type": "polygon", "points": [1, 2, 3, 4, 5, 6], "label_id": 0}
    item = ITEM | {"annotations": [polygon, {"type": "caption", "caption": "a"}, {"type": "label", "label_id": 0}, BOX]}
    found = read(read_datumaro, with_items(item))
    assert bad(found) == ["bad_box items[0].annotations[0]: only boxes can be imported, and the type is “polygon”"]
    assert [note for note in found if isinstance(note, ReadNote)] == [
        ReadNote("not_kept", "items", "caption", 1),
        ReadNote("not_kept", "items", "label", 1),
    ]
    assert len(boxes(found)) == 1


WRONG: dict[str, dict[str, Any]] = {
    "bad_box items[0].annotations[0]: label_id must be the number of a label, and is missing or null": with_box(
        label_id=None
    ),
    "bad_box items[0].annotations[0]: bbox must be a list of x, y, width and height, and is a list of 2": with_box(
        bbox=[1, 2]
    ),
    "bad_box items[0].annotations[0]: x in bbox must be a number within 32 bits, and is not a number (NaN)": with_box(
        bbox=[float("nan"), 2, 3, 4]
    ),
    "bad_box items[0].annotations[0]: attributes.confidence must lie between 0 and 1": with_box(
        attributes={"confidence": -1}
    ),
    "bad_record items[0].annotations[0]: attributes must be an object, and is a list": with_box(attributes=[1]),
    "bad_record items[0].annotations[0]: type must be a text, and is missing or null": with_box(type=None),
    "bad_record items[0].annotations[0]: an annotation must be an object, and is a text": with_items(
        ITEM | {"annotations": ["a"]}
    ),
    "bad_record items[0]: the id of an item must be a whole number or a text, and is missing or null": with_items(
        {"image": {"path": "a"}}
    ),
    "bad_record items[0]: image.size must be a list of height and width, and is an object": with_items(
        ITEM | {"image": {"size": {"a": 1}}}
    ),
    "bad_record items[0]: the height in image.size must be a whole number of pixels, and is 0": with_items(
        ITEM | {"image": {"size": [0, 1]}}
    ),
    "bad_record items[0]: attr.image_id must be the id of an image, and is a text": with_items(
        ITEM | {"attr": {"image_id": "42"}}
    ),
    "duplicate_image items[1]: an item with the id “drone-12/a” came before": with_items(ITEM, ITEM),
    "duplicate_class categories.label.labels[1]: the label “PET” stands twice, as 0 and 1": MINIMAL
    | {"categories": {"label": {"labels": ["PET", "PET"]}}},
    "bad_record categories.label.labels[0]: the name of a label must be a text, and is missing or null": MINIMAL
    | {"categories": {"label": {"labels": [{}]}}},
}


@pytest.mark.parametrize("report", WRONG)
def test_what_is_wrong_is_reported(report: str) -> None:
    assert bad(read(read_datumaro, WRONG[report])) == [report]


@pytest.mark.parametrize("missing", ["items", "categories"])
def test_a_file_without_items_or_categories_is_refused(missing: str) -> None:
    content = {key: value for key, value in MINIMAL.items() if key != missing}
    assert refusal(read_datumaro, content) == (f'The file has no "{missing}". Datumaro has "categories" and "items".')


def test_what_is_no_datumaro_is_refused() -> None:
    assert "begins with an object" in refusal(read_datumaro, "[1]")
    assert refusal(read_datumaro, MINIMAL | {"items": {}}).endswith("a list was expected.")
    assert refusal(read_datumaro, with_items(ITEM | {"annotations": 5})).endswith("a list was expected.")
    assert "looks like COCO" in refusal(read_datumaro, {"images": []})
    assert "stands twice" in refusal(read_datumaro, json.dumps(MINIMAL).replace('"attr"', '"id": "b", "attr"'))
    many = {"label": {"labels": [{"name": f"class {number}"} for number in range(100_000)]}}
    assert "more than 50,000 classes" in refusal(read_datumaro, MINIMAL | {"categories": many})


TOKENS = (b"null", b"1e400", b"NaN", b"[", b"{", b'"', b",", b":", b"[]", b"true", b"-1", b'"items"', b"\\ud800")
VALID = st.sampled_from([json.dumps(MINIMAL).encode(), packed({"annotations/a.json": MINIMAL})])


@given(content=spoiled(VALID, TOKENS) | st.binary(max_size=300))
def test_a_spoiled_file_is_read_or_refused_in_words(content: bytes) -> None:
    try:
        found = read(read_datumaro, content)
    except FormatError as error:
        message = str(error)
        assert message.endswith((".", "”"))
    else:
        for box in boxes(found):
            assert all(-(2.0**32) <= edge <= 2.0**32 for edge in box[2:6])
