"""Reviews, append-only: who accepted or rejected the content of an image in a campaign, when and why."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

VERDICTS = ("accepted", "rejected")
# By what lists are filtered and counted: the verdict that is in force, or that there is none.
REVIEW_STATES = (*VERDICTS, "none")


class Review(Base):
    """One verdict on what one submission made of one image. Never changed, never deleted.

    It is in force until the next review of the image, or until a submission that is no relabel gives the image another content;
    `campaign_image` points at it for so long. The time is taken while the campaign is locked, as that of a submission.
    """

    __tablename__ = "review"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    image_id: Mapped[int]
    submission_id: Mapped[int]
    verdict: Mapped[str]
    comment: Mapped[str | None]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_key.id"))
    request_id: Mapped[str | None]
    date_created: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    __table_args__ = (
        ForeignKeyConstraint(
            ["campaign_id", "image_id", "submission_id"],
            ["submission_image.campaign_id", "submission_image.image_id", "submission_image.submission_id"],
        ),
        CheckConstraint(f"verdict IN {VERDICTS}", name="verdict"),
        CheckConstraint("char_length(comment) <= 1000", name="comment"),
        # In this order the reviews of an image are found, the newest of a moment first.
        Index("ix_review_campaign_id_image_id_id", "campaign_id", "image_id", "id"),
    )
