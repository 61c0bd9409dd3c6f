"""Dropboxes: the containers into which the images of a set are uploaded. A set has one at a time."""

from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.azure.names import dropbox_name
from app.errors import Conflict, NotFound
from app.models import ImageSet, Job
from app.representations.pages import Listing, Page
from app.services.audit import Action, SubjectType, record

# All names of the dropboxes of a title begin with so much of it.
COMMON_LENGTH = 45


def unused_name(session: Session, title: str) -> str:
    """Return a name for a new dropbox of a set with this title that no dropbox has or had.

    The storage service frees the name of a deleted container only after a while, and a job that deletes a container may be late.
    """
    prefix = dropbox_name(title[:COMMON_LENGTH])
    held = select(ImageSet.dropbox).where(func.starts_with(ImageSet.dropbox, prefix))
    deleted = select(Job.dropbox).where(func.starts_with(Job.dropbox, prefix))
    used = set(session.scalars(held.union(deleted)))
    return next(name for number in count(1) if (name := dropbox_name(title, number)) not in used)


def make_dropbox(blobs: BlobStore, dropbox: str) -> None:
    """Make a container of an unused name. Raises StorageUnavailable, and Conflict when one with blobs is there already."""
    # A container without an image set is what a crash left: an empty one is taken over, another is not ours to give.
    if not blobs.make_container(dropbox) and not blobs.container_is_empty(dropbox):
        raise Conflict(
            f"The container {dropbox} already exists, belongs to no image set and contains blobs. "
            "Choose another title, or ask an operator to check that container."
        )


def make_upload_link(session: Session, blobs: BlobStore, image_set: ImageSet, *, revoke: bool = False) -> str:
    """Return a link for uploading into the dropbox of a set; with `revoke`, end those that were made before.

    Raises StorageUnavailable, and Conflict when the dropbox was deleted by hand.
    """
    try:
        url = blobs.make_upload_url(image_set.dropbox, revoke=revoke)
    except NotFound as error:
        raise dropbox_missing(image_set) from error
    expires = datetime.now(UTC) + blobs.upload_token_valid
    if revoke:
        record(session, Action.REVOKE_UPLOAD_LINKS, SubjectType.IMAGE_SET, image_set.id)
    record(session, Action.CREATE_UPLOAD_LINK, SubjectType.IMAGE_SET, image_set.id, date_expires=expires)
    # The storage has a clock of its own.
    surely_expired = expires + timedelta(minutes=1)
    session.execute(update(ImageSet).where(ImageSet.id == image_set.id).values(date_upload_expires=surely_expired))
    return url


def list_uploads(blobs: BlobStore, image_set: ImageSet, size: int, cursor: str | None) -> Listing:
    """Return up to `size` files of a set's dropbox, in the order of their names, from a cursor of the storage service on.

    Raises BadRequest for a text that is no cursor, StorageUnavailable, and Conflict when the set has no dropbox now.
    """
    try:
        files, following = blobs.list_files(image_set.dropbox, cursor or "", size)
    except NotFound as error:
        if image_set.status == "created":
            raise dropbox_missing(image_set) from error
        raise Conflict(
            f"Image set {image_set.id} is finished, and its dropbox was deleted when all was ingested."
        ) from error
    uploads = [
        {
            "name": file.name,
            "size": file.size,
            "md5": file.content_md5.hex() if file.content_md5 else None,
            "date_modified": file.date_modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        for file in files
    ]
    body = orjson.dumps({"uploads": uploads, "pagination": Page(1, size).describe_cursor()})
    return Listing(body, {"next": {"cursor": following, "per_page": size}} if following else {})


def dropbox_missing(image_set: ImageSet) -> Conflict:
    """Return the error for a dropbox that should be there and is not."""
    return Conflict(
        f"The dropbox of image set {image_set.id}, the container {image_set.dropbox}, does not exist: something else deleted it. "
        "Ask an operator to run `flask check --repair`, which makes it again, without the files that were in it."
    )
