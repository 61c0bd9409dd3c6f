"""The images of a submission: checked in themselves, and written as arrays for PostgreSQL, some images at a time."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

import orjson

from app.errors import BadRequest, Unprocessable
from app.services.boxes import describe_box, has_area, is_single, read_box, single_confidence
from app.services.classes import Reading, Vocabulary
from app.services.text import UnfitText, normalize

MAX_ERRORS = 50
MAX_REASON_LENGTH = 200

# So many images and objects are stored by one statement: more would fill memory, and be no quicker. PostgreSQL begins with the
# first few while the others are prepared, which takes half as long as to store them: so each statement takes up to twice as many.
FIRST_COUNT = 1_000
CHUNK_COUNT = 5_000

# What is sent to PostgreSQL: an array for each column of images and of objects, which costs half of what JSON costs. `firsts` are
# the places of the first objects that are sent with this statement, `sizes` how many these are where more follow, and `places`
# those of the objects. A sub-select around an array hides its length from the planner, whose plan is then the same for any.
IMAGE_ARRAYS = ("image_ids", "firsts", "sizes", "states", "object_counts", "reasons")
OBJECT_ARRAYS = (
    "object_image_ids",
    "places",
    "x_mins",
    "y_mins",
    "x_maxs",
    "y_maxs",
    "left_edges",
    "upper_edges",
    "right_edges",
    "lower_edges",
    "confidences",
    "labels",
    "labels_original",
)
X_MAX, Y_MAX = OBJECT_ARRAYS.index("x_maxs"), OBJECT_ARRAYS.index("y_maxs")
CONFIDENCE, LABEL = OBJECT_ARRAYS.index("confidences"), OBJECT_ARRAYS.index("labels")

# An object in the order of `OBJECT_ARRAYS`.
ObjectRow = tuple[Any, ...]
# The arrays of `IMAGE_ARRAYS` and `OBJECT_ARRAYS` by their names, as PostgreSQL writes them.
Arrays = dict[str, str]


class Faulty(Exception):
    """An object cannot be stored."""


class SentImage(NamedTuple):
    """One item of a submission: its place in the body, and what it makes of its image.

    `right` and `lower` are whole pixels beyond which none of its boxes reaches. `kept_rows` is None where these are more than
    one statement takes, and are read again when they are needed.
    """

    image_id: int
    position: int
    item: dict[str, Any]
    state: str
    object_count: int
    reason: str | None
    right: int
    lower: int
    kept_rows: list[ObjectRow] | None

    def rows(self, vocabulary: Vocabulary) -> Iterable[ObjectRow]:
        """Return its objects."""
        return read_rows(self.item, vocabulary) if self.kept_rows is None else self.kept_rows


class Group(NamedTuple):
    """Some images that are stored by one statement, with its arrays.

    An image that has too many objects for that stands alone, and its arrays are made when they are needed.
    """

    images: list[SentImage]
    # How many images and objects these are.
    size: int
    arrays: Arrays | None

    def parts(self, images: list[SentImage], vocabulary: Vocabulary) -> Iterable[Arrays]:
        """Return the arrays of some of the images, one after the other."""
        if self.arrays is not None and len(images) == len(self.images):
            return (self.arrays,)
        return _parts(images, vocabulary)


class GroupsAhead:
    """Groups one after the other; a thread makes the next one from `begin_next` on, while the caller waits for PostgreSQL."""

    def __init__(self, groups: Iterator[Group]) -> None:
        self._groups = groups
        self._thread = ThreadPoolExecutor(1, "objects")
        self._next: Future[Group | None] | None = None

    def __iter__(self) -> Iterator[Group]:
        """Yield the groups that were not yielded yet."""
        with self._thread:
            while group := self._take():
                yield group

    def begin_next(self) -> "Future[Group | None]":
        """Let the thread make the next group, unless it does already; return what will be it, None after the last."""
        if self._next is None:
            self._next = self._thread.submit(next, self._groups, None)
        return self._next

    def _take(self) -> Group | None:
        following, self._next = self.begin_next(), None
        try:
            return following.result()
        finally:
            # An error leads to this variable, and so back to itself, which would keep the body.
            del following

    def check_rest(self) -> None:
        """Raise what is wrong with the rest of the groups in itself."""
        if self._next is not None:
            self._next.result()
        for _ in self._groups:
            pass


def read_groups(images: Iterable[dict[str, Any]], max_objects: int, vocabulary: Vocabulary) -> Iterator[Group]:
    """Yield whole images, up to CHUNK_COUNT images and objects together; an image that has more stands alone.

    Raises BadRequest for too many objects and for numbers that float32 has not, and Unprocessable for an image that is named
    twice, for boxes without area or left of or above the image, and for texts that cannot be. No group follows a fault.
    """
    group: list[SentImage] = []
    errors: list[dict[str, str]] = []
    places: dict[int, int] = {}
    size = total = 0
    limit = min(FIRST_COUNT, CHUNK_COUNT)
    for position, item in enumerate(images):
        count = len(item.get("objects", ()))
        total += count
        if total > max_objects:
            raise BadRequest(f"The body has more than {max_objects} objects, the limit of one submission.")
        is_first = places.setdefault(item["image_id"], position) == position
        sent = _read_image(item, position, count, vocabulary) if is_first else None
        if sent is None:
            errors += islice(_find_faults(item, position, places, vocabulary), MAX_ERRORS - len(errors))
        if len(errors) == MAX_ERRORS:
            break
        if errors or sent is None:
            continue
        if group and size + count + 1 > limit:
            yield _group(group, size, vocabulary)
            group, size, limit = [], 0, min(2 * limit, CHUNK_COUNT)
        group.append(sent)
        size += count + 1
    if errors:
        raise Unprocessable(f"{errors[0]['pointer']}: {errors[0]['detail']} Nothing was stored.", errors=errors)
    if group:
        yield _group(group, size, vocabulary)


def _read_image(item: dict[str, Any], position: int, count: int, vocabulary: Vocabulary) -> SentImage | None:
    """Return what an item says of its image; None where something is wrong with it."""
    reason = item.get("unusable")
    if reason and count:
        return None
    try:
        rows = list(read_rows(item, vocabulary)) if count <= CHUNK_COUNT else None
        right, lower = _reach(read_rows(item, vocabulary) if rows is None else rows)
        reason = reason and normalize(reason, MAX_REASON_LENGTH)
    except (Faulty, UnfitText):
        return None
    state = "unusable" if reason else "labeled" if count else "empty"
    return SentImage(int(item["image_id"]), position, item, state, count, reason, right, lower, rows)


def read_rows(item: dict[str, Any], vocabulary: Vocabulary) -> Iterator[ObjectRow]:
    """Yield the objects of an item. Raises Faulty."""
    image_id, read = int(item["image_id"]), vocabulary.read
    for place, sent in enumerate(item.get("objects", ())):
        reading = read(sent["label"], sent.get("label_translated"))
        confidence = sent.get("confidence")
        columns = read_box(sent["bounding_box"])
        if columns is None or reading.faults or not is_single(confidence or 0):
            raise Faulty
        yield image_id, place, *columns, single_confidence(confidence), reading.label, reading.original


def _reach(rows: Iterable[ObjectRow]) -> tuple[int, int]:
    right = lower = 0
    for row in rows:
        if row[X_MAX] > right:
            right = row[X_MAX]
        if row[Y_MAX] > lower:
            lower = row[Y_MAX]
    return right, lower


def _group(images: list[SentImage], size: int, vocabulary: Vocabulary) -> Group:
    return Group(images, size, next(_parts(images, vocabulary)) if size <= CHUNK_COUNT else None)


def _parts(images: list[SentImage], vocabulary: Vocabulary) -> Iterator[Arrays]:
    """Yield the arrays of the statements: once for all images, or for an image that stands alone perhaps more.

    An image with more objects than there is room for is named again in the next arrays.
    """
    image_rows: list[tuple[Any, ...]] = []
    object_rows: list[ObjectRow] = []
    for sent in images:
        rows = iter(sent.rows(vocabulary))
        first, is_whole = 0, False
        while not is_whole:
            before = len(object_rows)
            object_rows += islice(rows, CHUNK_COUNT - before)
            count = len(object_rows) - before
            is_whole = first + count == sent.object_count
            size = None if is_whole else count
            image_rows.append((sent.image_id, first, size, sent.state, sent.object_count, sent.reason))
            first += count
            if not is_whole:
                yield _arrays(image_rows, object_rows)
                image_rows, object_rows = [], []
    yield _arrays(image_rows, object_rows)


def _arrays(image_rows: list[tuple[Any, ...]], object_rows: list[ObjectRow]) -> Arrays:
    columns = zip(*object_rows, strict=True) if object_rows else ((),) * len(OBJECT_ARRAYS)
    arrays = dict(zip(IMAGE_ARRAYS, map(_array, zip(*image_rows, strict=True)), strict=True))
    return arrays | dict(zip(OBJECT_ARRAYS, map(_array, columns), strict=True))


def _array(column: tuple[Any, ...]) -> str:
    """Return a column as PostgreSQL writes arrays, or an empty one for nulls only, which `unnest` fills up with nulls.

    A text in normal form has no control characters, and all others are escaped in an array as in JSON.
    """
    if column.count(None) == len(column):
        return "{}"
    return f"{{{orjson.dumps(column)[1:-1].decode()}}}"


def _find_faults(
    image: dict[str, Any], position: int, places: dict[int, int], vocabulary: Vocabulary
) -> Iterator[dict[str, str]]:
    """Yield what is wrong with an item in itself; `places` has where each image is named first."""
    first = places[image["image_id"]]
    if first != position:
        message = f"Image {image['image_id']} is already named at /{first}."
        yield {"pointer": f"/{position}/image_id", "detail": message}
    objects = image.get("objects", ())
    if "unusable" in image:
        yield from _unusable_faults(image["unusable"], len(objects), f"/{position}")
    for j, item in enumerate(objects):
        reading = vocabulary.read(item["label"], item.get("label_translated"))
        yield from _faults(item, reading, image["image_id"], f"/{position}/objects/{j}")


def _unusable_faults(reason: str, object_count: int, pointer: str) -> Iterator[dict[str, str]]:
    if object_count:
        yield {"pointer": f"{pointer}/objects", "detail": "An unusable image must have no objects."}
    try:
        normalize(reason, MAX_REASON_LENGTH)
    except UnfitText as fault:
        yield {"pointer": f"{pointer}/unusable", "detail": f"The reason {fault}."}


def _faults(item: dict[str, Any], reading: Reading, image_id: int, pointer: str) -> Iterator[dict[str, str]]:
    box = item["bounding_box"]
    for value, place in [
        *((box[name], f"/bounding_box/{name}") for name in ("xmin", "ymin", "xmax", "ymax")),
        (item.get("confidence") or 0, "/confidence"),
    ]:
        if not is_single(value):
            detail = "The number is too small: in single precision (IEEE 754) it would be 0."
            raise BadRequest(f"{pointer}{place}: {detail}", errors=[{"pointer": f"{pointer}{place}", "detail": detail}])
    if not has_area(box):
        number = pointer.rpartition("/")[2]
        rule = "a box must have 0 <= xmin < xmax and 0 <= ymin < ymax."
        message = f"Box {number} of image {image_id} has {describe_box(box)}: {rule}"
        yield {"pointer": f"{pointer}/bounding_box", "detail": message}
    yield from ({"pointer": f"{pointer}/{name}", "detail": detail} for name, detail in reading.faults)
