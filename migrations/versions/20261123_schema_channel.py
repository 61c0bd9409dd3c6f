"""A channel for each schema: new jobs wake the workers of their own schema, and not those of others in the database.

Revision: 0005_schema_channel
Follows: 0004_dataset_files
"""

from alembic import op

revision = "0005_schema_channel"
down_revision = "0004_dataset_files"
branch_labels = None
depends_on = None

# Function and type as in the queue's SQL text.
NOTIFICATIONS = {"job_inserted": "job_inserted", "abort_job": "abort_job_requested"}
FUNCTION = """
CREATE OR REPLACE FUNCTION procrastinate_notify_queue_{name}_v1() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    payload text := json_build_object('type', '{kind}', 'job_id', NEW.id);
BEGIN
    {notify}
    RETURN NEW;
END;
$$
"""
# The name of a channel has room for 63 characters, as much as the schema's name may have itself.
OWN_CHANNEL = """
    PERFORM pg_notify(
        'labelapi_' || left(encode(sha256(convert_to(TG_TABLE_SCHEMA, 'UTF8')), 'hex'), 32), payload);
"""
CHANNELS_OF_ALL = """
    PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
    PERFORM pg_notify('procrastinate_any_queue_v1', payload);
"""


def upgrade() -> None:
    notify_with(OWN_CHANNEL)


def downgrade() -> None:
    notify_with(CHANNELS_OF_ALL)


def notify_with(notify: str) -> None:
    for name, kind in NOTIFICATIONS.items():
        op.execute(FUNCTION.format(name=name, kind=kind, notify=notify.strip()))
