"""What is published when a campaign is finished: its labels in two forms, a manifest of its images, and both in Azure ML.

The files follow from the tables alone (the date in them is the campaign's), so that every run writes the same bytes: a run
that is repeated, or wakes up late, harms nothing.
"""

import hashlib
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any

import orjson
import yaml
from sqlalchemy import Row, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.azure.ml.registry import DataPath, address
from app.jobs.image_paths import find_image_paths
from app.jobs.progress import Progress
from app.models import Campaign, Dataset
from app.models.datasets import IMAGES, IMAGES_MLTABLE, LABELS, LABELS_JSONL, LABELS_MLTABLE, MEDIA_TYPES

FOLDER = "label_sets"
PAGE_SIZE = 2000
# So many boxes are in memory at a time, whether they are on one image or on two thousand.
BOXES_AT_A_TIME = 10_000
COLUMNS = ("image_url", "label", "label_confidence")
# Spreadsheets run a cell that begins so (OWASP, "CSV Injection"); the apostrophe is there to make the mark reversible.
RISKY_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "'")
NEEDS_QUOTES = re.compile('[,"\r\n]')
REGISTERED = (IMAGES, LABELS)
MLTABLE_SCHEMA = "https://azuremlschemas.azureedge.net/latest/MLTable.schema.json"
# In C it takes a tenth of the time, which is seconds for some thousand paths; the package may have been built without.
YAML_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
# Python and JavaScript end a line at these too; JSON leaves them in texts as they are.
LINE_ENDS = {"\x85": r"\u0085", "\u2028": r"\u2028", "\u2029": r"\u2029"}


def _with_decimals(statement: str) -> str:
    """Return a statement in which `decimal(…)` is the text of a number with a decimal point and without an exponent.

    Azure's reader decides by the first rows whether a number is whole, and then reads null for those of the other kind.
    """
    whole, tiny = r"WHEN (\1) = trunc(\1) THEN (\1) || '.0'", r"WHEN (\1) < 1e-4 THEN (\1)::text::numeric::text"
    return re.sub(r"\bdecimal\((.*?)\)", rf"(CASE {whole} {tiny} ELSE (\1)::text END)", statement)


# How many boxes there are on each of the next images.
BOX_COUNTS = text("""
SELECT image_id, count
FROM campaign_image CROSS JOIN LATERAL (
    SELECT count(*) FROM object
    WHERE object.campaign_id = campaign_image.campaign_id
        AND object.submission_id = campaign_image.submission_id
        AND object.image_id = campaign_image.image_id) AS box
WHERE campaign_id = :campaign_id AND image_id > :after
ORDER BY image_id
LIMIT :size
""")

# PostgreSQL writes the JSON of every row, so that this process only passes it on. Boxes are ratios of the image's size. The
# texts are put together by hand, in a third of the time of PostgreSQL's JSON functions, which look up the types of their
# arguments for every row. What is no image has no size. Of each image come up to `size` boxes (all, where it is null) after
# the first `skipped` ones.
PAGE = text(
    _with_decimals(r"""
SELECT campaign_image.image_id, width IS NOT NULL AS is_image, submission_id, path, coalesce(box.count, 0) AS object_count,
    coalesce(box.labels, '') AS labels, coalesce(box.crowd_labels, '') AS crowd_labels,
    coalesce(box.confidences, '') AS confidences,
    '{"format":' || coalesce(to_json(lower(filetype))::text, 'null')
        || ',"width":"' || width || 'px","height":"' || height || 'px"}' AS details,
    '{"image_id":' || campaign_image.image_id || ',"path":' || to_json(path) || ',"labeled":' || CASE
        WHEN submission_id IS NULL THEN 'false' ELSE 'true' END || '}' AS entry
FROM campaign_image
JOIN image ON image.id = campaign_image.image_id
CROSS JOIN LATERAL (SELECT substr(blobstorage_path, length(:container) + 2) AS path) AS place
LEFT JOIN LATERAL (
    SELECT count(*), string_agg(begin || '}', ',') AS labels, string_agg(begin || ',"isCrowd"\:0}', ',') AS crowd_labels,
        string_agg(coalesce(decimal(confidence), 'null'), ',') AS confidences
    FROM (
        SELECT confidence, '{"label":' || to_json(label)
            || ',"topX":' || decimal(x_min / width::float8) || ',"topY":' || decimal(y_min / height::float8)
            || ',"bottomX":' || decimal(x_max / width::float8) || ',"bottomY":' || decimal(y_max / height::float8) AS begin
        FROM object
        WHERE object.campaign_id = campaign_image.campaign_id
            AND object.submission_id = campaign_image.submission_id
            AND object.image_id = campaign_image.image_id
        ORDER BY object.id
        OFFSET :skipped LIMIT :size) AS ordered
) AS box ON submission_id IS NOT NULL
WHERE campaign_image.campaign_id = :campaign_id AND campaign_image.image_id BETWEEN :first AND :last
ORDER BY campaign_image.image_id
""")
)


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
    objects: int = 0
    submission_id: int | None = None

    def add(self, row: Row[Any]) -> None:
        """Count one image; its objects are counted as they are written."""
        self.images += 1
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
            "objects": self.objects,
            "not_images": self.not_images,
        }


@dataclass
class Files:
    """The files of one publication by kind, on disk until they are whole: so memory does not grow with the campaign."""

    contents: dict[str, IO[bytes]]
    url_prefix: str
    counts: Counts = field(default_factory=Counts)
    # Of the image whose row has begun.
    _confidences: list[str] = field(default_factory=list)

    def begin(self, campaign: dict[str, Any]) -> None:
        """Write what stands before the rows."""
        self.contents[LABELS].write((",".join(COLUMNS) + "\r\n").encode())
        self.contents[LABELS_MLTABLE].write(_describe_table(has_urls=bool(self.url_prefix)))
        head = orjson.dumps({"campaign": campaign}, option=orjson.OPT_UTC_Z)[:-1]
        self.contents[IMAGES].write(head + b',"images":[')

    def write(self, rows: Sequence[Row[Any]], *, begins: bool = True, ends: bool = True) -> None:
        """Write images with their boxes, or some boxes of one image, with which its row begins, ends, or neither.

        The labels have a row for each image that somebody looked at.
        """
        images = [row for row in rows if row.is_image]
        if begins:
            self._begin(images)
            self.counts.not_images += len(rows) - len(images)
        table: list[str] = []
        lines: list[str] = []
        for row in images:
            if row.submission_id is not None:
                # Labels hold quotes and so are quoted, unless there are none.
                quote = '"' if row.labels else ""
                table.append(f"{_cell(_defuse(row.path))},{quote}[" if begins else ",")
                table.append(row.labels.replace('"', '""'))
                head = f'{{"image_url":{self._url(row.path)},"image_details":{row.details},"label":['
                lines += (head if begins else ",", row.crowd_labels)
                self._confidences.append(row.confidences)
                self.counts.objects += row.object_count
                if ends:
                    confidences = f"[{','.join(self._confidences)}]"
                    self._confidences.clear()
                    table.append(f"]{quote},{_cell(confidences)}\r\n")
                    lines.append(f'],"label_confidence":{confidences}}}\n')
        self.contents[LABELS].write("".join(table).encode())
        self.contents[LABELS_JSONL].write(_escape_line_ends("".join(lines)).encode())

    def _begin(self, images: list[Row[Any]]) -> None:
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
            LABELS_JSONL: f"{title}/labels.jsonl",
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
        self.contents[IMAGES_MLTABLE].write(_write_yaml({"paths": [path.locate(self.url_prefix) for path in paths]}))
        return {IMAGES_MLTABLE: self._describe(IMAGES_MLTABLE, f"{title}_images/MLTable")}

    def _describe(self, kind: str, name: str) -> PublishedFile:
        content = self.contents[kind]
        size = content.seek(0, io.SEEK_END)
        content.seek(0)
        sha256 = hashlib.file_digest(content, "sha256").digest()  # type: ignore[arg-type]  # It takes every binary file.
        content.seek(0)
        return PublishedFile(f"{FOLDER}/{name}", size, sha256)


def publish_files(
    session: Session, blobs: BlobStore, campaign_id: int, *, job_id: int, registration: str, url_prefix: str
) -> Iterator[Progress]:
    """Write the files of a finished campaign below `label_sets/`, and note each as a dataset; once for every job.

    They are `<title>_labels.csv`, the same as JSON Lines with an MLTable file beside it in `<title>/`, and the manifest
    `<title>_images.json`. The labels have a row for each image that somebody looked at, in the order of their ids; one that
    was found empty has the labels `[]`. An image that nobody labeled has no row, because a reader would take it for an
    empty one: it stands in the manifest, with `"labeled": false`. What is no image, or has no known size, is in no file.
    `registration` is the state with which images and labels begin; `url_prefix` stands before the paths in the JSON Lines.
    Raises StorageUnavailable.
    """
    if session.scalar(select(func.count()).where(Dataset.job_id == job_id)):
        return
    title, image_count, date_finished = session.execute(
        select(Campaign.title, Campaign.image_count, Campaign.date_finished).where(Campaign.id == campaign_id)
    ).one()
    with ExitStack() as stack:
        files = Files({kind: stack.enter_context(tempfile.TemporaryFile()) for kind in MEDIA_TYPES}, url_prefix)
        files.begin({"id": campaign_id, "title": title, "date_finished": date_finished})
        parameters = {"campaign_id": campaign_id, "container": blobs.container}
        for rows, begins, ends in _read_parts(session, parameters):
            files.write(rows, begins=begins, ends=ends)
            yield Progress(files.counts.members, image_count)
        published = files.end(title)
        if url_prefix:
            paths = find_image_paths(session, campaign_id, blobs.container, published[IMAGES].path)
            published |= files.add_image_table(title, paths)
        for kind, file in published.items():
            yield Progress(files.counts.members, image_count)
            blobs.upload(file.path, files.contents[kind], MEDIA_TYPES[kind])
    for kind, file in published.items():
        _note(
            session,
            file,
            files.counts,
            campaign_id=campaign_id,
            job_id=job_id,
            kind=kind,
            name=f"{title}_{kind}",
            registration=registration if kind in REGISTERED else "off",
        )


def _read_parts(session: Session, parameters: dict[str, Any]) -> Iterator[tuple[Sequence[Row[Any]], bool, bool]]:
    """Yield all images in parts of up to BOXES_AT_A_TIME boxes; an image with more of them comes in several parts.

    With each part comes whether the rows of its images begin with it, and whether they end with it.
    """
    after = 0
    while counts := session.execute(BOX_COUNTS, {**parameters, "after": after, "size": PAGE_SIZE}).all():
        after = counts[-1].image_id
        for first, last, count in _groups(counts):
            page = {**parameters, "first": first, "last": last}
            if count <= BOXES_AT_A_TIME:
                yield session.execute(PAGE, {**page, "skipped": 0, "size": None}).all(), True, True
                continue
            for skipped in range(0, count, BOXES_AT_A_TIME):
                rows = session.execute(PAGE, {**page, "skipped": skipped, "size": BOXES_AT_A_TIME}).all()
                yield rows, skipped == 0, skipped + BOXES_AT_A_TIME >= count


def _groups(counts: Sequence[Row[Any]]) -> Iterator[tuple[int, int, int]]:
    """Yield the first and the last id of neighbors with up to BOXES_AT_A_TIME boxes together, or of one image with more."""
    first = last = total = 0
    for image_id, count in map(tuple, counts):
        if first and total + count > BOXES_AT_A_TIME:
            yield first, last, total
            first = total = 0
        first, last, total = first or image_id, image_id, total + count
    yield first, last, total


def _escape_line_ends(lines: str) -> str:
    """Return lines of JSON in which only the ends of lines end a line."""
    for character, escaped in LINE_ENDS.items():
        lines = lines.replace(character, escaped)
    return lines


def _cell(text: str) -> str:
    """Return a cell of a CSV table (RFC 4180), in quotes where it needs them."""
    return '"' + text.replace('"', '""') + '"' if NEEDS_QUOTES.search(text) else text


def _defuse(cell: str) -> str:
    """Put an apostrophe before a path that a spreadsheet would run; a reader takes one leading apostrophe off again."""
    return f"'{cell}" if cell.startswith(RISKY_BEGINNINGS) else cell


def _describe_table(*, has_urls: bool) -> bytes:
    """Return the MLTable file that opens the JSON Lines beside it; URLs of Azure ML are read as streams."""
    read: list[dict[str, Any]] = [
        {"read_json_lines": {"encoding": "utf8", "invalid_lines": "error", "include_path_column": False}}
    ]
    if has_urls:
        read.append({"convert_column_types": [{"columns": "image_url", "column_type": "stream_info"}]})
    return _write_yaml({"paths": [{"file": "./labels.jsonl"}], "transformations": read})


def _write_yaml(table: dict[str, Any]) -> bytes:
    content = {"$schema": MLTABLE_SCHEMA, "type": "mltable", **table}
    return str(yaml.dump(content, Dumper=YAML_DUMPER, sort_keys=False)).encode()


def _note(session: Session, file: PublishedFile, counts: Counts, **values: Any) -> None:
    """Note a published file as the next version of its dataset, once per job."""
    version = select(func.coalesce(func.max(Dataset.version), 0) + 1).where(Dataset.name == values["name"])
    is_about_images = values["kind"] in (IMAGES, IMAGES_MLTABLE)
    row = values | {
        "path": file.path,
        "file_size": file.size,
        "sha256": file.sha256,
        "image_count": counts.images if is_about_images else counts.labeled,
        "object_count": 0 if is_about_images else counts.objects,
        "version": version.scalar_subquery(),
    }
    session.execute(insert(Dataset).values(**row).on_conflict_do_nothing(index_elements=["job_id", "kind"]))
