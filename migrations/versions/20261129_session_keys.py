"""Session keys: short credentials of browsers, which end with the API key that they were made with.

Revision: 0015_session_keys
Follows: 0014_fractions
"""

import sqlalchemy as sa
from alembic import op

revision = "0015_session_keys"
down_revision = "0014_fractions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("date_expires", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name=op.f("ck_session_key_secret_hash_length")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name="fk_session_key_api_key_id_api_key"),
        sa.PrimaryKeyConstraint("id", name="pk_session_key"),
        sa.UniqueConstraint("key", name="uq_session_key_key"),
    )
    op.create_index("ix_session_key_api_key_id", "session_key", ["api_key_id"])


def downgrade() -> None:
    op.drop_table("session_key")
