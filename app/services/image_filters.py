"""Finding images: what a caller wants of them."""

import math
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ColumnElement, case, exists, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import BadRequest
from app.models import CampaignImage, Image, ImageCount, Object, SubmissionImage
from app.representations.json import AnySelect
from app.representations.reviews import has_verdict
from app.services.duplicates import is_duplicate_of
from app.services.text import MAX_LENGTH, read_query_text
from app.services.times import read_time

# The mean radius of the earth (IUGG).
EARTH_METERS = 6_371_008.8
MAX_METERS = 1_000_000
# What is said of an image in one campaign.
OF_CAMPAIGN = ("labeled", "state", "review", "label", "min_objects", "max_objects")
BBOX_RULE = (
    "bbox must be west,south,east,north in degrees: longitudes -180 to 180, latitudes -90 to 90, south <= north."
)
NEAR_RULE = (
    "near must be lat,lon,meters: latitude -90 to 90, longitude -180 to 180, more than 0 and up to 1000000 meters."
)
# A number as JSON writes it, far from the bounds of what PostgreSQL keeps.
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,15})?")
IS_WITHDRAWN = Image.date_withdrawn.is_not(None)
# Few images are withdrawn, and an index has them. Of a table that PostgreSQL has not analyzed it expects most rows to have a
# time, few to have one between two others, and most to differ from a number.
IS_ONE_OF_FEW = IS_WITHDRAWN & Image.date_withdrawn.between(text("'-infinity'"), text("'infinity'"))
IS_PRESENT = case((IS_WITHDRAWN, 1), else_=0) != 1
WITHDRAWN = select(Image.id).where(IS_ONE_OF_FEW)
# How many images there are without those that are withdrawn.
ALL_IMAGES = select(func.coalesce(func.sum(ImageCount.count), 0))
TimeColumn = InstrumentedAttribute[datetime | None] | ColumnElement[datetime]


@dataclass(frozen=True)
class ImageFilter:
    """What a caller wants of the images; None lets all through, as does no metadata.

    `labeled`, `state` and `review`, of which there may be several, `label` and the numbers of objects go with `campaign`; an
    image that is not labeled has no objects. `taken_from` (inclusive) and `taken_to` (exclusive) are times or days; `taken` is
    a day in UTC. `bbox` is west, south, east and north in degrees (RFC 7946, section 5), over the antimeridian where west is
    greater than east; `near` is a latitude, a longitude and a distance in meters. `filetype` is compared without case; `any` is
    every image, `none` every file that is no image. `path` is a part of the path. `metadata` names keys and their values; a
    number or a truth value is found by its text. `sha256` is that of the file, in hexadecimal; `duplicate_of` is another image,
    with the same file or with a hash of its picture that differs in up to `distance` bits. `withdrawn` is whether images are
    withdrawn.
    """

    image_set: int | None = None
    campaign: int | None = None
    labeled: bool | None = None
    state: list[str] | None = None
    review: list[str] | None = None
    label: str | None = None
    min_objects: int | None = None
    max_objects: int | None = None
    taken_from: str | None = None
    taken_to: str | None = None
    taken: str | None = None
    type: str | None = None
    filetype: str | None = None
    bbox: list[float] | None = None
    near: list[float] | None = None
    path: str | None = None
    sha256: str | None = None
    duplicate_of: int | None = None
    distance: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    withdrawn: bool = False

    @property
    def is_of_times_alone(self) -> bool:
        """True when nothing else is asked for than when images were taken."""
        return self == ImageFilter(taken_from=self.taken_from, taken_to=self.taken_to, taken=self.taken)

    def apply(self, rows: AnySelect) -> AnySelect:
        """Return a select of images with these filters. Raises BadRequest, which names the parameter that is wrong."""
        # Without other filters, the select stays one that is made only once.
        rows = _select_withdrawn(rows) if self.withdrawn else _select_present(rows)
        if self.campaign is not None:
            is_member = (CampaignImage.image_id == Image.id) & (CampaignImage.campaign_id == self.campaign)
            rows = self._of_members(rows.join(CampaignImage, is_member))
        else:
            self._require_campaign()
        filters = self._of_images()
        return rows.where(*filters) if filters else rows

    def select_total(self) -> AnySelect:
        """Return the select of how many images there are, from what is counted already or else from as little as possible.

        Raises what `apply` raises.
        """
        if self == ImageFilter():
            return ALL_IMAGES
        if self == ImageFilter(image_set=self.image_set):
            return ALL_IMAGES.where(ImageCount.image_set_id == self.image_set)
        if self.campaign is not None and not self.withdrawn and not self._of_images():
            members = select(func.count()).select_from(CampaignImage)
            is_present = CampaignImage.image_id.not_in(WITHDRAWN)
            return self._of_members(members.where(CampaignImage.campaign_id == self.campaign, is_present))
        return self.apply(select(func.count()).select_from(Image))

    def _require_campaign(self) -> None:
        for name in OF_CAMPAIGN:
            if getattr(self, name) is not None:
                detail = (
                    f"{name} requires campaign, because an image can be labeled in one campaign and not in another."
                )
                raise wrong_parameter(name, detail)

    def _of_members(self, rows: AnySelect) -> AnySelect:
        """Return a select of images of the campaign with the filters that are about it."""
        if self.labeled is not None:
            is_labeled = CampaignImage.submission_id.is_not(None)
            rows = rows.where(is_labeled if self.labeled else ~is_labeled)
        if self.state is not None:
            rows = rows.where(CampaignImage.state.in_(self.state))
        if self.review is not None:
            rows = rows.where(has_verdict(CampaignImage, self.review))
        if self.label is not None:
            rows = rows.where(_has_object(read_query_text(self.label, "label", MAX_LENGTH)))
        if self.min_objects is None and self.max_objects is None:
            return rows
        if self.min_objects is not None and self.max_objects is not None and self.min_objects > self.max_objects:
            raise wrong_parameter("min_objects", "min_objects must not be greater than max_objects.")
        is_current = (
            (SubmissionImage.campaign_id == CampaignImage.campaign_id)
            & (SubmissionImage.image_id == CampaignImage.image_id)
            & (SubmissionImage.submission_id == CampaignImage.submission_id)
        )
        rows = rows.outerjoin(SubmissionImage, is_current)
        count = func.coalesce(SubmissionImage.object_count, 0)
        if self.min_objects is not None:
            rows = rows.where(count >= self.min_objects)
        return rows if self.max_objects is None else rows.where(count <= self.max_objects)

    def _of_images(self) -> list[ColumnElement[bool]]:
        found = self._of_filetype() + self.taken_at(Image.date_taken) + self._within() + self._near()
        if self.image_set is not None:
            found.append(Image.image_set_id == self.image_set)
        if self.type is not None:
            found.append(Image.type == self.type)
        if self.path is not None:
            found.append(func.strpos(Image.blobstorage_path, self.path) > 0)
        if self.sha256 is not None:
            found.append(Image.sha256 == bytes.fromhex(self.sha256))
        if self.duplicate_of is not None:
            found.append(is_duplicate_of(self.duplicate_of, self.distance or 0))
        elif self.distance is not None:
            raise wrong_parameter("distance", "distance requires duplicate_of.")
        return found + [_has_metadata(name, value) for name, value in self.metadata.items()]

    def _of_filetype(self) -> list[ColumnElement[bool]]:
        match self.filetype and self.filetype.upper():
            case None:
                return []
            case "ANY":
                return [Image.filetype.is_not(None)]
            case "NONE":
                return [Image.filetype.is_(None)]
            case filetype:
                # Formats are stored in capitals, so that the index serves.
                return [Image.filetype == filetype]

    def taken_at(self, column: TimeColumn) -> list[ColumnElement[bool]]:
        """Return the conditions on the time in a column. Raises BadRequest for times that contradict each other."""
        begin, end = read_time("taken_from", self.taken_from), read_time("taken_to", self.taken_to)
        if begin and end and begin >= end:
            raise wrong_parameter("taken_from", "taken_from must be before taken_to.")
        day = read_time("taken", self.taken)
        found: list[ColumnElement[bool]] = [column >= moment for moment in (begin, day) if moment]
        if day:
            # No time comes after the last day that there is.
            with suppress(OverflowError):
                end = min(end or day + timedelta(days=1), day + timedelta(days=1))
        return [*found, column < end] if end else found

    def _within(self) -> list[ColumnElement[bool]]:
        if self.bbox is None:
            return []
        west, south, east, north = self.bbox
        if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
            raise wrong_parameter("bbox", BBOX_RULE)
        return [_place_in(west, south, east, north)]

    def _near(self) -> list[ColumnElement[bool]]:
        if self.near is None:
            return []
        lat, lon, meters = self.near
        if not (-90 <= lat <= 90 and -180 <= lon <= 180 and 0 < meters <= MAX_METERS):
            raise wrong_parameter("near", NEAR_RULE)
        # Half the angle at the center of the earth, whose square of the sine the haversine formula gives.
        half = meters / EARTH_METERS / 2
        haversine = func.power(func.sind((Image.lat - lat) / 2), 2) + math.cos(math.radians(lat)) * func.cosd(
            Image.lat
        ) * func.power(func.sind((Image.lon - lon) / 2), 2)
        return [_place_in(*_bounds(lat, lon, 2 * half)), haversine <= math.sin(half) ** 2]


@lru_cache(8)
def _select_present(rows: AnySelect) -> AnySelect:
    return rows.where(IS_PRESENT)


@lru_cache(8)
def _select_withdrawn(rows: AnySelect) -> AnySelect:
    return rows.where(IS_ONE_OF_FEW)


def _bounds(lat: float, lon: float, angle: float) -> tuple[float, float, float, float]:
    """Return west, south, east and north of all places within an angle (radians) of a place, a little more generous."""
    height = math.degrees(angle) + 1e-6
    south, north = max(lat - height, -90.0), min(lat + height, 90.0)
    if south == -90 or north == 90:
        return -180.0, south, 180.0, north
    width = math.degrees(math.asin(min(math.sin(angle) / math.cos(math.radians(lat)), 1.0))) + 1e-6
    if width >= 180:
        return -180.0, south, 180.0, north
    west, east = lon - width, lon + width
    return west + 360 * (west < -180), south, east - 360 * (east > 180), north


def _place_in(west: float, south: float, east: float, north: float) -> ColumnElement[bool]:
    """Return whether a place is within bounds, which may go over the antimeridian."""
    if west > east:
        return or_(_place_in(west, south, 180.0, north), _place_in(-180.0, south, east, north))
    box = func.box(func.point(west, south), func.point(east, north))
    return func.point(Image.lon, Image.lat).op("<@", is_comparison=True)(box)


def _has_object(label: str) -> ColumnElement[bool]:
    return exists().where(
        Object.campaign_id == CampaignImage.campaign_id,
        Object.submission_id == CampaignImage.submission_id,
        Object.image_id == CampaignImage.image_id,
        Object.label == label,
    )


def _has_metadata(name: str, value: str) -> ColumnElement[bool]:
    found: list[Any] = [value]
    if value in ("true", "false") or NUMBER.fullmatch(value):
        found.append(orjson.loads(value))
    return or_(*(Image.metadata_.contains({name: possible}) for possible in found))


def wrong_parameter(name: str, detail: str) -> BadRequest:
    """Return the error for a query parameter that is wrong."""
    return BadRequest(detail, errors=[{"parameter": name, "detail": detail}])
