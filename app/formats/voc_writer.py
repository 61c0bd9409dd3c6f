"""Writes Pascal VOC: an XML file for each image, and lists of the images of each part, in the folders of VOC 2012.

The Pascal Visual Object Classes Challenge 2012 Development Kit, 8 May 2012, sections 2 and 8: the first pixel is (1, 1), and both
corners of a box lie in it. Our edges stand around pixels from 0 on, so that those of the first pixel, 0 and 1, are 1 and 1 there.
"""

from collections.abc import Sequence
from math import ceil, floor

from app.formats.members import Member, Members
from app.formats.names import flat_name, flat_stem
from app.formats.records import Box, Dataset, Image, Tally
from app.formats.states import refuse_unlabeled
from app.formats.texts import xml_attribute

FOLDER = "VOC2012"
ROOT = f"VOCdevkit/{FOLDER}"
# Readers know this name of the whole.
WHOLE = "trainval"
IDS = "Ids of boxes and classes are not in this format; that of an image is in its name."
CONFIDENCE = "Pascal VOC has no place for a confidence."
CAMPAIGN = "Pascal VOC does not say from which campaign a label comes."
FRACTIONS = "Pascal VOC counts whole pixels, so that edges between them are moved outwards."
UNKNOWN = "Pascal VOC asks for pose, truncated and difficult. They are not known, and stand at Unspecified, 0 and 0."
NO_JPG = "Readers such as torchvision look for files that end in .jpg. These images have another ending."
COLON = "The class list for Datumaro, labelmap.txt, cannot hold every name of a class here, and is left out."


class VocWriter:
    """Writes `Annotations/<flat stem>.xml` for each image, `ImageSets/Main/<split>.txt`, `classes.txt` and `labelmap.txt`."""

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin. Raises UnsupportedError for names that XML cannot hold."""
        self.tally = Tally()
        self._dataset = dataset
        self._members = members
        self._source = xml_attribute(f"{dataset.name} {dataset.version}", "The name of the snapshot")
        self._labels = {
            one.class_id: xml_attribute(one.name, f"The name of class {one.class_id}") for one in dataset.classes
        }
        parts = dataset.splits or (WHOLE,)
        self._lists: dict[str, Member] = {part: members.open(f"{ROOT}/ImageSets/Main/{part}.txt") for part in parts}

    def write(self, images: Sequence[Image]) -> None:
        """Write the labels of these images; a file without an object says that there is nothing on an image."""
        refuse_unlabeled(images, "Pascal VOC")
        for image in images:
            stem = flat_stem(image)
            self._members.add(f"{ROOT}/Annotations/{stem}.xml", self._annotation(image).encode())
            self._lists[image.split or WHOLE].write(f"{stem}\n".encode())
            self._count(image)

    def end(self) -> None:
        """Write the lists of classes."""
        names = [one.name for one in self._dataset.classes]
        self._members.add(f"{ROOT}/classes.txt", "".join(f"{name}\n" for name in names).encode())
        if any(":" in name or name.startswith("#") for name in names):
            self.tally.lose(COLON, images=self.tally.images, objects=self.tally.objects)
        else:
            lines = ["# label:color_rgb:parts:actions\n", *(f"{name}:::\n" for name in names)]
            self._members.add(f"{ROOT}/labelmap.txt", "".join(lines).encode())

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies."""
        return f"{ROOT}/JPEGImages/{flat_name(image)}"

    def _annotation(self, image: Image) -> str:
        head = (
            f"<annotation>\n\t<folder>{FOLDER}</folder>\n\t<filename>{flat_name(image)}</filename>\n"
            f"\t<source>\n\t\t<database>{self._source}</database>\n\t</source>\n"
            f"\t<size>\n\t\t<width>{image.width}</width>\n\t\t<height>{image.height}</height>\n\t\t<depth>3</depth>\n\t</size>\n"
            "\t<segmented>0</segmented>\n"
        )
        return "".join([head, *(self._object(box) for box in image.boxes), "</annotation>\n"])

    def _object(self, box: Box) -> str:
        return (
            f"\t<object>\n\t\t<name>{self._labels[box.class_id]}</name>\n\t\t<pose>Unspecified</pose>\n"
            "\t\t<truncated>0</truncated>\n\t\t<difficult>0</difficult>\n\t\t<bndbox>\n"
            f"\t\t\t<xmin>{floor(box.x_min) + 1}</xmin>\n\t\t\t<ymin>{floor(box.y_min) + 1}</ymin>\n"
            f"\t\t\t<xmax>{ceil(box.x_max)}</xmax>\n\t\t\t<ymax>{ceil(box.y_max)}</ymax>\n\t\t</bndbox>\n\t</object>\n"
        )

    def _count(self, image: Image) -> None:
        tally, boxes = self.tally, image.boxes
        tally.images += 1
        tally.objects += len(boxes)
        tally.lose(IDS, images=1, objects=len(boxes))
        tally.lose_boxes(CONFIDENCE, sum(box.confidence is not None for box in boxes))
        tally.lose_boxes(CAMPAIGN, sum(box.campaign is not None for box in boxes))
        tally.lose_boxes(FRACTIONS, sum(_has_fractions(box) for box in boxes))
        tally.lose_boxes(UNKNOWN, len(boxes))
        if not flat_name(image).endswith(".jpg"):
            tally.lose(NO_JPG, images=1)


def _has_fractions(box: Box) -> bool:
    return bool(box.x_min % 1 or box.y_min % 1 or box.x_max % 1 or box.y_max % 1)
