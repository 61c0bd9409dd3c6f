"""Writes CVAT for images 1.1: one XML document, `annotations.xml`.

docs.cvat.ai, "XML annotation format". Images are numbered from 0 in the order of their ids. With parts the document is that of a
project: readers look for parts nowhere else.
"""

from collections.abc import Iterator, Sequence

from app.formats.members import Members
from app.formats.numbers import pixels
from app.formats.records import Class, Dataset, Image, Tally
from app.formats.states import refuse_unlabeled
from app.formats.texts import xml_attribute

IDS = "Ids of images, boxes and classes are not in this format."
CONFIDENCE = "CVAT has no place for a confidence."
CAMPAIGN = "CVAT does not say from which campaign a label comes."


class CvatWriter:
    """Writes `annotations.xml`, beside which images lie in `images/`."""

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin. Raises UnsupportedError for names that XML cannot hold."""
        self.tally = Tally()
        self._labels = {
            one.class_id: xml_attribute(one.name, f"The name of class {one.class_id}") for one in dataset.classes
        }
        self._file = members.open("annotations.xml")
        self._file.write("".join(self._head(dataset)).encode())

    def write(self, images: Sequence[Image]) -> None:
        """Write these images with their boxes. Raises UnsupportedError for names that XML cannot hold."""
        refuse_unlabeled(images, "CVAT")
        self._file.write("".join(part for image in images for part in self._image(image)).encode())

    def end(self) -> None:
        """Close the document."""
        self._file.write(b"</annotations>\n")

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies."""
        return f"images/{image.file_name}"

    def _head(self, dataset: Dataset) -> Iterator[str]:
        kind = "project" if dataset.splits else "task"
        name = xml_attribute(f"{dataset.name} {dataset.version}", "The name of the snapshot")
        yield '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n'
        yield f"    <{kind}>\n      <id>{dataset.snapshot_id}</id>\n      <name>{name}</name>\n"
        yield f"      <size>{dataset.image_count}</size>\n      <mode>annotation</mode>\n"
        yield f"      <created>{dataset.date_created.isoformat(' ')}</created>\n      <labels>\n"
        yield from (self._label(one) for one in dataset.classes)
        yield "      </labels>\n"
        if dataset.splits:
            parts = "".join(f"        <subset>{part}</subset>\n" for part in dataset.splits)
            yield f"      <subsets>\n{parts}      </subsets>\n"
        yield f"    </{kind}>\n  </meta>\n"

    def _label(self, one: Class) -> str:
        color = f"          <color>{one.color}</color>\n" if one.color else ""
        name = f"          <name>{self._labels[one.class_id]}</name>\n"
        return f"        <label>\n{name}{color}          <type>rectangle</type>\n          <attributes/>\n        </label>\n"

    def _image(self, image: Image) -> Iterator[str]:
        name = xml_attribute(image.file_name, f"The name of image {image.image_id}")
        part = f' subset="{image.split}"' if image.split else ""
        size = f'width="{image.width}" height="{image.height}"'
        yield f'  <image id="{self.tally.images}" name="{name}"{part} {size}>\n'
        for _, class_id, _, left, top, right, bottom, _, _ in image.boxes:
            # Integers are their own text. Calls for each box would take a quarter of the time.
            if type(left) is type(top) is type(right) is type(bottom) is int:
                place = f'xtl="{left}" ytl="{top}" xbr="{right}" ybr="{bottom}"'
            else:
                place = f'xtl="{pixels(left)}" ytl="{pixels(top)}" xbr="{pixels(right)}" ybr="{pixels(bottom)}"'
            yield f'    <box label="{self._labels[class_id]}" source="manual" occluded="0" {place} z_order="0"/>\n'
        yield "  </image>\n"
        self._count(image)

    def _count(self, image: Image) -> None:
        self.tally.images += 1
        self.tally.objects += len(image.boxes)
        self.tally.lose(IDS, images=1, objects=len(image.boxes))
        self.tally.lose_boxes(CONFIDENCE, len(image.boxes) - [box.confidence for box in image.boxes].count(None))
        self.tally.lose_boxes(CAMPAIGN, len(image.boxes) - [box.campaign for box in image.boxes].count(None))
