"""Image sets: batches of images from one source, from the dropbox to the main container."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.errors import Conflict, NotFound, Unprocessable
from app.models import Image, ImageCount, ImageSet, ImageSetProblem, Job
from app.models.jobs import DELETE_DROPBOX, FINISH_IMAGE_SET, INSPECT_IMAGE_SET
from app.models.problems import INGEST
from app.outbox import queue
from app.representations.image_sets import IMAGE_SET, IMAGE_SETS
from app.representations.json import fetch_object
from app.representations.pages import Listing, Page, SignPath, fetch_page
from app.services import images
from app.services.api_keys import Account
from app.services.audit import Action, SubjectType, record
from app.services.dropboxes import dropbox_missing, make_dropbox, make_upload_link, unused_name
from app.services.image_filters import ImageFilter
from app.services.images import BATCH_SIZE, resolve_images
from app.services.metadata import merge_metadata
from app.services.titles import check_title, list_filters

STEPS = {("created", "finished"), ("finished", "created")}
UNKNOWN_ZONE = "22023"  # PostgreSQL's invalid_parameter_value.
# What can be changed, and the columns.
COLUMNS = {"title": "title", "metadata": "metadata_", "timezone": "timezone", "duplicates": "duplicates"}

# Of a time that a clock shows twice, the first one is meant, as in Python (PEP 495); PostgreSQL takes the second.
MOVE_TIMES = text("""
UPDATE image SET date_taken_source = :source, date_taken = (
    SELECT min(moment)
    FROM (VALUES (0), (30), (60)) AS earlier (minutes),
        LATERAL (SELECT image.date_taken AT TIME ZONE :old AS clock) AS read,
        LATERAL (SELECT (clock AT TIME ZONE :new) - make_interval(mins => minutes) AS moment) AS candidate
    WHERE minutes = 0 OR moment AT TIME ZONE :new = clock)
WHERE image_set_id = :image_set_id AND date_taken_source IN ('set', 'assumed-utc')
""")


@dataclass(frozen=True)
class NewImageSet:
    """What a caller says of a new image set."""

    title: str
    metadata: dict[str, Any] | None = None
    timezone: str | None = None
    duplicates: str = "keep"


def list_image_sets(session: Session, page: Page, status: str | None = None, title: str | None = None) -> Listing:
    """Return a page of image sets, by id: all, or those of a status and a title (`drone-*`: that begin so)."""
    filters = list_filters(ImageSet.status, ImageSet.title, status, title)
    return fetch_page(session, "image_sets", IMAGE_SETS.where(*filters), page)


def get_image_set(session: Session, imageset_id: int) -> bytes:
    """Return one image set. Raises NotFound."""
    found = fetch_object(session, IMAGE_SET, imageset_id=imageset_id)
    if found is None:
        raise _not_found(imageset_id)
    return found


def read_image_set(session: Session, imageset_id: int) -> ImageSet:
    """Return the row of an image set. Raises NotFound."""
    image_set = session.get(ImageSet, imageset_id)
    if image_set is None:
        raise _not_found(imageset_id)
    return image_set


def create_image_set(session: Session, blobs: BlobStore, account: Account, new: NewImageSet) -> tuple[int, str]:
    """Make an image set and its dropbox; return its id and the link for uploading.

    Raises Unprocessable for the title's spelling or an unknown time zone, Conflict when the title is taken or a container of
    this name holds blobs already, StorageUnavailable.
    """
    check_title(new.title)
    _check_timezone(new.timezone)
    image_set = _insert(session, account, new)
    make_dropbox(blobs, image_set.dropbox)
    return image_set.id, make_upload_link(session, blobs, image_set)


def _insert(session: Session, account: Account, new: NewImageSet) -> ImageSet:
    while True:
        dropbox = unused_name(session, new.title)
        created = insert(ImageSet).values(
            title=new.title,
            metadata_=new.metadata,
            timezone=new.timezone,
            duplicates=new.duplicates,
            blobstorage_path=dropbox,
            dropbox=dropbox,
            created_by=account.user_id,
        )
        image_set = session.scalar(created.on_conflict_do_nothing().returning(ImageSet))
        if image_set is not None:
            return image_set
        # Another set may have got the name of the dropbox meanwhile.
        _require_free_title(session, new.title)


def _require_free_title(session: Session, title: str) -> None:
    if session.scalar(select(ImageSet.id).where(ImageSet.title == title)) is not None:
        raise Conflict(f"Another image set has the title {title}.")


def _check_timezone(name: str | None) -> None:
    if name is not None and name not in available_timezones():
        raise _unknown_timezone()


def _unknown_timezone() -> Unprocessable:
    message = "Expected the name of a time zone of the IANA database, as Europe/Amsterdam."
    return Unprocessable(f"/timezone: {message}", errors=[{"pointer": "/timezone", "detail": message}])


def create_dropbox_url(session: Session, blobs: BlobStore, imageset_id: int, *, revoke: bool = False) -> str:
    """Return a fresh link for uploading; with `revoke`, end those that were made before.

    Raises NotFound, StorageUnavailable, and Conflict unless the set is `created`, or when links cannot be revoked.
    """
    image_set = lock_image_set(session, imageset_id)
    if image_set.status != "created":
        raise Conflict(f"Image set {imageset_id} is {image_set.status}: upload links exist only while it is created.")
    if revoke and not blobs.upload_urls_revocable:
        raise Conflict(
            "This service signs links with a user delegation key, so single links cannot be revoked. The links of "
            f"image set {imageset_id} expire by {image_set.date_upload_expires:%Y-%m-%dT%H:%MZ}. To end them earlier, an "
            "operator must revoke all user delegation keys of the storage account."
        )
    return make_upload_link(session, blobs, image_set, revoke=revoke)


def update_status(session: Session, blobs: BlobStore, imageset_id: int, new_status: str) -> int | None:
    """Finish an image set, and return the id of the job that ingests its images; or open a finished one for more uploads.

    Raises NotFound, StorageUnavailable, and Conflict for any other step, or while the set is being ingested.
    """
    image_set = lock_image_set(session, imageset_id)
    step = (image_set.status, new_status)
    if step not in STEPS:
        raise Conflict(
            f"Image set {imageset_id} is {image_set.status} and cannot become {new_status}: "
            "the allowed changes are from created to finished, and back."
        )
    if new_status == "created":
        _reopen(session, blobs, image_set)
    else:
        image_set.date_finished = func.now()
    image_set.status = new_status
    session.flush()
    record(session, Action.CHANGE_STATUS, SubjectType.IMAGE_SET, imageset_id, **{"from": step[0], "to": step[1]})
    return queue.enqueue(session, FINISH_IMAGE_SET, "image_set", imageset_id) if new_status == "finished" else None


def _reopen(session: Session, blobs: BlobStore, image_set: ImageSet) -> None:
    """Let the set have a dropbox again: a new one, or the present one as long as it holds files that are not ingested."""
    job_id = queue.find_unfinished(session, FINISH_IMAGE_SET, "image_set", image_set.id)
    if job_id is not None:
        raise Conflict(f"Image set {image_set.id} is being ingested: wait until job {job_id} has ended, or cancel it.")
    if not _keeps_dropbox(session, blobs, image_set):
        image_set.dropbox = _claim_name(session, image_set)
        make_dropbox(blobs, image_set.dropbox)
    image_set.blobstorage_path = image_set.dropbox
    image_set.date_finished = None


def _keeps_dropbox(session: Session, blobs: BlobStore, image_set: ImageSet) -> bool:
    deletion = select(Job.id).where(Job.kind == DELETE_DROPBOX, Job.dropbox == image_set.dropbox)
    return session.scalar(deletion.limit(1)) is None and blobs.container_exists(image_set.dropbox)


def _claim_name(session: Session, image_set: ImageSet) -> str:
    while True:
        dropbox = unused_name(session, image_set.title)
        # Another set may have got the name meanwhile.
        with suppress(IntegrityError), session.begin_nested():
            session.execute(update(ImageSet).where(ImageSet.id == image_set.id).values(dropbox=dropbox))
            return dropbox


def undo_finish(session: Session, image_set: ImageSet) -> None:
    """Open a set again whose ingest is cancelled, with the dropbox that it has; the caller has locked it.

    Of a set that was ingested before, the ingest only tried files with problems again: it stays finished.
    """
    if image_set.blobstorage_path == image_set.dropbox:
        record(
            session, Action.CHANGE_STATUS, SubjectType.IMAGE_SET, image_set.id, **{"from": "finished", "to": "created"}
        )
        image_set.status, image_set.date_finished = "created", None
        return
    is_open = (
        ImageSetProblem.image_set_id == image_set.id,
        ImageSetProblem.stage == INGEST,
        ImageSetProblem.settlement.is_(None),
    )
    session.execute(update(ImageSetProblem).where(*is_open).values(retrying=False))
    left = select(ImageSetProblem.id).where(*is_open, ImageSetProblem.dropbox == image_set.dropbox)
    if session.scalar(left.limit(1)) is None:
        queue.enqueue(session, DELETE_DROPBOX, "image_set", image_set.id, image_set.dropbox)


def update_image_set(session: Session, blobs: BlobStore, imageset_id: int, change: dict[str, Any]) -> None:
    """Change the title, metadata (a merge patch), time zone or policy of an image set; what `change` does not name stays.

    The caller has locked the set. With the time zone, the times of images change that were read with it, or without one.
    Raises Unprocessable for a title's spelling, an unknown time zone or too much metadata, StorageUnavailable, and Conflict for
    a title that is taken or comes too late, or a time zone while a job reads times.
    """
    image_set = lock_image_set(session, imageset_id)
    before = {name: getattr(image_set, COLUMNS[name]) for name in change}
    if change.get("title", image_set.title) != image_set.title:
        _require_new_title(session, blobs, image_set, change["title"])
    if "timezone" in change and change["timezone"] != image_set.timezone:
        _check_timezone(change["timezone"])
        _move_times(session, image_set, change["timezone"])
    after = change | (
        {"metadata": merge_metadata(image_set.metadata_, change["metadata"])} if "metadata" in change else {}
    )
    changed = {name for name in change if before[name] != after[name]}
    if not changed:
        return
    try:
        with session.begin_nested():
            values = {COLUMNS[name]: after[name] for name in changed}
            session.execute(update(ImageSet).where(ImageSet.id == imageset_id).values(values))
    except IntegrityError as error:
        raise Conflict(f"Another image set has the title {change['title']}.") from error
    if "duplicates" in changed and image_set.status == "finished":
        # At its end, images that were inspected are flagged, or flagged no more.
        queue.enqueue(session, INSPECT_IMAGE_SET, "image_set", imageset_id)
    record(
        session, Action.UPDATE_IMAGE_SET, SubjectType.IMAGE_SET, imageset_id,
        **{"from": {name: before[name] for name in sorted(changed)}, "to": {name: after[name] for name in sorted(changed)}},
    )  # fmt: skip


def _require_new_title(session: Session, blobs: BlobStore, image_set: ImageSet, title: str) -> None:
    """Raise Conflict when files were uploaded, because their paths begin with the title; Unprocessable for its spelling."""
    check_title(title)
    _require_free_title(session, title)
    if image_set.status != "created" or _was_finished(session, image_set.id):
        raise Conflict(
            f"The title of image set {image_set.id} can change only before it is finished for the first time."
        )
    try:
        is_empty = blobs.container_is_empty(image_set.dropbox)
    except NotFound as error:
        raise dropbox_missing(image_set) from error
    if not is_empty:
        raise Conflict(
            f"The dropbox of image set {image_set.id} has files: the title can change only before the first upload."
        )


def _was_finished(session: Session, imageset_id: int) -> bool:
    ingests = select(Job.id).where(Job.kind == FINISH_IMAGE_SET, Job.subject_id == imageset_id)
    return session.scalar(ingests.limit(1)) is not None


def _move_times(session: Session, image_set: ImageSet, timezone: str | None) -> None:
    at_work = select(Job.id).where(
        Job.subject_type == "image_set",
        Job.subject_id == image_set.id,
        Job.kind.in_((FINISH_IMAGE_SET, DELETE_DROPBOX)),
        Job.state == "running",
    )
    job_id = session.scalar(at_work.limit(1))
    if job_id is not None:
        raise Conflict(f"Job {job_id} reads times of image set {image_set.id}: wait until it has ended, or cancel it.")
    zones = {"image_set_id": image_set.id, "old": image_set.timezone or "UTC", "new": timezone or "UTC"}
    try:
        with session.begin_nested():
            session.execute(MOVE_TIMES, zones | {"source": "set" if timezone else "assumed-utc"})
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) != UNKNOWN_ZONE:
            raise
        # Python may know zones that PostgreSQL does not, such as `localtime`.
        raise _unknown_timezone() from error


def delete_image_set(session: Session, imageset_id: int) -> int:
    """Delete an image set that is `created`, and have its dropbox deleted with all that is in it; return that job's id.

    Existing images that were put into it belong to no set again. Raises NotFound, and Conflict for a set that is finished, or
    was finished once and has images.
    """
    image_set = lock_image_set(session, imageset_id)
    if image_set.status != "created":
        raise Conflict(f"Image set {imageset_id} is {image_set.status}: only a set that is created can be deleted.")
    members = Image.image_set_id == imageset_id
    if _was_finished(session, imageset_id) and session.scalar(select(Image.id).where(members).limit(1)) is not None:
        raise Conflict(f"Image set {imageset_id} was finished before and has images: it cannot be deleted.")
    job_id = queue.enqueue(session, DELETE_DROPBOX, "image_set", imageset_id, image_set.dropbox)
    record(session, Action.DELETE_IMAGE_SET, SubjectType.IMAGE_SET, imageset_id, title=image_set.title)
    session.execute(update(Image).where(members).values(image_set_id=None))
    session.execute(delete(ImageSetProblem).where(ImageSetProblem.image_set_id == imageset_id))
    session.execute(delete(ImageCount).where(ImageCount.image_set_id == imageset_id))
    session.execute(delete(ImageSet).where(ImageSet.id == imageset_id))
    return job_id


def list_images(
    session: Session, imageset_id: int, page: Page, image_filter: ImageFilter, sign_path: SignPath | None = None
) -> Listing:
    """Return a page of the images of one set; `image_filter` names the set, too. Raises NotFound, BadRequest."""
    require_image_set(session, imageset_id)
    return images.list_images(session, page, image_filter, sign_path)


def add_images(session: Session, imageset_id: int, references: Iterable[dict[str, Any]]) -> None:
    """Put existing images that belong to no set into this one, all or none.

    Raises NotFound for the set or an image, Conflict when the set is not `created` or an image is in a set already.
    """
    image_set = lock_image_set(session, imageset_id)
    if image_set.status != "created":
        raise Conflict(f"Image set {imageset_id} is {image_set.status}: images can be added only while it is created.")
    # All callers take hold of images in the order of their ids, so that none waits for one who waits for it.
    ordered = iter(sorted(set(chain.from_iterable(resolve_images(session, references)))))
    while image_ids := list(islice(ordered, BATCH_SIZE)):
        named = Image.id == func.any(image_ids)
        free = select(Image.id, Image.image_set_id).where(named).order_by(Image.id).with_for_update()
        for image_id, taken_by in session.execute(free):
            if taken_by is not None:
                raise Conflict(f"Image {image_id} already belongs to image set {taken_by}.")
        session.execute(update(Image).where(named).values(image_set_id=imageset_id))


def require_image_set(session: Session, imageset_id: int) -> None:
    """Raise NotFound unless there is such an image set."""
    if session.scalar(select(ImageSet.id).where(ImageSet.id == imageset_id)) is None:
        raise _not_found(imageset_id)


def lock_image_set(session: Session, imageset_id: int) -> ImageSet:
    """Return the image set, held against every other change until the transaction ends. Raises NotFound."""
    image_set = session.get(ImageSet, imageset_id, with_for_update=True)
    if image_set is None:
        raise _not_found(imageset_id)
    return image_set


def _not_found(imageset_id: int) -> NotFound:
    return NotFound(f"There is no image set {imageset_id}.")
