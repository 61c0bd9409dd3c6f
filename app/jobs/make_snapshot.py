"""Makes a snapshot: freezes what was selected, waits until every file has a hash, then numbers, counts and hashes all of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.database.outages import set_statement_timeout
from app.jobs.inspect_image_set import BATCH_SIZE, Inspect, inspector
from app.jobs.progress import Checkpoint, Failed, RetryAfter
from app.media.decoders import DecoderPool
from app.models import Snapshot
from app.models.snapshots import CAMPAIGN, READY
from app.services import snapshot_rows
from app.services.image_sets import lock_image_set
from app.services.inspection import enqueue_inspection, note_findings

# A statement may take so long: a few minutes for a hundred million boxes.
STATEMENT_SECONDS = 1_800
PAUSE = timedelta(seconds=5)
MAX_NAMED = 5  # So many files are named in an error.


def make_snapshot(
    session: Session, blobs: BlobStore, snapshot_id: int, *, decoders: DecoderPool, bytes_per_second: float
) -> Iterator[Checkpoint]:
    """Make the rows of a snapshot; one that is ready stays as it is.

    What is in it is what one statement sees, at the first run of the job, or at the publication of a campaign. Files that belong
    to no image set are inspected here, so many bytes per second. Raises RetryAfter while image sets are inspected,
    StorageUnavailable, and Failed for a file that cannot be read, unless the selection skips problems.
    """
    snapshot = session.get_one(Snapshot, snapshot_id)
    if snapshot.state == READY:
        return
    set_statement_timeout(session.connection(), STATEMENT_SECONDS)
    snapshot_rows.freeze(session, snapshot)
    total, waiting = snapshot_rows.count_waiting(session, snapshot)
    yield Checkpoint(total - waiting, total)
    if waiting and snapshot.kind == CAMPAIGN:
        # What was published does not wait for hashes.
        snapshot_rows.find_hashes(session, snapshot)
    elif waiting:
        with inspector(blobs, decoders, bytes_per_second) as inspect:
            yield from _inspect_files_without_set(session, snapshot, inspect, total - waiting)
        yield from _find_hashes(session, snapshot, total)
    set_statement_timeout(session.connection(), STATEMENT_SECONDS)
    snapshot_rows.complete(session, snapshot)
    yield Checkpoint(total, total)


def _inspect_files_without_set(
    session: Session, snapshot: Snapshot, inspect: Inspect, done: int
) -> Iterator[Checkpoint]:
    while batch := snapshot_rows.find_files_without_set(session, snapshot, BATCH_SIZE):
        # Reading takes long, and no transaction shall wait for it.
        yield Checkpoint(done)
        note_findings(session, inspect(batch))
        done += len(batch)
        yield Checkpoint(done)


def _find_hashes(session: Session, snapshot: Snapshot, total: int) -> Iterator[Checkpoint]:
    snapshot_rows.find_hashes(session, snapshot)
    _settle_problems(session, snapshot)
    total, waiting = snapshot_rows.count_waiting(session, snapshot)
    yield Checkpoint(total - waiting, total)
    if not waiting:
        return
    for image_set_id in snapshot_rows.find_waiting_sets(session, snapshot):
        lock_image_set(session, image_set_id)
        enqueue_inspection(session, image_set_id)
        yield Checkpoint(total - waiting, total)
    raise RetryAfter(datetime.now(UTC) + PAUSE, f"Waits for the inspection of {waiting} of {total} images.")


def _settle_problems(session: Session, snapshot: Snapshot) -> None:
    """Leave out images whose files have no hash and get none. Raises Failed unless they were withdrawn or are to be skipped."""
    problems = snapshot_rows.find_problems(session, snapshot)
    unread = [problem for problem in problems if not problem.is_withdrawn]
    if unread and not snapshot.selection["skip_problems"]:
        names = ", ".join(f"{one.blobstorage_path} (image {one.image_id})" for one in unread[:MAX_NAMED])
        more = f" and {len(unread) - MAX_NAMED} more" if len(unread) > MAX_NAMED else ""
        raise Failed(
            f"The file of {names}{more} cannot be read. Repair or withdraw it and retry the job, or make a snapshot with "
            "`skip_problems`.",
            final=True,
        )
    if problems:
        snapshot_rows.leave_out(session, snapshot, problems)
