"""Two more roles: `reader`, which is bound to nothing, and `reviewer`, which is bound to a campaign.

Revision: 0012_readers
Follows: 0011_submission_images
"""

from alembic import op

revision = "0012_readers"
down_revision = "0011_submission_images"
branch_labels = None
depends_on = None

BEFORE = "(name = 'image-admin' AND campaign_id IS NULL) OR (name = 'labeler' AND campaign_id IS NOT NULL)"
AFTER = (
    "(name IN ('image-admin', 'reader') AND campaign_id IS NULL)"
    " OR (name IN ('labeler', 'reviewer') AND campaign_id IS NOT NULL)"
)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_role_bound"), "role")
    op.create_check_constraint(op.f("ck_role_bound"), "role", AFTER)


def downgrade() -> None:
    # The release before takes every role with a campaign for that of a labeler.
    op.execute("DELETE FROM role WHERE name IN ('reader', 'reviewer')")
    op.drop_constraint(op.f("ck_role_bound"), "role")
    op.create_check_constraint(op.f("ck_role_bound"), "role", BEFORE)
