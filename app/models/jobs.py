"""Background jobs as their callers see them; the queue's own rows are the queue library's business."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

FINISH_IMAGE_SET = "finish_image_set"
DELETE_DROPBOX = "delete_dropbox"
PUBLISH_DATASETS = "publish_datasets"
DELETE_IMAGE_FILES = "delete_image_files"
CANCELLED = "cancelled"
INSPECT_IMAGE_SET = "inspect_image_set"
MAKE_SNAPSHOT = "make_snapshot"
WRITE_EXPORT = "write_export"
IMPORT_LABELS = "import_labels"
DELETE_IMPORT_FILE = "delete_import_file"


class Job(Base):
    """A piece of background work on one subject. `run_token` is new with every run and fences off a run that was given up.

    `queue_id` is the row in the queue, which is pruned while this row is kept. `dropbox` is the container that a job deletes.
    `date_expected` is an estimate of the end, made at each checkpoint.
    """

    __tablename__ = "job"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="queued")
    done: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    run_token: Mapped[UUID | None]
    queue_id: Mapped[int | None]
    dropbox: Mapped[str | None]
    date_expected: Mapped[datetime | None]
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_started: Mapped[datetime | None]
    date_finished: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
        CheckConstraint(
            "subject_type IN ('image_set', 'campaign', 'image', 'snapshot', 'export', 'import')", name="subject_type"
        ),
        CheckConstraint(
            "kind IN ('finish_image_set', 'delete_dropbox', 'publish_datasets', 'inspect_image_set', 'delete_image_files',"
            " 'make_snapshot', 'write_export', 'import_labels', 'delete_import_file')",
            name="kind",
        ),
        Index("ix_job_subject", "subject_type", "subject_id", "kind", "id"),
        # One subject never has two runs of the same kind at once, and each of its dropboxes is deleted by one job.
        Index(
            "uq_job_unfinished",
            "kind",
            "subject_type",
            "subject_id",
            text("coalesce(dropbox, '')"),
            unique=True,
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )
