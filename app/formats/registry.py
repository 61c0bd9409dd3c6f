"""The formats in which datasets are written, by name: what is known of each beside its writer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.formats.coco_writer import CocoWriter
from app.formats.csv_writer import CsvWriter
from app.formats.cvat_writer import CvatWriter
from app.formats.datumaro_writer import DatumaroWriter
from app.formats.jsonl_writer import JsonlWriter
from app.formats.label_studio_writer import LabelStudioWriter
from app.formats.members import Writer
from app.formats.parquet_writer import ParquetWriter
from app.formats.states import ALL_STATES, LABELED_STATES
from app.formats.voc_writer import VocWriter
from app.formats.yolo_writer import YoloWriter

ZIP_MEDIA_TYPE = "application/zip"


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


FORMATS = {
    each.name: each
    for each in (
        Format("coco", CocoWriter, "application/json", "json", "without split"),
        Format("yolo", YoloWriter, flat_names=True),
        Format("voc", VocWriter, flat_names=True),
        Format("cvat", CvatWriter, "application/xml", "xml", "always"),
        Format("label-studio", LabelStudioWriter, states=ALL_STATES),
        Format("datumaro", DatumaroWriter, "application/json", "json", "without split", ALL_STATES),
        Format("csv", CsvWriter, "text/csv", "csv", "always", ALL_STATES),
        Format("jsonl", JsonlWriter, "application/jsonl", "jsonl", "without split"),
        Format("parquet", ParquetWriter, "application/vnd.apache.parquet", "parquet", "always", ALL_STATES),
    )
}
