"""Indexes for finding images by metadata, and for lists in the order of the times at which they were taken.

Revision: 0019_finding_images
Follows: 0018_statistics
"""

import sqlalchemy as sa
from alembic import op

revision = "0019_finding_images"
down_revision = "0018_statistics"
branch_labels = None
depends_on = None


def upgrade() -> None:
    earliest = sa.literal_column("coalesce(date_taken, 'infinity'::timestamptz)")
    latest = sa.literal_column("coalesce(date_taken, '-infinity'::timestamptz)")
    op.create_index("ix_image_earliest_first", "image", [earliest, "id"], unique=False)
    op.create_index("ix_image_latest_first", "image", [latest, "id"], unique=False)
    op.create_index(
        "ix_image_metadata",
        "image",
        ["metadata"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"metadata": "jsonb_path_ops"},
    )


def downgrade() -> None:
    op.drop_index("ix_image_metadata", table_name="image")
    op.drop_index("ix_image_latest_first", table_name="image")
    op.drop_index("ix_image_earliest_first", table_name="image")
