"""The records of a Parquet file as our exports write it: a row for each image, its boxes as a list of structs.

Columns: `image_id` or `file_name`, and `objects` (a list of structs with `label` or `class_id`, `x_min`, `y_min`, `x_max` and
`y_max`, and maybe `confidence`); maybe `width`, `height` and `state`. Edges are in pixels. Other columns are not read. The schema
may name the classes by number in its metadata, as JSON under `classes`.

A file of 10 kB can hold 200 MB. So each group of rows has limits, which the footer is asked for before anything is read. Texts
that repeat stay numbers of a dictionary until they are needed, a few at a time.

PyArrow ends the process on some damaged and encrypted files, so that this module is for a process of its own: `parquet_process`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, repeat
from struct import calcsize
from typing import TYPE_CHECKING, Any, BinaryIO

from app.formats.names import id_in_flat_name
from app.formats.reading import BadRecord, FormatError, ReadBox, ReadClass, ReadImage, Record
from app.formats.values import MAX_NUMBER, MAX_TEXT_LENGTH

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_FOOTER_BYTES = 16 * 1024**2
# Of one group of rows: what its columns unpack to, and how many values a column has.
MAX_GROUP_BYTES, MAX_GROUP_VALUES = 64 * 1024**2, 2_000_000
MAX_BYTES = 16 * 1024**3
MAX_CLASSES = 50_000
ROWS_AT_A_TIME, BOXES_AT_A_TIME = 500, 10_000
_MAGIC = b"PAR1"
_EDGES = ("x_min", "y_min", "x_max", "y_max")
# The columns that are read, and what they hold.
_IMAGE = {"image_id": "integer", "file_name": "text", "width": "integer", "height": "integer", "state": "text"}
_BOX = {**dict.fromkeys((*_EDGES, "confidence"), "number"), "label": "text", "class_id": "integer"}
BOX_FIELDS = tuple(_BOX)
# The types of Arrow whose values lie in memory as those of Python's arrays.
_CODES = {"int8": "b", "int16": "h", "int32": "i", "int64": "q", "float": "f", "double": "d"}


def read_records(file: Any) -> Iterator[Record]:
    """Yield what is in the file, which can be sought. Raises FormatError; some files end the process."""
    _check_ends(file)
    with _arrow_errors():
        parquet = _open(file)
        schema, groups = parquet.schema_arrow, parquet.metadata.num_row_groups
        fields = _check_schema(schema)
        _check_sizes(parquet.metadata, fields)
    yield from _read_classes(schema.metadata or {})
    number = 0
    for group in range(groups):
        with _arrow_errors():
            batches = parquet.iter_batches(ROWS_AT_A_TIME, row_groups=[group], columns=fields, use_threads=False)
        while True:
            with _arrow_errors():
                batch = next(batches, None)
            if batch is None:
                break
            yield from _read_batch(batch, number)
            number += batch.num_rows


def _check_ends(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    first = file.read(len(_MAGIC))
    file.seek(max(0, size - 8))
    last = file.read(8)
    if not size:
        raise FormatError("The file is empty; Parquet was expected.")
    if _MAGIC[:3] + b"E" in (first, last[4:]):
        raise FormatError("The file is encrypted; write it without a key.")
    if first != _MAGIC:
        raise FormatError("The file is no Parquet: it does not begin with PAR1.")
    if size < 12 or last[4:] != _MAGIC:
        raise FormatError("The end of the Parquet file is missing. The file was cut on its way; send it again.")
    footer = int.from_bytes(last[:4], "little")
    if footer > min(size - 12, MAX_FOOTER_BYTES):
        raise FormatError(f"The footer of the Parquet file is damaged, or has more than {MAX_FOOTER_BYTES:,} bytes.")


def _open(file: Any) -> "pq.ParquetFile":
    import pyarrow.parquet as pq

    limits: dict[str, Any] = {
        "thrift_string_size_limit": MAX_FOOTER_BYTES,
        "thrift_container_size_limit": 100_000,
        "page_checksum_verification": True,
        "pre_buffer": False,
        "buffer_size": 64 * 1024,
    }
    schema = pq.ParquetFile(file, **limits).schema
    paths = [schema.column(number).path for number in range(len(schema))]
    return pq.ParquetFile(file, read_dictionary=paths, **limits)


def _check_schema(schema: "pa.Schema") -> list[str]:
    """Return the names of the columns that are read."""
    import pyarrow as pa

    names = [name for name in schema.names if name in (*_IMAGE, "objects")]
    if "objects" not in names or not {"image_id", "file_name"} & {*names}:
        raise FormatError("The Parquet file must have the columns objects, and image_id or file_name.")
    if len({*names}) < len(names):
        raise FormatError("The Parquet file has two columns of the same name.")
    for name in names:
        if name != "objects":
            _check_type(name, schema.field(name).type, _IMAGE[name])
    objects = schema.field("objects").type
    if not (pa.types.is_list(objects) or pa.types.is_large_list(objects)) or not pa.types.is_struct(objects.value_type):
        raise FormatError("The column objects must be a list of structs, one for each box.")
    boxes = [field for field in objects.value_type if field.name in _BOX]
    found = {field.name for field in boxes}
    if len(found) < len(boxes) or not {*_EDGES} <= found or not {"label", "class_id"} & found:
        raise FormatError("The structs in objects must have x_min, y_min, x_max, y_max, and label or class_id.")
    for field in boxes:
        _check_type(f"objects.{field.name}", field.type, _BOX[field.name])
    return names


def _check_type(name: str, kind: "pa.DataType", expected: str) -> None:
    """Raise FormatError for a column of another type, as extension types are."""
    import pyarrow as pa

    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_text = pa.types.is_string(value) or pa.types.is_large_string(value)
    is_integer = pa.types.is_integer(kind)
    fits = {"text": is_text, "integer": is_integer, "number": is_integer or pa.types.is_floating(kind)}
    if not fits[expected]:
        raise FormatError(f"The column {name} must be of a type for {expected}, and is another.")


def _check_sizes(metadata: "pq.FileMetaData", names: list[str]) -> None:
    total = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = [group.column(column) for column in range(group.num_columns)]
        chunks = [chunk for chunk in chunks if chunk.path_in_schema.partition(".")[0] in names]
        size = sum(max(0, chunk.total_uncompressed_size) for chunk in chunks)
        values = max((chunk.num_values for chunk in chunks), default=0)
        total += size
        if size > MAX_GROUP_BYTES or max(values, group.num_rows) > MAX_GROUP_VALUES or total > MAX_BYTES:
            raise FormatError(
                f"Row group {number} of the Parquet file unpacks to {size:,} bytes and {values:,} values; at most"
                f" {MAX_GROUP_BYTES:,} and {MAX_GROUP_VALUES:,} are read. Write it with smaller row groups."
            )


def _read_classes(metadata: dict[bytes, bytes]) -> Iterator[ReadClass]:
    try:
        classes = json.loads(metadata.get(b"classes", b"{}"))
    except (ValueError, RecursionError) as error:
        raise FormatError("The metadata classes of the Parquet file is no JSON.") from error
    if not isinstance(classes, dict) or len(classes) > MAX_CLASSES:
        raise FormatError(f"The metadata classes must be an object with at most {MAX_CLASSES:,} names by number.")
    for key, name in classes.items():
        if not isinstance(name, str) or not _is_text(name) or not _is_text(key):
            raise FormatError("The metadata classes must have names that are texts.")
        yield ReadClass(key, name)


def _read_batch(batch: "pa.RecordBatch", number: int) -> Iterator[Record]:
    columns = {name: _values(batch.column(name)) for name in batch.schema.names if name != "objects"}
    objects = batch.column("objects")
    lengths = objects.value_lengths().to_pylist()
    boxes = _read_boxes(objects.flatten())
    for row, length in enumerate(lengths):
        where = f"row {number + row + 1}"
        image = {name: values[row] for name, values in columns.items()}
        yield _read_image(image, where, is_labeled=length is not None)
        for index, (is_sound, *box) in enumerate(islice(boxes, length or 0), 1):
            place = f"{where}, box {index}"
            yield _sound_box(where, place, *box) if is_sound else _read_box(where, place, *box)


def _read_image(image: dict[str, Any], where: str, *, is_labeled: bool) -> Record:
    image_id, name, state = image.get("image_id"), image.get("file_name"), image.get("state")
    if image_id is None and name is None:
        return BadRecord("bad_record", where, "The row has neither image_id nor file_name.")
    if image_id is not None and not 0 < image_id < 2**63:
        return BadRecord("bad_record", where, "image_id must be a whole number from 1 on.")
    if not all(_is_text(text) for text in (name, state) if text is not None):
        return BadRecord("bad_record", where, f"Texts must have 1 to {MAX_TEXT_LENGTH:,} characters, without U+0000.")
    width, height = image.get("width"), image.get("height")
    if image_id is None and name is not None:
        image_id = id_in_flat_name(name)
    # As in our exports, no list is another thing than an empty one.
    state = state if is_labeled or state else "unlabeled"
    return ReadImage(where, name, where, image_id, width, height, state)


def _read_boxes(structs: "pa.StructArray") -> Iterator[tuple[Any, ...]]:
    """Yield whether a box needs no further look, and its values in the order of BOX_FIELDS; a few are in memory at a time."""
    import pyarrow as pa

    children = dict(zip((field.name for field in structs.type), structs.flatten(), strict=True))
    fields = [children.get(name, pa.nulls(len(structs))) for name in BOX_FIELDS]
    for start in range(0, len(structs), BOXES_AT_A_TIME):
        columns = [field.slice(start, BOXES_AT_A_TIME) for field in fields]
        is_sound = all(_are_sound(column) for column in columns[:4]) and not columns[5].null_count
        yield from zip(repeat(is_sound), *map(_values, columns))


def _are_sound(column: "pa.Array") -> bool:
    """Say whether all values are numbers within bounds."""
    import pyarrow.compute as pc

    bounds = pc.min_max(column).as_py()
    if column.null_count or bounds["min"] is None or not pc.all(pc.is_finite(column)).as_py():
        return False
    return bool(bounds["min"] >= -MAX_NUMBER and bounds["max"] <= MAX_NUMBER)


def _sound_box(
    key: str, where: str, x_min: float, y_min: float, x_max: float, y_max: float, score: Any, label: str, _: Any
) -> Record:
    if not _is_text(label) or not (score is None or 0 <= score <= 1):
        return _read_box(key, where, x_min, y_min, x_max, y_max, score, label, None)
    return ReadBox(key, where, float(x_min), float(y_min), float(x_max), float(y_max), label, None, "pixels", score)


def _read_box(key: str, where: str, *values: Any) -> Record:
    *edges, confidence, label, class_id = values
    if label is None and class_id is None:
        return BadRecord("bad_record", where, "The box has neither label nor class_id.")
    if label is not None and not _is_text(label):
        return BadRecord("bad_record", where, f"label must have 1 to {MAX_TEXT_LENGTH:,} characters, without U+0000.")
    for edge, name in zip(edges, BOX_FIELDS, strict=False):
        # Whatever is no number compares as false.
        if edge is None or not -MAX_NUMBER <= edge <= MAX_NUMBER:
            return BadRecord("bad_box", where, f"{name} must be a number within 32 bits.")
    if confidence is not None and not 0 <= confidence <= 1:
        return BadRecord("bad_box", where, "confidence must be a number from 0 to 1.")
    x_min, y_min, x_max, y_max = map(float, edges)
    class_key = None if label is not None else str(class_id)
    score = None if confidence is None else float(confidence)
    return ReadBox(key, where, x_min, y_min, x_max, y_max, label, class_key, confidence=score)


def _values(column: "pa.Array") -> list[Any]:
    """Return a column as Python's objects, after a look at how long its texts are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    with _arrow_errors():
        if pa.types.is_dictionary(column.type):
            longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
            if longest > 4 * MAX_TEXT_LENGTH:
                raise FormatError(f"A text in the Parquet file has {longest:,} bytes; names and labels are shorter.")
            if len(column.dictionary) <= len(column):
                texts: list[Any] = [*column.dictionary.to_pylist(), None]
                return [texts[index] for index in _numbers(column.indices.fill_null(len(texts) - 1))]
            return list(column.dictionary_decode().to_pylist())
        return _numbers(column)


def _numbers(column: "pa.Array") -> list[Any]:
    """Return the numbers of a column. Those of usual types are taken from memory, a hundred times faster than one by one."""
    code = _CODES.get(str(column.type))
    if not code or column.null_count or not len(column):
        return list(column.to_pylist())
    size = calcsize(code)
    content = memoryview(column.buffers()[1]).cast("B")
    return content[column.offset * size : (column.offset + len(column)) * size].cast(code).tolist()  # type: ignore[call-overload, no-any-return]  # Its codes are literals to the checker.


def _is_text(text: str) -> bool:
    return 0 < len(text) <= MAX_TEXT_LENGTH and "\0" not in text


@contextmanager
def _arrow_errors() -> Iterator[None]:
    """Raise FormatError for what Arrow cannot read."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, NotImplementedError) as error:
        raise FormatError("The Parquet file is damaged, or written in a way that Arrow cannot read.") from error
