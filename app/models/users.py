"""People and partners who call the service, and what they may do."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, text, true
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

IMAGE_ADMIN = "image-admin"
READER = "reader"
LABELER = "labeler"
REVIEWER = "reviewer"
# Roles that are bound to one campaign; the others are bound to nothing.
CAMPAIGN_ROLES = (LABELER, REVIEWER)
MAX_EMAIL_LENGTH = 254


class User(Base):
    """A caller. The address is unique without regard to case and kept as it was given."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    email: Mapped[str]
    enabled: Mapped[bool] = mapped_column(server_default=true())
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("uq_user_email", func.lower(text("email")), unique=True),
        CheckConstraint(f"char_length(email) BETWEEN 3 AND {MAX_EMAIL_LENGTH}", name="email_length"),
    )


class Role(Base):
    """What a user may do: `image-admin` and `reader` are bound to nothing, `labeler` and `reviewer` to one campaign."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("uq_role_user_id_name_campaign_id", "user_id", "name", text("coalesce(campaign_id, 0)"), unique=True),
        CheckConstraint(
            "(name IN ('image-admin', 'reader') AND campaign_id IS NULL)"
            " OR (name IN ('labeler', 'reviewer') AND campaign_id IS NOT NULL)",
            name="bound",
        ),
    )
