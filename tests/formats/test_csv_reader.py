"""CSV is read by the names of its columns, in any order, and what spreadsheets do to it is reported."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.csv_reader import read_csv
from app.formats.reading import FormatError, ReadBox, ReadImage
from tests.formats.reading import bad, boxes, images, packed, read, refusal
from tests.formats.spoiling import spoiled

HEADER = "image_id,file_name,width,height,state,split,object_id,class_id,label,x_min,y_min,x_max,y_max,confidence\r\n"
FIRST = "42,drone-12/a.jpg,1920,1080,labeled,train,7,1,PET,10,20.5,40,60,0.875\r\n"
SECOND = "42,drone-12/a.jpg,1920,1080,labeled,train,8,2,can,1,2,3,4,\r\n"
EMPTY = "43,drone-12/b.jpg,1920,1080,empty,val,,,,,,,,\r\n"


def test_images_and_boxes_are_read() -> None:
    assert read(read_csv, HEADER + FIRST + SECOND + EMPTY) == [
        ReadImage("42", "drone-12/a.jpg", "line 2", 42, 1920, 1080, "labeled"),
        ReadBox("42", "line 2", 10.0, 20.5, 40.0, 60.0, "PET", None, "pixels", 0.875),
        ReadBox("42", "line 3", 1.0, 2.0, 3.0, 4.0, "can", None, "pixels", None),
        ReadImage("43", "drone-12/b.jpg", "line 4", 43, 1920, 1080, "empty"),
    ]


def test_columns_may_stand_in_any_order_and_others_between_them() -> None:
    table = "X_Max,note,label,y_min, x_min,y_max,file_name\n3,a,PET,2,1,4,000042_a.jpg\n\n,b,,,,,c.jpg\n"
    assert read(read_csv, b"\xef\xbb\xbf" + table.encode()) == [
        ReadImage("000042_a.jpg", "000042_a.jpg", "line 2", 42),
        ReadBox("000042_a.jpg", "line 2", 1.0, 2.0, 3.0, 4.0, "PET"),
        ReadImage("c.jpg", "c.jpg", "line 4"),
    ]


def test_quotes_and_apostrophes_are_taken_off() -> None:
    rows = [
        '"\'=a, ""b"".jpg"',
        "''a.jpg",
        "'a.jpg",
        '"two\nlines.jpg"',
    ]
    table = "file_name,label,x_min,y_min,x_max,y_max\n" + "".join(f"{row},'=PET,1,1,2,2\n" for row in rows)
    found = read(read_csv, table)
    # An apostrophe alone is part of a name.
    assert [image.name for image in images(found)] == ['=a, "b".jpg', "'a.jpg", "'a.jpg", "two\nlines.jpg"]
    assert {box.label for box in boxes(found)} == {"=PET"}


def test_rows_of_one_image_need_not_stand_together() -> None:
    found = read(read_csv, HEADER + FIRST + EMPTY + SECOND)
    assert [image.key for image in images(found)] == ["42", "43", "42"]


def test_a_table_in_an_archive_is_read() -> None:
    found = read(read_csv, packed({"images.csv": "image_id\n", "labels.csv": HEADER + FIRST, "manifest.json": "{}"}))
    assert boxes(found)[0].where == "labels.csv: line 2"


def row(**cells: str) -> str:
    names, values = HEADER.strip().split(","), FIRST.strip().split(",")
    return HEADER + ",".join((dict(zip(names, values, strict=True)) | cells).values()) + "\n"


WRONG = {
    "bad_box line 2: x_min must be a number such as 12.5, and is “1_0”": row(x_min="1_0"),
    "bad_box line 2: x_min must be a number such as 12.5, and is “nan”": row(x_min="nan"),
    "bad_box line 2: x_min must be a number such as 12.5, and is “\N{ARABIC-INDIC DIGIT FIVE}”": row(
        x_min="\N{ARABIC-INDIC DIGIT FIVE}"
    ),
    "bad_box line 2: x_min must be a number such as 12.5, and is “ 1”": row(x_min=" 1"),
    "bad_box line 2: x_min must be a number such as 12.5, and is “10,5”": row(x_min='"10,5"'),
    "bad_box line 2: x_min must be a number such as 12.5, and is empty": row(x_min=""),
    "bad_box line 2: y_max must be a number within 32 bits, and is infinite": row(y_max="1e400"),
    "bad_box line 2: y_max must be a number within 32 bits, and is too large": row(y_max="1e20"),
    "bad_box line 2: confidence must lie between 0 and 1": row(confidence="1.5"),
    "bad_record line 2: label must have 1 to 1,024 characters, and has 0": row(label=""),
    "bad_record line 2: label has the character U+0000, which cannot be stored": row(label="a\0b"),
    "bad_record line 2: image_id must be a whole number, and is “4.2”": row(image_id="4.2"),
    "bad_record line 2: image_id must be the id of an image, and is too large": row(image_id="9999999999999999999"),
    "bad_record line 2: width must be a whole number of pixels, and is 0": row(width="0"),
    "bad_record line 2: state must be one of unlabeled, labeled, empty, unusable, draft": row(state="done"),
    "bad_record line 2: the row names no image, neither by image_id nor by file_name": row(image_id="", file_name=""),
    "bad_record line 2: the row has 2 cells, and the header has 14": HEADER + "1,2\n",
    "bad_record line 2: the state is labeled, and the row has no box": HEADER + "1,a,1,1,labeled,,,,,,,,,\n",
}


@pytest.mark.parametrize("report", WRONG)
def test_what_is_wrong_is_reported(report: str) -> None:
    assert bad(read(read_csv, WRONG[report])) == [report]


REFUSED = {
    "The columns are separated by semicolons. Save the table with commas between them.": "file_name;label;x_min\n",
    "The first line names no column image_id or file_name, by which images are found.": "label,x_min,y_min,x_max,y_max\n",
    "The first line must name all columns; y_min, y_max is missing.": "file_name,label,x_min,x_max\n",
    "The first line names the column label twice.": "file_name,label,label,x_min,y_min,x_max,y_max\n",
    "The file is empty.": "",
    "Line 2 is not CSV: a quote is opened and not closed, or the file was cut short.": HEADER + '42,"a',
    "Line 2 is not CSV: something follows after a closing quote; a quote within a cell is doubled.": HEADER + '"a"b,\n',
    "Line 1 is not CSV: a line must end with LF or CRLF, and here is a CR alone.": "file_name,label\ra,b",
    "Line 2 is not CSV: a cell is longer than 131,072 characters.": HEADER + "a" * 140_000 + "\n",
    "Line 2 is longer than 1,048,576 bytes.": HEADER + "a," * 700_000 + "\n",
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_no_table_is_refused(message: str) -> None:
    assert refusal(read_csv, REFUSED[message]) == message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_are_refused_in_words(encoding: str) -> None:
    assert "UTF-8" in refusal(read_csv, (HEADER + FIRST.replace("PET", "Größe")).encode(encoding))


VALID = st.sampled_from([(HEADER + FIRST + EMPTY).encode(), packed({"labels.csv": HEADER + FIRST})])


@given(content=spoiled(VALID, (b'"', b",", b"\n", b"\r", b"1e400", b"nan", b"\0", b"-1")) | st.binary(max_size=300))
def test_a_spoiled_file_is_read_or_refused_in_words(content: bytes) -> None:
    try:
        found = read(read_csv, content)
    except FormatError as error:
        message = str(error)
        assert message.endswith((".", "”"))
    else:
        for box in boxes(found):
            assert all(-(2.0**32) <= edge <= 2.0**32 for edge in box[2:6])
            assert (box.label or "").encode()
