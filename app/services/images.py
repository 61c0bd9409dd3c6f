"""Images: finding them, naming them in a request, and handing out links to their files."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, exists, func, select, text, true
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.errors import Forbidden, Gone, NotFound, Unprocessable
from app.media.media_types import RASTER_IMAGES
from app.media.previews import preview_path, thumbnail_path
from app.models import Campaign, CampaignImage, Image, Object
from app.models.campaigns import PEOPLE
from app.models.images import EARLIEST_FIRST, LATEST_FIRST
from app.representations.images import (
    CAMPAIGNS_OF_IMAGE,
    FILE_OF_IMAGE,
    IMAGE_DETAILS,
    IMAGES,
    IMAGES_WITH_FILE,
)
from app.representations.json import AnySelect, fetch_array, fetch_object
from app.representations.objects import OBJECTS
from app.representations.pages import Listing, Order, Page, SignPath, count_of, fetch_page, fetch_sorted_page
from app.services.api_keys import Account
from app.services.image_filters import ImageFilter, wrong_parameter
from app.services.moments import read_moment_of_any

# So many images are named in one statement, which stays far below its timeout, by paths of so many characters or a little more.
BATCH_SIZE = 10_000
BATCH_LENGTH = 1_000_000
MAX_ERRORS = 50
NO_ACCESS = "Your key does not give access to this."
PREVIEWS = {"thumbnail_url": thumbnail_path, "preview_url": preview_path}
LINKS = ("download_url", *PREVIEWS)
# So many campaigns stand in the details of an image.
MAX_CAMPAIGNS = 100
# What of an image only callers see who read everything.
OF_READERS = ("type", "metadata", "tss_id", "date_created", "created_by")


@dataclass(frozen=True)
class Requirement:
    """What must hold for images that a request names: a condition on Image, and the error for the id of one without it."""

    condition: ColumnElement[bool]
    message: str
    error: type[NotFound] | type[Unprocessable]


def list_images(
    session: Session,
    page: Page,
    image_filter: ImageFilter,
    sign_path: SignPath | None = None,
    sort: str = "id",
    cursor: str | None = None,
) -> Listing:
    """Return a page of the images that `image_filter` lets through; with `sign_path` each has a link to its file.

    `sort` is `id`, or `date_taken` and `-date_taken`, in which images without a time are the last, and `cursor` a place in these
    orders. Raises BadRequest for wishes that contradict each other.
    """
    if sort == "id" and cursor is not None:
        raise wrong_parameter(
            "cursor", "cursor requires sort=date_taken or sort=-date_taken. In the order of ids, send after."
        )
    if sort != "id" and page.after is not None:
        raise wrong_parameter("after", f"after is an id, and requires the order of ids. With sort={sort}, send cursor.")
    rows, total = IMAGES_WITH_FILE if sign_path else IMAGES, image_filter.select_total()
    if sort == "id":
        rows = image_filter.apply(rows)
        return fetch_page(session, "images", rows, page, total=total, sign_path=sign_path)
    ids, time = image_filter.apply(select(Image.id)), LATEST_FIRST if sort.startswith("-") else EARLIEST_FIRST
    if image_filter.is_of_times_alone:
        # The same times as of the filter, so that the index of the order leads to them.
        ids = ids.where(*image_filter.taken_at(time))
    else:
        # Not in the order of the index, in which PostgreSQL would look for a campaign of one day through the times of all images.
        time = time + timedelta()
    order = Order(time, "date_taken", descending=sort.startswith("-"))
    return fetch_sorted_page(session, "images", rows, ids, page, order, total=total, cursor=cursor, sign_path=sign_path)


def make_links(
    blobs: BlobStore,
    names: Collection[str],
    path: str | None,
    filetype: str | None,
    content_encoding: str | None,
    image_id: int,
    sha256: str | None,
) -> dict[str, str | None]:
    """Return the links of these names to an image: `download_url`, `thumbnail_url` and `preview_url`.

    `path` is None for an image without a file, and `sha256`, in hexadecimal, for one without previews; links are None then.
    """
    links: dict[str, str | None] = {}
    if "download_url" in names:
        links["download_url"] = make_file_url(blobs, path, filetype, content_encoding) if path else None
    for name, path_of in PREVIEWS.items():
        if name in names:
            links[name] = blobs.preview_url(path_of(image_id, bytes.fromhex(sha256))) if sha256 else None
    return links


def make_file_url(blobs: BlobStore, path: str, filetype: str | None, content_encoding: str | None) -> str:
    """Return a link that reads the file of an image at `<container>/<path>`.

    A browser shows it where its first bytes are those of a raster image, as `filetype` states. Whatever else was uploaded,
    such as HTML and SVG, it only saves, because a page could run scripts with the rights of the storage's address.
    """
    name, media_type = path.partition("/")[2], RASTER_IMAGES.get(filetype or "")
    if media_type is None:
        return blobs.read_url(name)
    return blobs.read_url(name, media_type, inline=True, content_encoding=content_encoding)


def make_image_url(session: Session, blobs: BlobStore, account: Account, image_id: int) -> str:
    """Return a link that reads the image's file.

    Raises NotFound for callers who may read everything; others get Forbidden for a missing image as for one of a campaign that
    is not theirs. Raises Gone for a withdrawn image.
    """
    found = find_file(session, account, image_id)
    return make_file_url(blobs, found.blobstorage_path, found.filetype, found.content_encoding)


def get_details(session: Session, blobs: BlobStore, account: Account, image_id: int) -> dict[str, Any]:
    """Return all about one image that the caller may know, a link to its file, and what campaigns hold of it.

    Labelers and reviewers get facts, name and links, and what their own campaigns hold; the rest is null. A withdrawn image has
    no link. Raises NotFound and Forbidden as `make_image_url` does.
    """
    found = fetch_object(session, _accessible(IMAGE_DETAILS, account), image_id=image_id)
    if found is None:
        raise _no_image(account, image_id)
    details: dict[str, Any] = orjson.loads(found)
    details |= make_links(blobs, LINKS, **details["download_url"])
    campaigns = CAMPAIGNS_OF_IMAGE.where(CampaignImage.image_id == image_id)
    if not account.reads_everything:
        campaigns = campaigns.where(CampaignImage.campaign_id.in_(account.campaign_ids))
        details |= dict.fromkeys(OF_READERS) | {"imageset": {"imageset_id": None, "title": None}}
    details["campaign_count"] = session.scalar(count_of(campaigns))
    details["campaigns"] = orjson.loads(fetch_array(session, campaigns.limit(MAX_CAMPAIGNS)))
    return details


def find_file(session: Session, account: Account, image_id: int) -> Row[Any]:
    """Return the row of FILE_OF_IMAGE, which names the file of an image. Raises what `make_image_url` raises."""
    file = _accessible(FILE_OF_IMAGE, account)
    found = session.connection().execute(file, {"image_id": image_id}).one_or_none()
    if found is None:
        raise _no_image(account, image_id)
    if found.date_withdrawn is not None:
        raise Gone(f"Image {image_id} was withdrawn on {found.date_withdrawn}, and its file was deleted.")
    return found


def _accessible(image: AnySelect, account: Account) -> AnySelect:
    """Return the select of an image, which finds it only if the caller may see it."""
    if account.reads_everything:
        return image
    is_member = (CampaignImage.image_id == Image.id, CampaignImage.campaign_id.in_(account.campaign_ids))
    return image.where(exists().where(*is_member))


def _no_image(account: Account, image_id: int) -> NotFound | Forbidden:
    return _not_found(image_id) if account.reads_everything else Forbidden(NO_ACCESS)


# The revision of an image at a moment in each campaign that it was in: of the listed ones, or of those that were finished then.
# The status is that of the newest change in the audit; for campaigns that are older than the audit it is that of now.
AT_MOMENT = text("""
SELECT campaign_id, newest.submission_id
FROM campaign_membership AS member
JOIN campaign ON campaign.id = campaign_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN campaign_id = :campaign_id THEN :submission_id ELSE (
        SELECT max(id) FROM submission
        WHERE submission.campaign_id = member.campaign_id AND date_created <= :time) END AS submission_id) AS moment
CROSS JOIN LATERAL (
    SELECT submission_id, state FROM submission_image
    WHERE submission_image.campaign_id = member.campaign_id AND submission_image.image_id = member.image_id
        AND submission_id <= moment.submission_id
    ORDER BY submission_id DESC LIMIT 1) AS newest
LEFT JOIN LATERAL (
    SELECT details ->> 'to' AS status, date_created FROM audit
    WHERE subject_type = 'campaign' AND subject_id = campaign_id AND action = 'change_status' AND date_created <= :time
    ORDER BY id DESC LIMIT 1) AS step ON true
WHERE image_id = :image_id AND (joined_after, date_joined) <= (moment.submission_id, :time)
    AND (date_left IS NULL OR (left_after, date_left) > (moment.submission_id, :time))
    AND newest.state <> 'unlabeled' AND CASE
    WHEN CAST(:campaign_ids AS bigint[]) IS NOT NULL THEN campaign_id = ANY (:campaign_ids)
    WHEN step.status IS NULL THEN date_finished <= :time
    ELSE step.status = 'finished' END
ORDER BY array_position(CAST(:campaign_ids AS bigint[]), campaign_id), coalesce(step.date_created, date_finished) DESC,
    campaign_id DESC
LIMIT 1
""")


def list_objects(session: Session, image_id: int, campaign_ids: list[int] | None, as_of: str | None = None) -> bytes:
    """Return the image's objects from one campaign, as a JSON array: the present ones, or those of a moment of the past.

    That campaign is the first of the list in which the image is labeled; with no list, the most recently finished one; with
    `as_of`, a submission or a time, as it was then. Raises NotFound for the image, any campaign of the list, and the
    submission, BadRequest for a time in the future.
    """
    if session.scalar(select(Image.id).where(Image.id == image_id)) is None:
        raise _not_found(image_id)
    if campaign_ids:
        _require_campaigns(session, campaign_ids)
    find = _find_present if as_of is None else partial(_find_at_moment, as_of=as_of)
    chosen = find(session, image_id, campaign_ids)
    if chosen is None:
        return b"[]"
    campaign_id, submission_id = chosen
    present = OBJECTS.where(
        Object.campaign_id == campaign_id, Object.submission_id == submission_id, Object.image_id == image_id
    )
    return fetch_array(session, present)


def _find_at_moment(
    session: Session, image_id: int, campaign_ids: list[int] | None, as_of: str
) -> tuple[Any, ...] | None:
    time, campaign_id, submission_id = read_moment_of_any(session, as_of)
    values = {
        "image_id": image_id,
        "campaign_ids": campaign_ids,
        "time": time,
        "campaign_id": campaign_id,
        "submission_id": submission_id,
    }
    found = session.execute(AT_MOMENT, values).one_or_none()
    return None if found is None else tuple(found)


def _find_present(session: Session, image_id: int, campaign_ids: list[int] | None) -> tuple[Any, ...] | None:
    labeled = select(CampaignImage.campaign_id, CampaignImage.submission_id).where(
        CampaignImage.image_id == image_id, CampaignImage.submission_id.is_not(None)
    )
    if campaign_ids:
        ranked = labeled.where(CampaignImage.campaign_id == func.any(campaign_ids)).order_by(
            func.array_position(campaign_ids, CampaignImage.campaign_id)
        )
    else:
        ranked = (
            labeled.join(Campaign, Campaign.id == CampaignImage.campaign_id)
            .where(Campaign.status == "finished", Campaign.kind == PEOPLE)
            .order_by(Campaign.date_finished.desc(), Campaign.id.desc())
        )
    found = session.execute(ranked.limit(1)).one_or_none()
    return None if found is None else tuple(found)


def _require_campaigns(session: Session, campaign_ids: list[int]) -> None:
    known = set(session.scalars(select(Campaign.id).where(Campaign.id == func.any(campaign_ids))))
    for campaign_id in campaign_ids:
        if campaign_id not in known:
            raise NotFound(f"There is no campaign {campaign_id}.")


def find_repeated(image_ids: Iterable[int]) -> Iterator[dict[str, str]]:
    """Yield an error for each image that the items of a body name again; it points at its `image_id`."""
    first: dict[int, int] = {}
    for i, image_id in enumerate(image_ids):
        if first.setdefault(image_id, i) != i:
            detail = f"Image {image_id} is already named at /{first[image_id]}."
            yield {"pointer": f"/{i}/image_id", "detail": detail}


def resolve_images(
    session: Session,
    references: Iterable[dict[str, Any]],
    requirement: Requirement | None = None,
    *,
    outcome: str = "Nothing was added.",
    position: int = 0,
) -> Iterator[list[int]]:
    """Yield the ids of the images named by `{"id": …}` or `{"filepath": …}`, those of some references at a time.

    A slash before a path is allowed; an image that is named twice may come twice. Raises NotFound that points at the first
    images that are not there, and the error of the requirement that points at those that do not meet it; `outcome` is what that
    means, `position` the place of the first reference in the body.
    """
    for batch in _batches(references):
        yield _resolve(session, batch, position, requirement, outcome)
        position += len(batch)


def _batches(references: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    length = 0
    for reference in references:
        batch.append(reference)
        length += len(reference.get("filepath", ""))
        if len(batch) >= BATCH_SIZE or length >= BATCH_LENGTH:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _resolve(
    session: Session, references: list[dict[str, Any]], position: int, requirement: Requirement | None, outcome: str
) -> list[int]:
    ids = [reference["id"] for reference in references if "id" in reference]
    paths = [_path_of(reference) for reference in references if "filepath" in reference]
    # By id, which is a number, or path: the image's id, and whether it meets the requirement.
    found: dict[int | str, tuple[int, bool]] = {}
    columns = (Image.id, requirement.condition if requirement else true())
    if ids:
        for image_id, is_fit in session.execute(select(*columns).where(Image.id == func.any(ids))):
            found[image_id] = (image_id, is_fit)
    if paths:
        named = select(Image.blobstorage_path, *columns).where(Image.blobstorage_path == func.any(paths))
        for path, image_id, is_fit in session.execute(named):
            found[path] = (image_id, is_fit)
    missing = _errors(references, position, "There is no image {}.", lambda name: name not in found)
    if missing:
        raise NotFound(f"{missing[0]['detail']} {outcome}", errors=missing)
    if requirement and not all(is_fit for _, is_fit in found.values()):
        errors = _errors(references, position, requirement.message, lambda name: not found[name][1])
        raise requirement.error(f"{errors[0]['detail']} {outcome}", errors=errors)
    return sorted({image_id for image_id, _ in found.values()})


def _path_of(reference: dict[str, Any]) -> str:
    return str(reference["filepath"]).removeprefix("/")


def _errors(
    references: list[dict[str, Any]], position: int, message: str, is_wrong: Callable[[int | str], bool]
) -> list[dict[str, str]]:
    """Return an error for each of the first references that are wrong; the first one has the given position in the body."""
    errors: list[dict[str, str]] = []
    for number, reference in enumerate(references, position):
        key = "id" if "id" in reference else "filepath"
        name = reference["id"] if key == "id" else _path_of(reference)
        if is_wrong(name):
            errors.append({"pointer": f"/{number}/{key}", "detail": message.format(str(name)[:200])})
            if len(errors) == MAX_ERRORS:
                break
    return errors


def _not_found(image_id: int) -> NotFound:
    return NotFound(f"There is no image {image_id}.")
