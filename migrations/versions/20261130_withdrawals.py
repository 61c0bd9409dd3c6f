"""Images can be withdrawn: their files are deleted, and their rows stay.

Revision: 0028_withdrawals
Follows: 0027_archived_campaigns
"""

import sqlalchemy as sa
from alembic import op

revision = "0028_withdrawals"
down_revision = "0027_archived_campaigns"
branch_labels = None
depends_on = None

JOBS = ("finish_image_set", "delete_dropbox", "publish_datasets", "inspect_image_set")
SUBJECTS = ("image_set", "campaign")

# As in 0006_image_counts; images that are withdrawn are not counted.
COUNT = """
CREATE OR REPLACE FUNCTION count_{name}_images() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
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
PRESENT = " WHERE date_withdrawn IS NULL"


def upgrade() -> None:
    op.add_column("image", sa.Column("date_withdrawn", sa.DateTime(timezone=True), nullable=True))
    op.add_column("image", sa.Column("withdrawn_by", sa.BigInteger(), nullable=True))
    op.add_column("image", sa.Column("withdrawal_reason", sa.Text(), nullable=True))
    op.create_foreign_key("fk_image_withdrawn_by_user", "image", "user", ["withdrawn_by"], ["id"])
    op.create_check_constraint(
        op.f("ck_image_withdrawal"), "image", "(date_withdrawn IS NULL) = (withdrawal_reason IS NULL)"
    )
    op.create_index(
        "ix_image_withdrawn", "image", ["image_set_id", "id"], postgresql_where=sa.text("date_withdrawn IS NOT NULL")
    )
    _count_images(PRESENT)
    _allow("kind", (*JOBS, "delete_image_files"))
    _allow("subject_type", (*SUBJECTS, "image"))


def downgrade() -> None:
    # The rows of withdrawn images stay, whose files are gone, and are counted again.
    op.execute("UPDATE image SET date_withdrawn = NULL, withdrawal_reason = NULL WHERE date_withdrawn IS NOT NULL")
    _count_images()
    op.execute("DELETE FROM job WHERE subject_type = 'image'")
    _allow("subject_type", SUBJECTS)
    _allow("kind", JOBS)
    for name in ("withdrawal_reason", "withdrawn_by", "date_withdrawn"):
        op.drop_column("image", name)


def _count_images(which: str = "") -> None:
    added, removed = ADDED + which, REMOVED + which
    for name, changes in (("added", added), ("removed", removed), ("moved", f"{removed} UNION ALL {added}")):
        op.execute(COUNT.format(name=name, changes=changes))


def _allow(column: str, values: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_job_{column}"), "job")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(f"ck_job_{column}"), "job", f"{column} IN ({listed})")
