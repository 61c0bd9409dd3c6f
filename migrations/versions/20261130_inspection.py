"""Inspection of images: their hashes, whether they can be decoded, and the problems that this shows.

Revision: 0022_inspection
Follows: 0021_queries
"""

import sqlalchemy as sa
from alembic import op

revision = "0022_inspection"
down_revision = "0021_queries"
branch_labels = None
depends_on = None

SHIFTS = (0, 16, 32, 48)
JOBS = ("finish_image_set", "delete_dropbox", "publish_datasets")
SETTLEMENTS = ("copied", "dropped")


def upgrade() -> None:
    op.add_column("image", sa.Column("sha256", sa.LargeBinary(), nullable=True))
    op.add_column("image", sa.Column("dhash", sa.BigInteger(), nullable=True))
    op.add_column("image", sa.Column("date_inspected", sa.DateTime(timezone=True), nullable=True))
    op.add_column("image", sa.Column("problem", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_image_problem"), "image", "problem IN ('unreadable', 'truncated', 'duplicate')")
    op.create_index("ix_image_sha256_id", "image", ["sha256", "id"], postgresql_where=sa.text("sha256 IS NOT NULL"))
    for shift in SHIFTS:
        part = sa.text(f"((dhash >> {shift}) & 65535)")
        op.create_index(f"ix_image_dhash_{shift}", "image", [part], postgresql_where=sa.text("dhash IS NOT NULL"))
    op.create_index(
        "ix_image_uninspected", "image", ["image_set_id", "id"], postgresql_where=sa.text("date_inspected IS NULL")
    )
    op.add_column("image_set", sa.Column("duplicate_images", sa.BigInteger(), nullable=True))
    op.add_column("problem", sa.Column("stage", sa.Text(), server_default="ingest", nullable=False))
    op.create_check_constraint(op.f("ck_problem_stage"), "problem", "stage IN ('ingest', 'inspection')")
    _allow("problem", "settlement", (*SETTLEMENTS, "inspected"))
    _allow("job", "kind", (*JOBS, "inspect_image_set"))


def downgrade() -> None:
    op.execute("DELETE FROM problem WHERE stage = 'inspection'")
    op.execute("DELETE FROM job WHERE kind = 'inspect_image_set'")
    _allow("job", "kind", JOBS)
    _allow("problem", "settlement", SETTLEMENTS)
    op.drop_column("problem", "stage")
    op.drop_column("image_set", "duplicate_images")
    for name in ("problem", "date_inspected", "dhash", "sha256"):
        op.drop_column("image", name)


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{column}"), table)
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(op.f(f"ck_{table}_{column}"), table, f"{column} IN ({listed})")
