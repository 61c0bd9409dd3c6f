"""Labels, append-only: replacing an image's objects moves the pointer of its campaign image to a newer submission."""

from sqlalchemy import REAL, CheckConstraint, ForeignKeyConstraint, Identity, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base


class Object(Base):
    """One label on one image: a box in pixels of the image as displayed, origin at the top left. Never changed, never deleted.

    The one index serves every read and carries the campaign first, so that the table can be partitioned by it.
    """

    __tablename__ = "object"

    campaign_id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    # PostgreSQL keeps `xmin` and `xmax` for itself, so that the columns are not named as in the JSON.
    x_min: Mapped[int] = mapped_column(Integer)
    y_min: Mapped[int] = mapped_column(Integer)
    x_max: Mapped[int] = mapped_column(Integer)
    y_max: Mapped[int] = mapped_column(Integer)
    # A box that does not consist of whole pixels lies within these, and has its edges besides.
    left_edge: Mapped[float | None] = mapped_column(REAL)
    upper_edge: Mapped[float | None] = mapped_column(REAL)
    right_edge: Mapped[float | None] = mapped_column(REAL)
    lower_edge: Mapped[float | None] = mapped_column(REAL)
    confidence: Mapped[float | None]
    label: Mapped[str]
    label_original: Mapped[str]

    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "submission_id"], ["submission.campaign_id", "submission.id"]),
        CheckConstraint("0 <= x_min AND x_min < x_max AND 0 <= y_min AND y_min < y_max", name="box"),
        CheckConstraint(
            "num_nulls(left_edge, upper_edge, right_edge, lower_edge) IN (0, 4)"
            " AND 0 <= left_edge AND left_edge < right_edge AND 0 <= upper_edge AND upper_edge < lower_edge",
            name="edges",
        ),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        CheckConstraint(
            "char_length(label) BETWEEN 1 AND 128 AND char_length(label_original) BETWEEN 1 AND 128",
            name="label_length",
        ),
    )
