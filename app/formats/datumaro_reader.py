"""Datumaro JSON: one file, or a zip archive with a file for each subset below `annotations/`.

`size` is the height before the width, and labels are numbered by their place in `categories`. An item can be of any size, because
its annotations are read one at a time. Other shapes than boxes are reported, because without them an image would look empty.
Read from the sources of Datumaro 1.13, plugins/data_formats/datumaro.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from app.formats.coco_reader import read_bbox
from app.formats.documents import open_documents
from app.formats.json_window import JsonWindow
from app.formats.names import id_in_flat_name
from app.formats.reading import (
    STATES,
    BadRecord,
    FormatError,
    ReadBox,
    ReadClass,
    ReadImage,
    ReadNote,
    ReadOptions,
    Record,
)
from app.formats.recognition import refuse_other_formats
from app.formats.safe_zip import shown
from app.formats.seen_keys import SeenKeys
from app.formats.values import UnfitError, describe, read_confidence, read_image_id, read_key, read_size, read_text

MAX_CLASSES = 50_000
# What says something of the image or its text, and is no shape.
NO_SHAPES = ("label", "caption", "feature_vector", "hash_key", "tabular")


def read_datumaro(file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
    """Yield what is in the file. Raises FormatError."""
    refuse_other_formats(file, "datumaro")
    for number, (name, document) in enumerate(open_documents(file, "datumaro")):
        place, prefix = (f"{name}: ", f"{number}:") if name else ("", "")
        yield from _DatumaroFile(JsonWindow(document), place, prefix).records()


class _DatumaroFile:
    """One JSON file. `place` begins the place of each record, `prefix` the key of each."""

    def __init__(self, window: JsonWindow, place: str, prefix: str) -> None:
        self._window = window
        self._place = place
        self._prefix = prefix
        self._ids = SeenKeys()
        self._names: dict[str, int] = {}
        self._not_kept: Counter[str] = Counter()

    def records(self) -> Iterator[Record]:
        missing = {"categories", "items"}
        if self._window.peek() != "{":
            raise self._window.error('Datumaro begins with an object that has "categories" and "items"')
        for key in self._window.members():
            missing.discard(key)
            if key == "categories":
                yield from self._classes()
            elif key == "items":
                for index in self._window.elements():
                    yield from self._item(index)
            else:
                self._window.skip()
        self._window.expect_end()
        if missing:
            names = " and ".join(f'"{name}"' for name in sorted(missing))
            raise FormatError(f'{self._place}The file has no {names}. Datumaro has "categories" and "items".')
        for kind, count in sorted(self._not_kept.items()):
            yield ReadNote("not_kept", f"{self._place}items", kind, count)

    def _classes(self) -> Iterator[Record]:
        for key in self._window.members():
            if key != "label":
                self._window.skip()
                continue
            for inner in self._window.members():
                if inner == "labels":
                    yield from self._labels()
                else:
                    self._window.skip()

    def _labels(self) -> Iterator[Record]:
        for index, label in enumerate(self._window.values()):
            where = f"{self._place}categories.label.labels[{index}]"
            if index == MAX_CLASSES:
                raise FormatError(f"{where}: The file has more than {MAX_CLASSES:,} classes.")
            try:
                yield self._class(label, index)
            except UnfitError as error:
                yield BadRecord(error.kind, where, str(error))

    def _class(self, label: Any, index: int) -> ReadClass:
        name = read_text(label.get("name") if type(label) is dict else label, "the name of a label")
        if name in self._names:
            raise UnfitError(
                "duplicate_class", f"the label {shown(name)} stands twice, as {self._names[name]} and {index}"
            )
        self._names[name] = index
        return ReadClass(f"{self._prefix}{index}", name)

    def _item(self, index: int) -> Iterator[Record]:
        """Yield the boxes of an item, and then its image, whose facts may stand after them."""
        where, key = f"{self._place}items[{index}]", f"{self._prefix}{index}"
        facts: dict[str, Any] = {}
        for name in self._window.members():
            if name == "annotations":
                for number, annotation in enumerate(self._window.values()):
                    yield from _reported(f"{where}.annotations[{number}]", self._box, annotation, key)
            elif name in ("id", "attr", "image"):
                facts[name] = self._window.value()
            else:
                self._window.skip()
        yield from _reported(where, self._image, facts, key)

    def _image(self, facts: dict[str, Any], where: str, key: str) -> ReadImage:
        item_id = read_key(facts.get("id"), "the id of an item")
        if self._ids.add(item_id):
            raise UnfitError("duplicate_image", f"an item with the id {shown(item_id)} came before")
        image = _object(facts.get("image"), "image")
        attributes = _object(facts.get("attr"), "attr")
        height, width = _size(image.get("size"))
        path = image.get("path")
        name = read_text(path, "image.path") if path else item_id
        image_id = read_image_id(attributes.get("image_id"), "attr.image_id") or id_in_flat_name(name)
        state = attributes.get("state")
        return ReadImage(key, name, where, image_id, width, height, state if state in STATES else None)

    def _box(self, annotation: Any, where: str, key: str) -> ReadBox | None:
        annotation = _object(annotation, "an annotation")
        kind = read_text(annotation.get("type"), "type")
        if kind in NO_SHAPES:
            self._not_kept[kind] += 1
            return None
        if kind != "bbox":
            raise UnfitError("bad_box", f"only boxes can be imported, and the type is {shown(kind)}")
        label = annotation.get("label_id")
        if type(label) is not int:
            raise UnfitError("bad_box", f"label_id must be the number of a label, and is {describe(label)}")
        x, y, width, height = read_bbox(annotation.get("bbox"))
        confidence = _object(annotation.get("attributes"), "attributes").get("confidence")
        return ReadBox(
            key,
            where,
            x,
            y,
            x + width,
            y + height,
            class_key=f"{self._prefix}{label}",
            confidence=read_confidence(confidence, "attributes.confidence"),
        )


def _reported(
    where: str, read: Callable[[Any, str, str], ReadBox | ReadImage | None], part: Any, key: str
) -> Iterator[Record]:
    try:
        record = read(part, where, key)
    except UnfitError as error:
        record_or_error: Record = BadRecord(error.kind, where, str(error))
        yield record_or_error
    else:
        if record:
            yield record


def _object(value: Any, what: str) -> dict[str, Any]:
    if value is not None and type(value) is not dict:
        raise UnfitError("bad_record", f"{what} must be an object, and is {describe(value)}")
    return value or {}


def _size(value: Any) -> tuple[int | None, int | None]:
    if value is None:
        return None, None
    if type(value) is not list or len(value) < 2:
        raise UnfitError("bad_record", f"image.size must be a list of height and width, and is {describe(value)}")
    return read_size(value[0], "the height in image.size"), read_size(value[1], "the width in image.size")
