"""Label Studio's exports are read: what people said counts, and what a model said does not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.label_studio_reader import read_label_studio
from app.formats.reading import FormatError, ReadBox, ReadImage, ReadNote
from tests.formats.reading import bad, boxes, images, packed, read, refusal
from tests.formats.spoiling import spoiled

VALUE = {"x": 25.0, "y": 50, "width": 12.5, "height": 10.0, "rotation": 0, "rectanglelabels": ["PET"]}
REGION: dict[str, Any] = {
    "id": "Dx_aB91ISN",
    "type": "rectanglelabels",
    "from_name": "label",
    "to_name": "image",
    "original_width": 1920,
    "original_height": 1080,
    "image_rotation": 0,
    "value": VALUE,
    "origin": "manual",
}
ANNOTATION = {"id": 1001, "completed_by": 1, "result": [REGION], "was_cancelled": False, "ground_truth": False}
TASK: dict[str, Any] = {
    "id": 1,
    "annotations": [ANNOTATION],
    "file_upload": "a.jpg",
    "drafts": [],
    "predictions": [],
    "data": {"image": "azure-blob://main/upload/drone-12/a.jpg"},
    "meta": {"note": ["x"]},
    "inner_id": 1,
    "is_labeled": True,
}
PREDICTION = {"model_version": "m1", "score": 0.5, "result": [REGION | {"score": 0.5}]}


def with_annotations(*annotations: Any, **changes: Any) -> list[dict[str, Any]]:
    return [TASK | {"annotations": list(annotations)} | changes]


def with_region(**changes: Any) -> list[dict[str, Any]]:
    return with_annotations(ANNOTATION | {"result": [REGION | changes]})


def with_value(**changes: Any) -> list[dict[str, Any]]:
    return with_region(value=VALUE | changes)


def with_data(**data: Any) -> list[dict[str, Any]]:
    return [TASK | {"data": data}]


def test_tasks_and_regions_are_read_in_percent() -> None:
    place = "[0].annotations[0].result[0]"
    assert read(read_label_studio, [TASK]) == [
        ReadImage("0", "upload/drone-12/a.jpg", "[0]", None, 1920, 1080, None),
        ReadBox("0", place, 25.0, 50.0, 37.5, 60.0, "PET", None, "percent", None),
    ]
    assert boxes(read(read_label_studio, with_region(score=0.875)))[0].confidence == 0.875


def test_the_members_of_a_task_may_stand_in_any_order() -> None:
    backwards = dict(reversed(TASK.items())) | {"annotations": [dict(reversed(ANNOTATION.items()))]}
    assert read(read_label_studio, [backwards]) == read(read_label_studio, [TASK])


def test_the_parts_of_an_archive_are_read_one_after_the_other() -> None:
    files = {"labeling_config.xml": "<View/>", "tasks-0001.json": [TASK], "tasks-0002.json": [TASK | {"id": 2}]}
    found = read(read_label_studio, packed(files | {"manifest.json": {}}))
    assert [image.key for image in images(found)] == ["0:0", "1:0"]
    assert [box.image_key for box in boxes(found)] == ["0:0", "1:0"]
    assert boxes(found)[1].where == "tasks-0002.json: [0].annotations[0].result[0]"


MIN = {
    "image": "/data/upload/1/0a1b2c3d-a.jpg",
    "id": 1,
    "label": [VALUE | {"original_width": 1920, "original_height": 1080}],
    "annotator": 1,
    "annotation_id": 1001,
    "created_at": "2026-11-30T10:00:00Z",
    "lead_time": 3.5,
}


def test_json_min_is_read_as_well() -> None:
    assert read(read_label_studio, [MIN]) == [
        ReadImage("0", "a.jpg", "[0]", None, 1920, 1080, None),
        ReadBox("0", "[0].label[0]", 25.0, 50.0, 37.5, 60.0, "PET", None, "percent", None),
    ]
    without_boxes = {key: value for key, value in MIN.items() if key != "label"}
    never_annotated = {"id": 2, "image": "b.jpg"}
    found = read(read_label_studio, [without_boxes, never_annotated])
    assert ([image.state for image in images(found)], boxes(found)) == ([None, "unlabeled"], [])
    assert bad(read(read_label_studio, [MIN, MIN])) == ["duplicate_image [1]: a task with the same id came before"]


def test_what_our_exports_say_of_an_image_is_read() -> None:
    data = {"image": "/data/local-files/?d=images/a%20b.jpg", "image_id": 42, "file_name": "drone-12/a b.jpg"}
    assert images(read(read_label_studio, with_data(**data)))[0][:4] == ("0", "drone-12/a b.jpg", "[0]", 42)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://store.blob.example/main/upload/a%20b.jpg?sv=1&sig=x%3D", "upload/a b.jpg"),
        ("azure-blob://main/upload/a%20b?.jpg", "upload/a%20b?.jpg"),
        ("s3://bucket/upload/a.jpg", "upload/a.jpg"),
        ("/data/local-files/?d=sets/a%20b.jpg", "sets/a b.jpg"),
        ("/data/upload/12/0123abcd-a.jpg", "a.jpg"),
        ("drone-12/a.jpg", "drone-12/a.jpg"),
    ],
)
def test_the_path_is_taken_out_of_an_address(address: str, name: str) -> None:
    assert images(read(read_label_studio, with_data(image=address)))[0].name == name
    assert images(read(read_label_studio, with_data(title="a", picture=address)))[0].name == name


@pytest.mark.parametrize("skipped", [[], [ANNOTATION | {"was_cancelled": True}]])
def test_a_task_that_nobody_annotated_is_an_unlabeled_image(skipped: list[Any]) -> None:
    found = read(read_label_studio, [*with_annotations(*skipped), TASK | {"id": 2}])
    assert [image.state for image in images(found)] == ["unlabeled", None]
    assert [box.image_key for box in boxes(found)] == ["1"]


def test_an_annotation_without_regions_is_an_empty_image() -> None:
    found = read(read_label_studio, with_annotations(ANNOTATION | {"result": []}))
    assert (images(found)[0].state, boxes(found)) == (None, [])


@pytest.mark.parametrize(
    ("said", "annotations", "state"),
    [
        ("unusable", [ANNOTATION | {"was_cancelled": True}], "unusable"),
        ("unusable", [ANNOTATION], None),
        ("unlabeled", [ANNOTATION], None),
        ("unlabeled", [], "unlabeled"),
        ("labeled", [], "unlabeled"),
        ("draft", [ANNOTATION], "draft"),
        ("draft", [], "draft"),
        ([1], [], "unlabeled"),
    ],
)
def test_an_annotation_is_newer_than_the_state_of_an_export(
    said: Any, annotations: list[Any], state: str | None
) -> None:
    data = {"image": "a.jpg", "state": said}
    found = read(read_label_studio, [*with_annotations(*annotations, data=data), TASK | {"id": 2}])
    assert images(found)[0].state == state


def test_of_several_annotations_the_ground_truth_counts() -> None:
    other = ANNOTATION | {"result": [REGION, REGION]}
    found = read(read_label_studio, with_annotations(other, ANNOTATION | {"ground_truth": True}, other))
    assert [box.where for box in boxes(found)] == ["[0].annotations[1].result[0]"]
    assert (
        boxes(read(read_label_studio, with_annotations(ANNOTATION, other | {"was_cancelled": True})))[0].label == "PET"
    )
    for several in ([ANNOTATION, other], [ANNOTATION | {"ground_truth": True}] * 3):
        found = read(read_label_studio, with_annotations(*several))
        assert bad(found) == [
            f"bad_record [0]: the task has {len(several)} annotations, and none alone is the ground truth. Keep one, or mark "
            "one as ground truth"
        ]
        assert (images(found), boxes(found)) == ([], [])


def test_predictions_are_never_labels() -> None:
    found = read(read_label_studio, [TASK | {"predictions": [PREDICTION]}, TASK | {"id": 2, "annotations": []}])
    assert [box.image_key for box in boxes(found)] == ["0"]
    assert refusal(read_label_studio, with_annotations(predictions=[PREDICTION])) == (
        "The file has predictions of a model, and no annotations of people. Predictions are not imported; as COCO with "
        '"score" they can be.'
    )


def test_tasks_that_nobody_labeled_are_read() -> None:
    assert [image.state for image in images(read(read_label_studio, with_annotations()))] == ["unlabeled"]


def test_what_is_no_shape_is_noted() -> None:
    choice = {"type": "choices", "value": {"choices": ["sharp"]}, "from_name": "quality"}
    found = read(read_label_studio, with_annotations(ANNOTATION | {"result": [choice, REGION, choice]}))
    assert [note for note in found if isinstance(note, ReadNote)] == [ReadNote("not_kept", "the results", "choices", 2)]
    assert (bad(found), len(boxes(found))) == ([], 1)


OTHER = "only boxes with a label can be imported (rectanglelabels), and this is another result"
WRONG: dict[str, list[Any]] = {
    f"bad_box: {OTHER}": with_region(type="polygonlabels", value={"points": [[1, 2]], "polygonlabels": ["PET"]}),
    f"bad_box:  {OTHER}": with_region(type="rectangle"),
    f"bad_box:   {OTHER}": with_region(value={"x": 1}),
    "bad_box: the box is rotated, and only upright boxes can be imported": with_value(rotation=45.5),
    "bad_box: the image was rotated in Label Studio (image_rotation), and the box is in that view": with_region(
        image_rotation=90
    ),
    "bad_box: rectanglelabels must be a list of one label, and has 2": with_value(rectanglelabels=["a", "b"]),
    "bad_box: rectanglelabels must be a list of one label, and has 0": with_value(rectanglelabels=[]),
    "bad_box: the label must be a text, and is missing or null": with_value(rectanglelabels=[None]),
    "bad_box: the label has the character U+0000, which cannot be stored": with_value(rectanglelabels=["\0"]),
    "bad_box: width must be a number within 32 bits, and is infinite": with_value(width=float("inf")),
    "bad_box: y must be a number within 32 bits, and is missing or null": with_value(y=None),
    "bad_box: score must lie between 0 and 1": with_region(score=95),
    "bad_record: a result must be an object, and is a list": with_annotations(ANNOTATION | {"result": [[1]]}),
    "bad_record: the value of a result must be an object, and is a text": with_region(value="a"),
}


@pytest.mark.parametrize("report", WRONG)
def test_a_region_that_is_wrong_is_reported(report: str) -> None:
    kind, message = report.split(":", 1)
    found = read(read_label_studio, WRONG[report])
    assert bad(found) == [f"{kind} [0].annotations[0].result[0]: {message.strip()}"]
    assert len(images(found)) == 1


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (with_data(text="a"), 'the task names no image: "data" has no "image"'),
        (with_data(image=5), "data.image must be a text, and is 5"),
        (with_data(image="a.jpg", image_id=0), "data.image_id must be the id of an image, and is 0"),
        (with_region(original_width=-1), "original_width must be a whole number of pixels, and is -1"),
        ([TASK | {"id": [1]}], "id must be a whole number or a text, and is a list"),
    ],
)
def test_a_task_that_is_wrong_is_reported(task: list[Any], message: str) -> None:
    assert bad(read(read_label_studio, task)) == [f"bad_record [0]: {message}"]


def test_what_is_no_label_studio_is_refused() -> None:
    assert "a list was expected" in refusal(read_label_studio, {"id": 1})
    assert "an object was expected" in refusal(read_label_studio, [5])
    assert '"data" must be an object' in refusal(read_label_studio, [TASK | {"data": "a.jpg"}])
    assert "a list was expected" in refusal(read_label_studio, [TASK | {"annotations": {}}])
    assert "looks like COCO" in refusal(read_label_studio, {"images": []})
    assert "cut short" in refusal(read_label_studio, json.dumps([TASK])[:-1])


TOKENS = (b"null", b"1e400", b"NaN", b"[", b"{", b'"', b",", b":", b"[]", b"true", b"-1", b'"data"', b"\\ud800")
VALID = st.sampled_from([json.dumps([TASK]).encode(), json.dumps([MIN]).encode(), packed({"tasks-0001.json": [TASK]})])


@given(content=spoiled(VALID, TOKENS) | st.binary(max_size=300))
def test_a_spoiled_file_is_read_or_refused_in_words(content: bytes) -> None:
    try:
        found = read(read_label_studio, content)
    except FormatError as error:
        message = str(error)
        assert message.endswith((".", "”"))
    else:
        for box in boxes(found):
            assert all(-(2.0**32) <= edge <= 2.0**32 for edge in box[2:6])
            assert (box.label or "").encode()
