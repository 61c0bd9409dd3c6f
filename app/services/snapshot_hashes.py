r"""The content hash of a snapshot: equal content has an equal hash, whatever ids, names and class numbers it has.

Each image is a block of lines in UTF-8, each ended by `\n`: `["image",sha256,width,height,state,split]`, then its boxes as
`[label,x_min,y_min,x_max,y_max,confidence]`, in the order of their bytes. The hash is SHA-256 over all blocks in the order of
their bytes. Lines are JSON without blanks; numbers are the shortest decimals that give the stored ones back, without an exponent
and, where they are whole, without a point.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.models import Snapshot
from app.services import snapshot_parts
from app.services.snapshot_boxes import BoxColumns, read_ahead, read_boxes
from app.services.sorted_blocks import SortedBlocks

# The first line of the block of each image, by the ids of the images: so their boxes are read in the order in which they lie.
HEADS = text(r"""
SELECT image_id, object_count, '["image",' || coalesce('"' || encode(sha256, 'hex') || '"', 'null') || ',' || width || ','
    || height || ',"' || state || '",' || coalesce('"' || split || '"', 'null') || E']\n' AS head
FROM snapshot_image WHERE snapshot_id = :snapshot_id AND image_id > :after ORDER BY image_id LIMIT :size
""")
# All blocks are read then, and what is left takes some seconds for each million of images. Nobody waits for this transaction.
PATIENCE = text("SET LOCAL idle_in_transaction_session_timeout = '1800s'")
IMPATIENCE = text("SET LOCAL idle_in_transaction_session_timeout TO DEFAULT")
BETWEEN_LINES = b"],["


class LabelCount(NamedTuple):
    """How many images and boxes have a label."""

    name: str
    images: int
    objects: int


@dataclass
class Content:
    """What one look at all boxes of a snapshot finds: the hash, and the labels."""

    sha256: bytes = b""
    images: Counter[str] = field(default_factory=Counter)
    objects: Counter[str] = field(default_factory=Counter)

    @property
    def labels(self) -> list[LabelCount]:
        """The labels with their counts."""
        return [LabelCount(label, self.images[label], count) for label, count in self.objects.items()]


def hash_content(session: Session, snapshot: Snapshot) -> bytes:
    """Return the content hash of the rows that a snapshot has."""
    return read_content(session, snapshot).sha256


def read_content(session: Session, snapshot: Snapshot) -> Content:
    """Read all rows that a snapshot has. Blocks that do not fit into memory are sorted on disk."""
    content, digest = Content(), hashlib.sha256()
    with SortedBlocks() as blocks, closing(read_ahead(_read_pages(session, snapshot))) as pages:
        for rows, boxes in pages:
            content.objects.update(boxes.labels)
            for block, labels in _make_blocks(rows, boxes):
                blocks.add(block)
                content.images.update(labels)
        session.execute(PATIENCE)
        for block in blocks:
            digest.update(block)
        session.execute(IMPATIENCE)
    content.sha256 = digest.digest()
    return content


def _read_pages(session: Session, snapshot: Snapshot) -> Iterator[tuple[list[Row[Any]], BoxColumns]]:
    """Yield images with the boxes on them, both by the ids of the images."""
    after, classes = 0, snapshot.selection["classes"]
    values = {"snapshot_id": snapshot.id, "size": snapshot_parts.IMAGES_AT_A_TIME}
    while rows := session.execute(HEADS, {**values, "after": after}).all():
        for page in snapshot_parts.split_by_boxes(rows):
            yield page, read_boxes(session, snapshot.id, classes, page[0].image_id, page[-1].image_id)
        after = rows[-1].image_id


def _make_blocks(rows: Sequence[Row[Any]], boxes: BoxColumns) -> Iterator[tuple[bytes, set[str]]]:
    """Yield the block of each image, and the labels on it."""
    lines = _write_lines(boxes)
    counts = Counter(boxes.image_ids)
    begin = 0
    for row in rows:
        end = begin + counts[row.image_id]
        # A line ends where the hash has it end, and not at what else ends lines of a text.
        yield row.head.encode() + b"".join(sorted(lines[begin:end])), set(boxes.labels[begin:end])
        begin = end


def _write_lines(boxes: BoxColumns) -> list[bytes]:
    """Return the line of each box."""
    rows = list(zip(boxes.labels, boxes.x_min, boxes.y_min, boxes.x_max, boxes.y_max, boxes.confidences, strict=True))
    whole = orjson.dumps(rows)
    lines = whole[2:-2].split(BETWEEN_LINES) if rows else []
    # What stands between two lines may also stand in a label, and a number may be one that JSON writes with an exponent.
    if boxes.is_plain and len(lines) == len(rows):
        return [b"[" + line + b"]\n" for line in lines]
    return [_write_line(*row) for row in rows]


def _write_line(label: str, *numbers: float | None) -> bytes:
    return b"[" + orjson.dumps(label) + b"".join(b"," + _decimal(number).encode() for number in numbers) + b"]\n"


def _decimal(number: float | None) -> str:
    if number is None:
        return "null"
    return str(int(number)) if number % 1 == 0 else format(Decimal(repr(number)), "f")
