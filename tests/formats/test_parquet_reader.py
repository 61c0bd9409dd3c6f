"""Parquet is read as we write it and as others write the same columns, and no small file fills the memory."""

import base64
import io
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow.parquet import encryption

from app.formats import parquet_reader
from app.formats.parquet_reader import DAMAGED, read_parquet
from app.formats.reading import BadRecord, FormatError, ReadBox, ReadClass, ReadImage, ReadOptions, Record
from app.media.frames import write_frame
from tests.formats.read_process import read_measured
from tests.formats.spoiling import spoiled

BOX_TYPE = pa.struct(
    [
        ("object_id", pa.int64()),
        ("class_id", pa.int32()),
        ("label", pa.string()),
        *((edge, pa.float32()) for edge in ("x_min", "y_min", "x_max", "y_max", "confidence")),
    ]
)
SCHEMA = pa.schema(
    [
        ("image_id", pa.int64()),
        ("file_name", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("state", pa.string()),
        ("split", pa.string()),
        ("objects", pa.list_(BOX_TYPE)),
    ],
    metadata={"classes": '{"1": "bottle", "2": "塑料"}'},
)
BOX = {"label": "bottle", "x_min": 1.5, "y_min": 2.0, "x_max": 3.0, "y_max": 4.25}
ROWS: list[dict[str, Any]] = [
    {
        "image_id": 42,
        "file_name": "drone-12/a.jpg",
        "width": 640,
        "height": 480,
        "state": "labeled",
        "split": "train",
        "objects": [BOX | {"object_id": 1, "class_id": 1, "confidence": 0.5}, BOX | {"label": None, "class_id": 2}],
    },
    {"image_id": 43, "file_name": "b.jpg", "width": 640, "height": 480, "state": "empty", "objects": []},
    {"image_id": 44, "file_name": "c.jpg", "state": "unlabeled", "objects": None},
]
RECORDS = [
    ReadClass("1", "bottle"),
    ReadClass("2", "塑料"),
    ReadImage("row 1", "drone-12/a.jpg", "row 1", 42, 640, 480, "labeled"),
    ReadBox("row 1", "row 1, box 1", 1.5, 2, 3, 4.25, "bottle", confidence=0.5),
    ReadBox("row 1", "row 1, box 2", 1.5, 2, 3, 4.25, None, "2"),
    ReadImage("row 2", "b.jpg", "row 2", 43, 640, 480, "empty"),
    ReadImage("row 3", "c.jpg", "row 3", 44, None, None, "unlabeled"),
]


def written(rows: list[dict[str, Any]], schema: pa.Schema | None = SCHEMA, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file, **options)
    return file.getvalue()


def read(content: bytes) -> list[Record]:
    return list(read_parquet(io.BytesIO(content), ReadOptions()))


def refusal(content: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        read(content)
    return str(caught.value)


def packed(*names: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("images/drone-12/a.jpg", b"")
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "options", [{}, {"row_group_size": 1}, {"compression": "zstd"}, {"use_dictionary": False}, {"version": "1.0"}]
)
def test_what_we_write_is_read(options: dict[str, Any]) -> None:
    assert read(written(ROWS, **options)) == RECORDS


def test_an_archive_with_one_parquet_file_is_read() -> None:
    content = written(ROWS)
    assert read(packed("images/metadata.parquet", content=content)) == RECORDS
    assert refusal(packed(content=content)) == "The archive has 0 Parquet files; one was expected."
    assert refusal(packed("data.yaml", content=b"")).endswith("looks like a YOLO archive. Send it as format=yolo.")
    assert refusal(packed("a.parquet", "b.parquet", content=content)).startswith("The archive has 2 Parquet files")


def test_boxes_stay_with_their_images_over_all_pages() -> None:
    rows = [{"image_id": n + 1, "objects": [BOX | {"x_min": float(n)}] * (n % 31)} for n in range(3000)]
    records = read(written(rows, row_group_size=700))
    boxes = [record for record in records if isinstance(record, ReadBox)]
    assert len(boxes) == sum(n % 31 for n in range(3000))
    assert all(f"row {record.x_min + 1:.0f}" == record.image_key for record in boxes)


def test_the_same_columns_in_other_types_are_read() -> None:
    kind = pa.struct(
        [("label", pa.large_string()), *((edge, pa.float64()) for edge in ("x_min", "y_min", "x_max", "y_max"))]
    )
    schema = pa.schema([("file_name", pa.dictionary(pa.int8(), pa.string())), ("objects", pa.large_list(kind))])
    names = pa.array(["000042_a.jpg", "b.jpg"]).dictionary_encode().cast(schema.field(0).type)
    file = io.BytesIO()
    pq.write_table(pa.table([names, pa.array([[BOX], None], schema.field(1).type)], schema=schema), file)
    assert read(file.getvalue()) == [
        ReadImage("row 1", "000042_a.jpg", "row 1", 42),
        ReadBox("row 1", "row 1, box 1", 1.5, 2, 3, 4.25, "bottle"),
        ReadImage("row 2", "b.jpg", "row 2", None, None, None, "unlabeled"),
    ]


@pytest.mark.parametrize(
    ("box", "kind", "detail"),
    [
        ({"x_min": float("nan")}, "bad_box", "x_min must be a number within 32 bits."),
        ({"y_max": float("inf")}, "bad_box", "y_max must be a number within 32 bits."),
        ({"y_min": None}, "bad_box", "y_min must be a number within 32 bits."),
        ({"x_max": 1e30}, "bad_box", "x_max must be a number within 32 bits."),
        ({"confidence": 1.5}, "bad_box", "confidence must be a number from 0 to 1."),
        ({"confidence": float("nan")}, "bad_box", "confidence must be a number from 0 to 1."),
        ({"label": None}, "bad_record", "The box has neither label nor class_id."),
        ({"label": ""}, "bad_record", "label must have 1 to 1,024 characters, without U+0000."),
        ({"label": "a\0b"}, "bad_record", "label must have 1 to 1,024 characters, without U+0000."),
        ({"label": "x" * 1025}, "bad_record", "label must have 1 to 1,024 characters, without U+0000."),
    ],
)
def test_what_is_wrong_with_a_box_is_reported_beside_the_others(box: dict[str, Any], kind: str, detail: str) -> None:
    records = read(written([{"image_id": 1, "objects": [BOX, BOX | box, BOX]}]))
    bad = [record for record in records if isinstance(record, BadRecord)]
    assert [(record.kind, record.where, record.detail) for record in bad] == [(kind, "row 1, box 2", detail)]
    assert len([record for record in records if isinstance(record, ReadBox)]) == 2


def test_a_box_that_is_null_is_reported() -> None:
    records = read(written([{"image_id": 1, "objects": [None, BOX]}]))
    assert BadRecord("bad_record", "row 1, box 1", "The box has neither label nor class_id.") in records


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ({}, "The row has neither image_id nor file_name."),
        ({"image_id": 0}, "image_id must be a whole number from 1 on."),
        ({"file_name": ""}, "Texts must have 1 to 1,024 characters, without U+0000."),
        ({"file_name": "a", "state": "x" * 2000}, "Texts must have 1 to 1,024 characters, without U+0000."),
    ],
)
def test_what_is_wrong_with_a_row_is_reported(row: dict[str, Any], detail: str) -> None:
    assert BadRecord("bad_record", "row 1", detail) in read(written([row | {"objects": []}]))


GOOD = written(ROWS)
EDGES = [(edge, pa.float32()) for edge in ("x_min", "y_min", "x_max", "y_max")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty; Parquet was expected."),
        (b"PAR1", "The end of the Parquet file is missing. The file was cut on its way; send it again."),
        (GOOD[:-10], "The end of the Parquet file is missing. The file was cut on its way; send it again."),
        (b"\x89PNG\r\n", "The file is said to be Parquet, and looks like a PNG image."),
        (b"image_id,file_name\n", "The file is no Parquet: it does not begin with PAR1."),
        (GOOD[:-4] + b"PARE", "The file is encrypted; write it without a key."),
        (GOOD[:-8] + b"\xff\xff\xff\xff" + b"PAR1", "The footer of the Parquet file is damaged, or has more than"),
        (
            GOOD[:-200] + bytes(192) + GOOD[-8:],
            "The Parquet file is damaged, or written in a way that Arrow cannot read.",
        ),
        (
            written([{"a": 1}], pa.schema([("a", pa.int64())])),
            "must have the columns objects, and image_id or file_name.",
        ),
        (
            written([{"image_id": 1}], pa.schema([("image_id", pa.int64()), ("objects", pa.string())])),
            "The column objects must be a list of structs, one for each box.",
        ),
        (
            written([{"image_id": 1}], pa.schema([("image_id", pa.int64()), ("objects", pa.list_(pa.struct(EDGES)))])),
            "The structs in objects must have x_min, y_min, x_max, y_max, and label or class_id.",
        ),
        (
            written([{"image_id": "1"}], pa.schema([("image_id", pa.string()), SCHEMA.field("objects")])),
            "The column image_id must be of a type for integer, and is another.",
        ),
        (
            written(ROWS, SCHEMA.with_metadata({"classes": "{"})),
            "The metadata classes of the Parquet file is no JSON.",
        ),
        (
            written(ROWS, SCHEMA.with_metadata({"classes": "[" * 1_000_000})),
            "The metadata classes of the Parquet file is no JSON.",
        ),
        (written(ROWS, SCHEMA.with_metadata({"classes": "[]"})), "must be an object with at most 50,000 names"),
        (
            written(
                ROWS, SCHEMA.with_metadata({"classes": "{" + ", ".join(f'"{n}": "x"' for n in range(100_000)) + "}"})
            ),
            "The metadata classes must be an object with at most 50,000 names by number.",
        ),
        (written(ROWS, SCHEMA.with_metadata({"classes": '{"1": 2}'})), "must have names that are texts."),
    ],
)
def test_what_is_something_else_is_refused(content: bytes, message: str) -> None:
    assert message in refusal(content)


def test_types_of_extensions_are_refused() -> None:
    ids = pa.array([bytes(16)], pa.uuid())
    file = io.BytesIO()
    pq.write_table(pa.table({"image_id": ids, "objects": pa.array([[]], pa.list_(BOX_TYPE))}), file)
    assert refusal(file.getvalue()) == "The column image_id must be of a type for integer, and is another."


def test_damaged_pages_are_found_by_their_checksums() -> None:
    content = bytearray(written(ROWS, write_page_checksum=True, compression="none", use_dictionary=False))
    content[content.index(b"\x0e\0\0\0drone-12/a.jpg") + 4] ^= 1
    assert refusal(bytes(content)) == "The Parquet file is damaged, or written in a way that Arrow cannot read."


def bomb_of_many_boxes() -> bytes:
    """One row whose boxes are all alike, so that they take no room."""
    box = pa.array([BOX], BOX_TYPE).take(pa.array([0] * 5_000_000, pa.int32()))
    objects = pa.ListArray.from_arrays(pa.array([0, len(box)], pa.int32()), box)
    return table_of([objects])


def bomb_of_bytes() -> bytes:
    """Texts of 200 MB that compress to nothing."""
    boxes = [BOX | {"label": "x" * 100_000 + str(n)} for n in range(2_000)]
    return table_of([pa.array([boxes], pa.list_(BOX_TYPE))], use_dictionary=False)


def bomb_of_a_dictionary() -> bytes:
    """One text of 1 MB that a million boxes have."""
    box = pa.array([BOX | {"label": "x" * 1_000_000}], BOX_TYPE)
    labels = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), box.field("label"))
    edges = [pa.array([1.0] * 1_000_000, pa.float32())] * 4
    struct = pa.StructArray.from_arrays([labels, *edges], ["label", "x_min", "y_min", "x_max", "y_max"])
    return table_of(
        [pa.ListArray.from_arrays(pa.array([0, len(struct)], pa.int32()), struct)], dictionary_pagesize_limit=10**8
    )


def table_of(objects: list[pa.Array], **options: Any) -> bytes:
    file = io.BytesIO()
    table = pa.table({"image_id": pa.array([1]), "objects": pa.chunked_array(objects)})
    pq.write_table(table, file, compression="zstd", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("bomb", "message"),
    [
        (
            bomb_of_many_boxes,
            "5,000,000 values; at most 67,108,864 and 2,000,000 are read. Write it with smaller row groups.",
        ),
        (bomb_of_bytes, "Row group 0 of the Parquet file unpacks to 200,"),
        (bomb_of_a_dictionary, "A text in the Parquet file has 1,000,000 bytes; names and labels are shorter."),
    ],
)
def test_a_small_file_that_unpacks_to_much_is_refused_soon_and_in_little_memory(
    tmp_path: Path, bomb: Any, message: str
) -> None:
    path = tmp_path / "bomb.parquet"
    path.write_bytes(bomb())
    assert path.stat().st_size < 100_000
    reading = read_measured(read_parquet, path)
    assert message in (reading.message or "")
    assert reading.seconds < 10
    assert reading.megabytes < 150


def test_many_images_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.parquet"
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for start in range(0, 20_000, 2_000):
            rows = [
                {
                    "image_id": n + 1,
                    "file_name": f"{n}.jpg",
                    "state": "labeled",
                    "objects": [BOX | {"x_min": n % 1000 + 0.5}] * 5,
                }
                for n in range(start, start + 2_000)
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
    reading = read_measured(read_parquet, path)
    assert reading.counts == {"ReadClass": 2, "ReadImage": 20_000, "ReadBox": 100_000}
    assert reading.megabytes < 150


def encrypted_columns() -> bytes:
    """A file whose footer everybody can read, and whose columns need a key."""

    class Vault(encryption.KmsClient):  # type: ignore[misc, unused-ignore]  # It has no types.
        """Keys of keys, which it gives to everybody."""

        def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> str:
            return base64.b64encode(key_bytes).decode()

        def unwrap_key(self, wrapped_key: str, master_key_identifier: str) -> bytes:
            return base64.b64decode(wrapped_key)

    configuration = encryption.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": ["file_name"]}, plaintext_footer=True
    )
    factory = encryption.CryptoFactory(lambda connection: Vault())
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), configuration)
    return written(ROWS, encryption_properties=properties)


def test_encrypted_columns_are_a_refusal_although_they_end_pyarrow() -> None:
    assert refusal(encrypted_columns()) == DAMAGED


def test_a_reader_that_stops_early_leaves_no_process() -> None:
    before = {*psutil.Process().children()}
    records = read_parquet(io.BytesIO(written(ROWS * 1_000)), ReadOptions())
    next(records)
    [process] = {*psutil.Process().children()} - before
    records.close()  # type: ignore[attr-defined]  # It is a generator.
    assert not process.is_running()


def test_a_fault_of_the_other_process_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_reader, "ROOT", Path("/"))
    with pytest.raises(RuntimeError, match="status 1"):
        read(written(ROWS))


class Apart:
    """Reads in a process that PyArrow may end, one file after the other."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, content: bytes) -> None:
        """See that nothing is raised but a FormatError, and that the process ends by a signal or not at all."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        write_frame(process.stdin, content)
        process.stdin.flush()
        answer = process.stdout.read(1)
        if not answer:
            self._process = None
            assert process.wait() in (-signal.SIGABRT, -signal.SIGSEGV)

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()
            assert self._process.returncode == 0

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.formats.read_spoiled"]
        # What C++ says at its end is no news.
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(command, cwd=parquet_reader.ROOT, stdin=pipe, stdout=pipe, stderr=nowhere)


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    apart = Apart()
    yield apart
    apart.close()


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(content=st.one_of(st.binary(max_size=200), spoiled(st.just(GOOD), (b"PAR1", b"\xff\xff\xff\x7f"))))
def test_spoiled_files_raise_nothing_but_format_errors(apart: Apart, content: bytes) -> None:
    apart.read(content)


@settings(max_examples=25, deadline=None)
@given(spoiled(st.just(GOOD), (b"PAR1", b"\xff\xff\xff\x7f")))
def test_spoiled_files_are_refused_whatever_becomes_of_the_other_process(content: bytes) -> None:
    try:
        read(content)
    except FormatError as error:
        message = str(error)
        assert 10 < len(message) < 400
