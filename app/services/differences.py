"""What changed in the labels of a campaign between two moments."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Row, text, tuple_
from sqlalchemy.orm import Session

from app.agreement.matching import Box, Match, TooManyPairs, match_boxes
from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, longer_statements
from app.errors import Unprocessable
from app.models import Object
from app.representations.json import fetch_rows
from app.representations.objects import OBJECTS
from app.representations.pages import Listing, Page
from app.services.campaigns import require_campaign
from app.services.moments import read_dated_moment

# Moments: the newest submission, and the time. The beginning is just before the first submission.
BEGINNING, NOW = (0, datetime.max.replace(tzinfo=UTC)), (2**63 - 1, datetime.max.replace(tzinfo=UTC))
KINDS = ("added", "removed", "moved", "relabeled", "changed")
# What became of the objects of an image, by its kind, without those that are the same.
Matches = dict[str, list[Match]]
# Images whose objects are read by one statement.
CHUNK_COUNT = 1_000

# The next images that have another revision at the second moment than at the first, or are in the campaign at one of them only,
# when they have no state at the other.
CHANGED = text("""
SELECT member.image_id, before.submission_id AS before_id, after.submission_id AS after_id,
    CASE WHEN was_in THEN coalesce(before.state, 'unlabeled') END AS before_state,
    CASE WHEN is_in THEN coalesce(after.state, 'unlabeled') END AS after_state,
    before.reason AS before_reason, after.reason AS after_reason,
    CASE WHEN was_in AND NOT is_in THEN 'left' WHEN is_in AND NOT was_in THEN 'joined' END AS membership
FROM (
    SELECT image_id,
        bool_or((joined_after, date_joined) <= (:before, CAST(:before_time AS timestamptz)) AND (
            date_left IS NULL OR (left_after, date_left) > (:before, CAST(:before_time AS timestamptz)))) AS was_in,
        bool_or((joined_after, date_joined) <= (:after, CAST(:after_time AS timestamptz)) AND (
            date_left IS NULL OR (left_after, date_left) > (:after, CAST(:after_time AS timestamptz)))) AS is_in
    FROM campaign_membership WHERE campaign_id = :campaign_id AND image_id > :last_id
    GROUP BY image_id) AS member
LEFT JOIN LATERAL (
    SELECT * FROM submission_image
    WHERE was_in AND campaign_id = :campaign_id AND submission_image.image_id = member.image_id AND submission_id <= :before
    ORDER BY submission_id DESC LIMIT 1) AS before ON true
LEFT JOIN LATERAL (
    SELECT * FROM submission_image
    WHERE is_in AND campaign_id = :campaign_id AND submission_image.image_id = member.image_id AND submission_id <= :after
    ORDER BY submission_id DESC LIMIT 1) AS after ON true
WHERE was_in <> is_in OR before.submission_id IS DISTINCT FROM after.submission_id
ORDER BY member.image_id
LIMIT :size
""")

# The objects that images have at both moments, those of an image together.
BOXES = text("""
WITH named AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, named.*
    FROM unnest(CAST(:image_ids AS bigint[]), CAST(:submission_ids AS bigint[]), CAST(:sides AS boolean[]))
        AS named (image_id, submission_id, is_after)
)
SELECT image_id, is_after, id, label, coalesce(left_edge, x_min), coalesce(upper_edge, y_min), coalesce(right_edge, x_max),
    coalesce(lower_edge, y_max), confidence
FROM named JOIN object USING (campaign_id, submission_id, image_id)
ORDER BY image_id, id
""")


def list_differences(
    session: Session, campaign_id: int, page: Page, begin: str | None = None, end: str | None = None
) -> Listing:
    """Return a page of the images that changed between two moments, with what became of their objects, and counts of all.

    Objects of images that joined count as added, those of images that left as removed. The moments are submissions or times;
    without them the moment before the first submission and now. Raises NotFound for the
    campaign, a submission that it does not have, and a page past the last, BadRequest for times in the future, Unprocessable
    for an image with too many boxes to be compared.
    """
    require_campaign(session, campaign_id)
    before = BEGINNING if begin is None else read_dated_moment(session, campaign_id, begin)
    after = NOW if end is None else read_dated_moment(session, campaign_id, end)
    counts: Counter[str] = Counter(dict.fromkeys(("images", *KINDS, "states", "joined", "left"), 0))
    shown: list[tuple[Row[Any], Matches]] = []
    first = page.offset if page.after is None else 0
    position = 0
    with longer_statements(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS):
        for image, matches in _compare(session, campaign_id, before, after):
            counts["images"] += 1
            counts[image.membership or "states"] += image.before_state != image.after_state
            counts.update({kind: len(found) for kind, found in matches.items()})
            is_behind = page.after is None or image.image_id > page.after
            if is_behind and position >= first and len(shown) <= page.size:
                shown.append((image, matches))
            position += is_behind
        pagination = page.describe(counts["images"]) if page.after is None else page.describe_cursor()
        body = {
            "images": _describe(session, campaign_id, shown[: page.size]),
            "counts": dict(counts),
            "from": before[0] or None,
            "to": None if end is None else after[0] or None,
            "pagination": pagination,
        }
    last_id = shown[page.size - 1][0].image_id if page.after is not None and len(shown) > page.size else None
    return Listing(orjson.dumps(body), page.links(pagination["next"], last_id))


def _compare(
    session: Session, campaign_id: int, before: tuple[int, datetime], after: tuple[int, datetime]
) -> Iterator[tuple[Row[Any], Matches]]:
    """Yield the images that differ, each with what became of its objects."""
    moments = {"before": before[0], "before_time": before[1], "after": after[0], "after_time": after[1]}
    values = {"campaign_id": campaign_id, **moments, "size": CHUNK_COUNT}
    last_id = 0
    while changed := session.execute(CHANGED, {**values, "last_id": last_id}).all():
        last_id = changed[-1].image_id
        sides = [(row.image_id, row.before_id, False) for row in changed if row.before_state == "labeled"]
        sides += [(row.image_id, row.after_id, True) for row in changed if row.after_state == "labeled"]
        image_ids, submission_ids, is_after = map(list, zip(*sides, strict=True)) if sides else ([], [], [])
        named = {"image_ids": image_ids, "submission_ids": submission_ids, "sides": is_after}
        # All at once takes half as long as one by one.
        rows = session.execute(BOXES, {"campaign_id": campaign_id, **named}).all()
        boxes = {image_id: list(found) for image_id, found in groupby(rows, itemgetter(0))}
        for row in changed:
            matches = match_image(row.image_id, boxes.get(row.image_id, []))
            if matches or (row.before_state, row.before_reason) != (row.after_state, row.after_reason):
                yield row, matches


def match_image(image_id: int, rows: Sequence[Any]) -> Matches:
    """Return what became of the objects of an image. Raises Unprocessable."""
    sides: tuple[list[Box], list[Box]] = ([], [])
    for row in rows:
        sides[row[1]].append(Box(*row[2:]))
    matches: Matches = {}
    try:
        for match in match_boxes(*sides):
            kind = match.kind
            if kind != "same":
                matches.setdefault(kind, []).append(match)
    except TooManyPairs:
        raise Unprocessable(
            f"Image {image_id} has too many boxes that lie close to each other: they cannot be compared."
        ) from None
    return matches


def _describe(session: Session, campaign_id: int, shown: list[tuple[Row[Any], Matches]]) -> list[dict[str, Any]]:
    boxes = boxes_of(shown)
    revisions = {(row.image_id, revision) for row, _ in shown for revision in (row.before_id, row.after_id) if revision}
    objects: dict[int, orjson.Fragment] = {}
    if boxes:
        selected = OBJECTS.where(
            Object.campaign_id == campaign_id,
            tuple_(Object.image_id, Object.submission_id).in_(revisions),
            Object.id.in_([box.id for box in boxes]),
        )
        objects = {int(row[0]): orjson.Fragment(str(row[1])) for row in fetch_rows(session, selected)}
    return [
        {
            "image_id": row.image_id,
            "url": f"/images/{row.image_id}",
            "membership": row.membership,
            "state": [row.before_state, row.after_state],
            "reason": [row.before_reason, row.after_reason],
            "revision": [
                None if state == "unlabeled" else revision
                for state, revision in ((row.before_state, row.before_id), (row.after_state, row.after_id))
            ],
            **{kind: [show_match(match, objects) for match in matches.get(kind, ())] for kind in KINDS},
        }
        for row, matches in shown
    ]


def boxes_of(shown: Sequence[tuple[Row[Any], Matches]]) -> list[Box]:
    """Return the boxes of the images of a page."""
    pairs = (pair for _, matches in shown for found in matches.values() for pair in found)
    return [box for pair in pairs for box in (pair.before, pair.after) if box]


def show_match(match: Match, objects: dict[int, orjson.Fragment]) -> Any:
    """Return a pair, or the one object of what was added or removed."""
    if match.before and match.after:
        return {"before": objects[match.before.id], "after": objects[match.after.id], "iou": match.iou}
    box = match.before or match.after
    return objects[box.id] if box else None
