"""Submissions, append-only: who changed the labels of a campaign, when, and what each made of its images."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Integer, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

# What an image of a campaign is: not looked at, with objects, without any, or of no use for a reason.
STATES = ("unlabeled", "labeled", "empty", "unusable")
STATE_RULE = f"state IN {STATES}"


class Submission(Base):
    """One accepted change of labels: who sent it, when, with what, and how much it held. Never changed, never deleted.

    It named `image_count` images with `object_count` objects. `unchanged` of these images had just that before and have no row
    in `submission_image`; on `replaced` of the others it covered another content. `of_submission` is the one that a restore went
    back to. The time is that of the row, not of the transaction, which may have waited for the campaign; so the order by time
    is the order by id. `replaced` is null only until the transaction of the release before ends, whose submissions a trigger
    completes.

    The key begins with the campaign, so that the table can be partitioned by it.
    """

    __tablename__ = "submission"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_key.id"))
    request_id: Mapped[str | None]
    image_count: Mapped[int]
    object_count: Mapped[int]
    date_created: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    tool: Mapped[str | None]
    note: Mapped[str | None]
    replaced: Mapped[int | None]
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    kind: Mapped[str] = mapped_column(server_default="submission")
    of_submission: Mapped[int | None]

    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "of_submission"], ["submission.campaign_id", "submission.id"]),
        CheckConstraint("kind IN ('submission', 'import', 'restore', 'relabel')", name="kind"),
        # An address names a submission without its campaign.
        Index("ix_submission_id", "id"),
    )


class SubmissionImage(Base):
    """What a submission made of one of its images: its state and how many objects it has. Never changed, never deleted.

    `unlabeled` is what only a restore makes of an image. The state of an image at some time is that of its newest row until
    then; the key is in the order in which that row is found.
    """

    __tablename__ = "submission_image"

    campaign_id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(ForeignKey("image.id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    object_count: Mapped[int] = mapped_column(Integer)
    # Why the image is unusable.
    reason: Mapped[str | None]

    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "submission_id"], ["submission.campaign_id", "submission.id"]),
        CheckConstraint(STATE_RULE, name="state"),
        CheckConstraint("object_count >= 0 AND (object_count > 0) = (state = 'labeled')", name="object_count"),
        CheckConstraint(
            "(reason IS NULL) = (state <> 'unusable') AND char_length(reason) BETWEEN 1 AND 200", name="reason"
        ),
    )
