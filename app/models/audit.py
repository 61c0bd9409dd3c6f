"""Who changed what: users, roles, keys, upload links and statuses."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base


class AuditEntry(Base):
    """One change of one subject, written in the transaction of the change. A trigger refuses to change or delete rows.

    A change over HTTP has the user, the key, the address and the request id; one by a command has `os_user`, the account of
    the operating system. `details` holds no secrets.
    """

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    date_created: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    action: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_key.id"))
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    os_user: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (
        Index("ix_audit_user_id_id", "user_id", "id"),
        Index("ix_audit_action_id", "action", "id"),
        Index("ix_audit_subject", "subject_type", "subject_id", "id"),
    )
