"""Deletes the dropbox of an image set, only after a listing that shows nothing that is not ingested."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore, target_path
from app.jobs.image_files import find_registered
from app.jobs.ingest import Ingest, ingest_new_uploads, open_ingest, start_progress
from app.jobs.progress import Checkpoint, RetryAfter
from app.models import ImageSet
from app.services import inspection, problems
from app.services.image_sets import lock_image_set


def delete_dropbox(
    session: Session,
    blobs: BlobStore,
    image_set_id: int,
    dropbox: str,
    *,
    ingested: datetime,
    folder: str,
    threads: int,
) -> Iterator[Checkpoint]:
    """Delete a dropbox of a set; its uploads were ingested at the time `ingested`, or the set itself was deleted.

    What has arrived since then is ingested first: a link works for a while after it was revoked, and one that cannot be
    revoked until it expires. The dropbox stays while a problem is open. Raises RetryAfter until no link works,
    StorageUnavailable, and Failed when the dropbox cannot be listed.
    """
    ingest = open_ingest(session, blobs, image_set_id, folder, dropbox)
    if ingest is None:
        # The commit that follows checks that the job is still this run's.
        yield Checkpoint(0)
        blobs.delete_container(dropbox)
        return
    _require_dead_links(session, blobs, image_set_id, ingested)
    progress = start_progress(session, ingest)
    yield progress.checkpoint
    if blobs.container_exists(ingest.dropbox):
        yield from ingest_new_uploads(session, ingest, progress, threads)
        lock_image_set(session, image_set_id)
        inspection.enqueue_inspection(session, image_set_id)
    if problems.has_open(session, image_set_id, dropbox):
        return
    strays = _find_strays(session, ingest, progress.problems.dropped)
    # The commit that follows checks that the job is still this run's.
    yield progress.checkpoint
    for name in strays:
        blobs.discard_copy(ingest.dropbox, name, target_path(ingest.folder, name))
    blobs.delete_container(ingest.dropbox)


def _require_dead_links(session: Session, blobs: BlobStore, image_set_id: int, ingested: datetime) -> None:
    if blobs.upload_urls_revocable:
        until, reason = (
            ingested + blobs.revocation_time,
            "The dropbox is kept until its revoked link has stopped working everywhere.",
        )
    else:
        expires = session.scalars(select(ImageSet.date_upload_expires).where(ImageSet.id == image_set_id)).one()
        until, reason = expires or ingested, "The dropbox is kept until its link, which cannot be revoked, expires."
    if until > datetime.now(UTC):
        raise RetryAfter(until, reason)


def _find_strays(session: Session, ingest: Ingest, dropped: Iterable[str]) -> list[str]:
    """Return the names of the files, of those that were given up, of which a copy may lie where no image is."""
    paths = {name: ingest.path(name) for name in dropped}
    known = find_registered(session, list(paths.values()))
    return [name for name, path in paths.items() if path not in known]
