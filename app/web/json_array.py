"""A large JSON array that never stands in memory as a whole.

A body of 26 MB becomes ten times as much as Python objects. So its text is cut into pieces of whole items, and whoever goes
through the array has the objects of one piece at a time; parsing a text again costs less than keeping what it became.
"""

from collections.abc import Callable, Iterator
from typing import Any, Self

import jiter
import msgspec

PIECE_BYTES = 128 * 1024
_items = msgspec.json.Decoder(list[msgspec.Raw])


class JsonArray:
    """The items of a JSON array, which may be gone through any number of times."""

    def __init__(self, pieces: list[bytes], length: int) -> None:
        self._pieces = pieces
        self._length = length

    @classmethod
    def cut(cls, raw: bytes) -> Self:
        """Cut the text of an array into pieces. Raises ValueError when it is none; what is in the items is not looked at."""
        try:
            items = _items.decode(raw)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(str(error)) from None
        return cls(list(_pieces(items)), len(items))

    def parts(self, parse: Callable[[bytes], Any] = jiter.from_json) -> Iterator[tuple[int, list[Any]]]:
        """Yield some items at a time, with the position of the first of them; `parse` makes a list of a piece."""
        position = 0
        for piece in self._pieces:
            items = parse(piece)
            yield position, items
            position += len(items)

    def __iter__(self) -> Iterator[Any]:
        for _, items in self.parts():
            yield from items

    def __len__(self) -> int:
        return self._length


def _pieces(items: list[msgspec.Raw]) -> Iterator[bytes]:
    first, size = 0, 0
    for number, item in enumerate(items, start=1):
        size += len(memoryview(item))
        if size >= PIECE_BYTES or number == len(items):
            yield b"[" + b",".join(items[first:number]) + b"]"
            first, size = number, 0
