"""Classes of campaigns: what their labels mean. Labels and translations that exist become classes and their aliases.

The objects are read once; nothing in them changes. Classes are in the order in which their labels were first used, and targets of
translations that no object has come last.

Revision: 0013_classes
Follows: 0012_readers
"""

import sqlalchemy as sa
from alembic import op

revision = "0013_classes"
down_revision = "0012_readers"
branch_labels = None
depends_on = None

# A campaign has no more classes than this, however many labels are in it.
USED_LABELS = """
INSERT INTO campaign_class (campaign_id, position, name)
SELECT campaign_id, position, label
FROM (
    SELECT campaign_id, label, row_number() OVER (PARTITION BY campaign_id ORDER BY first) - 1 AS position
    FROM (SELECT campaign_id, label, min(id) AS first FROM object GROUP BY campaign_id, label) AS used
) AS numbered
WHERE position < 5000
"""
TARGETS = """
INSERT INTO campaign_class (campaign_id, position, name)
SELECT campaign_id, position, name
FROM (
    SELECT target.campaign_id, name,
        (SELECT count(*) FROM campaign_class WHERE campaign_class.campaign_id = target.campaign_id)
            + row_number() OVER (PARTITION BY target.campaign_id ORDER BY name) - 1 AS position
    FROM (
        SELECT DISTINCT id AS campaign_id, value AS name
        FROM (SELECT * FROM campaign WHERE jsonb_typeof(label_translations) = 'object') AS campaign,
            jsonb_each_text(label_translations)
    ) AS target
    WHERE NOT EXISTS (
        SELECT FROM campaign_class
        WHERE campaign_class.campaign_id = target.campaign_id AND campaign_class.name = target.name)
) AS numbered
WHERE position < 5000
"""
ALIASES = """
UPDATE campaign_class SET aliases = translated.aliases
FROM (
    SELECT id AS campaign_id, value AS name, array_agg(key ORDER BY key) AS aliases
    FROM (SELECT * FROM campaign WHERE jsonb_typeof(label_translations) = 'object') AS campaign,
        jsonb_each_text(label_translations)
    WHERE key <> value
    GROUP BY id, value
) AS translated
WHERE campaign_class.campaign_id = translated.campaign_id AND campaign_class.name = translated.name
"""


def upgrade() -> None:
    op.add_column("campaign", sa.Column("strict", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("campaign", sa.Column("instructions", sa.Text(), nullable=True))
    op.create_table(
        "campaign_class",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("aliases", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("position >= 0", name="position"),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 128", name="name_length"),
        sa.CheckConstraint("color ~ '^#[0-9a-f]{6}$'", name="color"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_campaign_class_campaign_id_campaign"),
        sa.PrimaryKeyConstraint("campaign_id", "position", name="pk_campaign_class"),
        sa.UniqueConstraint("campaign_id", "name", name="uq_campaign_class_campaign_id_name"),
    )
    op.execute(USED_LABELS)
    op.execute(TARGETS)
    op.execute(ALIASES)


def downgrade() -> None:
    op.drop_table("campaign_class")
    op.drop_column("campaign", "instructions")
    op.drop_column("campaign", "strict")
