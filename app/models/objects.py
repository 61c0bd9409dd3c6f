"""Labels, append-only: replacing an image's objects moves the pointer of its campaign image to a newer submission."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Integer, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base


class Submission(Base):
    """One accepted PUT of objects: who sent it, when, and how much it held. Never changed, never deleted.

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
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())


class Object(Base):
    """One label on one image: a box in pixels of the image as displayed, origin at the top left. Never changed, never deleted.

    The one index serves every read and carries the campaign first, so that the table can be partitioned by it.
    """

    __tablename__ = "object"

    campaign_id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    # PostgreSQL keeps `xmin` and `xmax` for itself, so that the columns are not named as in the JSON.
    x_min: Mapped[int] = mapped_column(Integer)
    y_min: Mapped[int] = mapped_column(Integer)
    x_max: Mapped[int] = mapped_column(Integer)
    y_max: Mapped[int] = mapped_column(Integer)
    confidence: Mapped[float | None]
    label: Mapped[str]
    label_original: Mapped[str]

    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "submission_id"], ["submission.campaign_id", "submission.id"]),
        ForeignKeyConstraint(["campaign_id", "image_id"], ["campaign_image.campaign_id", "campaign_image.image_id"]),
        CheckConstraint("0 <= x_min AND x_min < x_max AND 0 <= y_min AND y_min < y_max", name="box"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        CheckConstraint(
            "char_length(label) BETWEEN 1 AND 128 AND char_length(label_original) BETWEEN 1 AND 128",
            name="label_length",
        ),
    )
