"""Numbers of all formats have one form."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.numbers import corner_and_size, decimal, difference, pixels


@pytest.mark.parametrize(
    ("value", "as_pixels", "as_decimal"),
    [
        (0.0, "0", "0.0"),
        (247.0, "247", "247.0"),
        (478.3, "478.3", "478.3"),
        (1e-05, "0.00001", "0.00001"),
        (1.5e-07, "0.00000015", "0.00000015"),
        (16777215.0, "16777215", "16777215.0"),
    ],
)
def test_numbers_are_the_shortest_decimals_without_an_exponent(value: float, as_pixels: str, as_decimal: str) -> None:
    assert (pixels(value), decimal(value)) == (as_pixels, as_decimal)


@pytest.mark.parametrize(
    ("high", "low", "expected"),
    [
        (960.0, 480.0, "480"),
        (0.3, 0.1, "0.2"),
        (478.3, 0.1, "478.2"),
        (1.5, 0.5, "1"),
        (10.25, 0.25, "10"),
        (100.5, 0.0, "100.5"),
        (1.0, 1e-05, "0.99999"),
        (3e-06, 1e-06, "0.000002"),
    ],
)
def test_a_difference_has_no_error_of_binary_fractions(high: float, low: float, expected: str) -> None:
    assert difference(high, low) == expected


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ((480.0, 540.0, 960.0, 810.0), ("480", "540", "480", "270", "129600")),
        ((480, 540, 960, 810), ("480", "540", "480", "270", "129600")),
        ((0.1, 540.0, 478.3, 540.5), ("0.1", "540", "478.2", "0.5", "239.1")),
        ((0.5, 0.0, 1.0, 4.0), ("0.5", "0", "0.5", "4", "2")),
        ((0.0, 0.0, 2e-06, 0.1), ("0", "0", "0.000002", "0.1", "0.0000002")),
    ],
)
def test_a_box_is_a_corner_a_size_and_an_area(
    edges: tuple[float, float, float, float], expected: tuple[str, ...]
) -> None:
    assert tuple(map(str, corner_and_size(*edges))) == expected


@given(st.floats(0, 100_000, width=32), st.floats(0, 100_000, width=32))
def test_a_reader_that_adds_the_difference_is_back_at_the_same_float32(first: float, second: float) -> None:
    low, high = sorted((shortest(first), shortest(second)))
    assert as_float32(low + float(difference(high, low))) == as_float32(high)


def as_float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])


def shortest(value: float) -> float:
    """Return the Python float of the shortest decimal that gives the same float32 back."""
    return next(found for digits in range(1, 10) if as_float32(found := float(f"{value:.{digits}g}")) == value)


def test_integers_are_numbers_too() -> None:
    assert (pixels(3), decimal(3), difference(3, 1)) == ("3", "3.0", "2")
