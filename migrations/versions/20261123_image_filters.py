"""Indexes for the filters of image lists.

Revision: 0003_image_filters
Follows: 0002_idempotency_keys
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_image_filters"
down_revision = "0002_idempotency_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_image_type_id", "image", ["type", "id"], unique=False)
    op.create_index("ix_image_filetype_id", "image", ["filetype", "id"], unique=False)
    op.create_index("ix_image_date_taken", "image", ["date_taken"], unique=False)
    op.create_index(
        "ix_image_place", "image", [sa.literal_column("point(lon, lat)")], unique=False, postgresql_using="gist"
    )


def downgrade() -> None:
    op.drop_index("ix_image_place", table_name="image")
    op.drop_index("ix_image_date_taken", table_name="image")
    op.drop_index("ix_image_filetype_id", table_name="image")
    op.drop_index("ix_image_type_id", table_name="image")
