"""Single values in files of strangers: what is no number, text, key or size, in words for the report."""

import math
from typing import Any

from app.formats.reading import BadKind

# Coordinates lie within 32 bits, as in requests; images are far smaller.
MAX_NUMBER = 2**31
MAX_KEY = 2**63
# Names in blob storage have at most 1,024 characters; labels are shorter.
MAX_TEXT_LENGTH = 1024


class UnfitError(Exception):
    """A part of a record does not fit; `kind` and the message stand in the report."""

    def __init__(self, kind: BadKind, message: str) -> None:
        """Say what does not fit."""
        super().__init__(message)
        self.kind: BadKind = kind


def are_numbers(values: list[Any] | tuple[Any, ...]) -> bool:
    """Return whether all are numbers, finite, and within 32 bits; a boolean is none."""
    for value in values:
        if (type(value) is not int and type(value) is not float) or not -MAX_NUMBER <= value <= MAX_NUMBER:
            return False
    return True


def read_number(value: Any, what: str) -> float:
    """Return a number as float. `what` names it in the error, as in "the width of the box"."""
    if not are_numbers((value,)):
        raise UnfitError("bad_box", f"{what} must be a number within 32 bits, and is {describe(value)}")
    return float(value)


def read_confidence(value: Any, what: str) -> float | None:
    """Return a confidence from 0 to 1; None where there is none."""
    if value is None or (type(value) is float and 0 <= value <= 1):
        return value
    number = read_number(value, what)
    if not 0 <= number <= 1:
        raise UnfitError("bad_box", f"{what} must lie between 0 and 1")
    return number


def read_text(value: Any, what: str, kind: BadKind = "bad_record") -> str:
    """Return a text that a database and UTF-8 can hold."""
    if type(value) is not str:
        raise UnfitError(kind, f"{what} must be a text, and is {describe(value)}")
    if not value or len(value) > MAX_TEXT_LENGTH:
        raise UnfitError(kind, f"{what} must have 1 to {MAX_TEXT_LENGTH:,} characters, and has {len(value):,}")
    if "\0" in value:
        raise UnfitError(kind, f"{what} has the character U+0000, which cannot be stored")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise UnfitError(kind, f"{what} has half of a surrogate pair, which is no character")
    return value


def read_key(value: Any, what: str, kind: BadKind = "bad_record") -> str:
    """Return an id as text: a whole number of 64 bits, also one with a point such as `5.0`, or a text."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is str:
        return read_text(value, what, kind)
    if type(value) is not int:
        raise UnfitError(kind, f"{what} must be a whole number or a text, and is {describe(value)}")
    if not -MAX_KEY <= value < MAX_KEY:
        raise UnfitError(kind, f"{what} must be a whole number of 64 bits, and is larger")
    return str(value)


def read_size(value: Any, what: str) -> int | None:
    """Return a width or height in pixels; None where there is none."""
    if value is None:
        return None
    if not are_numbers((value,)) or value < 1 or value != math.floor(value):
        raise UnfitError("bad_record", f"{what} must be a whole number of pixels, and is {describe(value)}")
    return int(value)


def read_image_id(value: Any, what: str) -> int | None:
    """Return an image id of ours; None where there is none."""
    if value is None:
        return None
    if type(value) is not int or not 1 <= value < MAX_KEY:
        raise UnfitError("bad_record", f"{what} must be the id of an image, and is {describe(value)}")
    return value


def describe(value: Any) -> str:
    """Return in words what a value is, without its content unless that is a number."""
    match value:
        case None:
            return "missing or null"
        case bool():
            return "true or false"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case float() if math.isnan(value):
            return "not a number (NaN)"
        case float() if math.isinf(value):
            return "infinite"
    return str(value) if abs(value) <= MAX_NUMBER else "too large"
