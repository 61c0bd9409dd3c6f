"""COCO: a JSON file for each split, with a record a line: `info`, `licenses`, `categories`, `images`, `annotations`.

A reader in one pass meets classes and images before the boxes that name them. Ids of categories are ours, dense from 1: readers
lose the label of category 0. `segmentation` is empty and `iscrowd` is 0, because readers demand both. The fields are those of
https://cocodataset.org/#format-data; `score` and `attributes` are what others add to it as well.
"""

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from typing import IO

from app.formats.members import Member, Members
from app.formats.numbers import confidence_text, corner_and_size
from app.formats.records import Dataset, Image, Tally
from app.formats.states import refuse_unlabeled
from app.formats.texts import json_text

NO_OUTLINES = (
    "Boxes have no outline, so that `segmentation` is an empty list: what draws masks, as annToMask, fails on it."
)
SCORE = "Confidence is in `score`, which readers of training data ignore."
CAMPAIGN = "The campaign of a box is in `attributes`, which most readers ignore."
# The length of a date and a time in ISO 8601 without what follows the seconds.
SECONDS = 19


class CocoWriter:
    """Writes `annotations/instances_<split>.json`, or `instances_all.json` in a snapshot without a split.

    Annotations come after the images in the same file, so they wait in a temporary file until the last image is written.
    """

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin one file for each split."""
        self.tally = Tally()
        self._parts = {
            split: _Part(members.open(f"annotations/instances_{split or 'all'}.json"))
            for split in dataset.splits or (None,)
        }
        head = _head(dataset).encode()
        for part in self._parts.values():
            part.images.write(head)

    def write(self, images: Sequence[Image]) -> None:
        """Write the next images."""
        refuse_unlabeled(images, "COCO")
        for split, part in self._parts.items():
            part.write([image for image in images if image.split == split])
        for image in images:
            self._count(image)

    def _count(self, image: Image) -> None:
        boxes = image.boxes
        self.tally.images += 1
        self.tally.objects += len(boxes)
        self.tally.lose_boxes(NO_OUTLINES, len(boxes))
        self.tally.lose_boxes(SCORE, len(boxes) - [box.confidence for box in boxes].count(None))
        self.tally.lose_boxes(CAMPAIGN, len(boxes) - [box.campaign for box in boxes].count(None))

    def end(self) -> None:
        """Write the annotations behind the images."""
        for part in self._parts.values():
            part.end()

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies: `images/` and the `file_name` of the labels."""
        return f"images/{image.file_name}"


class _Part:
    """The file of one split: images go to the file itself, annotations wait beside it."""

    def __init__(self, images: Member) -> None:
        self.images = images
        self._annotations: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # It stays open for all pages.
        # An export that fails drops its writers, and so closes their files.
        weakref.finalize(self, self._annotations.close)
        self._image_separator = self._annotation_separator = "\n"

    def write(self, images: Sequence[Image]) -> None:
        entries = [_image(image) for image in images]
        annotations = _annotations(images)
        if entries:
            self.images.write((self._image_separator + ",\n".join(entries)).encode())
            self._image_separator = ",\n"
        if annotations:
            self._annotations.write((self._annotation_separator + ",\n".join(annotations)).encode())
            self._annotation_separator = ",\n"

    def end(self) -> None:
        self.images.write(b'\n],\n"annotations":[')
        self._annotations.seek(0)
        shutil.copyfileobj(self._annotations, self.images)
        self._annotations.close()
        self.images.write(b"\n]}\n")


def _head(dataset: Dataset) -> str:
    """Return all that stands before the images. No clock is asked: the same snapshot has the same bytes."""
    date = dataset.date_created.isoformat()[:SECONDS]
    info = f'{{"description":{json_text(dataset.name)},"version":"{dataset.version}","date_created":"{date}Z"}}'
    categories = ",".join(
        f'\n{{"id":{each.class_id},"name":{json_text(each.name)},"supercategory":""}}' for each in dataset.classes
    )
    return f'{{"info":{info},\n"licenses":[],\n"categories":[{categories}\n],\n"images":['


def _image(image: Image) -> str:
    date = f',"date_captured":"{image.date_taken.isoformat(" ")[:SECONDS]}"' if image.date_taken else ""
    name = json_text(image.file_name)
    return f'{{"id":{image.image_id},"file_name":{name},"width":{image.width},"height":{image.height}{date}}}'


def _annotations(images: Sequence[Image]) -> list[str]:
    """Return the boxes of all images. Calls for each box would take a third of the time, so that most boxes need none."""
    found: list[str] = []
    for image in images:
        of_image = f',"image_id":{image.image_id},"category_id":'
        for object_id, class_id, _, left, top, right, bottom, confidence, campaign in image.boxes:
            if type(left) is type(top) is type(right) is type(bottom) is int:
                width, height = right - left, bottom - top
                place = f'[{left},{top},{width},{height}],"area":{width * height}'
            else:
                x, y, wide, high, area = corner_and_size(left, top, right, bottom)
                place = f'[{x},{y},{wide},{high}],"area":{area}'
            end = "" if confidence is None else f',"score":{confidence_text(confidence)}'
            if campaign is not None:
                end = f'{end},"attributes":{{"campaign":{json_text(campaign)}}}'
            found.append(f'{{"id":{object_id}{of_image}{class_id},"bbox":{place},"iscrowd":0,"segmentation":[]{end}}}')
    return found
