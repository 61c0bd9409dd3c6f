"""Short credentials that browsers use in place of an API key."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base


class SessionKey(Base):
    """A pair in the form of an API key that works until it expires and as long as its parent, an API key, works.

    It has a table of its own, so that nothing that lists, counts or shows API keys takes it for one.
    """

    __tablename__ = "session_key"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes]
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_expires: Mapped[datetime]

    __table_args__ = (CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash_length"),)
