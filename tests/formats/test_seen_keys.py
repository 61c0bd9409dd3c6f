"""Keys that come twice are found, also when many are asked about at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats import seen_keys
from app.formats.seen_keys import SeenKeys

KEYS = st.one_of(st.integers(-3000, 3000), st.integers(-(2**70), 2**70))
RUNS = st.builds(lambda first, count: list(range(first, first + count)), KEYS, st.integers(1, 3000))


@given(batches=st.lists(RUNS | st.lists(KEYS, min_size=1, max_size=20), max_size=5))
def test_many_keys_are_remembered_together_or_not_at_all(batches: list[list[int]]) -> None:
    seen, known = SeenKeys(), set[int]()
    for keys in batches:
        are_new = len({*keys}) == len(keys) and known.isdisjoint(keys)
        assert seen.add_all(keys) == are_new
        known |= {*keys} if are_new else set()
    for keys in batches:
        for key in keys[:50]:
            assert seen.add(key) == (key in known)
            known.add(key)


def test_memory_for_keys_without_order_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_keys, "MAX_PAGES", 3)
    seen = SeenKeys()
    far = [number << 20 for number in range(10)]
    assert seen.add_all(far)
    assert [seen.add(key) for key in far] == [True] * 3 + [False] * 7
