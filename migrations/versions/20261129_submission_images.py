"""Submissions of images: the state that each submission gave each of its images, also to those that were found empty.

Submissions say how they came about and what they replaced, images of a campaign have a state, and campaigns count the states.
A submission is dated when it is stored, which is after the campaign was locked, so that the order by time is the order by id.

The backfill reads what there is before it takes a lock that submissions wait for; then it reads the few that came meanwhile.
An image that was found empty and submitted again later has left no trace of the first time.

The release before names only images and objects. What it leaves out is added by a trigger when its transaction ends; its
submissions are known by `replaced`, which it leaves null.

Revision: 0011_submission_images
Follows: 0010_time_zones
"""

import sqlalchemy as sa
from alembic import op

revision = "0011_submission_images"
down_revision = "0010_time_zones"
branch_labels = None
depends_on = None

# What submissions hold that have no row yet.
BACKFILL = """
WITH missing AS MATERIALIZED (
    SELECT campaign_id, id FROM submission WHERE NOT EXISTS (
        SELECT FROM submission_image
        WHERE submission_image.campaign_id = submission.campaign_id AND submission_id = submission.id)
), counted AS (
    SELECT object.campaign_id, image_id, submission_id, count(*)
    FROM object JOIN missing ON missing.campaign_id = object.campaign_id AND missing.id = submission_id
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT campaign_image.campaign_id, image_id, submission_id, 0
    FROM campaign_image JOIN missing ON missing.campaign_id = campaign_image.campaign_id AND missing.id = submission_id
    WHERE NOT EXISTS (
        SELECT FROM object
        WHERE object.campaign_id = campaign_image.campaign_id AND object.submission_id = campaign_image.submission_id
            AND object.image_id = campaign_image.image_id)
)
INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count)
SELECT campaign_id, image_id, submission_id, CASE WHEN count > 0 THEN 'labeled' ELSE 'empty' END, count FROM counted
"""
STATES = """
UPDATE campaign_image SET state = submission_image.state
FROM submission_image
WHERE submission_image.campaign_id = campaign_image.campaign_id AND submission_image.image_id = campaign_image.image_id
    AND submission_image.submission_id = campaign_image.submission_id
"""
EMPTY = """
UPDATE campaign SET empty_count = counted.count
FROM (SELECT campaign_id, count(*) FROM campaign_image WHERE state = 'empty' GROUP BY campaign_id) AS counted
WHERE counted.campaign_id = campaign.id
"""
REPLACED = """
UPDATE submission SET replaced = coalesce(counted.count, 0)
FROM submission AS same LEFT JOIN (
    SELECT campaign_id, submission_id, count(*) FROM (
        SELECT campaign_id, submission_id, lag(submission_id) OVER (
            PARTITION BY campaign_id, image_id ORDER BY submission_id) AS before
        FROM submission_image) AS follower
    WHERE before IS NOT NULL GROUP BY 1, 2) AS counted
    ON counted.campaign_id = same.campaign_id AND counted.submission_id = same.id
WHERE submission.campaign_id = same.campaign_id AND submission.id = same.id
"""
RECORD = """
CREATE FUNCTION record_submission_images() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO submission_image (campaign_id, image_id, submission_id, state, object_count)
    SELECT campaign_id, image_id, submission_id, CASE WHEN count > 0 THEN 'labeled' ELSE 'empty' END, count
    FROM campaign_image CROSS JOIN LATERAL (
        SELECT count(*) FROM object
        WHERE object.campaign_id = campaign_image.campaign_id AND object.submission_id = campaign_image.submission_id
            AND object.image_id = campaign_image.image_id) AS counted
    WHERE campaign_id = NEW.campaign_id AND submission_id = NEW.id
    ON CONFLICT DO NOTHING;
    UPDATE campaign_image SET state = submission_image.state
    FROM submission_image
    WHERE campaign_image.campaign_id = NEW.campaign_id AND campaign_image.submission_id = NEW.id
        AND submission_image.campaign_id = campaign_image.campaign_id
        AND submission_image.image_id = campaign_image.image_id AND submission_image.submission_id = NEW.id;
    UPDATE submission SET replaced = (
        SELECT count(*)
        FROM campaign_image CROSS JOIN LATERAL (
            SELECT state FROM submission_image
            WHERE submission_image.campaign_id = campaign_image.campaign_id
                AND submission_image.image_id = campaign_image.image_id AND submission_image.submission_id < NEW.id
            ORDER BY submission_image.submission_id DESC LIMIT 1) AS before
        WHERE campaign_id = NEW.campaign_id AND submission_id = NEW.id AND before.state <> 'unlabeled')
    WHERE campaign_id = NEW.campaign_id AND id = NEW.id;
    UPDATE campaign SET
        empty_count = (SELECT count(*) FROM campaign_image WHERE campaign_id = NEW.campaign_id AND state = 'empty'),
        unusable_count = (SELECT count(*) FROM campaign_image WHERE campaign_id = NEW.campaign_id AND state = 'unusable')
    WHERE id = NEW.campaign_id;
    RETURN NULL;
END;
$$
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER record_submission_images AFTER INSERT ON submission DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (NEW.replaced IS NULL) EXECUTE FUNCTION record_submission_images()
"""
SUBMISSION_COLUMNS = ("tool", "note", "replaced", "unchanged", "kind", "of_submission")


def upgrade() -> None:
    op.create_table(
        "submission_image",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("object_count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('unlabeled', 'labeled', 'empty', 'unusable')", name="state"),
        sa.CheckConstraint("object_count >= 0 AND (object_count > 0) = (state = 'labeled')", name="object_count"),
        sa.CheckConstraint(
            "(reason IS NULL) = (state <> 'unusable') AND char_length(reason) BETWEEN 1 AND 200", name="reason"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "image_id", "submission_id", name="pk_submission_image"),
    )
    op.execute(BACKFILL)
    op.add_column("submission", sa.Column("tool", sa.Text(), nullable=True))
    op.add_column("submission", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("submission", sa.Column("replaced", sa.BigInteger(), nullable=True))
    op.add_column("submission", sa.Column("unchanged", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("submission", sa.Column("kind", sa.Text(), server_default="submission", nullable=False))
    op.add_column("submission", sa.Column("of_submission", sa.BigInteger(), nullable=True))
    op.alter_column("submission", "date_created", server_default=sa.text("clock_timestamp()"))
    op.create_check_constraint("kind", "submission", "kind IN ('submission', 'import', 'restore', 'relabel')")
    op.create_foreign_key(
        "fk_submission_campaign_id_of_submission_submission",
        "submission",
        "submission",
        ["campaign_id", "of_submission"],
        ["campaign_id", "id"],
    )
    op.add_column("campaign_image", sa.Column("state", sa.Text(), server_default="unlabeled", nullable=False))
    op.create_check_constraint("state", "campaign_image", "state IN ('unlabeled', 'labeled', 'empty', 'unusable')")
    for name in ("empty_count", "unusable_count"):
        op.add_column("campaign", sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.create_check_constraint(
        "states",
        "campaign",
        "empty_count >= 0 AND unusable_count >= 0 AND empty_count + unusable_count <= labeled_count",
    )
    # From here on nothing is submitted until the end of the upgrade.
    op.execute(BACKFILL)
    op.create_foreign_key(
        "fk_submission_image_campaign_id_submission_id_submission",
        "submission_image",
        "submission",
        ["campaign_id", "submission_id"],
        ["campaign_id", "id"],
    )
    op.create_foreign_key(
        "fk_submission_image_campaign_id_image_id_campaign_image",
        "submission_image",
        "campaign_image",
        ["campaign_id", "image_id"],
        ["campaign_id", "image_id"],
    )
    for statement in (STATES, EMPTY, REPLACED, RECORD, TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER record_submission_images ON submission")
    op.execute("DROP FUNCTION record_submission_images()")
    op.drop_table("submission_image")
    op.drop_constraint("states", "campaign", type_="check")
    for name in ("unusable_count", "empty_count"):
        op.drop_column("campaign", name)
    op.drop_constraint("state", "campaign_image", type_="check")
    op.drop_column("campaign_image", "state")
    op.drop_constraint("fk_submission_campaign_id_of_submission_submission", "submission", type_="foreignkey")
    op.drop_constraint("kind", "submission", type_="check")
    op.alter_column("submission", "date_created", server_default=sa.text("now()"))
    for name in SUBMISSION_COLUMNS[::-1]:
        op.drop_column("submission", name)
