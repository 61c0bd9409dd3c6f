"""Frames, in which the process that decodes files talks with the one that asks: the length in four bytes, then so many bytes.

The one that asks imports this alone, and none of the libraries that decode.
"""

import struct
from typing import IO

FRAME = struct.Struct(">I")


def read_frame(stream: IO[bytes]) -> bytes:
    """Return the next frame. Raises EOFError when the stream has ended."""
    return _read_exactly(stream, FRAME.unpack(_read_exactly(stream, FRAME.size))[0])


def _read_exactly(stream: IO[bytes], length: int) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise EOFError
    return found


def write_frame(stream: IO[bytes], content: bytes) -> None:
    """Write a frame."""
    stream.write(FRAME.pack(len(content)))
    stream.write(content)
