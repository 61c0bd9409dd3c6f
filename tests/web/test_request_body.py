"""What is refused before a handler runs: media types, sizes, and JSON that is not strict."""

import gzip
from collections.abc import Iterator

import pytest
from flask import Flask

from app.errors import BadRequest
from app.settings import Settings
from app.web.schemas import plain_schema
from app.web.strict_json import parse
from app.wiring import components_of
from tests.caller import Caller
from tests.conftest import Labelled

JSON = {"Content-Type": "application/json"}


def nested(depth: int) -> bytes:
    return b'{"title":"a","metadata":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "requires a JSON body"),
        (b"{", "not valid JSON"),
        (b'{"title":"a"}x', "not valid JSON"),
        (b'{"title":"a","title":"b"}', "duplicate key"),
        (b'{"title":"a","metadata":{"x":1,"x":2}}', "duplicate key"),
        (b'{"title":"a","metadata":{"x":NaN}}', "not valid JSON"),
        (b'{"title":"a","metadata":{"x":-Infinity}}', "not valid JSON"),
        (b'{"title":"a","metadata":{"x":1e400}}', "too large"),
        (b'{"title":"a","metadata":{"x":9223372036854775808}}', "64 bits"),
        (b'{"title":"a","metadata":{"x":' + b"9" * 5000 + b"}}", "not valid JSON"),
        (b'{"title":"a","metadata":{"x":"\\u0000"}}', "NUL"),
        (b'{"title":"a","metadata":{"\\u0000":1}}', "NUL"),
        (b'{"title":"a","metadata":{"x":"\\ud800"}}', "not valid JSON"),
        (b'{"title":"\xff"}', "not valid JSON"),
        ('{"title":"a"}'.encode("utf-16"), "not valid JSON"),
        (b'\xef\xbb\xbf{"title":"a"}', "not valid JSON"),
        (nested(32), "nested deeper"),
        (nested(900), "JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"a":' * 20_000, "not valid JSON"),
    ],
)
def test_json_that_is_not_strict_is_refused(admin: Caller, raw: bytes, words: str) -> None:
    problem = admin.request("POST", "/image_sets", content=raw, headers=JSON).expect(400, words)
    assert len(problem["detail"]) <= 500
    assert admin.get("/image_sets").expect(200)["pagination"]["total"] == 0


def test_metadata_may_be_thirty_levels_deep(admin: Caller, title: str) -> None:
    raw = nested(30).replace(b'"title":"a"', b'"title":"%b"' % title.encode())
    made = admin.request("POST", "/image_sets", content=raw, headers=JSON).expect(200)
    assert str(made["metadata"]).count("{") == 30


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json; profile=x; charset=utf-16"},
        {"Content-Type": "application/json; charset=utf-8; charset=latin-1"},
        {"Content-Type": "application/json, text/plain"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_anything_but_plain_json_is_an_unsupported_media_type(admin: Caller, headers: dict[str, str]) -> None:
    raw = b'{"title":"a"}'
    content = gzip.compress(raw) if "Content-Encoding" in headers else raw
    admin.request("POST", "/image_sets", content=content, headers=headers).expect(415, "application/json")


@pytest.mark.parametrize("spelling", ["application/json", "Application/JSON", "APPLICATION/json ; Charset=utf-8"])
def test_media_type_is_read_without_case(admin: Caller, title: str, spelling: str) -> None:
    raw = b'{"title":"%b"}' % title.encode()
    headers = {"Content-Type": spelling}
    admin.request("POST", "/image_sets", content=raw, headers=headers).expect(200)
    admin.request("POST", "/image_sets", content=b'{"x":1}', headers=headers).expect(400)


@pytest.mark.parametrize(
    "parameters",
    [
        '; charset="UTF-8"',
        ";charset=utf8",
        "; CHARSET=Utf8 ",
        ";",
        "; charset=",
        "; profile=x",
        '; profile="a;charset=latin-1"; charset=UTF-8',
        "; charset=utf-8; odata.metadata=minimal",
    ],
)
def test_charset_utf_8_may_be_named_and_other_parameters_are_ignored(
    admin: Caller, title: str, parameters: str
) -> None:
    headers = {"Content-Type": f"application/json{parameters}"}
    admin.request("POST", "/image_sets", content=b'{"title":"%b"}' % title.encode(), headers=headers).expect(200)


def test_body_that_says_it_is_too_large_is_refused_unread(admin: Caller) -> None:
    raw = b'{"title":"' + b"a" * 1024**2 + b'"}'
    admin.request("POST", "/image_sets", content=raw, headers=JSON).expect(413, "1048576 bytes")


def test_body_that_turns_out_too_large_is_refused(admin: Caller) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 64 * 1024

    admin.request("POST", "/image_sets", content=chunks(), headers=JSON).expect(413, "1048576 bytes")


def test_chunked_body_is_read(admin: Caller, title: str) -> None:
    admin.request("POST", "/image_sets", content=iter([b'{"title":', b'"%b"}' % title.encode()]), headers=JSON).expect(
        200
    )


def test_bulk_routes_take_more_than_others(labelled: Labelled) -> None:
    label = "x" * 120
    item = {"bounding_box": {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}, "label": label}
    body = [{"image_id": labelled.image_ids[0], "objects": [item] * 8000}]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", body).expect(200)


def test_every_bad_field_is_named_up_to_fifty(labelled: Labelled) -> None:
    body = [{"image_id": "x" * 300, "objects": []} for _ in range(80)]
    problem = labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", body).expect(400)
    assert [error["pointer"] for error in problem["errors"]] == [f"/{n}/image_id" for n in range(50)]
    assert all(len(error["detail"]) <= 210 for error in problem["errors"])


def test_too_many_objects_are_refused_with_the_limit(
    labelled: Labelled, app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = settings.model_copy(update={"max_objects_per_request": 3})
    monkeypatch.setattr(components_of(app), "settings", fewer)
    item = {"bounding_box": {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}, "label": "a"}
    body = [{"image_id": labelled.image_ids[0], "objects": [item] * 4}]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", body).expect(400, "more than 3 objects")


def test_properties_may_have_the_names_of_keywords() -> None:
    names = ["components", "nullable", "example", "discriminator", "x-ray", "properties", "enum"]
    schema = {
        "type": "object",
        "example": dict.fromkeys(names, 1),
        "properties": {name: {"type": "integer", "nullable": True, "example": 1} for name in names},
    }
    assert plain_schema(schema) == {
        "type": "object",
        "properties": {name: {"type": ["integer", "null"]} for name in names},
    }


def test_values_of_an_enum_are_no_schemas() -> None:
    assert plain_schema({"enum": [{"example": 1}], "default": {"x-a": 1}}) == {
        "enum": [{"example": 1}],
        "default": {"x-a": 1},
    }


def test_numbers_keep_their_value() -> None:
    assert parse(b'{"a": 9223372036854775807, "b": -0.5, "c": [true, null]}') == {
        "a": 2**63 - 1,
        "b": -0.5,
        "c": [True, None],
    }


def test_a_pointer_names_the_place() -> None:
    with pytest.raises(BadRequest) as caught:
        parse(b'{"a": [{"b": "\\u0000"}]}')
    assert caught.value.errors[0]["pointer"] == "/a/0/b"


def test_unknown_address_and_method(admin: Caller, anonymous: Caller) -> None:
    admin.get("/nothing").expect(404, "nothing at this address")
    anonymous.get("/nothing").expect(401)
    admin.request("DELETE", "/campaigns").expect(405, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize("offered", ["abc-123", "x" * 65, "a b", "<script>"])
def test_request_id_is_taken_when_it_is_plain(admin: Caller, offered: str) -> None:
    answer = admin.get("/whoami", headers={"X-Request-ID": offered})
    given = answer.headers["x-request-id"]
    assert (given == offered) == (offered == "abc-123")
    assert len(given) <= 64
