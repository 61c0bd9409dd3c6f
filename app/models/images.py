"""Files in the main container."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Identity, Index, Integer, func, literal_column, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

# Where an image without a time stands: at the end, in the order of times as in the reverse one.
EARLIEST_FIRST: ColumnElement[datetime] = literal_column("coalesce(date_taken, 'infinity'::timestamptz)")
LATEST_FIRST: ColumnElement[datetime] = literal_column("coalesce(date_taken, '-infinity'::timestamptz)")


class Image(Base):
    """One file: where it lies (`<container>/<path>`), where and when it was taken, and its file facts.

    `filesize` is in bytes, `width` and `height` in pixels as displayed, `lat` and `lon` in degrees (WGS 84). What is
    unknown is null; a file that is no image has neither type nor size in pixels. `content_encoding` is how the file is stored,
    `gzip` or `deflate`, where that is so and the image is what it decodes to.
    """

    __tablename__ = "image"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    image_set_id: Mapped[int | None] = mapped_column(ForeignKey("image_set.id"))
    blobstorage_path: Mapped[str]
    date_taken: Mapped[datetime | None]
    date_taken_source: Mapped[str | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    location_description: Mapped[str | None]
    type: Mapped[str | None]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    tss_id: Mapped[str | None]
    filetype: Mapped[str | None]
    filesize: Mapped[int | None]
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    content_md5: Mapped[bytes | None]
    content_encoding: Mapped[str | None]
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        # A path may have 1,024 characters of four bytes each, more than a B-tree takes: uniqueness hangs on a hash index.
        ExcludeConstraint(("blobstorage_path", "="), using="hash", name="uq_image_blobstorage_path"),
        Index("ix_image_image_set_id_id", "image_set_id", "id"),
        Index("ix_image_type_id", "type", "id"),
        Index("ix_image_filetype_id", "filetype", "id"),
        Index("ix_image_date_taken", "date_taken"),
        Index("ix_image_earliest_first", EARLIEST_FIRST, "id"),
        Index("ix_image_latest_first", LATEST_FIRST, "id"),
        Index("ix_image_metadata", "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
        Index("ix_image_place", func.point(text("lon"), text("lat")), postgresql_using="gist"),
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="location"),
        CheckConstraint("(width IS NULL) = (height IS NULL) AND width > 0 AND height > 0", name="dimensions"),
        CheckConstraint("filesize >= 0", name="filesize"),
        CheckConstraint("date_taken_source IN ('offset', 'set', 'gps', 'assumed-utc')", name="date_taken_source"),
    )


class ImageCount(Base):
    """How many images are in a set, or with `image_set_id` 0 in none. Triggers on `image` keep it."""

    __tablename__ = "image_count"

    image_set_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int]
