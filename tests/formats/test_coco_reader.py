"""COCO is read as others write it, in any order, and what is wrong in it is reported one by one."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.formats.coco_reader import read_coco
from app.formats.reading import FormatError, ReadBox, ReadBoxes, ReadClass, ReadImage, ReadNote, ReadOptions
from tests.formats.read_process import one_by_one
from tests.formats.reading import bad, boxes, classes, images, packed, read, refusal
from tests.formats.spoiling import spoiled

IMAGE = {"id": 1, "file_name": "drone-12/a.jpg", "width": 1920, "height": 1080}
BOX = {"id": 7, "image_id": 1, "category_id": 3, "bbox": [10, 20.5, 30, 40]}
CLASS = {"id": 3, "name": "PET"}
MINIMAL: dict[str, Any] = {"images": [IMAGE], "annotations": [BOX], "categories": [CLASS]}


def with_box(**changes: Any) -> dict[str, Any]:
    return MINIMAL | {"annotations": [BOX | changes]}


def test_images_classes_and_boxes_are_read() -> None:
    assert read(read_coco, MINIMAL) == [
        ReadImage("1", "drone-12/a.jpg", "images[0]", None, 1920, 1080),
        ReadBox("1", "annotations[0]", 10.0, 20.5, 40.0, 60.5, None, "3", "pixels", None),
        ReadClass("3", "PET"),
    ]


@pytest.mark.parametrize("order", [("annotations", "images", "categories"), ("categories", "annotations", "images")])
def test_the_lists_may_stand_in_any_order_between_others(order: tuple[str, ...]) -> None:
    other = {"info": {"year": 2026}, "licenses": [], "videos": [{"a": [1, {"b": None}]}]}
    shuffled = {key: MINIMAL[key] for key in order}
    assert (
        set(read(read_coco, other | shuffled))
        == set(read(read_coco, MINIMAL))
        == set(read(read_coco, shuffled | other))
    )


def test_what_other_tools_write_is_read() -> None:
    crowd = {"segmentation": {"counts": [1, 2], "size": [5, 5]}, "iscrowd": 1, "area": 12.5, "score": 0.25}
    found = read(read_coco, with_box(**crowd, category_id="a", image_id=1.0, attributes={"occluded": False}))
    assert boxes(found) == [ReadBox("1", "annotations[0]", 10, 20.5, 40, 60.5, None, "a", "pixels", 0.25)]
    assert ReadNote("not_kept", "annotations", "segmentation", 1) in found
    assert classes(read(read_coco, MINIMAL | {"categories": [{"id": 0, "name": "zero"}]})) == {"0": "zero"}
    bare = {"id": 5, "file_name": "000042_a.jpg"}
    assert images(read(read_coco, MINIMAL | {"images": [bare]})) == [ReadImage("5", "000042_a.jpg", "images[0]", 42)]
    without_id = {key: value for key, value in BOX.items() if key != "id"}
    assert bad(read(read_coco, MINIMAL | {"annotations": [without_id, without_id]})) == []


def test_the_parts_of_an_archive_number_their_images_each_for_itself() -> None:
    other = MINIMAL | {"images": [IMAGE | {"file_name": "b.jpg"}]}
    files = {
        "annotations/instances_train.json": MINIMAL,
        "annotations/instances_val.json": other,
        "manifest.json": {"a": 1},
    }
    found = read(read_coco, packed(files | {"annotations/captions_val.json": "no JSON", "images/a.json": "none"}))
    assert [image.key for image in images(found)] == ["0:1", "1:1"]
    assert [box.image_key for box in boxes(found)] == ["0:1", "1:1"]
    assert classes(found) == {"0:3": "PET", "1:3": "PET"}
    assert boxes(found)[1].where == "annotations/instances_val.json: annotations[0]"
    assert bad(found) == []


def test_a_single_file_in_an_archive_is_found_wherever_tools_put_it() -> None:
    for name in ("result.json", "export/result.json", "train/_annotations.coco.json", "x/annotations/a.json"):
        assert len(boxes(read(read_coco, packed({name: MINIMAL, "__MACOSX/._result.json": "\0"})))) == 1
    assert "no file like annotations/instances_*.json" in refusal(read_coco, packed({"a.txt": "a"}))


WRONG: dict[str, dict[str, Any]] = {
    "bad_box annotations[0]: bbox must be a list of x, y, width and height, and is a list of 3": {"bbox": [1, 2, 3]},
    "bad_box annotations[0]: bbox must be a list of x, y, width and height, and is missing or null": {"bbox": None},
    "bad_box annotations[0]: the width in bbox must be a number within 32 bits, and is true or false": {
        "bbox": [1, 2, True, 4]
    },
    "bad_box annotations[0]: y in bbox must be a number within 32 bits, and is a text": {"bbox": [1, "2", 3, 4]},
    "bad_box annotations[0]: x in bbox must be a number within 32 bits, and is too large": {"bbox": [2**70, 2, 3, 4]},
    "bad_box annotations[0]: score must lie between 0 and 1": {"score": 1.5},
    "bad_record annotations[0]: image_id must be a whole number or a text, and is missing or null": {"image_id": None},
    "bad_record annotations[0]: category_id must be a whole number or a text, and is true or false": {
        "category_id": True
    },
    "bad_record annotations[0]: image_id must be a whole number of 64 bits, and is larger": {"image_id": 2.0**70},
    "bad_record annotations[0]: id must be a whole number or a text, and is a list": {"id": [1]},
}


@pytest.mark.parametrize("report", WRONG)
def test_a_box_that_is_wrong_is_reported_beside_the_others(report: str) -> None:
    content = MINIMAL | {"annotations": [BOX | WRONG[report], BOX | {"id": 8}]}
    found = read(read_coco, content)
    assert bad(found) == [report]
    assert [box.where for box in boxes(found)] == ["annotations[1]"]


@pytest.mark.parametrize(
    ("number", "words"), [("NaN", "not a number (NaN)"), ("1e400", "infinite"), ("-Infinity", "infinite")]
)
def test_numbers_that_are_none_are_reported(number: str, words: str) -> None:
    text = json.dumps(MINIMAL).replace("20.5", number)
    assert bad(read(read_coco, text)) == [
        f"bad_box annotations[0]: y in bbox must be a number within 32 bits, and is {words}"
    ]


def test_ids_that_come_twice_are_reported_one_by_one() -> None:
    content = {
        "categories": [CLASS, CLASS, {"id": 4, "name": "PET"}, {"id": 5, "name": "can"}],
        "images": [IMAGE, IMAGE | {"id": 2}, IMAGE, IMAGE],
        "annotations": [BOX, BOX | {"id": 8}, BOX | {"bbox": [1, 1, 1, 1]}],
    }
    assert bad(read(read_coco, content)) == [
        "duplicate_class categories[1]: a class with the id “3” came before",
        "duplicate_class categories[2]: the class “PET” has two ids, “3” and “4”",
        "duplicate_image images[2]: an image with the id “1” came before",
        "duplicate_image images[3]: an image with the id “1” came before",
        "duplicate_box annotations[2]: a box with the id “7” came before",
    ]


def test_texts_that_cannot_be_stored_are_reported() -> None:
    names = ["a\0b", "\ud800", "", "x" * 1025, 5, None]
    content = MINIMAL | {"images": [IMAGE | {"id": number, "file_name": name} for number, name in enumerate(names)]}
    assert bad(read(read_coco, content)) == [
        "bad_record images[0]: file_name has the character U+0000, which cannot be stored",
        "bad_record images[1]: file_name has half of a surrogate pair, which is no character",
        "bad_record images[2]: file_name must have 1 to 1,024 characters, and has 0",
        "bad_record images[3]: file_name must have 1 to 1,024 characters, and has 1,025",
        "bad_record images[4]: file_name must be a text, and is 5",
        "bad_record images[5]: file_name must be a text, and is missing or null",
    ]


def test_an_entry_that_is_no_object_is_reported() -> None:
    content = MINIMAL | {"images": [IMAGE, None, [1], "a"], "annotations": [5]}
    assert bad(read(read_coco, content)) == [
        "bad_record images[1]: an object was expected, and there is missing or null",
        "bad_record images[2]: an object was expected, and there is a list",
        "bad_record images[3]: an object was expected, and there is a text",
        "bad_record annotations[0]: an object was expected, and there is 5",
    ]


@pytest.mark.parametrize("side", [0, -5, 10.5, "640", float("inf")])
def test_a_size_that_is_none_is_reported(side: object) -> None:
    found = bad(read(read_coco, MINIMAL | {"images": [IMAGE | {"width": side}]}))
    assert len(found) == 1
    assert found[0].startswith("bad_record images[0]: width must be a whole number of pixels, and is ")


@pytest.mark.parametrize("missing", ["images", "annotations", "categories"])
def test_a_file_without_one_of_the_lists_is_refused(missing: str) -> None:
    content = {key: value for key, value in MINIMAL.items() if key != missing}
    assert refusal(read_coco, content) == (
        f'The file has no "{missing}". COCO has the lists images, annotations and categories.'
    )


def test_lists_that_are_none_are_refused() -> None:
    assert refusal(read_coco, MINIMAL | {"images": {"1": IMAGE}}).endswith('"images" must be a list.')
    assert "stands twice" in refusal(read_coco, json.dumps(MINIMAL)[:-1] + ',"images":[]}')
    assert "stands twice" in refusal(read_coco, json.dumps(MINIMAL).replace('"bbox"', '"id": 9, "bbox"'))
    assert "begins with an object" in refusal(read_coco, "[1, 2]")
    assert "cut short" in refusal(read_coco, json.dumps(MINIMAL)[:-1])
    assert "something follows" in refusal(read_coco, json.dumps(MINIMAL) * 2)


def test_more_classes_than_any_dataset_has_are_refused() -> None:
    many = [{"id": number, "name": f"class {number}"} for number in range(100_000)]
    assert refusal(read_coco, MINIMAL | {"categories": many}) == (
        "categories[50000]: The file has more than 50,000 classes."
    )


def test_a_byte_order_mark_is_read_over() -> None:
    assert len(boxes(read(read_coco, b"\xef\xbb\xbf" + json.dumps(MINIMAL).encode()))) == 1


ODD = st.sampled_from(
    [
        {"id": 4990},
        {"id": "7"},
        {"id": 7.0},
        {"id": None},
        {"id": [1]},
        {"id": 2**70},
        {"image_id": "1"},
        {"image_id": True},
        {"image_id": 1.0},
        {"category_id": None},
        {"bbox": [1, 2, 3]},
        {"bbox": [1, 2, 3, True]},
        {"bbox": [1, 2, 3, 2**31 + 1]},
        {"bbox": [float("nan"), 2, 3, 4]},
        {"bbox": [1, 2, 3, float("inf")]},
        {"bbox": "1234"},
        {"score": True},
        {"score": 1.5},
        {"score": "1"},
        {"segmentation": [[1, 2]]},
        {"bbox": None},
    ]
)


@settings(deadline=None)
@given(odd=st.dictionaries(st.integers(0, 29), ODD, max_size=3), is_shuffled=st.booleans(), is_packed=st.booleans())
def test_boxes_in_columns_are_what_they_are_one_by_one(
    odd: dict[int, dict[str, Any]], is_shuffled: bool, is_packed: bool
) -> None:
    """Whatever is odd about some of them, and in whatever order their ids come."""
    numbers = [number * 7 % 30 if is_shuffled else number for number in range(30)]
    many = [
        BOX
        | {"id": 5000 - number, "category_id": number % 3, "score": [0.5, 1, None][number % 3]}
        | odd.get(number, {})
        for number in numbers
    ]
    content: Any = MINIMAL | {"annotations": many}
    content = packed({"annotations/a{}.json": content}) if is_packed else json.dumps(content).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.formats.coco_reader.FEWEST", 1000)
        alone = list(read_coco(io.BytesIO(content), ReadOptions()))
    assert not any(isinstance(record, ReadBoxes) for record in alone)
    together = list(read_coco(io.BytesIO(content), ReadOptions()))
    assert [*one_by_one(together)] == alone
    assert odd or any(isinstance(record, ReadBoxes) for record in together)


def test_an_id_that_comes_again_far_behind_is_reported() -> None:
    """The boxes lie in different parts of the file, which are read one after the other."""
    many = [BOX | {"id": number} for number in range(9000)]
    found = read(read_coco, MINIMAL | {"annotations": [*many, BOX | {"id": 4}, BOX | {"id": 9000}]})
    assert bad(found) == ["duplicate_box annotations[9000]: a box with the id “4” came before"]
    assert [box.where for box in boxes(found)[-2:]] == ["annotations[8999]", "annotations[9001]"]


TOKENS = (b"null", b"1e400", b"NaN", b"[", b"{", b'"', b",", b":", b"[]", b"true", b"-1", b'"images"', b"\\ud800")
VALID = st.sampled_from([json.dumps(MINIMAL).encode(), packed({"annotations/a.json": MINIMAL})])


@given(content=spoiled(VALID, TOKENS) | st.binary(max_size=300))
def test_a_spoiled_file_is_read_or_refused_in_words(content: bytes) -> None:
    try:
        found = read(read_coco, content)
    except FormatError as error:
        message = str(error)
        assert message.endswith((".", "”"))
    else:
        for box in boxes(found):
            assert all(-(2.0**32) <= edge <= 2.0**32 for edge in box[2:6])
            assert box.image_key.encode()
