"""Snapshots in a folder: labels and images in the layout of a format, fetched once, and checked by SHA-256."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelapi.downloads import Fetched, Fetcher, Promise, Wanted, fetch_all
from labelapi.errors import StorageError, UsageError
from labelapi.folder_record import FolderRecord, open_record
from labelapi.local_copies import CHUNK_BYTES, safe_path, sha256_of, whole_file, writing
from labelapi.studio_tasks import with_local_images

if TYPE_CHECKING:
    from labelapi.api import LabelAPI
    from labelapi.downloads import Finish

FLAT_NAMES = "images.csv"
VOC_FOLDER = "VOCdevkit/VOC2012"
# Where the labels of a format are that the service writes as one file without an archive.
ONE_FILE = {
    "coco": "annotations/instances_all.json",
    "cvat": "annotations.xml",
    "csv": "labels.csv",
    "datumaro": "annotations/default.json",
    "jsonl": "all.jsonl",
}
# Which files of an archive belong to one part of a split; all others belong to every part.
OF_PART = {
    "coco": re.compile(r"annotations/instances_(train|val|test)\.json"),
    "datumaro": re.compile(r"annotations/(train|val|test)\.json"),
    "jsonl": re.compile(r"(train|val|test)\.jsonl"),
    "voc": re.compile(rf"{VOC_FOLDER}/ImageSets/Main/(train|val|test)\.txt"),
    "yolo": re.compile(r"labels/(train|val|test)/.*"),
}
# learn.microsoft.com/azure/machine-learning/reference-yaml-mltable: how the lines beside it are opened.
MLTABLE = """\
$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json
type: mltable
paths:
- file: ./all.jsonl
transformations:
- read_json_lines:
    encoding: utf8
    invalid_lines: error
    include_path_column: false
"""


@dataclass(frozen=True)
class Order:
    """What a folder is to hold: a finished export of labels, one part of its snapshot or all, and the images or not."""

    snapshot: Any
    export: Any
    part: str | None = None
    with_images: bool = True
    is_upright: bool = False

    @property
    def format(self) -> str:
        """The name of the format."""
        return str(self.export["format"])

    def facts(self) -> dict[str, str]:
        """Return of what the folder is a copy, for its record."""
        return {
            "snapshot": f"{self.snapshot['name']}@{self.snapshot['version']}",
            "content": str(self.snapshot["content_hash"]),
            "format": self.format,
            "part": self.part or "all",
            "upright": "yes" if self.is_upright else "no",
        }

    def count(self) -> int:
        """Return the number of images. Raises UsageError when the snapshot has no such part."""
        counts = self.snapshot["counts"]
        if self.part is None:
            return int(counts["images"])
        parts = counts["splits"] or {}
        if self.part not in parts:
            known = ", ".join(sorted(parts)) or "none"
            raise UsageError(
                f"This snapshot has no part {self.part}; its parts: {known}.", "labelapi snapshots create -h"
            )
        return int(parts[self.part])


def download(
    api: LabelAPI,
    order: Order,
    folder: Path,
    *,
    check: bool = False,
    threads: int = 8,
    sent: Callable[[int], None],
    fetched: Callable[[int], None],
) -> Fetched:
    """Make a folder hold a snapshot; with `check` only compare it. Return what was fetched and what differs.

    `sent` gets numbers of bytes of the labels, `fetched` 1 for each image. Raises LabelAPIError.
    """
    from labelapi.turning import Finisher

    order.count()
    finish = Finisher(upright=order.is_upright)
    record = open_record(folder, order.facts(), check=check)
    if record is None:
        result = Fetched()
        result.fail(".labelapi.db", "this folder does not hold a download")
        return result
    try:
        labels = _take_labels(api, order, folder, record, check=check, sent=sent)
        result = Fetched()
        if order.with_images:
            wanted = _wanted(api, order, folder, record, labels)
            result = _take_images(wanted, record, finish, check=check, threads=threads, fetched=fetched)
        _add(result, labels)
        if not check:
            record.set_facts({**order.facts(), "labels": str(order.export["sha256"])})
        return result
    finally:
        record.close()


def _take_images(
    wanted: Iterator[Wanted],
    record: FolderRecord,
    finish: Finish,
    *,
    check: bool,
    threads: int,
    fetched: Callable[[int], None],
) -> Fetched:
    return fetch_all(wanted, threads=threads, sent=lambda size: fetched(1), record=record, finish=finish, check=check)


def _add(result: Fetched, labels: Fetched) -> None:
    for name in ("files", "fetched", "there", "by_sha256", "failed"):
        setattr(result, name, getattr(result, name) + getattr(labels, name))
    result.failures = labels.failures + result.failures


def _take_labels(
    api: LabelAPI, order: Order, folder: Path, record: FolderRecord, *, check: bool, sent: Callable[[int], None]
) -> Fetched:
    """Fetch the files with labels unless all of them are there as they should be."""
    result = Fetched()
    is_known = record.facts.get("labels") == order.export["sha256"]
    for name, sha256 in record.label_files() if is_known else ():
        result.files += 1
        path = safe_path(folder, name)
        if not path.is_file():
            result.fail(name, "is missing")
        elif sha256_of(path) != sha256:
            result.fail(name, "has another content")
        else:
            result.there += 1
            result.by_sha256 += 1
    if check and not is_known:
        result.fail(".labelapi.db", "the download of the labels did not end")
    if check or (is_known and not result.failed):
        sent(order.export["size"])
        return result
    archive = folder / f".labelapi-{order.export['sha256'][:16]}.part"
    fetcher = Fetcher(1)
    try:
        fetcher.fetch_on(
            archive,
            lambda: _link_of(api, order.export["export_id"]),
            order.export["size"],
            order.export["sha256"],
            sent,
        )
    finally:
        fetcher.close()
    with writing(folder):
        result = _unpack(order, archive, folder, record)
    record.keep()
    archive.unlink()
    return result


def _link_of(api: LabelAPI, export_id: int) -> str:
    link = api.get_export(export_id)["url"]
    if link is None:
        raise StorageError("The export has no file any more.", "Type the same command again.")
    return link


def _unpack(order: Order, archive: Path, folder: Path, record: FolderRecord) -> Fetched:
    result = Fetched()
    if not str(order.export["path"]).endswith(".zip"):
        with archive.open("rb") as labels:
            _place(_chunks_of(labels), folder, _name_of_one_file(order), record, result)
        if order.format == "jsonl" and order.with_images:
            _place([MLTABLE.encode()], folder, "MLTable", record, result)
        return result
    pattern = OF_PART.get(order.format)
    with zipfile.ZipFile(archive) as source:
        for member in source.infolist():
            of_part = pattern.fullmatch(member.filename) if pattern and order.part else None
            if member.is_dir() or (of_part and of_part[1] != order.part):
                continue
            # The archive as a whole has the promised hash; the checksums of its members are compared as they are read.
            with source.open(member) as content:
                is_tasks = order.format == "label-studio" and order.with_images and member.filename.startswith("tasks-")
                pieces = with_local_images(content) if is_tasks else _chunks_of(content)
                _place(pieces, folder, member.filename, record, result)
        if FLAT_NAMES in source.namelist():
            with source.open(FLAT_NAMES) as content, io.TextIOWrapper(content, "utf-8", newline="") as text:
                for row in csv.DictReader(text):
                    record.note_flat_name(int(row["image_id"]), row["name"])
    return result


def _name_of_one_file(order: Order) -> str:
    if order.format == "parquet":
        return "images/metadata.parquet" if order.with_images else "metadata.parquet"
    return ONE_FILE[order.format]


def _chunks_of(content: Any) -> Iterator[bytes]:
    return iter(partial(content.read, CHUNK_BYTES), b"")


def _place(pieces: Iterable[bytes], folder: Path, name: str, record: FolderRecord, result: Fetched) -> None:
    path = safe_path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with whole_file(path) as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
    record.note_label_file(name, digest.hexdigest())
    result.files += 1
    result.fetched += 1
    result.by_sha256 += 1


def _wanted(api: LabelAPI, order: Order, folder: Path, record: FolderRecord, failed: Fetched) -> Iterator[Wanted]:
    """Yield the images to fetch; those that cannot be fetched are among the failures."""
    snapshot_id = order.snapshot["snapshot_id"]
    asked: dict[str, Any] = {"after": 0, "expand": ["download_url"]}
    asked.update({"split": order.part} if order.part else {})
    for image in api.walk(f"/snapshots/{snapshot_id}/images", "images", **asked):
        name = _name_of(order.format, image, record)
        if image["withdrawn"]:
            failed.files += 1
            failed.fail(name, "was withdrawn; the labels still name it, and a new version of the snapshot does not")
            continue

        def renew(image_id: int = image["image_id"]) -> str:
            return str(api.get_image(image_id))

        promise = Promise(image["filesize"], image["sha256"])
        try:
            path = safe_path(folder, name)
        except StorageError as error:
            failed.files += 1
            failed.fail(name, error.message)
            continue
        yield Wanted(path, image["download_url"], renew, lambda promise=promise: promise, name)  # type: ignore[misc]


def _name_of(format_: str, image: Any, record: FolderRecord) -> str:
    """Return where an image lies below the folder in the layout of a format, which is that of the service's archives."""
    if format_ in ("yolo", "voc"):
        name = record.flat_name(image["image_id"])
        if name is None:
            raise StorageError(f"The labels do not name image {image['image_id']}.", "Type the same command again.")
        place = f"images/{image['split'] or 'train'}" if format_ == "yolo" else f"{VOC_FOLDER}/JPEGImages"
        return f"{place}/{name}"
    if format_ == "jsonl":
        return str(image["blobstorage_path"]).partition("/")[2]
    within = image["export_path"]
    return f"images/{image['split'] or 'default'}/{within}" if format_ == "datumaro" else f"images/{within}"
