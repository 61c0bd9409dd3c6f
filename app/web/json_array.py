"""A large JSON array that never stands in memory as a whole.

As Python objects it would take ten times its size, and forty times if somebody wants that. So it stays text, cut into pieces
of whole items. Whoever goes through it has the objects of one piece at a time; parsing a piece again costs less than keeping
what it became.

Two levels are cut: the array itself, and large arrays in its items. What else is in an item may not be large.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from app.errors import BadRequest
from app.web.schemas import escape, refusal
from app.web.strict_json import MAX_ERROR_LENGTH, from_json

PIECE_BYTES = 128 * 1024
# How much there may be in a large item besides arrays that are larger than this themselves.
MAX_REST_BYTES = 16 * 1024
MAX_DEPTH = 8
TOO_LARGE = (
    f"An item of a list takes at most {PIECE_BYTES} bytes, not counting a list in it, and has at most {MAX_DEPTH} levels. This"
    " one has more, or it is not valid JSON."
)

# Patterns that find where values end. What they match once they do not match in another way (`++` and `*+`), so that their
# time is linear. It need not be JSON, which shows when a piece is parsed.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NESTED = rb"(?!)"
for _ in range(MAX_DEPTH):
    _NESTED = rb'[\[{][^"\[\]{}]*+(?:(?:%b|%b)[^"\[\]{}]*+)*+[\]}]' % (_STRING, _NESTED)
_VALUE = rb'(?:[^",\[\]{}]++|%b|%b)++' % (_STRING, _NESTED)
_ITEMS = re.compile(rb"(?:%b(?:,|(?=\])))*+" % _VALUE, re.DOTALL)
_NAME = re.compile(rb"[ \t\n\r]*+(%b)[ \t\n\r]*+:[ \t\n\r]*+" % _STRING, re.DOTALL)
_MEMBER = re.compile(rb"%b(?=[,}])" % _VALUE, re.DOTALL)
_SPACE = re.compile(rb"[ \t\n\r]*+")
# How the parser says where a text is no JSON.
_PLACE = re.compile(r"(.*) at line (\d+) column (\d+)", re.DOTALL)

Text = bytes | bytearray
# The position of the first of some items, the items, and large arrays that the only item has.
Part = tuple[int, list[Any], dict[str, "JsonArray"]]


@dataclass(frozen=True)
class Piece:
    """Some items: the places in the text at which they begin and end.

    A large item has several such spans, between which `arrays` are left out; these have the names that they have in it.
    """

    spans: list[tuple[int, int]]
    arrays: dict[str, "JsonArray"] = field(default_factory=dict)


class TooLarge(Exception):
    """Something cannot be cut; `pointer` says where it is in the array (JSON Pointer, RFC 6901)."""

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


class JsonArray:
    """The items of a JSON array, which may be gone through any number of times. Large arrays in them are such arrays, too."""

    def __init__(self, text: Text, begin: int, *, is_inner: bool = False) -> None:
        """Take the array whose bracket is at `begin`; nothing is cut yet."""
        self._text = text
        self._is_inner = is_inner
        # The pieces that were found so far, and the place at which the next one begins, or the bracket that closes the array.
        self._pieces: list[Piece] = []
        self._place = _end(_SPACE, text, begin + 1)
        self._is_rest = text[self._place : self._place + 1] != b"]"
        self._length: int | None = None

    @classmethod
    def of(cls, text: Text) -> Self:
        """Return the array that a text consists of. Raises BadRequest when it is none."""
        begin = _end(_SPACE, text, 0)
        if text[begin : begin + 1] != b"[":
            raise BadRequest("Expected a list: the body must be a JSON array.")
        return cls(text, begin)

    def parts(self) -> Iterator[Part]:
        """Yield some items at a time: the position of the first, the items, and large arrays that the only item has.

        Each of these stands in the item as an empty list. Raises BadRequest for what is no JSON, or is too large to be cut, when
        it comes there.
        """
        position = 0
        for piece in self._all_pieces():
            items = self._from_json(piece.spans, b"[", b"]")
            yield position, items, piece.arrays
            position += len(items)
        self._length = position

    def _all_pieces(self) -> Iterator[Piece]:
        yield from self._pieces
        try:
            yield from self._cut()
        except TooLarge as error:
            raise refusal([{"pointer": error.pointer, "detail": TOO_LARGE}]) from None
        end = _end(_SPACE, self._text, self._place + 1)
        if not self._is_inner and end < len(self._text):
            raise _invalid(self._text, end, "trailing characters")

    def __iter__(self) -> Iterator[Any]:
        for _, items, arrays in self.parts():
            if arrays:
                items[0] |= arrays
            yield from items

    def __len__(self) -> int:
        if self._length is None:
            self._length = sum(len(items) for _, items, _ in self.parts())
        return self._length

    def _cut(self) -> Iterator[Piece]:
        """Find the pieces that were not found yet, one after the other. Raises TooLarge, and BadRequest for what is no JSON."""
        text = self._text
        while self._is_rest:
            end = _end(_ITEMS, text, self._place, PIECE_BYTES)
            if end == self._place:
                piece, end = self._cut_item(end)
                self._is_rest = text[end - 1] == ord(",")
            else:
                self._is_rest = text[end - 1] == ord(",")
                piece = Piece([(self._place, end - self._is_rest)])
            self._pieces.append(piece)
            self._place = _end(_SPACE, text, end)
            yield piece

    def _cut_item(self, begin: int) -> tuple[Piece, int]:
        """Cut a large item; return it, and the place after the comma that follows it, or of the bracket that closes the array."""
        text, piece = self._text, Piece([])
        if self._is_inner or text[begin : begin + 1] != b"{":
            raise self._refusal(begin)
        span = place = begin
        rest_bytes = 0
        while text[place : place + 1] == b"," or place == begin:
            name = _NAME.match(text, place + 1, place + 1 + MAX_REST_BYTES)
            if name is None:
                raise self._refusal(begin)
            place = _end(_MEMBER, text, name.end(), MAX_REST_BYTES)
            if place == name.end():
                key = self._from_json([name.span(1)])
                array = piece.arrays[key] = self._cut_member(begin, key, place)
                piece.spans.append((span, place))
                rest_bytes += place - span
                span = array._place + 1
                place = _end(_SPACE, text, span)
            if rest_bytes + place - span > MAX_REST_BYTES:
                raise self._refusal(begin)
        if text[place : place + 1] != b"}":
            raise self._refusal(begin)
        piece.spans.append((span, place + 1))
        place = _end(_SPACE, text, place + 1)
        if text[place : place + 1] not in (b",", b"]"):
            raise _invalid(text, place, "expected `,` or `]`")
        return piece, place + (text[place] == ord(","))

    def _cut_member(self, begin: int, name: str, place: int) -> "JsonArray":
        """Cut the array at `place`, which has this name in the item at `begin`."""
        if self._text[place : place + 1] != b"[":
            raise self._refusal(begin)
        array = JsonArray(self._text, place, is_inner=True)
        try:
            deque(array._cut(), maxlen=0)
        except TooLarge as error:
            raise TooLarge(f"/{self._count()}/{escape(name)}{error.pointer}") from None
        return array

    def _refusal(self, place: int) -> TooLarge | BadRequest:
        """Return the error for what is at a place: too large, unless the text ends soon and is no JSON."""
        end = len(self._text)
        if end - place <= PIECE_BYTES:
            try:
                self._from_json([(place, end)], b'[{"":[' if self._is_inner else b"[")
            except BadRequest as error:
                return error
        return TooLarge(f"/{self._count()}")

    def _count(self) -> int:
        """Return how many items there are in the pieces that were found so far."""
        return sum(len(self._from_json(piece.spans, b"[", b"]")) for piece in self._pieces)

    def _from_json(self, spans: list[tuple[int, int]], before: bytes = b"", after: bytes = b"") -> Any:
        """Return the value of spans with a text before and after them. Raises BadRequest with the place in the whole text."""
        text = b"%b%b%b" % (before, b"[]".join(self._text[begin:end] for begin, end in spans), after)
        try:
            # Once all items are counted, all were parsed.
            return from_json(text, is_known=self._length is not None)
        except ValueError as error:
            found = _PLACE.fullmatch(str(error))
            if found is None:
                raise BadRequest(f"The body is not valid JSON: {str(error)[:MAX_ERROR_LENGTH]}.") from None
            reason, line, column = found[1], int(found[2]), int(found[3])
        lines = text.split(b"\n", line - 1)
        place = len(text) - len(lines[-1]) + column - 1 - len(before)
        for begin, end in spans:
            if place <= end - begin:
                break
            place -= end - begin + len(b"[]")
        raise _invalid(self._text, begin + place, reason)


def _end(pattern: re.Pattern[bytes], text: Text, begin: int, most: int | None = None) -> int:
    """Return where a match that begins there ends; it takes at most so many bytes. Without one it is where it begins."""
    found = pattern.match(text, begin, len(text) if most is None else begin + most)
    return found.end() if found else begin


def _invalid(text: Text, place: int, reason: str) -> BadRequest:
    line, column = text.count(b"\n", 0, place) + 1, place - text.rfind(b"\n", 0, place)
    return BadRequest(f"The body is not valid JSON: {reason[:MAX_ERROR_LENGTH]} at line {line} column {column}.")
