"""Exports: snapshots as files of a format.

Revision: 0031_exports
Follows: 0030_snapshots
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031_exports"
down_revision = "0030_snapshots"
branch_labels = None
depends_on = None

JOBS = (
    "finish_image_set",
    "delete_dropbox",
    "publish_datasets",
    "inspect_image_set",
    "delete_image_files",
    "make_snapshot",
)
SUBJECTS = ("image_set", "campaign", "image", "snapshot")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "export",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("images", sa.Text(), nullable=False),
        sa.Column("upright", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("manifest_path", sa.Text(), nullable=True),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("image_count", sa.BigInteger(), nullable=True),
        sa.Column("object_count", sa.BigInteger(), nullable=True),
        sa.Column("losses", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("left_out", sa.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("date_created", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("date_written", TIME, nullable=True),
        sa.CheckConstraint("images IN ('none', 'files')", name=op.f("ck_export_images")),
        sa.CheckConstraint("NOT upright OR images = 'files'", name=op.f("ck_export_upright")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_export_sha256_length")),
        sa.CheckConstraint(
            "num_nulls(path, media_type, manifest_path, file_size, sha256, image_count, object_count, losses, left_out,"
            " date_written) IN (0, 10)",
            name=op.f("ck_export_written"),
        ),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshot.id"], name=op.f("fk_export_snapshot_id_snapshot")),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_export_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
        sa.UniqueConstraint(
            "snapshot_id", "format", "images", "upright", name=op.f("uq_export_snapshot_id_format_images_upright")
        ),
    )
    _allow("kind", (*JOBS, "write_export"))
    _allow("subject_type", (*SUBJECTS, "export"))


def downgrade() -> None:
    op.drop_table("export")
    op.execute("DELETE FROM job WHERE subject_type = 'export'")
    _allow("subject_type", SUBJECTS)
    _allow("kind", JOBS)


def _allow(column: str, values: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_job_{column}"), "job")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(f"ck_job_{column}"), "job", f"{column} IN ({listed})")
