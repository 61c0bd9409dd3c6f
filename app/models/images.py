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
# A hash of 64 bits in four parts, each with an index. Two hashes that differ in few bits differ in fewer in one of these.
DHASH_SHIFTS = (0, 16, 32, 48)
PART_BITS = 16


def dhash_part(shift: int) -> ColumnElement[int]:
    """Return the expression of the 16 bits of `dhash` from bit `shift` on, as the index has it."""
    return literal_column(f"((dhash >> {shift}) & {2**PART_BITS - 1})")


class Image(Base):
    """One file: where it lies (`<container>/<path>`), where and when it was taken, and its file facts.

    `filesize` is in bytes, `width` and `height` in pixels as displayed, `lat` and `lon` in degrees (WGS 84). What is
    unknown is null; a file that is no image has neither type nor size in pixels. `content_encoding` is how the file is stored,
    `gzip` or `deflate`, where that is so and the image is what it decodes to.

    What an inspection finds is null before it: `sha256` of the stored file, `dhash` (`app/media/pictures.py`) of a picture that
    can be decoded, whose previews are there then, and `problem`, the kind of the image's open problem.

    Of a withdrawn image only this row is left; its file and previews are deleted.
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
    sha256: Mapped[bytes | None]
    dhash: Mapped[int | None]
    date_inspected: Mapped[datetime | None]
    problem: Mapped[str | None]
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_withdrawn: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    withdrawal_reason: Mapped[str | None]

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
        Index("ix_image_sha256_id", "sha256", "id", postgresql_where=text("sha256 IS NOT NULL")),
        *(
            Index(f"ix_image_dhash_{shift}", dhash_part(shift), postgresql_where=text("dhash IS NOT NULL"))
            for shift in DHASH_SHIFTS
        ),
        Index("ix_image_uninspected", "image_set_id", "id", postgresql_where=text("date_inspected IS NULL")),
        CheckConstraint("problem IN ('unreadable', 'truncated', 'duplicate')", name="problem"),
        CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name="location"),
        CheckConstraint("(width IS NULL) = (height IS NULL) AND width > 0 AND height > 0", name="dimensions"),
        CheckConstraint("filesize >= 0", name="filesize"),
        CheckConstraint("(date_withdrawn IS NULL) = (withdrawal_reason IS NULL)", name="withdrawal"),
        Index("ix_image_withdrawn", "image_set_id", "id", postgresql_where=text("date_withdrawn IS NOT NULL")),
        CheckConstraint(
            "date_taken_source IN ('offset', 'set', 'gps', 'assumed-utc', 'manual')", name="date_taken_source"
        ),
    )


class ImageCount(Base):
    """How many images that are not withdrawn are in a set, or with `image_set_id` 0 in none. Triggers on `image` keep it."""

    __tablename__ = "image_count"

    image_set_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    count: Mapped[int]
