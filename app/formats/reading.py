"""What readers give: the classes, images and boxes of a label file, one at a time or in columns, unchecked by our tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, NamedTuple, Protocol

# What can be wrong with one record: its form, its numbers, or that it comes twice.
BadKind = Literal["bad_record", "bad_box", "duplicate_image", "duplicate_class", "duplicate_box"]
# What a reader decided where the file leaves it open: where the first pixel of Pascal VOC is, that an image without a label file
# has no boxes, and that what the file says besides boxes is not kept.
NoteKind = Literal["origin", "no_label_file", "not_kept"]
# How a box is measured: in pixels, in parts of the image's size (0 to 1), or in hundredths of it (0 to 100).
Unit = Literal["pixels", "ratios", "percent"]
# What a file can say of an image.
STATES = ("unlabeled", "labeled", "empty", "unusable", "draft")


@dataclass(frozen=True, slots=True)
class ReadClass:
    """A class that the file declares. Boxes name it by `key` in formats that number classes."""

    key: str
    name: str


class ReadImage(NamedTuple):
    """An image that the file names, whether it has boxes or not. Boxes name it by `key`; `where` is its place in the file.

    A key may come more than once with the same facts, as in a table with a row a box. Where a format has one place for each
    image, its reader reports a second one as `duplicate_image`.

    `image_id` is given where the file itself speaks of our ids: in our own flat names (`000042_a.jpg`) and in a column of that
    name. `width` and `height` are what the sender's tool saw, in pixels. `state` is None where the format has no word for it,
    so that an image without boxes is empty.
    """

    key: str
    name: str | None
    where: str
    image_id: int | None = None
    width: int | None = None
    height: int | None = None
    state: str | None = None


class ReadBox(NamedTuple):
    """A box, by the key of its image, and by the name of its class (`label`) or the key of one (`class_key`).

    The numbers are finite. Where they are ratios or percent, the size of the image makes them pixels. It is a tuple, because
    there are millions, and a frozen dataclass takes four times as long to make.
    """

    image_key: str
    where: str
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    label: str | None = None
    class_key: str | None = None
    unit: Unit = "pixels"
    confidence: float | None = None


class ReadBoxes(NamedTuple):
    """Boxes that follow one another in a file, in columns of the fields of ReadBox, none of which is odd in any way.

    A reader that finds many of them at once gives them so: a million boxes as columns take a fifth of the time that they take
    as tuples. Their places have the same `place`, with numbers from `first` on where it has its last `{}`.
    """

    place: str
    first: int
    image_keys: list[str]
    x_min: list[float]
    y_min: list[float]
    x_max: list[float]
    y_max: list[float]
    class_keys: list[str]
    confidences: list[float | None]

    def places(self) -> list[str]:
        """Return the place of each."""
        # The name of a file in an archive, which is in front, may have braces, too.
        before, _, after = self.place.rpartition("{}")
        return [f"{before}{number}{after}" for number in range(self.first, self.first + len(self.image_keys))]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A part of the file that cannot be read, beside others that can. `kind` is one of the report's kinds."""

    kind: BadKind
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReadNote:
    """What the reader found out or took for granted, as a sentence for the report. It stops nothing. `count` says how often."""

    kind: NoteKind
    where: str
    detail: str
    count: int = 1


Record = ReadClass | ReadImage | ReadBox | ReadBoxes | BadRecord | ReadNote


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the sender said about the file. `origin` is the first pixel of Pascal VOC: 0, 1, or None to find out."""

    origin: int | None = None


class Reader(Protocol):
    """Reads one format from a file that can be sought, in bounded memory; records come in any order.

    Raises FormatError where the file is not of this format, or is made to do harm.
    """

    def __call__(self, file: BinaryIO, options: ReadOptions) -> Iterator[Record]:
        """Yield what is in the file."""
        ...


class FormatError(Exception):
    """The file cannot be read as this format; the message says where, why, and what was expected."""
