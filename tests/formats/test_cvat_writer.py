"""CVAT for images 1.1, byte for byte."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from app.formats.cvat_writer import CAMPAIGN, CONFIDENCE, IDS, CvatWriter
from app.formats.members import UnsupportedError
from app.formats.records import Loss
from tests.formats.datasets import DATASET, IMAGES, Kept, box, image
from tests.formats.writing import write

SECOND = "a,&quot;b&quot;\\ &lt;&amp;&gt; \U0001f600"
SPLIT = f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <project>
      <id>7</id>
      <name>harbor 2</name>
      <size>3</size>
      <mode>annotation</mode>
      <created>2026-11-29 08:30:00+00:00</created>
      <labels>
        <label>
          <name>car</name>
          <color>#ff0000</color>
          <type>rectangle</type>
          <attributes/>
        </label>
        <label>
          <name>{SECOND}</name>
          <type>rectangle</type>
          <attributes/>
        </label>
        <label>
          <name>gone</name>
          <type>rectangle</type>
          <attributes/>
        </label>
      </labels>
      <subsets>
        <subset>train</subset>
        <subset>val</subset>
      </subsets>
    </project>
  </meta>
  <image id="0" name="drone-12/a/b.jpg" subset="train" width="1920" height="1080">
    <box label="car" source="manual" occluded="0" xtl="0" ytl="0" xbr="1920" ybr="1080" z_order="0"/>
    <box label="{SECOND}" source="manual" occluded="0" xtl="10" ytl="20" xbr="11" ybr="22" z_order="0"/>
  </image>
  <image id="1" name="drone-12/a b.jpg" subset="val" width="300" height="100">
    <box label="car" source="manual" occluded="0" xtl="0.1" ytl="2.5" xbr="100.25" ybr="99" z_order="0"/>
  </image>
  <image id="2" name="Gr\u00fcn.png" subset="train" width="640" height="480">
  </image>
</annotations>
"""


def test_with_parts_the_document_is_that_of_a_project() -> None:
    kept, writer = write(CvatWriter, IMAGES)
    assert kept.texts() == {"annotations.xml": SPLIT}
    assert (writer.tally.images, writer.tally.objects, writer.tally.losses) == (
        3,
        3,
        {IDS: Loss(3, 3), CONFIDENCE: Loss(1, 1)},
    )
    assert writer.name_of(IMAGES[0]) == "images/drone-12/a/b.jpg"


def test_without_parts_the_document_is_that_of_a_task() -> None:
    kept, _ = write(CvatWriter, [replace(each, split=None) for each in IMAGES], replace(DATASET, splits=()))
    subsets = SPLIT[SPLIT.index("      <subsets>") : SPLIT.index("    </project>")]
    whole = SPLIT.replace(subsets, "").replace("project>", "task>")
    assert kept.texts() == {"annotations.xml": whole.replace(' subset="train"', "").replace(' subset="val"', "")}


def test_pages_make_no_difference() -> None:
    assert write(CvatWriter, IMAGES, first=2)[0].content == write(CvatWriter, IMAGES, first=0)[0].content


def test_the_campaign_of_a_label_is_lost() -> None:
    _, writer = write(CvatWriter, [image(1, "a.jpg", 9, 20, box(4, 1, 1, 1, 2, 2)._replace(campaign="Other"))])
    assert writer.tally.losses == {IDS: Loss(1, 1), CAMPAIGN: Loss(1, 1)}


def test_a_file_name_that_xml_cannot_hold_is_refused() -> None:
    writer = CvatWriter(DATASET, Kept(), files=False)
    with pytest.raises(
        UnsupportedError, match=r"The name of image 9 has the character U\+0001 at position 2, which XML"
    ):
        writer.write([image(9, "a\x01.jpg", 9, 9)])


def test_odd_file_names_come_back() -> None:
    name = " a\tb\nc\rd<>&'\"\u2028 .jpg"
    kept, _ = write(CvatWriter, [image(9, name, 9, 9)])
    root = ET.fromstring(bytes(kept.content["annotations.xml"]))  # noqa: S314  # We wrote it.
    assert root[2].get("name") == name
