"""An append-only table says who changed users, roles, keys, upload links and statuses.

Revision: 0009_audit
Follows: 0006_image_counts
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009_audit"
down_revision = "0006_image_counts"
branch_labels = None
depends_on = None

REFUSE = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The table audit is append-only: its rows are neither changed nor deleted.'
        USING ERRCODE = 'insufficient_privilege';
END;
$$
"""
TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
"""


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("api_key_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("os_user", sa.Text(), nullable=True),
        sa.Column("details", JSONB(none_as_null=True), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_audit_user_id_user"),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name="fk_audit_api_key_id_api_key"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_date_created", "audit", ["date_created"])
    op.create_index("ix_audit_user_id_id", "audit", ["user_id", "id"])
    op.create_index("ix_audit_action_id", "audit", ["action", "id"])
    op.create_index("ix_audit_subject", "audit", ["subject_type", "subject_id", "id"])
    op.execute(REFUSE)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.drop_table("audit")
    op.execute("DROP FUNCTION refuse_audit_change()")
