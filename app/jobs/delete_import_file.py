"""Deletes the file of an import that has ended."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.jobs.progress import Checkpoint, RetryAfter
from app.models import Import
from app.services.imports import is_upload_possible


def delete_import_file(session: Session, blobs: BlobStore, import_id: int) -> Iterator[Checkpoint]:
    """Delete the file of an import, and once more when its link, which cannot be revoked, has expired.

    Deleting twice changes nothing. Raises StorageUnavailable and RetryAfter.
    """
    found = session.get(Import, import_id)
    if found is None:
        return
    path, expires, is_possible = found.path, found.date_upload_expires, is_upload_possible(found)
    yield Checkpoint(0, 1)
    blobs.delete_blob(path)
    if is_possible and expires is not None:
        raise RetryAfter(expires, "The file is deleted once more when its link, which cannot be revoked, has expired.")
    yield Checkpoint(1, 1)
