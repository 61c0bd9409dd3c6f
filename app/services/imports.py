"""Imports: label files that are sent to campaigns, from their arrival to their outcome."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, insert, select, update
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.errors import BadRequest, Conflict, ContentTooLarge, Forbidden, NotFound
from app.models import Campaign, Import, Job, Role, User
from app.models.imports import FAILED, FOLDER, SUCCEEDED
from app.models.jobs import DELETE_IMPORT_FILE, IMPORT_LABELS
from app.outbox import queue
from app.representations.imports import IMPORT, LISTED_IMPORTS
from app.representations.json import fetch_object
from app.representations.pages import Listing, Page, fetch_page
from app.services.api_keys import Account
from app.services.audit import Action, SubjectType, record
from app.services.campaigns import campaign_not_found, refuse_archived
from app.services.images import NO_ACCESS
from app.services.import_report import Report
from app.services.import_storage import OPEN_STATES, ImportCounts, not_open
from app.services.submissions import Sender

# How long a link for uploading a file works, unless links of this installation end sooner.
UPLOAD_VALID = timedelta(days=1)
ANY_FILE = "application/octet-stream"
PIECE_BYTES = 4 * 1024**2


@dataclass(frozen=True)
class NewImport:
    """How a file is to be read: its format and what the sender decided."""

    format: str
    mode: str = "replace"
    match: str = "auto"
    on_invalid: str = "reject"
    origin: str = "auto"
    skip_unknown: bool = False
    ignore_size: bool = False
    dry_run: bool = False

    def columns(self) -> dict[str, Any]:
        """Return the columns that hold this."""
        origin = None if self.origin == "auto" else int(self.origin)
        return self.__dict__ | {"origin": origin}


def create_import(
    session: Session, blobs: BlobStore, sender: Sender, campaign_id: int, new: NewImport, file: bytearray
) -> tuple[int, int]:
    """Keep a file for its import into a campaign; return the ids of the import and of the job that reads it.

    Raises NotFound for the campaign, Conflict unless it takes labels now, BadRequest for an empty file, StorageUnavailable.
    """
    if not file:
        raise BadRequest("Send the label file as the body, or send `upload=link` to get a link for uploading it.")
    import_id, path = _insert(session, sender, campaign_id, new)
    # A file without an import, which a crash leaves here, is found by `flask check`.
    blobs.upload(path, _pieces(file), ANY_FILE)
    return import_id, queue.enqueue(session, IMPORT_LABELS, "import", import_id)


def create_upload(
    session: Session, blobs: BlobStore, sender: Sender, campaign_id: int, new: NewImport, file: bytearray
) -> tuple[int, str]:
    """Make an import whose file is uploaded with a link; return its id and the link.

    Raises what create_import raises, and BadRequest when a file is sent all the same.
    """
    if file:
        raise BadRequest("Send either the file as the body or `upload=link`, not both.")
    import_id, path = _insert(session, sender, campaign_id, new)
    url, expires = blobs.make_file_upload_url(path, UPLOAD_VALID)
    # The storage has a clock of its own.
    surely_expired = expires + timedelta(minutes=1)
    session.execute(update(Import).where(Import.id == import_id).values(date_upload_expires=surely_expired))
    about = {"import_id": import_id, "date_expires": expires}
    record(session, Action.CREATE_UPLOAD_LINK, SubjectType.CAMPAIGN, campaign_id, **about)
    return import_id, url


def _insert(session: Session, sender: Sender, campaign_id: int, new: NewImport) -> tuple[int, str]:
    campaign = session.execute(
        select(Campaign.status, Campaign.archived).where(Campaign.id == campaign_id)
    ).one_or_none()
    if campaign is None:
        raise campaign_not_found(campaign_id)
    refuse_archived(campaign_id, is_archived=campaign.archived)
    if campaign.status not in OPEN_STATES:
        raise not_open(campaign_id, campaign.status)
    # Nobody can guess it, and no two files have the same.
    path = f"{FOLDER}/{secrets.token_hex(16)}"
    values = {
        "campaign_id": campaign_id,
        "user_id": sender.account.user_id,
        "api_key_id": sender.account.api_key_id,
        "request_id": sender.request_id,
        "tool": sender.tool,
        "note": sender.note,
        "path": path,
    }
    added = insert(Import).values(values | new.columns()).returning(Import.id)
    return int(session.execute(added).scalar_one()), path


def _pieces(file: bytearray) -> Iterator[bytes]:
    for begin in range(0, len(file), PIECE_BYTES):
        yield bytes(file[begin : begin + PIECE_BYTES])


def note_uploaded(session: Session, blobs: BlobStore, account: Account, import_id: int, max_bytes: int) -> int:
    """Have the file of an import read that was uploaded with a link; return the id of the job.

    Raises NotFound or Forbidden as get_import does, Conflict when the file is not there or was reported before, ContentTooLarge.
    """
    found = session.scalar(select(Import).where(Import.id == import_id, *_is_shown_to(account)).with_for_update())
    if found is None:
        raise _not_found(account, import_id)
    if found.date_upload_expires is None:
        raise Conflict(f"The file of import {import_id} was sent with the request that created it.")
    begun = exists().where(Job.kind == IMPORT_LABELS, Job.subject_type == "import", Job.subject_id == import_id)
    if session.scalar(select(begun)):
        raise Conflict(f"Import {import_id} has its file already. Create another import for another file.")
    blob = blobs.find_blob(found.path)
    if blob is None:
        raise Conflict(
            f"Nothing was uploaded yet with the link of import {import_id}. Upload the file, then try again."
        )
    if blob.size > max_bytes:
        raise ContentTooLarge(f"The file has {blob.size} bytes, and an import reads up to {max_bytes}.")
    return queue.enqueue(session, IMPORT_LABELS, "import", import_id)


def get_import(session: Session, account: Account, import_id: int) -> bytes:
    """Return one import. Raises NotFound to admins, and Forbidden to others for what is not their own or not there."""
    found = fetch_object(session, IMPORT.where(Import.id == import_id, *_is_shown_to(account)))
    if found is None:
        raise _not_found(account, import_id)
    return found


def list_imports(session: Session, account: Account, campaign_id: int, page: Page) -> Listing:
    """Return a page of the imports into a campaign, newest first: all to admins, to others their own. Raises NotFound."""
    if session.scalar(select(Campaign.id).where(Campaign.id == campaign_id)) is None:
        raise campaign_not_found(campaign_id)
    rows = LISTED_IMPORTS.where(Import.campaign_id == campaign_id, *_is_shown_to(account))
    return fetch_page(session, "imports", rows, page, newest_first=True)


def _is_shown_to(account: Account) -> list[ColumnElement[bool]]:
    if account.is_admin:
        return []
    return [Import.user_id == account.user_id, Import.campaign_id.in_(account.campaign_ids)]


def _not_found(account: Account, import_id: int) -> NotFound | Forbidden:
    return NotFound(f"There is no import {import_id}.") if account.is_admin else Forbidden(NO_ACCESS)


# What the job does


def find_pending(session: Session, import_id: int) -> Import | None:
    """Return an import that has no outcome yet, None when there is none."""
    return session.scalar(select(Import).where(Import.id == import_id, Import.outcome.is_(None)))


def find_sender(session: Session, pending: Import) -> Sender:
    """Return who sent a file, with the roles that this user has now. Raises Forbidden for one that may no longer label there."""
    user = session.get_one(User, pending.user_id)
    held = session.execute(select(Role.name, Role.campaign_id).where(Role.user_id == user.id))
    roles = frozenset((role.name, role.campaign_id) for role in held)
    account = Account(user.id, user.email, pending.api_key_id, None, roles)
    if not user.enabled or not account.has_role(("image-admin", "labeler"), pending.campaign_id):
        raise Forbidden("Whoever sent the file may no longer change the labels of this campaign.")
    return Sender(account, pending.request_id, pending.tool, pending.note)


def finish_import(
    session: Session,
    import_id: int,
    report: Report,
    counts: ImportCounts,
    *,
    error: str | None = None,
    submission_id: int | None = None,
) -> None:
    """Note what became of an import, and have its file deleted. It failed where there is an `error`."""
    values = {
        "outcome": FAILED if error else SUCCEEDED,
        "error": error,
        "submission_id": submission_id,
        "counts": counts.as_json(),
        "problems": report.as_json(),
        "date_finished": func.clock_timestamp(),
    }
    session.execute(update(Import).where(Import.id == import_id, Import.outcome.is_(None)).values(values))
    queue.enqueue(session, DELETE_IMPORT_FILE, "import", import_id)


def is_upload_possible(row: Import) -> bool:
    """Whether a link may still upload a file."""
    return row.date_upload_expires is not None and row.date_upload_expires > datetime.now(UTC)
