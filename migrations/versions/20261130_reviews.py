"""Reviews: verdicts on what submissions made of images. A campaign counts the verdicts in force, and its images point at them.

The release before does not end a verdict when it stores another content; `flask check --repair` does.

Revision: 0020_reviews
Follows: 0019_finding_images
"""

import sqlalchemy as sa
from alembic import op

revision = "0020_reviews"
down_revision = "0019_finding_images"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column(
            "date_created", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("verdict IN ('accepted', 'rejected')", name="verdict"),
        sa.CheckConstraint("char_length(comment) <= 1000", name="comment"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_review_campaign_id_campaign"),
        sa.ForeignKeyConstraint(
            ["campaign_id", "image_id", "submission_id"],
            ["submission_image.campaign_id", "submission_image.image_id", "submission_image.submission_id"],
            name="fk_review_campaign_id_image_id_submission_id_submission_image",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_review_user_id_user"),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name="fk_review_api_key_id_api_key"),
        sa.PrimaryKeyConstraint("campaign_id", "id", name="pk_review"),
    )
    op.create_index("ix_review_campaign_id_image_id_id", "review", ["campaign_id", "image_id", "id"])
    for name in ("accepted_count", "rejected_count"):
        op.add_column("campaign", sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.create_check_constraint("reviews", "campaign", "accepted_count >= 0 AND rejected_count >= 0")
    op.add_column("campaign_image", sa.Column("review_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_campaign_image_campaign_id_review_id_review",
        "campaign_image",
        "review",
        ["campaign_id", "review_id"],
        ["campaign_id", "id"],
    )


def downgrade() -> None:
    op.drop_constraint("fk_campaign_image_campaign_id_review_id_review", "campaign_image", type_="foreignkey")
    op.drop_column("campaign_image", "review_id")
    op.drop_constraint("reviews", "campaign", type_="check")
    for name in ("rejected_count", "accepted_count"):
        op.drop_column("campaign", name)
    op.drop_table("review")
