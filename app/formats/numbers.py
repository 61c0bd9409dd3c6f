"""Numbers as text, in one form for all formats, so that equal snapshots give equal bytes on every version of Python."""

from decimal import Decimal
from functools import lru_cache


def pixels(value: float) -> str:
    """Return the shortest decimal without an exponent; whole numbers have no point: `247`, `478.3`, `0.00001`."""
    return str(int(value)) if type(value) is int or value % 1 == 0 else _plain(value)


def decimal(value: float) -> str:
    """Return the shortest decimal without an exponent, always with a point, as readers of ratios want it: `1.0`, `0.25`."""
    return f"{int(value)}.0" if value % 1 == 0 else _plain(value)


# Many boxes have the same confidence.
confidence_text = lru_cache(4096)(decimal)


def difference(high: float, low: float) -> str:
    """Return `high - low` of two such decimals without the error of binary fractions: 0.3 and 0.1 make `0.2`."""
    if high % 1 == 0 and low % 1 == 0:
        return str(int(high) - int(low))
    return _trimmed(Decimal(repr(high)) - Decimal(repr(low)))


def corner_and_size(
    left: float, top: float, right: float, bottom: float
) -> tuple[object, object, object, object, object]:
    """Return `x, y, width, height` of a box and its area, whose texts are decimals of the same kind.

    Most boxes are of whole pixels, for which integers take a third of the time.
    """
    if type(left) is type(top) is type(right) is type(bottom) is int:
        width, height = right - left, bottom - top
        return left, top, width, height, width * height
    x, y, right_pixel, bottom_pixel = int(left), int(top), int(right), int(bottom)
    if x == left and y == top and right_pixel == right and bottom_pixel == bottom:
        width, height = right_pixel - x, bottom_pixel - y
        return x, y, width, height, width * height
    wide, high = difference(right, left), difference(bottom, top)
    return pixels(left), pixels(top), wide, high, _trimmed(Decimal(wide) * Decimal(high))


def _plain(value: float) -> str:
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def _trimmed(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
