"""Writes YOLO: the folders and `data.yaml` that Ultralytics reads, one text file of labels for each image.

docs.ultralytics.com, "Object Detection Datasets Overview": a row is the number of the class from 0 on, and the center and the
size of the box as ratios of the displayed image. `data.yaml` has no `path`, so that its own folder is taken. Ratios are as long
as it takes to give back the same float32 edges.
"""

import json
import re
from collections.abc import Sequence

import orjson

from app.formats.members import Members, UnsupportedError
from app.formats.names import flat_name, flat_stem
from app.formats.numbers import decimal
from app.formats.records import Dataset, Image, Tally
from app.formats.states import refuse_unlabeled

WHOLE = "train"
# Center and size are float64, so that the difference of such large and small edges is not exact to the last bit of float32.
TINY = 2**-26
# Ultralytics calls smaller images corrupt (`verify_image_label`).
MIN_SIDE = 10
IDS = "Ids of boxes are not in this format; that of an image is in its name."
CONFIDENCE = "YOLO has no place for a confidence."
CAMPAIGN = "YOLO does not say from which campaign a label comes."
CLOSE = "Edges so close to zero, but not on it, come back from center and size a little moved."
EQUAL = "Readers keep one of several boxes of the same class with the same edges."
SMALL = f"Ultralytics leaves out images with fewer than {MIN_SIDE} pixels on a side."
NO_TRAIN = "Ultralytics asks for a part `train`. There is none, so that it names another one."
NO_VAL = "Ultralytics asks for a part `val`. There is none, so that it names the same images as `train`."
# YAML 1.2, section 5.1: characters that a text must not hold as they are; and those that end a line (YAML 1.1).
NOT_PRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class YoloWriter:
    """Writes `labels/<split>/<flat stem>.txt` for each image, and `data.yaml`."""

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin. Raises UnsupportedError when there is no class."""
        if not dataset.classes:
            raise UnsupportedError("YOLO needs at least one class, and this snapshot has none.")
        self.tally = Tally()
        self._dataset = dataset
        self._members = members

    def write(self, images: Sequence[Image]) -> None:
        """Write the labels of these images; an empty file says that there is nothing on an image."""
        refuse_unlabeled(images, "YOLO")
        for image in images:
            rows = _rows(image)
            self._members.add(f"labels/{image.split or WHOLE}/{flat_stem(image)}.txt", rows)
            self._count(image, rows)

    def end(self) -> None:
        """Write `data.yaml`."""
        parts = self._dataset.splits or (WHOLE,)
        train = "train" if "train" in parts else parts[0]
        places = {"train": train, "val": "val" if "val" in parts else train} | {part: part for part in parts}
        self._count_missing(parts)
        lines = [f"{key}: images/{part}\n" for key, part in places.items()]
        names = [f"  {each.class_id - 1}: {_quoted(each.name)}\n" for each in self._dataset.classes]
        self._members.add("data.yaml", "".join([*lines, f"nc: {len(names)}\n", "names:\n", *names]).encode())

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies."""
        return f"images/{image.split or WHOLE}/{flat_name(image)}"

    def _count(self, image: Image, rows: bytes) -> None:
        tally, boxes = self.tally, image.boxes
        tally.images += 1
        tally.objects += len(boxes)
        tally.lose(IDS, images=1, objects=len(boxes))
        tally.lose_boxes(CONFIDENCE, len(boxes) - [box.confidence for box in boxes].count(None))
        tally.lose_boxes(CAMPAIGN, len(boxes) - [box.campaign for box in boxes].count(None))
        tally.lose_boxes(CLOSE, _count_close(image))
        tally.lose_boxes(EQUAL, len(boxes) - len(set(rows.splitlines())))
        if min(image.width, image.height) < MIN_SIDE:
            tally.lose(SMALL, images=1, objects=len(boxes))

    def _count_missing(self, parts: tuple[str, ...]) -> None:
        if "train" not in parts:
            self.tally.lose(NO_TRAIN, images=self.tally.images, objects=self.tally.objects)
        if "val" not in parts:
            self.tally.lose(NO_VAL, images=self.tally.images, objects=self.tally.objects)


def _rows(image: Image) -> bytes:
    """Return a line for each box. All numbers of an image are made text in one go, which takes a third of the time."""
    if not image.boxes:
        return b""
    width, height = image.width, image.height
    rows = [
        (
            box.class_id - 1,
            (box.x_min + box.x_max) / 2 / width,
            (box.y_min + box.y_max) / 2 / height,
            (box.x_max - box.x_min) / width,
            (box.y_max - box.y_min) / height,
        )
        for box in image.boxes
    ]
    lines = orjson.dumps(rows)[2:-2].replace(b"],[", b"\n").replace(b",", b" ") + b"\n"
    return lines if b"e" not in lines else "".join(map(_without_exponent, rows)).encode()


def _without_exponent(row: tuple[int, float, float, float, float]) -> str:
    return f"{row[0]} {' '.join(map(decimal, row[1:]))}\n"


def _count_close(image: Image) -> int:
    x, y = image.width * TINY, image.height * TINY
    return len([0 for box in image.boxes if 0 < box.x_min < x or 0 < box.y_min < y])


def _quoted(name: str) -> str:
    """Return a name as YAML in double quotes, in which JSON's escapes hold."""
    return NOT_PRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(name, ensure_ascii=False))
