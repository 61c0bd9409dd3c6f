r"""The content hash of a snapshot: equal content has an equal hash, whatever ids, names and class numbers it has.

Each image is a block of lines in UTF-8, each ended by `\n`: `["image",sha256,width,height,state,split]`, then its boxes as
`[label,x_min,y_min,x_max,y_max,confidence]`, in the order of their bytes. The hash is SHA-256 over all blocks in the order of
their bytes. Lines are JSON without blanks; numbers are the shortest decimals that give the stored ones back, without an exponent
and, where they are whole, without a point.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.models import Snapshot
from app.services import snapshot_parts
from app.services.snapshot_boxes import read_ahead
from app.services.sorted_blocks import SortedBlocks

# The first line of the block of each image, by the ids of the images: so their boxes are read in the order in which they lie.
HEADS = text(r"""
SELECT image_id, object_count, '["image",' || coalesce('"' || encode(sha256, 'hex') || '"', 'null') || ',' || width || ','
    || height || ',"' || state || '",' || coalesce('"' || split || '"', 'null') || ']' AS head
FROM snapshot_image WHERE snapshot_id = :snapshot_id AND image_id > :after ORDER BY image_id LIMIT :size
""")
# PostgreSQL writes small and large numbers with an exponent, unless it writes them as `numeric`. That takes longer, as does JSON
# of a text, so that both are asked for only where they are needed. No look-up of boxes is joined: each image has its own.
LINES = text(r"""
SELECT labels.image_id, (
    SELECT string_agg(
        CASE WHEN label ~ '["\\\u0001-\u001f]' THEN '[' || to_json(label) || ',' ELSE '["' || label || '",' END
        || CASE WHEN left_edge IS NULL THEN concat_ws(',', x_min, y_min, x_max, y_max)
            WHEN left_edge >= 1e-4 AND upper_edge >= 1e-4 AND right_edge < 1e6 AND lower_edge < 1e6
            THEN concat_ws(',', left_edge, upper_edge, right_edge, lower_edge)
            ELSE concat_ws(',', CAST(CAST(left_edge AS text) AS numeric), CAST(CAST(upper_edge AS text) AS numeric),
                CAST(CAST(right_edge AS text) AS numeric), CAST(CAST(lower_edge AS text) AS numeric)) END
        || ',' || CASE WHEN confidence < 1e-4 THEN CAST(CAST(CAST(confidence AS text) AS numeric) AS text)
            ELSE coalesce(CAST(confidence AS text), 'null') END || ']', E'\n')
    FROM object
    WHERE object.campaign_id = labels.campaign_id AND object.submission_id = labels.submission_id
        AND object.image_id = labels.image_id
        AND (CAST(:classes AS text[]) IS NULL OR label = ANY (CAST(:classes AS text[])))) AS lines
FROM snapshot_labels AS labels
WHERE labels.snapshot_id = :snapshot_id AND labels.image_id BETWEEN :first AND :last
""")
# All blocks are read then, and what is left takes some seconds for each million of images. Nobody waits for this transaction.
PATIENCE = text("SET LOCAL idle_in_transaction_session_timeout = '1800s'")
IMPATIENCE = text("SET LOCAL idle_in_transaction_session_timeout TO DEFAULT")


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
    images, objects = Counter[str](), Counter[str]()
    with SortedBlocks() as blocks, closing(read_ahead(_read_pages(session, snapshot))) as pages:
        for rows, lines in pages:
            _add_blocks(blocks, rows, lines, images, objects)
        session.execute(PATIENCE)
        for block in blocks:
            digest.update(block)
        session.execute(IMPATIENCE)
    content.sha256 = digest.digest()
    content.images, content.objects = _by_label(images), _by_label(objects)
    return content


def _read_pages(session: Session, snapshot: Snapshot) -> Iterator[tuple[list[Row[Any]], dict[int, list[str]]]]:
    """Yield images by id, and the lines of the boxes on each that has some."""
    after = 0
    values = {"snapshot_id": snapshot.id, "classes": snapshot.selection["classes"]}
    size = snapshot_parts.IMAGES_AT_A_TIME
    while rows := session.execute(HEADS, {"snapshot_id": snapshot.id, "after": after, "size": size}).all():
        for page in snapshot_parts.split_by_boxes(rows):
            lines = defaultdict[int, list[str]](list)
            ends = {"first": page[0].image_id, "last": page[-1].image_id}
            texts: Sequence[Sequence[Any]] = session.execute(LINES, values | ends).all()
            for image_id, found in texts:
                # With the labels of all campaigns, an image may have some of each.
                if found is not None:
                    lines[image_id] += found.split("\n")
            yield page, lines
        after = rows[-1].image_id


def _add_blocks(
    blocks: SortedBlocks,
    rows: Sequence[Sequence[Any]],
    lines: Mapping[int, list[str]],
    images: Counter[str],
    objects: Counter[str],
) -> None:
    """Add the block of each image, and count images and boxes by what their lines begin with: the label as JSON."""
    on_images, on_objects = list[str](), list[str]()
    for image_id, _, head in rows:
        found = lines.get(image_id)
        if not found:
            blocks.add(f"{head}\n".encode())
            continue
        # The order of code points is that of their bytes in UTF-8 too.
        found.sort()
        blocks.add("\n".join((head, *found, "")).encode())
        # No number has a quote.
        labels = [line.rpartition('",')[0] for line in found]
        on_objects += labels
        on_images += set(labels)
    images.update(on_images)
    objects.update(on_objects)


def _by_label(counts: Counter[str]) -> Counter[str]:
    return Counter({orjson.loads(f'{begin}"]')[0]: count for begin, count in counts.items()})
