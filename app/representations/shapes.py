"""What answers look like: one select per schema of the spec, its columns named as in the JSON, which PostgreSQL builds.

No row becomes a Python object on the way out: a page is one text from the database, passed through.
"""

import hashlib
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, reduce
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Float,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.database.postgres import ask
from app.models import (
    ApiKey,
    AuditEntry,
    Campaign,
    CampaignImage,
    Dataset,
    Image,
    ImageSet,
    ImageSetProblem,
    Job,
    Object,
    Role,
    Submission,
    User,
)
from app.models.jobs import FINISH_IMAGE_SET, PUBLISH_DATASETS
from app.representations.pages import Listing, Page

BOX = {"xmin": Object.x_min, "xmax": Object.x_max, "ymin": Object.y_min, "ymax": Object.y_max}
AnySelect = Select[*tuple[Any, ...]]
# Of a text: a constant, or what the database puts in.
Part = str | ColumnElement[str]


Rows = Callable[[], AnySelect]
Form = Callable[[AnySelect, int | None], AnySelect]
# Makes a link of a path, `<container>/<path>`, and of what the file is by its first bytes.
# Makes a link of what `files` says of a file.
SignPath = Callable[[str, str | None, str | None], str]
Column = InstrumentedAttribute[Any]
# Where a connection's own notes hold the names of the statements that are prepared on it, and how many it keeps.
PREPARED = "prepared"
LARGEST_ID = 2**63 - 1
MAX_PREPARED = 100


@dataclass(frozen=True, eq=False)  # Each is itself and no other: so statements can be kept by their conditions.
class Condition:
    """What rows may be asked to fulfil; bind parameters stand for the values, which come with each request."""

    clause: ColumnElement[bool]


class Filter(Condition):
    """A condition that may let through a few rows or nearly all, so that PostgreSQL makes a plan for each value."""


Wanted = dict[Condition, dict[str, Any]]


class Total(NamedTuple):
    """How many rows a list has: a select of that number, and its conditions with the values they ask for."""

    number: Rows
    wanted: Wanted


def page_of(
    session: Session,
    name: str,
    rows: Rows,
    wanted: Wanted,
    page: Page,
    *,
    total: Total | None = None,
    sign_path: SignPath | None = None,
    newest_first: bool = False,
) -> Listing:
    """Return `{<name>: [<rows of the page>], "pagination": {…}}`, for rows in the order of their first column, an id.

    `wanted` holds the conditions for the rows, each with the values of its parameters. Where the page has a number, the rows
    are counted, unless `total` says how many there are. `sign_path` makes links of the files in the rows' last column.
    `newest_first` says that the ids go down. Raises
    NotFound for a page past the last, for which no rows are looked at.
    """
    last_id: int | None = None
    if page.after is not None:
        form = _before if newest_first else _behind
        # In a list that goes down, 0 stands for its beginning as well.
        after = page.after or (LARGEST_ID if newest_first else 0)
        items, last_id = _ask(session, form, rows, wanted, page.size, after=after)
        pagination = page.describe_cursor()
    elif total and not page.offset:
        items, number = _ask(session, _first, rows, wanted, page.size, total)
        pagination = page.describe(number)
    else:
        counted = total or Total(_count(rows), wanted)
        pagination = page.describe(value_of(session, counted.number, counted.wanted))
        numbered = _numbered_down if newest_first else _numbered
        form = numbered if page.offset else _first
        [items] = _ask(session, form, rows, wanted, page.size, offset=page.offset)
    links = page.links(pagination["next"], last_id)
    listed = _with_links(items, sign_path) if sign_path else items.encode()
    return Listing(b'{"%b":%b,"pagination":%b}' % (name.encode(), listed, orjson.dumps(pagination)), links)


def _with_links(items: str, sign_path: SignPath) -> bytes:
    """Put a link in the place of each file under `download_url`."""
    listed = orjson.loads(items)
    for item in listed:
        file = item["download_url"]
        item["download_url"] = sign_path(file["path"], file["filetype"], file["content_encoding"])
    return orjson.dumps(listed)


def list_of(session: Session, rows: Rows, wanted: Wanted) -> bytes:
    """Return the rows as a JSON array, in their order."""
    [listed] = _ask(session, _all, rows, wanted)
    return str(listed).encode()


def find_one(session: Session, rows: Rows, wanted: Wanted) -> bytes | None:
    """Return the one row as a JSON object, or None when there is none."""
    found = _ask(session, _one, rows, wanted)
    return str(found[0]).encode() if found else None


def value_of(session: Session, rows: Rows, wanted: Wanted) -> Any:
    """Return the one value of the one row, or None when there is none.

    `rows` names its type by a cast: a migration may change that of a column while the statement is prepared.
    """
    found = _ask(session, _as_they_are, rows, wanted)
    return found[0] if found else None


@dataclass(frozen=True)
class Statement:
    """A statement as it is sent, with the values of its own; `preparation` comes first, once on each connection."""

    text: str
    values: dict[str, Any]
    name: str | None = None
    preparation: str = ""


def _ask(
    session: Session,
    form: Form,
    rows: Rows,
    wanted: Wanted,
    size: int | None = None,
    total: Total | None = None,
    **more: int | None,
) -> tuple[Any, ...]:
    connection = session.connection()
    if total is None:
        statement = _compile(form, rows, tuple(wanted), size)
    else:
        statement = _compile(form, rows, tuple(wanted), size, total.number, tuple(total.wanted))
        wanted = wanted | total.wanted
    if statement.name:
        _prepare(connection, statement)
    values = dict(statement.values, **more)
    for condition in wanted.values():
        values |= condition
    return ask(connection, statement.text, values)


def _prepare(connection: Connection, statement: Statement) -> None:
    """Let PostgreSQL keep the statement, so that it reads and plans it once, and not with each request."""
    prepared: dict[str | None, None] = connection.info.setdefault(PREPARED, {})
    if statement.name in prepared:
        return
    if len(prepared) >= MAX_PREPARED:
        oldest = next(iter(prepared))
        connection.exec_driver_sql(f"DEALLOCATE {oldest}")
        del prepared[oldest]
    connection.exec_driver_sql(statement.preparation)
    prepared[statement.name] = None


@lru_cache(1000)
def _compile(
    form: Form,
    rows: Rows,
    conditions: tuple[Condition, ...],
    size: int | None,
    number: Rows | None = None,
    number_conditions: tuple[Condition, ...] = (),
) -> Statement:
    # To put such a statement together takes longer than PostgreSQL needs to answer it.
    asked = form(_under(conditions, rows), size)
    if number is not None:
        asked = asked.add_columns(_under(number_conditions, number).scalar_subquery().label("total"))
    if any(isinstance(condition, Filter) for condition in conditions):
        compiled = asked.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]  # It has no types.
        return Statement(compiled.string, compiled.params)
    numbered = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # It has no types.
    compiled = asked.compile(dialect=numbered)
    name = f"shape_{hashlib.sha256(compiled.string.encode()).hexdigest()[:16]}"
    places = ", ".join(f"%({parameter})s" for parameter in compiled.positiontup or ())
    preparation = f"PREPARE {name} AS {compiled.string}".replace("%", "%%")
    return Statement(f"EXECUTE {name}" + (f" ({places})" if places else ""), compiled.params, name, preparation)


def _under(conditions: tuple[Condition, ...], rows: Rows) -> AnySelect:
    return rows().where(*(condition.clause for condition in conditions))


def _as_they_are(rows: AnySelect, _size: int | None) -> AnySelect:
    return rows


def _all(rows: AnySelect, _size: int | None) -> AnySelect:
    return select(_array_of(_as_text(rows)).label("items"))


def _one(rows: AnySelect, _size: int | None) -> AnySelect:
    return select(cast(func.row_to_json(rows.subquery("part").table_valued()), Text))


@cache
def _count(rows: Rows) -> Rows:
    """How many rows there are."""
    return lambda: rows().with_only_columns(func.count(), maintain_column_froms=True).order_by(None)


def _first(rows: AnySelect, size: int | None) -> AnySelect:
    """The first page."""
    return _all(rows.limit(_constant(size)), size)


def _numbered(rows: AnySelect, size: int | None) -> AnySelect:
    """The rows of a page, from its first id on: rows that are passed over are only counted off, and nothing is made of them."""
    key, first = _first_of_page(rows)
    return _first(rows.where(key >= first), size)


def _numbered_down(rows: AnySelect, size: int | None) -> AnySelect:
    """The same of rows whose ids go down."""
    key, first = _first_of_page(rows)
    return _first(rows.where(key <= first), size)


def _first_of_page(rows: AnySelect) -> tuple[ColumnElement[int], ColumnElement[int]]:
    key: ColumnElement[int] = rows.selected_columns[0]
    return key, rows.with_only_columns(key).offset(bindparam("offset")).limit(_constant(1)).scalar_subquery()


def _behind(rows: AnySelect, size: int | None) -> AnySelect:
    """The rows behind an id, and the last one's id when there are more."""
    return _from_cursor(rows, size, operator.gt, func.max)


def _before(rows: AnySelect, size: int | None) -> AnySelect:
    """The rows behind an id where ids go down, and the last one's id when there are more."""
    return _from_cursor(rows, size, operator.lt, func.min)


def _from_cursor(
    rows: AnySelect, size: int | None, is_behind: Callable[[Any, Any], ColumnElement[bool]], last: Callable[[Any], Any]
) -> AnySelect:
    key: ColumnElement[int] = rows.selected_columns[0]
    part = _as_text(rows.where(is_behind(key, bindparam("after"))).limit(_constant(size)))
    page = select(_array_of(part).label("items"), last(part.c.id).label("last_id")).subquery("page")
    # EXISTS would forget the order, and with it the index that leads straight to the next row.
    following = rows.with_only_columns(key.label("id")).where(is_behind(key, page.c.last_id)).limit(_constant(1))
    has_more = following.correlate(page).subquery("following")
    is_followed = select(has_more.c.id).scalar_subquery().is_not(None)
    return select(page.c["items"], case((is_followed, page.c.last_id)).label("last_id"))


def _constant(number: int | None) -> ColumnElement[int]:
    """A number that stands in the statement itself: the plan of a page depends on how many rows there are."""
    return literal_column(str(number), Integer)


class JsonText(Text):
    """Text that is JSON already; `parts` are what it is put together from, where that is known."""

    def __init__(self, parts: Sequence[Part] = ()) -> None:
        super().__init__()
        self.parts = tuple(parts)


# What PostgreSQL writes in the same way as JSON does.
PLAIN = (Integer, Float, Boolean, JSONB)


def _as_text(rows: AnySelect) -> Subquery:
    """The rows, each as the text of a JSON object, with their first column, which in lists is an id.

    It is put together by hand, because PostgreSQL's functions for JSON look up the type of each value in every row.
    """
    columns = rows.selected_columns
    text = _joined(_object_of(columns)).label("json")
    return rows.with_only_columns(columns[0].label("id"), text, maintain_column_froms=True).subquery("part")


def _array_of(part: Subquery) -> ColumnElement[str]:
    """The rows as the text of a JSON array."""
    return func.concat(_text("["), func.string_agg(part.c.json, _text(",")), _text("]"), type_=Text)


def _object_of(columns: Iterable[ColumnElement[Any]]) -> list[Part]:
    """A row as a JSON object."""
    parts: list[Part] = []
    for column in columns:
        parts += [f'{"," if parts else "{"}"{column.key}":', *_json_of(column)]
    return [*parts, "}"]


def _joined(parts: Sequence[Part]) -> ColumnElement[str]:
    """The parts in a row; constants that are neighbours become one, because each step makes a new text."""
    merged: list[Part] = []
    for part in parts:
        if merged and isinstance(part, str) and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return reduce(operator.add, [_text(part) if isinstance(part, str) else part for part in merged])


def _text(constant: str) -> ColumnElement[str]:
    return literal_column(f"'{constant}'", Text)


def json_object(**columns: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """A JSON object in a row, as text."""
    parts = _object_of(column.label(name) for name, column in columns.items())
    return type_coerce(_joined(parts), JsonText(parts))


def _json_of(column: ColumnElement[Any]) -> Sequence[Part]:
    if isinstance(column.type, JsonText):
        return column.type.parts or [column]
    is_plain = isinstance(column.type, PLAIN)
    text = cast(column, Text) if is_plain else cast(func.to_json(column), Text)
    return [func.coalesce(text, _text("null"))]


def utc(column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """A time as RFC 3339 with microseconds and `Z`; every connection's time zone is UTC."""
    return func.to_char(column, _text('YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))


def user_email(column: InstrumentedAttribute[int]) -> ColumnElement[str]:
    """The address of the user that a column points at."""
    return select(User.email).where(User.id == column).scalar_subquery()


def image_sets() -> AnySelect:
    """The schema ImageSet."""
    return select(
        ImageSet.id.label("imageset_id"),
        ImageSet.title,
        ImageSet.status,
        ImageSet.metadata_.label("metadata"),
        ImageSet.timezone,
        ImageSet.blobstorage_path,
        utc(ImageSet.date_created).label("date_created"),
        utc(ImageSet.date_finished).label("date_finished"),
        user_email(ImageSet.created_by).label("created_by"),
        _newest_job(FINISH_IMAGE_SET, "image_set", ImageSet.id, *_ingest_counts()).label("ingest"),
    ).order_by(ImageSet.id)


def _ingest_counts() -> Iterable[ColumnElement[Any]]:
    """What the schema Ingest has besides those of a job."""
    is_open = and_(ImageSetProblem.image_set_id == ImageSet.id, ImageSetProblem.settlement.is_(None))
    yield ImageSet.ingested_images.label("images")
    yield ImageSet.ingested_other_files.label("not_images")
    yield ImageSet.skipped_files.label("skipped")
    yield select(func.count()).where(is_open).correlate(ImageSet).scalar_subquery().label("problems")
    # Nothing compares the contents of files yet.
    yield cast(null(), BigInteger).label("duplicates")


def problems() -> AnySelect:
    """The schema ImageSetProblem."""
    return select(
        ImageSetProblem.id.label("problem_id"),
        ImageSetProblem.blob_name.label("name"),
        ImageSetProblem.kind,
        ImageSetProblem.message,
        utc(ImageSetProblem.date_created).label("date_created"),
        ImageSetProblem.image_id,
    ).order_by(ImageSetProblem.id)


def images() -> AnySelect:
    """The schema Image."""
    place = json_object(description=Image.location_description, lat=Image.lat, lon=Image.lon)
    dimensions = json_object(width=Image.width, height=Image.height)
    return (
        select(
            Image.id.label("image_id"),
            Image.blobstorage_path,
            json_object(imageset_id=ImageSet.id, title=ImageSet.title).label("imageset"),
            utc(Image.date_taken).label("date_taken"),
            Image.date_taken_source,
            place.label("location_taken"),
            Image.type,
            Image.metadata_.label("metadata"),
            Image.tss_id,
            json_object(filetype=Image.filetype, filesize=Image.filesize, dimensions=dimensions).label("file"),
        )
        .outerjoin(ImageSet, ImageSet.id == Image.image_set_id)
        .order_by(Image.id)
    )


def campaigns() -> AnySelect:
    """The schema Campaign."""
    return select(
        Campaign.id.label("campaign_id"),
        Campaign.title,
        Campaign.status,
        campaign_progress().label("progress"),
        Campaign.metadata_.label("metadata"),
        Campaign.label_translations,
        Campaign.auto_complete,
        utc(Campaign.date_created).label("date_created"),
        utc(Campaign.date_started).label("date_started"),
        utc(Campaign.date_completed).label("date_completed"),
        utc(Campaign.date_finished).label("date_finished"),
        user_email(Campaign.created_by).label("created_by"),
        _newest_job(PUBLISH_DATASETS, "campaign", Campaign.id).label("publication"),
    ).order_by(Campaign.id)


def campaign_progress() -> ColumnElement[Any]:
    """The schema Progress: how many images a campaign has and how many of them are labeled."""
    return func.json_build_object("total", Campaign.image_count, "done", Campaign.labeled_count)


def images_with_path() -> AnySelect:
    """The schema Image with one more column, from which `page_of` makes the link `download_url`."""
    return images().add_columns(_file().label("download_url"))


def files() -> AnySelect:
    """The file of an image, as a link is made of it."""
    return select(Image.blobstorage_path.label("path"), Image.filetype, Image.content_encoding)


def _file() -> ColumnElement[str]:
    return json_object(path=Image.blobstorage_path, filetype=Image.filetype, content_encoding=Image.content_encoding)


def campaign_images() -> AnySelect:
    """The schema CampaignImage."""
    url = _text("/images/") + cast(CampaignImage.image_id, Text)
    return select(CampaignImage.image_id, url.label("url")).order_by(CampaignImage.image_id)


def campaign_images_with_path() -> AnySelect:
    """The same with one more column, from which `page_of` makes the link `download_url`."""
    rows = campaign_images().join(Image, Image.id == CampaignImage.image_id)
    return rows.add_columns(_file().label("download_url"))


def labeled_images() -> AnySelect:
    """The schema LabeledImage: images of a campaign with their present objects."""
    mine = and_(
        Object.campaign_id == CampaignImage.campaign_id,
        Object.submission_id == CampaignImage.submission_id,
        Object.image_id == CampaignImage.image_id,
    )
    part = _as_text(objects(CampaignImage).where(mine).correlate(CampaignImage))
    found = type_coerce(select(_array_of(part)).scalar_subquery(), JsonText())
    return campaign_images().add_columns(found.label("objects"))


def objects(submitted: type[Object | CampaignImage] = Object) -> AnySelect:
    """The schema Object, in the order in which they were sent; the caller says which submission and image.

    The time of the submission is looked up once for each row of `submitted`.
    """
    date_added = (
        select(utc(Submission.date_created))
        .where(Submission.campaign_id == submitted.campaign_id, Submission.id == submitted.submission_id)
        .correlate(submitted)
        .scalar_subquery()
    )
    return select(
        Object.id.label("object_id"),
        Object.image_id,
        Object.campaign_id,
        Object.label,
        Object.label_original,
        json_object(**BOX).label("bounding_box"),
        Object.confidence,
        date_added.label("date_added"),
    ).order_by(Object.id)


def submissions() -> AnySelect:
    """The schema Submission: the receipt of one accepted PUT of objects."""
    return select(
        Submission.id.label("submission_id"),
        Submission.campaign_id,
        Submission.image_count,
        Submission.object_count,
        utc(Submission.date_created).label("date_created"),
        user_email(Submission.user_id).label("created_by"),
    )


def datasets(campaign_id: int) -> AnySelect:
    """The schema Dataset without its signed link, newest first."""
    return (
        select(
            Dataset.id.label("dataset_id"),
            Dataset.kind,
            Dataset.name,
            Dataset.version,
            Dataset.path,
            func.encode(Dataset.sha256, "hex").label("sha256"),
            Dataset.file_size,
            Dataset.image_count,
            Dataset.object_count,
            Dataset.registration,
            Dataset.registered_version,
            Dataset.error,
            utc(Dataset.date_created).label("date_created"),
        )
        .where(Dataset.campaign_id == campaign_id)
        .order_by(Dataset.id.desc())
    )


def jobs(job: type[Job] = Job) -> AnySelect:
    """The schema Job."""
    return select(
        job.id.label("job_id"),
        job.kind,
        func.json_build_object("type", job.subject_type, "id", job.subject_id).label("subject"),
        job.state,
        job.done,
        job.total,
        job.attempts,
        job.error,
        utc(job.date_created).label("date_created"),
        utc(job.date_started).label("date_started"),
        utc(job.date_finished).label("date_finished"),
    )


def audit() -> AnySelect:
    """The schema AuditEntry, newest first."""
    user = func.json_build_object("user_id", User.id, "email", User.email)
    return select(
        AuditEntry.id.label("audit_id"),
        utc(AuditEntry.date_created).label("date_created"),
        AuditEntry.action,
        json_object(type=AuditEntry.subject_type, id=AuditEntry.subject_id).label("subject"),
        select(user).where(User.id == AuditEntry.user_id).scalar_subquery().label("user"),
        AuditEntry.api_key_id.label("key_id"),
        AuditEntry.address,
        AuditEntry.request_id,
        AuditEntry.os_user,
        AuditEntry.details,
    ).order_by(AuditEntry.id.desc())


def _newest_job(
    kind: str, subject_type: str, subject_id: InstrumentedAttribute[int], *more: ColumnElement[Any]
) -> ColumnElement[Any]:
    job = aliased(Job)
    newest = (
        jobs(job)
        .add_columns(*more)
        .where(job.kind == _text(kind), job.subject_type == _text(subject_type), job.subject_id == subject_id)
        .order_by(job.id.desc())
        .limit(1)
        .correlate(subject_id.class_)
        .subquery("newest_job")
    )
    return select(func.row_to_json(newest.table_valued())).scalar_subquery()


def roles() -> AnySelect:
    """The schema Role, with the campaign of each."""
    campaign = func.json_build_object(
        "campaign_id", Campaign.id, "title", Campaign.title, "status", Campaign.status, "progress", campaign_progress()
    )
    bound = select(campaign).where(Campaign.id == Role.campaign_id).scalar_subquery()
    return select(Role.name.label("role"), bound.label("campaign")).order_by(Role.id)


def users() -> AnySelect:
    """The schema User, with its roles."""
    campaign = func.json_build_object("campaign_id", Campaign.id, "title", Campaign.title)
    bound = select(campaign).where(Campaign.id == Role.campaign_id).correlate(Role).scalar_subquery()
    role = select(Role.id.label("role_id"), Role.name.label("role"), bound.label("campaign"))
    part = role.where(Role.user_id == User.id).correlate(User).order_by(Role.id).subquery("role_of_user")
    granted = select(func.json_agg(part.table_valued())).scalar_subquery()
    return select(
        User.id.label("user_id"),
        User.email,
        User.enabled,
        func.coalesce(granted, func.json_build_array()).label("roles"),
        utc(User.date_created).label("date_created"),
    ).order_by(User.id)


def api_keys() -> AnySelect:
    """The schema ApiKey."""
    return select(
        ApiKey.id.label("key_id"),
        ApiKey.key.label("apikey"),
        ApiKey.name,
        utc(ApiKey.date_created).label("date_created"),
        utc(ApiKey.date_expires).label("date_expires"),
        utc(ApiKey.date_revoked).label("date_revoked"),
        utc(ApiKey.date_last_used).label("date_last_used"),
    ).order_by(ApiKey.id)
