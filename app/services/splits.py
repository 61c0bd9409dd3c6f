"""Splits: which part of a snapshot an image is in, by a formula of integers that later versions repeat.

The first eight bytes of SHA-256 of the seed, a zero byte and the key of an image are a number from 0 to 2^64 - 1; times 10,000
and shifted by 64 bits it is a place from 0 to 9,999 on a line, on which the parts lie in the order train, val, test. So images
with one key are in one part, and more images move none.
"""

from collections.abc import Mapping
from typing import Any

from app.errors import Unprocessable
from app.models.snapshots import SPLITS

PLACES = 10_000
# The folder of a path within the container; a path without one has an empty folder.
_PATH = "substr(image.blobstorage_path, strpos(image.blobstorage_path, '/') + 1)"
_FOLDER = f"CASE WHEN strpos({_PATH}, '/') > 0 THEN left({_PATH}, -strpos(reverse({_PATH}), '/')) ELSE '' END"
_SHA256 = "encode(image.sha256, 'hex')"
# What images have in common that must not be parted, as SQL over `image`; null while the hash that it needs is not known.
KEYS = {
    "content": _SHA256,
    "image_set": "coalesce((SELECT title FROM image_set WHERE image_set.id = image.image_set_id), '')",
    "folder": _FOLDER,
    "day": f"coalesce(to_char(image.date_taken, 'YYYY-MM-DD'), {_SHA256})",
}
# The sum of two halves stays within 64 bits. The time zone of every connection is UTC. The offsets keep PostgreSQL from computing
# the digest again for each of its bytes.
SPLIT = """
(SELECT CASE WHEN place < :train THEN 'train' WHEN place < :train + :val THEN 'val' WHEN place IS NOT NULL THEN 'test' END
FROM (
    SELECT (high * 10000 + (low * 10000 >> 32)) >> 32 AS place
    FROM (
        SELECT CAST(get_byte(digest, 0) AS bigint) * 16777216 + get_byte(digest, 1) * 65536
                + get_byte(digest, 2) * 256 + get_byte(digest, 3) AS high,
            CAST(get_byte(digest, 4) AS bigint) * 16777216 + get_byte(digest, 5) * 65536
                + get_byte(digest, 6) * 256 + get_byte(digest, 7) AS low
        FROM (SELECT sha256(CAST(:salt AS bytea) || convert_to({key}, 'UTF8')) AS digest OFFSET 0) AS hashed) AS halves
    OFFSET 0) AS placed)
"""


def normal_split(sent: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a split with all of its shares, None for none. Raises Unprocessable for shares that do not add up to 1."""
    if sent is None:
        return None
    shares = {part: sent["shares"].get(part, 0) for part in SPLITS}
    places = _places(shares)
    if sum(places.values()) != PLACES or any(abs(shares[part] * PLACES - places[part]) > 1e-6 for part in SPLITS):
        detail = (
            f"The shares must have at most four decimals and add up to 1; these add up to {sum(shares.values()):g}."
        )
        raise Unprocessable(f"/split/shares: {detail}", errors=[{"pointer": "/split/shares", "detail": detail}])
    return {"key": sent["key"], "seed": sent["seed"], "shares": shares}


def parts_of(split: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the parts that a split has, in their order; none without a split."""
    return tuple(part for part in SPLITS if split["shares"][part]) if split else ()


def split_expression(split: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """Return SQL for the part of a row of `image`, and the parameters that are in it."""
    if split is None:
        return "CAST(NULL AS text)", {}
    places = _places(split["shares"])
    salt = split["seed"].encode() + b"\0"
    return SPLIT.format(key=KEYS[split["key"]]), {"train": places["train"], "val": places["val"], "salt": salt}


def describe_split(split: Mapping[str, Any]) -> str:
    """Return a split in words."""
    shares = ", ".join(
        f"{share:.0%} {part}" if share * 100 % 1 == 0 else f"{share * 100:g}% {part}"
        for part, share in split["shares"].items()
        if share
    )
    key = {"content": "file content", "image_set": "image set", "folder": "folder", "day": "day"}[split["key"]]
    return f"split by {key} into {shares}"


def _places(shares: Mapping[str, Any]) -> dict[str, int]:
    return {part: round(shares[part] * PLACES) for part in SPLITS}
