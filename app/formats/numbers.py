"""Numbers as text, in one form for all formats, so that equal snapshots give equal bytes on every version of Python."""

from decimal import Decimal


def pixels(value: float) -> str:
    """Return the shortest decimal without an exponent; whole numbers have no point: `247`, `478.3`, `0.00001`."""
    return str(int(value)) if value % 1 == 0 else _plain(value)


def decimal(value: float) -> str:
    """Return the shortest decimal without an exponent, always with a point, as readers of ratios want it: `1.0`, `0.25`."""
    return f"{int(value)}.0" if value % 1 == 0 else _plain(value)


def difference(high: float, low: float) -> str:
    """Return `high - low` of two such decimals without the error of binary fractions: 0.3 and 0.1 make `0.2`."""
    if high % 1 == 0 and low % 1 == 0:
        return str(int(high) - int(low))
    return _trimmed(Decimal(repr(high)) - Decimal(repr(low)))


def product(width: str, height: str) -> str:
    """Return the product of two decimals as the same kind of text: `0.5` and `3` make `1.5`."""
    if width.isdigit() and height.isdigit():
        return str(int(width) * int(height))
    return _trimmed(Decimal(width) * Decimal(height))


def _plain(value: float) -> str:
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text


def _trimmed(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
