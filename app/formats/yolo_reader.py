"""YOLO in a zip archive, in the layouts that its tools write, with or without the images.

- Ultralytics, CVAT, our exports: `data.yaml`, `images/<part>/…`, `labels/<part>/…`; also `<part>/images`, as Roboflow has it.
- Label Studio and labelImg: `classes.txt` instead of `data.yaml`; labels in `labels/` or beside the images.
- CVAT's "YOLO 1.1": `obj.names`, `obj_train_data/…`.

docs.ultralytics.com, "Object Detection Datasets Overview": labels of `…/images/a.jpg` are in `…/labels/a.txt`. A row is a box:
its class, center and size, as ratios of the displayed image. An image without a label file has no boxes. What is in none of the
parts of `data.yaml` is read as well: an archive has one set of labels. Files of image paths are read for the names of images.
"""

import io
import posixpath
import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import BinaryIO

from app.formats.decimals import read_decimal
from app.formats.names import id_in_flat_name
from app.formats.reading import BadRecord, FormatError, ReadBox, ReadClass, ReadImage, ReadNote, ReadOptions, Record
from app.formats.recognition import refuse_other_formats
from app.formats.safe_zip import MissingFiles, SafeZip, ZipMember, is_zip, shown
from app.formats.yolo_yaml import MAX_YAML_BYTES, PARTS, YoloDataset, read_name_list, read_yolo_yaml

MAX_LABEL_BYTES = 8 * 1024**2
MAX_LIST_BYTES = 512 * 1024**2
MAX_LINE_BYTES = 64 * 1024
MAX_YAML_FILES = 100
_IMAGE = re.compile(r"\.(jpe?g|png|tiff?|bmp|dng|mpo|webp|heic|heif|avif|gif|pfm)$", re.IGNORECASE)
# What macOS packs beside the files.
_MACOS = re.compile(r"(^|/)(__MACOSX/|\._[^/]*$)")
_DARKNET_FOLDER = re.compile(r"obj_[^/]+_data/.*", re.DOTALL)
_NO_LABELS = {"classes.txt", "predefined_classes.txt", "obj.names", *(f"{part}.txt" for part in PARTS)}
_CLASS = re.compile(r"([0-9]{1,9})(\.0*)?")
# Nearly every row is like this; what is not is looked at column by column.
_USUAL_ROW = re.compile(rb"([0-9]{1,9})" + rb"[ \t]+([0-9](?:\.[0-9]{0,40})?)" * 4 + rb"\s*")
_COLUMNS = ("class", "x of the center", "y of the center", "width", "height", "confidence")


def read_yolo(file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
    """Yield what is in the archive. Raises FormatError."""
    if not is_zip(file):
        refuse_other_formats(file, "yolo")
    try:
        yield from _read_archive(SafeZip(file))
    except MissingFiles:
        refuse_other_formats(file, "yolo")
        raise


def _read_archive(archive: SafeZip) -> Iterator[Record]:
    folder, dataset = _find_dataset(archive)
    yield from _classes(dataset)
    images = _Images(archive, folder, dataset)
    if folder and not images.has_labels():
        # `path` in data.yaml may lead to another folder; the archive has only one set of labels.
        images = _Images(archive, "", dataset)
    if not images.has_labels():
        raise archive.lacks("The archive has no label files; labels/<part>/*.txt were expected.")
    yield from images.records()


class _Keys:
    """A set of many texts, in eight bytes for each."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._hashes = array("q", sorted(array("q", map(hash, keys))))

    def __contains__(self, key: str) -> bool:
        wanted = hash(key)
        at = bisect_left(self._hashes, wanted)
        return at < len(self._hashes) and self._hashes[at] == wanted


class _Images:
    """The images and labels below one folder. A key is the path of a label file without its suffix."""

    def __init__(self, archive: SafeZip, folder: str, dataset: YoloDataset) -> None:
        self._archive = archive
        self._folder = folder
        self._names = dataset.names
        folders = [_clean(place) + "/" for place in dataset.places if not _is_list(place)]
        folders += [_label_key(folder + "x")[:-1] for folder in folders]
        self._folders = sorted(folders, key=len, reverse=True)
        self._lists = {_clean(place) for place in dataset.places if _is_list(place)}
        usual = {f"{part}.txt" for part in PARTS}
        self._list_members: list[ZipMember] = []
        self._images = _Keys(_label_key(name) for _, name in self._image_files(self._lists | usual))
        self._labels = _Keys(_without_suffix(name) for _, name in self._label_files())
        self._listed = _Keys(key for key, _, _ in self._list_lines())

    def records(self) -> Iterator[Record]:
        missing, first = 0, ""
        for member, name in self._image_files():
            key = _label_key(name)
            yield self._image(key, name, member.name)
            if key not in self._labels:
                missing, first = missing + 1, first or member.name
        for key, name, where in self._list_lines():
            if key not in self._images:
                yield self._image(key, name, where)
                if key not in self._labels:
                    missing, first = missing + 1, first or where
        if missing:
            detail = "Images without a label file are taken as images without boxes, as the format says."
            yield ReadNote("no_label_file", first, detail, missing)
        yield from self._boxes()

    def has_labels(self) -> bool:
        """Say whether there is a label file."""
        return any(True for _ in self._label_files())

    def _boxes(self) -> Iterator[Record]:
        for member, name in self._label_files():
            key = _without_suffix(name)
            if key not in self._images and key not in self._listed:
                yield self._image(key, key, member.name)
            yield from _read_labels(self._archive.read(member, MAX_LABEL_BYTES), key, member.name, self._names)

    def _files(self) -> Iterator[tuple[ZipMember, str]]:
        """Yield the files, and their paths below the folder of `data.yaml`."""
        folder, skipped = self._folder, len(self._folder)
        for member in self._archive.members():
            name = member.name
            if name.startswith(folder) and name[-1] != "/" and not _MACOS.search(name):
                yield member, name[skipped:]

    def _image_files(self, lists: Collection[str] = ()) -> Iterator[tuple[ZipMember, str]]:
        """Yield the images, and remember the lists of images among the other files."""
        for member, name in self._files():
            if _IMAGE.search(name):
                yield member, name
            elif name in lists:
                self._list_members.append(member)

    def _label_files(self) -> Iterator[tuple[ZipMember, str]]:
        return ((member, name) for member, name in self._files() if self._is_label(name))

    def _is_label(self, name: str) -> bool:
        if not name.lower().endswith(".txt") or name.rpartition("/")[2].lower() in _NO_LABELS or name in self._lists:
            return False
        is_placed = "labels" in name.split("/")[:-1] or _DARKNET_FOLDER.fullmatch(name)
        return bool(is_placed) or _without_suffix(name) in self._images

    def _list_lines(self) -> Iterator[tuple[str, str, str]]:
        """Yield key, path and place of each image in the lists of images."""
        for member in self._list_members:
            for number, line in _lines(self._archive, member):
                path, key = self._resolve(line)
                yield key, path, f"{member.name}, line {number}"

    def _resolve(self, line: str) -> tuple[str, str]:
        """Return the path and the key of an image in a list. Lists come with folders of the machine that wrote them."""
        parts = _clean(line).split("/")
        for start in range(min(len(parts), 32)):
            path = "/".join(parts[start:])
            key = _label_key(path)
            if key in self._images or key in self._labels:
                return path, key
        path = "/".join(parts)
        return path, _label_key(path)

    def _image(self, key: str, path: str, where: str) -> ReadImage:
        name = self._name(path)
        return ReadImage(key, name, where, id_in_flat_name(name))

    def _name(self, path: str) -> str:
        """Return the path below the folder of its part: `a/b.jpg` of `images/train/a/b.jpg`."""
        folder = next((folder for folder in self._folders if path.startswith(folder)), "")
        if folder:
            return path[len(folder) :]
        parts = path.split("/")
        for kind in ("images", "labels"):
            if kind in parts[:-1]:
                parts = parts[len(parts) - parts[::-1].index(kind) :]
        is_part = len(parts) > 1 and (parts[0] in PARTS or _DARKNET_FOLDER.fullmatch(path))
        return "/".join(parts[1:] if is_part else parts)


def _classes(dataset: YoloDataset) -> Iterator[Record]:
    numbers: dict[str, int] = {}
    for number, name in dataset.names.items():
        if name in numbers:
            detail = f"The class {shown(name)} has two numbers, {numbers[name]} and {number}."
            yield BadRecord("duplicate_class", f"class {number}", detail)
        numbers[name] = number
        yield ReadClass(str(number), name)


def _find_dataset(archive: SafeZip) -> tuple[str, YoloDataset]:
    """Return the folder of `data.yaml` with a slash behind it, or none, and what the file says."""
    found = [member for member in archive.members() if _rank(member.name)][: MAX_YAML_FILES + 1]
    if not found or len(found) > MAX_YAML_FILES:
        raise archive.lacks("The archive must have one data.yaml with the names of the classes, or one classes.txt.")
    best = min(_rank(member.name) for member in found)
    chosen = [member for member in found if _rank(member.name) == best]
    contents = {archive.read(member, MAX_YAML_BYTES) for member in chosen}
    if len(contents) > 1:
        names = " and ".join(shown(member.name) for member in chosen[:2])
        raise FormatError(f"The archive has {names}, which differ. Send one dataset in an archive.")
    # labelImg writes the same list of classes into each folder of labels.
    folders = [*posixpath.commonprefix([member.name.split("/")[:-1] for member in chosen])]
    folder = "".join(f"{part}/" for part in folders[: folders.index("labels") if "labels" in folders else None])
    is_yaml = chosen[0].name.lower().endswith((".yaml", ".yml"))
    return folder, (read_yolo_yaml if is_yaml else read_name_list)(contents.pop(), shown(chosen[0].name))


def _rank(path: str) -> tuple[int, ...]:
    """Return how likely a file names the classes of the whole archive, the smaller the likelier; nothing for never."""
    name = path.rpartition("/")[2].lower()
    if path.startswith("__MACOSX/") or name.startswith("._"):
        return ()
    if name in ("data.yaml", "data.yml", "dataset.yaml"):
        return 0, path.count("/")
    if name.endswith((".yaml", ".yml")):
        return 1, path.count("/")
    return (2, path.count("/")) if name in ("classes.txt", "obj.names") else ()


def _read_labels(content: bytes, key: str, where: str, names: dict[int, str]) -> Iterator[Record]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FormatError(f"{shown(where)} is UTF-16; save it as UTF-8.")
    for number, line in enumerate(io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")), 1):
        if (row := _USUAL_ROW.fullmatch(line)) and int(row[1]) in names:
            x, y, width, height = float(row[2]), float(row[3]), float(row[4]) / 2, float(row[5]) / 2
            label = str(int(row[1]))
            place = f"{where}, line {number}"
            yield ReadBox(key, place, x - width, y - height, x + width, y + height, None, label, "ratios")
        elif columns := line.split():
            yield _read_row(columns, key, f"{where}, line {number}", names)


def _read_row(columns: list[bytes], key: str, where: str, names: dict[int, str]) -> Record:
    if len(columns) > 6:
        return BadRecord(
            "bad_record", where, f"The row has {len(columns)} columns, as a polygon has; only boxes are read."
        )
    if len(columns) < 5:
        return BadRecord(
            "bad_record", where, f"The row has {len(columns)} columns; expected class, x, y, width and height."
        )
    texts = [column.decode("ascii", "replace") for column in columns]
    number = _CLASS.fullmatch(texts[0])
    if not number:
        return BadRecord("bad_record", where, "The class must be a whole number from 0 on.")
    if int(number[1]) not in names:
        return BadRecord(
            "bad_record", where, f"The class {number[1]} has no name; there are names for {len(names):,} classes."
        )
    numbers = [read_decimal(text) for text in texts[1:]]
    if None in numbers:
        return BadRecord("bad_box", where, f"The {_COLUMNS[1 + numbers.index(None)]} must be a number such as 0.25.")
    x, y, width, height, *rest = (number or 0.0 for number in numbers)
    if rest and not 0 <= rest[0] <= 1:
        return BadRecord("bad_box", where, "The confidence must be a number from 0 to 1.")
    edges = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    confidence = rest[0] if rest else None
    return ReadBox(key, where, *edges, class_key=str(int(number[1])), unit="ratios", confidence=confidence)


def _lines(archive: SafeZip, member: ZipMember) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers, without empty ones."""
    stream, rest, number = archive.open(member, MAX_LIST_BYTES), b"", 0
    while piece := stream.read(MAX_LINE_BYTES):
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            raise FormatError(f"{shown(member.name)} has a line of more than {MAX_LINE_BYTES:,} bytes.")
        yield from _decoded(lines, number, member.name)
        number += len(lines)
    yield from _decoded([rest], number, member.name)


def _decoded(lines: Sequence[bytes], number: int, name: str) -> Iterator[tuple[int, str]]:
    for index, line in enumerate(lines, number + 1):
        try:
            text = line.decode("utf-8-sig").strip()
        except UnicodeDecodeError as error:
            raise FormatError(f"Line {index} of {shown(name)} is not UTF-8 text.") from error
        if text:
            yield index, text


def _clean(path: str) -> str:
    """Return a path without what leads out of the folder of `data.yaml`: `../train/images` of Roboflow is `train/images`."""
    parts = path.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _is_list(place: str) -> bool:
    return place.lower().endswith(".txt")


def _label_key(path: str) -> str:
    """Return the path of the labels of an image without suffix: the last folder `images` becomes `labels`."""
    parts = _without_suffix(path).split("/")
    if "images" in parts[:-1]:
        parts[len(parts) - 2 - parts[-2::-1].index("images")] = "labels"
    return "/".join(parts)


def _without_suffix(path: str) -> str:
    return posixpath.splitext(path)[0]
