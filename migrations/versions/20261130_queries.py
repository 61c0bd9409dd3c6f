"""Queries for images that are kept by name.

Revision: 0021_queries
Follows: 0020_reviews
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021_queries"
down_revision = "0020_reviews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "query",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", JSONB(none_as_null=True), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("date_changed", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "name ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(name) <= 53", name=op.f("ck_query_name_spelling")
        ),
        sa.ForeignKeyConstraint(["changed_by"], ["user.id"], name="fk_query_changed_by_user"),
        sa.PrimaryKeyConstraint("id", name="pk_query"),
        sa.UniqueConstraint("name", name="uq_query_name"),
    )


def downgrade() -> None:
    op.drop_table("query")
