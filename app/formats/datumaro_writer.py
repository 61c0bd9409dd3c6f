"""Datumaro JSON: a file for each subset, whose items hold their boxes, a line each.

`dm_format_version` comes first, because Datumaro looks for it in the first characters of a file to know the format. `size` is the
height before the width, labels are numbered from 0, and media type 2 is an image.
Read from the sources of Datumaro 1.13, plugins/data_formats/datumaro.
"""

from collections.abc import Sequence

from app.formats.members import Member, Members
from app.formats.numbers import corner_and_size, decimal
from app.formats.records import Box, Dataset, Image, Tally
from app.formats.texts import json_text


class DatumaroWriter:
    """Writes `annotations/<split>.json`, or `default.json` in a snapshot without a split. It carries every state."""

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Begin one file for each split."""
        self.tally = Tally()
        self._files: dict[str | None, Member] = {}
        self._separators: dict[str | None, str] = {}
        head = _head(dataset).encode()
        for split in dataset.splits or (None,):
            self._files[split] = members.open(f"annotations/{split or 'default'}.json")
            self._separators[split] = "\n"
            self._files[split].write(head)

    def write(self, images: Sequence[Image]) -> None:
        """Write the next images."""
        for split, file in self._files.items():
            if items := [_item(image) for image in images if image.split == split]:
                file.write((self._separators[split] + ",\n".join(items)).encode())
                self._separators[split] = ",\n"
        self.tally.images += len(images)
        self.tally.objects += sum(len(image.boxes) for image in images)

    def end(self) -> None:
        """Close the lists."""
        for file in self._files.values():
            file.write(b"\n]}\n")

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies: in the folder of its subset, as Datumaro looks for it."""
        return f"images/{image.split or 'default'}/{image.file_name}"


def _head(dataset: Dataset) -> str:
    labels = ",".join(f'\n{{"name":{json_text(each.name)},"parent":"","attributes":[]}}' for each in dataset.classes)
    infos = f'{{"name":{json_text(dataset.name)},"version":{dataset.version}}}'
    return (
        f'{{"dm_format_version":"1.0","media_type":2,"infos":{infos},\n'
        f'"categories":{{"label":{{"labels":[{labels}\n],"attributes":[]}}}},\n"items":['
    )


def _item(image: Image) -> str:
    name = json_text(image.file_name)
    boxes = ",".join(map(_annotation, image.boxes))
    return (
        f'{{"id":{name},"attr":{{"image_id":{image.image_id},"state":"{image.state}"}},'
        f'"image":{{"path":{name},"size":[{image.height},{image.width}]}},"annotations":[{boxes}]}}'
    )


def _annotation(box: Box) -> str:
    x, y, width, height, _ = corner_and_size(box.x_min, box.y_min, box.x_max, box.y_max)
    return (
        f'{{"id":{box.object_id},"type":"bbox","attributes":{{{_attributes(box)}}},"group":0,"label_id":{box.class_id - 1},'
        f'"z_order":0,"bbox":[{x},{y},{width},{height}]}}'
    )


def _attributes(box: Box) -> str:
    confidence = [] if box.confidence is None else [f'"confidence":{decimal(box.confidence)}']
    campaign = [] if box.campaign is None else [f'"campaign":{json_text(box.campaign)}']
    return ",".join(confidence + campaign)
