"""Deletes the file and the previews of a withdrawn image."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.jobs.progress import Checkpoint, RetryAfter
from app.media.previews import preview_folder
from app.models import Image
from app.models.jobs import INSPECT_IMAGE_SET
from app.outbox import queue
from app.services.campaign_images import remove_from_unfinished
from app.services.exports import delete_archives

# An inspection that has read the file before it was deleted may still write previews.
INSPECTION_PAUSE = timedelta(seconds=30)


def delete_image_files(session: Session, blobs: BlobStore, image_id: int) -> Iterator[Checkpoint]:
    """Delete what the storage has of a withdrawn image, and take it out of campaigns that it entered meanwhile.

    Archives that hold its file are deleted as well.

    Deleting twice changes nothing. Raises RetryAfter while its set is inspected, StorageUnavailable.
    """
    image = session.execute(
        select(Image.blobstorage_path, Image.image_set_id).where(
            Image.id == image_id, Image.date_withdrawn.is_not(None)
        )
    ).one_or_none()
    # Also while the storage is away, nobody shall label it.
    remove_from_unfinished(session, image_id)
    yield Checkpoint(0, 1)
    if image is None:
        return
    blobs.delete_blob(image.blobstorage_path.partition("/")[2])
    for blob in blobs.list_blobs(blobs.container, preview_folder(image_id)):
        blobs.delete_blob(blob.name)
    delete_archives(session, blobs, image_id)
    set_id = image.image_set_id
    if set_id is not None and queue.find_unfinished(session, INSPECT_IMAGE_SET, "image_set", set_id) is not None:
        raise RetryAfter(
            datetime.now(UTC) + INSPECTION_PAUSE, "Its previews are deleted again after the inspection of its set."
        )
    yield Checkpoint(1, 1)
