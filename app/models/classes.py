"""The classes of campaigns: what the labels of their objects mean."""

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Integer, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

MAX_CLASSES = 5_000  # Of one campaign.


class CampaignClass(Base):
    """One class of a campaign, at its position in the list, counted from 0. Objects hold its name.

    `aliases` are other words for it, those of the campaign's `label_translations` among them.
    """

    __tablename__ = "campaign_class"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str]
    color: Mapped[str | None]
    key: Mapped[str | None]
    description: Mapped[str | None]
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    retired: Mapped[bool] = mapped_column(server_default=false())

    __table_args__ = (
        UniqueConstraint("campaign_id", "name"),
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 128", name="name_length"),
        CheckConstraint("color ~ '^#[0-9a-f]{6}$'", name="color"),
    )
