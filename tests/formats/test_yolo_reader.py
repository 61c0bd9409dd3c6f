"""YOLO is read in the layouts that Ultralytics, Roboflow, CVAT, Label Studio and labelImg write."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.formats.reading import BadRecord, FormatError, ReadBox, ReadClass, ReadImage, ReadNote, ReadOptions, Record
from app.formats.yolo_reader import read_yolo
from tests.formats.read_process import read_measured
from tests.formats.spoiling import spoiled

ROW = b"1 0.5 0.25 0.2 0.1\n"
YAML = b"train: images/train\nval: images/val\nnames:\n  0: bottle\n  1: can\n"


def packed(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def read(files: dict[str, bytes]) -> list[Record]:
    return list(read_yolo(io.BytesIO(packed(files)), ReadOptions()))


def images(records: list[Record]) -> dict[str | None, int]:
    """The names of the images, with the number of boxes of each."""
    names = {record.key: record.name for record in records if isinstance(record, ReadImage)}
    counts = dict.fromkeys(names.values(), 0)
    for record in records:
        if isinstance(record, ReadBox):
            counts[names[record.image_key]] += 1
    return counts


def refusal(files: dict[str, bytes]) -> str:
    with pytest.raises(FormatError) as caught:
        read(files)
    return str(caught.value)


# What each tool writes, and the names of images that are read from it.
LAYOUTS: dict[str, tuple[dict[str, bytes], dict[str, int]]] = {
    "Ultralytics": (
        {
            "coco8/data.yaml": b"path: ../datasets/coco8\n" + YAML + b"download: https://a.example/coco8.zip\n",
            "coco8/images/train/a.jpg": b"",
            "coco8/images/val/b.jpg": b"",
            "coco8/labels/train/a.txt": ROW * 2,
            "coco8/labels/val/b.txt": b"",
            "coco8/labels/train.cache": b"\0\1",
            "coco8/README.md": b"# COCO8",
        },
        {"a.jpg": 2, "b.jpg": 0},
    ),
    "Roboflow": (
        {
            "data.yaml": b"train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\n"
            b"nc: 2\nnames: ['bottle', 'can']\n"
            b"\nroboflow:\n  workspace: w\n  project: p\n  version: 1\n  license: CC BY 4.0\n",
            "README.roboflow.txt": b"\nriver - v1\n",
            "README.dataset.txt": b"# river\n",
            "train/images/a_jpg.rf.01.jpg": b"",
            "train/labels/a_jpg.rf.01.txt": ROW,
            "valid/images/a_jpg.rf.02.jpg": b"",
            "valid/labels/a_jpg.rf.02.txt": ROW,
        },
        {"a_jpg.rf.01.jpg": 1, "a_jpg.rf.02.jpg": 1},
    ),
    "CVAT, Ultralytics": (
        {
            "data.yaml": b"names:\n  0: bottle\n  1: can\npath: .\ntrain: train.txt\nval: val.txt\n",
            "train.txt": b"data/images/train/drone-12/a.jpg\ndata/images/train/b.jpg\n",
            "val.txt": b"data/images/val/c.jpg",
            "labels/train/drone-12/a.txt": ROW,
            "labels/train/b.txt": b"",
            "labels/val/c.txt": ROW * 3,
        },
        {"drone-12/a.jpg": 1, "b.jpg": 0, "c.jpg": 3},
    ),
    "CVAT, YOLO 1.1": (
        {
            "obj.data": b"classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n",
            "obj.names": b"bottle\ncan\n",
            "train.txt": b"data/obj_train_data/drone-12/a.jpg\ndata/obj_train_data/b.jpg\n",
            "obj_train_data/drone-12/a.txt": ROW,
            "obj_train_data/b.txt": b"",
        },
        {"drone-12/a.jpg": 1, "b.jpg": 0},
    ),
    "Label Studio": (
        {
            "classes.txt": b"bottle\ncan\n",
            "notes.json": b"{}",
            "images/01ab-a.jpg": b"",
            "labels/01ab-a.txt": ROW,
        },
        {"01ab-a.jpg": 1},
    ),
    "labelImg": (
        {
            "photos/classes.txt": b"bottle\r\ncan\r\n",
            "photos/a.JPG": b"",
            "photos/a.txt": ROW,
            "photos/notes.txt": b"not labels",
        },
        {"a.JPG": 1},
    ),
    "labelImg, two folders": (
        {
            "images/train/a.jpg": b"",
            "images/val/b.jpg": b"",
            "labels/train/a.txt": ROW,
            "labels/train/classes.txt": b"bottle\ncan\n",
            "labels/val/b.txt": ROW,
            "labels/val/classes.txt": b"bottle\ncan\n",
        },
        {"a.jpg": 1, "b.jpg": 1},
    ),
    "labels alone": ({"data.yaml": YAML, "labels/train/drone-12/a.txt": ROW}, {"drone-12/a": 1}),
    "lists of folders": (
        {
            "data.yaml": b"train: [images/train2017, images/more]\nvalidation: ./images/val2017/\ntest:\nnames: [bottle, can]\n",
            "images/train2017/a.jpg": b"",
            "images/more/b/c.jpg": b"",
            "labels/train2017/a.txt": ROW,
            "labels/more/b/c.txt": ROW,
            "labels/val2017/d.txt": ROW,
        },
        {"a.jpg": 1, "b/c.jpg": 1, "d": 1},
    ),
    "lists of paths of another machine": (
        {
            "data.yaml": b"train: lists/all.txt\nval: lists/all.txt\nnames: [bottle, can]\n",
            "lists/all.txt": b"\xef\xbb\xbfD:\\data\\images\\a.jpg\r\n/data/images/b.jpg\r\n",
            "labels/a.txt": ROW,
            "labels/b.txt": ROW,
        },
        {"a.jpg": 1, "b.jpg": 1},
    ),
    "data.yaml in a folder beside": (
        {"config/data.yaml": b"path: ..\n" + YAML, "images/train/a.jpg": b"", "labels/train/a.txt": ROW},
        {"a.jpg": 1},
    ),
    "macOS": (
        {
            "river/data.yaml": YAML,
            "river/images/train/a.jpg": b"",
            "river/labels/train/a.txt": ROW,
            "river/labels/train/._a.txt": b"\0\5\x16\7",
            "__MACOSX/river/._data.yaml": b"\0\5\x16\7",
            "__MACOSX/river/labels/train/._a.txt": b"\0\5\x16\7",
        },
        {"a.jpg": 1},
    ),
}


@pytest.mark.parametrize("tool", LAYOUTS)
def test_the_layouts_of_the_tools_are_read(tool: str) -> None:
    files, expected = LAYOUTS[tool]
    records = read(files)
    assert [record for record in records if isinstance(record, ReadClass)] == [
        ReadClass("0", "bottle"),
        ReadClass("1", "can"),
    ]
    assert images(records) == expected
    assert {record.class_key for record in records if isinstance(record, ReadBox)} == {"1"}
    assert not [record for record in records if isinstance(record, BadRecord | ReadNote)]


def test_boxes_are_ratios_and_our_flat_names_say_the_image() -> None:
    files = {"data.yaml": YAML, "labels/train/000042_a.txt": b"1.0 0.5 0.25 0.2 0.1\n\n0 1.25e-1 .5 25E-2 1. 0.75\n"}
    *_, image, first, second = read(files)
    where, key = "labels/train/000042_a.txt", "labels/train/000042_a"
    assert image == ReadImage(key, "000042_a", where, 42)
    assert first == ReadBox(key, f"{where}, line 1", 0.4, 0.2, 0.6, 0.3, class_key="1", unit="ratios")
    assert second == ReadBox(key, f"{where}, line 3", 0.0, 0, 0.25, 1, class_key="0", unit="ratios", confidence=0.75)


def test_images_without_a_label_file_are_empty_and_counted() -> None:
    files = {
        "data.yaml": b"train: train.txt\n" + YAML.partition(b"\n")[2],
        "train.txt": b"images/a.jpg\nimages/b.jpg\nimages/c.jpg\n",
        "images/a.jpg": b"",
        "images/b.jpg": b"",
        "labels/a.txt": ROW,
    }
    records = read(files)
    assert images(records) == {"a.jpg": 1, "b.jpg": 0, "c.jpg": 0}
    detail = "Images without a label file are taken as images without boxes, as the format says."
    assert ReadNote("no_label_file", "images/b.jpg", detail, 2) in records


@pytest.mark.parametrize(
    ("row", "kind", "detail"),
    [
        (b"0 0.5 0.5 0.1", "bad_record", "The row has 4 columns; expected class, x, y, width and height."),
        (b"0 .1 .1 .2 .1 .2 .2", "bad_record", "The row has 7 columns, as a polygon has; only boxes are read."),
        (b"0 " + b"0.1 " * 2000, "bad_record", "The row has 2001 columns, as a polygon has; only boxes are read."),
        (b"2 0.5 0.5 0.1 0.1", "bad_record", "The class 2 has no name; there are names for 2 classes."),
        (b"-1 0.5 0.5 0.1 0.1", "bad_record", "The class must be a whole number from 0 on."),
        (b"0.5 0.5 0.5 0.1 0.1", "bad_record", "The class must be a whole number from 0 on."),
        (b"can 0.5 0.5 0.1 0.1", "bad_record", "The class must be a whole number from 0 on."),
        (b"0 nan 0.5 0.1 0.1", "bad_box", "The x of the center must be a number such as 0.25."),
        (b"0 0.5 0.5 1e400 0.1", "bad_box", "The width must be a number such as 0.25."),
        (b"0 0.5 0,5 0.1 0.1", "bad_box", "The y of the center must be a number such as 0.25."),
        (b"0 0.5 0.5 0.1 \xff", "bad_box", "The height must be a number such as 0.25."),
        (b"0 0.5 0.5 0.1 0.1 x", "bad_box", "The confidence must be a number such as 0.25."),
        (b"0 0.5 0.5 0.1 0.1 1.5", "bad_box", "The confidence must be a number from 0 to 1."),
    ],
)
def test_what_is_wrong_with_a_row_is_reported_beside_the_others(row: bytes, kind: str, detail: str) -> None:
    records = read({"data.yaml": YAML, "labels/a.txt": ROW + row + b"\n" + ROW})
    bad = [record for record in records if isinstance(record, BadRecord)]
    assert [(record.kind, record.where, record.detail) for record in bad] == [(kind, "labels/a.txt, line 2", detail)]
    assert images(records) == {"a": 2}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (b"names: [bottle, can]", {"0": "bottle", "1": "can"}),
        (b"nc: 2\nnames: ['a, b', \"c: d\"]", {"0": "a, b", "1": "c: d"}),
        (b"names:\n- no\n- 1\n- null\n- 2026-01-01\n", {"0": "no", "1": "1", "2": "null", "3": "2026-01-01"}),
        ("names: {0: Löwe, 7: '塑料'}".encode(), {"0": "Löwe", "7": "塑料"}),
        (b"\xef\xbb\xbfnames: [a]", {"0": "a"}),
        (b"---\nnames: !!python/tuple [a]\n", {"0": "a"}),
        (b"kpt_shape: [17, 3]\nnames: &names [a]\naugment: {a: [{b: c}]}\n", {"0": "a"}),
    ],
)
def test_names_are_texts_in_a_list_or_a_mapping(names: bytes, expected: dict[str, str]) -> None:
    records = read({"data.yaml": names, "labels/a.txt": b""})
    assert {record.key: record.name for record in records if isinstance(record, ReadClass)} == expected


def test_a_name_under_two_numbers_is_reported() -> None:
    records = read({"data.yaml": b"names: [a, b, a]", "labels/a.txt": b""})
    assert BadRecord("duplicate_class", "class 2", "The class “a” has two numbers, 0 and 2.") in records


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "It must be one mapping with the key names."),
        (b"[a]", "It must be one mapping with the key names."),
        (b"train: a\n", "It has no names; expected a list of the class names, or a mapping from 0, 1, 2 … to them."),
        (b"names: a\n", "It has no names; expected a list of the class names, or a mapping from 0, 1, 2 … to them."),
        (b"names: []\n", "There are 0 class names; 1 to 50,000 can be read."),
        (b"names: [a, [b]]\n", "The name of class 1 must be a text of 1 to 1,024 characters."),
        (b"names: [a, '']\n", "The name of class 1 must be a text of 1 to 1,024 characters."),
        (b"names: {a: b}\n", "names has the key 'a'; its keys are whole numbers from 0 on."),
        (b"names: {0: a, 00: b}\n", "names has a number twice."),
        (b"names: {0: a, 0: b}\n", "The key '0' comes twice."),
        (b"names: [a]\n? [b]\n: c\n", "A key is a list or a mapping; keys are texts or numbers."),
        (b"names: [a]\ntrain: {a: b}\n", "train is a mapping; expected a folder, a list of folders, or a .txt file"),
        (b'names: ["a\\0b"]\n', "The name of class 0 has the character U+0000, which cannot be stored."),
        (b"names: [a\n", "is no YAML that can be read (line 2). It must be UTF-8 text."),
        (b"names: [\xff]\n", "is no YAML that can be read. It must be UTF-8 text."),
        ("names: [a]".encode("utf-16"), "is no YAML that can be read. It must be UTF-8 text."),
        (b"a: &a [x]\nnames: *a\n", "It has an alias (*); write the value itself."),
        (b"a: &a {x: y}\nnames: [a]\nb:\n  <<: *a\n", "It has an alias (*); write the value itself."),
        (b"names: [a]\nb: " + b"[" * 9 + b"]" * 9, "Its values are nested more than 8 deep."),
        (b"names: [a]\n---\nnames: [b]\n", "It must be one mapping with the key names."),
    ],
)
def test_a_data_yaml_that_says_something_else_is_refused(content: bytes, message: str) -> None:
    refused = refusal({"data.yaml": content, "labels/a.txt": b""})
    assert refused.startswith("“data.yaml”")
    assert message in refused


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "The archive must have one data.yaml with the names of the classes, or one classes.txt."),
        (
            {"labels/a.txt": ROW},
            "The archive must have one data.yaml with the names of the classes, or one classes.txt.",
        ),
        ({"data.yaml": YAML}, "The archive has no label files; labels/<part>/*.txt were expected."),
        (
            {"Annotations/a.xml": b""},
            "is said to be a YOLO archive, and looks like a Pascal VOC archive. Send it as format=voc.",
        ),
        ({"data.yaml": YAML, "labels.zip": b""}, "It has an archive in it: “labels.zip”."),
        (
            {"a/data.yaml": YAML, "b/data.yaml": YAML + b"#"},
            "The archive has “a/data.yaml” and “b/data.yaml”, which differ.",
        ),
        (
            {"data.yaml": YAML, "labels/a.txt": ROW.decode().encode("utf-16")},
            "“labels/a.txt” is UTF-16; save it as UTF-8.",
        ),
        ({"classes.txt": b"\xff", "labels/a.txt": ROW}, "“classes.txt” is not UTF-8 text."),
        ({"classes.txt": b"a\n\nb", "labels/a.txt": ROW}, "“classes.txt”: The name of class 1 must be a text of 1 to"),
        ({"data.yaml": YAML, "train.txt": b"\xff", "labels/a.txt": ROW}, "Line 1 of “train.txt” is not UTF-8 text."),
        ({"data.yaml": YAML, "train.txt": b"x" * 200_000, "labels/a.txt": ROW}, "a line of more than 65,536 bytes"),
        ({"data.yaml": YAML, "../labels/a.txt": ROW}, "“../labels/a.txt” is no name for a file in an archive"),
    ],
)
def test_archives_without_what_yolo_needs_are_refused(files: dict[str, bytes], message: str) -> None:
    assert message in refusal(files)


LAUGHS = b"a0: &a0 [ha, ha]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (lambda: {"data.yaml": LAUGHS + b"names: *a9\n"}, "“data.yaml”: It has an alias (*); write the value itself."),
        (lambda: {"data.yaml": b"names: " + b"[" * 1_000_000}, "“data.yaml”: Its values are nested more than 8 deep."),
        (lambda: {"data.yaml": b"names: " + b"{a: " * 200_000}, "“data.yaml”: Its values are nested more than 8 deep."),
        (
            lambda: {"data.yaml": b"names: [" + b"c, " * 100_000 + b"c]"},
            "“data.yaml”: There are 100,001 class names; 1 to 50,000 can be read.",
        ),
        (
            lambda: {"data.yaml": b"names: [a]\n" + b"#" * 1_048_576},
            "“data.yaml” unpacks to 1,048,587 bytes; at most 1,048,576 are read from it.",
        ),
        (
            lambda: {"data.yaml": YAML, "labels/a.txt": ROW * 500_000},
            "“labels/a.txt” unpacks to 9,500,000 bytes; at most 8,388,608",
        ),
        (
            lambda: {"data.yaml": YAML, "train.txt": b"\n" * 6_000_000 + b"\xff", "labels/a.txt": b""},
            "is not UTF-8 text",
        ),
    ],
    ids=["laughs", "depth", "depth of mappings", "100,000 classes", "long YAML", "long labels", "long list"],
)
def test_hostile_archives_are_refused_soon_and_in_little_memory(
    tmp_path: Path, files: Callable[[], dict[str, bytes]], message: str
) -> None:
    path = tmp_path / "hostile.zip"
    path.write_bytes(packed(files(), zipfile.ZIP_STORED))
    reading = read_measured(read_yolo, path, timeout=60)
    assert message in (reading.message or "")
    assert reading.seconds < 20
    assert reading.megabytes < 150


def test_a_bomb_of_ratio_1000_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    path.write_bytes(packed({"data.yaml": YAML, "labels/a.txt": b"0" * 200_000_000}))
    reading = read_measured(read_yolo, path)
    assert (reading.message or "").endswith("more than 200 times as much.")
    assert reading.seconds < 1
    assert reading.megabytes < 60


def test_many_images_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    files = {"data.yaml": YAML}
    for number in range(20_000):
        files[f"images/train/{number:06}_image.jpg"] = b""
        files[f"labels/train/{number:06}_image.txt"] = ROW * 5
    path.write_bytes(packed(files, zipfile.ZIP_STORED))
    reading = read_measured(read_yolo, path)
    assert reading.counts == {"ReadClass": 2, "ReadImage": 20_000, "ReadBox": 100_000}
    assert reading.megabytes < 60


VALID = [packed(files) for files, _ in LAYOUTS.values()]
TOKENS = (
    b"[",
    b"{",
    b"*a",
    b"&a ",
    b"!!python/object:os.system ",
    b"? ",
    b"\t",
    b"nan",
    b"\0",
    b"\xff",
    b"---\n",
    b"|",
    b"'",
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), spoiled(st.sampled_from(VALID))))
def test_spoiled_archives_raise_nothing_but_format_errors(content: bytes) -> None:
    try:
        list(read_yolo(io.BytesIO(content), ReadOptions()))
    except FormatError as error:
        message = str(error)
        assert 10 < len(message) < 400


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), spoiled(st.just(YAML), TOKENS)),
    spoiled(st.just(ROW * 3), TOKENS),
    spoiled(st.just(b"images/train/a.jpg\nimages/val/b.jpg\n"), TOKENS),
)
def test_spoiled_files_raise_nothing_but_format_errors(data_yaml: bytes, labels: bytes, images_: bytes) -> None:
    try:
        read({"data.yaml": data_yaml, "labels/train/a.txt": labels, "train.txt": images_})
    except FormatError as error:
        message = str(error)
        assert 10 < len(message) < 500
