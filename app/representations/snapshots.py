"""The schemas Snapshot, SnapshotImage and LabeledSnapshotImage."""

from functools import lru_cache

from sqlalchemy import ColumnElement, Text, bindparam, case, cast, func, literal_column, select, text

from app.models import Image, Job, Snapshot, SnapshotClass, SnapshotImage, SnapshotLabels
from app.representations.images import FILE
from app.representations.jobs import job_of
from app.representations.json import AnySelect, json_object, json_rows, utc
from app.representations.objects import select_objects_of_snapshot
from app.representations.users import user_email

HEX = literal_column("'hex'", Text)
# A snapshot that is not ready has failed when its job will not go on without help.
_FAILED = (
    select(Job.id).where(Job.id == Snapshot.job_id, Job.state.in_(("failed", "cancelled"))).correlate(Snapshot).exists()
)
STATE: ColumnElement[str] = case((Snapshot.state == "ready", "ready"), (_FAILED, "failed"), else_="pending")

_CLASSES = (
    select(
        SnapshotClass.class_id,
        SnapshotClass.name,
        SnapshotClass.image_count.label("images"),
        SnapshotClass.object_count.label("objects"),
    )
    .where(SnapshotClass.snapshot_id == Snapshot.id)
    .order_by(SnapshotClass.class_id)
    .correlate(Snapshot)
)
# Few images are withdrawn, and an index has them, which PostgreSQL would not take for a table that it has not analyzed. The
# offset keeps it from reading all images of the snapshot.
_IS_IN = (
    select(SnapshotImage.image_id)
    .where(SnapshotImage.snapshot_id == Snapshot.id, SnapshotImage.image_id == Image.id)
    .offset(0)
    .correlate(Snapshot, Image)
    .scalar_subquery()
)
WITHDRAWN_COUNT: ColumnElement[int] = (
    select(func.count())
    .select_from(Image)
    .where(Image.date_withdrawn.between(text("'-infinity'"), text("'infinity'")), _IS_IN.is_not(None))
    .correlate(Snapshot)
    .scalar_subquery()
)
_COUNTS = json_object(
    images=Snapshot.image_count,
    objects=Snapshot.object_count,
    states=Snapshot.counts["states"],
    splits=Snapshot.counts["splits"],
    classes=json_rows(_CLASSES),
)
SNAPSHOTS = select(
    Snapshot.id.label("snapshot_id"),
    Snapshot.kind,
    Snapshot.name,
    Snapshot.version,
    Snapshot.campaign_id,
    STATE.label("state"),
    job_of(Snapshot.job_id).label("job"),
    Snapshot.selection.op("-")(literal_column("'summary'")).label("selection"),
    Snapshot.selection["summary"].astext.label("summary"),
    Snapshot.split,
    utc(Snapshot.moment).label("moment"),
    func.encode(Snapshot.content_hash, HEX).label("content_hash"),
    case((Snapshot.state == "ready", _COUNTS)).label("counts"),
    Snapshot.warnings,
    case((Snapshot.state == "ready", WITHDRAWN_COUNT)).label("withdrawn_images"),
    utc(Snapshot.date_created).label("date_created"),
    user_email(Snapshot.created_by).label("created_by"),
).order_by(Snapshot.id)
SNAPSHOT = SNAPSHOTS.where(Snapshot.id == bindparam("snapshot_id"))

_LABELS = (
    select(SnapshotLabels.campaign_id, SnapshotLabels.submission_id.label("revision"))
    .where(SnapshotLabels.snapshot_id == SnapshotImage.snapshot_id, SnapshotLabels.image_id == SnapshotImage.image_id)
    .order_by(SnapshotLabels.campaign_id)
    .correlate(SnapshotImage)
)


@lru_cache(8)
def select_snapshot_images(*, with_objects: bool = False, with_file: bool = False) -> AnySelect:
    """Return the select of the images of the snapshot `snapshot_id`.

    With `with_file` the file is in one more column, which `fetch_page` replaces by a link, after its path in exports: that below
    the folder of image sets in the main container, `folder`, or for images elsewhere that within the container.
    """
    rows = (
        select(
            SnapshotImage.image_id,
            (literal_column("'/images/'", Text) + cast(SnapshotImage.image_id, Text)).label("url"),
            Image.blobstorage_path,
            SnapshotImage.filetype,
            SnapshotImage.filesize,
            SnapshotImage.width,
            SnapshotImage.height,
            func.encode(SnapshotImage.sha256, HEX).label("sha256"),
            SnapshotImage.state,
            SnapshotImage.review,
            SnapshotImage.split,
            SnapshotImage.object_count,
            Image.date_withdrawn.is_not(None).label("withdrawn"),
            json_rows(_LABELS).label("labels"),
        )
        .join(Image, Image.id == SnapshotImage.image_id)
        .where(SnapshotImage.snapshot_id == bindparam("snapshot_id"))
        .order_by(SnapshotImage.image_id)
    )
    if with_objects:
        rows = rows.add_columns(json_rows(select_objects_of_snapshot()).label("objects"))
    if not with_file:
        return rows
    within = func.substr(Image.blobstorage_path, func.strpos(Image.blobstorage_path, "/") + 1)
    beginning = bindparam("folder", type_=Text) + "/"
    below = func.substr(within, func.length(beginning) + 1)
    export_path = case((func.starts_with(within, beginning), below), else_=within)
    return rows.add_columns(export_path.label("export_path"), FILE.label("download_url"))
