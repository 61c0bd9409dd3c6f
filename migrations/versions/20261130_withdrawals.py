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
    _allow("kind", (*JOBS, "delete_image_files"))
    _allow("subject_type", (*SUBJECTS, "image"))


def downgrade() -> None:
    # The rows of withdrawn images stay, whose files are gone.
    op.execute("DELETE FROM job WHERE subject_type = 'image'")
    _allow("subject_type", SUBJECTS)
    _allow("kind", JOBS)
    for name in ("withdrawal_reason", "withdrawn_by", "date_withdrawn"):
        op.drop_column("image", name)


def _allow(column: str, values: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_job_{column}"), "job")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(f"ck_job_{column}"), "job", f"{column} IN ({listed})")
