"""The process in which files are decoded, one after the other: `python -m app.media.decode_process`.

It reads requests from standard input and writes results to standard output, both in frames: the length in four bytes, then
so many bytes. A request is a JSON object with `filetype` and `content_encoding`, then the file in any number of frames, then an
empty frame. A result is a JSON object with `dhash`, or with `kind` and `message` when there is no picture; after it come the
frames of thumbnail and preview, both empty without a picture. Where the request has `"turns": true`, the result is a JSON object,
empty or with `kind` and `message`, then the turned file in any number of frames, then an empty frame.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from contextlib import suppress
from typing import IO, Any

from app.media.frames import read_frame, write_frame
from app.media.pictures import Undecodable, decode
from app.media.previews import Picture
from app.media.stored_encoding import MAX_FILE_BYTES, PIECE_BYTES, DamagedEncoding, explain_size, unpack
from app.media.turning import turn

# Linux counts what is reserved, which is more than what is used.
MAX_MEMORY_BYTES = 1024**3
# Larger files are kept on disk while they are decoded.
MAX_FILE_IN_MEMORY_BYTES = 64 * 1024**2


def main() -> None:
    """Answer requests until standard input ends, as it does when the process that asks is gone."""
    # Terminals and service managers signal all processes. To end in the middle of a file would be the file's fault.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    # Decoders warn of odd bytes. What matters of that is in the result.
    warnings.simplefilter("ignore")
    source = sys.stdin.buffer
    result_stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What libraries print must not be taken for a result.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(EOFError, BrokenPipeError):
        while True:
            request = json.loads(read_frame(source))
            answer = _answer_turn if request.get("turns") else _answer_inspection
            answer(source, result_stream, request)
            result_stream.flush()
    # The streams are broken, or nobody reads them.
    os._exit(0)


def _answer_inspection(source: IO[bytes], results: IO[bytes], request: dict[str, Any]) -> None:
    picture: Picture | None = None
    with tempfile.SpooledTemporaryFile(MAX_FILE_IN_MEMORY_BYTES) as file:
        size = _receive(source, file)
        try:
            picture = _decode(file, request["filetype"], request["content_encoding"], size)
            result: dict[str, Any] = {"dhash": picture.dhash}
        except Undecodable as error:
            result = {"kind": error.kind, "message": str(error)}
    write_frame(results, json.dumps(result).encode())
    write_frame(results, picture.thumbnail if picture else b"")
    write_frame(results, picture.preview if picture else b"")


def _answer_turn(source: IO[bytes], results: IO[bytes], request: dict[str, Any]) -> None:
    with (
        tempfile.SpooledTemporaryFile(MAX_FILE_IN_MEMORY_BYTES) as file,
        tempfile.SpooledTemporaryFile(MAX_FILE_IN_MEMORY_BYTES) as turned,
    ):
        size = _receive(source, file)
        try:
            _refuse_large(size)
            turn(file, turned, request["filetype"])
            result: dict[str, Any] = {}
        except Undecodable as error:
            result = {"kind": error.kind, "message": str(error)}
        write_frame(results, json.dumps(result).encode())
        turned.seek(0)
        while not result and (piece := turned.read(PIECE_BYTES)):
            write_frame(results, piece)
        write_frame(results, b"")


def _receive(source: IO[bytes], file: IO[bytes]) -> int:
    """Write the file that comes, where it is not too large; return its size."""
    size = 0
    while chunk := read_frame(source):
        size += len(chunk)
        if size <= MAX_FILE_BYTES:
            file.write(chunk)
    file.seek(0)
    return size


def _refuse_large(size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise Undecodable("unreadable", explain_size())


def _decode(file: IO[bytes], filetype: str, content_encoding: str | None, size: int) -> Picture:
    _refuse_large(size)
    if not content_encoding:
        return decode(file, filetype, size)
    with tempfile.SpooledTemporaryFile(MAX_FILE_IN_MEMORY_BYTES) as unpacked:
        try:
            unpack(file, unpacked)
        except DamagedEncoding as error:
            raise Undecodable(error.kind, str(error)) from error
        length = unpacked.tell()
        unpacked.seek(0)
        return decode(unpacked, filetype, length)


if __name__ == "__main__":
    main()
