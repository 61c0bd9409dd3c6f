"""Large arrays in bodies, which are checked and gone through piece by piece."""

from typing import Any

import orjson
import pytest

from app.web.json_array import PIECE_BYTES, JsonArray
from app.web.openapi import load_spec
from tests.caller import Caller
from tests.conftest import Labelled

JSON = {"Content-Type": "application/json"}


def submission(image_ids: list[int], label: str = "PET") -> list[dict[str, Any]]:
    """A submission that is cut into several pieces."""
    box = {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}
    objects = [{"bounding_box": box, "label": label}] * (2 * PIECE_BYTES // 60)
    return [{"image_id": image_id, "objects": objects} for image_id in image_ids]


@pytest.mark.parametrize("count", [0, 1, 2, 1000, 100_000])
def test_items_come_in_their_order_as_often_as_wanted(count: int) -> None:
    items = [{"id": number, "é": [None, "]", "\\"]} for number in range(count)]
    array = JsonArray.cut(orjson.dumps(items, option=orjson.OPT_INDENT_2))
    assert len(array) == count
    assert list(array) == list(array) == items


def test_parts_know_their_position() -> None:
    array = JsonArray.cut(orjson.dumps(list(range(100_000))))
    parts = list(array.parts())
    assert len(parts) > 2
    assert all(items[0] == position for position, items in parts)


@pytest.mark.parametrize("raw", [b"", b"{}", b"1", b"[1,,2]", b"[1", b"[1] 2", b"\xef\xbb\xbf[1]", b"[" * 5000])
def test_what_is_no_array_is_not_cut(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        JsonArray.cut(raw)


def test_a_large_submission_is_stored_whole(labelled: Labelled, admin: Caller) -> None:
    body = submission(labelled.image_ids)
    receipt = labelled.partner.put(
        f"/campaigns/{labelled.campaign_id}/objects", body, headers={"Prefer": "return=representation"}
    ).expect(200)
    count = len(body[0]["objects"])
    assert (receipt["image_count"], receipt["object_count"]) == (4, 4 * count)
    page = admin.get(f"/campaigns/{labelled.campaign_id}/objects").expect(200)
    assert [len(image["objects"]) for image in page["images"]] == [count] * 4


def test_a_fault_behind_the_first_piece_is_told_with_its_place_and_nothing_is_stored(
    labelled: Labelled, admin: Caller
) -> None:
    first, second, third, _ = labelled.image_ids
    path = f"/campaigns/{labelled.campaign_id}/objects"
    body = submission([first, second, third])
    body[2] = {"image_id": "x", "objects": []}
    problem = labelled.partner.put(path, body).expect(400)
    assert [error["pointer"] for error in problem["errors"]] == ["/2/image_id"]
    body[2] = {"image_id": second, "objects": []}
    problem = labelled.partner.put(path, body).expect(422, "named already at /1")
    body[2] = {"image_id": 4711, "objects": []}
    problem = labelled.partner.put(path, body).expect(404, "Image 4711")
    assert [error["pointer"] for error in problem["errors"]] == ["/2/image_id"]
    body[2] = {
        "image_id": third,
        "objects": [{"bounding_box": {"xmin": 0, "xmax": 1921, "ymin": 0, "ymax": 1}, "label": "a"}],
    }
    problem = labelled.partner.put(path, body).expect(422, "1920 wide")
    assert [error["pointer"] for error in problem["errors"]] == ["/2/objects/0/bounding_box"]
    assert admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["progress"]["done"] == 0


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (b',{"image_id":1,"objects":[],"objects":[]}]', "duplicate key"),
        (b',{"image_id":1,"objects":[NaN]}]', "not valid JSON"),
        (b',{"image_id":1,"objects":["\\ud800"]}]', "not valid JSON"),
        (b',{"image_id":1,"objects":["\xff"]}]', "not valid JSON"),
        (b"", "not valid JSON"),
        (b"]]", "not valid JSON"),
    ],
)
def test_large_arrays_are_parsed_as_strictly_as_others(labelled: Labelled, end: bytes, words: str) -> None:
    raw = orjson.dumps(submission(labelled.image_ids[:2]))[:-1] + end
    path = f"/campaigns/{labelled.campaign_id}/objects"
    problem = labelled.partner.request("PUT", path, content=raw, headers=JSON).expect(400, words)
    if words != "not valid JSON" or not end:
        # The place is one in the whole body.
        assert int(problem["detail"].rpartition("column ")[2].rstrip(".")) > 2 * PIECE_BYTES


def test_large_bodies_that_are_no_arrays_are_told_so(labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}/objects"
    labelled.partner.request("PUT", path, content=b'{"a":"%b"}' % (b"x" * 100_000), headers=JSON).expect(
        400, "Expected a list"
    )


def test_an_array_has_as_many_items_as_its_schema_says(labelled: Labelled, admin: Caller) -> None:
    path = f"/campaigns/{labelled.campaign_id}/images"
    body = b"[" + b",".join([b'{"id":1}'] * 1_000_001) + b"]"
    admin.request("POST", path, content=body, headers=JSON).expect(400, "at most 1000000")


def test_schemas_of_bulk_bodies_say_nothing_of_the_array_as_a_whole() -> None:
    spec = load_spec()
    bulk = [
        operation
        for path in spec["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and operation.get("x-bulk")
    ]
    assert len(bulk) == 3
    for operation in bulk:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        if "$ref" in schema:
            schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        # Each piece is checked as an array of its own, in which other rules about the whole would mean something else.
        known = {"type", "items", "description", "example", "minItems", "maxItems"}
        assert set(schema) <= known, operation["operationId"]
