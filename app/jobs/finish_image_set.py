"""Finishes an image set: its uploads become images in the main container."""

from collections.abc import Iterator

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.errors import NotFound
from app.jobs.ingest import ingest_new_uploads, open_ingest, start_progress
from app.jobs.progress import Checkpoint, Failed
from app.models import ImageSet
from app.models.jobs import DELETE_DROPBOX
from app.outbox import queue
from app.services import inspection, problems


def finish_image_set(
    session: Session, blobs: BlobStore, image_set_id: int, *, folder: str, threads: int
) -> Iterator[Checkpoint]:
    """Make an image of every upload, then point the set at the main container; enqueue the end of the dropbox and the inspection.

    `folder` is the path of folders in the main container below which image sets lie; `threads` blobs are copied at a time.
    A file that cannot be ingested after several tries becomes a problem of the set: the others are ingested, and
    the dropbox stays until the problem is settled. Raises StorageUnavailable, RetryAfter while the storage service goes on
    copying, and Failed when the dropbox is gone or cannot be listed, or when the set is not finished.
    """
    ingest = open_ingest(session, blobs, image_set_id, folder)
    if ingest is None or ingest.began is None:
        raise Failed(f"Image set {image_set_id} is not finished, so that nothing is to be ingested.", final=True)
    progress = start_progress(session, ingest)
    yield progress.checkpoint
    # From here on nobody can upload, so that the listing comes to an end.
    try:
        blobs.revoke_upload_urls(ingest.dropbox)
    except NotFound as error:
        raise ingest.missing_dropbox() from error
    yield from ingest_new_uploads(session, ingest, progress, threads)
    path = f"{blobs.container}/{ingest.folder}"
    session.execute(update(ImageSet).where(ImageSet.id == image_set_id).values(blobstorage_path=path))
    if not problems.has_open(session, image_set_id, ingest.dropbox):
        queue.enqueue(session, DELETE_DROPBOX, "image_set", image_set_id, ingest.dropbox)
    inspection.enqueue_inspection(session, image_set_id)
