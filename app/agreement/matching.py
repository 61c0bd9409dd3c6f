"""Which boxes of one labeling of an image are the same things as those of another."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

# From this intersection over union on, two boxes can be the same thing (as for PASCAL VOC).
MIN_IOU = 0.5
# An image of which more pairs of boxes would have to be looked at is not compared.
MAX_PAIRS = 1_000_000


class Box(NamedTuple):
    """A labeled box in pixels: its edges from the left and from the top, with a positive area."""

    id: int
    label: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float | None = None

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """The edges of the box: left, top, right and bottom."""
        return self[2:6]


class Match(NamedTuple):
    """A box of the first labeling and the same thing in the second one; None where there is none."""

    before: Box | None
    after: Box | None
    iou: float | None = None

    @property
    def kind(self) -> str:
        """What the second labeling made of the box; `same` where it is no other."""
        before, after, _ = self
        if before is None:
            return "added"
        if after is None:
            return "removed"
        if before.label != after.label:
            return "relabeled"
        if before.edges != after.edges:
            return "moved"
        return "same" if before.confidence == after.confidence else "changed"


class TooManyPairs(ValueError):
    """An image has so many boxes that overlap each other that they are not compared."""


def intersection_over_union(one: Box, other: Box) -> float:
    """Return the area that two boxes share, divided by the area that they cover together: 0 to 1."""
    _, _, left, top, right, bottom, _ = one
    _, _, other_left, other_top, other_right, other_bottom, _ = other
    # Twice as quick as `min` and `max`, and comparisons of labels spend most of their time here.
    width = (right if right < other_right else other_right) - (left if left > other_left else other_left)
    height = (bottom if bottom < other_bottom else other_bottom) - (top if top > other_top else other_top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = (right - left) * (bottom - top) + (other_right - other_left) * (other_bottom - other_top)
    return shared / (areas - shared)


def match_boxes(before: Sequence[Box], after: Sequence[Box]) -> list[Match]:
    """Return every box of two labelings of an image once, alone or in a pair.

    Equal boxes are paired first, then those with the same label, then those with any labels. In each of these rounds the pair
    with the greatest intersection over union comes first, from MIN_IOU on, then the one with smaller ids. Boxes without a
    pair come last. Raises TooManyPairs.
    """
    matches: list[Match] = []
    left_before, left_after = {box.id: box for box in before}, {box.id: box for box in after}

    def take(pairs: Iterable[Pair]) -> None:
        # Their order is that of the numbers and ids, which no two pairs share.
        for opposite, one_id, other_id, one, other in sorted(pairs):
            if one_id in left_before and other_id in left_after:
                del left_before[one_id], left_after[other_id]
                matches.append(Match(one, other, -opposite))

    take(_equal(before, after))
    if left_before and left_after:
        near = list(_near(list(left_before.values()), list(left_after.values())))
        take(pair for pair in near if pair[3].label == pair[4].label)
        if left_before and left_after:
            take(near)
    matches += (Match(box, None) for box in left_before.values())
    matches += (Match(None, box) for box in left_after.values())
    return matches


# The opposite of the intersection over union, the ids of two boxes, and the boxes.
Pair = tuple[float, int, int, Box, Box]


def _equal(before: Sequence[Box], after: Sequence[Box]) -> Iterator[Pair]:
    """Yield equal boxes, the first one of each kind with the first one, and so on."""
    places: dict[tuple[object, ...], list[Box]] = {}
    for box in sorted(after, reverse=True):
        places.setdefault(box[1:], []).append(box)
    for box in sorted(before):
        same = places.get(box[1:])
        if same:
            other = same.pop()
            yield -1.0, box.id, other.id, box, other


def _near(before: Sequence[Box], after: Sequence[Box]) -> Iterator[Pair]:
    """Yield the pairs of boxes with an intersection over union of MIN_IOU or more."""
    ordered = sorted(after, key=attrgetter("left"))
    lefts = [box.left for box in ordered]
    count = 0
    for one in before:
        # Boxes that share half of what they cover begin no farther from each other than one of them is wide.
        width = one.right - one.left
        begin, end = bisect_left(lefts, one.left - width), bisect_right(lefts, one.left + width)
        count += end - begin
        if count > MAX_PAIRS:
            raise TooManyPairs
        for other in ordered[begin:end]:
            iou = intersection_over_union(one, other)
            if iou >= MIN_IOU:
                yield -iou, one.id, other.id, one, other
