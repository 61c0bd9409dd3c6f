"""One strict parse of a JSON body, as in RFC 8259 and I-JSON (RFC 7493)."""

import math
from typing import Any

import jiter

from app.errors import BadRequest

MAX_DEPTH = 32
MAX_ERROR_LENGTH = 200
MAX_INTEGER = 2**63 - 1


def from_json(text: bytes, *, is_known: bool = False) -> Any:
    """Return the value of a JSON text, without looking into it. Raises ValueError with the place of what is wrong.

    In a text that is known, because it was parsed before, no key stands twice, and nothing looks for that again.
    """
    return jiter.from_json(text, allow_inf_nan=False, catch_duplicate_keys=not is_known)


def parse(raw: bytes) -> Any:
    """Return the value of a JSON text, strictly as in RFC 8259 and I-JSON (RFC 7493).

    Raises BadRequest for anything that is not UTF-8, for NaN and Infinity, a key that stands twice, lone surrogates,
    and in objects (whose inside a schema may leave open) also for nesting deeper than 32, NUL, and numbers beyond
    64 bits.
    """
    try:
        body = from_json(raw)
    except ValueError as error:
        raise BadRequest(f"The body is not valid JSON: {str(error)[:MAX_ERROR_LENGTH]}.") from None
    # The schemas of lists are closed to the last value, which says all that this would.
    if isinstance(body, dict):
        _check_value(body, "", 1)
    return body


def _check_value(value: Any, pointer: str, depth: int) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise _refuse(pointer, "holds the character NUL, which cannot be stored")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _refuse(pointer, "is a number too large to be stored")
    elif isinstance(value, int):
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            raise _refuse(pointer, "is an integer beyond 64 bits")
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise _refuse(pointer, f"is nested deeper than {MAX_DEPTH} levels")
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            if isinstance(key, str) and "\x00" in key:
                raise _refuse(pointer, "has a key with the character NUL, which cannot be stored")
            _check_value(item, f"{pointer}/{str(key)[:64]}", depth + 1)


def _refuse(pointer: str, message: str) -> BadRequest:
    pointer = pointer[:MAX_ERROR_LENGTH]
    return BadRequest(f"{pointer or 'The body'} {message}.", errors=[{"pointer": pointer, "detail": message}])
