"""JSON of strangers, read through a window of bounded size: a part of it at a time, in one pass, whatever its order.

orjson decodes what is in the window, or the C scanner of the standard library. What the scanner takes though RFC 8259 does not is
refused here: a key that an object has twice, bytes that are not UTF-8. `NaN` and `Infinity` become floats, which the checks of
numbers refuse where they stand.
"""

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson

from app.formats.reading import FormatError
from app.formats.safe_zip import ByteSource

CHUNK_BYTES = 256 * 1024
# One value that is decoded as a whole may have so many characters; as Python objects it takes up to thirty times as much.
MAX_VALUE_LENGTH = 1024 * 1024
# Containers that are walked piece by piece stand in one another; the scanner has its own limit within a value.
MAX_DEPTH = 32
MAX_MEMBERS = 1000
# A key in a message is cut after so many characters.
_SHOWN = 40
_BLANKS = re.compile(r"[ \t\n\r]*")
# What stands between two values in a list, with the first key of the second where it is an object.
_SEPARATOR = re.compile(r'[}\]]?[ \t\n\r]*,[ \t\n\r]*(\{[ \t\n\r]*"[^"\\]{0,40}"|\[|)')
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
# With each digit made a zero, a number that may have more than 64 bits has these digits.
_LONG_NUMBER = b"0" * 19
_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_CUT_SHORT = "the file ends in the middle; it was cut short"
# A number that the window cuts, such as `1e+` of `1e+5`, can end up to three characters before the cut.
_CUT_NUMBER = 3
_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class TooLongError(FormatError):
    """A value has more than MAX_VALUE_LENGTH characters."""


class JsonWindow:
    """Walks through a JSON text. Raises FormatError where it is no JSON, or is made to do harm.

    `members` and `elements` yield before each value, which the caller then takes by one of the methods.
    """

    def __init__(self, file: ByteSource, chunk_bytes: int = CHUNK_BYTES, *, may_be_empty: bool = False) -> None:
        """Begin at the place where the file stands."""
        self._file = file
        self._chunk_bytes = chunk_bytes
        self._text, self._at, self._has_ended = "", 0, False
        self._bytes_read = self._lines_dropped = self._line_at = self._lines_to_there = 0
        self._depth = 0
        self._is_read_singly = False
        self._scan = json.JSONDecoder().raw_decode
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._begin(may_be_empty)

    @property
    def line(self) -> int:
        """The number of the line in which the window stands, from 1."""
        self._lines_to_there += self._text.count("\n", self._line_at, self._at)
        self._line_at = self._at
        return self._lines_dropped + self._lines_to_there + 1

    def peek(self) -> str:
        """Return the next character after blanks, and leave it there; an empty text at the end of the file."""
        while True:
            self._at = _end_of_blanks(self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def value(self) -> Any:
        """Return the next value, decoded. Raises TooLongError when it has more than MAX_VALUE_LENGTH characters."""
        self.peek()
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except json.JSONDecodeError as error:
                self._fill_or_refuse(error)
                continue
            except RecursionError:
                raise self.error("lists or objects stand too deep in one another") from None
            except ValueError:
                # It is Python's own limit, against the time that such a number takes.
                raise self.error("a number has more than 4,300 digits") from None
            if end + _CUT_NUMBER < len(self._text) or not self._fill():
                break
        if end - self._at > MAX_VALUE_LENGTH:
            raise self._too_long()
        if self._may_repeat_keys(value, end):
            value = self._decode_strictly()
        self._at = end
        return value

    def members(self) -> Iterator[str]:
        """Yield the keys of the object that comes next, each before its value."""
        seen: set[str] = set()
        for _ in self._items("{", "}", "an object"):
            key = self.value() if self.peek() == '"' else None
            if key is None:
                raise self._expected("a key in double quotes")
            if key in seen:
                raise self.error(f"the key {_shown(key)} stands twice in one object")
            if len(seen) == MAX_MEMBERS:
                raise self.error(f"an object has more than {MAX_MEMBERS:,} keys")
            seen.add(key)
            self._take(":")
            yield key

    def elements(self) -> Iterator[int]:
        """Yield the numbers of the elements of the list that comes next, from 0, each before its value."""
        return self._items("[", "]", "a list")

    def values(self) -> Iterator[Any]:
        """Yield the elements of the list that comes next, decoded."""
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[Any]]:
        """Yield the elements of the list that comes next, decoded, as many at a time as are found in one step."""
        for _ in self.elements():
            yield [self.value(), *self._values_in_window()]

    def skip(self) -> bool:
        """Read over the next value, of whatever size. Return False when there is nothing in it, as in `[]` and `null`."""
        try:
            return bool(self.value())
        except TooLongError:
            opening = self.peek()
            if opening not in ("{", "["):
                raise
            for _ in self.members() if opening == "{" else self.elements():
                self.skip()
                if opening == "[":
                    self._values_in_window()
            return True

    def expect_end(self) -> None:
        """Raise FormatError unless only blanks follow."""
        if self.peek():
            raise self.error("something follows after the end of the JSON")

    def error(self, message: str) -> FormatError:
        """Return an error that says where the window stands."""
        waiting = len(self._decoder.getstate()[0])
        position = self._bytes_read - waiting - len(self._text[self._at :].encode())
        return FormatError(f"Line {self.line:,}, byte {position:,}: {message}.")

    def _begin(self, may_be_empty: bool) -> None:
        self._fill()
        if self._text.startswith("\ufeff"):
            self._at = 1
        if not self.peek() and not may_be_empty:
            raise FormatError("The file is empty." if self._bytes_read == 0 else "The file has nothing but blanks.")

    def _values_in_window(self) -> list[Any]:
        """Return the values after the one that was read which lie in the window as a whole, decoded in one call.

        The text up to the last separator that looks like the next one is decoded as a list. A cut at a wrong place, as within a
        text, leaves no JSON, so that what decodes is what stands there. Otherwise, the rest of the window is read value by value.
        """
        is_closed = self._text[self._at - 1] in "]}"
        found = None if self._is_read_singly else _SEPARATOR.match(self._text, self._at - is_closed)
        if not found:
            return []
        start, end = found.start(1), self._text.rfind(found[0], self._at) + is_closed
        if end <= start:
            return []
        values, used = self._list_of(f"[{self._text[start:end]}]")
        end = start + used - 2
        colons = self._text.count(":", start, end)
        if colons and colons != sum(map(len, [each for each in values if type(each) is dict])):
            values = []
        self._is_read_singly = not values
        self._at = end if values else self._at
        return values

    def _list_of(self, text: str) -> tuple[list[Any], int]:
        """Return the list at the beginning of a text, and where it ends; an empty one where none can be read.

        orjson takes a third of the scanner's time. What it refuses is left to the scanner, and so are texts with whole numbers
        of more than 64 bits, which it makes floats.
        """
        content = text.encode()
        if _LONG_NUMBER not in content.translate(_AS_ZEROS):
            with suppress(orjson.JSONDecodeError):
                return orjson.loads(content), len(text)
        try:
            return self._scan(text)
        except (ValueError, RecursionError):
            return [], len("[]")

    def _items(self, opening: str, closing: str, what: str) -> Iterator[int]:
        if self.peek() != opening:
            raise self.error(f"{what} was expected" if self.peek() else _CUT_SHORT)
        if self._depth == MAX_DEPTH:
            raise self.error("lists or objects stand too deep in one another")
        self._depth += 1
        self._at += 1
        if self.peek() != closing:
            yield 0
            number = 0
            while self._next(closing):
                number += 1
                yield number
        self._take(closing)
        self._depth -= 1

    def _next(self, closing: str) -> bool:
        """Read over a comma, and return whether there is one."""
        found = self.peek()
        if found == ",":
            self._at += 1
        elif found != closing:
            raise self._expected(f"a comma or {closing}")
        return found == ","

    def _take(self, character: str) -> None:
        if self.peek() != character:
            raise self._expected(character)
        self._at += 1

    def _expected(self, what: str) -> FormatError:
        if not self.peek():
            return self.error(_CUT_SHORT)
        return self.error(f"this is not JSON, because {what} was expected")

    def _fill(self) -> bool:
        """Drop what was read, and add the next piece of the file. Return False at its end."""
        if self._has_ended:
            return False
        piece = self._read_chunk()
        self._has_ended = not piece
        if self._bytes_read == 0:
            refuse_encodings(piece)
        self._bytes_read += len(piece)
        lines = self.line - 1
        try:
            added = self._decoder.decode(piece, final=self._has_ended)
        except UnicodeDecodeError as error:
            position = self._bytes_read - len(error.object) + error.start
            raise FormatError(f"Byte {position:,} is not UTF-8. Save the file as UTF-8.") from None
        if not self._has_ended:
            self._lines_dropped = lines
            self._text, self._at = self._text[self._at :] + added, 0
            self._line_at = self._lines_to_there = 0
            self._is_read_singly = False
        return not self._has_ended

    def _read_chunk(self) -> bytes:
        """Return so many bytes, also from a file that gives fewer at a time; fewer only at the end."""
        pieces, missing = [], self._chunk_bytes
        while missing and (piece := self._file.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def _fill_or_refuse(self, error: json.JSONDecodeError) -> None:
        """Add to the window, because the error may come from a value that it cuts."""
        if len(self._text) - self._at <= MAX_VALUE_LENGTH and self._fill():
            return
        rest = self._text[error.pos :]
        is_cut = error.msg.startswith("Unterminated string") or any(word.startswith(rest) for word in _WORDS)
        if not is_cut:
            self._at = error.pos
            raise self.error(f"this is not JSON ({error.msg})") from None
        raise (self.error(_CUT_SHORT) if self._has_ended else self._too_long()) from None

    def _too_long(self) -> TooLongError:
        return TooLongError(*self.error(f"one value has more than {MAX_VALUE_LENGTH:,} characters").args)

    def _may_repeat_keys(self, value: object, end: int) -> bool:
        """Return False where no object in the value can have a key twice.

        There is a colon for each key. If there are no more than keys in the result, none was lost.
        """
        keys = len(value) if type(value) is dict else 0
        return self._text.count(":", self._at, end) != keys

    def _decode_strictly(self) -> Any:
        def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            items = dict(pairs)
            if len(items) < len(pairs):
                keys = [key for key, _ in pairs]
                twice = next(key for key in keys if keys.count(key) > 1)
                raise self.error(f"the key {_shown(twice)} stands twice in one object")
            return items

        return json.JSONDecoder(object_pairs_hook=check).raw_decode(self._text, self._at)[0]


def _end_of_blanks(text: str, start: int) -> int:
    found = _BLANKS.match(text, start)
    return found.end() if found else start


def _shown(key: str) -> str:
    return json.dumps(key[:_SHOWN])


def refuse_encodings(start: bytes) -> None:
    for mark, name in _OTHER_ENCODINGS.items():
        if start.startswith(mark):
            raise FormatError(f"The file is encoded in {name}. Save it as UTF-8.")
    if b"\0" in start[:4]:
        raise FormatError("The file is not text in UTF-8: its first bytes hold a zero, as in UTF-16. Save it as UTF-8.")
