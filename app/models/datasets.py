"""What was published of a finished campaign."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

IMAGES = "images"
IMAGES_MLTABLE = "images_mltable"
LABELS = "labels"
LABELS_JSONL = "labels_jsonl"
LABELS_MLTABLE = "labels_mltable"
# The media types of published files, by their kind.
MEDIA_TYPES = {
    IMAGES_MLTABLE: "application/yaml",
    LABELS: "text/csv; charset=utf-8",
    LABELS_JSONL: "application/jsonl",
    LABELS_MLTABLE: "application/yaml",
    IMAGES: "application/json",
}


class Dataset(Base):
    """One published file in the main container: its path within it, bytes, SHA-256 and counts, and its registration.

    `version` is this service's own count per name; `registered_version` is what Azure ML gave.
    """

    __tablename__ = "dataset"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    kind: Mapped[str]
    name: Mapped[str]
    version: Mapped[int]
    path: Mapped[str]
    file_size: Mapped[int]
    sha256: Mapped[bytes]
    image_count: Mapped[int]
    object_count: Mapped[int]
    registration: Mapped[str]
    registered_version: Mapped[str | None]
    error: Mapped[str | None]
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("name", "version"),
        UniqueConstraint("job_id", "kind"),
        CheckConstraint(
            "kind IN ('images', 'images_mltable', 'labels', 'labels_jsonl', 'labels_mltable')", name="kind"
        ),
        CheckConstraint("registration IN ('off', 'pending', 'registered', 'failed')", name="registration"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256_length"),
    )
