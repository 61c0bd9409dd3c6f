"""JSON Lines of Azure's AutoML: an image a line, with boxes as parts of its size; alone, or as `*.jsonl` in a zip archive.

`image_url` is a path, or an address of a storage. Our exports have `label_confidence` with the confidences in the order of the
boxes. `isCrowd` is not kept.
See https://learn.microsoft.com/azure/machine-learning/reference-automl-images-schema.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from app.formats.documents import open_documents
from app.formats.image_urls import path_of
from app.formats.json_window import JsonWindow
from app.formats.names import id_in_flat_name
from app.formats.reading import BadRecord, FormatError, ReadBox, ReadImage, ReadOptions, Record
from app.formats.recognition import refuse_other_formats
from app.formats.values import UnfitError, are_numbers, describe, read_confidence, read_number, read_size, read_text

# The boxes of a line wait for their confidences, which stand after them.
MAX_BOXES = 100_000
EDGES = ("topX", "topY", "bottomX", "bottomY")
PIXELS = re.compile("([0-9]{1,10})(?:px)?")


def read_jsonl(file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
    """Yield what is in the file. Raises FormatError."""
    refuse_other_formats(file, "jsonl")
    for number, (name, document) in enumerate(open_documents(file, "jsonl")):
        # A part of a split can be empty, and then its file in the archive is.
        window = JsonWindow(document, may_be_empty=bool(name))
        place, prefix = (f"{name}: ", f"{number}:") if name else ("", "")
        while window.peek():
            if window.peek() != "{":
                raise window.error("each line must be an object with image_url and label")
            line = window.line
            yield from _read_line(window, f"{place}line {line}", f"{prefix}{line}")


def _read_line(window: JsonWindow, where: str, key: str) -> Iterator[Record]:
    facts: dict[str, Any] = {}
    boxes: list[ReadBox | BadRecord] | None = None
    for name in window.members():
        if name == "label" and window.peek() == "[":
            boxes = list(_read_boxes(window, where, key))
        elif name == "label_confidence" and window.peek() == "[":
            facts[name] = list(_bounded(window, where))
        elif name in ("image_url", "image_details", "label", "label_confidence"):
            facts[name] = window.value()
        else:
            window.skip()
    try:
        yield _image(facts, where, key)
        yield from _with_confidences(boxes, facts)
    except UnfitError as error:
        yield BadRecord(error.kind, where, str(error))


def _bounded(window: JsonWindow, where: str) -> Iterator[Any]:
    for number, value in enumerate(window.values()):
        if number == MAX_BOXES:
            raise FormatError(f"{where} has more than {MAX_BOXES:,} boxes. The reader takes no more for one image.")
        yield value


def _read_boxes(window: JsonWindow, where: str, key: str) -> Iterator[ReadBox | BadRecord]:
    for number, item in enumerate(_bounded(window, where)):
        place = f"{where}, label[{number}]"
        try:
            yield _box(item, place, key)
        except UnfitError as error:
            yield BadRecord(error.kind, place, str(error))


def _box(item: Any, where: str, key: str) -> ReadBox:
    if type(item) is not dict:
        raise UnfitError("bad_record", f"a label must be an object, and is {describe(item)}")
    edges = [item.get(name) for name in EDGES]
    if not are_numbers(edges):
        for number, name in zip(edges, EDGES, strict=True):
            read_number(number, name)
    x_min, y_min, x_max, y_max = map(float, edges)  # type: ignore[arg-type]  # They are numbers, as was checked above.
    return ReadBox(
        key, where, x_min, y_min, x_max, y_max, read_text(item.get("label"), "label", "bad_box"), None, "ratios"
    )


def _image(facts: dict[str, Any], where: str, key: str) -> ReadImage:
    name = path_of(read_text(facts.get("image_url"), "image_url"))
    details = facts.get("image_details") or {}
    if type(details) is not dict:
        raise UnfitError("bad_record", f"image_details must be an object, and is {describe(details)}")
    width, height = (_pixels(details.get(side), f"image_details.{side}") for side in ("width", "height"))
    return ReadImage(key, name, where, id_in_flat_name(name), width, height)


def _pixels(value: Any, what: str) -> int | None:
    """Return a size, which AutoML writes as `1920px`."""
    found = PIXELS.fullmatch(value) if type(value) is str else None
    return read_size(int(found[1]) if found else value, what)


def _with_confidences(boxes: list[ReadBox | BadRecord] | None, facts: dict[str, Any]) -> Iterator[Record]:
    if boxes is None:
        raise UnfitError("bad_record", f"label must be a list of boxes, and is {describe(facts.get('label'))}")
    confidences = facts.get("label_confidence")
    if confidences is None:
        yield from boxes
        return
    if type(confidences) is not list or len(confidences) != len(boxes):
        raise UnfitError("bad_record", "label_confidence must be a list with one number or null for each box")
    for box, value in zip(boxes, confidences, strict=True):
        confidence = read_confidence(value, "label_confidence")
        yield box._replace(confidence=confidence) if isinstance(box, ReadBox) else box
