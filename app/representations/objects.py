"""The schema Object, in the order in which the objects were sent."""

from typing import Any

from sqlalchemy import ColumnElement, Numeric, Text, and_, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.orm.util import AliasedClass

from app.models import Campaign, CampaignImage, Object, SnapshotClass, SnapshotImage, SnapshotLabels, Submission
from app.representations.json import AnySelect, json_object, utc


def _plain(number: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return an expression: the number as the shortest decimal that gives it back, without an exponent."""
    return cast(cast(number, Text), Numeric)


def _edge(exact: InstrumentedAttribute[float | None], whole: InstrumentedAttribute[int]) -> ColumnElement[Any]:
    return func.coalesce(_plain(exact), whole)


def _objects(submitted: type[Object | CampaignImage | SnapshotLabels] | AliasedClass[CampaignImage]) -> AnySelect:
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


def select_objects_of(member: type[CampaignImage]) -> AnySelect:
    """Return the select of the objects of an image of a campaign, which the outer select names: present or earlier ones."""
    return (
        _objects(member)
        .where(
            and_(
                Object.campaign_id == member.campaign_id,
                Object.submission_id == member.submission_id,
                Object.image_id == member.image_id,
            )
        )
        .correlate(member)
    )


def select_suggestions(member: type[CampaignImage]) -> AnySelect:
    """Return the select of what the campaign under `prelabels_from` has on an image, which the outer select names."""
    suggested = aliased(CampaignImage)
    source = (
        select(Campaign.prelabels_from).where(Campaign.id == member.campaign_id).correlate(member).scalar_subquery()
    )
    return (
        _objects(suggested)
        .where(
            suggested.campaign_id == source,
            suggested.image_id == member.image_id,
            Object.campaign_id == suggested.campaign_id,
            Object.submission_id == suggested.submission_id,
            Object.image_id == suggested.image_id,
        )
        .correlate(member)
    )


def select_objects_of_snapshot() -> AnySelect:
    """Return the select of the objects of an image of a snapshot, which the outer select names, each with its `class_id`."""
    return (
        _objects(SnapshotLabels)
        .add_columns(SnapshotClass.class_id)
        .where(
            SnapshotLabels.snapshot_id == SnapshotImage.snapshot_id,
            SnapshotLabels.image_id == SnapshotImage.image_id,
            Object.campaign_id == SnapshotLabels.campaign_id,
            Object.submission_id == SnapshotLabels.submission_id,
            Object.image_id == SnapshotLabels.image_id,
            SnapshotClass.snapshot_id == SnapshotImage.snapshot_id,
            SnapshotClass.name == Object.label,
            SnapshotClass.selected,
        )
        .correlate(SnapshotImage)
    )
