"""What people and a model say of the pictures, as COCO files; and what they were asked to do."""

import json
import random
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from floating import KINDS
from pictures import Picture

SEED = 7
CLASSES = """\
- {name: bottle, key: "1", color: "#2f9e44", description: "Bottles of plastic and glass, whole or crushed."}
- {name: bag, key: "2", color: "#1c7ed6", aliases: ["plastic bag"], description: "Bags and pieces of foil."}
- {name: wood, key: "3", color: "#f08c00", description: "Logs, branches and planks longer than 30 cm."}
- {name: can, key: "4", color: "#e03131"}
- {name: foam, key: "5", color: "#ae3ec9", aliases: ["polystyrene"], description: "Broken pieces of polystyrene."}
- {name: crate, key: "6", color: "#0c8599"}
"""
INSTRUCTIONS = """\
Draw a box around **every thing that floats and was made or cut by people**, as tight as you can.

- Leave out birds, leaves and foam on the water.
- Include what the water laps over, if you can tell its outline.
- If a picture cannot be labeled, say so, with the reason.
"""


@dataclass(frozen=True)
class Found:
    """A thing that somebody or something found: edges in pixels, and a confidence if it is a model."""

    label: str
    box: tuple[float, float, float, float]
    confidence: float | None = None


Labels = Iterator[tuple[Picture, list[Found]]]


def as_labeled(pictures: Iterable[Picture], *, without_last: Container[Picture] = ()) -> Labels:
    """Yield what a careful person draws: each edge a pixel or so beside the truth."""
    rng = random.Random(SEED)  # noqa: S311  # Labels are no secrets.
    for picture in pictures:
        found = [Found(each.label, _moved(rng, each.box, picture, 0.8)) for each in picture.things]
        yield picture, found[:-1] if picture in without_last else found


def as_predicted(pictures: Iterable[Picture]) -> Labels:
    """Yield what a fair detector finds: it misses some things, confuses some, and takes a wave for foam now and then."""
    rng = random.Random(SEED)  # noqa: S311  # Labels are no secrets.
    for picture in pictures:
        found = []
        for each in picture.things:
            spread = 0.05 * max(each.box[2] - each.box[0], each.box[3] - each.box[1])
            label = rng.choice(list(KINDS)) if rng.random() < 0.07 else each.label
            if rng.random() < 0.86:
                found.append(Found(label, _moved(rng, each.box, picture, spread), round(rng.uniform(0.55, 0.98), 2)))
        if rng.random() < 0.15:
            x, y = rng.uniform(0, picture.width - 80), rng.uniform(0, picture.height / 2)
            found.append(Found("foam", (round(x, 1), round(y, 1), round(x + 60, 1), round(y + 38, 1)), 0.41))
        yield picture, found


def as_coco(labels: Labels) -> bytes:
    """Return a COCO file, of which many tools write one."""
    numbers = {label: number for number, label in enumerate(KINDS, 1)}
    images: list[Any] = []
    annotations: list[Any] = []
    for picture, found in labels:
        size = {"width": picture.width, "height": picture.height}
        images.append({"id": len(images) + 1, "file_name": picture.name, **size})
        for each in found:
            left, top, right, bottom = each.box
            box = [left, top, round(right - left, 2), round(bottom - top, 2)]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": len(images),
                    "category_id": numbers[each.label],
                    "bbox": box,
                    "area": round(box[2] * box[3], 2),
                    "iscrowd": 0,
                    **({} if each.confidence is None else {"score": each.confidence}),
                }
            )
    categories = [{"id": number, "name": label} for label, number in numbers.items()]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories}).encode()


def _moved(
    rng: random.Random, box: tuple[int, int, int, int], picture: Picture, spread: float
) -> tuple[float, float, float, float]:
    """Return a box whose edges are about so many pixels elsewhere, within the picture."""
    left, top, right, bottom = (edge + rng.gauss(0, spread) for edge in box)
    left, top = max(0.0, min(left, right - 3)), max(0.0, min(top, bottom - 3))
    right, bottom = min(right, float(picture.width)), min(bottom, float(picture.height))
    return round(left, 1), round(top, 1), round(right, 1), round(bottom, 1)
