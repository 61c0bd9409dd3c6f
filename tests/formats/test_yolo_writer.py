"""YOLO as Ultralytics reads it, byte for byte."""

import struct
from collections.abc import Sequence
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.formats.members import UnsupportedError, Writer
from app.formats.numbers import decimal
from app.formats.records import Class, Dataset, Image, Loss
from app.formats.yolo_writer import CAMPAIGN, CLOSE, CONFIDENCE, EQUAL, IDS, NO_TRAIN, NO_VAL, SMALL, YoloWriter
from tests.formats import writing
from tests.formats.datasets import DATASET, IMAGES, Kept, box, image


def write(images: Sequence[Image], dataset: Dataset = DATASET) -> tuple[dict[str, str], Writer]:
    kept, writer = writing.write(YoloWriter, images, dataset)
    return kept.texts(), writer


def test_every_image_has_its_rows_and_the_classes_keep_their_places() -> None:
    texts, writer = write(IMAGES)
    assert texts == {
        "labels/train/000003_b.txt": "0 0.5 0.5 1.0 1.0\n"
        "1 0.00546875 0.019444444444444445 0.0005208333333333333 0.001851851851851852\n",
        "labels/val/000004_a_b.txt": "0 0.16724999999999998 0.5075 0.33383333333333337 0.965\n",
        "labels/train/1234567_Gr_n.txt": "",
        "data.yaml": "train: images/train\nval: images/val\nnc: 3\nnames:\n"
        '  0: "car"\n  1: "a,\\"b\\"\\\\ <&> \U0001f600"\n  2: "gone"\n',
    }
    assert (writer.tally.images, writer.tally.objects, writer.tally.losses) == (
        3,
        3,
        {IDS: Loss(3, 3), CONFIDENCE: Loss(1, 1)},
    )
    assert [writer.name_of(each) for each in IMAGES] == [
        "images/train/000003_b.jpg",
        "images/val/000004_a_b.jpg",
        "images/train/1234567_Gr_n.png",
    ]


@pytest.mark.parametrize(
    ("splits", "places", "missing"),
    [
        ((), {"train": "train", "val": "train"}, {NO_VAL}),
        (("train",), {"train": "train", "val": "train"}, {NO_VAL}),
        (("train", "val", "test"), {"train": "train", "val": "val", "test": "test"}, set()),
        (("val", "test"), {"train": "val", "val": "val", "test": "test"}, {NO_TRAIN}),
        (("test",), {"train": "test", "val": "test", "test": "test"}, {NO_TRAIN, NO_VAL}),
    ],
)
def test_a_part_that_is_missing_is_replaced_and_said(
    splits: tuple[str, ...], places: dict[str, str], missing: set[str]
) -> None:
    images = [image(1, "a.jpg", 20, 20, split=splits[0] if splits else None)]
    texts, writer = write(images, replace(DATASET, splits=splits))
    read = yaml.safe_load(texts["data.yaml"])
    assert {key: read[key] for key in places} == {key: f"images/{place}" for key, place in places.items()}
    assert set(read) == {*places, "nc", "names"}
    assert writer.tally.losses == dict.fromkeys({IDS, *missing}, Loss(1, 0))
    assert writer.name_of(images[0]) == f"images/{splits[0] if splits else 'train'}/000001_a.jpg"


def test_what_readers_drop_is_counted() -> None:
    twice = [box(1, 1, 0, 0, 5, 5), box(2, 1, 0, 0, 5, 5), box(3, 2, 0, 0, 5, 5)]
    of_campaign = box(4, 1, 1, 1, 2, 2)._replace(campaign="Other")
    _, writer = write([image(1, "a.jpg", 9, 20, *twice, of_campaign), image(2, "b.jpg", 20, 20, *twice[:1])])
    assert writer.tally.losses == {IDS: Loss(2, 5), EQUAL: Loss(1, 1), CAMPAIGN: Loss(1, 1), SMALL: Loss(1, 4)}


def test_an_edge_that_comes_back_moved_is_counted() -> None:
    _, writer = write([image(1, "a.jpg", 100, 100, box(1, 1, 0, 1e-7, 1, 1), box(2, 1, 0, 1e-5, 1, 1))])
    assert writer.tally.losses[CLOSE] == Loss(1, 1)


def test_a_snapshot_without_a_class_is_refused_in_words() -> None:
    with pytest.raises(UnsupportedError, match="YOLO needs at least one class"):
        YoloWriter(replace(DATASET, classes=()), Kept(), files=False)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=3))
def test_every_name_is_read_back(names: list[str]) -> None:
    classes = tuple(Class(number, name) for number, name in enumerate(names, 1))
    texts, _ = write([], replace(DATASET, classes=classes))
    assert yaml.safe_load(texts["data.yaml"])["names"] == dict(enumerate(names))


def single(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def shortest(value: float) -> float:
    """The float whose `repr` is the shortest decimal that gives the same float32."""
    return next(short for digits in range(1, 18) if single(short := float(f"{value:.{digits}g}")) == value)


def test_a_number_has_no_exponent() -> None:
    texts, _ = write(
        [image(1, "a.jpg", 2**20, 10, box(1, 1, 0, 0, 2**-5, 10), box(2, 1, 0, 0, 2**20, 10), split="train")]
    )
    assert (
        texts["labels/train/000001_a.txt"]
        == "0 0.000000014901161193847656 0.5 0.000000029802322387695312 1.0\n0 0.5 0.5 1.0 1.0\n"
    )


SIZES = st.integers(1, 100_000)
SHARES = st.floats(0, 1, width=32)


@given(SIZES, SHARES, SHARES)
def test_edges_come_back_as_the_same_float32(size: int, one: float, other: float) -> None:
    low, high = (shortest(min(single(share * size), float(size))) for share in sorted((one, other)))
    if low < high:
        texts, writer = write([image(1, "a.jpg", size, size, box(1, 1, low, low, high, high), split="train")])
        numbers = texts["labels/train/000001_a.txt"].split()[1:]
        x, y, width, height = map(float, numbers)
        assert numbers == [decimal(number) for number in (x, y, width, height)]
        assert (x, width) == (y, height)
        assert CLOSE in writer.tally.losses or single((x - width / 2) * size) == single(low)
        assert single((x + width / 2) * size) == single(high)
