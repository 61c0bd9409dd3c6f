"""Images: finding them, naming them in a request, and handing out links to their files."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.errors import BadRequest, Forbidden, NotFound, Unprocessable
from app.media.media_types import RASTER_IMAGES
from app.models import Campaign, CampaignImage, Image, ImageCount, Object
from app.representations import shapes
from app.representations.pages import Listing, Page
from app.representations.shapes import AnySelect, Condition, Filter, SignPath, Total, Wanted
from app.services.api_keys import Account
from app.services.times import read_time

# So many images are named in one statement, which stays far below its timeout.
BATCH_SIZE = 10_000
MAX_ERRORS = 50
NO_IMAGE = "Image {} cannot be in a campaign: it is no image, or its size in pixels is unknown."
NO_ACCESS = "Your key does not give access to this."


def _members(labeled: bool | None) -> Condition:
    members = select(CampaignImage.image_id).where(CampaignImage.campaign_id == bindparam("campaign"))
    if labeled is not None:
        is_labeled = CampaignImage.submission_id.is_not(None)
        members = members.where(is_labeled if labeled else ~is_labeled)
    return Filter(Image.id.in_(members))


def _place_in(west: ColumnElement[float], east: ColumnElement[float]) -> ColumnElement[bool]:
    corners = (func.point(west, bindparam("south")), func.point(east, bindparam("north")))
    return func.point(Image.lon, Image.lat).op("<@", is_comparison=True)(func.box(*corners))


IN_SET = Condition(Image.image_set_id == bindparam("image_set"))
COUNT_OF_SET = Condition(ImageCount.image_set_id == bindparam("image_set"))
OF_TYPE = Filter(Image.type == bindparam("type"))
OF_FILETYPE = Filter(Image.filetype == bindparam("filetype"))
OF_ANY_FILETYPE = Filter(Image.filetype.is_not(None))
OF_NO_FILETYPE = Filter(Image.filetype.is_(None))
IN_CAMPAIGN = {labeled: _members(labeled) for labeled in (None, True, False)}
TAKEN_FROM = Filter(Image.date_taken >= bindparam("taken_from"))
TAKEN_BEFORE = Filter(Image.date_taken < bindparam("taken_to"))
WEST, EAST = bindparam("west", type_=Double), bindparam("east", type_=Double)
WITHIN = Filter(_place_in(WEST, EAST))
WITHIN_ACROSS = Filter(or_(_place_in(WEST, literal(180.0)), _place_in(literal(-180.0), EAST)))
OPEN_TO = Condition(
    exists().where(
        CampaignImage.image_id == Image.id,
        CampaignImage.campaign_id == func.any(bindparam("campaigns", type_=ARRAY(BigInteger))),
    )
)
HAS_ID = Condition(Image.id == bindparam("id"))
OBJECTS_OF_IMAGE = Condition(
    and_(
        Object.campaign_id == bindparam("campaign"),
        Object.submission_id == bindparam("submission"),
        Object.image_id == bindparam("image"),
    )
)


@dataclass(frozen=True)
class ImageFilter:
    """What a caller wants of the images; None lets all through.

    `labeled` goes with `campaign`. `taken_from` (inclusive) and `taken_to` (exclusive) are times or days; `bbox` is
    west, south, east and north in degrees (RFC 7946, section 5), over the antimeridian where west is greater than east.
    `filetype` is compared without case; `any` is every image, `none` every file that is no image.
    """

    image_set: int | None = None
    campaign: int | None = None
    labeled: bool | None = None
    taken_from: str | None = None
    taken_to: str | None = None
    type: str | None = None
    filetype: str | None = None
    bbox: list[float] | None = None

    def wanted(self) -> Wanted:
        """Return the conditions with their values. Raises BadRequest for values that contradict each other."""
        equal = ((IN_SET, "image_set"), (OF_TYPE, "type"))
        values = {name: getattr(self, name) for _, name in equal}
        found: Wanted = {known: {name: values[name]} for known, name in equal if values[name] is not None}
        return found | self._of_filetype() | self._in_campaign() | self._taken() | self._within()

    def _of_filetype(self) -> Wanted:
        match self.filetype and self.filetype.upper():
            case None:
                return {}
            case "ANY":
                return {OF_ANY_FILETYPE: {}}
            case "NONE":
                return {OF_NO_FILETYPE: {}}
            case filetype:
                # Formats are stored in capitals, so that the index serves.
                return {OF_FILETYPE: {"filetype": filetype}}

    def _in_campaign(self) -> Wanted:
        if self.campaign is None:
            if self.labeled is not None:
                raise BadRequest("labeled needs campaign: an image is labeled in one campaign and not in another.")
            return {}
        return {IN_CAMPAIGN[self.labeled]: {"campaign": self.campaign}}

    def _taken(self) -> Wanted:
        begin, end = read_time("taken_from", self.taken_from), read_time("taken_to", self.taken_to)
        if begin and end and begin >= end:
            raise BadRequest("taken_from must be before taken_to: with these two no image can be found.")
        found: Wanted = {TAKEN_FROM: {"taken_from": begin}} if begin else {}
        return found | {TAKEN_BEFORE: {"taken_to": end}} if end else found

    def _within(self) -> Wanted:
        if self.bbox is None:
            return {}
        west, south, east, north = self.bbox
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
            raise BadRequest(
                "bbox is west,south,east,north in degrees: longitudes -180 to 180, latitudes -90 to 90, south <= north."
            )
        corners = {"west": west, "south": south, "east": east, "north": north}
        return {WITHIN if west <= east else WITHIN_ACROSS: corners}


def list_images(session: Session, page: Page, wanted: ImageFilter, sign_path: SignPath | None = None) -> Listing:
    """Return a page of the images that `wanted` lets through, by id; with `sign_path` with links to their files.

    Raises BadRequest for wishes that contradict each other.
    """
    conditions = wanted.wanted()
    rows = shapes.images_with_path if sign_path else shapes.images
    return shapes.page_of(session, "images", rows, conditions, page, total=_kept_total(conditions), sign_path=sign_path)


def _kept_total(conditions: Wanted) -> Total | None:
    if not conditions:
        return Total(_kept_count, {})
    return Total(_kept_count, {COUNT_OF_SET: conditions[IN_SET]}) if conditions.keys() == {IN_SET} else None


def _kept_count() -> AnySelect:
    return select(cast(func.coalesce(func.sum(ImageCount.count), 0), BigInteger))


def make_file_url(blobs: BlobStore, path: str, filetype: str | None, content_encoding: str | None) -> str:
    """Return a link that reads the file of an image at `<container>/<path>`.

    A browser shows it where its first bytes are those of a raster image, as `filetype` tells. Whatever else was uploaded,
    such as HTML and SVG, it only saves, because a page could run scripts with the rights of the storage's address.
    """
    name, media_type = path.partition("/")[2], RASTER_IMAGES.get(filetype or "")
    if media_type is None:
        return blobs.read_url(name)
    return blobs.read_url(name, media_type, inline=True, content_encoding=content_encoding)


def make_image_url(session: Session, blobs: BlobStore, account: Account, image_id: int) -> str:
    """Return a link that reads the image's file.

    Raises NotFound for an admin; a labeler gets Forbidden for a missing image as for one of somebody else's campaign.
    """
    wanted: Wanted = {HAS_ID: {"id": image_id}}
    if not account.is_admin:
        wanted[OPEN_TO] = {"campaigns": list(account.campaign_ids)}
    file = shapes.find_one(session, shapes.files, wanted)
    if file is None:
        raise _not_found(image_id) if account.is_admin else Forbidden(NO_ACCESS)
    return make_file_url(blobs, **orjson.loads(file))


def _paths() -> AnySelect:
    return select(cast(Image.blobstorage_path, Text))


def list_objects(session: Session, image_id: int, campaign_ids: list[int] | None) -> bytes:
    """Return the image's present objects from one campaign, as a JSON array.

    That campaign is the first of the list in which the image is labeled; with no list, the most recently finished one.
    Raises NotFound for the image, or for any campaign of the list.
    """
    if shapes.value_of(session, _paths, {HAS_ID: {"id": image_id}}) is None:
        raise _not_found(image_id)
    labeled = select(CampaignImage.campaign_id, CampaignImage.submission_id).where(
        CampaignImage.image_id == image_id, CampaignImage.submission_id.is_not(None)
    )
    if campaign_ids:
        _require_campaigns(session, campaign_ids)
        wanted = labeled.where(CampaignImage.campaign_id == func.any(campaign_ids)).order_by(
            func.array_position(campaign_ids, CampaignImage.campaign_id)
        )
    else:
        wanted = (
            labeled.join(Campaign, Campaign.id == CampaignImage.campaign_id)
            .where(Campaign.status == "finished")
            .order_by(Campaign.date_finished.desc(), Campaign.id.desc())
        )
    chosen = session.execute(wanted.limit(1)).one_or_none()
    if chosen is None:
        return b"[]"
    values = {"campaign": chosen.campaign_id, "submission": chosen.submission_id, "image": image_id}
    current: Wanted = {OBJECTS_OF_IMAGE: values}
    return shapes.list_of(session, shapes.objects, current)


def _require_campaigns(session: Session, campaign_ids: list[int]) -> None:
    known = set(session.scalars(select(Campaign.id).where(Campaign.id == func.any(campaign_ids))))
    for campaign_id in campaign_ids:
        if campaign_id not in known:
            raise NotFound(f"There is no campaign {campaign_id}.")


def resolve_images(
    session: Session, references: Iterable[dict[str, Any]], *, for_campaign: bool = False
) -> Iterator[list[int]]:
    """Yield the ids of the images named by `{"id": …}` or `{"filepath": …}`, those of some references at a time.

    A slash before a path is allowed; an image that is named twice may come twice. Raises NotFound that points at the first
    images that are not there, and with `for_campaign` Unprocessable that points at those that cannot be labeled.
    """
    rest, position = iter(references), 0
    while batch := list(islice(rest, BATCH_SIZE)):
        yield _resolve(session, batch, position, for_campaign)
        position += len(batch)


def _resolve(session: Session, references: list[dict[str, Any]], position: int, for_campaign: bool) -> list[int]:
    ids = [reference["id"] for reference in references if "id" in reference]
    paths = [_path_of(reference) for reference in references if "filepath" in reference]
    # By id, which is a number, or path: the image's id, and whether it can be labeled.
    found: dict[int | str, tuple[int, bool]] = {}
    # A file that is no image has no size in pixels.
    columns = (Image.id, Image.width.is_not(None))
    if ids:
        for image_id, is_image in session.execute(select(*columns).where(Image.id == func.any(ids))):
            found[image_id] = (image_id, is_image)
    if paths:
        named = select(Image.blobstorage_path, *columns).where(Image.blobstorage_path == func.any(paths))
        for path, image_id, is_image in session.execute(named):
            found[path] = (image_id, is_image)
    missing = _errors(references, position, "There is no image {}.", lambda name: name not in found)
    if missing:
        raise NotFound(f"{missing[0]['detail']} Nothing was added.", errors=missing)
    if for_campaign and not all(is_image for _, is_image in found.values()):
        errors = _errors(references, position, NO_IMAGE, lambda name: not found[name][1])
        raise Unprocessable(f"{errors[0]['detail']} Nothing was added.", errors=errors)
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
