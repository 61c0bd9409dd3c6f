"""Answers that are kept for requests sent twice."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base


class IdempotencyKey(Base):
    """The first answer under a key, sealed with what only its caller knows; hashes and fingerprints are SHA-256 (32 bytes)."""

    __tablename__ = "idempotency_key"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    answer: Mapped[bytes]
    date_expires: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (
        CheckConstraint("octet_length(key_hash) = 32 AND octet_length(fingerprint) = 32", name="hash_lengths"),
    )
