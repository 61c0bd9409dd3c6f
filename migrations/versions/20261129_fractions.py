"""Boxes with fractions of pixels: exact edges beside the whole pixels around a box; and an index that finds a submission by its id.

The release before reads the whole pixels. Boxes that consist of whole pixels, as all that are there, have no edges of their own, so
that no row is written.

Revision: 0014_fractions
Follows: 0013_classes
"""

import sqlalchemy as sa
from alembic import op

revision = "0014_fractions"
down_revision = "0013_classes"
branch_labels = None
depends_on = None

EDGES = ("left_edge", "upper_edge", "right_edge", "lower_edge")
RULE = (
    "num_nulls(left_edge, upper_edge, right_edge, lower_edge) IN (0, 4)"
    " AND 0 <= left_edge AND left_edge < right_edge AND 0 <= upper_edge AND upper_edge < lower_edge"
)


def upgrade() -> None:
    for name in EDGES:
        op.add_column("object", sa.Column(name, sa.REAL(), nullable=True))
    op.create_check_constraint("edges", "object", RULE)
    op.create_index("ix_submission_id", "submission", ["id"])


def downgrade() -> None:
    """Without their edges boxes become the whole pixels around them."""
    op.drop_index("ix_submission_id", "submission")
    op.drop_constraint("edges", "object", type_="check")
    for name in EDGES[::-1]:
        op.drop_column("object", name)
