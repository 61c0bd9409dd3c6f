"""Snapshots: versions of a name, each a selection of images with the labels that held at one moment."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, set_statement_timeout
from app.errors import Conflict, NotFound
from app.models import AuditEntry, Campaign, Dataset, Snapshot, SnapshotImage
from app.models.jobs import MAKE_SNAPSHOT
from app.models.snapshots import CAMPAIGN, READY, SNAPSHOT
from app.outbox import queue
from app.representations.json import AnySelect, fetch_object
from app.representations.pages import Listing, Page, SignPath, fetch_page
from app.representations.snapshots import SNAPSHOT as ONE_SNAPSHOT
from app.representations.snapshots import SNAPSHOTS, STATE, select_snapshot_images
from app.services import snapshot_rows
from app.services.audit import Action, SubjectType
from app.services.snapshot_selections import describe, normal_selection, selection_of_campaign
from app.services.splits import normal_split
from app.services.titles import check_name, list_filters


def create_snapshot(session: Session, user_id: int, sent: Mapping[str, Any]) -> tuple[int, int]:
    """Begin the next version of a name; return its id and that of the job that makes it.

    Raises Unprocessable for the spelling of the name, and what `normal_selection` and `normal_split` raise.
    """
    snapshot_id = _insert(session, _describe(session, user_id, sent))
    return snapshot_id, complete_later(session, snapshot_id)


def preview_snapshot(session: Session, user_id: int, sent: Mapping[str, Any]) -> bytes:
    """Return what a snapshot would be if it were made now, without id and hash; nothing is kept. Raises as `create_snapshot`."""
    snapshot = _describe(session, user_id, sent)
    set_statement_timeout(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS)
    counts, classes = snapshot_rows.count(session, snapshot)
    return orjson.dumps(
        {
            "kind": snapshot.kind,
            "name": snapshot.name,
            "version": _newest_version(session, snapshot) + 1,
            "selection": {key: value for key, value in snapshot.selection.items() if key != "summary"},
            "summary": snapshot.selection["summary"],
            "split": snapshot.split,
            "counts": counts | {"classes": classes},
            "warnings": snapshot.warnings,
        }
    )


def begin_campaign_snapshot(session: Session, campaign_id: int, job_id: int) -> Snapshot:
    """Return the snapshot that the publication `job_id` of a campaign makes: the one that it has begun, or the next version.

    The version is that of its files. Whoever finished the campaign counts as who made it.
    """
    found = session.scalar(select(Snapshot).where(Snapshot.job_id == job_id))
    if found is not None:
        return found
    campaign = session.get_one(Campaign, campaign_id)
    finished = select(AuditEntry.user_id).where(
        AuditEntry.subject_type == SubjectType.CAMPAIGN,
        AuditEntry.subject_id == campaign_id,
        AuditEntry.action == Action.CHANGE_STATUS,
    )
    user_id = session.scalar(finished.order_by(AuditEntry.id.desc()).limit(1)) or campaign.created_by
    published = session.scalar(select(func.max(Dataset.version)).where(Dataset.campaign_id == campaign_id)) or 0
    selection = selection_of_campaign(campaign_id)
    selection["summary"] = describe(session, selection, None)
    snapshot = Snapshot(
        kind=CAMPAIGN,
        name=campaign.title,
        campaign_id=campaign_id,
        job_id=job_id,
        selection=selection,
        created_by=user_id,
    )
    return session.get_one(Snapshot, _insert(session, snapshot, published))


def complete_later(session: Session, snapshot_id: int) -> int:
    """Have a job make a snapshot, or complete one that is frozen; return the job's id."""
    job_id = queue.enqueue(session, MAKE_SNAPSHOT, "snapshot", snapshot_id)
    session.execute(update(Snapshot).where(Snapshot.id == snapshot_id).values(job_id=job_id))
    return job_id


def list_snapshots(
    session: Session,
    page: Page,
    name: str | None = None,
    kind: str | None = None,
    state: str | None = None,
) -> Listing:
    """Return a page of snapshots by id: all, or those of a name (`maas-*`: a prefix), a kind, and a state. Raises BadRequest."""
    filters: list[ColumnElement[bool]] = list_filters(Snapshot.kind, Snapshot.name, kind, name, "name")
    if state is not None:
        filters.append(STATE.in_([state]))
    return fetch_page(session, "snapshots", SNAPSHOTS.where(*filters), page)


def get_snapshot(session: Session, snapshot_id: int) -> bytes:
    """Return one snapshot. Raises NotFound."""
    found = fetch_object(session, ONE_SNAPSHOT, snapshot_id=snapshot_id)
    if found is None:
        raise snapshot_not_found(snapshot_id)
    return found


def list_images(
    session: Session,
    snapshot_id: int,
    page: Page,
    state: list[str] | None = None,
    split: str | None = None,
    *,
    with_objects: bool = False,
    sign_path: SignPath | None = None,
    folder: str = "",
) -> Listing:
    """Return a page of the images of a snapshot, by id: all, or those of some states and of a part.

    With `sign_path` each has links to its file, and its path in exports; `folder` is that of image sets in the main container.
    Raises NotFound, and Conflict for a snapshot that is not ready.
    """
    require_ready(session, snapshot_id)
    rows = select_snapshot_images(with_objects=with_objects, with_file=sign_path is not None)
    total: AnySelect = select(func.count()).where(SnapshotImage.snapshot_id == snapshot_id)
    filters: list[ColumnElement[bool]] = [SnapshotImage.state.in_(state)] if state else []
    if split is not None:
        filters.append(SnapshotImage.split == split)
    if filters:
        rows, total = rows.where(*filters), total.where(*filters)
    else:
        total = select(Snapshot.image_count).where(Snapshot.id == snapshot_id)
    return fetch_page(
        session,
        "images",
        rows,
        page,
        total=total,
        sign_path=sign_path,
        parameters={"snapshot_id": snapshot_id} | ({"folder": folder} if sign_path else {}),
    )


def require_ready(session: Session, snapshot_id: int) -> Snapshot:
    """Return a snapshot that nothing changes any more. Raises NotFound, and Conflict for one that is not ready."""
    snapshot = session.get(Snapshot, snapshot_id)
    if snapshot is None:
        raise snapshot_not_found(snapshot_id)
    if snapshot.state != READY:
        raise Conflict(
            f"Snapshot {snapshot_id} is not ready: job {snapshot.job_id} makes it. Try again when it has succeeded."
        )
    return snapshot


def snapshot_not_found(snapshot_id: int) -> NotFound:
    """The error for a snapshot that is not there."""
    return NotFound(f"There is no snapshot {snapshot_id}.")


def _describe(session: Session, user_id: int, sent: Mapping[str, Any]) -> Snapshot:
    """Return a snapshot without a version that is not stored."""
    check_name(sent["name"])
    selection, split = normal_selection(session, sent), normal_split(sent.get("split"))
    selection["summary"] = describe(session, selection, split)
    return Snapshot(kind=SNAPSHOT, name=sent["name"], selection=selection, split=split, created_by=user_id, warnings=[])


def _insert(session: Session, snapshot: Snapshot, after: int = 0) -> int:
    """Store a snapshot as the next version of its name, one greater than `after`, and return its id."""
    names = ("kind", "name", "campaign_id", "job_id", "selection", "split", "created_by")
    values = {name: getattr(snapshot, name) for name in names}
    while True:
        version = max(_newest_version(session, snapshot), after) + 1
        new = insert(Snapshot).values(version=version, **values)
        # Another request may have taken the version; when it has ended, the next one is free.
        new_id = session.scalar(
            new.on_conflict_do_nothing(index_elements=["kind", "name", "version"]).returning(Snapshot.id)
        )
        if new_id is not None:
            return new_id


def _newest_version(session: Session, snapshot: Snapshot) -> int:
    newest = select(func.max(Snapshot.version)).where(Snapshot.kind == snapshot.kind, Snapshot.name == snapshot.name)
    return session.scalar(newest) or 0
