"""Snapshots: selections of images with the labels that held at one moment, frozen under a name and a version."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Identity,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.database.engine import Base
from app.models.image_sets import TITLE_RULE

# Who makes a snapshot: somebody who asks for it, or the finishing of a campaign.
SNAPSHOT, CAMPAIGN = "snapshot", "campaign"
PENDING, READY = "pending", "ready"
# What an image of a snapshot is. A draft is an image that is not labeled, of which somebody keeps a draft.
DRAFT = "draft"
SNAPSHOT_STATES = ("labeled", "empty", "unusable", "unlabeled", DRAFT)
# In the order in which they lie on the line of the formula that splits.
SPLITS = ("train", "val", "test")


class Snapshot(Base):
    """One version of a name. While it is pending its job (`job_id`) makes its rows; once it is ready triggers refuse changes.

    `selection` and `split` are what was asked for, with its defaults written out. `moment` is the time at which everything that
    was selected is frozen. `counts` has the numbers of images by `states` and `splits`, and of files that were selected and are
    no images as `not_images`. `campaign_id` is the campaign whose finishing made it. A pending snapshot whose job has failed is
    a failed one.
    """

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(server_default=SNAPSHOT)
    name: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default=PENDING)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"), unique=True)
    selection: Mapped[dict[str, Any]]
    split: Mapped[dict[str, Any] | None]
    moment: Mapped[datetime | None]
    content_hash: Mapped[bytes | None]
    image_count: Mapped[int | None]
    object_count: Mapped[int | None]
    counts: Mapped[dict[str, Any] | None]
    warnings: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    date_created: Mapped[datetime] = mapped_column(server_default=func.now())
    date_ready: Mapped[datetime | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("user.id"))

    __table_args__ = (
        UniqueConstraint("kind", "name", "version"),
        CheckConstraint(
            f"kind IN {(SNAPSHOT, CAMPAIGN)} AND (kind = 'campaign') = (campaign_id IS NOT NULL)", name="kind"
        ),
        CheckConstraint(TITLE_RULE.replace("title", "name"), name="name_spelling"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(f"state IN {(PENDING, READY)}", name="state"),
        CheckConstraint("octet_length(content_hash) = 32", name="content_hash_length"),
        CheckConstraint(
            "state <> 'ready' OR num_nulls(moment, content_hash, image_count, object_count, counts, date_ready) = 0",
            name="ready",
        ),
    )


class SnapshotClass(Base):
    """One class of a snapshot. `class_id` is dense from 1, and belongs to the same name in all versions of a snapshot's name.

    One that is not `selected` is there for its number alone: boxes with this label are not in the snapshot.
    """

    __tablename__ = "snapshot_class"

    snapshot_id: Mapped[int] = mapped_column(ForeignKey("snapshot.id"), primary_key=True)
    class_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str]
    color: Mapped[str | None]
    selected: Mapped[bool]
    image_count: Mapped[int] = mapped_column(server_default=text("0"))
    object_count: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        UniqueConstraint("snapshot_id", "name"),
        CheckConstraint("class_id >= 1", name="class_id"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 128", name="name_length"),
        CheckConstraint("image_count >= 0 AND object_count >= image_count", name="counts"),
    )


class SnapshotImage(Base):
    """One image of a snapshot, with the facts of its file at that moment, and how many boxes the snapshot has on it.

    `review` is the verdict that was in force. `split` is its part, null in a snapshot without parts.

    The rows refer to what is never deleted. Foreign keys would take more time than the rows themselves, so that `flask check`
    compares them instead.
    """

    __tablename__ = "snapshot_image"

    snapshot_id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(primary_key=True)
    date_taken: Mapped[datetime | None]
    filesize: Mapped[int | None]
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    object_count: Mapped[int] = mapped_column(Integer)
    state: Mapped[str]
    review: Mapped[str | None]
    split: Mapped[str | None]
    filetype: Mapped[str | None]
    sha256: Mapped[bytes | None]

    __table_args__ = (
        CheckConstraint(f"state IN {SNAPSHOT_STATES}", name="state"),
        CheckConstraint("review IN ('accepted', 'rejected')", name="review"),
        CheckConstraint(f"split IN {SPLITS}", name="split"),
        CheckConstraint("object_count >= 0 AND (object_count > 0) = (state = 'labeled')", name="object_count"),
    )


class SnapshotLabels(Base):
    """A submission whose objects a snapshot has on an image: one for each image that is labeled, empty or unusable.

    A snapshot of the labels of all campaigns has one for each campaign. As those of `snapshot_image`, the rows have no foreign
    keys.
    """

    __tablename__ = "snapshot_labels"

    snapshot_id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int]
