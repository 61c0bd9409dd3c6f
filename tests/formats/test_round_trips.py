"""A snapshot that is written and read again has the same images, states and boxes, in each format as far as it can carry them."""

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.formats.archive import Archive
from app.formats.coco_reader import read_coco
from app.formats.csv_reader import read_csv
from app.formats.cvat_reader import read_cvat
from app.formats.datumaro_reader import read_datumaro
from app.formats.jsonl_reader import read_jsonl
from app.formats.label_studio_reader import read_label_studio
from app.formats.parquet_reader import read_parquet
from app.formats.reading import BadRecord, ReadBox, ReadClass, Reader, ReadImage, ReadOptions, Record
from app.formats.records import Box, Class, Dataset, Image
from app.formats.registry import FORMATS, Format
from app.formats.voc_reader import read_voc
from app.formats.yolo_reader import read_yolo
from app.formats.yolo_writer import TINY
from app.services.boxes import shortest
from tests.formats.datasets import DATE, Kept
from tests.formats.read_process import one_by_one

READERS: dict[str, Reader] = {
    "coco": read_coco,
    "csv": read_csv,
    "cvat": read_cvat,
    "datumaro": read_datumaro,
    "jsonl": read_jsonl,
    "label-studio": read_label_studio,
    "parquet": read_parquet,
    "voc": read_voc,
    "yolo": read_yolo,
}
WITHOUT_CONFIDENCE = {"cvat", "voc", "yolo"}
WITHOUT_FRACTIONS = {"voc"}
BOXLESS = {"unlabeled", "unusable", "empty"}
MAX_SIDE = 100_000
# What names are made of: a label is kept without control characters and without blanks at its ends.
LETTERS = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp", "Zs"]) | st.sampled_from(
    "',\"\\=+-@<>&:;#%/{}[] "
)
NAMES = st.text(LETTERS, min_size=1, max_size=20).map(str.strip).filter(bool)
# Tools on Windows separate folders by backslashes, so that the reader of CVAT takes them for slashes.
FILE_NAMES = NAMES.map(lambda name: "set/" + name.replace("\\", "/") + ".jpg")

Edges = tuple[float, float, float, float]
Content = dict[str, tuple[str, list[tuple[str, Edges, float | None]]]]


def single(value: float) -> float:
    """Return the nearest number of single precision."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


@dataclass(frozen=True)
class Carried:
    """What a format carries, and so what random snapshots for it have."""

    format: Format

    def snapshots(self) -> st.SearchStrategy[tuple[Dataset, list[Image]]]:
        return st.composite(self._draw)()

    def _draw(self, draw: st.DrawFn) -> tuple[Dataset, list[Image]]:
        names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
        splits: Sequence[str] = draw(st.sampled_from([(), ("train", "val"), ("train", "val", "test")]))
        file_names = draw(st.lists(FILE_NAMES, min_size=1, max_size=5, unique=True))
        images = [self._image(draw, number, name, names, splits) for number, name in enumerate(file_names, start=1)]
        classes = tuple(Class(number, name) for number, name in enumerate(names, start=1))
        counts = len(images), sum(len(image.boxes) for image in images)
        return Dataset(5, "spring", 3, DATE, "main", classes, *counts, splits=tuple(splits)), images

    def _image(self, draw: st.DrawFn, number: int, name: str, labels: list[str], splits: Sequence[str]) -> Image:
        width, height = draw(st.integers(1, MAX_SIDE)), draw(st.integers(1, MAX_SIDE))
        state = draw(st.sampled_from(sorted(self.format.states)))
        boxes = [] if state in BOXLESS else draw(st.lists(self._box(width, height, labels), min_size=1, max_size=5))
        boxes = [box._replace(object_id=number * 10 + place) for place, box in enumerate(boxes)]
        split = draw(st.sampled_from(splits)) if splits else None
        return Image(number, f"upload/{name}", name, width, height, state, split, filetype="JPEG", boxes=tuple(boxes))

    def _box(self, width: int, height: int, labels: list[str]) -> st.SearchStrategy[Box]:
        sides = st.tuples(self._span(width), self._span(height))
        confidences = st.none() | st.floats(0, 1, width=32).map(shortest)
        return st.builds(
            lambda number, sides, confidence: Box(
                0, number, labels[number - 1], sides[0][0], sides[1][0], sides[0][1], sides[1][1], confidence
            ),
            st.integers(1, len(labels)),
            sides,
            confidences,
        )

    def _span(self, length: int) -> st.SearchStrategy[tuple[float, float]]:
        """Draw two edges in single precision, of which the first is smaller."""
        whole = st.integers(0, length).map(float)
        edge = whole if self.format.name in WITHOUT_FRACTIONS else whole | st.floats(0, length, width=32).map(shortest)
        if self.format.name == "yolo":
            edge = edge.filter(lambda value: value == 0 or value >= length * TINY)
        pairs = st.tuples(edge, edge).map(lambda pair: (min(pair), max(pair)))
        return pairs.filter(lambda pair: single(pair[0]) < single(pair[1]))


def pages(images: list[Image], size: int) -> Iterator[list[Image]]:
    for start in range(0, len(images), size):
        yield images[start : start + size]


def write(written: Format, dataset: Dataset, images: list[Image], size: int) -> bytes:
    """Return the export of a snapshot: the one file, or a zip archive."""
    kept = Kept()
    writer = written.writer(dataset, kept, files=False)
    for page in pages(images, size):
        writer.write(page)
    writer.end()
    assert (writer.tally.images, writer.tally.objects) == (dataset.image_count, dataset.object_count)
    if written.is_one_file(dataset.splits, files=False):
        (content,) = kept.content.values()
        return bytes(content)
    with Archive(target := io.BytesIO()) as archive:
        for name, part in kept.content.items():
            archive.add(name, bytes(part))
        archive.add("manifest.json", b"{}")
        archive.end()
    return target.getvalue()


def content_of(images: list[Image], name: str) -> Content:
    """Return what should be read: for each image its state and its boxes in single precision."""
    return {
        image.path: (
            image.state,
            sorted(
                (
                    (
                        box.label,
                        (single(box.x_min), single(box.y_min), single(box.x_max), single(box.y_max)),
                        None if name in WITHOUT_CONFIDENCE else _confidence(box.confidence),
                    )
                    for box in image.boxes
                ),
                key=repr,
            ),
        )
        for image in images
    }


def content_read(records: list[Record], images: list[Image], name: str) -> Content:
    """Return what was read, converted as an import does it."""
    assert [record for record in records if isinstance(record, BadRecord)] == []
    labels = {record.key: record.name for record in records if isinstance(record, ReadClass)}
    by_key = {record.key: find(record, images, name) for record in records if isinstance(record, ReadImage)}
    boxes: dict[str, list[tuple[str, Edges, float | None]]] = {key: [] for key in by_key}
    states = {record.key: record.state for record in records if isinstance(record, ReadImage)}
    for box in records:
        if isinstance(box, ReadBox):
            label = box.label if box.class_key is None else labels[box.class_key]
            boxes[box.image_key].append(
                (label or "", in_pixels(box, by_key[box.image_key]), _confidence(box.confidence))
            )
    return {
        image.path: (states[key] or ("labeled" if boxes[key] else "empty"), sorted(boxes[key], key=repr))
        for key, image in by_key.items()
    }


def find(record: ReadImage, images: list[Image], name: str) -> Image:
    """Return the image that is meant: by id where names are flat, otherwise by path."""
    flat = FORMATS[name].flat_names
    (image,) = [
        each
        for each in images
        if (record.image_id == each.image_id if flat else record.name in (each.path, each.file_name))
    ]
    assert record.width in (None, image.width)
    assert record.height in (None, image.height)
    return image


def in_pixels(box: ReadBox, image: Image) -> Edges:
    scales = {
        "pixels": (1.0, 1.0),
        "ratios": (image.width, image.height),
        "percent": (image.width / 100, image.height / 100),
    }
    x, y = scales[box.unit]
    edges = (box.x_min * x, box.y_min * y, box.x_max * x, box.y_max * y)
    sides = (image.width, image.height) * 2
    # What lies outside by rounding lies on the edge.
    assert all(-1e-6 <= edge <= side + 1e-6 for edge, side in zip(edges, sides, strict=True))
    x_min, y_min, x_max, y_max = (single(min(max(edge, 0), side)) for edge, side in zip(edges, sides, strict=True))
    return x_min, y_min, x_max, y_max


def _confidence(value: float | None) -> float | None:
    return None if value is None else single(value)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_read_again(name: str) -> None:
    carried = Carried(FORMATS[name])

    # Parquet is read by a process of its own, which takes most of a second to start.
    @settings(max_examples=10 if name == "parquet" else 50, deadline=None)
    @given(snapshot=carried.snapshots(), size=st.integers(1, 3))
    def check(snapshot: tuple[Dataset, list[Image]], size: int) -> None:
        dataset, images = snapshot
        export = write(carried.format, dataset, images, size)
        records = list(one_by_one(READERS[name](io.BytesIO(export), ReadOptions())))
        assert content_read(records, images, name) == content_of(images, name)

    check()


def test_every_format_is_tried() -> None:
    assert set(READERS) == set(FORMATS)
