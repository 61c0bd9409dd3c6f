"""The schema Object, in the order in which the objects were sent."""

from typing import Any

from sqlalchemy import ColumnElement, Numeric, Text, and_, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.orm.util import AliasedClass

from app.models import Campaign, CampaignImage, Object, Submission
from app.representations.json import AnySelect, json_object, utc


def _plain(number: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return an expression: the number as the shortest decimal that gives it back, without an exponent."""
    return cast(cast(number, Text), Numeric)


def _edge(exact: InstrumentedAttribute[float | None], whole: InstrumentedAttribute[int]) -> ColumnElement[Any]:
    return func.coalesce(_plain(exact), whole)


def _objects(submitted: type[Object | CampaignImage] | AliasedClass[CampaignImage]) -> AnySelect:
    """Return the select of objects; it finds the time of the submission once for each row of `submitted`."""
    date_added = (
        select(utc(Submission.date_created))
        .where(Submission.campaign_id == submitted.campaign_id, Submission.id == submitted.submission_id)
        .correlate(submitted)
        .scalar_subquery()
    )
    box = json_object(
        xmin=_edge(Object.left_edge, Object.x_min),
        xmax=_edge(Object.right_edge, Object.x_max),
        ymin=_edge(Object.upper_edge, Object.y_min),
        ymax=_edge(Object.lower_edge, Object.y_max),
    )
    return select(
        Object.id.label("object_id"),
        Object.image_id,
        Object.campaign_id,
        Object.label,
        Object.label_original,
        box.label("bounding_box"),
        _plain(Object.confidence).label("confidence"),
        date_added.label("date_added"),
    ).order_by(Object.id)


OBJECTS = _objects(Object)
# The present objects of an image of a campaign, which the outer select names.
OBJECTS_OF_CAMPAIGN_IMAGE = (
    _objects(CampaignImage)
    .where(
        and_(
            Object.campaign_id == CampaignImage.campaign_id,
            Object.submission_id == CampaignImage.submission_id,
            Object.image_id == CampaignImage.image_id,
        )
    )
    .correlate(CampaignImage)
)
# The objects that the campaign under `prelabels_from` has on an image of a campaign, which the outer select names.
_SUGGESTED = aliased(CampaignImage)
SUGGESTED_OBJECTS = (
    _objects(_SUGGESTED)
    .where(
        _SUGGESTED.campaign_id
        == select(Campaign.prelabels_from)
        .where(Campaign.id == CampaignImage.campaign_id)
        .correlate(CampaignImage)
        .scalar_subquery(),
        _SUGGESTED.image_id == CampaignImage.image_id,
        Object.campaign_id == _SUGGESTED.campaign_id,
        Object.submission_id == _SUGGESTED.submission_id,
        Object.image_id == _SUGGESTED.image_id,
    )
    .correlate(CampaignImage)
)
