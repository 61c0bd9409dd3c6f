"""Counts of images by set, kept by triggers, so that the total of a list need not be counted.

Revision: 0006_image_counts
Follows: 0005_schema_channel
"""

import sqlalchemy as sa
from alembic import op

revision = "0006_image_counts"
down_revision = "0005_schema_channel"
branch_labels = None
depends_on = None

# Rows are taken in the order of their sets, so that two transactions do not wait for each other.
COUNT = """
CREATE FUNCTION count_{name}_images() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO image_count (image_set_id, count)
    SELECT coalesce(image_set_id, 0), sum(change) FROM ({changes}) AS changed
    GROUP BY 1 HAVING sum(change) <> 0 ORDER BY 1
    ON CONFLICT (image_set_id) DO UPDATE SET count = image_count.count + excluded.count;
    RETURN NULL;
END;
$$
"""
ADDED, REMOVED = "SELECT image_set_id, 1 AS change FROM new_image", "SELECT image_set_id, -1 AS change FROM old_image"
TRIGGER = """
CREATE TRIGGER count_{name} AFTER {event} ON image REFERENCING {tables} FOR EACH STATEMENT
EXECUTE FUNCTION count_{name}_images()
"""
TRIGGERS = {
    "added": ("INSERT", "NEW TABLE AS new_image", ADDED),
    "removed": ("DELETE", "OLD TABLE AS old_image", REMOVED),
    "moved": ("UPDATE", "OLD TABLE AS old_image NEW TABLE AS new_image", f"{REMOVED} UNION ALL {ADDED}"),
}


def upgrade() -> None:
    op.create_table(
        "image_count",
        sa.Column("image_set_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("image_set_id", name="pk_image_count"),
    )
    # No image may come or go between the count and the triggers.
    op.execute("LOCK TABLE image IN SHARE ROW EXCLUSIVE MODE")
    op.execute("INSERT INTO image_count SELECT coalesce(image_set_id, 0), count(*) FROM image GROUP BY 1")
    for name, (event, tables, changes) in TRIGGERS.items():
        op.execute(COUNT.format(name=name, changes=changes))
        op.execute(TRIGGER.format(name=name, event=event, tables=tables))


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER count_{name} ON image")
        op.execute(f"DROP FUNCTION count_{name}_images()")
    op.drop_table("image_count")
