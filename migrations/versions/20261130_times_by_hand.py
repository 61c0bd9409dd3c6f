"""Times at which images were taken may be set by hand.

Revision: 0023_times_by_hand
Follows: 0022_inspection
"""

from alembic import op

revision = "0023_times_by_hand"
down_revision = "0022_inspection"
branch_labels = None
depends_on = None

BEFORE = "date_taken_source IN ('offset', 'set', 'gps', 'assumed-utc')"
AFTER = "date_taken_source IN ('offset', 'set', 'gps', 'assumed-utc', 'manual')"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_image_date_taken_source"), "image")
    op.create_check_constraint(op.f("ck_image_date_taken_source"), "image", AFTER)


def downgrade() -> None:
    # The release before knows of no such source; the time stays.
    op.execute("UPDATE image SET date_taken_source = NULL WHERE date_taken_source = 'manual'")
    op.drop_constraint(op.f("ck_image_date_taken_source"), "image")
    op.create_check_constraint(op.f("ck_image_date_taken_source"), "image", BEFORE)
