"""The boxes of a label file, in pixels of our images and in single precision, and what their classes mean in the campaign."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Row, RowMapping, func, select, text
from sqlalchemy.orm import Session

from app.services.classes import Reading, Vocabulary
from app.services.import_report import Report, find, first_rows
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
SELECT number, image_id, word, confidence, width IS NULL AS is_sizeless,
    CAST(greatest(least(x1, width), 0) AS real) AS left_edge, CAST(greatest(least(y1, height), 0) AS real) AS upper_edge,
    CAST(greatest(least(x2, width), 0) AS real) AS right_edge, CAST(greatest(least(y2, height), 0) AS real) AS lower_edge,
    x1 < 0 OR y1 < 0 OR x2 > width OR y2 > height AS is_outside,
    NOT coalesce(confidence BETWEEN 0 AND 1, true) AS is_unsure
FROM (
    SELECT number, image_id, word, confidence, width, height, edge(a1, width) AS x1, edge(b1, height) AS y1,
        edge(a2, width) AS x2, edge(b2, height) AS y2
    FROM (
        SELECT *, greatest(least(x1, 1e9), -1e9) * scale_x AS a1, greatest(least(y1, 1e9), -1e9) * scale_y AS b1,
            greatest(least(x2, 1e9), -1e9) * scale_x AS a2, greatest(least(y2, 1e9), -1e9) * scale_y AS b2
        FROM (
            SELECT sent_box.number, image_id, word, confidence, member.width, member.height, x1, y1, x2, y2,
                CASE unit WHEN 0 THEN CAST(1 AS float8) WHEN 1 THEN member.width ELSE member.width / CAST(100 AS float8) END
                    AS scale_x,
                CASE unit WHEN 0 THEN CAST(1 AS float8) WHEN 1 THEN member.height ELSE member.height / CAST(100 AS float8) END
                    AS scale_y
            FROM sent_box JOIN matched USING (key) JOIN member USING (image_id) OFFSET 0) AS sized OFFSET 0
    ) AS scaled OFFSET 0
) AS converted
""")
)
# Where every box is on a matched image, no box is on an unknown one; to count takes a fifth of the time of looking for those.
ARE_LEFT = text("SELECT (SELECT count(*) FROM box) < (SELECT count(*) FROM sent_box)")
UNKNOWN_IMAGES = "FROM sent_box WHERE NOT EXISTS (SELECT FROM named WHERE named.key = sent_box.key)"
# What can be wrong with a box, by the names of the columns of COUNTS.
FAULTS = {
    "no_image": "is_sizeless",
    "unsure": "is_unsure",
    "outside": "is_outside AND left_edge < right_edge AND upper_edge < lower_edge",
    "flat": "NOT is_sizeless AND (left_edge >= right_edge OR upper_edge >= lower_edge)",
}
# One look at all boxes instead of one for each fault.
COUNTS = select(*(func.count().filter(text(fault)).label(name) for name, fault in FAULTS.items())).select_from(
    text("box")
)
DROP_FLAT = text("DELETE FROM box WHERE left_edge >= right_edge OR upper_edge >= lower_edge")
# A box with what the file says of it, for the report.
SENT = "FROM box JOIN sent_box USING (number) JOIN member USING (image_id) WHERE"
COLUMNS = "place, image_id, member.width, member.height, x1, y1, x2, y2, sent_box.confidence"

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
    analyze(session, "box (image_id, word)")
    if session.scalar(ARE_LEFT):
        count, rows = find(session, UNKNOWN_IMAGES, "place, key", {})
        report.add_all("unknown_reference", count, ((row.place, f"The file has no image {row.key}.") for row in rows))
    counts = session.execute(COUNTS).mappings().one()
    message = "Image {} is not an image file, or its size in pixels is unknown, so it accepts no boxes."
    _report(session, report, "not_an_image", counts, "no_image", lambda row: message.format(row.image_id))
    unsure = "The confidence {:g} is not between 0 and 1."
    _report(session, report, "bad_box", counts, "unsure", lambda row: unsure.format(row.confidence))
    clipped, dropped = ("clipped_box", "dropped_box") if clip else ("bad_box", "bad_box")
    _report(session, report, clipped, counts, "outside", partial(_explain_box, "is not inside the image"))
    _report(session, report, dropped, counts, "flat", partial(_explain_box, "has no area inside the image"))
    if not clip:
        return BoxCounts()
    if counts["flat"] or counts["no_image"]:
        session.execute(DROP_FLAT)
    return BoxCounts(counts["outside"], counts["flat"])


def _report(
    session: Session, report: Report, kind: str, counts: RowMapping, fault: str, explain: Callable[[Row[Any]], str]
) -> None:
    count = counts[fault]
    rows = first_rows(session, f"{SENT} {FAULTS[fault]}", COLUMNS, {}) if count else []
    report.add_all(kind, count, ((row.place, explain(row)) for row in rows))


def _explain_box(fault: str, row: Row[Any]) -> str:
    box = ", ".join(f"{value:.6g}" for value in (row.x1, row.y1, row.x2, row.y2))
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
