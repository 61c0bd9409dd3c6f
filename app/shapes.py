"""What answers look like: one select per schema of the spec, its columns named as in the JSON, which PostgreSQL builds.

No row becomes a Python object on the way out: a page is one text from the database, passed through.
"""

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.models import ApiKey, Campaign, CampaignImage, Dataset, Image, ImageSet, Job, Object, Role, Submission, User
from app.models.jobs import FINISH_IMAGE_SET, PUBLISH_DATASETS
from app.pagination import Listing, Page

AnySelect = Select[*tuple[Any, ...]]


SignPath = Callable[[str], str]


def page_of(
    session: Session,
    name: str,
    rows: AnySelect,
    page: Page,
    count: Callable[[], int],
    sign_path: SignPath | None = None,
) -> Listing:
    """Return `{<name>: [<rows of the page>], "pagination": {…}}`, for rows in the order of their first column, an id.

    `count` is asked for the total where the page has a number. `sign_path` makes links of the paths in the rows' last
    column. Raises NotFound for a page past the last.
    """
    if page.after is None:
        pagination = page.describe(count())
        items = list_of(session, rows.limit(page.size).offset(page.offset))
        links = page.links(pagination["next"], None)
    else:
        pagination = page.describe_cursor()
        items, last_id = _list_behind(session, rows, page.after, page.size)
        links = page.links(None, last_id)
    if sign_path:
        items = _with_links(items, sign_path)
    return Listing(b'{"%b":%b,"pagination":%b}' % (name.encode(), items, orjson.dumps(pagination)), links)


def _list_behind(session: Session, rows: AnySelect, after: int, size: int) -> tuple[bytes, int | None]:
    """Return the rows behind an id, and the last one's id when there are more."""
    key: ColumnElement[int] = rows.selected_columns[0]
    part = rows.where(key > after).limit(size).subquery("part")
    items = func.coalesce(cast(func.json_agg(part.table_valued()), Text), literal("[]", Text))
    last: ColumnElement[int | None] = func.max(part.c[0])
    found, last_id = session.execute(select(items, last)).one()
    if last_id is None:
        return str(found).encode(), None
    # EXISTS would forget the order, and with it the index that leads straight to the next row.
    has_more = session.scalar(rows.with_only_columns(key).where(key > last_id).limit(1)) is not None
    return str(found).encode(), last_id if has_more else None


def _with_links(items: bytes, sign_path: SignPath) -> bytes:
    """Put a link in the place of each path, `<container>/<path>`, under `download_url`."""
    listed = orjson.loads(items)
    for item in listed:
        item["download_url"] = sign_path(item["download_url"].partition("/")[2])
    return orjson.dumps(listed)


def list_of(session: Session, rows: AnySelect) -> bytes:
    """Return the rows as a JSON array, in their order."""
    part = rows.subquery("part")
    items = func.coalesce(cast(func.json_agg(part.table_valued()), Text), literal("[]", Text))
    return str(session.scalar(select(items))).encode()


def find_one(session: Session, rows: AnySelect) -> bytes | None:
    """Return the one row as a JSON object, or None when there is none."""
    part = rows.subquery("part")
    found = session.scalar(select(cast(func.row_to_json(part.table_valued()), Text)))
    return None if found is None else str(found).encode()


def utc(column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """A time as RFC 3339 with microseconds and `Z`; every connection's time zone is UTC."""
    return func.to_char(column, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')


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
        ImageSet.blobstorage_path,
        utc(ImageSet.date_created).label("date_created"),
        utc(ImageSet.date_finished).label("date_finished"),
        user_email(ImageSet.created_by).label("created_by"),
        _newest_job(FINISH_IMAGE_SET, "image_set", ImageSet.id).label("ingest"),
    ).order_by(ImageSet.id)


def images() -> AnySelect:
    """The schema Image."""
    place = func.json_build_object("description", Image.location_description, "lat", Image.lat, "lon", Image.lon)
    dimensions = func.json_build_object("width", Image.width, "height", Image.height)
    return (
        select(
            Image.id.label("image_id"),
            Image.blobstorage_path,
            func.json_build_object("imageset_id", ImageSet.id, "title", ImageSet.title).label("imageset"),
            utc(Image.date_taken).label("date_taken"),
            place.label("location_taken"),
            Image.type,
            Image.metadata_.label("metadata"),
            Image.tss_id,
            func.json_build_object(
                "filetype", Image.filetype, "filesize", Image.filesize, "dimensions", dimensions
            ).label("file"),
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


def with_download_path(rows: AnySelect) -> AnySelect:
    """Rows about images with one more column, from which `page_of` makes the link `download_url`."""
    return rows.add_columns(Image.blobstorage_path.label("download_url"))


def campaign_images(campaign_id: int) -> AnySelect:
    """The schema CampaignImage, for the images of one campaign."""
    url = literal("/images/", Text) + cast(CampaignImage.image_id, Text)
    return (
        select(CampaignImage.image_id, url.label("url"))
        .where(CampaignImage.campaign_id == campaign_id)
        .order_by(CampaignImage.image_id)
    )


def labeled_images(campaign_id: int) -> AnySelect:
    """The schema LabeledImage: the images of one campaign with their present objects."""
    mine = and_(
        Object.campaign_id == CampaignImage.campaign_id,
        Object.submission_id == CampaignImage.submission_id,
        Object.image_id == CampaignImage.image_id,
    )
    part = objects().where(mine).correlate(CampaignImage).subquery("object_of_image")
    found = select(func.json_agg(part.table_valued())).scalar_subquery()
    return campaign_images(campaign_id).add_columns(func.coalesce(found, func.json_build_array()).label("objects"))


def objects() -> AnySelect:
    """The schema Object, in the order in which they were sent; the caller says which submission and image."""
    submitted = (
        select(utc(Submission.date_created))
        .where(Submission.campaign_id == Object.campaign_id, Submission.id == Object.submission_id)
        .correlate(Object)
        .scalar_subquery()
    )
    box = func.json_build_object("xmin", Object.x_min, "xmax", Object.x_max, "ymin", Object.y_min, "ymax", Object.y_max)
    return select(
        Object.id.label("object_id"),
        Object.image_id,
        Object.campaign_id,
        Object.label,
        Object.label_original,
        box.label("bounding_box"),
        Object.confidence,
        submitted.label("date_added"),
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


def _newest_job(kind: str, subject_type: str, subject_id: InstrumentedAttribute[int]) -> ColumnElement[Any]:
    job = aliased(Job)
    newest = (
        jobs(job)
        .where(job.kind == kind, job.subject_type == subject_type, job.subject_id == subject_id)
        .order_by(job.id.desc())
        .limit(1)
        .correlate(subject_id.class_)
        .subquery("newest_job")
    )
    return select(func.row_to_json(newest.table_valued())).scalar_subquery()


def roles(user_id: int) -> AnySelect:
    """The schema Role of one user, with the campaign of each."""
    campaign = func.json_build_object(
        "campaign_id", Campaign.id, "title", Campaign.title, "status", Campaign.status, "progress", campaign_progress()
    )
    bound = select(campaign).where(Campaign.id == Role.campaign_id).scalar_subquery()
    return select(Role.name.label("role"), bound.label("campaign")).where(Role.user_id == user_id).order_by(Role.id)


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


def api_keys(user_id: int) -> AnySelect:
    """The schema ApiKey, for the keys of one user."""
    return (
        select(
            ApiKey.id.label("key_id"),
            ApiKey.key.label("apikey"),
            ApiKey.name,
            utc(ApiKey.date_created).label("date_created"),
            utc(ApiKey.date_expires).label("date_expires"),
            utc(ApiKey.date_revoked).label("date_revoked"),
            utc(ApiKey.date_last_used).label("date_last_used"),
        )
        .where(ApiKey.user_id == user_id)
        .order_by(ApiKey.id)
    )
