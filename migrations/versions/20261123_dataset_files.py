"""Datasets are published as JSON Lines and MLTable, too.

Revision: 0004_dataset_files
Follows: 0003_image_filters
"""

from alembic import op

revision = "0004_dataset_files"
down_revision = "0003_image_filters"
branch_labels = None
depends_on = None

NAME = "ck_dataset_kind"


def upgrade() -> None:
    op.drop_constraint(op.f(NAME), "dataset", type_="check")
    kinds = "kind IN ('images', 'images_mltable', 'labels', 'labels_jsonl', 'labels_mltable')"
    op.create_check_constraint(op.f(NAME), "dataset", kinds)


def downgrade() -> None:
    # The files stay where they are; the older version knows nothing of them.
    op.execute("DELETE FROM dataset WHERE kind NOT IN ('images', 'labels')")
    op.drop_constraint(op.f(NAME), "dataset", type_="check")
    op.create_check_constraint(op.f(NAME), "dataset", "kind IN ('images', 'labels')")
