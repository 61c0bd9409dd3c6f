"""CSV (RFC 4180): a row for each box, and one without a box for each image that has none. It carries every state."""

from collections.abc import Sequence

from app.formats.members import Members
from app.formats.numbers import decimal, pixels
from app.formats.records import Box, Dataset, Image, Tally
from app.formats.texts import csv_cell, defuse

IMAGE_COLUMNS = ("image_id", "file_name", "width", "height", "state", "split")
BOX_COLUMNS = ("object_id", "class_id", "label", "x_min", "y_min", "x_max", "y_max", "confidence")
CAMPAIGN = "The campaign of a box is not in this format."


class CsvWriter:
    """Writes `labels.csv`. A text that a spreadsheet would run as a formula has an apostrophe before it."""

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin the table with the names of its columns."""
        self.tally = Tally()
        self._labels = {each.class_id: csv_cell(defuse(each.name)) for each in dataset.classes}
        self._file = members.open("labels.csv")
        self._file.write((",".join(IMAGE_COLUMNS + BOX_COLUMNS) + "\r\n").encode())

    def write(self, images: Sequence[Image]) -> None:
        """Write the next images."""
        rows: list[str] = []
        for image in images:
            name = csv_cell(defuse(image.file_name))
            begin = f"{image.image_id},{name},{image.width},{image.height},{image.state},{image.split or ''},"
            rows += [begin + self._cells(box) for box in image.boxes] or [begin + "," * (len(BOX_COLUMNS) - 1)]
            self._count(image)
        self._file.write("".join(f"{row}\r\n" for row in rows).encode())

    def _cells(self, box: Box) -> str:
        edges = f"{pixels(box.x_min)},{pixels(box.y_min)},{pixels(box.x_max)},{pixels(box.y_max)}"
        confidence = "" if box.confidence is None else decimal(box.confidence)
        return f"{box.object_id},{box.class_id},{self._labels[box.class_id]},{edges},{confidence}"

    def _count(self, image: Image) -> None:
        self.tally.images += 1
        self.tally.objects += len(image.boxes)
        if named := sum(box.campaign is not None for box in image.boxes):
            self.tally.lose(CAMPAIGN, images=1, objects=named)

    def end(self) -> None:
        """Do nothing: a table ends with its last row."""

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies: `images/` and the `file_name` of the table."""
        return f"images/{image.file_name}"
