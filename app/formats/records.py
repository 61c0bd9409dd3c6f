"""What writers are given: a snapshot as plain records, in pixels of the displayed image (EXIF orientation applied).

A box is a pair of half-open edges, `0 <= x_min < x_max <= width`, whose width is `x_max - x_min`. Edges and confidences are
stored as float32, and stand here as the Python float whose `repr` is the shortest decimal of that float32; whole ones may
be integers, which writers make text of in less time.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Class:
    """A class of a snapshot. `class_id` is dense from 1, and is never given to another name in a later version."""

    class_id: int
    name: str
    color: str | None = None


class Box(NamedTuple):
    """One box; a tuple, because a snapshot has millions of them.

    `campaign` is the title of its campaign, where a snapshot holds the labels of several; otherwise None.
    """

    object_id: int
    class_id: int
    label: str
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    confidence: float | None = None
    campaign: str | None = None


@dataclass(slots=True)
class Image:
    """One image with its boxes, ordered by object id. It is not frozen, which would take three times as long to make.

    `path` is the path within the container, `file_name` the one below the folder of image sets. `width` and `height` are in
    pixels, as displayed. `orientation` is the EXIF orientation, 1 to 8. `size` is in bytes, `sha256` and `md5` are of the
    stored bytes; a hash that is not known is None. `split` is None in a snapshot without one. `date_taken` is in UTC.
    """

    image_id: int
    path: str
    file_name: str
    width: int
    height: int
    state: str
    split: str | None = None
    orientation: int = 1
    filetype: str | None = None
    size: int | None = None
    sha256: bytes | None = None
    date_taken: datetime | None = None
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is true of the whole snapshot. `splits` are the parts that it has, in the order train, val, test; empty for none.

    `container` is the main container, in which the paths of the images lie. `date_created` is in UTC.
    """

    snapshot_id: int
    name: str
    version: int
    date_created: datetime
    container: str
    classes: tuple[Class, ...]
    image_count: int
    object_count: int
    splits: tuple[str, ...] = ()


@dataclass(slots=True)
class Loss:
    """What a format cannot carry, and on how many images and boxes that happened."""

    images: int = 0
    objects: int = 0


@dataclass(slots=True)
class Tally:
    """What a writer wrote, and what was lost on the way, by a sentence that says what."""

    images: int = 0
    objects: int = 0
    losses: dict[str, Loss] = field(default_factory=dict)

    def lose(self, what: str, *, images: int = 0, objects: int = 0) -> None:
        """Count a loss."""
        loss = self.losses.setdefault(what, Loss())
        loss.images += images
        loss.objects += objects

    def lose_boxes(self, what: str, objects: int) -> None:
        """Count a loss on so many boxes of one image, if there are any."""
        if objects:
            self.lose(what, images=1, objects=objects)
