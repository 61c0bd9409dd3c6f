"""Label Studio: what a project exports as JSON or JSON-MIN, alone or as `tasks-0001.json` and so on in a zip archive.

Boxes are in hundredths of the image's size. An annotation is what a person said, and counts; predictions are what a model said,
and are never read, because an import is kept as labels of people. Of several annotations of a task the one that is marked as
ground truth counts; without one the task is reported, because the boxes of several people on one image are not one truth.
A task without an annotation is an unlabeled image, and one with a list that is empty is an empty image. Other shapes than boxes
are reported, because without them an image would look empty; choices and texts are not kept.
See https://labelstud.io/guide/task_format and https://labelstud.io/guide/export.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from app.formats.documents import open_documents
from app.formats.image_urls import is_image_file, path_of
from app.formats.json_window import JsonWindow
from app.formats.names import id_in_flat_name
from app.formats.reading import BadRecord, FormatError, ReadBox, ReadImage, ReadNote, ReadOptions, Record
from app.formats.recognition import refuse_other_formats
from app.formats.seen_keys import SeenKeys
from app.formats.values import (
    UnfitError,
    are_numbers,
    describe,
    read_confidence,
    read_image_id,
    read_key,
    read_number,
    read_size,
    read_text,
)

# The boxes of a task wait until all of it was read, because what says whether they count stands after them.
MAX_BOXES = 100_000
MAX_ANNOTATIONS = 1000
BOX = "rectanglelabels"
NO_SHAPES = ("choices", "taxonomy", "textarea", "number", "rating", "datetime", "pairwise", "ranker", "relation")
UNDECIDED = ("unlabeled", "draft", "unusable")
NO_ANNOTATIONS = (
    "The file has predictions of a model, and no annotations of people. Predictions are not imported; as COCO with "
    '"score" they can be.'
)


def read_label_studio(file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
    """Yield what is in the file. Raises FormatError."""
    refuse_other_formats(file, "label-studio")
    counts: Counter[str] = Counter()
    for number, (name, document) in enumerate(open_documents(file, "label-studio")):
        place, prefix = (f"{name}: ", f"{number}:") if name else ("", "")
        yield from _TaskFile(JsonWindow(document), place, prefix, counts).records()
    if counts["predictions"] and not counts["annotations"]:
        raise FormatError(NO_ANNOTATIONS)
    for kind in NO_SHAPES:
        if counts[kind]:
            yield ReadNote("not_kept", "the results", kind, counts[kind])


@dataclass(slots=True)
class _Annotation:
    """The boxes of one annotation, and what says whether it counts."""

    where: str
    records: list[Record] = field(default_factory=list)
    was_cancelled: bool = False
    ground_truth: bool = False


@dataclass(slots=True)
class _Task:
    """What was read of a task. `size` is width and height as the regions give them.

    JSON-MIN has no `data` and no `annotations`: its lists are results, and its texts are data.
    """

    where: str
    key: str
    is_min: bool = True
    task_id: Any = None
    data: dict[str, Any] = field(default_factory=dict)
    annotations: list[_Annotation] = field(default_factory=list)
    min_data: dict[str, Any] = field(default_factory=dict)
    min_annotation: _Annotation | None = None
    size: tuple[Any, Any] = (None, None)
    box_count: int = 0


class _TaskFile:
    """One JSON file. `place` begins the place of each record, `prefix` the key of each; `counts` are of all files."""

    def __init__(self, window: JsonWindow, place: str, prefix: str, counts: Counter[str]) -> None:
        self._window = window
        self._place = place
        self._prefix = prefix
        self._counts = counts
        self._ids = SeenKeys()

    def records(self) -> Iterator[Record]:
        if self._window.peek() != "[":
            raise self._window.error("Label Studio exports a list of tasks, and a list was expected")
        for index in self._window.elements():
            task = _Task(f"{self._place}[{index}]", f"{self._prefix}{index}")
            self._read(task)
            try:
                yield from self._decide(task)
            except UnfitError as error:
                yield BadRecord(error.kind, task.where, str(error))
        self._window.expect_end()

    def _read(self, task: _Task) -> None:
        for name in self._window.members():
            task.is_min = task.is_min and name not in ("annotations", "completions", "data")
            if name in ("annotations", "completions"):
                self._read_annotations(task)
            elif name == "data":
                task.data = self._object('"data"')
            elif name == "id":
                task.task_id = self._window.value()
            elif name == "predictions":
                self._counts["predictions"] += self._window.skip()
            else:
                self._read_min(task, name)

    def _object(self, what: str) -> dict[str, Any]:
        value = self._window.value()
        if type(value) is not dict:
            raise self._window.error(f"{what} must be an object")
        return value

    def _read_annotations(self, task: _Task) -> None:
        for index in self._window.elements():
            if index == MAX_ANNOTATIONS:
                raise FormatError(f"{task.where} has more than {MAX_ANNOTATIONS:,} annotations.")
            annotation = _Annotation(f"{task.where}.annotations[{index}]")
            task.annotations.append(annotation)
            self._counts["annotations"] += 1
            for name in self._window.members():
                if name == "result":
                    self._read_result(task, annotation, f"{annotation.where}.result")
                elif name == "was_cancelled":
                    annotation.was_cancelled = self._window.value() is True
                elif name == "ground_truth":
                    annotation.ground_truth = self._window.value() is True
                else:
                    self._window.skip()

    def _read_min(self, task: _Task, name: str) -> None:
        opening = self._window.peek()
        if opening == "[":
            task.min_annotation = task.min_annotation or _Annotation(task.where)
            self._read_result(task, task.min_annotation, f"{task.where}.{name}")
        elif opening == "{":
            self._window.skip()
        else:
            task.min_data[name] = self._window.value()

    def _read_result(self, task: _Task, annotation: _Annotation, place: str) -> None:
        for index, region in enumerate(self._window.values()):
            where = f"{place}[{index}]"
            try:
                box = self._box(task, region, where)
            except UnfitError as error:
                annotation.records.append(BadRecord(error.kind, where, str(error)))
            else:
                annotation.records += [box] if box else []
            task.box_count += 1
            if task.box_count > MAX_BOXES:
                raise FormatError(
                    f"{task.where} has more than {MAX_BOXES:,} results. The reader takes no more for one image."
                )

    def _box(self, task: _Task, region: Any, where: str) -> ReadBox | None:
        if type(region) is not dict:
            raise UnfitError("bad_record", f"a result must be an object, and is {describe(region)}")
        value = region.get("value", region)
        if type(value) is not dict:
            raise UnfitError("bad_record", f"the value of a result must be an object, and is {describe(value)}")
        kind = region.get("type", BOX if BOX in value else None)
        if kind in NO_SHAPES:
            self._counts[kind] += 1
            return None
        if kind != BOX or BOX not in value:
            raise UnfitError(
                "bad_box", "only boxes with a label can be imported (rectanglelabels), and this is another result"
            )
        _refuse_turned(region, value)
        task.size = (region.get("original_width"), region.get("original_height"))
        x, y, width, height = _place(value)
        confidence = read_confidence(region.get("score"), "score")
        label = _label(value[BOX])
        return ReadBox(task.key, where, x, y, x + width, y + height, label, None, "percent", confidence)

    def _decide(self, task: _Task) -> Iterator[Record]:
        """Yield the image of a task, and the boxes of the annotation that counts."""
        if task.task_id is not None and self._ids.add(read_key(task.task_id, "id")):
            raise UnfitError("duplicate_image", "a task with the same id came before")
        if task.is_min:
            self._use_min(task)
        annotation = _choose(task.annotations)
        yield _image(task, annotation)
        if annotation:
            yield from annotation.records

    def _use_min(self, task: _Task) -> None:
        """Take a task of JSON-MIN, in which one without boxes was annotated if it has the id of an annotation."""
        task.data = task.min_data
        if task.min_annotation or "annotation_id" in task.min_data:
            task.annotations = [task.min_annotation or _Annotation(task.where)]
            self._counts["annotations"] += 1


def _choose(annotations: list[_Annotation]) -> _Annotation | None:
    valid = [annotation for annotation in annotations if not annotation.was_cancelled]
    chosen = [annotation for annotation in valid if annotation.ground_truth] or valid
    if len(chosen) > 1:
        raise UnfitError(
            "bad_record",
            f"the task has {len(chosen)} annotations, and none alone is the ground truth. Keep one, or mark one as ground truth",
        )
    return chosen[0] if chosen else None


def _image(task: _Task, annotation: _Annotation | None) -> ReadImage:
    data = task.data
    name = read_text(data.get("file_name") or path_of(_address(data)), "the name of the image")
    image_id = read_image_id(data.get("image_id"), "data.image_id") or id_in_flat_name(name)
    width, height = read_size(task.size[0], "original_width"), read_size(task.size[1], "original_height")
    return ReadImage(task.key, name, task.where, image_id, width, height, _state(data.get("state"), annotation))


def _state(said: Any, annotation: _Annotation | None) -> str | None:
    """Return the state: `data.state`, which our exports have, is older than an annotation that was made since."""
    if annotation:
        return "draft" if said == "draft" else None
    return str(said) if said in UNDECIDED else "unlabeled"


def _address(data: dict[str, Any]) -> str:
    """Return the address of the image: `image`, or the first text that is a file of an image."""
    address = data.get("image") or next((value for value in data.values() if is_image_file(value)), None)
    if address is None:
        raise UnfitError("bad_record", 'the task names no image: "data" has no "image"')
    return read_text(address, "data.image")


def _refuse_turned(region: dict[str, Any], value: dict[str, Any]) -> None:
    if region.get("image_rotation"):
        raise UnfitError(
            "bad_box", "the image was rotated in Label Studio (image_rotation), and the box is in that view"
        )
    if value.get("rotation"):
        raise UnfitError("bad_box", "the box is rotated, and only upright boxes can be imported")


def _place(value: dict[str, Any]) -> tuple[float, float, float, float]:
    names = ("x", "y", "width", "height")
    numbers = [value.get(name) for name in names]
    if not are_numbers(numbers):
        for number, name in zip(numbers, names, strict=True):
            read_number(number, name)
    x, y, width, height = map(float, numbers)  # type: ignore[arg-type]  # They are numbers, as was checked above.
    return x, y, width, height


def _label(labels: Any) -> str:
    if type(labels) is not list or len(labels) != 1:
        count = len(labels) if type(labels) is list else describe(labels)
        raise UnfitError("bad_box", f"{BOX} must be a list of one label, and has {count}")
    return read_text(labels[0], "the label", "bad_box")
