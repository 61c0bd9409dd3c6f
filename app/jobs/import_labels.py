"""Reads a label file that was sent to a campaign, checks all of it, and stores it as one submission or not at all."""

import tempfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.errors import Conflict, Forbidden, NotFound
from app.formats.readers import READERS
from app.formats.reading import (
    BadRecord,
    FormatError,
    ReadBox,
    ReadBoxes,
    ReadClass,
    ReadImage,
    ReadNote,
    ReadOptions,
    Record,
)
from app.jobs.progress import Checkpoint
from app.models import Import
from app.services import imports
from app.services.campaigns import lock_campaign
from app.services.classes import load_vocabulary
from app.services.import_boxes import convert_boxes, read_words
from app.services.import_matching import match_images
from app.services.import_report import Report
from app.services.import_staging import UNITS, Staging, own_connection
from app.services.import_storage import OPEN_STATES, ImportCounts, not_open, plan, store

# A file with more classes is none of labels, but something else that was taken for one.
MAX_WORDS = 20_000
# So many records are read at a time. With more, Python looks for cycles among them again and again.
RECORD_COUNT = 1000


class Refused(Exception):
    """The file cannot be imported; the message says why, in a sentence for the sender."""


class Words:
    """The classes of the boxes, each under a number: by its name, or by the key that the file gives one."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str | None, str | None], int] = {}
        self._names: dict[str, str] = {}
        self._places: list[str] = []

    def declare(self, one: ReadClass) -> None:
        """Take a class that the file declares."""
        self._names[one.key] = one.name
        self._require_room(len(self._names))

    def numbers_of(self, words: Sequence[tuple[str | None, str | None]], places: Sequence[str]) -> list[int]:
        """Return the numbers of the classes of boxes, which have a name or a key each, and a place in the file."""
        if not self._numbers.keys() >= set(words):
            for word, place in zip(words, places, strict=True):
                self._add(word, place)
        return [self._numbers[word] for word in words]

    def numbers_of_keys(self, keys: Sequence[str], places: Sequence[str]) -> list[int]:
        """Return the numbers of the classes of boxes that have a key each, and a place in the file."""
        found: dict[str, int] = {}
        for key in dict.fromkeys(keys):
            number = self._numbers.get((None, key))
            found[key] = self._add((None, key), places[keys.index(key)]) if number is None else number
        return [found[key] for key in keys]

    def _add(self, word: tuple[str | None, str | None], place: str) -> int:
        if word not in self._numbers:
            self._require_room(len(self._places))
            self._numbers[word] = len(self._places)
            self._places.append(place)
        return self._numbers[word]

    def names(self, report: Report) -> list[str | None]:
        """Return the names by their numbers, None for the key of a class that the file does not declare, which is reported."""
        found = [self._names.get(key or "") if label is None else label for label, key in self._numbers]
        for name, (_, key), place in zip(found, self._numbers, self._places, strict=True):
            if name is None:
                report.add("unknown_reference", place, f"The file has no class {key}.")
        return found

    def _require_room(self, count: int) -> None:
        if count > MAX_WORDS:
            raise Refused(f"The file has more than {MAX_WORDS} classes. Check that it is a label file of this format.")


def import_labels(
    session: Session, blobs: BlobStore, import_id: int, *, folder: str, max_bytes: int
) -> Iterator[Checkpoint]:
    """Import a file: read it, check all of it, store it as one submission, and note what became of it.

    A file that is refused is no failure of the job. `folder` is that of image sets in the main container, `max_bytes` the size
    of the largest file that is read. Raises StorageUnavailable.
    """
    pending = imports.find_pending(session, import_id)
    if pending is None:
        return
    report, total = Report(), 0
    session.expunge(pending)
    yield Checkpoint(0)
    with tempfile.TemporaryFile() as file, own_connection(session):
        try:
            _download(blobs, pending, file, max_bytes)
            words = Words()
            with Staging(session) as staging:
                yield Checkpoint(0)
                yield from _read(file, pending, staging, words, report)
            total = staging.arrived_count
            yield Checkpoint(total, total)
            _match(session, pending, report, container=blobs.container, folder=folder)
            counts = convert_boxes(session, report, clip=pending.on_invalid == "clip")
            # Until here the campaign was not held.
            yield Checkpoint(total)
            _import(session, pending, report, words, clipped=counts.clipped, dropped=counts.dropped)
        except (Refused, FormatError, Conflict, Forbidden, NotFound) as error:
            # What was read is of no use, and the campaign shall not be held any longer.
            session.rollback()
            imports.finish_import(session, import_id, report, ImportCounts(), error=str(error))
        yield Checkpoint(total)


def _download(blobs: BlobStore, pending: Import, file: BinaryIO, max_bytes: int) -> None:
    size = 0
    for piece in blobs.read(pending.path):
        size += len(piece)
        if size > max_bytes:
            raise Refused(f"The file is larger than {max_bytes} bytes, the limit of an import.")
        file.write(piece)
    if not size:
        raise Refused("The file is empty.")
    file.seek(0)


def _read(file: BinaryIO, pending: Import, staging: Staging, words: Words, report: Report) -> Iterator[Checkpoint]:
    """Read all records into the temporary tables. Raises FormatError and Refused."""
    for batch in _batches(READERS[pending.format](file, ReadOptions(pending.origin))):
        if isinstance(batch, ReadBoxes):
            _add_columns(batch, staging, words)
        else:
            _add_records(batch, staging, words, report)
        if staging.is_full or staging.has_arrived:
            staging.wait()
            yield Checkpoint(staging.arrived_count)
            if staging.is_full:
                staging.send()
    staging.wait()
    staging.send()
    staging.wait()


def _batches(records: Iterator[Record]) -> Iterator[list[Record] | ReadBoxes]:
    """Yield the records in the order of the file: some at a time, or boxes that come in columns."""
    batch: list[Record] = []
    for record in records:
        if type(record) is not ReadBoxes:
            batch.append(record)
            if len(batch) < RECORD_COUNT:
                continue
        yield batch
        batch = []
        if type(record) is ReadBoxes:
            yield record
    yield batch


def _add_records(batch: list[Record], staging: Staging, words: Words, report: Report) -> None:
    boxes = [record for record in batch if type(record) is ReadBox]
    _add_boxes(boxes, staging, words)
    for record in batch if len(boxes) < len(batch) else ():
        if isinstance(record, ReadImage):
            staging.add_image(record)
        elif isinstance(record, ReadClass):
            words.declare(record)
        elif isinstance(record, BadRecord):
            report.add(record.kind, record.where, record.detail)
        elif isinstance(record, ReadNote):
            report.add(record.kind, record.where, record.detail, record.count)


def _add_boxes(boxes: Sequence[ReadBox], staging: Staging, words: Words) -> None:
    places = [box.where for box in boxes]
    staging.add_boxes(
        [box.image_key for box in boxes],
        places,
        [box.x_min for box in boxes],
        [box.y_min for box in boxes],
        [box.x_max for box in boxes],
        [box.y_max for box in boxes],
        [box.confidence for box in boxes],
        words.numbers_of([(box.label, box.class_key) for box in boxes], places),
        [UNITS[box.unit] for box in boxes],
    )


def _add_columns(boxes: ReadBoxes, staging: Staging, words: Words) -> None:
    places, edges = boxes.places(), (boxes.x_min, boxes.y_min, boxes.x_max, boxes.y_max)
    numbers = words.numbers_of_keys(boxes.class_keys, places)
    units = [UNITS["pixels"]] * len(places)
    staging.add_boxes(boxes.image_keys, places, *edges, boxes.confidences, numbers, units)


def _match(session: Session, pending: Import, report: Report, *, container: str, folder: str) -> None:
    match_images(
        session,
        report,
        pending.campaign_id,
        way=pending.match,
        container=container,
        folder=folder,
        skip_unknown=pending.skip_unknown,
        ignore_size=pending.ignore_size,
    )


def _import(session: Session, pending: Import, report: Report, words: Words, *, clipped: int, dropped: int) -> None:
    """Compare the file with the campaign, which is held from here on, and store it unless something refuses that.

    Raises Conflict, NotFound and Forbidden for what changed since the file was sent.
    """
    sender = imports.find_sender(session, pending)
    campaign = lock_campaign(session, pending.campaign_id)
    if campaign.status not in OPEN_STATES:
        raise not_open(campaign.id, campaign.status)
    vocabulary = load_vocabulary(session, campaign)
    readings = read_words(session, report, words.names(report), vocabulary)
    change = plan(
        session,
        report,
        sender,
        campaign,
        readings,
        vocabulary,
        mode=pending.mode,
        clipped=clipped,
        dropped=dropped,
    )
    submission_id = None
    error = report.explain() if report.refuses else None
    if not error and not pending.dry_run:
        submission_id = store(session, sender, campaign, change, vocabulary, mode=pending.mode)
    imports.finish_import(session, pending.id, report, change.counts, error=error, submission_id=submission_id)
