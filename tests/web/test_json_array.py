"""Large arrays in bodies, which are checked and gone through piece by piece."""

from typing import Any

import orjson
import pytest

from app.errors import BadRequest
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


def whole(array: JsonArray) -> list[Any]:
    """The array with all that is in it."""
    return [
        {name: whole(value) if isinstance(value, JsonArray) else value for name, value in item.items()}
        if isinstance(item, dict)
        else item
        for item in array
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 1000, 100_000])
def test_items_come_in_their_order_as_often_as_wanted(count: int) -> None:
    items = [{"id": number, "é": [None, "]", "\\", '"', "}],"]} for number in range(count)]
    for text in (orjson.dumps(items), orjson.dumps(items, option=orjson.OPT_INDENT_2)):
        array = JsonArray.of(b"\n " + text + b"\t\r\n")
        assert list(array) == list(array) == items
        assert len(array) == len(JsonArray.of(text)) == count


def test_parts_know_their_position() -> None:
    array = JsonArray.of(orjson.dumps(list(range(100_000))))
    parts = list(array.parts())
    assert len(parts) > 2
    assert all(items[0] == position for position, items, _ in parts)


def test_large_lists_of_an_item_are_cut_themselves() -> None:
    small, large = ["]"] * 10, [{"n": number} for number in range(50_000)]
    items: list[dict[str, Any]] = [
        {"a": large, "b": 1},
        {"b": small},
        {"b": [], "a": large, "é": large, "c": {"d": [1]}},
        {"a": large},
    ]
    for options in (0, orjson.OPT_INDENT_2):
        found = list(JsonArray.of(orjson.dumps(items, option=options)))
        assert [set(item) for item in found] == [set(item) for item in items]
        cut = [name for item in found for name, value in item.items() if isinstance(value, JsonArray)]
        assert cut == ["a", "a", "é", "a"]
        assert whole(JsonArray.of(orjson.dumps(items, option=options))) == items
        assert [len(item["a"]) for item in found if "a" in item] == [len(large)] * 3


NO_JSON = {
    "nothing": b"",
    "two commas": b"[1,,2]",
    "comma at the end": b"[1,]",
    "comma before the end": b"[1, ]",
    "only a comma": b"[,]",
    "no end": b"[1",
    "no end behind a comma": b"[1,",
    "no end behind the bracket": b"[",
    "more behind the end": b"[1] 2",
    "another end": b"[1]]",
    "byte order mark": b"\xef\xbb\xbf[1]",
    "object": b"{}",
    "number": b"1",
    "wrong bracket": b"[1}",
    "crossed brackets": b'[{"a":[1}]]',
    "open string": b'["a]',
    "NaN": b"[NaN]",
    "key twice": b'[{"a":1,"a":2}]',
    "deep": b"[" * 5000,
    "deep and closed": b"[" * 5000 + b"]" * 5000,
    "deep in a large item": b'[{"b":' + b"[" * 20_000 + b"]" * 20_000 + b',"a":[' + b"0," * 100_000 + b"0]}]",
}
LARGE = b"[" + b"0," * 100_000 + b"0]"
NO_JSON |= {
    f"large item, {name}": b'[{"b":1},{"a":' + LARGE + rest
    for name, rest in {
        "no end": b"",
        "no end of the item": b',"b":1',
        "no end behind the item": b"}",
        "no comma": b"}{}]",
        "no colon": b',"b" 1}]',
        "no key": b",1}]",
        "comma at its end": b",}]",
        "list twice": b',"a":' + LARGE + b"}]",
        "key twice": b',"b":1,"b":2}]',
        "bad name": b',"\\ud800":' + LARGE + b"}]",
        "bad value": b',"b":x}]',
        "bad item of another list": b',"c":[' + b"0," * 50_000 + b"x]}]",
    }.items()
}


@pytest.mark.parametrize("raw", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_array_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest, match=r"not valid JSON|must be a JSON array"):
        whole(JsonArray.of(raw))


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'[1,"%b"]' % (b"x" * 2 * PIECE_BYTES), "/1"),
        (b'[1,%b,2]' % LARGE, "/1"),
        (b'[1,2,{"a":"%b"},3]' % (b"x" * 2 * PIECE_BYTES), "/2"),
        (b'[{"a":%b,%b"b":1}]' % (LARGE, b'"c":1,' * 10_000), "/0"),
        (b'[{%b"b":1}]' % (b'"c":1,' * 100_000), "/0"),
        (b'[1,{"a/b":[1,2,%b]}]' % LARGE, "/1/a~1b/2"),
        (b'[1,{"a":[1,2,{"b":"%b"}]}]' % (b"x" * 2 * PIECE_BYTES), "/1/a/2"),
        (b'[1,' + b"[" * 9 + b"]" * 9 + b"]", "/1"),
    ],
)  # fmt: skip
def test_what_is_too_large_to_be_cut_is_refused_with_its_place(raw: bytes, pointer: str) -> None:
    with pytest.raises(BadRequest, match="takes at most") as caught:
        whole(JsonArray.of(raw))
    assert [error["pointer"] for error in caught.value.errors] == [pointer]


@pytest.mark.parametrize("piece", [b'{"n":1}', b'{\n"n":\n1}'])
def test_the_place_of_a_fault_is_one_in_the_whole_text(piece: bytes) -> None:
    many = b",".join([piece] * 100_000)
    texts = {
        b"\n[%b,": b"]",
        b'[{"n":[\n%b,': b"]}]",
        b'[{"n":[%b],"m":[': b"]}]",
        b'[{"n":[%b],"m":': b"}]",
    }
    for before, after in texts.items():
        raw = before % many + b'"x" y' + after
        with pytest.raises(BadRequest) as caught:
            whole(JsonArray.of(raw))
        place = raw.index(b"y")
        line, column = raw.count(b"\n", 0, place) + 1, place - raw.rfind(b"\n", 0, place)
        assert caught.value.detail == (
            f"The body is not valid JSON: expected `,` or `{after[:1].decode()}` at line {line} column {column}."
        )


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
    problem = labelled.partner.put(path, body).expect(422, "already named at /1")
    body[2] = {"image_id": 4711, "objects": []}
    problem = labelled.partner.put(path, body).expect(404, "Image 4711")
    assert [error["pointer"] for error in problem["errors"]] == ["/2/image_id"]
    body[2] = {
        "image_id": third,
        "objects": [{"bounding_box": {"xmin": 0, "xmax": 1921, "ymin": 0, "ymax": 1}, "label": "a"}],
    }
    problem = labelled.partner.put(path, body).expect(422, "1920 pixels wide")
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


@pytest.mark.slow
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
        if isinstance(operation, dict) and operation.get("x-bulk") and "x-file" not in operation
    ]
    assert len(bulk) == 7
    for operation in bulk:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        if "$ref" in schema:
            schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        # Each piece is checked as an array of its own, in which other rules about the whole would mean something else.
        known = {"type", "items", "description", "example", "minItems", "maxItems"}
        assert set(schema) <= known, operation["operationId"]


def test_an_array_that_was_left_half_way_is_gone_through_again_from_its_beginning() -> None:
    text = orjson.dumps([{"n": number} for number in range(30_000)])
    array = JsonArray.of(text)
    assert next(iter(array)) == {"n": 0}
    assert [item["n"] for item in array] == list(range(30_000))
    assert len(array) == 30_000
    broken = JsonArray.of(text[:-1] + b",]")
    assert next(iter(broken)) == {"n": 0}
    for _ in range(2):
        with pytest.raises(BadRequest, match="not valid JSON"):
            list(broken)
