"""Numbers of boxes in single precision (IEEE 754, binary32), in which they are compared, stored and answered.

A box has `xmin`, `ymin`, `xmax` and `ymax` in pixels. Most boxes have whole numbers, for which all of this is quick.
"""

import math
import struct
from decimal import Decimal
from functools import lru_cache
from typing import Any

_SINGLE = struct.Struct("<f")
_EDGES = struct.Struct("<4f")
# So many digits of a decimal number single precision keeps, and with so many any of its numbers is given back.
KEPT_DIGITS, NEEDED_DIGITS = 6, 9
SMALLEST_NORMAL = 2.0**-126
NO_EDGES = (None, None, None, None)


def single(value: float) -> float:
    """Return the nearest number of single precision. Raises OverflowError beyond its range."""
    return float(_SINGLE.unpack(_SINGLE.pack(value))[0])


def is_single(value: float) -> bool:
    """Return whether single precision has a number for this one: not where it has 0 for another number."""
    return type(value) is int or value == 0 or value >= SMALLEST_NORMAL or single(value) != 0


# Many objects have the same confidence.
@lru_cache(4096)
def shortest(value: float) -> float:
    """Return the number whose shortest decimal is the shortest one with the same nearest number of single precision."""
    near = single(value)
    for digits in range(KEPT_DIGITS, NEEDED_DIGITS):
        short = float(f"{near:.{digits}g}")
        if single(short) == near:
            return short
    return float(f"{near:.{NEEDED_DIGITS}g}")


def single_confidence(value: float | None) -> float | None:
    """Return a confidence in the form in which it is stored; None is one that is unknown."""
    return value if value is None or type(value) is int else shortest(value)


def edges_of(box: dict[str, float]) -> tuple[float, float, float, float]:
    """Return left, upper, right and lower edge."""
    left, upper, right, lower = edges = (box["xmin"], box["ymin"], box["xmax"], box["ymax"])
    if type(left) is type(upper) is type(right) is type(lower) is int:
        return edges
    return _EDGES.unpack(_EDGES.pack(*edges))


def has_area(box: dict[str, float]) -> bool:
    """Return whether a box has an area, lies below and right of the origin, and has numbers of single precision."""
    left, upper, right, lower = edges_of(box)
    if not (0 <= left < right and 0 <= upper < lower):
        return False
    return type(left) is int or ((left != 0 or box["xmin"] == 0) and (upper != 0 or box["ymin"] == 0))


def lies_in(box: dict[str, float], width: int, height: int) -> bool:
    """Return whether a box does not reach over the right and lower edges of an image."""
    # What is no greater is not rounded to what is greater.
    return (box["xmax"] <= width or single(box["xmax"]) <= width) and (
        box["ymax"] <= height or single(box["ymax"]) <= height
    )


def columns_of(box: dict[str, float]) -> tuple[Any, ...]:
    """Return the columns of a box: whole pixels around it (left, upper, right, lower), and its edges or four times None.

    A box that consists of whole pixels has no edges of its own.
    """
    left, upper, right, lower = edges = edges_of(box)
    if type(left) is int:
        # So are the others.
        return edges + NO_EDGES
    around = (math.floor(left), math.floor(upper), math.ceil(right), math.ceil(lower))
    return around + (edges if around != edges else NO_EDGES)


def read_box(box: dict[str, float]) -> tuple[Any, ...] | None:
    """Return the columns of a box that has an area, as `columns_of` does; None for another."""
    left, upper, right, lower = edges = (box["xmin"], box["ymin"], box["xmax"], box["ymax"])
    if type(left) is type(upper) is type(right) is type(lower) is int:
        return edges + NO_EDGES if 0 <= left < right and 0 <= upper < lower else None
    return columns_of(box) if has_area(box) else None


def describe_box(box: dict[str, float]) -> str:
    """Return the numbers of a box for a sentence."""
    return ", ".join(f"{name} {_plain(box[name])}" for name in ("xmin", "ymin", "xmax", "ymax"))


def _plain(value: float) -> str:
    if type(value) is int:
        return str(value)
    return f"{Decimal(str(shortest(value))).normalize():f}"
