"""The schema Export without its links."""

from sqlalchemy import bindparam, case, func, literal_column, select
from sqlalchemy.orm import aliased

from app.models import Export, Job
from app.models.jobs import CANCELLED, WRITE_EXPORT
from app.representations.jobs import newest_job
from app.representations.json import json_object, utc

_job = aliased(Job)
_JOB_STATE = (
    select(_job.state)
    .where(_job.kind == WRITE_EXPORT, _job.subject_type == "export", _job.subject_id == Export.id)
    .order_by(_job.id.desc())
    .limit(1)
    .correlate(Export)
    .scalar_subquery()
)
# What a job has written and is gone again held an image that was withdrawn.
STATE = case(
    (Export.path.is_not(None), "ready"),
    (_JOB_STATE == "succeeded", "withdrawn"),
    (_JOB_STATE.in_(("failed", CANCELLED)), _JOB_STATE),
    else_="pending",
)
EXPORTS = select(
    Export.id.label("export_id"),
    Export.snapshot_id,
    Export.format,
    Export.images,
    json_object(upright=Export.upright).label("options"),
    STATE.label("state"),
    newest_job(WRITE_EXPORT, "export", Export.id).label("job"),
    Export.path,
    Export.manifest_path,
    Export.media_type,
    Export.file_size.label("size"),
    func.encode(Export.sha256, "hex").label("sha256"),
    case(
        (Export.path.is_not(None), json_object(images=Export.image_count, objects=Export.object_count)),
    ).label("counts"),
    func.coalesce(Export.losses, literal_column("'[]'::jsonb")).label("losses"),
    utc(Export.date_created).label("date_created"),
    utc(Export.date_written).label("date_written"),
).order_by(Export.id.desc())
EXPORT = EXPORTS.where(Export.id == bindparam("export_id"))
EXPORTS_OF_SNAPSHOT = EXPORTS.where(Export.snapshot_id == bindparam("snapshot_id"))
