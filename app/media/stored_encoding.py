"""Files that are stored compressed: what their header `Content-Encoding` says need not be true."""

import zlib
from typing import IO

MAX_STORED_BYTES = 1024**2
MAX_DECODED_BYTES = 4 * 1024**2
# Of a whole file.
MAX_FILE_BYTES = 1024**3
PIECE_BYTES = 1024**2
# The format of the bytes as zlib numbers it: gzip and zlib's own are told apart by their headers.
GZIP_OR_ZLIB, RAW_DEFLATE = 47, -15
# The format of the bytes as zlib numbers it: gzip; zlib's own, which HTTP calls deflate; and that without its header.
_FORMATS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}


def decode_head(encoding: str | None, stored: bytes) -> bytes | None:
    """Return what the first bytes of a file decode to, at most 4 MiB; None when they are not encoded as `encoding` says.

    Raises nothing, whatever the bytes; no more than the result is ever unpacked.
    """
    for format_number in _FORMATS.get((encoding or "").strip().lower(), ()):
        try:
            decoded = zlib.decompressobj(format_number).decompress(stored[:MAX_STORED_BYTES], MAX_DECODED_BYTES)
        except zlib.error:
            continue
        if decoded:
            return decoded
    return None


class DamagedEncoding(Exception):
    """What a compressed file holds cannot be had. `kind` is that of a problem, `truncated` or `unreadable`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def unpack(file: IO[bytes], unpacked: IO[bytes]) -> None:
    """Write what a compressed file holds, at most `MAX_FILE_BYTES`. Raises DamagedEncoding."""
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
                raise DamagedEncoding("truncated", "The file ends before its compressed content does.")
            unpacked.write(unpacker.decompress(piece, PIECE_BYTES))
            if unpacked.tell() > MAX_FILE_BYTES:
                raise DamagedEncoding("unreadable", explain_size())
    except zlib.error as error:
        raise DamagedEncoding("unreadable", "The compressed content of the file is damaged.") from error


def explain_size() -> str:
    """Return the message about a file that is too large to be decoded."""
    return f"The file is larger than the {MAX_FILE_BYTES:,} bytes that this service decodes."
