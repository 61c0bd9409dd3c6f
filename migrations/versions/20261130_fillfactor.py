"""Pages of campaign_image that are filled halfway, so that a row's next version fits beside it and no index gets an entry for it.

Only pages that are filled from now on are so.

Revision: 0022_fillfactor
Follows: 0021_queries
"""

from alembic import op

revision = "0022_fillfactor"
down_revision = "0021_queries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE campaign_image SET (fillfactor = 50)")


def downgrade() -> None:
    op.execute("ALTER TABLE campaign_image RESET (fillfactor)")
