"""The files of an export in memory, and small datasets, for the tests of writers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from app.formats.members import Members, Writer
from app.formats.records import Box, Class, Dataset, Image

DATE = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)


class MemoryMember:
    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, content: bytes) -> None:
        self.content += content


class MemoryMembers:
    """Keeps what writers write; a name may be used once."""

    def __init__(self) -> None:
        self._files: dict[str, MemoryMember] = {}

    def add(self, name: str, content: bytes) -> None:
        self.open(name).write(content)

    def open(self, name: str) -> MemoryMember:
        assert name not in self._files, f"{name} was written before"
        self._files[name] = MemoryMember()
        return self._files[name]

    @property
    def texts(self) -> dict[str, str]:
        """Return what was written, by name; bytes that are no text (Parquet has some) are spelled out."""
        return {name: bytes(file.content).decode(errors="backslashreplace") for name, file in self._files.items()}


def dataset(names: Iterable[str] = ("PET", "can"), *, splits: Sequence[str] = ()) -> Dataset:
    """Return a dataset with these classes."""
    classes = tuple(Class(class_id, name) for class_id, name in enumerate(names, start=1))
    return Dataset(5, "spring", 3, DATE, "main", classes, image_count=0, object_count=0, splits=tuple(splits))


def image(image_id: int = 42, file_name: str = "drone-12/a.jpg", *boxes: Box, **facts: object) -> Image:
    """Return an image of 1920 by 1080 pixels; without boxes it is empty."""
    state = "labeled" if boxes else "empty"
    found = Image(image_id, f"upload/{file_name}", file_name, 1920, 1080, state, filetype="JPEG", boxes=boxes)
    return replace(found, **facts)  # type: ignore[arg-type]  # Each test names fields of its own.


def box(object_id: int = 7, class_id: int = 1, label: str = "PET", **facts: object) -> Box:
    """Return a box from (480, 540) to (960, 810): a quarter, a half, a half and three quarters of the image."""
    found = Box(object_id, class_id, label, 480.0, 540.0, 960.0, 810.0)
    return found._replace(**facts)  # type: ignore[arg-type]  # Each test names fields of its own.


def write(
    writer: Callable[..., Writer], given: Dataset, *pages: Sequence[Image], files: bool = False
) -> tuple[dict[str, str], Writer]:
    """Return the files that the writer makes of these pages, by name, and the writer."""
    members: Members = (memory := MemoryMembers())
    made = writer(given, members, files=files)
    for page in pages:
        made.write(page)
    made.end()
    return memory.texts, made
