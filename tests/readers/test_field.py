"""The programs that people train with read from our files what is stored, and we read what they write.

They are in a virtual environment of their own, which `make readers` makes.
"""

import io
import json
import os
import re
import subprocess
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import replace
from math import ceil, floor
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image as Picture

from app.formats.archive import Archive
from app.formats.coco_reader import read_coco
from app.formats.csv_reader import read_csv
from app.formats.cvat_reader import read_cvat
from app.formats.datumaro_reader import read_datumaro
from app.formats.jsonl_reader import read_jsonl
from app.formats.label_studio_reader import read_label_studio
from app.formats.names import flat_name
from app.formats.parquet_reader import read_parquet
from app.formats.reading import BadRecord, ReadBox, ReadClass, Reader, ReadImage, ReadOptions, Record
from app.formats.records import Box, Class, Image
from app.formats.registry import FORMATS
from app.formats.voc_reader import read_voc
from app.formats.yolo_reader import read_yolo
from tests.formats.datasets import DATASET

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv" / "readers" / "bin" / "python"
pytestmark = pytest.mark.skipif(
    not PYTHON.exists() and not os.environ.get("REQUIRE_READERS"), reason="`make readers` installs the readers"
)
ORIENTATION = 0x0112

CLASSES = (Class(1, "car", "#ff0000"), Class(2, 'Rad & <Fuß> "x"'), Class(3, "gone"), Class(4, "日本"))
TURNED = Image(8, "sets/turned.jpg", "drone-12/turned.jpg", 48, 64, "labeled", "val", orientation=6, filetype="JPEG")
TURNED = replace(TURNED, boxes=(Box(80, 1, "car", 0.0, 8.0, 47.0, 64.0),))


def image(image_id: int, file_name: str, split: str, *boxes: tuple[int, float, float, float, float]) -> Image:
    """An image with boxes of these classes and edges."""
    named = tuple(
        Box(
            image_id * 10 + number,
            one,
            CLASSES[one - 1].name,
            float(left),
            float(top),
            float(right),
            float(bottom),
            0.5,
        )
        for number, (one, left, top, right, bottom) in enumerate(boxes)
    )
    state = "labeled" if named else "empty"
    return Image(image_id, f"sets/{file_name}", file_name, 64, 48, state, split, filetype="JPEG", boxes=named)


IMAGES = (
    image(1, "drone-12/a.jpg", "train", (1, 0, 0, 64, 48), (2, 3, 4, 5, 6)),
    image(2, "drone-13/b c.jpg", "train", (4, 0.25, 2.5, 33.375, 47.75), (1, 10, 10, 20, 20)),
    image(3, "drone-13/ü.jpg", "train"),
    image(4, "drone-12/deep/er/d.jpg", "val", (2, 63, 47, 64, 48)),
    image(5, "drone-12/e.jpg", "val"),
    TURNED,
)
SAME_STEM = image(6, "drone-13/a.jpg", "val", (1, 1, 1, 2, 2))
IN_SETS = (*IMAGES, SAME_STEM)

# What each program reads of each format. Globox takes the size of a file from its head, without its orientation.
READERS = [
    ("coco", "pycocotools", IN_SETS),
    ("coco", "supervision", IN_SETS),
    ("coco", "datumaro", IN_SETS),
    ("coco", "globox", IN_SETS),
    ("yolo", "supervision", IN_SETS),
    ("yolo", "datumaro", IN_SETS),
    ("yolo", "globox", (*IMAGES[:-1], SAME_STEM)),
    ("voc", "supervision", IN_SETS),
    ("voc", "datumaro", IN_SETS),
    ("cvat", "datumaro", IN_SETS),
    ("cvat", "globox", IN_SETS),
    ("datumaro", "datumaro", IN_SETS),
    ("label-studio", "label-studio-sdk", IN_SETS),
    ("jsonl", "mltable", IN_SETS),
    ("jsonl", "duckdb", IN_SETS),
    ("csv", "duckdb", IN_SETS),
    ("parquet", "duckdb", IN_SETS),
]


def ask(*arguments: str | Path, home: Path) -> Any:
    """What the program of others answers."""
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    command = [PYTHON, ROOT / "tests" / "readers" / "field.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=110)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def picture(one: Image) -> bytes:
    """A file of this size, as displayed."""
    turned = one.orientation != 1
    exif = Picture.Exif()
    exif[ORIENTATION] = one.orientation
    content = io.BytesIO()
    size = (one.height, one.width) if turned else (one.width, one.height)
    Picture.new("RGB", size, (90, 120, 30)).save(content, "JPEG", exif=exif)
    return content.getvalue()


def export(kind: str, images: tuple[Image, ...], folder: Path, splits: tuple[str, ...] = ("train", "val")) -> Path:
    """Write a zip archive with image files, and unpack it in the folder."""
    path = folder / "export.zip"
    dataset = replace(DATASET, classes=CLASSES, splits=splits, image_count=len(images))
    with path.open("wb") as file, Archive(file) as archive:
        writer = FORMATS[kind].writer(dataset, archive, files=True)
        writer.write(images)
        writer.end()
        for one in images:
            content = picture(one)
            archive.add_stream(writer.name_of(one), len(content), zlib.crc32(content), [content])
        archive.end()
    with zipfile.ZipFile(path) as read:
        read.extractall(folder / "export")
    return folder / "export"


def identify(name: str, images: tuple[Image, ...]) -> int:
    """The id of the image that a program calls so, which may be a URL."""
    name = unquote(name)
    for one in images:
        for known in (one.file_name, flat_name(one), one.path):
            for tail in (known, str(PurePosixPath(known).with_suffix(""))):
                if re.search(rf"(^|[/=]){re.escape(tail)}$", name):
                    return one.image_id
    raise AssertionError(name)


def edges(kind: str, box: Box) -> list[float]:
    if kind != "voc":
        return [box.x_min, box.y_min, box.x_max, box.y_max]
    return [floor(box.x_min), floor(box.y_min), ceil(box.x_max), ceil(box.y_max)]


@pytest.mark.parametrize(("kind", "program", "images"), READERS, ids=[f"{one[0]}-{one[1]}" for one in READERS])
def test_a_program_reads_every_image_and_box(
    kind: str, program: str, images: tuple[Image, ...], tmp_path: Path
) -> None:
    found = ask("read", kind, program, export(kind, images, tmp_path), home=tmp_path)
    boxes = {identify(name, images): sorted(boxes) for name, boxes in found.items()}
    assert sorted(boxes) == [one.image_id for one in sorted(images, key=lambda one: one.image_id)]
    for one in images:
        stored = sorted([box.label, *edges(kind, box)] for box in one.boxes)
        assert [label for label, *_ in boxes[one.image_id]] == [label for label, *_ in stored]
        for (_, *read), (_, *expected) in zip(boxes[one.image_id], stored, strict=True):
            # Datumaro rounds to hundredths of a pixel.
            assert read == pytest.approx(expected, abs=0.0051 if program == "datumaro" else 1e-4)


def test_a_file_has_an_average_precision_of_1_against_itself(tmp_path: Path) -> None:
    folder = export("coco", IN_SETS, tmp_path, splits=("train", "val"))
    for path in (folder / "annotations").glob("*.json"):
        assert ask("average-precision", path, home=tmp_path) == pytest.approx(1.0)


# What each program makes of a COCO file of ours (of two, where it demands both parts; DuckDB of one of the same format), our
# reader of it, the file of it that we read (an archive of all where there is none), and whether images without a box are in it.
WRITERS: list[tuple[str, str, Reader, str, bool]] = [
    ("coco", "supervision", read_coco, "annotations.json", True),
    ("coco", "datumaro", read_coco, "annotations/instances_train.json", True),
    ("coco", "globox", read_coco, "annotations.json", True),
    ("yolo", "supervision", read_yolo, "", True),
    ("yolo_ultralytics", "datumaro", read_yolo, "", True),
    ("voc", "supervision", read_voc, "", True),
    ("voc", "datumaro", read_voc, "", False),
    ("voc", "globox", read_voc, "", True),
    ("cvat", "datumaro", read_cvat, "train.xml", True),
    ("cvat", "globox", read_cvat, "annotations.xml", True),
    ("datumaro", "datumaro", read_datumaro, "annotations/train.json", True),
    ("label-studio", "label-studio-sdk", read_label_studio, "tasks.json", True),
    ("csv", "duckdb", read_csv, "written.csv", True),
    ("jsonl", "duckdb", read_jsonl, "written.json", True),
    ("parquet", "duckdb", read_parquet, "written.parquet", True),
]


def flat(one: Image) -> Image:
    """The image in one folder, which all programs can write; supervision writes whole pixels to VOC."""
    boxes = tuple(
        box._replace(x_min=floor(box.x_min), y_min=floor(box.y_min), x_max=ceil(box.x_max), y_max=ceil(box.y_max))
        for box in one.boxes
    )
    return replace(one, file_name=PurePosixPath(one.file_name).name, boxes=boxes)


def pack(folder: Path) -> io.BytesIO:
    """An archive of all files in the folder."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return content


def collect(records: Iterable[Record], images: tuple[Image, ...]) -> dict[int, list[list[Any]]]:
    """The boxes in pixels that our reader found, by the id of the image."""
    read = list(records)
    assert not [one for one in read if isinstance(one, BadRecord)]
    classes = {one.key: one.name for one in read if isinstance(one, ReadClass)}
    names = {one.key: identify(one.name or one.key, images) for one in read if isinstance(one, ReadImage)}
    stored = {one.image_id: one for one in images}
    found: dict[int, list[list[Any]]] = {image_id: [] for image_id in names.values()}
    for box in read:
        if isinstance(box, ReadBox):
            one = stored[names[box.image_key]]
            whole = {"ratios": 1, "percent": 100}.get(box.unit)
            x, y = (one.width / whole, one.height / whole) if whole else (1, 1)
            label = box.label if box.class_key is None else classes[box.class_key]
            found[one.image_id].append([label, box.x_min * x, box.y_min * y, box.x_max * x, box.y_max * y])
    return {image_id: sorted(boxes) for image_id, boxes in found.items()}


@pytest.mark.parametrize(
    ("kind", "program", "read", "name", "has_empty"), WRITERS, ids=[f"{one[0]}-{one[1]}" for one in WRITERS]
)
def test_we_read_what_a_program_writes(
    kind: str, program: str, read: Reader, name: str, has_empty: bool, tmp_path: Path
) -> None:
    images = tuple(map(flat, IMAGES))
    splits: tuple[str, ...] = ("train", "val")
    if kind != "yolo_ultralytics":
        images = tuple(replace(one, split="train") for one in images)
        splits = ("train",)
    target = tmp_path / "written"
    target.mkdir()
    source = export(kind if program == "duckdb" else "coco", images, tmp_path, splits)
    ask("write", kind, program, source, target, home=tmp_path)
    file = (target / name).open("rb") if name else pack(target)
    with file:
        found = collect(read(file, ReadOptions()), images)
    expected = {
        one.image_id: sorted([box.label, box.x_min, box.y_min, box.x_max, box.y_max] for box in one.boxes)
        for one in images
        if one.boxes or has_empty
    }
    assert list(map(list, sorted(found.items()))) == [
        [image_id, [[label, *(pytest.approx(edge, abs=0.01) for edge in edges)] for label, *edges in boxes]]
        for image_id, boxes in sorted(expected.items())
    ]
