"""Files made to do harm to readers of JSON and CSV: refused in words, in little memory and time."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.formats.coco_reader import read_coco
from app.formats.csv_reader import read_csv
from app.formats.datumaro_reader import read_datumaro
from app.formats.jsonl_reader import read_jsonl
from app.formats.label_studio_reader import read_label_studio
from app.formats.reading import Reader
from tests.formats.read_process import read_measured

MEGABYTE = 1_000_000
MAX_MEGABYTES = 150
# They take a second or two; the machine may have other work.
MAX_SECONDS = 30
CSV_HEADER = b"image_id,label,x_min,y_min,x_max,y_max\n"

Parts = Callable[[], Iterator[bytes]]


def repeated(content: bytes, megabytes: int) -> Iterator[bytes]:
    """Yield so much of the same."""
    piece = content * (MEGABYTE // len(content))
    for _ in range(megabytes):
        yield piece


def around(before: bytes, content: bytes, megabytes: int, after: bytes = b"") -> Iterator[bytes]:
    """Yield a large part between others."""
    yield before
    yield from repeated(content, megabytes)
    yield after


def file(*parts: object) -> Parts:
    return functools.partial(around, *parts)  # type: ignore[arg-type]  # What `around` takes.


TOO_LONG = "has more than 1,048,576 characters"
TOO_DEEP = "stand too deep in one another"
HOSTILE: dict[str, tuple[Reader, Parts, str]] = {
    "a text of 300 MB in a record": (read_coco, file(b'{"images":[{"file_name":"', b"a", 300, b'"}]}'), TOO_LONG),
    "a text of 300 MB beside the lists": (read_coco, file(b'{"images":[],"info":"', b"a", 300, b'"}'), TOO_LONG),
    "a key of 300 MB": (read_coco, file(b'{"images":[],"', b"a", 300, b'":1}'), TOO_LONG),
    "a record of 300 MB": (read_coco, file(b'{"images":[[', b"{},", 300, b"{}]]}"), TOO_LONG),
    "a number of 300 MB": (read_coco, file(b'{"images":[', b"9", 300, b"]}"), "4,300 digits"),
    "a depth of a million lists": (read_coco, file(b'{"images":[', b"[", 1), TOO_DEEP),
    "a depth of a million objects": (read_coco, file(b'{"images":[', b'{"a":', 5), TOO_DEEP),
    "a depth of 100 million beside the lists": (read_coco, file(b'{"images":[],"info":', b"[", 100), TOO_DEEP),
    "a million keys": (read_coco, file(b'{"images":[]', b',"%s":0', 10), "stands twice"),
    "an escape that is cut": (read_coco, file(b'{"images":["', b"\\", 0), "cut short"),
    "300 MB of blanks": (read_coco, file(b'{"images":', b" ", 300), "cut short"),
    "300 MB of blanks alone": (read_coco, file(b"", b" \n", 300), "nothing but blanks"),
    "an item with a text of 300 MB": (read_datumaro, file(b'{"items":[{"id":"', b"a", 300, b'"}]}'), TOO_LONG),
    "a list of 300 MB for a size": (
        read_datumaro,
        file(b'{"categories":{},"items":[{"image":{"size":[', b"1,", 300, b"1]}}]}"),
        TOO_LONG,
    ),
    "300 MB of results on one image": (
        read_label_studio,
        file(b'[{"data":{},"annotations":[{"result":[', b'{"type":"rectanglelabels","value":{}},', 300),
        "has more than 100,000 results",
    ),
    "300 MB of annotations on one image": (
        read_label_studio,
        file(b'[{"data":{},"annotations":[{}', b",{}", 300),
        "has more than 1,000 annotations",
    ),
    "30 MB of predictions on one image": (
        read_label_studio,
        file(b'[{"data":{},"predictions":[1', b",[]", 30, b"]}]"),
        "Predictions are not imported",
    ),
    "one line of 1 GB": (read_jsonl, file(b'{"image_url":"', b"a", 1000, b'"}'), TOO_LONG),
    "300 MB of boxes on one line": (
        read_jsonl,
        file(b'{"image_url":"a.jpg","label":[{}', b",{}", 300),
        "has more than 100,000 boxes",
    ),
    "300 MB of confidences": (
        read_jsonl,
        file(b'{"image_url":"a.jpg","label_confidence":[1', b",1", 300),
        "has more than 100,000 boxes",
    ),
    "one row of 1 GB": (read_csv, file(CSV_HEADER, b"a", 1000), "Line 2 is longer than 1,048,576 bytes."),
    "one row of 300 MB, of cells": (read_csv, file(CSV_HEADER, b",", 300), "Line 2 is longer than 1,048,576 bytes."),
    "one header of 300 MB": (read_csv, file(b"image_id,label,x_min,", b"a,", 300), "Line 1 is longer"),
    "a quote that is never closed": (read_csv, file(CSV_HEADER + b'"', b"abc\n", 300), "a cell is longer than 131,072"),
    "one row of many lines": (read_csv, file(CSV_HEADER + b'"', b'","\n', 300), "A quote may not be closed."),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_file_that_is_made_to_do_harm_is_refused_in_little_memory(case: str, tmp_path: Path) -> None:
    reader, parts, message = HOSTILE[case]
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.writelines(parts())
    reading = read_measured(reader, path)
    path.unlink()
    assert message in (reading.message or "")
    assert len(reading.message or "") < 300
    assert reading.megabytes < MAX_MEGABYTES
    assert reading.seconds < MAX_SECONDS


def numbered(before: bytes, template: bytes, numbers: range, after: bytes) -> Iterator[bytes]:
    yield before
    for start in numbers[::1000]:
        yield b"".join(template % {b"n": number} for number in range(start, min(start + 1000, numbers.stop)))
    yield after


LARGE: dict[str, tuple[Reader, Parts, dict[str, int]]] = {
    "400,000 boxes, whose ids are in no order": (
        read_coco,
        functools.partial(
            numbered,
            b'{"categories":[],"images":[],"annotations":[{"id":"x","image_id":1,"category_id":1,"bbox":[1,1,1,1]}',
            b',{"id":"%(n)d of a dataset","image_id":%(n)d,"category_id":1,"bbox":[1,1,%(n)d,5]}',
            range(400_000),
            b"]}",
        ),
        {"ReadBox": 400_001},
    ),
    "400,000 images with ids from a hash": (
        read_coco,
        functools.partial(
            numbered,
            b'{"categories":[],"annotations":[],"images":[{"id":0,"file_name":"a.jpg"}',
            b',{"id":%(n)d987654321,"file_name":"drone-12/%(n)d.jpg","width":640,"height":480}',
            range(1, 400_001),
            b"]}",
        ),
        {"ReadImage": 400_001},
    ),
    "200,000 boxes on one image": (
        read_datumaro,
        functools.partial(
            numbered,
            b'{"categories":{"label":{"labels":["a"]}},"items":[{"annotations":[{"type":"label"}',
            b',{"type":"bbox","label_id":0,"bbox":[1,2,%(n)d,4],"attributes":{}}',
            range(200_000),
            b'],"id":"a"}]}',
        ),
        {"ReadClass": 1, "ReadBox": 200_000, "ReadImage": 1, "ReadNote": 1},
    ),
    "100,000 boxes on one task": (
        read_label_studio,
        functools.partial(
            numbered,
            b'[{"annotations":[{"result":[{"type":"choices"}',
            b',{"type":"rectanglelabels","value":{"x":1.5,"y":%(n)d,"width":1,"height":1,"rectanglelabels":["a"]}}',
            range(1, 100_000),
            b']}],"data":{"image":"a.jpg"}}]',
        ),
        {"ReadImage": 1, "ReadBox": 99_999, "ReadNote": 1},
    ),
    "300,000 rows": (
        read_csv,
        functools.partial(numbered, CSV_HEADER, b"%(n)d,PET,1,1,2.5,%(n)d.25\n", range(1, 300_001), b""),
        {"ReadImage": 300_000, "ReadBox": 300_000},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", LARGE)
def test_a_large_file_is_read_in_little_memory(case: str, tmp_path: Path) -> None:
    reader, parts, counts = LARGE[case]
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.writelines(parts())
    reading = read_measured(reader, path)
    assert (reading.message, reading.bad, reading.counts) == (None, [], counts)
    assert reading.megabytes < MAX_MEGABYTES
