"""The schema Import; lists are without `problems`, which may be long."""

from sqlalchemy import case, func, literal, select, true

from app.models import Import, Job
from app.models.jobs import IMPORT_LABELS
from app.representations.jobs import newest_job
from app.representations.json import utc
from app.representations.users import key_name, user_email

_JOB = (
    select(Job.state, Job.done, Job.total, Job.error)
    .where(Job.kind == IMPORT_LABELS, Job.subject_type == "import", Job.subject_id == Import.id)
    .order_by(Job.id.desc())
    .limit(1)
    .correlate(Import)
    .lateral("newest_job")
)
_BEGIN = (
    Import.id.label("import_id"),
    Import.campaign_id,
    Import.format,
    Import.mode,
    Import.match,
    Import.on_invalid,
    Import.origin,
    Import.skip_unknown,
    Import.ignore_size,
    Import.dry_run,
    func.coalesce(Import.outcome, _JOB.c.state, literal("waiting")).label("state"),
    newest_job(IMPORT_LABELS, "import", Import.id).label("job"),
    func.coalesce(_JOB.c.done, literal(0)).label("done"),
    _JOB.c.total.label("total"),
    case((Import.outcome.is_(None), _JOB.c.error), else_=Import.error).label("error"),
    Import.submission_id,
    Import.counts,
)
_END = (
    Import.tool,
    Import.note,
    utc(Import.date_created).label("date_created"),
    utc(Import.date_finished).label("date_finished"),
    user_email(Import.user_id).label("created_by"),
    key_name(Import.api_key_id).label("key_name"),
    Import.request_id,
)

LISTED_IMPORTS = select(*_BEGIN, *_END).select_from(Import).outerjoin(_JOB, true()).order_by(Import.id.desc())
IMPORT = select(*_BEGIN, Import.problems, *_END).select_from(Import).outerjoin(_JOB, true())
