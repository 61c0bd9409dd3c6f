"""What differs between two snapshots: images, their states and parts, and their objects."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, longer_statements
from app.models import Object, Snapshot, SnapshotLabels
from app.representations.json import fetch_rows
from app.representations.objects import OBJECTS
from app.representations.pages import Listing, Page
from app.services.differences import KINDS, Matches, boxes_of, match_image, show_match
from app.services.snapshots import require_ready

# So many images are compared by one statement.
CHUNK_COUNT = 1_000

# The last of the next images that one of the two has.
CHUNK_END = text("""
SELECT max(image_id) FROM (
    SELECT image_id FROM (
        (SELECT image_id FROM snapshot_image WHERE snapshot_id = :before AND image_id > :last_id ORDER BY image_id LIMIT :size)
        UNION
        (SELECT image_id FROM snapshot_image WHERE snapshot_id = :after AND image_id > :last_id ORDER BY image_id LIMIT :size)
    ) AS both_sides ORDER BY image_id LIMIT :size) AS chunk
""")
SIDE = """
SELECT image_id, state, split, (
    SELECT array_agg(submission_id ORDER BY campaign_id) FROM snapshot_labels
    WHERE snapshot_labels.snapshot_id = side.snapshot_id AND snapshot_labels.image_id = side.image_id) AS revisions
FROM snapshot_image AS side WHERE snapshot_id = {} AND image_id > :last_id AND image_id <= :end_id
"""
CHANGED = """
SELECT image_id, before.state AS before_state, after.state AS after_state, before.split AS before_split,
    after.split AS after_split, before.revisions AS before_revisions, after.revisions AS after_revisions
FROM ({before}) AS before FULL JOIN ({after}) AS after USING (image_id)
WHERE :all
    OR (before.state, before.split, before.revisions) IS DISTINCT FROM (after.state, after.split, after.revisions)
ORDER BY image_id
"""
CHANGED_IMAGES = text(CHANGED.format(before=SIDE.format(":before"), after=SIDE.format(":after")))
# The objects that images have on both sides, those of an image together.
BOXES = text("""
SELECT named.image_id, named.snapshot_id = :after AS is_after, object.id, label, coalesce(left_edge, x_min),
    coalesce(upper_edge, y_min), coalesce(right_edge, x_max), coalesce(lower_edge, y_max), confidence
FROM (
    SELECT image_id, unnest(ARRAY[CAST(:before AS bigint), CAST(:after AS bigint)]) AS snapshot_id
    FROM unnest(CAST(:image_ids AS bigint[])) AS image_id) AS named
JOIN snapshot_labels ON snapshot_labels.snapshot_id = named.snapshot_id AND snapshot_labels.image_id = named.image_id
JOIN object ON object.campaign_id = snapshot_labels.campaign_id AND object.submission_id = snapshot_labels.submission_id
    AND object.image_id = snapshot_labels.image_id
JOIN snapshot_class AS class ON class.snapshot_id = named.snapshot_id AND class.name = label AND class.selected
ORDER BY named.image_id, object.id
""")


def list_differences(session: Session, snapshot_id: int, page: Page, from_id: int) -> Listing:
    """Return a page of the images that differ from those of another snapshot, what became of their objects, and counts of all.

    Objects of images that joined count as added, those of images that left as removed. Raises NotFound for the snapshots and a
    page past the last, Conflict for a snapshot that is not ready, Unprocessable for an image with too many boxes to be compared.
    """
    before, after = require_ready(session, from_id), require_ready(session, snapshot_id)
    counts = Counter[str](dict.fromkeys(("images", *KINDS, "states", "splits", "joined", "left"), 0))
    shown: list[tuple[Row[Any], Matches]] = []
    first = page.offset if page.after is None else 0
    position = 0
    with longer_statements(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS):
        for image, matches in _compare(session, before, after):
            counts["images"] += 1
            counts[_membership(image) or "states"] += image.before_state != image.after_state
            counts["splits"] += _membership(image) is None and image.before_split != image.after_split
            counts.update({kind: len(found) for kind, found in matches.items()})
            is_behind = page.after is None or image.image_id > page.after
            if is_behind and position >= first and len(shown) <= page.size:
                shown.append((image, matches))
            position += is_behind
        pagination = page.describe(counts["images"]) if page.after is None else page.describe_cursor()
        body = {
            "images": _describe(session, (from_id, snapshot_id), shown[: page.size]),
            "counts": dict(counts),
            "from": from_id,
            "to": snapshot_id,
            "pagination": pagination,
        }
    last_id = shown[page.size - 1][0].image_id if page.after is not None and len(shown) > page.size else None
    return Listing(orjson.dumps(body), page.links(pagination["next"], last_id))


def _compare(session: Session, before: Snapshot, after: Snapshot) -> Iterator[tuple[Row[Any], Matches]]:
    """Yield the images that differ, each with what became of its objects."""
    # With other classes, the same submission has other boxes.
    compares_all = before.selection["classes"] != after.selection["classes"]
    values = {"before": before.id, "after": after.id, "size": CHUNK_COUNT, "all": compares_all}
    last_id = 0
    while (end_id := session.scalar(CHUNK_END, {**values, "last_id": last_id})) is not None:
        changed = session.execute(CHANGED_IMAGES, {**values, "last_id": last_id, "end_id": end_id}).all()
        last_id = end_id
        named = {"image_ids": [row.image_id for row in changed]}
        rows = session.execute(BOXES, {**values, **named}).all() if changed else []
        boxes = {image_id: list(found) for image_id, found in groupby(rows, itemgetter(0))}
        for row in changed:
            matches = match_image(row.image_id, boxes.get(row.image_id, []))
            if matches or (row.before_state, row.before_split) != (row.after_state, row.after_split):
                yield row, matches


def _membership(image: Row[Any]) -> str | None:
    if image.before_state is None:
        return "joined"
    return "left" if image.after_state is None else None


def _describe(
    session: Session, snapshot_ids: tuple[int, int], shown: list[tuple[Row[Any], Matches]]
) -> list[dict[str, Any]]:
    box_ids = [box.id for box in boxes_of(shown)]
    objects: dict[int, orjson.Fragment] = {}
    if box_ids:
        holds = (SnapshotLabels.campaign_id, SnapshotLabels.submission_id, SnapshotLabels.image_id)
        image_ids = [row.image_id for row, _ in shown]
        named = session.execute(
            select(*holds).where(SnapshotLabels.snapshot_id.in_(snapshot_ids), SnapshotLabels.image_id.in_(image_ids))
        )
        of_objects = tuple_(Object.campaign_id, Object.submission_id, Object.image_id)
        selected = OBJECTS.where(of_objects.in_([tuple(row) for row in named]), Object.id.in_(box_ids))
        objects = {int(row[0]): orjson.Fragment(str(row[1])) for row in fetch_rows(session, selected)}
    return [
        {
            "image_id": row.image_id,
            "url": f"/images/{row.image_id}",
            "membership": _membership(row),
            "state": [row.before_state, row.after_state],
            "split": [row.before_split, row.after_split],
            "revisions": [row.before_revisions or [], row.after_revisions or []],
            **{kind: [show_match(match, objects) for match in matches.get(kind, ())] for kind in KINDS},
        }
        for row, matches in shown
    ]
