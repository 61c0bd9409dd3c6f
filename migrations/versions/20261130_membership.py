"""Membership: when each image came into a campaign and when it left, so that an image can leave and keep its history.

`campaign_image` holds the images that are in a campaign now; triggers on it record who came and who left, also for the release
before. A time is taken while the campaign is locked, and beside it stands the newest submission of that moment, so that
membership has the same order as submissions.

Objects and submissions stay when their image leaves, and no longer refer to its row.

Until now images came only before the first submission. The day on which they came was not kept: it is that of the campaign, or
of the image where that is newer.

Revision: 0024_membership
Follows: 0023_times_by_hand
"""

import sqlalchemy as sa
from alembic import op

revision = "0024_membership"
down_revision = "0023_times_by_hand"
branch_labels = None
depends_on = None

BACKFILL = """
INSERT INTO campaign_membership (campaign_id, image_id, date_joined, joined_after)
SELECT campaign_id, image_id, greatest(campaign.date_created, image.date_created), 0
FROM campaign_image JOIN campaign ON campaign.id = campaign_id JOIN image ON image.id = image_id
WHERE NOT EXISTS (
    SELECT FROM campaign_membership AS kept
    WHERE kept.campaign_id = campaign_image.campaign_id AND kept.image_id = campaign_image.image_id)
"""
JOIN = """
CREATE FUNCTION record_joined_images() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE moment timestamptz := clock_timestamp();
BEGIN
    INSERT INTO campaign_membership (campaign_id, image_id, date_joined, joined_after)
    SELECT campaign_id, image_id, moment, newest.id
    FROM joined_image JOIN (
        SELECT campaign_id, coalesce((
            SELECT max(id) FROM submission WHERE submission.campaign_id = named.campaign_id), 0) AS id
        FROM (SELECT DISTINCT campaign_id FROM joined_image) AS named) AS newest USING (campaign_id);
    RETURN NULL;
END;
$$
"""
LEAVE = """
CREATE FUNCTION record_left_images() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE moment timestamptz := clock_timestamp();
BEGIN
    UPDATE campaign_membership SET date_left = moment, left_after = newest.id
    FROM left_image JOIN (
        SELECT campaign_id, coalesce((
            SELECT max(id) FROM submission WHERE submission.campaign_id = named.campaign_id), 0) AS id
        FROM (SELECT DISTINCT campaign_id FROM left_image) AS named) AS newest USING (campaign_id)
    WHERE campaign_membership.campaign_id = left_image.campaign_id
        AND campaign_membership.image_id = left_image.image_id AND date_left IS NULL;
    RETURN NULL;
END;
$$
"""
TRIGGERS = (
    "CREATE TRIGGER record_joined AFTER INSERT ON campaign_image REFERENCING NEW TABLE AS joined_image"
    " FOR EACH STATEMENT EXECUTE FUNCTION record_joined_images()",
    "CREATE TRIGGER record_left AFTER DELETE ON campaign_image REFERENCING OLD TABLE AS left_image"
    " FOR EACH STATEMENT EXECUTE FUNCTION record_left_images()",
)
# What the release before cannot do without: an image with objects is in its campaign.
BRING_BACK = """
INSERT INTO campaign_image (campaign_id, image_id, submission_id, state)
SELECT campaign_id, image_id, CASE WHEN state <> 'unlabeled' THEN submission_id END, state
FROM (
    SELECT DISTINCT ON (campaign_id, image_id) campaign_id, image_id, submission_id, state FROM submission_image
    ORDER BY campaign_id, image_id, submission_id DESC) AS newest
ON CONFLICT DO NOTHING
"""
COUNT_AGAIN = """
UPDATE campaign SET image_count = images, labeled_count = labeled, empty_count = empty, unusable_count = unusable
FROM (
    SELECT campaign_id, count(*) AS images, count(submission_id) AS labeled, count(*) FILTER (WHERE state = 'empty') AS empty,
        count(*) FILTER (WHERE state = 'unusable') AS unusable
    FROM campaign_image GROUP BY campaign_id) AS counted
WHERE campaign.id = campaign_id AND image_count <> images
"""


def upgrade() -> None:
    op.create_table(
        "campaign_membership",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("date_joined", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_after", sa.BigInteger(), nullable=False),
        sa.Column("date_left", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_after", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(date_left IS NULL) = (left_after IS NULL) AND left_after >= joined_after", name="left"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_campaign_membership_campaign_id_campaign"),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_campaign_membership_image_id_image"),
        sa.PrimaryKeyConstraint("campaign_id", "image_id", "date_joined", name="pk_campaign_membership"),
    )
    op.execute(BACKFILL)
    op.execute(JOIN)
    op.execute(LEAVE)
    for trigger in TRIGGERS:
        op.execute(trigger)
    # The images that came between the first look and the triggers.
    op.execute(BACKFILL)
    op.create_index("ix_campaign_membership_image_id_campaign_id", "campaign_membership", ["image_id", "campaign_id"])
    op.create_index(
        "ix_campaign_membership_joined",
        "campaign_membership",
        ["campaign_id", "joined_after", "date_joined"],
        postgresql_where=sa.text("joined_after > 0"),
    )
    op.create_index(
        "ix_campaign_membership_left",
        "campaign_membership",
        ["campaign_id", "left_after", "date_left"],
        postgresql_where=sa.text("date_left IS NOT NULL"),
    )
    op.drop_constraint("fk_object_campaign_id_image_id_campaign_image", "object", type_="foreignkey")
    op.drop_constraint(
        "fk_submission_image_campaign_id_image_id_campaign_image", "submission_image", type_="foreignkey"
    )
    op.create_foreign_key("fk_submission_image_image_id_image", "submission_image", "image", ["image_id"], ["id"])


def downgrade() -> None:
    for name, event in (("joined", "joined_images"), ("left", "left_images")):
        op.execute(f"DROP TRIGGER record_{name} ON campaign_image")
        op.execute(f"DROP FUNCTION record_{event}()")
    op.drop_table("campaign_membership")
    op.execute(BRING_BACK)
    op.execute(COUNT_AGAIN)
    op.drop_constraint("fk_submission_image_image_id_image", "submission_image", type_="foreignkey")
    for table in ("submission_image", "object"):
        op.create_foreign_key(
            f"fk_{table}_campaign_id_image_id_campaign_image",
            table,
            "campaign_image",
            ["campaign_id", "image_id"],
            ["campaign_id", "image_id"],
        )
