"""Writes images with a writer, into memory."""

from collections.abc import Sequence

from app.formats.members import Writer
from app.formats.records import Dataset, Image
from tests.formats.datasets import DATASET, Kept


def write(
    kind: type[Writer], images: Sequence[Image], dataset: Dataset = DATASET, *, files: bool = False, first: int = 1
) -> tuple[Kept, Writer]:
    """The members and the writer, after two pages: so many images, and the others."""
    kept = Kept()
    writer = kind(dataset, kept, files=files)
    writer.write(images[:first])
    writer.write(images[first:])
    writer.end()
    return kept, writer
