"""Pascal VOC is read as its tools write it, and where it counts from is found out and said."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.formats.reading import BadRecord, FormatError, ReadBox, ReadImage, ReadNote, ReadOptions, Record
from app.formats.voc_reader import read_voc
from tests.formats.read_process import read_measured
from tests.formats.spoiling import spoiled

# As labelImg writes it.
LABEL_IMG = b"""<annotation>
\t<folder>images</folder>
\t<filename>a b.jpg</filename>
\t<path>C:\\images\\a b.jpg</path>
\t<source>
\t\t<database>Unknown</database>
\t</source>
\t<size>
\t\t<width>640</width>
\t\t<height>480</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
\t<object>
\t\t<name>plastic bottle</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>11</xmin>
\t\t\t<ymin>21</ymin>
\t\t\t<xmax>110</xmax>
\t\t\t<ymax>220</ymax>
\t\t</bndbox>
\t</object>
</annotation>
"""


def annotation(*objects: str, filename: str = "a.jpg", size: str = "<width>640</width><height>480</height>") -> bytes:
    return f"<annotation><filename>{filename}</filename><size>{size}</size>{''.join(objects)}</annotation>".encode()


def bottle(*edges: object, name: str = "bottle") -> str:
    box = "".join(f"<{edge}>{at}</{edge}>" for edge, at in zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True))
    return f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def read(files: dict[str, bytes], origin: int | None = None) -> list[Record]:
    return list(read_voc(io.BytesIO(packed(files)), ReadOptions(origin=origin)))


def test_what_label_img_writes_is_read() -> None:
    note, box, image = read({"Annotations/a b.xml": LABEL_IMG})
    assert isinstance(note, ReadNote)
    assert note.kind == "origin"
    assert note.detail.startswith("The first pixel is taken as (1, 1)")
    assert note.count == 1
    where = "Annotations/a b.xml"
    assert box == ReadBox(where, f"{where}, line 14", 10, 20, 110, 220, "plastic bottle")
    assert image == ReadImage(where, "a b.jpg", where, None, 640, 480)


@pytest.mark.parametrize(
    ("member", "filename", "name", "image_id"),
    [
        ("VOCdevkit/VOC2012/Annotations/000042_a.xml", "000042_a.jpg", "000042_a.jpg", 42),
        ("VOCdevkit/VOC2012/Annotations/000042_a.xml", "", "000042_a", 42),
        ("Annotations/drone-12/a/b.xml", "b.jpg", "drone-12/a/b.jpg", None),
        ("Annotations/b.xml", "drone-12/a/b.jpg", "drone-12/a/b.jpg", None),
        ("Annotations/b.xml", "C:\\images\\b.jpg", "C:/images/b.jpg", None),
        ("train/b_jpg.rf.0123.xml", "b_jpg.rf.0123.jpg", "b_jpg.rf.0123.jpg", None),
        ("b.XML", "b.jpg", "b.jpg", None),
    ],
)
def test_images_are_named_as_the_tools_name_them(member: str, filename: str, name: str, image_id: int | None) -> None:
    image = read({member: annotation(filename=filename)})[-1]
    assert image == ReadImage(member, name, member, image_id, 640, 480)


def test_other_files_beside_are_left_alone() -> None:
    files = {
        "VOCdevkit/VOC2012/JPEGImages/a.jpg": bytes(99),
        "VOCdevkit/VOC2012/ImageSets/Main/train.txt": b"a\n",
        "__MACOSX/VOCdevkit/VOC2012/Annotations/._a.xml": b"\0\5\x16\7",
        "._b.xml": b"\0\5\x16\7",
        "labelmap.txt": b"# label:color_rgb:parts:actions\n",
        "VOCdevkit/VOC2012/Annotations/a.xml": annotation(bottle(1, 1, 2, 2)),
    }
    assert [type(record) for record in read(files)] == [ReadNote, ReadBox, ReadImage]


@pytest.mark.parametrize(
    ("origin", "x_min", "said"),
    [(None, 4, "taken as (1, 1), as Pascal VOC says, because none of the 2 boxes"), (1, 4, None), (0, 5, None)],
)
def test_the_first_pixel_is_one_unless_a_box_or_the_sender_says_otherwise(
    origin: int | None, x_min: int, said: str | None
) -> None:
    files = {"a.xml": annotation(bottle(5, 6, 640, 480)), "b.xml": annotation(bottle(1, 1, 640, 480), filename="b.jpg")}
    records = read(files, origin)
    notes = [record.detail for record in records if isinstance(record, ReadNote)]
    assert (said is None) == (notes == [])
    assert all(said in note for note in notes if said)
    boxes = [record for record in records if isinstance(record, ReadBox)]
    assert boxes[0][2:6] == (x_min, x_min + 1, 640, 480)
    assert boxes[1][2:4] == ((1, 1) if origin == 0 else (0, 0))


def test_a_box_that_begins_at_zero_decides_for_all() -> None:
    files = {"a.xml": annotation(bottle(5, 6, 640, 480)), "b.xml": annotation(bottle(9, 0, 10, 10), filename="b.jpg")}
    note, box, *_ = read(files)
    assert note == ReadNote(
        "origin", "b.xml, line 1", "The first pixel is taken as (0, 0), because this box begins before 1."
    )
    assert isinstance(box, ReadBox)
    assert box[2:6] == (5, 6, 640, 480)


def test_fractions_and_parts_and_sizes_of_zero_are_read() -> None:
    parts = bottle("10.5", "2e1", "11", "22.25").replace(
        "</object>", "<part><name>cap</name><bndbox><xmin>1</xmin></bndbox></part></object>"
    )
    _, box, image = read({"a.xml": annotation(parts, size="<width>0</width><height>0</height>")})
    assert box == ReadBox("a.xml", "a.xml, line 1", 9.5, 19, 11, 22.25, "bottle")
    assert image == ReadImage("a.xml", "a.jpg", "a.xml")


@pytest.mark.parametrize(
    ("content", "kind", "detail"),
    [
        (annotation(bottle("nan", 1, 2, 2)), "bad_box", "<xmin> must be a number such as 12 or 12.5."),
        (annotation(bottle(1, 1, "1e400", 2)), "bad_box", "<xmax> must be a number such as 12 or 12.5."),
        (annotation(bottle(1, 1, 2, "")), "bad_box", "<ymax> must be a number such as 12 or 12.5."),
        (annotation(bottle(1, 1, 2, "1_0")), "bad_box", "<ymax> must be a number such as 12 or 12.5."),
        (
            annotation("<object><name>x</name></object>"),
            "bad_record",
            "The object has no <bndbox>; only boxes are read.",
        ),
        (annotation(bottle(1, 1, 2, 2, name="")), "bad_record", "The object must have one <name> and one <bndbox>."),
        (
            annotation(bottle(1, 1, 2, 2).replace("</object>", "<name>y</name></object>")),
            "bad_record",
            "The object must have one <name> and one <bndbox>.",
        ),
        (annotation(bottle(1, 1, 2, 2, name="x" * 1025)), "bad_record", "<name> has more than 1,024 characters."),
        (annotation(filename="x" * 1025), "bad_record", "<filename> has more than 1,024 characters."),
        (LABEL_IMG[:250], "bad_record", "Line 13 is no XML that can be read: it ends before its last element does."),
        (b"", "bad_record", "The file is empty; XML was expected."),
        (b"text", "bad_record", "Line 1 is no XML that can be read: syntax error."),
    ],
)
def test_what_is_wrong_with_one_file_is_reported_beside_the_others(content: bytes, kind: str, detail: str) -> None:
    records = read({"a.xml": content, "b.xml": annotation(bottle(1, 1, 2, 2))})
    bad = [record for record in records if isinstance(record, BadRecord)]
    assert [(record.kind, record.detail) for record in bad] == [(kind, detail)]
    assert bad[0].where.startswith("a.xml")
    assert [record.image_key for record in records if isinstance(record, ReadBox)] == ["b.xml"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xef\xbb\xbf<annotations></annotations>", "begins with <annotations>; Pascal VOC begins with <annotation>"),
        (annotation().decode().encode("utf-16"), "is in UTF-16, UTF-32 or another encoding; save it as UTF-8"),
        (annotation().decode().encode("utf-32"), "is in UTF-16, UTF-32 or another encoding; save it as UTF-8"),
        (b'<?xml version="1.0" encoding="GB2312"?><annotation/>', "says that its encoding is not UTF-8"),
        (b'<!DOCTYPE annotation SYSTEM "http://a.example/x.dtd"><annotation/>', "Line 1 has a document type (DTD)"),
        (
            b'<!DOCTYPE annotation [<!ENTITY a SYSTEM "file:///etc/passwd">]><annotation>&a;</annotation>',
            "Line 1 has a document type (DTD) or an entity; label files need none. Remove it.",
        ),
        (b"<annotation>" + b"<a>" * 16 + b"</a>" * 16 + b"</annotation>", "elements nested more than 16 deep"),
    ],
)
def test_xml_that_is_something_else_or_harmful_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=r"^“Annotations/a\.xml”: ") as caught:
        read({"Annotations/a.xml": content})
    assert message in str(caught.value)


def test_a_byte_order_mark_is_read_over() -> None:
    assert isinstance(read({"a.xml": b"\xef\xbb\xbf" + LABEL_IMG})[-1], ReadImage)


def test_an_archive_without_xml_is_refused_and_archives_in_it_are_named() -> None:
    with pytest.raises(FormatError) as caught:
        read({"labels.zip": b"PK", "a.txt": b""})
    assert str(caught.value) == (
        "The archive has no XML file; Annotations/*.xml were expected. It has an archive in it: “labels.zip”."
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (packed({"data.yaml": b""}), "and looks like a YOLO archive. Send it as format=yolo."),
        (LABEL_IMG, "and looks like one file of Pascal VOC; send the whole folder as a zip archive."),
        (b'{"images": []}', "and looks like COCO. Send it as format=coco."),
        (b"text", "The file is something else; a zip archive was expected."),
    ],
)
def test_another_format_is_named(content: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        list(read_voc(io.BytesIO(content), ReadOptions()))
    assert str(caught.value).endswith(message)


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + b"".join(b'<!ENTITY lol%d "%s">' % (n, b"&lol%d;" % (n - 1) * 10 if n else b"&lol;" * 10) for n in range(10))
    + b"]><annotation>&lol9;</annotation>"
)
SPACE = 15 * 1024**2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: LAUGHS, "“a.xml”: Line 1 has a document type (DTD) or an entity; label files need none. Remove it."),
        (lambda: b"<annotation>" + b"<a>" * 1_000_000, "“a.xml”: Line 1 has elements nested more than 16 deep."),
        (
            lambda: b'<annotation a="' + b"x" * 300_000_000 + b'"/>',
            "“a.xml” unpacks to 300,000,018 bytes; at most 16,777,216 are read from it.",
        ),
        (
            lambda: b'<annotation a="' + b"x" * SPACE + b'"/>',
            "“a.xml”: Line 1 has a tag, an attribute or a comment of more than 1,048,576 bytes.",
        ),
        (
            lambda: b"<annotation><!--" + b"x" * SPACE + b"--></annotation>",
            "“a.xml”: Line 1 has a tag, an attribute or a comment of more than 1,048,576 bytes.",
        ),
        (
            lambda: b"<annotation><filename>" + b"x" * SPACE + b"</filename></annotation>",
            "“a.xml”: Line 1 has a text of more than 65,536 characters.",
        ),
        (
            lambda: b"<annotation>" + b"".join(b"<n%d/>" % n for n in range(1_000_000)) + b"</annotation>",
            "“a.xml”: The XML has too many or too long names of elements and attributes to be a label file.",
        ),
        (
            lambda: b"<annotation>" + b"".join(b"<%s%d/>" % (b"x" * 60_000, n) for n in range(200)) + b"</annotation>",
            "“a.xml”: The XML has too many or too long names of elements and attributes to be a label file.",
        ),
    ],
    ids=["laughs", "depth", "attribute of 300 MB", "attribute", "comment", "text", "names", "long names"],
)
def test_hostile_xml_is_refused_soon_and_in_little_memory(
    tmp_path: Path, content: Callable[[], bytes], message: str
) -> None:
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.xml", content())
    reading = read_measured(read_voc, path)
    assert reading.message == message
    assert reading.seconds < 5
    assert reading.megabytes < 100


@pytest.mark.slow
def test_a_file_full_of_boxes_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    path.write_bytes(packed({"a.xml": annotation(*(bottle(n, 1, n + 1, 2) for n in range(1, 100_001)))}))
    reading = read_measured(read_voc, path)
    assert reading.counts == {"ReadNote": 1, "ReadBox": 100_000, "ReadImage": 1}
    assert reading.megabytes < 60


TOKENS = (
    b"<object>",
    b"</object>",
    b"</name>",
    b"<xmin>",
    b"nan",
    b"&lt;",
    b"&a;",
    b"<!DOCTYPE a>",
    b"<![CDATA[",
    b"\0",
    b"\xff",
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), spoiled(st.just(LABEL_IMG), TOKENS)), st.sampled_from([None, 0, 1]))
def test_nothing_but_format_errors_comes_out(content: bytes, origin: int | None) -> None:
    try:
        records = read({"Annotations/a.xml": content}, origin)
    except FormatError as error:
        message = str(error)
        assert 10 < len(message) < 400
    else:
        assert records


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=200), spoiled(st.just(packed({"Annotations/a.xml": LABEL_IMG})))))
def test_spoiled_archives_raise_nothing_but_format_errors(content: bytes) -> None:
    try:
        list(read_voc(io.BytesIO(content), ReadOptions()))
    except FormatError as error:
        message = str(error)
        assert 10 < len(message) < 400
