"""The points at which workers are killed, by name, in the order in which a run comes past them."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.holds import Hold, StatementHold, StorageHold
from tests.storage_proxy import Request


@dataclass(frozen=True)
class Point:
    """One point: its name, how a worker is held there, and whether what is held comes about after the worker is dead."""

    name: str
    hold: Callable[[], Hold]
    happens: bool = False

    def __str__(self) -> str:
        return self.name


def _is_revocation(request: Request) -> bool:
    return request.method == "PUT" and "comp=acl" in request.path


def is_listing(request: Request) -> bool:
    """True when a request lists a dropbox."""
    return request.method == "GET" and "comp=list" in request.path and "/dropbox-" in request.path


def is_copy(request: Request) -> bool:
    """True when a request asks the storage for a copy."""
    return "x-ms-copy-source" in request.headers


def _is_header_read(request: Request) -> bool:
    return request.method == "GET" and "x-ms-range" in request.headers


def is_deletion(request: Request) -> bool:
    """True when a request deletes a container."""
    return request.method == "DELETE" and "restype=container" in request.path


def _stages_block(request: Request) -> bool:
    return request.method == "PUT" and "comp=block&" in f"{request.path}&" and "/exports/" in request.path


def _finishes_blocks(request: Request) -> bool:
    return request.method == "PUT" and "comp=blocklist" in request.path and "/exports/" in request.path


def _deletes_unfinished(request: Request) -> bool:
    return request.method == "DELETE" and "/exports/_unfinished/" in request.path


def _writes_export(ending: str) -> Callable[[Request], bool]:
    return lambda request: "/exports/" in request.path and _writes(ending)(request)


def _writes(ending: str) -> Callable[[Request], bool]:
    return lambda request: request.method == "PUT" and request.path.split("?")[0].endswith(ending)


IMAGES = "AFTER INSERT ON image"
PATH = "AFTER UPDATE OF blobstorage_path ON image_set"
COLLECTED = "AFTER UPDATE ON job WHEN (NEW.state = 'succeeded' AND NEW.kind = 'finish_image_set')"
SECOND_BATCH = "AFTER UPDATE OF done ON job WHEN (OLD.done > 0 AND NEW.done > OLD.done)"
DATASETS = "AFTER INSERT ON dataset"
EXPORTED = "AFTER UPDATE OF path ON export"
FROZEN = "AFTER INSERT ON snapshot_image"
NUMBERED = "AFTER INSERT ON snapshot_class"
READY = "AFTER UPDATE OF state ON snapshot"
INSPECTED = "AFTER UPDATE OF date_inspected ON image"

# Two hundred uploads are two batches of one hundred, which are copied at the same time, and one page of a listing: it is
# listed for the total, for the batches, and to see that nothing has come in since.
INGEST = [
    Point("before the upload links are revoked", lambda: StorageHold(_is_revocation)),
    Point("before the first listing", lambda: StorageHold(is_listing)),
    Point("before the first copy", lambda: StorageHold(is_copy)),
    Point("after a copy and before its verification", lambda: StorageHold(is_copy, answered=True)),
    Point("a copy that the storage gets when the worker is dead", lambda: StorageHold(is_copy, 20), happens=True),
    Point("in the middle of a batch", lambda: StorageHold(is_copy, 50)),
    Point("while the header of an image is read", lambda: StorageHold(_is_header_read, 50)),
    Point("rows of a batch written and their commit lost", lambda: StatementHold(IMAGES, at_commit=True)),
    Point("commit of a batch that nobody saw", lambda: StatementHold(IMAGES, at_commit=True), happens=True),
    Point("after the commit of a batch", lambda: StatementHold(SECOND_BATCH)),
    Point("after the last batch and before the last listing", lambda: StorageHold(is_listing, 3)),
    Point("path written and the job for the dropbox not made", lambda: StatementHold(PATH)),
    Point("last commit lost", lambda: StatementHold(COLLECTED, at_commit=True)),
    Point("last commit that nobody saw", lambda: StatementHold(COLLECTED, at_commit=True), happens=True),
    Point("before the dropbox is deleted", lambda: StorageHold(is_deletion)),
    Point("dropbox deleted and success not written", lambda: StorageHold(is_deletion, answered=True)),
]
INSPECTION = [
    Point("one preview of an image written and the other not", lambda: StorageHold(_writes("-2048.jpg"), 20)),
    Point("images inspected and their commit lost", lambda: StatementHold(INSPECTED, at_commit=True)),
]
PUBLICATION = [
    Point("before the label table is written, the last of the files", lambda: StorageHold(_writes("_labels.csv"))),
    Point("manifest written and the label table not", lambda: StorageHold(_writes("_images.json"), answered=True)),
    Point("all files written and no dataset noted", lambda: StorageHold(_writes("_labels.csv"), answered=True)),
    Point("one dataset noted and the others not", lambda: StatementHold(DATASETS)),
    Point("commit of the datasets lost", lambda: StatementHold(DATASETS, at_commit=True)),
    Point("commit of the datasets that nobody saw", lambda: StatementHold(DATASETS, at_commit=True), happens=True),
]
# An archive goes to the storage under another name, which the storage copies in the end; labels alone are written at once.
ARCHIVE = [
    Point("before a part of the archive is written", lambda: StorageHold(_stages_block)),
    Point("before the archive is whole", lambda: StorageHold(_finishes_blocks)),
    Point("archive whole under another name", lambda: StorageHold(is_copy)),
    Point("archive copied and its other name not deleted", lambda: StorageHold(_deletes_unfinished)),
    Point("archive there and its manifest not", lambda: StorageHold(_writes_export(".manifest.json"))),
    Point("commit of the archive lost", lambda: StatementHold(EXPORTED, at_commit=True)),
    Point("commit of the archive that nobody saw", lambda: StatementHold(EXPORTED, at_commit=True), happens=True),
]
LABEL_FILE = [
    Point("before the labels are written", lambda: StorageHold(_writes_export(".json"))),
    Point(
        "manifest written and the export not noted",
        lambda: StorageHold(_writes_export(".manifest.json"), answered=True),
    ),
]
SNAPSHOT = [
    Point("rows frozen and their commit lost", lambda: StatementHold(FROZEN, at_commit=True)),
    Point("rows frozen and their commit that nobody saw", lambda: StatementHold(FROZEN, at_commit=True), happens=True),
    Point("classes numbered and nothing hashed", lambda: StatementHold(NUMBERED)),
    Point("ready and its commit lost", lambda: StatementHold(READY, at_commit=True)),
    Point("ready and its commit that nobody saw", lambda: StatementHold(READY, at_commit=True), happens=True),
]
ZOMBIES = [point for point in [*INGEST, *PUBLICATION] if isinstance(point.hold(), StorageHold)]
