"""Time zones of image sets, and where the offset of each image's time comes from.

Revision: 0010_time_zones
Follows: 0007_problems
"""

import sqlalchemy as sa
from alembic import op

revision = "0010_time_zones"
down_revision = "0007_problems"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("image_set", sa.Column("timezone", sa.Text(), nullable=True))
    # Of images that are there already nobody knows it, unless their files are read again: null.
    op.add_column("image", sa.Column("date_taken_source", sa.Text(), nullable=True))
    op.create_check_constraint(
        "date_taken_source", "image", "date_taken_source IN ('offset', 'set', 'gps', 'assumed-utc')"
    )


def downgrade() -> None:
    op.drop_constraint("date_taken_source", "image", type_="check")
    op.drop_column("image", "date_taken_source")
    op.drop_column("image_set", "timezone")
