"""Numbers of boxes: single precision, as PostgreSQL and the answers have it."""

import math
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.database.engine import db
from app.services.boxes import columns_of, describe_box, has_area, is_single, lies_in, shortest, single

SMALLEST_NORMAL = 2.0**-126
NUMBERS = st.floats(0, 2**24, allow_subnormal=False) | st.integers(0, 2**24).map(float) | st.floats(0, 1)


@given(NUMBERS)
@hypothesis_settings(derandomize=True, deadline=None)
def test_the_shortest_decimal_gives_the_number_back_and_none_is_shorter(value: float) -> None:
    short, near = shortest(value), single(value)
    assert single(short) == near
    # Smaller numbers have fewer digits than single precision keeps elsewhere.
    if near >= SMALLEST_NORMAL:
        digits = len(Decimal(repr(short)).normalize().as_tuple().digits)
        assert all(single(float(f"{near:.{fewer}g}")) != near for fewer in range(1, digits))


def test_postgresql_has_the_same_decimals(app: Flask) -> None:
    values = [0.1, 478.3, 1919.99, 0.30000001192092896, 16777215.5, 1e-5, 0.87, 1 / 3, 2**24 - 1.0, 123456.789, 5e-40]
    with app.app_context():
        found = db.session.scalars(
            text("SELECT CAST(number AS text) FROM unnest(CAST(:values AS real[])) AS number"), {"values": values}
        ).all()
    assert [float(number) for number in found] == [shortest(value) for value in values]


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
@hypothesis_settings(derandomize=True, deadline=None)
def test_whole_pixels_hold_the_box(edges: tuple[float, float, float, float]) -> None:
    box = dict(zip(("xmin", "ymin", "xmax", "ymax"), edges, strict=True))
    columns = columns_of(box)
    around, exact = list(columns[:4]), list(columns[4:])
    near = [single(edge) for edge in edges]
    if exact == [None] * 4:
        assert around == near
    else:
        assert exact == near
        assert around == [math.floor(near[0]), math.floor(near[1]), math.ceil(near[2]), math.ceil(near[3])]
    assert not has_area(box) or (around[0] < around[2] and around[1] < around[3])


@pytest.mark.parametrize(
    ("box", "is_fit"),
    [
        ({"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}, True),
        ({"xmin": 0.5, "xmax": 0.500001, "ymin": 0, "ymax": 1}, True),
        ({"xmin": 9.25, "xmax": 9.2500001, "ymin": 0, "ymax": 1}, False),
        ({"xmin": 1e-50, "xmax": 1, "ymin": 0, "ymax": 1}, False),
        ({"xmin": 0, "xmax": 1, "ymin": -0.1, "ymax": 1}, False),
    ],
)
def test_a_box_has_an_area_in_single_precision(box: dict[str, float], is_fit: bool) -> None:
    assert has_area(box) == is_fit


def test_what_rounds_to_the_edge_lies_in_the_image() -> None:
    box = {"xmin": 0, "xmax": 1920.00001, "ymin": 0, "ymax": 1080}
    assert lies_in(box, 1920, 1080)
    assert not lies_in(box, 1919, 1080)
    assert describe_box(box | {"xmin": 1e-5}) == "xmin 0.00001, ymin 0, xmax 1920, ymax 1080"
    assert [is_single(value) for value in (0, 0.0, 1e-45, 1e-46, 7)] == [True, True, True, False, True]
