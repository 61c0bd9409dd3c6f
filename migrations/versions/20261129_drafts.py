"""Drafts: labels that a user keeps for an image before it submits them.

Revision: 0017_drafts
Follows: 0016_models
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017_drafts"
down_revision = "0016_models"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text(), none_as_null=True), nullable=False),
        sa.Column("date_changed", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id", "image_id"],
            ["campaign_image.campaign_id", "campaign_image.image_id"],
            name="fk_draft_campaign_id_image_id_campaign_image",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_draft_user_id_user"),
        sa.PrimaryKeyConstraint("campaign_id", "image_id", "user_id", name="pk_draft"),
    )


def downgrade() -> None:
    op.drop_table("draft")
