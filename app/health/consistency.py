"""Do the tables and the storage agree with each other? It finds every disagreement, and repairs where that is safe.

The service may be at work meanwhile: what a job is about to put right is no finding, and what a listing shows is looked at
again before it is reported.
"""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.database.outages import set_statement_timeout
from app.health.findings import Finding
from app.health.snapshot_checks import SnapshotChecks
from app.health.storage_checks import StorageChecks
from app.health.table_checks import TableChecks


def find_disagreements(session: Session, blobs: BlobStore, folder: str, grace: timedelta) -> Iterator[Finding]:
    """Yield everything that does not agree. Raises StorageUnavailable.

    `folder` is the path of folders in the main container below which image sets lie. A job counts as stuck, and a container
    as left over, only when it is older than `grace`.
    """
    set_statement_timeout(session.connection(), 0)
    yield from TableChecks(session, blobs.container, grace).run()
    yield from SnapshotChecks(session).run()
    yield from StorageChecks(session, blobs, folder, grace).run()
