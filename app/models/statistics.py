"""Counts of campaigns that are kept, so that statistics need not count everything each time."""

from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base


class CampaignStatistics(Base):
    """The counts of a campaign just after one of its submissions: exact for that moment, and made again when they are deleted."""

    __tablename__ = "campaign_statistics"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True, autoincrement=False)
    submission_id: Mapped[int]
    counts: Mapped[dict[str, Any]]

    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "submission_id"], ["submission.campaign_id", "submission.id"]),
    )
