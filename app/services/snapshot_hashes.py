r"""The content hash of a snapshot: equal content has an equal hash, whatever ids, names and class numbers it has.

Each image is a block of lines in UTF-8, each ended by `\n`: `["image",sha256,width,height,state,split]`, then its boxes as
`[label,x_min,y_min,x_max,y_max,confidence]`, in the order of their bytes. The hash is SHA-256 over all blocks in the order of
their bytes. Lines are JSON without blanks; numbers are the shortest decimals that give the stored ones back, without an exponent
and, where they are whole, without a point.
"""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import Snapshot
from app.services.snapshot_parts import IMAGES_AT_A_TIME, split_by_boxes

# The first line of the block of an image.
HEAD = r"""
'["image",' || coalesce('"' || encode(image.sha256, 'hex') || '"', 'null') || ',' || image.width || ',' || image.height || ',"'
    || image.state || '",' || coalesce('"' || image.split || '"', 'null') || E']\n'
"""
# Its other lines, in the given order. Whole edges, sure numbers and plain labels take the shorter ways.
BOXES = r"""
CASE WHEN image.object_count > 0 THEN (
    SELECT coalesce(string_agg(line, '' {order}), '')
    FROM (
        SELECT CASE WHEN strpos(label, '"') + strpos(label, E'\\') = 0 THEN '["' || label || '"' ELSE '[' || to_json(label) END
            || CASE WHEN left_edge IS NULL THEN ',' || x_min || ',' || y_min || ',' || x_max || ',' || y_max
                ELSE ',' || left_edge::text::numeric || ',' || upper_edge::text::numeric || ',' || right_edge::text::numeric
                    || ',' || lower_edge::text::numeric END
            || CASE WHEN confidence IS NULL THEN E',null]\n' WHEN confidence >= 1e-4 THEN ',' || confidence || E']\n'
                ELSE ',' || confidence::text::numeric || E']\n' END AS line
        FROM snapshot_labels JOIN object USING (campaign_id, submission_id, image_id)
        WHERE snapshot_labels.snapshot_id = image.snapshot_id AND snapshot_labels.image_id = image.image_id
            AND (CAST(:classes AS text[]) IS NULL OR label = ANY (CAST(:classes AS text[])))) AS box) ELSE '' END
"""
BLOCKS = text(
    "SELECT image_id, "
    + HEAD
    + " AS head, "
    + BOXES.format(order="")
    + """ AS boxes
FROM snapshot_image AS image WHERE snapshot_id = :snapshot_id AND image_id = ANY (CAST(:image_ids AS bigint[]))
"""
)
# The blocks of images with different hashes are in the order of these. Those without one are sorted by PostgreSQL.
DECLARE = text(
    """
DECLARE content NO SCROLL CURSOR FOR
SELECT image_id, object_count, sha256 FROM snapshot_image AS image WHERE snapshot_id = :snapshot_id
ORDER BY sha256, CASE WHEN sha256 IS NULL THEN """
    + HEAD
    + " || "
    + BOXES.format(order='ORDER BY line COLLATE "C"')
    + """ END COLLATE "C", image_id
"""
)
FETCH, CLOSE = text(f"FETCH {IMAGES_AT_A_TIME} FROM content"), text("CLOSE content")


def hash_content(session: Session, snapshot: Snapshot) -> bytes:
    """Return the content hash of the rows that a snapshot has. Images with the same file are in memory at the same time."""
    digest = hashlib.sha256()
    for sha256, found in groupby(_read_blocks(session, snapshot), itemgetter(0)):
        blocks = (block for _, block in found)
        for block in blocks if sha256 is None else sorted(blocks):
            digest.update(block)
    return digest.digest()


def _read_blocks(session: Session, snapshot: Snapshot) -> Iterator[tuple[bytes | None, bytes]]:
    """Yield the hash and the block of each image, in the order of the hashes."""
    values = {"snapshot_id": snapshot.id, "classes": snapshot.selection["classes"]}
    session.execute(DECLARE, values)
    while rows := session.execute(FETCH).all():
        for page in split_by_boxes(rows):
            ids = [row.image_id for row in page]
            found = session.execute(BLOCKS, {**values, "image_ids": ids})
            # A line ends where the hash has it end, and not at what else ends lines of a text.
            blocks = {row.image_id: row.head.encode() + _sort(row.boxes.encode()) for row in found}
            for row in page:
                yield row.sha256 and bytes(row.sha256), blocks[row.image_id]
    session.execute(CLOSE)


def _sort(lines: bytes) -> bytes:
    return b"".join(sorted(lines.splitlines(keepends=True)))
