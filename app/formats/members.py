"""Where writers put their bytes: named files, which the caller keeps alone or puts into a zip archive."""

from collections.abc import Sequence
from typing import Protocol

from app.formats.records import Dataset, Image, Tally


class Member(Protocol):
    """A file of the export that grows while pages come; several can be open at once, as one for each split."""

    def write(self, content: bytes) -> object:
        """Append these bytes."""
        ...


class Members(Protocol):
    """The files of one export."""

    def add(self, name: str, content: bytes) -> None:
        """Add a small file, such as the labels of one image, whose bytes are all here."""
        ...

    def open(self, name: str) -> Member:
        """Begin a file that is written piece by piece; it ends when the export does."""
        ...


class Writer(Protocol):
    """Writes one format: `write` for each page of images in the order of their ids, then `end` once.

    A writer makes the same bytes of the same snapshot on every run, and holds no more than a page in memory. What it cannot
    carry it counts in `tally`.
    """

    tally: Tally

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin. `files` says that the image files come along, at the names that `name_of` gives.

        Raises UnsupportedError when this format cannot carry the snapshot at all.
        """
        ...

    def write(self, images: Sequence[Image]) -> None:
        """Write the next images. Raises UnsupportedError when this format cannot carry something at all."""
        ...

    def end(self) -> None:
        """Write what comes last."""
        ...

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies in the archive, as the labels name it."""
        ...


class UnsupportedError(Exception):
    """This format cannot carry something in the snapshot; the message says what and where, in a sentence for the caller."""
