"""Batches of images from one source."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

TITLE_RULE = "title ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(title) <= 53"


class ImageSet(Base):
    """`dropbox` is the container for uploads, also after it was deleted: no other dropbox ever gets its name.

    `blobstorage_path` is the dropbox until the images are copied, then `<container>/<folder>/<title>`. `duplicates` says what
    becomes of uploads with the same content as another image.

    The counts of files are those of the last ingest, null before it: images with a size, other files that were copied, and
    files that were skipped. `duplicate_images` is the count of the last inspection.
    """

    __tablename__ = "image_set"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    title: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(server_default="created")
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    timezone: Mapped[str | None]
    blobstorage_path: Mapped[str]
    # The release before leaves it empty; a trigger fills it.
    dropbox: Mapped[str] = mapped_column(unique=True, server_default="")
    duplicates: Mapped[str] = mapped_column(server_default="keep")
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_finished: Mapped[datetime | None]
    date_upload_expires: Mapped[datetime | None]
    ingested_images: Mapped[int | None]
    ingested_other_files: Mapped[int | None]
    skipped_files: Mapped[int | None]
    duplicate_images: Mapped[int | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("user.id"))

    __table_args__ = (
        CheckConstraint(TITLE_RULE, name="title_spelling"),
        CheckConstraint("status IN ('created', 'finished')", name="status"),
        CheckConstraint("duplicates IN ('keep', 'flag')", name="duplicates"),
        CheckConstraint("(status = 'finished') = (date_finished IS NOT NULL)", name="date_finished"),
    )
