"""The kinds of jobs, each with the function that does its work."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.azure.ml.choice import make_registry
from app.jobs.delete_dropbox import delete_dropbox
from app.jobs.delete_image_files import delete_image_files
from app.jobs.delete_import_file import delete_import_file
from app.jobs.finish_image_set import finish_image_set
from app.jobs.import_labels import import_labels
from app.jobs.inspect_image_set import inspect_image_set
from app.jobs.make_snapshot import make_snapshot
from app.jobs.progress import Checkpoint, Failed
from app.jobs.publish_datasets import publish_files
from app.jobs.register_datasets import register_datasets
from app.jobs.write_export import write_export
from app.media.decoders import DecoderPool
from app.models.jobs import (
    DELETE_DROPBOX,
    DELETE_IMAGE_FILES,
    DELETE_IMPORT_FILE,
    FINISH_IMAGE_SET,
    IMPORT_LABELS,
    INSPECT_IMAGE_SET,
    MAKE_SNAPSHOT,
    PUBLISH_DATASETS,
    WRITE_EXPORT,
)
from app.outbox.queue import QueueEntry
from app.settings import Settings


@dataclass(frozen=True)
class Workplace:
    """What the runs of one worker share."""

    engine: Engine
    blobs: BlobStore
    settings: Settings
    decoders: DecoderPool


@dataclass(frozen=True)
class Run:
    """One run of a job, and the token that its commits must show."""

    job_id: int
    kind: str
    subject_id: int
    date_created: datetime
    token: UUID
    dropbox: str | None
    entry: QueueEntry


def _finish_image_set(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    folder, threads = place.settings.azure_storage_imageset_folder, place.settings.copy_threads
    return finish_image_set(session, place.blobs, run.subject_id, folder=folder, threads=threads)


def _delete_dropbox(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    folder, threads = place.settings.azure_storage_imageset_folder, place.settings.copy_threads
    if run.dropbox is None:
        raise Failed("This job names no dropbox.", final=True)
    return delete_dropbox(
        session, place.blobs, run.subject_id, run.dropbox, ingested=run.date_created, folder=folder, threads=threads
    )


def _inspect_image_set(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    bytes_per_second = place.settings.inspection_megabytes_per_second * 1e6
    return inspect_image_set(
        session, place.blobs, run.subject_id, decoders=place.decoders, bytes_per_second=bytes_per_second
    )


def _delete_image_files(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    return delete_image_files(session, place.blobs, run.subject_id)


def _import_labels(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    folder, max_bytes = place.settings.azure_storage_imageset_folder, place.settings.max_import_bytes
    return import_labels(session, place.blobs, run.subject_id, folder=folder, max_bytes=max_bytes)


def _delete_import_file(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    return delete_import_file(session, place.blobs, run.subject_id)


def _publish_datasets(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    registry = make_registry(place.settings)
    state = "pending" if place.settings.uses_azure_ml else "off"
    yield from publish_files(
        session, place.blobs, run.subject_id, job_id=run.job_id, registration=state, url_prefix=registry.url_prefix
    )
    yield from register_datasets(session, registry, place.blobs.container, run.job_id)


def _make_snapshot(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    bytes_per_second = place.settings.inspection_megabytes_per_second * 1e6
    return make_snapshot(
        session, place.blobs, run.subject_id, decoders=place.decoders, bytes_per_second=bytes_per_second
    )


def _write_export(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    folder, threads = place.settings.azure_storage_imageset_folder, place.settings.copy_threads
    return write_export(
        session, place.blobs, place.decoders, run.subject_id, folder=folder, token=run.token.hex, threads=threads
    )


KINDS: dict[str, Callable[[Session, Workplace, Run], Iterator[Checkpoint]]] = {
    FINISH_IMAGE_SET: _finish_image_set,
    DELETE_DROPBOX: _delete_dropbox,
    INSPECT_IMAGE_SET: _inspect_image_set,
    PUBLISH_DATASETS: _publish_datasets,
    DELETE_IMAGE_FILES: _delete_image_files,
    MAKE_SNAPSHOT: _make_snapshot,
    WRITE_EXPORT: _write_export,
    IMPORT_LABELS: _import_labels,
    DELETE_IMPORT_FILE: _delete_import_file,
}
