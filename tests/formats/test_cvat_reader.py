"""CVAT for images 1.1 is read as CVAT writes it, plain or in an archive."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.formats.cvat_reader import read_cvat
from app.formats.reading import BadRecord, FormatError, ReadBox, ReadClass, ReadImage, ReadNote, ReadOptions, Record
from tests.formats.read_process import read_measured
from tests.formats.spoiling import spoiled

# As a project of CVAT is exported, with images of two parts.
PROJECT = b"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <project>
      <id>12</id>
      <name>river</name>
      <created>2026-11-29 08:30:00.000000+00:00</created>
      <labels>
        <label>
          <name>bottle</name>
          <color>#fa3253</color>
          <type>any</type>
          <attributes>
            <attribute>
              <name>dirty</name>
              <mutable>False</mutable>
              <input_type>checkbox</input_type>
              <default_value>false</default_value>
              <values>false</values>
            </attribute>
          </attributes>
        </label>
        <label>
          <name>a &lt;b&gt; &amp; c</name>
          <color>#2a3253</color>
          <type>any</type>
          <attributes>
          </attributes>
        </label>
      </labels>
      <subsets>
        <subset>train</subset>
        <subset>val</subset>
      </subsets>
      <tasks><task><id>3</id><name>one</name></task></tasks>
    </project>
    <dumped>2026-11-29 08:31:00.000000+00:00</dumped>
  </meta>
  <image id="0" name="drone-12/a b.jpg" subset="train" task_id="3" width="1920" height="1080">
    <box label="bottle" source="manual" occluded="0" xtl="10.50" ytl="20.00" xbr="110.25" ybr="220.00" z_order="0">
      <attribute name="dirty">false</attribute>
    </box>
    <box label="a &lt;b&gt; &amp; c" source="manual" occluded="1" xtl="0.00" ytl="0.00" xbr="1920.00" ybr="1080.00" z_order="1">
      <attribute name="confidence">0.75</attribute>
    </box>
  </image>
  <image id="1" name="000042_c.png" subset="val" task_id="3" width="640" height="480">
    <tag label="bottle" source="manual">
    </tag>
  </image>
</annotations>
"""
RECORDS = [
    ReadClass("bottle", "bottle"),
    ReadClass("a <b> & c", "a <b> & c"),
    ReadImage("image 1", "drone-12/a b.jpg", "line 40", None, 1920, 1080),
    ReadBox("image 1", "line 41", 10.5, 20, 110.25, 220, "bottle"),
    ReadBox("image 1", "line 44", 0, 0, 1920, 1080, "a <b> & c", confidence=0.75),
    ReadImage("image 2", "000042_c.png", "line 48", 42, 640, 480),
    ReadNote("not_kept", "", "attributes of boxes", 1),
    ReadNote("not_kept", "", "tags of images", 1),
]


def read(content: bytes) -> list[Record]:
    return list(read_cvat(io.BytesIO(content), ReadOptions()))


def packed(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_shape(shape: str) -> bytes:
    image = f'<image id="0" name="a.jpg" width="640" height="480">{shape}</image>'
    return f"<annotations><meta><task><labels/></task></meta>{image}</annotations>".encode()


def box(**attributes: object) -> str:
    all_ = {"label": "x", "xtl": 1, "ytl": 1, "xbr": 2, "ybr": 2} | attributes
    return "<box " + " ".join(f'{name}="{value}"' for name, value in all_.items() if value is not None) + "/>"


@pytest.mark.parametrize(
    "content",
    [
        PROJECT,
        b"\xef\xbb\xbf" + PROJECT,
        PROJECT.replace(b"project>", b"task>"),
        PROJECT.replace(b"project>", b"job>"),
        packed(**{"annotations.xml": PROJECT}),
        packed(
            **{"river/annotations.xml": PROJECT, "river/images/drone-12/a b.jpg": b"", "__MACOSX/annotations.xml": b"x"}
        ),
    ],
    ids=["project", "BOM", "task", "job", "zip", "zip in a folder"],
)
def test_what_cvat_writes_is_read(content: bytes) -> None:
    assert read(content) == RECORDS


def test_several_tasks_in_an_archive_are_read_apart() -> None:
    records = read(packed(**{"task_1/annotations.xml": PROJECT, "task_2/annotations.xml": PROJECT}))
    assert len(records) == 2 * len(RECORDS)
    assert len({record.key for record in records if isinstance(record, ReadImage)}) == 4
    assert records[-1] == ReadNote("not_kept", "task_2/annotations.xml", "tags of images", 1)


@pytest.mark.parametrize("shape", ["polygon", "polyline", "points", "cuboid", "mask", "ellipse"])
def test_other_shapes_are_reported_one_by_one(shape: str) -> None:
    _, bad, good = read(with_shape(f'<{shape} label="x" points="1,2;3,4"/>' + box()))
    assert bad == BadRecord("bad_record", "line 1", f"This is a {shape}; only boxes are read.")
    assert isinstance(good, ReadBox)


def test_a_skeleton_is_one_shape_with_its_points() -> None:
    skeleton = '<skeleton label="x"><points label="1" points="1,2"/><points label="2" points="1,2"/></skeleton>'
    assert [type(record) for record in read(with_shape(skeleton))] == [ReadImage, BadRecord]


@pytest.mark.parametrize(
    ("shape", "kind", "detail"),
    [
        (box(xtl="nan"), "bad_box", "xtl must be a number such as 12 or 12.5."),
        (box(ybr="1e400"), "bad_box", "ybr must be a number such as 12 or 12.5."),
        (box(xbr=None), "bad_box", "xbr must be a number such as 12 or 12.5."),
        (box(rotation="12.5"), "bad_record", "The box is turned (rotation); only boxes with upright sides are read."),
        (box(rotation="x"), "bad_record", "The box is turned (rotation); only boxes with upright sides are read."),
        (box(label=None), "bad_record", "The box must have a label of 1 to 1,024 characters."),
        (box(label="x" * 1025), "bad_record", "The box must have a label of 1 to 1,024 characters."),
        (
            box().replace("/>", '><attribute name="confidence">high</attribute></box>'),
            "bad_box",
            "The confidence must be a number from 0 to 1.",
        ),
        (
            box().replace("/>", '><attribute name="confidence">1.5</attribute></box>'),
            "bad_box",
            "The confidence must be a number from 0 to 1.",
        ),
    ],
)
def test_what_is_wrong_with_a_box_is_reported_beside_the_others(shape: str, kind: str, detail: str) -> None:
    _, first, bad, last = read(with_shape(box() + shape + box(rotation="0.0")))
    assert isinstance(bad, BadRecord)
    assert (bad.kind, bad.where, bad.detail) == (kind, "line 1", detail)
    assert isinstance(first, ReadBox)
    assert first == last


def test_images_without_a_name_are_reported_and_sizes_may_be_missing() -> None:
    bad, image = read(b'<annotations><image id="0"/><image id="1" name="C:\\a\\b.jpg" width="x"/></annotations>')
    assert bad == BadRecord("bad_record", "line 1", "The image must have a name of 1 to 1,024 characters.")
    assert image == ReadImage("image 2", "C:/a/b.jpg", "line 1")


def many_labels(count: int) -> bytes:
    labels = b"".join(b"<label><name>%d</name></label>" % number for number in range(count))
    return b"<annotations><meta><task><labels>" + labels + b"</labels></task></meta></annotations>"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty; XML was expected."),
        (b"   ", "Line 1 is no XML that can be read: it ends before its last element does."),
        (PROJECT[:-100], "is no XML that can be read: it ends before its last element does."),
        (b"{}", "Line 1 is no XML that can be read: not well-formed (invalid token)."),
        (b"<annotation/>", "said to be CVAT for images, and looks like one file of Pascal VOC; send the whole folder"),
        (packed(**{"data.yaml": b""}), "looks like a YOLO archive. Send it as format=yolo."),
        (b"PAR1", "said to be CVAT for images, and looks like Parquet. Send it as format=parquet."),
        (b"<a/>", "The XML begins with <a>; CVAT for images begins with <annotations>."),
        (b'<annotations><track id="0"/></annotations>', "Line 1 has a track of CVAT for video. Export the task as"),
        (PROJECT.decode().encode("utf-16"), "The XML is in UTF-16, UTF-32 or another encoding; save it as UTF-8."),
        (
            PROJECT.replace(b'"utf-8"', b'"iso-8859-1"'),
            "The XML says that its encoding is not UTF-8; save it as UTF-8.",
        ),
        (b"<annotations>\xff</annotations>", "Line 1 is no XML that can be read: not well-formed (invalid token)."),
        (packed(a=b""), "The archive has no annotations.xml."),
        (packed(**{"a.zip": b""}), "The archive has no annotations.xml. It has an archive in it: “a.zip”."),
        (packed(**{"annotations.xml": b"<a/>"}), "“annotations.xml”: The XML begins with <a>;"),
        (many_labels(50_001), "The file has more than 50,000 labels."),
        (
            b"<annotations><meta><task><labels><label><name/></label></labels></task></meta></annotations>",
            "has 0 characters",
        ),
    ],
)
def test_what_is_something_else_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(content)
    assert message in str(caught.value)


DTD = "Line 1 has a document type (DTD) or an entity; label files need none. Remove it."
LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in b"bcdefghij"
)


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (lambda: [LAUGHS, b"]><annotations>&j;</annotations>"], DTD),
        (lambda: [b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///dev/zero">]><annotations>&a;</annotations>'], DTD),
        (lambda: [b'<!DOCTYPE a SYSTEM "http://a.example/a.dtd"><annotations/>'], DTD),
        (lambda: [b"<annotations>", b"<a>" * 1_000_000], "Line 1 has elements nested more than 16 deep."),
        (
            lambda: [b'<annotations a="', *[b"x" * 1_000_000] * 300, b'"/>'],
            "Line 1 has a tag, an attribute or a comment of more than 1,048,576 bytes.",
        ),
        (
            lambda: [b"<annotations>", *[b"x" * 1_000_000] * 300, b"</annotations>"],
            "Line 1 has a text of more than 65,536 characters.",
        ),
        (
            lambda: [b"<annotations>", *[b"\n" * 1_000_000] * 300, b"</annotations>"],
            "has a text of more than 65,536 characters.",
        ),
        (lambda: [many_labels(100_000)], "The file has more than 50,000 labels."),
    ],
    ids=["laughs", "entity", "DTD", "depth", "attribute of 300 MB", "text", "space", "100,000 classes"],
)
def test_hostile_xml_is_refused_soon_and_in_little_memory(
    tmp_path: Path, pieces: Callable[[], list[bytes]], message: str
) -> None:
    path = tmp_path / "hostile.xml"
    with path.open("wb") as file:
        file.writelines(pieces())
    reading = read_measured(read_cvat, path)
    assert message in (reading.message or "")
    assert reading.seconds < 5
    assert reading.megabytes < 100


def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    with path.open("w") as file:
        file.write("<annotations>")
        for number in range(20_000):
            file.write(f'<image id="{number}" name="a/{number}.jpg" width="640" height="480">\n{box() * 5}</image>\n')
        file.write("</annotations>")
    reading = read_measured(read_cvat, path)
    assert reading.counts == {"ReadImage": 20_000, "ReadBox": 100_000}
    assert reading.megabytes < 60


TOKENS = (
    b"<box>",
    b"</box>",
    b"<polygon/>",
    b'rotation="1"',
    b"nan",
    b"&a;",
    b"<!DOCTYPE a>",
    b"<![CDATA[",
    b"\0",
    b"\xff",
    b"<?a?>",
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200), spoiled(st.sampled_from([PROJECT, packed(**{"annotations.xml": PROJECT})]), TOKENS)
    )
)
def test_nothing_but_format_errors_comes_out(content: bytes) -> None:
    try:
        read(content)
    except FormatError as error:
        message = str(error)
        assert 10 < len(message) < 400
