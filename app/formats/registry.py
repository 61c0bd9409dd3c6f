"""The formats in which datasets are written, by name: what is known of each beside its writer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.formats.members import Writer
from app.formats.yolo_writer import YoloWriter

ZIP_MEDIA_TYPE = "application/zip"
# What every format can say of an image: there are boxes, or somebody has seen that there are none.
LABELED_STATES = frozenset({"labeled", "empty"})
ALL_STATES = LABELED_STATES | {"unlabeled", "draft", "unusable"}


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    `one_file` says when the labels are one file: always, when the snapshot has no split, or never; with image files beside
    them they are always a zip archive. `media_type` and `extension` are those of that one file. `states` are the states of
    images that it can tell apart. Where names are flat (app/formats/names.py), the archive also maps them to paths.
    """

    name: str
    writer: type[Writer]
    media_type: str = ZIP_MEDIA_TYPE
    extension: str = "zip"
    one_file: Literal["always", "without split", "never"] = "never"
    states: frozenset[str] = LABELED_STATES
    flat_names: bool = False

    def is_one_file(self, splits: Sequence[str], *, files: bool) -> bool:
        """Return whether an export is one file, which is served as it is, or else a zip archive."""
        return not files and (self.one_file == "always" or (self.one_file == "without split" and not splits))


FORMATS = {each.name: each for each in (Format("yolo", YoloWriter, flat_names=True),)}
