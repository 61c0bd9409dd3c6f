"""Numbers of all formats have one form."""

import pytest

from app.formats.numbers import decimal, pixels


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
