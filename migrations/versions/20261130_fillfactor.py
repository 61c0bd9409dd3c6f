"""Pages of campaign_image that are filled halfway, so that a row's next version fits beside it and no index gets an entry for it.

Only pages that are filled from now on are so.

Revision: 0025_fillfactor
Follows: 0024_membership
"""

from alembic import op

revision = "0025_fillfactor"
down_revision = "0024_membership"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE campaign_image SET (fillfactor = 50)")


def downgrade() -> None:
    op.execute("ALTER TABLE campaign_image RESET (fillfactor)")
