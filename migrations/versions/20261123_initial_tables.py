"""The first tables, and the queue's own.

Revision: 0001_initial
Follows:
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None


QUEUE_SQL = Path(__file__).parent.parent / "sql" / "procrastinate_3_10_0.sql"

# Everything that the queue's SQL text made, found by its prefix in the schema that the search path names.
DROP_QUEUE = """
DO $$
DECLARE thing record;
BEGIN
    FOR thing IN SELECT tablename FROM pg_tables
        WHERE schemaname = current_schema() AND tablename LIKE 'procrastinate\\_%%'
    LOOP EXECUTE format('DROP TABLE %%I CASCADE', thing.tablename); END LOOP;
    FOR thing IN SELECT oid::regprocedure AS signature FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'procrastinate\\_%%'
    LOOP EXECUTE format('DROP FUNCTION %%s CASCADE', thing.signature); END LOOP;
    FOR thing IN SELECT typname FROM pg_type
        WHERE typnamespace = current_schema()::regnamespace AND typtype IN ('e', 'c') AND typname LIKE 'procrastinate\\_%%'
    LOOP EXECUTE format('DROP TYPE %%I CASCADE', thing.typname); END LOOP;
END $$;
"""


def upgrade() -> None:
    # The text is kept here because the library's own changes with its version.
    op.get_bind().exec_driver_sql(QUEUE_SQL.read_text().replace("%", "%%"))
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("run_token", sa.Uuid(), nullable=True),
        sa.Column("queue_id", sa.BigInteger(), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("date_started", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_finished", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('finish_image_set', 'delete_dropbox', 'publish_datasets')", name=op.f("ck_job_kind")
        ),
        sa.CheckConstraint("state IN ('queued', 'running', 'succeeded', 'failed')", name=op.f("ck_job_state")),
        sa.CheckConstraint("subject_type IN ('image_set', 'campaign')", name=op.f("ck_job_subject_type")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_subject", "job", ["subject_type", "subject_id", "kind", "id"], unique=False)
    op.create_index(
        "uq_job_unfinished",
        "job",
        ["kind", "subject_type", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(email) BETWEEN 3 AND 254", name=op.f("ck_user_email_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
    )
    op.create_index("uq_user_email", "user", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "api_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("date_expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_revoked", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_last_used", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name=op.f("ck_api_key_secret_hash_length")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_api_key_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("key", name=op.f("uq_api_key_key")),
    )
    op.create_index(op.f("ix_api_key_user_id"), "api_key", ["user_id"], unique=False)
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="created", nullable=False),
        sa.Column("metadata", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("label_translations", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("auto_complete", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("image_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("labeled_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("date_started", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_completed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("status IN ('created', 'active', 'completed', 'finished')", name=op.f("ck_campaign_status")),
        sa.CheckConstraint(
            "title ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(title) <= 53", name=op.f("ck_campaign_title_spelling")
        ),
        sa.CheckConstraint("labeled_count BETWEEN 0 AND image_count", name=op.f("ck_campaign_counters")),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_campaign_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("title", name=op.f("uq_campaign_title")),
    )
    op.create_table(
        "image_set",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="created", nullable=False),
        sa.Column("metadata", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("blobstorage_path", sa.Text(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("date_finished", sa.DateTime(timezone=True), nullable=True),
        sa.Column("date_upload_expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(status = 'finished') = (date_finished IS NOT NULL)", name=op.f("ck_image_set_date_finished")
        ),
        sa.CheckConstraint("status IN ('created', 'finished')", name=op.f("ck_image_set_status")),
        sa.CheckConstraint(
            "title ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(title) <= 53", name=op.f("ck_image_set_title_spelling")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_image_set_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image_set")),
        sa.UniqueConstraint("title", name=op.f("uq_image_set_title")),
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("image_count", sa.BigInteger(), nullable=False),
        sa.Column("object_count", sa.BigInteger(), nullable=False),
        sa.Column("registration", sa.Text(), nullable=False),
        sa.Column("registered_version", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('images', 'labels')", name=op.f("ck_dataset_kind")),
        sa.CheckConstraint(
            "registration IN ('off', 'pending', 'registered', 'failed')", name=op.f("ck_dataset_registration")
        ),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_dataset_sha256_length")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_dataset_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_dataset_job_id_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("job_id", "kind", name=op.f("uq_dataset_job_id_kind")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_dataset_name_version")),
    )
    op.create_index(op.f("ix_dataset_campaign_id"), "dataset", ["campaign_id"], unique=False)
    op.create_table(
        "image",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("image_set_id", sa.BigInteger(), nullable=True),
        sa.Column("blobstorage_path", sa.Text(), nullable=False),
        sa.Column("date_taken", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("location_description", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("tss_id", sa.Text(), nullable=True),
        sa.Column("filetype", sa.Text(), nullable=True),
        sa.Column("filesize", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("content_md5", sa.LargeBinary(), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("blobstorage_path"), "="), using="hash", name="uq_image_blobstorage_path"
        ),
        sa.CheckConstraint(
            "(width IS NULL) = (height IS NULL) AND width > 0 AND height > 0", name=op.f("ck_image_dimensions")
        ),
        sa.CheckConstraint("filesize >= 0", name=op.f("ck_image_filesize")),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_image_location")),
        sa.ForeignKeyConstraint(["image_set_id"], ["image_set.id"], name=op.f("fk_image_image_set_id_image_set")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image")),
    )
    op.create_index("ix_image_image_set_id_id", "image", ["image_set_id", "id"], unique=False)
    op.create_table(
        "role",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(name = 'image-admin' AND campaign_id IS NULL) OR (name = 'labeler' AND campaign_id IS NOT NULL)",
            name=op.f("ck_role_bound"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_role_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_role_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
    )
    op.create_index(op.f("ix_role_campaign_id"), "role", ["campaign_id"], unique=False)
    op.create_index(
        "uq_role_user_id_name_campaign_id",
        "role",
        ["user_id", "name", sa.literal_column("coalesce(campaign_id, 0)")],
        unique=True,
    )
    op.create_table(
        "submission",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("image_count", sa.BigInteger(), nullable=False),
        sa.Column("object_count", sa.BigInteger(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name=op.f("fk_submission_api_key_id_api_key")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_submission_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_submission_user_id_user")),
        sa.PrimaryKeyConstraint("campaign_id", "id", name=op.f("pk_submission")),
    )
    op.create_table(
        "campaign_image",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id", "submission_id"],
            ["submission.campaign_id", "submission.id"],
            name=op.f("fk_campaign_image_campaign_id_submission_id_submission"),
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_image_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_campaign_image_image_id_image")),
        sa.PrimaryKeyConstraint("campaign_id", "image_id", name=op.f("pk_campaign_image")),
    )
    op.create_index(
        "ix_campaign_image_image_id_campaign_id", "campaign_image", ["image_id", "campaign_id"], unique=False
    )
    op.create_table(
        "object",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("submission_id", sa.BigInteger(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("x_min", sa.Integer(), nullable=False),
        sa.Column("y_min", sa.Integer(), nullable=False),
        sa.Column("x_max", sa.Integer(), nullable=False),
        sa.Column("y_max", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("label_original", sa.Text(), nullable=False),
        sa.CheckConstraint("0 <= x_min AND x_min < x_max AND 0 <= y_min AND y_min < y_max", name=op.f("ck_object_box")),
        sa.CheckConstraint(
            "char_length(label) BETWEEN 1 AND 128 AND char_length(label_original) BETWEEN 1 AND 128",
            name=op.f("ck_object_label_length"),
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_object_confidence")),
        sa.ForeignKeyConstraint(
            ["campaign_id", "image_id"],
            ["campaign_image.campaign_id", "campaign_image.image_id"],
            name=op.f("fk_object_campaign_id_image_id_campaign_image"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id", "submission_id"],
            ["submission.campaign_id", "submission.id"],
            name=op.f("fk_object_campaign_id_submission_id_submission"),
        ),
        sa.PrimaryKeyConstraint("campaign_id", "submission_id", "image_id", "id", name=op.f("pk_object")),
    )


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP_QUEUE)
    op.drop_table("object")
    op.drop_index("ix_campaign_image_image_id_campaign_id", table_name="campaign_image")
    op.drop_table("campaign_image")
    op.drop_table("submission")
    op.drop_index("uq_role_user_id_name_campaign_id", table_name="role")
    op.drop_index(op.f("ix_role_campaign_id"), table_name="role")
    op.drop_table("role")
    op.drop_index("ix_image_image_set_id_id", table_name="image")
    op.drop_table("image")
    op.drop_index(op.f("ix_dataset_campaign_id"), table_name="dataset")
    op.drop_table("dataset")
    op.drop_table("image_set")
    op.drop_table("campaign")
    op.drop_index(op.f("ix_api_key_user_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_index("uq_user_email", table_name="user")
    op.drop_table("user")
    op.drop_index("uq_job_unfinished", table_name="job", postgresql_where=sa.text("state IN ('queued', 'running')"))
    op.drop_index("ix_job_subject", table_name="job")
    op.drop_table("job")
