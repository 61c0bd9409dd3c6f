"""Files that are stored compressed, or said to be."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.media.stored_encoding import MAX_DECODED_BYTES, MAX_STORED_BYTES, decode_head

CONTENT = bytes(number % 251 for number in range(100_000))
RAW_DEFLATE = zlib.compress(CONTENT)[2:-4]


@pytest.mark.parametrize(
    ("encoding", "stored"),
    [
        ("gzip", gzip.compress(CONTENT, mtime=0)),
        ("GZip ", gzip.compress(CONTENT, mtime=0)),
        ("x-gzip", gzip.compress(CONTENT, mtime=0)),
        ("deflate", zlib.compress(CONTENT)),
        ("deflate", RAW_DEFLATE),
    ],
    ids=str,
)
def test_what_is_encoded_is_decoded(encoding: str, stored: bytes) -> None:
    assert decode_head(encoding, stored) == CONTENT
    # A file is read in part only.
    head = decode_head(encoding, stored[: len(stored) // 2])
    assert head
    assert CONTENT.startswith(head)


@pytest.mark.parametrize("encoding", [None, "", "br", "gzip, gzip", "identity", "gzip", "deflate"])
def test_what_is_not_encoded_as_it_says_is_none(encoding: str | None) -> None:
    for stored in (b"", b"GIF89a", b"\x1f\x8b", CONTENT, gzip.compress(b"", mtime=0)):
        assert decode_head(encoding, stored) is None


def test_a_bomb_costs_no_more_than_the_limit() -> None:
    bomb = gzip.compress(bytes(200 * 1024**2), mtime=0)
    tracemalloc.start()
    decoded = decode_head("gzip", bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert decoded == bytes(MAX_DECODED_BYTES)
    assert peak < 3 * MAX_DECODED_BYTES
    assert decode_head("gzip", gzip.compress(b"x", mtime=0) + bytes(2 * MAX_STORED_BYTES)) == b"x"


@given(st.sampled_from(["gzip", "deflate", "x-gzip", "br"]), st.binary(max_size=200))
def test_any_bytes_are_decoded_or_not(encoding: str, stored: bytes) -> None:
    decoded = decode_head(encoding, stored)
    assert decoded is None or decoded
