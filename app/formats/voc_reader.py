"""Pascal VOC in a zip archive: one XML file for each image, in folders of any depth, as labelImg, CVAT and Roboflow write it.

The development kit of VOC counts pixels from (1, 1), and a box has its last pixel in it: `xmin=1, xmax=width` is the whole
image. Half of the tools count from 0 instead, and no file says which. So `origin` is 0, 1, or found out: 0 when any box begins
before 1. With 1, both minima are lowered by one, as the half-open edges of ours want it; with 0, all stand as they are.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from app.formats.decimals import read_decimal
from app.formats.names import id_in_flat_name
from app.formats.reading import BadRecord, FormatError, ReadBox, ReadImage, ReadNote, ReadOptions, Record
from app.formats.recognition import refuse_other_formats
from app.formats.safe_xml import NotWellFormed, walk_xml
from app.formats.safe_zip import SafeZip, ZipMember, is_zip, shown

MAX_XML_BYTES = 16 * 1024**2
MAX_NAME_LENGTH = 1024
# What macOS packs beside the files is none of them.
_XML_FILE = re.compile(r"(?!__MACOSX/)(?:.*/)?(?!\._)[^/]+\.xml", re.IGNORECASE | re.DOTALL)
_BELOW_ANNOTATIONS = re.compile(r"(?:.*/)?Annotations/(.*)/[^/]*", re.DOTALL)
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_OBJECT = "annotation/object"
_PARTS = {f"{_OBJECT}/name", *(f"{_OBJECT}/bndbox/{edge}" for edge in _EDGES)}
_FACTS = {"annotation/filename", "annotation/size/width", "annotation/size/height"}


def read_voc(file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
    """Yield what is in the archive. Raises FormatError."""
    if not is_zip(file):
        refuse_other_formats(file, "voc")
    archive = SafeZip(file)
    if not any(True for _ in _xml_files(archive)):
        refuse_other_formats(file, "voc")
        raise archive.lacks("The archive has no XML file; Annotations/*.xml were expected.")
    origin = options.origin
    if origin is None:
        origin, note = _find_origin(archive)
        yield note
    for member in _xml_files(archive):
        yield from _read_member(archive, member, origin)


def _xml_files(archive: SafeZip) -> Iterator[ZipMember]:
    return (member for member in archive.members() if _XML_FILE.fullmatch(member.name))


def _find_origin(archive: SafeZip) -> tuple[int, ReadNote]:
    """Return where the first pixel is, and the note that says why. All files are read, up to one that decides it."""
    boxes = 0
    for member in _xml_files(archive):
        for record in _read_member(archive, member, 0):
            if isinstance(record, ReadBox):
                boxes += 1
                if record.x_min < 1 or record.y_min < 1:
                    detail = "The first pixel is taken as (0, 0), because this box begins before 1."
                    return 0, ReadNote("origin", record.where, detail)
    detail = (
        f"The first pixel is taken as (1, 1), as Pascal VOC says, because none of the {boxes:,} boxes begins before 1."
    )
    return 1, ReadNote("origin", "", detail, boxes)


def _read_member(archive: SafeZip, member: ZipMember, origin: int) -> Iterator[Record]:
    visitor = _Annotation(member.name, origin)
    source = archive.open(member, MAX_XML_BYTES)
    try:
        for _ in walk_xml(source, visitor):
            yield from visitor.take_boxes()
    except NotWellFormed as error:
        yield BadRecord("bad_record", member.name, str(error))
        return
    except FormatError as error:
        raise FormatError(f"{shown(member.name)}: {error}") from error
    yield from visitor.take_boxes()
    yield visitor.image()


class _Annotation:
    """What one XML file says."""

    def __init__(self, where: str, origin: int) -> None:
        self._where = where
        self._origin = origin
        self._records: list[Record] = []
        self._facts: dict[str, str] = {}
        self._object: dict[str, str] = {}
        self._line = 0
        self._is_repeated = False

    def start(self, path: str, _attributes: dict[str, str], line: int) -> None:
        if path == _OBJECT:
            self._object, self._line, self._is_repeated = {}, line, False
        elif "/" not in path and path != "annotation":
            raise FormatError(f"The XML begins with <{path[:40]}>; Pascal VOC begins with <annotation>.")

    def end(self, path: str, text: str) -> None:
        if path == _OBJECT:
            self._records.append(self._box())
        elif path in _PARTS:
            self._is_repeated |= path in self._object
            self._object[path] = text
        elif path in _FACTS:
            self._facts[path] = text

    def take_boxes(self) -> list[Record]:
        taken, self._records = self._records, []
        return taken

    def image(self) -> Record:
        stem = self._where.rpartition("/")[2][: -len(".xml")]
        name = self._facts.get("annotation/filename", "").replace("\\", "/") or stem
        if len(name) > MAX_NAME_LENGTH:
            return BadRecord("bad_record", self._where, f"<filename> has more than {MAX_NAME_LENGTH:,} characters.")
        folder = _BELOW_ANNOTATIONS.fullmatch(self._where)
        if folder and "/" not in name:
            name = f"{folder[1]}/{name}"
        width, height = (_read_size(self._facts.get(f"annotation/size/{side}", "")) for side in ("width", "height"))
        return ReadImage(self._where, name, self._where, id_in_flat_name(name), width, height)

    def _box(self) -> Record:
        where = f"{self._where}, line {self._line}"
        label = self._object.get(f"{_OBJECT}/name", "")
        if not label or self._is_repeated:
            return BadRecord("bad_record", where, "The object must have one <name> and one <bndbox>.")
        if len(label) > MAX_NAME_LENGTH:
            return BadRecord("bad_record", where, f"<name> has more than {MAX_NAME_LENGTH:,} characters.")
        if not self._object.keys() - {f"{_OBJECT}/name"}:
            return BadRecord("bad_record", where, "The object has no <bndbox>; only boxes are read.")
        edges = [read_decimal(self._object.get(f"{_OBJECT}/bndbox/{edge}", "")) for edge in _EDGES]
        if None in edges:
            return BadRecord("bad_box", where, f"<{_EDGES[edges.index(None)]}> must be a number such as 12 or 12.5.")
        x_min, y_min, x_max, y_max = (edge or 0.0 for edge in edges)
        return ReadBox(self._where, where, x_min - self._origin, y_min - self._origin, x_max, y_max, label)


def _read_size(text: str) -> int | None:
    """Return a size in pixels. Some tools write 0 where they do not know it."""
    number = read_decimal(text)
    return int(number) if number and number >= 1 and number.is_integer() else None
