"""Files of image sets that could not be ingested, and images in which an inspection has found a fault."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

COPIED, DROPPED, INSPECTED = "copied", "dropped", "inspected"
INGEST, INSPECTION = "ingest", "inspection"


class ImageSetProblem(Base):
    """A file that could not be ingested, as it was at that time: `etag` distinguishes one content from another.

    Or, in the stage `inspection`, an image that was ingested: then `blob_name` is its path, and `image_id` its id.

    `dropbox` is the container with the file. A problem is open until its `settlement` is there. `retrying` says that the next
    ingest tries the file again.
    """

    __tablename__ = "problem"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    image_set_id: Mapped[int] = mapped_column(ForeignKey("image_set.id"))
    image_id: Mapped[int | None] = mapped_column(ForeignKey("image.id"))
    # The release before leaves it empty; a trigger fills it.
    dropbox: Mapped[str] = mapped_column(server_default="")
    blob_name: Mapped[str]
    etag: Mapped[str]
    stage: Mapped[str] = mapped_column(server_default=INGEST)
    kind: Mapped[str]
    message: Mapped[str]
    retrying: Mapped[bool] = mapped_column(server_default=false())
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_settled: Mapped[datetime | None]
    settlement: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("kind IN ('copy_failed', 'unreadable', 'truncated', 'duplicate', 'name_taken')", name="kind"),
        CheckConstraint("settlement IN ('copied', 'dropped', 'inspected')", name="settlement"),
        CheckConstraint("stage IN ('ingest', 'inspection')", name="stage"),
        CheckConstraint("(settlement IS NULL) = (date_settled IS NULL)", name="date_settled"),
        Index("ix_problem_image_set_id_id", "image_set_id", "id"),
        # One file has one open problem. Names are too long for an index of their own.
        Index(
            "uq_problem_open",
            "image_set_id",
            text("md5(blob_name)"),
            unique=True,
            postgresql_where=text("settlement IS NULL"),
        ),
    )
