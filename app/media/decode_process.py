"""The process in which files are decoded, one after the other: `python -m app.media.decode_process`.

It reads requests from standard input and writes results to standard output, both in frames: the length in four bytes, then
so many bytes. A request is a JSON object with `filetype` and `content_encoding`, then the file in any number of frames, then an
empty frame. A result is a JSON object with `dhash`, or with `kind` and `message` when there is no picture; after it come the
frames of thumbnail and preview, both empty without a picture.
"""

import json
import os
import resource
import signal
import sys
import tempfile
import warnings
import zlib
from contextlib import suppress
from typing import IO, Any

from app.media.frames import read_frame, write_frame
from app.media.pictures import Undecodable, decode
from app.media.previews import Picture

# Linux counts what is reserved, which is more than what is used.
MAX_MEMORY_BYTES = 1024**3
# Larger files are kept on disk while they are decoded.
MAX_FILE_IN_MEMORY_BYTES = 64 * 1024**2
MAX_FILE_BYTES = 1024**3
PIECE_BYTES = 1024**2
# The format of the bytes as zlib numbers it: gzip and zlib's own are told apart by their headers.
GZIP_OR_ZLIB, RAW_DEFLATE = 47, -15


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
            result, picture = _inspect(source, request["filetype"], request["content_encoding"])
            write_frame(result_stream, json.dumps(result).encode())
            write_frame(result_stream, picture.thumbnail if picture else b"")
            write_frame(result_stream, picture.preview if picture else b"")
            result_stream.flush()
    # The streams are broken, or nobody reads them.
    os._exit(0)


def _inspect(source: IO[bytes], filetype: str, content_encoding: str | None) -> tuple[dict[str, Any], Picture | None]:
    size = 0
    with tempfile.SpooledTemporaryFile(MAX_FILE_IN_MEMORY_BYTES) as file:
        while chunk := read_frame(source):
            size += len(chunk)
            if size <= MAX_FILE_BYTES:
                file.write(chunk)
        try:
            if size > MAX_FILE_BYTES:
                raise _too_large()
            picture = _decode(file, filetype, content_encoding, size)
        except Undecodable as error:
            return {"kind": error.kind, "message": str(error)}, None
    return {"dhash": picture.dhash}, picture


def _decode(file: IO[bytes], filetype: str, content_encoding: str | None, size: int) -> Picture:
    file.seek(0)
    if not content_encoding:
        return decode(file, filetype, size)
    with tempfile.SpooledTemporaryFile(MAX_FILE_IN_MEMORY_BYTES) as unpacked:
        _unpack(file, unpacked)
        length = unpacked.tell()
        unpacked.seek(0)
        return decode(unpacked, filetype, length)


def _unpack(file: IO[bytes], unpacked: IO[bytes]) -> None:
    """Write what a compressed file holds. Raises Undecodable."""
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        piece = file.read(PIECE_BYTES)
        try:
            unpacked.write(unpacker.decompress(piece, PIECE_BYTES))
        except zlib.error:
            unpacker = zlib.decompressobj(RAW_DEFLATE)
            unpacked.write(unpacker.decompress(piece, PIECE_BYTES))
        while not unpacker.eof:
            piece = unpacker.unconsumed_tail or file.read(PIECE_BYTES)
            if not piece:
                raise Undecodable("truncated", "The file ends before its compressed content does.")
            unpacked.write(unpacker.decompress(piece, PIECE_BYTES))
            if unpacked.tell() > MAX_FILE_BYTES:
                raise _too_large()
    except zlib.error as error:
        raise Undecodable("unreadable", "The compressed content of the file is damaged.") from error


def _too_large() -> Undecodable:
    return Undecodable("unreadable", f"The file is larger than the {MAX_FILE_BYTES:,} bytes that this service decodes.")


if __name__ == "__main__":
    main()
