"""Counts of campaigns that are kept, so that statistics need not count everything each time. Workers fill the table.

Revision: 0018_statistics
Follows: 0017_drafts
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018_statistics"
down_revision = "0017_drafts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign_statistics",
        sa.Column("campaign_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("counts", JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_campaign_statistics_campaign_id_campaign"),
        sa.ForeignKeyConstraint(
            ["campaign_id", "submission_id"],
            ["submission.campaign_id", "submission.id"],
            name="fk_campaign_statistics_campaign_id_submission_id_submission",
        ),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_campaign_statistics"),
    )


def downgrade() -> None:
    op.drop_table("campaign_statistics")
