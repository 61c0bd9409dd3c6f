"""Where the records of a label file wait while they are checked: temporary tables of one connection.

They outlive transactions, so that a long file is read with commits between, and end with the connection.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.boxes import single_confidence

# So many records are sent at a time.
BATCH_COUNT = 20_000
STATEMENT_TIMEOUT_SECONDS = 600
# Sorting and joining a million boxes in memory takes a third of the time that files on disk take.
WORK_MEMORY = "64MB"
MAX_ID = 2**63 - 1
MAX_SIDE = 2**31 - 1
UNITS = ("pixels", "ratios", "percent")
CONTROL = re.compile("[\x00-\x1f\x7f]")

TABLES = """
CREATE TEMPORARY TABLE sent_image (
    number integer, key text, name text, place text, image_id bigint, width bigint, height bigint, state text);
CREATE TEMPORARY TABLE sent_box (
    number integer, key text, place text, x1 float8, y1 float8, x2 float8, y2 float8, confidence float8, word integer,
    unit integer);
"""
ADD_IMAGES = text("""
INSERT INTO sent_image SELECT :first + ordinality, key, name, place, image_id, width, height, state
FROM unnest(CAST(:key AS text[]), CAST(:name AS text[]), CAST(:place AS text[]), CAST(:image_id AS bigint[]),
    CAST(:width AS bigint[]), CAST(:height AS bigint[]), CAST(:state AS text[]))
    WITH ORDINALITY AS sent (key, name, place, image_id, width, height, state)
""")
ADD_BOXES = text("""
INSERT INTO sent_box SELECT :first + ordinality, key, place, x1, y1, x2, y2, confidence, word, unit
FROM unnest(CAST(:key AS text[]), CAST(:place AS text[]), CAST(:x1 AS float8[]), CAST(:y1 AS float8[]),
    CAST(:x2 AS float8[]), CAST(:y2 AS float8[]), CAST(:confidence AS float8[]), CAST(:word AS integer[]),
    CAST(:unit AS integer[]))
    WITH ORDINALITY AS sent (key, place, x1, y1, x2, y2, confidence, word, unit)
""")
IMAGE_COLUMNS = ("key", "name", "place", "image_id", "width", "height", "state")
BOX_COLUMNS = ("key", "place", "x1", "y1", "x2", "y2", "confidence", "word", "unit")


class SentImage(Protocol):
    """An image as a reader gives it."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def where(self) -> str: ...
    @property
    def image_id(self) -> int | None: ...
    @property
    def width(self) -> int | None: ...
    @property
    def height(self) -> int | None: ...
    @property
    def state(self) -> str | None: ...


class SentBox(Protocol):
    """A box as a reader gives it."""

    @property
    def image_key(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def x_min(self) -> float: ...
    @property
    def y_min(self) -> float: ...
    @property
    def x_max(self) -> float: ...
    @property
    def y_max(self) -> float: ...
    @property
    def unit(self) -> str: ...
    @property
    def confidence(self) -> float | None: ...


@contextmanager
def own_connection(session: Session) -> Iterator[None]:
    """Let all transactions of a session run on one connection, which is closed at the end with its temporary tables.

    The session has no transaction when this begins.
    """
    bound = session.get_bind()
    with bound.engine.connect() as connection:
        connection.detach()
        session.bind = connection
        try:
            yield
        finally:
            session.rollback()
            session.bind = bound


class Staging:
    """Takes the images and boxes of a file in its order, and sends them to the temporary tables of the session's connection."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._images: list[tuple[Any, ...]] = []
        self._boxes: list[tuple[Any, ...]] = []
        self.image_count = self.box_count = 0
        for statement in (
            f"SET statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'",
            f"SET work_mem = '{WORK_MEMORY}'",
            *TABLES.strip().split(";\n"),
        ):
            session.execute(text(statement.rstrip(";")))

    @property
    def is_full(self) -> bool:
        """Whether enough records have come to be sent."""
        return len(self._images) + len(self._boxes) >= BATCH_COUNT

    def add_image(self, image: SentImage) -> None:
        """Take an image. One that comes once more with the same facts is taken once where nothing came between."""
        row = (
            _plain(image.key),
            image.name if image.name is None else _plain(image.name),
            _plain(image.where),
            image.image_id if image.image_id is not None and 0 < image.image_id <= MAX_ID else None,
            _side(image.width),
            _side(image.height),
            image.state,
        )
        if not self._images or self._images[-1][:2] + self._images[-1][3:] != row[:2] + row[3:]:
            self._images.append(row)

    def add_box(self, box: SentBox, word: int) -> None:
        """Take a box whose class is the given word."""
        confidence = box.confidence
        if confidence is not None and 0 <= confidence <= 1:
            confidence = single_confidence(confidence)
        self._boxes.append(
            (
                _plain(box.image_key),
                _plain(box.where),
                box.x_min,
                box.y_min,
                box.x_max,
                box.y_max,
                confidence,
                word,
                UNITS.index(box.unit),
            )
        )

    def send(self) -> None:
        """Send what was taken."""
        for rows, statement, columns, first in (
            (self._images, ADD_IMAGES, IMAGE_COLUMNS, self.image_count),
            (self._boxes, ADD_BOXES, BOX_COLUMNS, self.box_count),
        ):
            if rows:
                arrays = dict(zip(columns, map(_array, zip(*rows, strict=True)), strict=True))
                self._session.execute(statement, arrays | {"first": first})
        self.image_count += len(self._images)
        self.box_count += len(self._boxes)
        self._images, self._boxes = [], []


def analyze(session: Session, *tables: str) -> None:
    """Let PostgreSQL find out what is in temporary tables, which it does not do by itself."""
    for table in tables:
        session.execute(text(f"ANALYZE {table}"))


def _side(length: int | None) -> int | None:
    return None if length is None else max(min(length, MAX_SIDE), -1)


def _plain(value: str) -> str:
    """Return a text that can stand in an array as in JSON; what cannot be seen is another character there."""
    if value.isprintable():
        return value
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", value).encode(errors="replace").decode()


def _array(column: Sequence[Any]) -> str:
    """Return a column as PostgreSQL writes arrays."""
    return f"{{{orjson.dumps(column)[1:-1].decode()}}}"
