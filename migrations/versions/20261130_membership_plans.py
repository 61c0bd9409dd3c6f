"""Membership of many images is recorded in proportion to them: the triggers plan for the rows of each statement.

PL/pgSQL keeps the plan of a statement that it has run once. One that was made for the first few images of a new installation
would compare all images of a large campaign with each other.

Revision: 0029_membership_plans
Follows: 0028_withdrawals
"""

from alembic import op

revision = "0029_membership_plans"
down_revision = "0028_withdrawals"
branch_labels = None
depends_on = None

JOIN = """
CREATE OR REPLACE FUNCTION record_joined_images() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    joined bigint;
BEGIN
    FOR joined IN SELECT DISTINCT campaign_id FROM joined_image LOOP
        INSERT INTO campaign_membership (campaign_id, image_id, date_joined, joined_after)
        SELECT campaign_id, image_id, moment, (
            SELECT coalesce(max(id), 0) FROM submission WHERE submission.campaign_id = joined)
        FROM joined_image WHERE joined_image.campaign_id = joined;
    END LOOP;
    RETURN NULL;
END;
$$
"""
# With a campaign that the planner knows, it would look through all of its spans for each image.
LEAVE = """
CREATE OR REPLACE FUNCTION record_left_images() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT SET enable_seqscan = off AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    leaving bigint;
BEGIN
    FOR leaving IN SELECT DISTINCT campaign_id FROM left_image LOOP
        EXECUTE 'UPDATE campaign_membership SET date_left = $1, left_after = (
                SELECT coalesce(max(id), 0) FROM submission WHERE submission.campaign_id = $2)
            FROM left_image
            WHERE campaign_membership.campaign_id = left_image.campaign_id
                AND campaign_membership.image_id = left_image.image_id
                AND left_image.campaign_id + 0 = $2 AND date_left IS NULL'
        USING moment, leaving;
    END LOOP;
    RETURN NULL;
END;
$$
"""


def upgrade() -> None:
    op.execute(JOIN)
    op.execute(LEAVE)


def downgrade() -> None:
    """The functions do the same as before."""
