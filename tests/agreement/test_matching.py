"""Matching of boxes: against a plain version that looks at every pair, and by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.agreement import matching
from app.agreement.matching import MIN_IOU, Box, Match, TooManyPairs, intersection_over_union, match_boxes


def oracle(before: list[Box], after: list[Box]) -> set[tuple[int | None, int | None]]:
    """The contract, in few lines: all pairs, round by round."""
    found: set[tuple[int | None, int | None]] = set()
    for fits in (
        lambda one, other: one[1:] == other[1:],
        lambda one, other: one.label == other.label,
        lambda one, other: True,
    ):
        pairs = [(one, other) for one in before for other in after if fits(one, other)]
        pairs = [pair for pair in pairs if intersection_over_union(*pair) >= MIN_IOU]
        for one, other in sorted(pairs, key=lambda pair: (-intersection_over_union(*pair), pair[0].id, pair[1].id)):
            taken = {each for pair in found for each in pair}
            if one.id not in taken and other.id not in taken:
                found.add((one.id, other.id))
    paired = {each for pair in found for each in pair}
    alone = {(box.id, None) for box in before if box.id not in paired}
    return found | alone | {(None, box.id) for box in after if box.id not in paired}


@st.composite
def boxes(draw: st.DrawFn, first_id: int) -> list[Box]:
    """Boxes on a small grid, so that many of them are equal or overlap."""
    made = []
    for number in range(draw(st.integers(0, 6))):
        left, top = draw(st.integers(0, 4)) / 2, draw(st.integers(0, 4))
        width, height = draw(st.integers(1, 4)), draw(st.integers(1, 4)) / 2
        label, confidence = draw(st.sampled_from("ab")), draw(st.sampled_from([None, 0.5]))
        made.append(Box(first_id + number, label, left, top, left + width, top + height, confidence))
    return made


@given(boxes(1), boxes(101))
@settings(derandomize=True, deadline=None, max_examples=500)
def test_it_is_what_looking_at_every_pair_gives(before: list[Box], after: list[Box]) -> None:
    found = match_boxes(before, after)
    pairs = [(match.before and match.before.id, match.after and match.after.id) for match in found]
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) == oracle(before, after)
    for match in found:
        if match.before and match.after:
            assert match.iou == intersection_over_union(match.before, match.after)


def test_the_area_that_boxes_share() -> None:
    one = Box(1, "a", 0, 0, 4, 2)
    assert intersection_over_union(one, one._replace(id=2)) == 1
    assert intersection_over_union(one, Box(2, "a", 2, 0, 6, 2)) == pytest.approx(4 / 12)
    assert intersection_over_union(one, Box(2, "a", 4, 0, 8, 2)) == 0
    assert intersection_over_union(one, Box(2, "a", 0, 5, 4, 7)) == 0


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Box(1, "a", 0, 0, 4, 4), Box(2, "a", 0, 0, 4, 4), "same"),
        (Box(1, "a", 0, 0, 4, 4, 0.5), Box(2, "a", 0, 0, 4, 4), "changed"),
        (Box(1, "a", 0, 0, 4, 4), Box(2, "a", 0, 1, 4, 5), "moved"),
        (Box(1, "a", 0, 0, 4, 4), Box(2, "b", 0, 1, 4, 5), "relabeled"),
        (None, Box(2, "b", 0, 1, 4, 5), "added"),
        (Box(1, "a", 0, 0, 4, 4), None, "removed"),
    ],
)
def test_what_became_of_a_box(before: Box | None, after: Box | None, kind: str) -> None:
    found = match_boxes([before] if before else [], [after] if after else [])
    assert [match.kind for match in found] == [kind]


def test_too_far_apart_is_another_thing() -> None:
    found = match_boxes([Box(1, "a", 0, 0, 4, 4)], [Box(2, "a", 2, 0, 6, 4)])
    assert [match.kind for match in found] == ["removed", "added"]


def test_an_equal_box_goes_before_one_with_a_smaller_id() -> None:
    before, near, equal = Box(1, "a", 0, 0, 9, 9), Box(2, "a", 0, 0, 9, 8), Box(3, "a", 0, 0, 9, 9)
    assert match_boxes([before], [near, equal])[0] == Match(before, equal, 1.0)


def test_an_image_with_too_many_pairs_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_PAIRS", 3)
    before, after = [[Box(10 * side + n, "a", 0, 0, 9, 9 - side) for n in range(2)] for side in (0, 1)]
    with pytest.raises(TooManyPairs):
        match_boxes(before, after)
    # What lies elsewhere is not looked at.
    far = [Box(30 + n, "a", 100 * n + 50, 0, 100 * n + 60, 9) for n in range(9)]
    assert len(match_boxes(far, [box._replace(id=box.id + 20, bottom=8) for box in far[:3]])) == 9
