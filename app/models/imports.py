"""Imports: label files that somebody sends to a campaign, and what became of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Identity, Index, Integer, false, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base

REPLACE, APPEND = "replace", "append"
SUCCEEDED, FAILED = "succeeded", "failed"
# Below this folder of the main container lie the files that wait for their import.
FOLDER = "label_imports"


class Import(Base):
    """One label file, who sent it, and how it is to be read. `path` in the main container is where the file lies until the end.

    `outcome` is null until the file was looked through; then `counts` and `problems` are as in the answer. A file that was
    refused has the outcome `failed`, although its job succeeded: nothing is left to do for an operator. `date_upload_expires`
    is set where the sender uploads the file with a link.
    """

    __tablename__ = "import"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"))
    request_id: Mapped[str | None]
    tool: Mapped[str | None]
    note: Mapped[str | None]
    format: Mapped[str]
    mode: Mapped[str]
    match: Mapped[str]
    on_invalid: Mapped[str]
    origin: Mapped[int | None] = mapped_column(Integer)
    skip_unknown: Mapped[bool] = mapped_column(server_default=false())
    ignore_size: Mapped[bool] = mapped_column(server_default=false())
    dry_run: Mapped[bool] = mapped_column(server_default=false())
    path: Mapped[str]
    date_upload_expires: Mapped[datetime | None]
    outcome: Mapped[str | None]
    error: Mapped[str | None]
    submission_id: Mapped[int | None]
    counts: Mapped[dict[str, Any] | None]
    problems: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_finished: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "submission_id"], ["submission.campaign_id", "submission.id"]),
        CheckConstraint("mode IN ('replace', 'append')", name="mode"),
        CheckConstraint("match IN ('auto', 'id', 'path', 'name')", name="match"),
        CheckConstraint("on_invalid IN ('reject', 'clip')", name="on_invalid"),
        CheckConstraint("origin IN (0, 1)", name="origin"),
        CheckConstraint("outcome IN ('succeeded', 'failed')", name="outcome"),
        CheckConstraint(
            "(outcome IS NULL) = (date_finished IS NULL) AND (outcome IS NULL) = (problems IS NULL)"
            " AND (outcome IS NULL) = (counts IS NULL)",
            name="finished",
        ),
        CheckConstraint("submission_id IS NULL OR outcome = 'succeeded' AND NOT dry_run", name="submission"),
        Index("ix_import_campaign_id_id", "campaign_id", "id"),
    )
