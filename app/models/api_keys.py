"""Two-part credentials of a user."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base


class ApiKey(Base):
    """A public key and the SHA-256 (32 bytes) of its secret; the secret itself is shown once and never stored."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes]
    name: Mapped[str | None]
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_expires: Mapped[datetime | None]
    date_revoked: Mapped[datetime | None]
    date_last_used: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_length"),)
