"""Campaigns that hold what a model found, and campaigns that show this as suggestions.

Revision: 0016_models
Follows: 0015_session_keys
"""

import sqlalchemy as sa
from alembic import op

revision = "0016_models"
down_revision = "0015_session_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("kind", sa.Text(), server_default="people", nullable=False))
    for name in ("model", "version"):
        op.add_column("campaign", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("campaign", sa.Column("prelabels_from", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_campaign_prelabels_from_campaign", "campaign", "campaign", ["prelabels_from"], ["id"])
    op.create_check_constraint(
        "kind",
        "campaign",
        "kind IN ('people', 'model') AND (kind = 'model') = (model IS NOT NULL) AND (kind = 'model') = (version IS NOT NULL)",
    )


def downgrade() -> None:
    """Campaigns of models stay, as campaigns like others."""
    op.drop_constraint("kind", "campaign", type_="check")
    op.drop_constraint("fk_campaign_prelabels_from_campaign", "campaign", type_="foreignkey")
    for name in ("prelabels_from", "version", "model", "kind"):
        op.drop_column("campaign", name)
