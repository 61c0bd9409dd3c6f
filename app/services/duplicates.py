"""Images that look alike: with the same file, or with hashes of their pictures that differ in few bits."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

from sqlalchemy import BIGINT, ColumnElement, bindparam, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, BIT
from sqlalchemy.orm import aliased

from app.models import Image
from app.models.images import DHASH_SHIFTS, PART_BITS, dhash_part


def is_duplicate_of(image_id: int, distance: int) -> ColumnElement[bool]:
    """Return whether an image is another one than this, and alike.

    With the distance 0 its file has the same SHA-256. With another its `dhash` differs in that many bits at most, up to 10. Two
    hashes that differ in d bits differ in d / 4 bits, rounded down, or fewer in one of their four parts, so that the indexes of
    the parts lead to all of them (Norouzi, Punjani, Fleet: Fast exact search in Hamming space with multi-index hashing, 2014).
    """
    other = aliased(Image)
    is_other = Image.id != image_id
    if not distance:
        sha256 = select(other.sha256).where(other.id == image_id).scalar_subquery()
        return is_other & Image.sha256.is_not(None) & (Image.sha256 == sha256)
    dhash = select(other.dhash).where(other.id == image_id).scalar_subquery()
    masks = bindparam("masks", list(_masks(distance // len(DHASH_SHIFTS))), ARRAY(BIGINT), unique=True)
    near = []
    for shift in DHASH_SHIFTS:
        mask = func.unnest(masks).column_valued("mask")
        part = dhash.op(">>")(shift).op("&")(2**PART_BITS - 1).op("#")(mask)
        near.append(dhash_part(shift) == func.any(func.array(select(part).scalar_subquery())))
    near_one = aliased(Image)
    bits = func.bit_count(cast(near_one.dhash.op("#")(dhash), BIT(64)))
    found = select(near_one.id).where(near_one.dhash.is_not(None), or_(*near), bits <= distance)
    # As an array, because PostgreSQL expects many more than there are, and would look for the first page of them in all images.
    return is_other & (Image.id == func.any(func.array(found.scalar_subquery())))


@lru_cache
def _masks(distance: int) -> tuple[int, ...]:
    """Return all numbers of 16 bits of which at most `distance` are set."""

    def find() -> Iterator[int]:
        for count in range(distance + 1):
            for bits in combinations(range(PART_BITS), count):
                yield sum(1 << bit for bit in bits)

    return tuple(find())
