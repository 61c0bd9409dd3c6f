"""CSV with a row for each box, and one without a box for an image that has none, as our exports write it.

The first line names the columns, in any order. An image is named by `image_id` or `file_name` or both; `label`, `x_min`, `y_min`,
`x_max` and `y_max` are asked for, and `width`, `height`, `state` and `confidence` are read where they are. Others are read over.
An apostrophe before a text that a spreadsheet would run as a formula is taken off, as our exports put it there.
"""

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from app.formats.documents import open_documents
from app.formats.names import id_in_flat_name
from app.formats.reading import STATES, BadRecord, FormatError, ReadBox, ReadImage, ReadOptions, Record
from app.formats.recognition import refuse_other_formats
from app.formats.safe_zip import ByteSource, shown
from app.formats.text_lines import text_lines
from app.formats.texts import RISKY_BEGINNINGS
from app.formats.values import UnfitError, read_confidence, read_image_id, read_number, read_size, read_text

# A record may go over several lines, within quotes.
MAX_RECORD_LENGTH = 1024 * 1024
EDGES = ("x_min", "y_min", "x_max", "y_max")
NEEDED = ("label", *EDGES)
IMAGE_COLUMNS = ("image_id", "file_name", "width", "height", "state")
COLUMNS = (*IMAGE_COLUMNS, *NEEDED, "confidence")
# `float` and `int` of Python also take blanks, underscores, other scripts and words.
NUMBER = re.compile(r"-?([0-9]{1,40}(\.[0-9]{0,60})?|\.[0-9]{1,60})([eE][+-]?[0-9]{1,3})?")
WHOLE = re.compile("[0-9]{1,19}")


def read_csv(file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
    """Yield what is in the file. Raises FormatError."""
    refuse_other_formats(file, "csv")
    for number, (name, document) in enumerate(open_documents(file, "csv")):
        place, prefix = (f"{name}: ", f"{number}:") if name else ("", "")
        yield from _Table(document, place, prefix).records()


class _Table:
    """One table. `place` begins the place of each record, `prefix` the key of each image."""

    def __init__(self, file: ByteSource, place: str, prefix: str) -> None:
        self._place = place
        self._prefix = prefix
        self._length = 0
        self._lines = text_lines(file)
        self._reader = csv.reader(self._counted_lines(), strict=True)
        self._latest: ReadImage | None = None
        self._latest_cells: list[str] = []

    def records(self) -> Iterator[Record]:
        names = next(self._rows(), [])
        columns = _columns([name.strip().lower() for name in names])
        for cells in self._rows():
            where = f"{self._place}line {self._reader.line_num}"
            if not any(cells):
                continue
            try:
                if len(cells) != len(names):
                    raise UnfitError("bad_record", f"the row has {len(cells)} cells, and the header has {len(names)}")
                yield from self._row({name: cells[index] for name, index in columns.items()}, where)
            except UnfitError as error:
                yield BadRecord(error.kind, where, str(error))

    def _rows(self) -> Iterator[list[str]]:
        try:
            for cells in self._reader:
                yield cells
                self._length = 0
        except csv.Error as error:
            raise FormatError(f"{self._place}Line {self._reader.line_num:,} is not CSV: {_explain(error)}.") from None

    def _counted_lines(self) -> Iterator[str]:
        for line in self._lines:
            self._length += len(line)
            if self._length > MAX_RECORD_LENGTH:
                raise FormatError(
                    f"{self._place}The record that ends after line {self._reader.line_num:,} is longer than "
                    f"{MAX_RECORD_LENGTH:,} characters. A quote may not be closed."
                )
            yield line

    def _row(self, row: dict[str, str], where: str) -> Iterator[Record]:
        # Most rows are of the same image as the one before, and say the same of it.
        image_cells = [row.get(name, "") for name in IMAGE_COLUMNS]
        image = self._latest
        if image is None or image_cells != self._latest_cells:
            self._latest, self._latest_cells = None, image_cells
            image = self._latest = self._image(row, where)
            yield image
        if any(row[name] for name in NEEDED):
            yield _box(row, image.key, where)
        elif image.state == "labeled":
            raise UnfitError("bad_record", "the state is labeled, and the row has no box")

    def _image(self, row: dict[str, str], where: str) -> ReadImage:
        image_id = read_image_id(_whole(row.get("image_id", ""), "image_id"), "image_id")
        name = _text(row["file_name"], "file_name") if row.get("file_name") else None
        if image_id is None and name is None:
            raise UnfitError("bad_record", "the row names no image, neither by image_id nor by file_name")
        state = row.get("state") or None
        if state and state not in STATES:
            raise UnfitError("bad_record", f"state must be one of {', '.join(STATES)}")
        width, height = (read_size(_whole(row.get(side, ""), side), side) for side in ("width", "height"))
        key = f"{self._prefix}{name if image_id is None else image_id}"
        return ReadImage(key, name, where, image_id or id_in_flat_name(name or ""), width, height, state)


def _columns(names: list[str]) -> dict[str, int]:
    """Return where each column that is read stands."""
    columns = {name: names.index(name) for name in COLUMNS if name in names}
    if len(names) == 1 and ";" in names[0]:
        raise FormatError("The columns are separated by semicolons. Save the table with commas between them.")
    if "image_id" not in columns and "file_name" not in columns:
        raise FormatError("The first line names no column image_id or file_name, by which images are found.")
    if missing := [name for name in NEEDED if name not in columns]:
        raise FormatError(f"The first line must name all columns; {', '.join(missing)} is missing.")
    if twice := [name for name in columns if names.count(name) > 1]:
        raise FormatError(f"The first line names the column {twice[0]} twice.")
    return columns


def _box(row: dict[str, str], key: str, where: str) -> ReadBox:
    x_min, y_min, x_max, y_max = (_number(row[name], name) for name in EDGES)
    confidence = _number(row["confidence"], "confidence") if row.get("confidence") else None
    label = _text(row["label"], "label")
    return ReadBox(key, where, x_min, y_min, x_max, y_max, label, confidence=read_confidence(confidence, "confidence"))


def _number(cell: str, name: str) -> float:
    if not NUMBER.fullmatch(cell):
        raise UnfitError("bad_box", f"{name} must be a number such as 12.5, and is {shown(cell) if cell else 'empty'}")
    return read_number(float(cell), name)


def _whole(cell: str, name: str) -> int | None:
    if not cell:
        return None
    if not WHOLE.fullmatch(cell):
        raise UnfitError("bad_record", f"{name} must be a whole number, and is {shown(cell)}")
    return int(cell)


def _text(cell: str, name: str) -> str:
    is_marked = cell.startswith("'") and cell[1:].startswith(RISKY_BEGINNINGS)
    return read_text(cell[1:] if is_marked else cell, name)


def _explain(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is opened and not closed, or the file was cut short"
    if "expected after" in text:
        return "something follows after a closing quote; a quote within a cell is doubled"
    if "new-line character" in text:
        return "a line must end with LF or CRLF, and here is a CR alone"
    return "a cell is longer than 131,072 characters" if "field larger" in text else text
