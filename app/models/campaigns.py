"""Labelling jobs and the images in them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, false, func, text, true
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base
from app.models.image_sets import TITLE_RULE
from app.models.submissions import STATE_RULE

# Whose labels a campaign holds.
PEOPLE, MODEL = "people", "model"


class Campaign(Base):
    """One labeling job. The counters change in the transaction that changes what they count.

    `labeled_count` counts all images that are not `unlabeled`, those that are `empty` or `unusable` as well. `accepted_count` and
    `rejected_count` count images by the verdict that is in force.
    """

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    title: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(server_default="created")
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    label_translations: Mapped[dict[str, Any] | None]
    auto_complete: Mapped[bool] = mapped_column(server_default=true())
    late_corrections: Mapped[bool] = mapped_column(server_default=false())
    archived: Mapped[bool] = mapped_column(server_default=false())
    strict: Mapped[bool] = mapped_column(server_default=false())
    instructions: Mapped[str | None]
    kind: Mapped[str] = mapped_column(server_default=PEOPLE)
    model: Mapped[str | None]
    version: Mapped[str | None]
    prelabels_from: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    image_count: Mapped[int] = mapped_column(server_default=text("0"))
    labeled_count: Mapped[int] = mapped_column(server_default=text("0"))
    empty_count: Mapped[int] = mapped_column(server_default=text("0"))
    unusable_count: Mapped[int] = mapped_column(server_default=text("0"))
    accepted_count: Mapped[int] = mapped_column(server_default=text("0"))
    rejected_count: Mapped[int] = mapped_column(server_default=text("0"))
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_started: Mapped[datetime | None]
    date_completed: Mapped[datetime | None]
    date_finished: Mapped[datetime | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("user.id"))

    __table_args__ = (
        CheckConstraint(TITLE_RULE, name="title_spelling"),
        CheckConstraint("status IN ('created', 'active', 'completed', 'finished')", name="status"),
        CheckConstraint(
            "kind IN ('people', 'model') AND (kind = 'model') = (model IS NOT NULL)"
            " AND (kind = 'model') = (version IS NOT NULL)",
            name="kind",
        ),
        CheckConstraint("labeled_count BETWEEN 0 AND image_count", name="counters"),
        CheckConstraint(
            "empty_count >= 0 AND unusable_count >= 0 AND empty_count + unusable_count <= labeled_count", name="states"
        ),
        CheckConstraint("accepted_count >= 0 AND rejected_count >= 0", name="reviews"),
    )


class CampaignImage(Base):
    """One image that is in a campaign now. Unless it is `unlabeled` it points at the submission that holds its present content.

    It points at the review that is in force as well, if there is one. Triggers record in `campaign_membership` when rows come and
    go.
    """

    __tablename__ = "campaign_image"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    submission_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(server_default="unlabeled")
    review_id: Mapped[int | None]

    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "submission_id"], ["submission.campaign_id", "submission.id"]),
        # Reviews refer to the image as well, so that this is added when both tables are there.
        ForeignKeyConstraint(["campaign_id", "review_id"], ["review.campaign_id", "review.id"], use_alter=True),
        CheckConstraint(STATE_RULE, name="state"),
        Index("ix_campaign_image_image_id_campaign_id", "image_id", "campaign_id"),
        # Each row changes when its image is labeled. Its next version fits on the same page, so that the indexes need no entry.
        {"postgresql_with": {"fillfactor": 50}},
    )


class CampaignMembership(Base):
    """A span in which an image was in a campaign, or since when it is; triggers on `campaign_image` write it.

    The times are taken while the campaign is locked. Beside each stands the newest submission to the campaign at that moment, 0
    before the first, so that spans and submissions have one order: the image came and left after these submissions.
    """

    __tablename__ = "campaign_membership"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    date_joined: Mapped[datetime] = mapped_column(primary_key=True)
    joined_after: Mapped[int]
    date_left: Mapped[datetime | None]
    left_after: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("(date_left IS NULL) = (left_after IS NULL) AND left_after >= joined_after", name="left"),
        Index("ix_campaign_membership_image_id_campaign_id", "image_id", "campaign_id"),
        # Most images come before the first submission and never leave, so that these two are small.
        Index(
            "ix_campaign_membership_joined",
            "campaign_id",
            "joined_after",
            "date_joined",
            postgresql_where=text("joined_after > 0"),
        ),
        Index(
            "ix_campaign_membership_left",
            "campaign_id",
            "left_after",
            "date_left",
            postgresql_where=text("date_left IS NOT NULL"),
        ),
    )
