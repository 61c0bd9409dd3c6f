"""Files that are stored compressed: what their header `Content-Encoding` says need not be true."""

import zlib

MAX_STORED_BYTES = 1024**2
MAX_DECODED_BYTES = 4 * 1024**2
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
