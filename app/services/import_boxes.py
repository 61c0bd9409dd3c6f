"""The boxes of a label file, in pixels of our images and in single precision, and what their classes mean in the campaign."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.classes import Reading, Vocabulary
from app.services.import_report import Report, find
from app.services.import_staging import analyze

# What lies so little outside of an image, in pixels, comes from rounding: it lies on the edge.
TOLERANCE = 0.01
# Smaller ones have no number of single precision besides 0.
SMALLEST = 1e-45


def _with_edges(statement: str) -> str:
    """Return a statement in which `edge(side, length)` is a side of a box, moved to the edge where it lies hardly outside."""
    edge = rf"""CASE WHEN \1 BETWEEN -{TOLERANCE} AND {SMALLEST} THEN 0
            WHEN \1 BETWEEN \2 AND \2 + {TOLERANCE} THEN \2 ELSE \1 END"""
    return re.sub(r"\bedge\((\w+), (\w+)\)", edge, statement)


# The conversion is in double precision, so that a ratio that was made of a number of single precision becomes that number again.
# No number of a file is beyond all numbers of single precision after that. OFFSET 0 keeps PostgreSQL from putting each step into
# the next one wherever it is named, so that it would be done forty times for each box.
BOXES = text(
    _with_edges("""
CREATE TEMPORARY TABLE box AS
SELECT number, image_id, place, word, confidence, width, height,
    CAST(greatest(least(x1, width), 0) AS real) AS left_edge, CAST(greatest(least(y1, height), 0) AS real) AS upper_edge,
    CAST(greatest(least(x2, width), 0) AS real) AS right_edge, CAST(greatest(least(y2, height), 0) AS real) AS lower_edge,
    x1 < 0 OR y1 < 0 OR x2 > width OR y2 > height AS is_outside,
    NOT coalesce(confidence BETWEEN 0 AND 1, true) AS is_unsure, sent_x1, sent_y1, sent_x2, sent_y2
FROM (
    SELECT *, edge(a1, width) AS x1, edge(b1, height) AS y1, edge(a2, width) AS x2, edge(b2, height) AS y2
    FROM (
        SELECT *, greatest(least(sent_x1, 1e9), -1e9) * scale_x AS a1, greatest(least(sent_y1, 1e9), -1e9) * scale_y AS b1,
            greatest(least(sent_x2, 1e9), -1e9) * scale_x AS a2, greatest(least(sent_y2, 1e9), -1e9) * scale_y AS b2
        FROM (
            SELECT sent_box.number, image_id, sent_box.place, word, confidence, member.width, member.height,
                sent_box.x1 AS sent_x1, sent_box.y1 AS sent_y1, sent_box.x2 AS sent_x2, sent_box.y2 AS sent_y2,
                CASE unit WHEN 0 THEN CAST(1 AS float8) WHEN 1 THEN member.width ELSE member.width / CAST(100 AS float8) END
                    AS scale_x,
                CASE unit WHEN 0 THEN CAST(1 AS float8) WHEN 1 THEN member.height ELSE member.height / CAST(100 AS float8) END
                    AS scale_y
            FROM sent_box JOIN matched USING (key) JOIN member USING (image_id) OFFSET 0) AS sized OFFSET 0
    ) AS scaled OFFSET 0
) AS converted
""")
)
UNKNOWN_IMAGES = "FROM sent_box WHERE NOT EXISTS (SELECT FROM named WHERE named.key = sent_box.key)"
NO_IMAGE = "FROM box WHERE width IS NULL"
OUTSIDE = "FROM box WHERE is_outside AND left_edge < right_edge AND upper_edge < lower_edge"
FLAT = "FROM box WHERE width IS NOT NULL AND (left_edge >= right_edge OR upper_edge >= lower_edge)"
DROP_FLAT = text("DELETE FROM box WHERE left_edge >= right_edge OR upper_edge >= lower_edge")
UNSURE = "FROM box WHERE is_unsure"
COLUMNS = "place, image_id, width, height, sent_x1, sent_y1, sent_x2, sent_y2"

WORDS = text("""
CREATE TEMPORARY TABLE meaning AS
SELECT CAST(ordinality - 1 AS integer) AS word, label, label_original
FROM unnest(CAST(:labels AS text[]), CAST(:originals AS text[])) WITH ORDINALITY AS word (label, label_original)
""")


@dataclass(frozen=True)
class BoxCounts:
    """How many boxes were cut to their image, and how many of them had no area then."""

    clipped: int = 0
    dropped: int = 0


def convert_boxes(session: Session, report: Report, *, clip: bool) -> BoxCounts:
    """Make the table `box` of the boxes on matched images, in pixels; report those that cannot be, or with `clip` cut them."""
    session.execute(BOXES)
    analyze(session, "box")
    count, rows = find(session, UNKNOWN_IMAGES, "place, key", {})
    report.add_all("unknown_reference", count, ((row.place, f"The file has no image {row.key}.") for row in rows))
    count, rows = find(session, NO_IMAGE, "place, image_id", {})
    message = "Image {} is not an image file, or its size in pixels is unknown, so it accepts no boxes."
    report.add_all("not_an_image", count, ((row.place, message.format(row.image_id)) for row in rows))
    count, rows = find(session, UNSURE, "place, confidence", {})
    unsure = "The confidence {:g} is not between 0 and 1."
    report.add_all("bad_box", count, ((row.place, unsure.format(row.confidence)) for row in rows))
    outside = _report(session, report, "clipped_box" if clip else "bad_box", OUTSIDE, "is not inside the image")
    flat = _report(session, report, "dropped_box" if clip else "bad_box", FLAT, "has no area inside the image")
    if not clip:
        return BoxCounts()
    session.execute(DROP_FLAT)
    return BoxCounts(outside, flat)


def _report(session: Session, report: Report, kind: str, condition: str, fault: str) -> int:
    count, rows = find(session, condition, COLUMNS, {})
    report.add_all(kind, count, ((row.place, _explain_box(row, fault)) for row in rows))
    return count


def _explain_box(row: Any, fault: str) -> str:
    box = ", ".join(f"{value:.6g}" for value in (row.sent_x1, row.sent_y1, row.sent_x2, row.sent_y2))
    size = f"which is {row.width} pixels wide and {row.height} pixels high"
    return f"The box {box} (x_min, y_min, x_max, y_max) of image {row.image_id} {fault}, {size}."


def read_words(session: Session, report: Report, words: Iterable[str | None], vocabulary: Vocabulary) -> list[Reading]:
    """Return what the words of the boxes mean, and make the table `meaning` of that. What cannot be a label is reported.

    None stands for the class of a number that no class has, which was reported before.
    """
    readings = [vocabulary.read(word, None) if word is not None else Reading("", "") for word in words]
    for reading in readings:
        for _, fault in reading.faults:
            report.add("bad_class", reading.original or "class", fault)
    values = {"labels": [one.label for one in readings], "originals": [one.original for one in readings]}
    session.execute(WORDS, values)
    analyze(session, "meaning")
    return readings
