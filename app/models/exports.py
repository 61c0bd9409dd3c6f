"""Snapshots as files of a format."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, CheckConstraint, ForeignKey, Identity, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

# In the main container.
FOLDER = "exports"
# What of the images is in an export besides their labels.
NO_FILES, FILES = "none", "files"
# The columns that a written file fills, all of them or none.
WRITTEN = (
    "path", "media_type", "manifest_path", "file_size", "sha256", "image_count", "object_count", "losses", "left_out",
    "date_written",
)  # fmt: skip
# Formats that have words for the state of an image. In the others an image without boxes is one that somebody found empty.
FORMATS_WITH_STATES = ("label-studio", "datumaro", "csv", "parquet")


class Export(Base):
    """One snapshot in one format. It is written once; `path` in the main container is null until then.

    `file_size` is in bytes. `image_count` and `object_count` are what the file holds; `losses` are what it cannot hold of the
    snapshot, as in the answer, and `left_out` the ids of the images that were withdrawn. `upright` says that images are turned
    as their EXIF orientation asks.
    """

    __tablename__ = "export"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"))
    format: Mapped[str]
    images: Mapped[str]
    upright: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    path: Mapped[str | None]
    media_type: Mapped[str | None]
    manifest_path: Mapped[str | None]
    file_size: Mapped[int | None]
    sha256: Mapped[bytes | None]
    image_count: Mapped[int | None]
    object_count: Mapped[int | None]
    losses: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    left_out: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    created_by: Mapped[int] = mapped_column(ForeignKey("user.id"))
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_written: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("snapshot_id", "format", "images", "upright"),
        CheckConstraint("images IN ('none', 'files')", name="images"),
        CheckConstraint("NOT upright OR images = 'files'", name="upright"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256_length"),
        CheckConstraint(
            f"num_nulls({', '.join(WRITTEN)}) IN (0, {len(WRITTEN)})",
            name="written",
        ),
    )
