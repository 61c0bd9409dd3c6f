"""Exports: snapshots as files of a format, which jobs write once and which are answered again."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.errors import NotFound, Unprocessable
from app.models import Export, Snapshot, SnapshotClass, SnapshotImage
from app.models.exports import FILES, FORMATS_WITH_STATES, WRITTEN
from app.models.jobs import WRITE_EXPORT
from app.outbox import queue
from app.representations.exports import EXPORT, EXPORTS_OF_SNAPSHOT
from app.representations.json import fetch_array, fetch_object
from app.services.snapshots import require_ready, snapshot_not_found

LABELED_STATES = ("labeled", "empty")
MANIFEST_TYPE = "application/json"

# The archives that hold the file of an image, and those that a job is writing, which it notes after this.
HOLDERS = text("""
SELECT export.id, path, manifest_path, left_out FROM export
WHERE images = 'files' AND EXISTS (
    SELECT FROM snapshot_image WHERE snapshot_image.snapshot_id = export.snapshot_id AND image_id = :image_id)
ORDER BY id
FOR UPDATE OF export
""")


def request_export(
    session: Session,
    user_id: int,
    snapshot_id: int,
    format_name: str,
    images: str = "none",
    options: Mapping[str, Any] | None = None,
) -> tuple[int, bool]:
    """Return the id of the export of a snapshot in a format with these options, and whether its file is there already.

    Where it is not, a job writes it: one that is at work already, or a new one. Raises NotFound, Conflict for a snapshot that
    is not ready, and Unprocessable for what the format cannot carry.
    """
    upright = bool((options or {}).get("upright"))
    if upright and images != FILES:
        raise _unfit(
            "/options/upright", 'The option upright turns the images in the archive: it requires "images": "files".'
        )
    require_ready(session, snapshot_id)
    _refuse_unfit(session, snapshot_id, format_name)
    same = {"snapshot_id": snapshot_id, "format": format_name, "images": images, "upright": upright}
    session.execute(insert(Export).values(**same, created_by=user_id).on_conflict_do_nothing())
    found = session.execute(select(Export.id, Export.path).filter_by(**same).with_for_update()).one()
    if found.path is None:
        queue.enqueue(session, WRITE_EXPORT, "export", found.id)
    return found.id, found.path is not None


def get_export(session: Session, blobs: BlobStore, export_id: int) -> bytes:
    """Return an export with links to its file and its manifest. Raises NotFound."""
    found = fetch_object(session, EXPORT, export_id=export_id)
    if found is None:
        raise NotFound(f"There is no export {export_id}.")
    return orjson.dumps(_with_links(blobs, orjson.loads(found)))


def list_exports(session: Session, blobs: BlobStore, snapshot_id: int) -> list[dict[str, Any]]:
    """Return the exports of a snapshot, newest first, each with links to its file and its manifest. Raises NotFound."""
    if session.scalar(select(Snapshot.id).where(Snapshot.id == snapshot_id)) is None:
        raise snapshot_not_found(snapshot_id)
    found = orjson.loads(fetch_array(session, EXPORTS_OF_SNAPSHOT, snapshot_id=snapshot_id))
    return [_with_links(blobs, export) for export in found]


def delete_archives(session: Session, blobs: BlobStore, image_id: int) -> None:
    """Delete the archives that hold the file of a withdrawn image. Raises StorageUnavailable.

    Each can be made again without it. One that was made without it stays.
    """
    for row in session.execute(HOLDERS, {"image_id": image_id}).all():
        if row.path is not None and image_id not in row.left_out:
            for path in (row.path, row.manifest_path):
                blobs.delete_blob(path)
            forget_file(session, row.id)


def forget_file(session: Session, export_id: int) -> None:
    """Note that the file of an export is not there any more."""
    session.execute(update(Export).where(Export.id == export_id).values(dict.fromkeys(WRITTEN)))


def _with_links(blobs: BlobStore, export: dict[str, Any]) -> dict[str, Any]:
    path, manifest_path, media_type = export["path"], export.pop("manifest_path"), export.pop("media_type")
    return export | {
        "url": blobs.read_url(path, media_type) if path else None,
        "manifest_url": blobs.read_url(manifest_path, MANIFEST_TYPE) if path else None,
    }


def _refuse_unfit(session: Session, snapshot_id: int, format_name: str) -> None:
    """Raise Unprocessable for a snapshot that this format cannot carry."""
    of_snapshot = SnapshotImage.snapshot_id == snapshot_id
    if format_name not in FORMATS_WITH_STATES:
        other = select(SnapshotImage.state, func.count()).where(of_snapshot, SnapshotImage.state.not_in(LABELED_STATES))
        states = session.execute(other.group_by(SnapshotImage.state).order_by(SnapshotImage.state)).all()
        if states:
            listed = ", ".join(f"{count} {state}" for state, count in states)
            raise _unfit(
                "/format",
                f"The snapshot has images that are neither labeled nor empty ({listed}), and {format_name} has no word for that: "
                f"choose one of {', '.join(FORMATS_WITH_STATES)}, or make a snapshot of labeled and empty images.",
            )
    if format_name == "yolo" and not session.scalar(
        select(func.count()).select_from(SnapshotClass).where(SnapshotClass.snapshot_id == snapshot_id)
    ):
        raise _unfit("/format", "The snapshot has no class, and YOLO requires one: choose another format.")


def _unfit(pointer: str, detail: str) -> Unprocessable:
    return Unprocessable(detail, errors=[{"pointer": pointer, "detail": detail}])
