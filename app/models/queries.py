"""Queries for images that are kept by name."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base


class KeptQuery(Base):
    """What somebody looks for again and again, under a name. `query` has the fields of ImageFilter."""

    __tablename__ = "query"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    query: Mapped[dict[str, Any]]
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_changed: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[int] = mapped_column(ForeignKey("user.id"))

    __table_args__ = (
        CheckConstraint("name ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(name) <= 53", name="name_spelling"),
    )
