"""COCO JSON as we, Label Studio, CVAT, Datumaro and others write it: one file, or a zip archive with `annotations/*.json`.

The members stand in any order. Ids are whole numbers or texts, also 0. `score` is the confidence. Missing `area`, `iscrowd`,
`width` and `height` do no harm; segmentations are not kept. A class of the same name under two ids is a mistake in COCO, and is
reported.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from math import isnan
from operator import add, itemgetter
from types import NoneType
from typing import Any, BinaryIO

from app.formats.documents import open_documents
from app.formats.json_window import JsonWindow
from app.formats.names import id_in_flat_name
from app.formats.reading import (
    BadRecord,
    FormatError,
    ReadBox,
    ReadBoxes,
    ReadClass,
    ReadImage,
    ReadNote,
    ReadOptions,
    Record,
)
from app.formats.recognition import refuse_other_formats
from app.formats.safe_zip import shown
from app.formats.seen_keys import SeenKeys
from app.formats.values import (
    MAX_NUMBER,
    UnfitError,
    are_numbers,
    describe,
    read_confidence,
    read_key,
    read_number,
    read_size,
    read_text,
)

MAX_CLASSES = 50_000
LISTS = ("categories", "images", "annotations")
BBOX = ("x", "y", "the width", "the height")
# Fewer boxes are not worth columns of their own.
FEWEST = 8
_FIELDS = itemgetter("image_id", "category_id", "bbox")


def read_coco(file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
    """Yield what is in the file. Raises FormatError."""
    refuse_other_formats(file, "coco")
    # Files of one archive number their images each for itself.
    for number, (name, document) in enumerate(open_documents(file, "coco")):
        yield from _CocoFile(JsonWindow(document), f"{name}: " if name else "", f"{number}:" if name else "").records()


class _CocoFile:
    """One JSON file. `place` begins the place of each record, `prefix` the key of each."""

    def __init__(self, window: JsonWindow, place: str, prefix: str) -> None:
        self._window = window
        self._place = place
        self._prefix = prefix
        self._seen = {name: SeenKeys() for name in LISTS}
        self._boxes = self._seen["annotations"]
        self._ids_of_names: dict[str, str] = {}
        self._segmentations = 0

    def records(self) -> Iterator[Record]:
        missing = set(LISTS)
        if self._window.peek() != "{":
            raise self._window.error("COCO begins with an object that has the lists images, annotations and categories")
        for key in self._window.members():
            if key in LISTS:
                missing.discard(key)
                yield from self._list(key)
            else:
                self._window.skip()
        self._window.expect_end()
        if missing:
            lists = ", ".join(f'"{name}"' for name in LISTS if name in missing)
            raise FormatError(
                f"{self._place}The file has no {lists}. COCO has the lists images, annotations and categories."
            )
        if self._segmentations:
            yield ReadNote("not_kept", self._place + "annotations", "segmentation", self._segmentations)

    def _list(self, name: str) -> Iterator[Record]:
        if self._window.peek() not in ("[", ""):
            raise self._window.error(f'"{name}" must be a list')
        reads: dict[str, Callable[[dict[str, Any], str], Record]] = {
            "categories": self._class,
            "images": self._image,
            "annotations": self._box,
        }
        read = reads[name]
        place = f"{self._place}{name}["
        index = 0
        for batch in self._window.batches():
            boxes = self._box_columns(batch, f"{place}{{}}]", index) if name == "annotations" else None
            if boxes:
                yield boxes
            for number, item in enumerate(batch if boxes is None else (), index):
                try:
                    if type(item) is not dict:
                        raise UnfitError("bad_record", f"an object was expected, and there is {describe(item)}")
                    yield read(item, f"{place}{number}]")
                except UnfitError as error:
                    yield BadRecord(error.kind, f"{place}{number}]", str(error))
            index += len(batch)

    def _class(self, item: dict[str, Any], where: str) -> ReadClass:
        key = read_key(item.get("id"), "id")
        name = read_text(item.get("name"), "name")
        if self._seen["categories"].add(item["id"]):
            raise UnfitError("duplicate_class", f"a class with the id {shown(key)} came before")
        if name in self._ids_of_names:
            other = self._ids_of_names[name]
            raise UnfitError("duplicate_class", f"the class {shown(name)} has two ids, {shown(other)} and {shown(key)}")
        if len(self._ids_of_names) == MAX_CLASSES:
            raise FormatError(f"{where}: The file has more than {MAX_CLASSES:,} classes.")
        self._ids_of_names[name] = key
        return ReadClass(self._prefix + key, name)

    def _image(self, item: dict[str, Any], where: str) -> ReadImage:
        key = read_key(item.get("id"), "id")
        name = read_text(item.get("file_name"), "file_name")
        width, height = read_size(item.get("width"), "width"), read_size(item.get("height"), "height")
        if self._seen["images"].add(item["id"]):
            raise UnfitError("duplicate_image", f"an image with the id {shown(key)} came before")
        return ReadImage(self._prefix + key, name, where, id_in_flat_name(name), width, height)

    def _box(self, item: dict[str, Any], where: str) -> ReadBox:
        box_id, image_id, category_id = item.get("id"), item.get("image_id"), item.get("category_id")
        # Most ids are small whole numbers, for which this is quick.
        image = self._prefix + (str(image_id) if type(image_id) is int else read_key(image_id, "image_id"))
        label = self._prefix + (str(category_id) if type(category_id) is int else read_key(category_id, "category_id"))
        x, y, width, height = read_bbox(item.get("bbox"))
        confidence = item.get("score")
        if confidence is not None:
            confidence = read_confidence(confidence, "score")
        # Some tools do not number boxes, and nothing here needs it.
        if box_id is not None and self._boxes.add(box_id if type(box_id) is int else read_key(box_id, "id")):
            raise UnfitError("duplicate_box", f"a box with the id {shown(str(box_id))} came before")
        if item.get("segmentation"):
            self._segmentations += 1
        return ReadBox(image, where, x, y, x + width, y + height, None, label, "pixels", confidence)

    def _box_columns(self, items: list[Any], place: str, first: int) -> ReadBoxes | None:
        """Return many boxes as columns where `_box` would find nothing odd about any of them, else None."""
        if len(items) < FEWEST or {*map(type, items)} != {dict}:
            return None
        try:
            images, labels, corners = zip(*map(_FIELDS, items), strict=True)
        except KeyError:
            return None
        ids, scores, outlines = ([item.get(name) for item in items] for name in ("id", "score", "segmentation"))
        if {*map(type, images), *map(type, labels)} != {int} or not are_boxes(corners) or not are_confidences(scores):
            return None
        kinds = {*map(type, ids)}
        if kinds != {NoneType} and not (kinds == {int} and self._boxes.add_all(ids)):
            return None
        self._segmentations += sum(map(bool, outlines))
        prefix = self._prefix
        keys = [f"{prefix}{image}" for image in images]
        names = {label: f"{prefix}{label}" for label in {*labels}}
        x, y, width, height = (list(column) for column in zip(*corners, strict=True))
        right, lower = list(map(add, x, width)), list(map(add, y, height))
        return ReadBoxes(place, first, keys, x, y, right, lower, [names[label] for label in labels], scores)


def are_boxes(corners: Sequence[Any]) -> bool:
    """Return whether all are lists of four numbers that `are_numbers` takes."""
    if {*map(type, corners)} != {list} or {*map(len, corners)} != {len(BBOX)}:
        return False
    numbers = list(chain.from_iterable(corners))
    # Beside NaN, comparisons may find any other number the least.
    return (
        {*map(type, numbers)} <= {int, float}
        and min(numbers) >= -MAX_NUMBER
        and max(numbers) <= MAX_NUMBER
        and not isnan(sum(numbers))
    )


def are_confidences(scores: Sequence[Any]) -> bool:
    """Return whether all are numbers from 0 to 1, or None."""
    if not {*map(type, scores)} <= {int, float, NoneType}:
        return False
    return all(score is None or 0 <= score <= 1 for score in {*scores})


def read_bbox(value: Any) -> tuple[float, float, float, float]:
    """Return x, y, width and height as the numbers that they are in the file."""
    if type(value) is not list or len(value) != len(BBOX):
        raise UnfitError("bad_box", f"bbox must be a list of x, y, width and height, and is {_described(value)}")
    if not are_numbers(value):
        for number, what in zip(value, BBOX, strict=True):
            read_number(number, f"{what} in bbox")
    return tuple(value)


def _described(value: Any) -> str:
    return f"a list of {len(value)}" if type(value) is list else describe(value)
