"""What an export tells of itself: what its format cannot carry, which images are in it otherwise, and its manifest.

The manifest in an archive follows from the snapshot alone, so that every run writes the same bytes. The one beside the file
also names the file, the export, and the version of this service.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from app.formats.records import Image, Loss, Tally
from app.jobs.export_images import FetchedFile

IDS_AT_A_TIME = 10_000

WITHDRAWN = "Images were withdrawn and their files deleted, so that they are left out, with their boxes."
TURNED_BY_EXIF = (
    "EXIF asks viewers to turn images, and boxes lie on them as they are displayed: a reader that ignores EXIF, as torchvision, "
    "sees boxes in wrong places."
)
ENCODED_AGAIN = (
    "Images were turned to be as they are displayed, and encoded again: their bytes are not those of the snapshot."
)
NOT_TURNED = "EXIF asks viewers to turn images, and they could not be turned here, so that they are as they are stored."
UNPACKED = "Images are stored compressed, and here as what that holds: their bytes are not those of the snapshot."


@dataclass
class ImageList:
    """Images to which the same happened, by id: as few bytes as it can be, because it may be all images of a snapshot."""

    loss: Loss = field(default_factory=Loss)
    ids: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, image: Image) -> None:
        """Note an image."""
        self.loss.images += 1
        self.loss.objects += len(image.boxes)
        self.ids.append(image.image_id)


@dataclass
class Report:
    """What became of images, by what happened to them. The keys are those of the manifest."""

    lists: dict[str, tuple[str, ImageList]] = field(
        default_factory=lambda: {
            "withdrawn": (WITHDRAWN, ImageList()),
            "turned_by_exif": (TURNED_BY_EXIF, ImageList()),
            "encoded_again": (ENCODED_AGAIN, ImageList()),
            "not_turned": (NOT_TURNED, ImageList()),
            "unpacked": (UNPACKED, ImageList()),
        }
    )

    @property
    def withdrawn(self) -> ImageList:
        """The images that are left out."""
        return self.lists["withdrawn"][1]

    def note(self, image: Image, fetched: FetchedFile) -> None:
        """Note how the file of an image differs from what one might expect."""
        if fetched.is_turned:
            self.lists["encoded_again"][1].add(image)
        elif fetched.not_turned:
            self.lists["not_turned"][1].add(image)
        elif fetched.orientation != 1:
            self.lists["turned_by_exif"][1].add(image)
        if fetched.is_unpacked:
            self.lists["unpacked"][1].add(image)

    def losses(self, tally: Tally) -> list[dict[str, Any]]:
        """Return all that was lost, as in the answer: what the writer counted, and what happened to files."""
        found = [*tally.losses.items(), *((what, each.loss) for what, each in self.lists.values() if each.loss.images)]
        return [{"what": what, **asdict(loss)} for what, loss in found]

    def manifest(self, head: dict[str, Any]) -> Iterator[bytes]:
        """Yield a manifest piece by piece: what `head` says, and the ids of the images in the lists."""
        yield orjson.dumps(head, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).removesuffix(b"\n}")
        yield b',\n  "images_by_fate": {'
        for number, (name, (_, found)) in enumerate(self.lists.items()):
            yield b'%s\n    "%s": [' % (b"," if number else b"", name.encode())
            yield from _separated(found.ids)
            yield b"]"
        yield b"\n  }\n}\n"


def _separated(ids: "array[int]") -> Iterator[bytes]:
    for begin in range(0, len(ids), IDS_AT_A_TIME):
        part: Iterable[int] = ids[begin : begin + IDS_AT_A_TIME]
        yield (", " if begin else "").encode() + ", ".join(map(str, part)).encode()
