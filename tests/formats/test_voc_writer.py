"""Pascal VOC, byte for byte."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from app.formats.members import UnsupportedError
from app.formats.records import Class, Loss
from app.formats.voc_writer import CAMPAIGN, COLON, CONFIDENCE, FRACTIONS, IDS, NO_JPG, UNKNOWN, VocWriter
from tests.formats.datasets import DATASET, IMAGES, Kept, box, image
from tests.formats.writing import write

ROOT = "VOCdevkit/VOC2012"
HEAD = (
    "<annotation>\n\t<folder>VOC2012</folder>\n\t<filename>{}</filename>\n"
    "\t<source>\n\t\t<database>harbor 2</database>\n\t</source>\n"
    "\t<size>\n\t\t<width>{}</width>\n\t\t<height>{}</height>\n\t\t<depth>3</depth>\n\t</size>\n"
    "\t<segmented>0</segmented>\n"
)
OBJECT = (
    "\t<object>\n\t\t<name>{}</name>\n\t\t<pose>Unspecified</pose>\n\t\t<truncated>0</truncated>\n"
    "\t\t<difficult>0</difficult>\n\t\t<bndbox>\n\t\t\t<xmin>{}</xmin>\n\t\t\t<ymin>{}</ymin>\n"
    "\t\t\t<xmax>{}</xmax>\n\t\t\t<ymax>{}</ymax>\n\t\t</bndbox>\n\t</object>\n"
)
ESCAPED = "a,&quot;b&quot;\\ &lt;&amp;&gt; \U0001f600"


def test_every_image_has_its_file_and_every_part_its_list() -> None:
    kept, writer = write(VocWriter, IMAGES)
    assert kept.texts() == {
        f"{ROOT}/ImageSets/Main/train.txt": "000003_b\n1234567_Gr_n\n",
        f"{ROOT}/ImageSets/Main/val.txt": "000004_a_b\n",
        f"{ROOT}/Annotations/000003_b.xml": HEAD.format("000003_b.jpg", 1920, 1080)
        + OBJECT.format("car", 1, 1, 1920, 1080)
        + OBJECT.format(ESCAPED, 11, 21, 11, 22)
        + "</annotation>\n",
        f"{ROOT}/Annotations/000004_a_b.xml": HEAD.format("000004_a_b.jpg", 300, 100)
        + OBJECT.format("car", 1, 3, 101, 99)
        + "</annotation>\n",
        f"{ROOT}/Annotations/1234567_Gr_n.xml": HEAD.format("1234567_Gr_n.png", 640, 480) + "</annotation>\n",
        f"{ROOT}/classes.txt": 'car\na,"b"\\ <&> \U0001f600\ngone\n',
        f"{ROOT}/labelmap.txt": '# label:color_rgb:parts:actions\ncar:::\na,"b"\\ <&> \U0001f600:::\ngone:::\n',
    }
    assert (writer.tally.images, writer.tally.objects) == (3, 3)
    assert writer.tally.losses == {
        IDS: Loss(3, 3),
        CONFIDENCE: Loss(1, 1),
        UNKNOWN: Loss(2, 3),
        FRACTIONS: Loss(1, 1),
        NO_JPG: Loss(1, 0),
    }
    assert [writer.name_of(each) for each in IMAGES] == [
        f"{ROOT}/JPEGImages/{name}" for name in ("000003_b.jpg", "000004_a_b.jpg", "1234567_Gr_n.png")
    ]


def test_without_parts_there_is_one_list_of_all() -> None:
    kept, _ = write(VocWriter, [replace(each, split=None) for each in IMAGES], replace(DATASET, splits=()))
    lists = {name: text for name, text in kept.texts().items() if "ImageSets" in name}
    assert lists == {f"{ROOT}/ImageSets/Main/trainval.txt": "000003_b\n000004_a_b\n1234567_Gr_n\n"}


def test_a_part_without_images_has_an_empty_list() -> None:
    kept, _ = write(VocWriter, [], DATASET)
    assert kept.texts()[f"{ROOT}/ImageSets/Main/val.txt"] == ""


@pytest.mark.parametrize("name", ["a:b", "#a"])
def test_names_that_the_list_for_datumaro_cannot_hold_leave_it_out(name: str) -> None:
    kept, writer = write(VocWriter, IMAGES[2:], replace(DATASET, classes=(Class(1, name),)))
    assert f"{ROOT}/labelmap.txt" not in kept.texts()
    assert writer.tally.losses == {IDS: Loss(1, 0), NO_JPG: Loss(1, 0), COLON: Loss(1, 0)}


def test_the_campaign_of_a_label_is_lost() -> None:
    of_campaign = box(4, 1, 1, 1, 2, 2)._replace(campaign="Other")
    _, writer = write(VocWriter, [image(1, "a.jpg", 9, 20, of_campaign, split="train")])
    assert writer.tally.losses == {IDS: Loss(1, 1), CAMPAIGN: Loss(1, 1), UNKNOWN: Loss(1, 1)}


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_a_name_that_xml_cannot_hold_is_refused(character: str) -> None:
    with pytest.raises(
        UnsupportedError, match=f"The name of class 5 has the character U.{ord(character):04X} at position 2"
    ):
        VocWriter(replace(DATASET, classes=(Class(5, f"a{character}"),)), Kept(), files=False)


def test_blanks_and_odd_characters_come_back() -> None:
    name = " a\tb\nc\r\nd\x7f\x85\u2028]]>&amp; "
    one = box(1, 1, 0, 0, 1, 1)._replace(label=name)
    kept, _ = write(
        VocWriter, [image(1, "a.jpg", 9, 20, one, split="train")], replace(DATASET, classes=(Class(1, name),))
    )
    root = ET.fromstring(bytes(kept.content[f"{ROOT}/Annotations/000001_a.xml"]))  # noqa: S314  # We wrote it.
    assert root.findtext("object/name") == name
