"""CVAT for images 1.1: `annotations.xml`, plain or in a zip archive, of a task, a job or a project.

docs.cvat.ai, "XML annotation format": edges of boxes are in pixels from 0 on, half-open as ours. Classes come in the order of
`meta`. Only boxes are read; other shapes and turned boxes are reported one by one, tags and attributes are counted. An
attribute `confidence` of a box is its confidence.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from app.formats.decimals import read_decimal
from app.formats.names import id_in_flat_name
from app.formats.reading import BadRecord, FormatError, ReadBox, ReadClass, ReadImage, ReadNote, ReadOptions, Record
from app.formats.recognition import refuse_other_formats
from app.formats.safe_xml import walk_xml
from app.formats.safe_zip import ByteSource, SafeZip, is_zip, shown

MAX_NAME_LENGTH = 1024
MAX_CLASSES = 50_000
MAX_XML_BYTES = 4 * 1024**3
_XML_FILE = re.compile(r"(?!__MACOSX/)(?:.*/)?annotations\.xml", re.DOTALL)
_LABEL = re.compile(r"annotations/meta/(task|job|project)/labels/label/name")
_IMAGE = "annotations/image"
_BOX = "annotations/image/box"
_ATTRIBUTE = "annotations/image/box/attribute"
_EDGES = ("xtl", "ytl", "xbr", "ybr")
# Nearly all boxes are like this; others are looked at edge by edge.
_USUAL_EDGES = re.compile(r"[0-9]{1,9}(?:\.[0-9]{0,40})?" + r" [0-9]{1,9}(?:\.[0-9]{0,40})?" * 3)
_SHAPES = {f"{_IMAGE}/{s}": s for s in ("polygon", "polyline", "points", "cuboid", "mask", "ellipse", "skeleton")}


def read_cvat(file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
    """Yield what is in the file. Raises FormatError."""
    if not is_zip(file):
        refuse_other_formats(file, "cvat")
        yield from _read_xml(file, "")
        return
    archive = SafeZip(file)
    members = [member for member in archive.members() if _XML_FILE.fullmatch(member.name)]
    if not members:
        refuse_other_formats(file, "cvat")
        raise archive.lacks("The archive has no annotations.xml.")
    for member in members:
        # CVAT packs one for each task of a project, unless it packs them as one.
        place = f"{member.name}, " if len(members) > 1 else ""
        try:
            yield from _read_xml(archive.open(member, MAX_XML_BYTES), place)
        except FormatError as error:
            raise FormatError(f"{shown(member.name)}: {error}") from error


def _read_xml(source: ByteSource, place: str) -> Iterator[Record]:
    document = _Document(place)
    for _ in walk_xml(source, document):
        yield from document.take()
    yield from document.take()
    yield from document.notes()


class _Document:
    """What the XML says, as it comes."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._records: list[Record] = []
        self._labels: set[str] = set()
        self._images = 0
        self._image_key = ""
        self._box: dict[str, str] = {}
        self._where = ""
        self._confidence = self._attribute = ""
        self._not_kept: Counter[str] = Counter()

    def start(self, path: str, attributes: dict[str, str], line: int) -> None:
        if path == _BOX:
            self._box, self._where, self._confidence = attributes, f"{self._place}line {line}", ""
        elif path == _ATTRIBUTE:
            self._attribute = attributes.get("name", "")
        elif path == _IMAGE:
            self._add_image(attributes, f"{self._place}line {line}")
        elif path in _SHAPES:
            self._bad(f"{self._place}line {line}", f"This is a {_SHAPES[path]}; only boxes are read.")
        elif path == f"{_IMAGE}/tag":
            self._not_kept["tags of images"] += 1
        elif path == "annotations/track":
            raise FormatError(f"Line {line} has a track of CVAT for video. Export the task as “CVAT for images 1.1”.")
        elif "/" not in path and path != "annotations":
            raise FormatError(f"The XML begins with <{path[:40]}>; CVAT for images begins with <annotations>.")

    def end(self, path: str, text: str) -> None:
        if path == _BOX:
            self._add_box()
        elif path == _ATTRIBUTE:
            self._take_attribute(text)
        elif _LABEL.fullmatch(path):
            self._add_label(text)

    def take(self) -> list[Record]:
        taken, self._records = self._records, []
        return taken

    def notes(self) -> Iterator[ReadNote]:
        for what, count in self._not_kept.items():
            yield ReadNote("not_kept", self._place.removesuffix(", "), what, count)

    def _bad(self, where: str, detail: str) -> None:
        self._records.append(BadRecord("bad_record", where, detail))

    def _add_label(self, name: str) -> None:
        if not 0 < len(name) <= MAX_NAME_LENGTH:
            raise FormatError(f"A label in <meta> has {len(name):,} characters; labels have 1 to {MAX_NAME_LENGTH:,}.")
        if len(self._labels) == MAX_CLASSES:
            raise FormatError(f"The file has more than {MAX_CLASSES:,} labels.")
        # Parts of skeletons may have the same name; boxes name their label, so that there is no doubt.
        if name not in self._labels:
            self._labels.add(name)
            self._records.append(ReadClass(name, name))

    def _add_image(self, attributes: dict[str, str], where: str) -> None:
        self._images += 1
        self._image_key = f"{self._place}image {self._images}"
        name = attributes.get("name", "").replace("\\", "/")
        if not 0 < len(name) <= MAX_NAME_LENGTH:
            self._bad(where, f"The image must have a name of 1 to {MAX_NAME_LENGTH:,} characters.")
            return
        width, height = (_read_size(attributes.get(side)) for side in ("width", "height"))
        self._records.append(ReadImage(self._image_key, name, where, id_in_flat_name(name), width, height))

    def _take_attribute(self, text: str) -> None:
        if self._attribute == "confidence":
            self._confidence = text
        else:
            self._not_kept["attributes of boxes"] += 1

    def _add_box(self) -> None:
        box = self._box
        if "rotation" not in box and not self._confidence and 0 < len(box.get("label", "")) <= MAX_NAME_LENGTH:
            edges = box.get("xtl", ""), box.get("ytl", ""), box.get("xbr", ""), box.get("ybr", "")
            if _USUAL_EDGES.fullmatch(" ".join(edges)):
                left, upper, right, lower = map(float, edges)
                self._records.append(ReadBox(self._image_key, self._where, left, upper, right, lower, box["label"]))
                return
        self._records.append(self._read_box(box, box.get("label", "")))

    def _read_box(self, box: dict[str, str], label: str) -> Record:
        """Return any box, or what is wrong with it."""
        edges = [read_decimal(box.get(edge, "")) for edge in _EDGES]
        confidence = read_decimal(self._confidence) if self._confidence else None
        if not 0 < len(label) <= MAX_NAME_LENGTH:
            detail = f"The box must have a label of 1 to {MAX_NAME_LENGTH:,} characters."
            return BadRecord("bad_record", self._where, detail)
        if read_decimal(box.get("rotation", "0")) != 0:
            detail = "The box is turned (rotation); only boxes with upright sides are read."
            return BadRecord("bad_record", self._where, detail)
        if None in edges:
            wrong = _EDGES[edges.index(None)]
            return BadRecord("bad_box", self._where, f"{wrong} must be a number such as 12 or 12.5.")
        if self._confidence and (confidence is None or not 0 <= confidence <= 1):
            return BadRecord("bad_box", self._where, "The confidence must be a number from 0 to 1.")
        x_min, y_min, x_max, y_max = (edge or 0.0 for edge in edges)
        return ReadBox(self._image_key, self._where, x_min, y_min, x_max, y_max, label, confidence=confidence)


def _read_size(text: str | None) -> int | None:
    number = read_decimal(text or "")
    return int(number) if number and number >= 1 and number.is_integer() else None
