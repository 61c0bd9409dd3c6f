"""A JSON text is read through a window, with the same result as at once, wherever the window ends."""

import io
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats import json_window
from app.formats.json_window import JsonWindow
from app.formats.reading import FormatError

NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text() | st.sampled_from(['},{"a":', '"]}', ":::", "\\", "\ud800"])
VALUES = st.recursive(
    NUMBERS | TEXTS | st.booleans() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)
)
RECORDS = st.lists(st.fixed_dictionaries({"id": NUMBERS, "a": VALUES}) | VALUES, max_size=30)
LAYOUTS = [
    {"separators": (",", ":")},
    {"separators": (",\n", ": ")},
    {"indent": 2},
    {"indent": "\t", "ensure_ascii": False},
]


def window(text: str | bytes, size: int = 100_000) -> JsonWindow:
    return JsonWindow(io.BytesIO(text if isinstance(text, bytes) else text.encode(errors="surrogatepass")), size)


def walk(reader: JsonWindow) -> object:
    """Read a value piece by piece, without `value` for lists and objects."""
    match reader.peek():
        case "{":
            return {key: walk(reader) for key in reader.members()}
        case "[":
            return [walk(reader) for _ in reader.elements()]
        case _:
            return reader.value()


def read_all(content: str | bytes, size: int) -> object:
    reader = window(content, size)
    found = walk(reader)
    reader.expect_end()
    return found


@given(records=RECORDS, size=st.integers(1, 300), layout=st.sampled_from(LAYOUTS))
def test_a_text_is_read_as_it_is_by_the_standard_library(
    records: list[object], size: int, layout: dict[str, str]
) -> None:
    text = json.dumps(records, **({"ensure_ascii": True} | layout))  # type: ignore[arg-type]  # Named as they are there.
    if "\ud800" in text:
        text = json.dumps(records)
    values = window(text, size)
    assert list(values.values()) == records
    values.expect_end()
    assert walk(window(text, size)) == records
    assert window(text, size).value() == records
    skipped = window(text + " \n", size)
    skipped.skip()
    skipped.expect_end()


@pytest.mark.slow
@given(records=RECORDS, size=st.integers(1, 300), cut=st.integers(0, 10_000))
def test_a_text_that_is_cut_is_refused(records: list[object], size: int, cut: int) -> None:
    text = json.dumps({"list": records})
    text = text[: cut % len(text)]
    with pytest.raises(FormatError, match=r"cut short|The file is empty|not JSON"):
        walk(window(text, size))


@given(content=st.binary(max_size=400), size=st.integers(1, 50))
def test_odd_bytes_are_read_as_json_or_refused(content: bytes, size: int) -> None:
    with suppress(FormatError):
        found = read_all(content, size)
        assert json.dumps(found) == json.dumps(json.loads(content.decode("utf-8-sig")))


def test_a_list_of_many_objects_is_decoded_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def count(decoder: json.JSONDecoder, text: str, position: int = 0) -> tuple[object, int]:
        nonlocal calls
        calls += 1
        return scan(decoder, text, position)

    scan = json.JSONDecoder.raw_decode
    monkeypatch.setattr(json.JSONDecoder, "raw_decode", count)
    flat = [{"id": number, "text": "},{"} for number in range(20_000)]
    assert list(window(json.dumps(flat)).values()) == flat
    assert calls < 100


REFUSED = {
    "": "The file is empty.",
    "\ufeff": "The file has nothing but blanks.",
    " \n ": "The file has nothing but blanks.",
    "[1,2": "Line 1, byte 4: the file ends in the middle; it was cut short.",
    '[1,\n "abc': "Line 2, byte 5: the file ends in the middle; it was cut short.",
    "[1,\n 2 3]": "Line 2, byte 7: this is not JSON, because a comma or ] was expected.",
    "[1,]": "Line 1, byte 3: this is not JSON (Expecting value).",
    '{"a":1,"a":2}': 'Line 1, byte 10: the key "a" stands twice in one object.',
    '[{"b":1},{"a":{"c":1,"c":2}}]': 'Line 1, byte 24: the key "c" stands twice in one object.',
    '{"a" 1}': "Line 1, byte 5: this is not JSON, because : was expected.",
    "{1:2}": "Line 1, byte 1: this is not JSON, because a key in double quotes was expected.",
    '{"a":1,}': "Line 1, byte 7: this is not JSON, because a key in double quotes was expected.",
    "[1] 2": "Line 1, byte 4: something follows after the end of the JSON.",
    "[" + "9" * 5000 + "]": "Line 1, byte 1: a number has more than 4,300 digits.",
    "[" * 100: "Line 1, byte 32: lists or objects stand too deep in one another.",
    '["' + "a" * 2_000_000 + '"]': "Line 1, byte 1: one value has more than 1,048,576 characters.",
    "{" + ",".join(f'"{n}":0' for n in range(1001)) + "}": "an object has more than 1,000 keys",
}


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("size", [7, 300_000])
def test_what_is_no_json_is_refused_with_its_place(text: str, size: int) -> None:
    with pytest.raises(FormatError) as caught:
        read_all(text, size if len(text) < 10_000 else 300_000)
    assert str(caught.value).endswith(REFUSED[text] + "." * (not REFUSED[text].endswith(".")))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "latin-1"])
def test_other_encodings_are_refused_in_words(encoding: str) -> None:
    with pytest.raises(FormatError, match="UTF-8"):
        walk(window('["Größe"]'.encode(encoding)))


def test_the_place_of_a_byte_that_is_not_utf_8_is_named() -> None:
    with pytest.raises(FormatError, match="Byte 6 is not UTF-8"):
        walk(window(b'["ab"\n\xff]', 4))


def test_a_byte_order_mark_is_read_over() -> None:
    assert walk(window("\ufeff[1]")) == [1]


def test_a_value_beyond_the_limit_is_read_over_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_window, "MAX_VALUE_LENGTH", 100)
    reader = window(json.dumps([{"a": [list(range(50)), {"b": "x" * 90}]}, 7]), 50)
    elements = reader.elements()
    next(elements)
    reader.skip()
    next(elements)
    assert reader.value() == 7


def test_lines_are_counted_from_one() -> None:
    reader = window('\n{"a": 1}\n\n{"b":\n2}\n{"c": 3}', 3)
    lines = []
    while reader.peek():
        lines.append(reader.line)
        reader.value()
    assert lines == [2, 4, 6]
