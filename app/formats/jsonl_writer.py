"""JSON Lines as Azure's AutoML reads them: an image a line, boxes as parts of the image's width and height.

The form is that of https://learn.microsoft.com/azure/machine-learning/reference-automl-images-schema, and `label_confidence`,
which holds the confidences in the order of the boxes, as in what a finished campaign publishes.
"""

from collections.abc import Sequence

from app.formats.members import Member, Members
from app.formats.mltable import describe_lines
from app.formats.numbers import decimal
from app.formats.records import Box, Dataset, Image, Tally
from app.formats.states import refuse_unlabeled
from app.formats.texts import escape_line_ends, json_text

IDS = "Ids of images, boxes and classes are not in this format, only paths and names."
CAMPAIGN = "The campaign of a box is not in this format."


class JsonlWriter:
    """Writes `<split>.jsonl`, or `all.jsonl` in a snapshot without a split, and an `MLTable` wherever there can be several files.

    `image_url` is the path within the container; images that come along lie at that path, beside the lines.
    """

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin one file for each split."""
        self.tally = Tally()
        self._labels = {each.class_id: json_text(each.name) for each in dataset.classes}
        names = {split: f"{split or 'all'}.jsonl" for split in dataset.splits or (None,)}
        if files or dataset.splits:
            members.add("MLTable", describe_lines(list(names.values()), has_urls=False))
        self._files: dict[str | None, Member] = {split: members.open(name) for split, name in names.items()}

    def write(self, images: Sequence[Image]) -> None:
        """Write the next images."""
        refuse_unlabeled(images, "JSON Lines")
        for split, file in self._files.items():
            lines = "".join(self._line(image) for image in images if image.split == split)
            file.write(escape_line_ends(lines).encode())
        for image in images:
            self._count(image)

    def _line(self, image: Image) -> str:
        kind = "null" if image.filetype is None else json_text(image.filetype.lower())
        details = f'{{"format":{kind},"width":"{image.width}px","height":"{image.height}px"}}'
        boxes = ",".join(self._label(box, image) for box in image.boxes)
        confidences = ",".join("null" if box.confidence is None else decimal(box.confidence) for box in image.boxes)
        return (
            f'{{"image_url":{json_text(image.path)},"image_details":{details},"label":[{boxes}],'
            f'"label_confidence":[{confidences}]}}\n'
        )

    def _label(self, box: Box, image: Image) -> str:
        left, top = decimal(box.x_min / image.width), decimal(box.y_min / image.height)
        right, bottom = decimal(box.x_max / image.width), decimal(box.y_max / image.height)
        label = self._labels[box.class_id]
        return f'{{"label":{label},"topX":{left},"topY":{top},"bottomX":{right},"bottomY":{bottom},"isCrowd":0}}'

    def _count(self, image: Image) -> None:
        self.tally.images += 1
        self.tally.objects += len(image.boxes)
        self.tally.lose(IDS, images=1, objects=len(image.boxes))
        if named := sum(box.campaign is not None for box in image.boxes):
            self.tally.lose(CAMPAIGN, images=1, objects=named)

    def end(self) -> None:
        """Do nothing: every line is whole."""

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies: at its `image_url`."""
        return image.path
