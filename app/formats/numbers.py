"""Numbers as text, in one form for all formats, so that equal snapshots give equal bytes on every version of Python."""

from decimal import Decimal


def pixels(value: float) -> str:
    """Return the shortest decimal without an exponent; whole numbers have no point: `247`, `478.3`, `0.00001`."""
    return str(int(value)) if value.is_integer() else _plain(value)


def decimal(value: float) -> str:
    """Return the shortest decimal without an exponent, always with a point, as readers of ratios want it: `1.0`, `0.25`."""
    return f"{int(value)}.0" if value.is_integer() else _plain(value)


def _plain(value: float) -> str:
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text else text
