"""Problems of image sets: files that could not be taken in; how many files of each sort an ingest has found; and images that
are stored compressed.

Revision: 0007_problems
Follows: 0008_text_identity
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_problems"
down_revision = "0008_text_identity"
branch_labels = None
depends_on = None

COUNTS = ("ingested_images", "ingested_other_files", "skipped_files")


def upgrade() -> None:
    op.create_table(
        "problem",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("image_set_id", sa.BigInteger(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=True),
        sa.Column("blob_name", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("retrying", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("date_settled", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settlement", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('copy_failed', 'unreadable', 'truncated', 'duplicate', 'name_taken')", name="kind"
        ),
        sa.CheckConstraint("settlement IN ('copied', 'dropped')", name="settlement"),
        sa.CheckConstraint("(settlement IS NULL) = (date_settled IS NULL)", name="date_settled"),
        sa.ForeignKeyConstraint(["image_set_id"], ["image_set.id"], name="fk_problem_image_set_id_image_set"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_problem_image_id_image"),
        sa.PrimaryKeyConstraint("id", name="pk_problem"),
    )
    op.create_index("ix_problem_image_set_id_id", "problem", ["image_set_id", "id"])
    op.create_index(
        "uq_problem_open",
        "problem",
        ["image_set_id", sa.text("md5(blob_name)")],
        unique=True,
        postgresql_where=sa.text("settlement IS NULL"),
    )
    op.add_column("image", sa.Column("content_encoding", sa.Text(), nullable=True))
    for name in COUNTS:
        op.add_column("image_set", sa.Column(name, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in COUNTS:
        op.drop_column("image_set", name)
    op.drop_column("image", "content_encoding")
    op.drop_table("problem")
