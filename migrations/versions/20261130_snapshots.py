"""Snapshots: versions of a name that freeze images, the submissions that hold their labels, classes, and a split.

Triggers refuse every change of a snapshot that is ready, and of its rows.

Revision: 0030_snapshots
Follows: 0029_membership_plans
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030_snapshots"
down_revision = "0029_membership_plans"
branch_labels = None
depends_on = None

JOBS = ("finish_image_set", "delete_dropbox", "publish_datasets", "inspect_image_set", "delete_image_files")
SUBJECTS = ("image_set", "campaign", "image")
ROWS = ("snapshot_class", "snapshot_image", "snapshot_labels")

REFUSE = """
CREATE FUNCTION refuse_snapshot_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Snapshot % is ready: neither it nor its rows are changed or deleted.', OLD.id
        USING ERRCODE = 'insufficient_privilege';
END;
$$
"""
REFUSE_ROWS = """
CREATE FUNCTION refuse_snapshot_rows() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE ready bigint;
BEGIN
    SELECT id INTO ready FROM snapshot
    WHERE state = 'ready' AND id IN (SELECT DISTINCT snapshot_id FROM changed) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Snapshot % is ready: its rows are neither added nor changed nor deleted.', ready
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END;
$$
"""
TRIGGER = """
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON snapshot FOR EACH ROW WHEN (OLD.state = 'ready')
EXECUTE FUNCTION refuse_snapshot_change()
"""
ROW_TRIGGER = """
CREATE TRIGGER immutable_{name} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION refuse_snapshot_rows()
"""
EVENTS = {"insert": "NEW", "update": "OLD", "delete": "OLD"}


def upgrade() -> None:
    op.create_table(
        "snapshot",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), server_default="snapshot", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("selection", JSONB(none_as_null=True), nullable=False),
        sa.Column("split", JSONB(none_as_null=True), nullable=True),
        sa.Column("moment", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.Column("image_count", sa.BigInteger(), nullable=True),
        sa.Column("object_count", sa.BigInteger(), nullable=True),
        sa.Column("counts", JSONB(none_as_null=True), nullable=True),
        sa.Column("warnings", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("date_ready", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('snapshot', 'campaign') AND (kind = 'campaign') = (campaign_id IS NOT NULL)",
            name=op.f("ck_snapshot_kind"),
        ),
        sa.CheckConstraint(
            "name ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(name) <= 53", name=op.f("ck_snapshot_name_spelling")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_snapshot_version")),
        sa.CheckConstraint("state IN ('pending', 'ready')", name=op.f("ck_snapshot_state")),
        sa.CheckConstraint("octet_length(content_hash) = 32", name=op.f("ck_snapshot_content_hash_length")),
        sa.CheckConstraint(
            "state <> 'ready' OR num_nulls(moment, content_hash, image_count, object_count, counts, date_ready) = 0",
            name=op.f("ck_snapshot_ready"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_snapshot_campaign_id_campaign"),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_snapshot_job_id_job"),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name="fk_snapshot_created_by_user"),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot"),
        sa.UniqueConstraint("kind", "name", "version", name="uq_snapshot_kind_name_version"),
        sa.UniqueConstraint("job_id", name="uq_snapshot_job_id"),
    )
    op.create_table(
        "snapshot_class",
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("selected", sa.Boolean(), nullable=False),
        sa.Column("image_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("object_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("class_id >= 1", name=op.f("ck_snapshot_class_class_id")),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 128", name=op.f("ck_snapshot_class_name_length")),
        sa.CheckConstraint("image_count >= 0 AND object_count >= image_count", name=op.f("ck_snapshot_class_counts")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name="fk_snapshot_class_snapshot_id_snapshot"),
        sa.PrimaryKeyConstraint("snapshot_id", "class_id", name="pk_snapshot_class"),
        sa.UniqueConstraint("snapshot_id", "name", name="uq_snapshot_class_snapshot_id_name"),
    )
    op.create_table(
        "snapshot_image",
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("date_taken", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filesize", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("object_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("review", sa.Text(), nullable=True),
        sa.Column("split", sa.Text(), nullable=True),
        sa.Column("filetype", sa.Text(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "state IN ('labeled', 'empty', 'unusable', 'unlabeled', 'draft')", name=op.f("ck_snapshot_image_state")
        ),
        sa.CheckConstraint("review IN ('accepted', 'rejected')", name=op.f("ck_snapshot_image_review")),
        sa.CheckConstraint("split IN ('train', 'val', 'test')", name=op.f("ck_snapshot_image_split")),
        sa.CheckConstraint(
            "object_count >= 0 AND (object_count > 0) = (state = 'labeled')",
            name=op.f("ck_snapshot_image_object_count"),
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "image_id", name="pk_snapshot_image"),
    )
    op.create_table(
        "snapshot_labels",
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", "image_id", "campaign_id", name="pk_snapshot_labels"),
    )
    op.execute(REFUSE)
    op.execute(REFUSE_ROWS)
    op.execute(TRIGGER)
    for table in ROWS:
        for event, rows in EVENTS.items():
            op.execute(ROW_TRIGGER.format(name=event, event=event.upper(), table=table, rows=rows))
    _allow("kind", (*JOBS, "make_snapshot"))
    _allow("subject_type", (*SUBJECTS, "snapshot"))


def downgrade() -> None:
    for table in (*ROWS[::-1], "snapshot"):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_snapshot_change()")
    op.execute("DROP FUNCTION refuse_snapshot_rows()")
    op.execute("DELETE FROM job WHERE subject_type = 'snapshot'")
    _allow("subject_type", SUBJECTS)
    _allow("kind", JOBS)


def _allow(column: str, values: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_job_{column}"), "job")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(f"ck_job_{column}"), "job", f"{column} IN ({listed})")
