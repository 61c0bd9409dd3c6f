"""Imports: label files that are sent to campaigns.

Revision: 0032_imports
Follows: 0031_exports
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032_imports"
down_revision = "0031_exports"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JOBS = (
    "finish_image_set",
    "delete_dropbox",
    "publish_datasets",
    "inspect_image_set",
    "delete_image_files",
    "make_snapshot",
    "write_export",
)
SUBJECTS = ("image_set", "campaign", "image", "snapshot", "export")


def upgrade() -> None:
    op.create_table(
        "import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("tool", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("on_invalid", sa.Text(), nullable=False),
        sa.Column("origin", sa.Integer(), nullable=True),
        sa.Column("skip_unknown", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ignore_size", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("date_upload_expires", TIME, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("submission_id", sa.BigInteger(), nullable=True),
        sa.Column("counts", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("problems", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("date_created", TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("date_finished", TIME, nullable=True),
        sa.CheckConstraint("mode IN ('replace', 'append')", name=op.f("ck_import_mode")),
        sa.CheckConstraint("match IN ('auto', 'id', 'path', 'name')", name=op.f("ck_import_match")),
        sa.CheckConstraint("on_invalid IN ('reject', 'clip')", name=op.f("ck_import_on_invalid")),
        sa.CheckConstraint("origin IN (0, 1)", name=op.f("ck_import_origin")),
        sa.CheckConstraint("outcome IN ('succeeded', 'failed')", name=op.f("ck_import_outcome")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (date_finished IS NULL) AND (outcome IS NULL) = (problems IS NULL)"
            " AND (outcome IS NULL) = (counts IS NULL)",
            name=op.f("ck_import_finished"),
        ),
        sa.CheckConstraint(
            "submission_id IS NULL OR outcome = 'succeeded' AND NOT dry_run", name=op.f("ck_import_submission")
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_import_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_import_user_id_user")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name=op.f("fk_import_api_key_id_api_key")),
        sa.ForeignKeyConstraint(
            ["campaign_id", "submission_id"],
            ["submission.campaign_id", "submission.id"],
            name=op.f("fk_import_campaign_id_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import")),
    )
    op.create_index("ix_import_campaign_id_id", "import", ["campaign_id", "id"])
    _allow("kind", (*JOBS, "import_labels", "delete_import_file"))
    _allow("subject_type", (*SUBJECTS, "import"))


def downgrade() -> None:
    op.drop_table("import")
    op.execute("DELETE FROM job WHERE subject_type = 'import'")
    _allow("subject_type", SUBJECTS)
    _allow("kind", JOBS)


def _allow(column: str, values: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_job_{column}"), "job")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(f"ck_job_{column}"), "job", f"{column} IN ({listed})")
