"""A snapshot of a few images, with all that formats find hard, and members that are kept in memory."""

import hashlib
from datetime import UTC, datetime

from app.formats.records import Box, Class, Dataset, Image

CLASSES = (Class(1, "car", "#ff0000"), Class(2, 'a,"b"\\ <&> \U0001f600'), Class(3, "gone"))
LABELS = {each.class_id: each.name for each in CLASSES}
DATE = datetime(2026, 11, 29, 8, 30, tzinfo=UTC)


def box(
    object_id: int,
    class_id: int,
    x_min: float,
    y_min: float,
    x_max: float,
    y_max: float,
    confidence: float | None = None,
) -> Box:
    """A box of one of the classes."""
    label = LABELS[class_id]
    return Box(object_id, class_id, label, float(x_min), float(y_min), float(x_max), float(y_max), confidence)


def image(image_id: int, file_name: str, width: int, height: int, *boxes: Box, split: str | None = None) -> Image:
    """A labeled image, or one that is empty."""
    return Image(
        image_id=image_id,
        path=f"sets/{file_name}",
        file_name=file_name,
        width=width,
        height=height,
        state="labeled" if boxes else "empty",
        split=split,
        filetype="JPEG",
        sha256=hashlib.sha256(file_name.encode()).digest(),
        boxes=boxes,
    )


IMAGES = (
    image(
        3,
        "drone-12/a/b.jpg",
        1920,
        1080,
        box(11, 1, 0, 0, 1920, 1080, confidence=0.5),
        box(12, 2, 10, 20, 11, 22),
        split="train",
    ),
    image(4, "drone-12/a b.jpg", 300, 100, box(13, 1, 0.1, 2.5, 100.25, 99), split="val"),
    image(1_234_567, "Gr\u00fcn.png", 640, 480, split="train"),
)
DATASET = Dataset(
    snapshot_id=7,
    name="harbor",
    version=2,
    date_created=DATE,
    container="images",
    classes=CLASSES,
    image_count=3,
    object_count=3,
    splits=("train", "val"),
)


class Kept:
    """Members in memory, in the order in which they were begun."""

    def __init__(self) -> None:
        self.content: dict[str, bytearray] = {}

    def add(self, name: str, content: bytes) -> None:
        self.open(name).write(content)

    def open(self, name: str) -> "KeptMember":
        assert name not in self.content, name
        return KeptMember(self.content.setdefault(name, bytearray()))

    def texts(self) -> dict[str, str]:
        """The members as texts."""
        return {name: content.decode() for name, content in self.content.items()}


class KeptMember:
    """A member that grows in memory."""

    def __init__(self, content: bytearray) -> None:
        self.content = content

    def write(self, content: bytes) -> None:
        self.content += content
