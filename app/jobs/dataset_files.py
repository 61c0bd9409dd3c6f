"""The files of a publication: labels as CSV and as JSON Lines, the manifest of the images, and MLTable files.

They follow from the rows of the tables alone, so that every run writes the same bytes.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import orjson
from sqlalchemy import Row

from app.azure.ml.registry import DataPath, address
from app.formats.mltable import describe, describe_lines
from app.formats.texts import csv_cell, defuse, escape_line_ends
from app.models.datasets import IMAGES, IMAGES_MLTABLE, LABELS, LABELS_JSONL, LABELS_MLTABLE

FOLDER = "label_sets"
LINES = "labels.jsonl"
COLUMNS = ("image_url", "label", "label_confidence")


def folder_of_version(title: str, version: int) -> str:
    """Return the folder in the main container that holds one version of what was published of a campaign."""
    return f"{FOLDER}/{title}/v{version}"


@dataclass(frozen=True)
class PublishedFile:
    """A file in the main container: its path, its size in bytes and its SHA-256."""

    path: str
    size: int
    sha256: bytes


@dataclass
class Counts:
    """What the files hold, and how many files of the campaign are in none of them because they are no images.

    `submission_id` is the newest submission in them: the state of the labels.
    """

    images: int = 0
    not_images: int = 0
    labeled: int = 0
    rejected: int = 0
    objects: int = 0
    submission_id: int | None = None

    def add(self, row: Row[Any]) -> None:
        """Count one image; its objects are counted as they are written."""
        self.images += 1
        self.rejected += row.verdict == "rejected"
        if row.submission_id is not None:
            self.labeled += 1
            self.submission_id = max(self.submission_id or 0, row.submission_id)

    @property
    def members(self) -> int:
        """How many files of the campaign were looked at."""
        return self.images + self.not_images

    def as_json(self) -> dict[str, int]:
        """The counts as the manifest has them."""
        unlabeled = self.images - self.labeled
        return {
            "images": self.images,
            "labeled": self.labeled,
            "unlabeled": unlabeled,
            "rejected": self.rejected,
            "objects": self.objects,
            "not_images": self.not_images,
        }


@dataclass
class Files:
    """The files of one publication by kind, on disk until they are whole: so memory does not grow with the campaign."""

    contents: dict[str, IO[bytes]]
    url_prefix: str
    # The folder of this version.
    folder: str
    counts: Counts = field(default_factory=Counts)
    # Of the image whose row has begun.
    _confidences: list[str] = field(default_factory=list)

    def begin(self, campaign: dict[str, Any]) -> None:
        """Write what stands before the rows."""
        self.contents[LABELS].write((",".join(COLUMNS) + "\r\n").encode())
        self.contents[LABELS_MLTABLE].write(describe_lines([LINES], has_urls=bool(self.url_prefix)))
        head = orjson.dumps({"campaign": campaign}, option=orjson.OPT_UTC_Z)[:-1]
        self.contents[IMAGES].write(head + b',"images":[')

    def write(self, rows: Sequence[Row[Any]], *, begins: bool = True, ends: bool = True) -> None:
        """Write images with their boxes, or some boxes of one image, with which its row begins, ends, or neither.

        The labels have a row for each image that somebody looked at.
        """
        if begins:
            self._begin(rows)
        table: list[str] = []
        lines: list[str] = []
        for row in rows:
            if row.submission_id is not None:
                # Labels hold quotes and so are quoted, unless there are none.
                quote = '"' if row.labels else ""
                table.append(f"{csv_cell(defuse(row.path))},{quote}[" if begins else ",")
                table.append(row.labels.replace('"', '""'))
                head = f'{{"image_url":{self._url(row.path)},"image_details":{row.details},"label":['
                lines += (head if begins else ",", row.crowd_labels)
                self._confidences.append(row.confidences)
                self.counts.objects += row.object_count
                if ends:
                    confidences = f"[{','.join(self._confidences)}]"
                    self._confidences.clear()
                    table.append(f"]{quote},{csv_cell(confidences)}\r\n")
                    lines.append(f'],"label_confidence":{confidences}}}\n')
        self.contents[LABELS].write("".join(table).encode())
        self.contents[LABELS_JSONL].write(escape_line_ends("".join(lines)).encode())

    def _begin(self, images: Sequence[Row[Any]]) -> None:
        """Write the images' entries in the manifest."""
        comma = ",\n" if self.counts.images else "\n"
        if images:
            self.contents[IMAGES].write((comma + ",\n".join(row.entry for row in images)).encode())
        for row in images:
            self.counts.add(row)

    def _url(self, path: str) -> str:
        """Return the JSON of the address that Azure ML reads, without Azure ML of the path."""
        return orjson.dumps(address(self.url_prefix, path) if self.url_prefix else path).decode()

    def end(self, title: str) -> dict[str, PublishedFile]:
        """Write what comes after the rows, and return each file's place, size and hash by its kind.

        The manifest comes last but one: it names the others, and the labels are what most people look for first.
        """
        names = {
            LABELS_MLTABLE: f"{title}/MLTable",
            LABELS_JSONL: f"{title}/{LINES}",
            LABELS: f"{title}_labels.csv",
        }
        files = {kind: self._describe(kind, name) for kind, name in names.items()}
        described = {kind: {"path": f.path, "size": f.size, "sha256": f.sha256.hex()} for kind, f in files.items()}
        tail = {
            "counts": self.counts.as_json(),
            "files": described,
            "newest_submission_id": self.counts.submission_id,
        }
        self.contents[IMAGES].write(b"\n]," + orjson.dumps(tail)[1:] + b"\n")
        files[IMAGES] = self._describe(IMAGES, f"{title}_images.json")
        files[LABELS] = files.pop(LABELS)
        return files

    def add_image_table(self, title: str, paths: list[DataPath]) -> dict[str, PublishedFile]:
        """Write the MLTable file that opens the images themselves, and return its place, size and hash by its kind."""
        self.contents[IMAGES_MLTABLE].write(describe({"paths": [path.locate(self.url_prefix) for path in paths]}))
        return {IMAGES_MLTABLE: self._describe(IMAGES_MLTABLE, f"{title}_images/MLTable")}

    def _describe(self, kind: str, name: str) -> PublishedFile:
        content = self.contents[kind]
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        sha256 = hashlib.file_digest(content, "sha256").digest()  # type: ignore[arg-type]  # It takes every binary file.
        content.seek(0)
        return PublishedFile(f"{self.folder}/{name}", size, sha256)

    def newest(self, path: str) -> str:
        """Return the path of the copy that is always that of the newest version."""
        return FOLDER + path.removeprefix(self.folder)
