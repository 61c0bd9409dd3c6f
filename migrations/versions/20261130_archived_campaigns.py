"""Campaigns can be archived, and can take late corrections.

Revision: 0027_archived_campaigns
Follows: 0026_dropboxes
"""

import sqlalchemy as sa
from alembic import op

revision = "0027_archived_campaigns"
down_revision = "0026_dropboxes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("archived", "late_corrections"):
        op.add_column("campaign", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    for name in ("late_corrections", "archived"):
        op.drop_column("campaign", name)
