"""The kinds of jobs, each with the function that does its work."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.azure.ml.choice import make_registry
from app.jobs import finish_image_set as ingest
from app.jobs import publish_datasets as publication
from app.jobs import register_datasets as registration
from app.jobs.progress import Checkpoint
from app.models.jobs import DELETE_DROPBOX, FINISH_IMAGE_SET, PUBLISH_DATASETS
from app.outbox.queue import QueueEntry
from app.settings import Settings


@dataclass(frozen=True)
class Workplace:
    """What the runs of one worker share."""

    engine: Engine
    blobs: BlobStore
    settings: Settings


@dataclass(frozen=True)
class Run:
    """One run of a job, and the token that its commits must show."""

    job_id: int
    kind: str
    subject_id: int
    date_created: datetime
    token: UUID
    entry: QueueEntry


def finish_image_set(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    """Ingest what was uploaded for an image set."""
    folder, threads = place.settings.azure_storage_imageset_folder, place.settings.copy_threads
    return ingest.ingest_uploads(session, place.blobs, run.subject_id, folder=folder, threads=threads)


def delete_dropbox(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    """Delete the dropbox of an image set whose images are in the main container."""
    folder, threads = place.settings.azure_storage_imageset_folder, place.settings.copy_threads
    return ingest.delete_dropbox(
        session, place.blobs, run.subject_id, ingested=run.date_created, folder=folder, threads=threads
    )


def publish_datasets(session: Session, place: Workplace, run: Run) -> Iterator[Checkpoint]:
    """Publish images and labels of a finished campaign, and register both."""
    registry = make_registry(place.settings)
    state = "pending" if place.settings.uses_azure_ml else "off"
    yield from publication.publish_files(
        session, place.blobs, run.subject_id, job_id=run.job_id, registration=state, url_prefix=registry.url_prefix
    )
    yield from registration.register_datasets(session, registry, place.blobs.container, run.job_id)


KINDS: dict[str, Callable[[Session, Workplace, Run], Iterator[Checkpoint]]] = {
    FINISH_IMAGE_SET: finish_image_set,
    DELETE_DROPBOX: delete_dropbox,
    PUBLISH_DATASETS: publish_datasets,
}
