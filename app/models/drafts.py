"""Drafts: labels that are not submitted yet."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base


class Draft(Base):
    """What a user keeps for an image of a campaign. It is replaced by the next one, and goes when the user submits the image.

    `content` has the fields of an item of a submission, without the id of the image.
    """

    __tablename__ = "draft"

    campaign_id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    content: Mapped[dict[str, Any]]
    date_changed: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "image_id"], ["campaign_image.campaign_id", "campaign_image.image_id"]),
    )
