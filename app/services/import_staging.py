"""Where the records of a label file wait while they are checked: temporary tables of one connection.

They outlive transactions, so that a long file is read with commits between, and end with the connection.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, Self

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from app.services.boxes import single_confidence

# So many records are sent at a time. Two batches are in memory, of which 20,000 each take ten megabytes more.
BATCH_COUNT = 8_000
STATEMENT_TIMEOUT_SECONDS = 600
# Sorting and joining a million boxes in memory takes a third of the time that files on disk take.
WORK_MEMORY = "64MB"
# ANALYZE looks at 300 times as many rows of a temporary table, which is enough for the plans and a quarter of what it does else.
STATISTICS_TARGET = 25
MAX_ID = 2**63 - 1
MAX_SIDE = 2**31 - 1
# What boxes are sent as. `key` is that of the image, `word` the number of the class, `unit` one of UNITS.
BOX_COLUMNS = ("key", "place", "x1", "y1", "x2", "y2", "confidence", "word", "unit")
UNITS = {"pixels": 0, "ratios": 1, "percent": 2}
CONTROL = re.compile("[\x00-\x1f\x7f]")

TABLES = """
CREATE TEMPORARY TABLE sent_image (
    number integer, key text, name text, place text, image_id bigint, width bigint, height bigint, state text);
CREATE TEMPORARY TABLE sent_box (
    number integer, key text, place text, x1 float8, y1 float8, x2 float8, y2 float8, confidence float8, word integer,
    unit integer);
"""
# What was sent waits in its transaction until some more records are read, and holds nothing that others need.
PATIENCE = text(f"SET LOCAL idle_in_transaction_session_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'")
# Arrays that are unnested side by side take two thirds of the time that they take as one table function.
ADD_IMAGES = text("""
INSERT INTO sent_image SELECT :first + generate_series(1, :count), unnest(CAST(:key AS text[])), unnest(CAST(:name AS text[])),
    unnest(CAST(:place AS text[])), unnest(CAST(:image_id AS bigint[])), unnest(CAST(:width AS bigint[])),
    unnest(CAST(:height AS bigint[])), unnest(CAST(:state AS text[]))
""")
ADD_BOXES = text("""
INSERT INTO sent_box SELECT :first + generate_series(1, :count), unnest(CAST(:key AS text[])), unnest(CAST(:place AS text[])),
    unnest(CAST(:x1 AS float8[])), unnest(CAST(:y1 AS float8[])), unnest(CAST(:x2 AS float8[])), unnest(CAST(:y2 AS float8[])),
    unnest(CAST(:confidence AS float8[])), unnest(CAST(:word AS integer[])), unnest(CAST(:unit AS integer[]))
""")


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
    """Takes the images and boxes of a file in its order, and sends them to the temporary tables of the session's connection.

    `send` returns at once, and PostgreSQL takes the records while the next ones are read. Until `wait` has returned, nobody else
    may use the session; at the end of a `with` block that is so, too.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="import")
        self._sent: Future[None] | None = None
        self._images: list[SentImage] = []
        self._boxes: dict[str, list[Any]] = {name: [] for name in BOX_COLUMNS}
        # How many were sent, and how many of both are known to have arrived.
        self.image_count = self.box_count = self.arrived_count = 0
        for statement in (
            f"SET statement_timeout = '{STATEMENT_TIMEOUT_SECONDS}s'",
            f"SET work_mem = '{WORK_MEMORY}'",
            f"SET default_statistics_target = {STATISTICS_TARGET}",
            *TABLES.strip().split(";\n"),
        ):
            session.execute(text(statement.rstrip(";")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sender.shutdown()

    @property
    def is_full(self) -> bool:
        """Whether enough records have come to be sent."""
        return len(self._images) + len(self._boxes["key"]) >= BATCH_COUNT

    def add_image(self, image: SentImage) -> None:
        """Take an image. One that comes once more with the same facts is taken once where nothing came between."""
        if not self._images or _facts(self._images[-1]) != _facts(image):
            self._images.append(image)

    def add_boxes(self, *columns: Sequence[Any]) -> None:
        """Take boxes by their BOX_COLUMNS."""
        for kept, added in zip(self._boxes.values(), columns, strict=True):
            kept.extend(added)

    def send(self) -> None:
        """Send what was taken, once `wait` has returned."""
        images, boxes = len(self._images), len(self._boxes["key"])
        batches = []
        if images:
            values = _arrays(_image_columns(self._images))
            batches.append((ADD_IMAGES, values | {"first": self.image_count, "count": images}))
        if boxes:
            values = _arrays(_box_columns(self._boxes))
            batches.append((ADD_BOXES, values | {"first": self.box_count, "count": boxes}))
        self.image_count += images
        self.box_count += boxes
        self._images, self._boxes = [], {name: [] for name in BOX_COLUMNS}
        self._sent = self._sender.submit(self._send, batches)

    @property
    def has_arrived(self) -> bool:
        """Whether what was sent has arrived, so that `wait` takes no time."""
        return self._sent is not None and self._sent.done()

    def wait(self) -> None:
        """Wait until what was sent has arrived. Raises what PostgreSQL has against it."""
        if self._sent is not None:
            sent, self._sent = self._sent, None
            sent.result()
            # Whatever comes next in this transaction may hold rows of others.
            self._session.execute(text("SET LOCAL idle_in_transaction_session_timeout TO DEFAULT"))
            self.arrived_count = self.image_count + self.box_count

    def _send(self, batches: Sequence[tuple[TextClause, dict[str, Any]]]) -> None:
        self._session.execute(PATIENCE)
        for statement, values in batches:
            self._session.execute(statement, values)


def analyze(session: Session, *tables: str) -> None:
    """Let PostgreSQL find out what is in temporary tables, which it does not do by itself."""
    for table in tables:
        session.execute(text(f"ANALYZE {table}"))


def _facts(image: SentImage) -> tuple[Any, ...]:
    return image.key, image.name, image.image_id, image.width, image.height, image.state


def _image_columns(images: list[SentImage]) -> dict[str, list[Any]]:
    """Return the columns of ADD_IMAGES."""
    ids = (image.image_id for image in images)
    return {
        "key": _plain([image.key for image in images]),
        "name": [name if name is None else _seen(name) for name in (image.name for image in images)],
        "place": _plain([image.where for image in images]),
        "image_id": [number if number is not None and 0 < number <= MAX_ID else None for number in ids],
        "width": [_side(image.width) for image in images],
        "height": [_side(image.height) for image in images],
        "state": [image.state for image in images],
    }


def _box_columns(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the columns of ADD_BOXES with texts and confidences in the form in which they are stored."""
    # Many boxes have the same confidence.
    stored = {number: _confidence(number) for number in set(columns["confidence"])}
    confidences = [stored[number] for number in columns["confidence"]]
    return columns | {
        "key": _plain(columns["key"]),
        "place": _plain(columns["place"]),
        "confidence": confidences,
    }


def _confidence(number: float | None) -> float | None:
    return single_confidence(number) if number is not None and 0 <= number <= 1 else number


def _side(length: int | None) -> int | None:
    return None if length is None else max(min(length, MAX_SIDE), -1)


def _plain(values: list[str]) -> list[str]:
    """Return texts that can stand in an array as in JSON; what cannot be seen is another character there."""
    # Hardly any file has such characters, and one look at all texts takes less time than one at each.
    return values if "".join(values).isprintable() else [_seen(value) for value in values]


def _seen(value: str) -> str:
    if value.isprintable():
        return value
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", value).encode(errors="replace").decode()


def _arrays(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """Return columns as PostgreSQL writes arrays."""
    return {name: f"{{{orjson.dumps(column)[1:-1].decode()}}}" for name, column in columns.items()}
