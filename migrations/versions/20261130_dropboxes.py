"""Dropboxes by name, so that a set can have several one after the other; jobs that are cancelled, and when others will end.

Revision: 0026_dropboxes
Follows: 0025_fillfactor
"""

import sqlalchemy as sa
from alembic import op

revision = "0026_dropboxes"
down_revision = "0025_fillfactor"
branch_labels = None
depends_on = None

# The release before writes rows without the name of their dropbox: each set has one, with its title, and its jobs and problems
# are about that one.
DEFAULTS = {
    "image_set": ("NEW.dropbox = ''", "'dropbox-' || NEW.title"),
    "problem": ("NEW.dropbox = ''", "(SELECT dropbox FROM image_set WHERE id = NEW.image_set_id)"),
    "job": (
        "NEW.dropbox IS NULL AND NEW.kind = 'delete_dropbox'",
        "(SELECT dropbox FROM image_set WHERE id = NEW.subject_id)",
    ),
}
FUNCTION = """
CREATE FUNCTION name_dropbox_of_{table}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF {condition} THEN
        NEW.dropbox := {name};
    END IF;
    RETURN NEW;
END;
$$
"""
TRIGGER = """
CREATE TRIGGER name_dropbox BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION name_dropbox_of_{table}()
"""
STATES = ("queued", "running", "succeeded", "failed")
UNFINISHED = ["kind", "subject_type", "subject_id"]


def upgrade() -> None:
    for table in ("image_set", "problem"):
        op.add_column(table, sa.Column("dropbox", sa.Text(), server_default="", nullable=False))
    op.add_column("image_set", sa.Column("duplicates", sa.Text(), server_default="keep", nullable=False))
    op.create_check_constraint(op.f("ck_image_set_duplicates"), "image_set", "duplicates IN ('keep', 'flag')")
    op.add_column("job", sa.Column("dropbox", sa.Text(), nullable=True))
    op.add_column("job", sa.Column("date_expected", sa.DateTime(timezone=True), nullable=True))
    for table, (condition, name) in DEFAULTS.items():
        op.execute(FUNCTION.format(table=table, condition=condition, name=name))
        op.execute(TRIGGER.format(table=table))
    op.execute("UPDATE image_set SET dropbox = 'dropbox-' || title")
    op.execute("UPDATE problem SET dropbox = image_set.dropbox FROM image_set WHERE image_set.id = image_set_id")
    op.execute(
        "UPDATE job SET dropbox = image_set.dropbox FROM image_set WHERE image_set.id = subject_id AND kind = 'delete_dropbox'"
    )
    op.create_unique_constraint(op.f("uq_image_set_dropbox"), "image_set", ["dropbox"])
    _accept_states(*STATES, "cancelled")
    _allow_one_unfinished(sa.text("coalesce(dropbox, '')"))


def downgrade() -> None:
    """A set that was opened again has a dropbox that the release before does not look for; no file of it is touched."""
    op.execute("UPDATE job SET state = 'failed', error = 'It was cancelled.' WHERE state = 'cancelled'")
    op.execute(
        "UPDATE job SET state = 'failed', date_finished = now(), error = 'Another job deletes a dropbox of this set.'"
        " WHERE state IN ('queued', 'running') AND EXISTS (SELECT FROM job AS later WHERE later.kind = job.kind"
        " AND later.subject_type = job.subject_type AND later.subject_id = job.subject_id AND later.id > job.id"
        " AND later.state IN ('queued', 'running'))"
    )
    _allow_one_unfinished()
    _accept_states(*STATES)
    for table in DEFAULTS:
        op.execute(f"DROP TRIGGER name_dropbox ON {table}")
        op.execute(f"DROP FUNCTION name_dropbox_of_{table}()")
    for table, column in (
        ("job", "date_expected"),
        ("job", "dropbox"),
        ("problem", "dropbox"),
        ("image_set", "duplicates"),
        ("image_set", "dropbox"),
    ):
        op.drop_column(table, column)


def _accept_states(*states: str) -> None:
    op.drop_constraint(op.f("ck_job_state"), "job")
    listed = ", ".join(f"'{state}'" for state in states)
    op.create_check_constraint(op.f("ck_job_state"), "job", f"state IN ({listed})")


def _allow_one_unfinished(*more: sa.TextClause) -> None:
    """Let one subject have one unfinished job of a kind, for each of `more`."""
    op.drop_index("uq_job_unfinished", table_name="job")
    op.create_index(
        "uq_job_unfinished",
        "job",
        [*UNFINISHED, *more],
        unique=True,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
