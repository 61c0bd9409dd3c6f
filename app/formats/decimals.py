"""Numbers in text files of strangers, as plain decimals."""

import re

from app.formats.values import MAX_NUMBER

# `float` would also take `nan`, `infinity`, `1_0` and the digits of other scripts.
_DECIMAL = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,3})?")


def read_decimal(text: str) -> float | None:
    """Return the number that a text is, such as `12`, `-0.5` or `1e-05`; None for what is none or does not fit into 32 bits."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = float(text)
    return number if -MAX_NUMBER <= number <= MAX_NUMBER else None
