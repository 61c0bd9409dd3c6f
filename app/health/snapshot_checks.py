"""Checks of snapshots: whether what they say of themselves is true of their rows, and whether these lead anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.health.findings import Finding
from app.models import Snapshot
from app.models.snapshots import READY
from app.services.snapshot_hashes import hash_content

WRONG_COUNTS = text("""
SELECT snapshot.id, image_count, object_count, found.images, found.objects, numbered.objects AS numbered
FROM snapshot
CROSS JOIN LATERAL (
    SELECT count(*) AS images, coalesce(sum(snapshot_image.object_count), 0) AS objects FROM snapshot_image
    WHERE snapshot_id = snapshot.id) AS found
CROSS JOIN LATERAL (
    SELECT coalesce(sum(snapshot_class.object_count), 0) AS objects FROM snapshot_class
    WHERE snapshot_id = snapshot.id) AS numbered
WHERE state = 'ready' AND (
    image_count <> found.images OR object_count <> found.objects OR object_count <> numbered.objects)
ORDER BY snapshot.id
""")
# Rows of snapshots have no foreign keys.
WITHOUT_CONTENT = text("""
SELECT snapshot_id AS id, count(*) AS found
FROM (
    SELECT snapshot_id FROM snapshot_labels WHERE NOT EXISTS (
        SELECT FROM submission_image
        WHERE submission_image.campaign_id = snapshot_labels.campaign_id
            AND submission_image.image_id = snapshot_labels.image_id
            AND submission_image.submission_id = snapshot_labels.submission_id)
    UNION ALL
    SELECT snapshot_id FROM snapshot_image WHERE NOT EXISTS (SELECT FROM image WHERE image.id = image_id)
    UNION ALL
    SELECT snapshot_id FROM snapshot_image WHERE NOT EXISTS (SELECT FROM snapshot WHERE snapshot.id = snapshot_id)
) AS row_without
GROUP BY snapshot_id
ORDER BY snapshot_id
""")


@dataclass(frozen=True)
class SnapshotChecks:
    """The checks of snapshots that are ready. Nothing repairs what is immutable: somebody has to look."""

    session: Session

    def run(self) -> Iterator[Finding]:
        """Yield what does not agree."""
        wrong = set()
        for row in self.session.execute(WRONG_COUNTS):
            detail = (
                f"It counts {row.image_count} images and {row.object_count} boxes, its rows are {row.images} and {row.objects}, "
                f"and its classes have {row.numbered}."
            )
            wrong.add(row.id)
            yield Finding("snapshot_counts", f"snapshot {row.id}", detail)
        for row in self.session.execute(WITHOUT_CONTENT):
            detail = f"{row.found} of its rows name an image, a submission or a snapshot that is not there."
            wrong.add(row.id)
            yield Finding("snapshot_without_content", f"snapshot {row.id}", detail)
        ready = select(Snapshot).where(Snapshot.state == READY).order_by(Snapshot.id)
        for snapshot in self.session.scalars(ready).all():
            if snapshot.id not in wrong and hash_content(self.session, snapshot) != snapshot.content_hash:
                detail = "Its content has another hash than it had when it was made."
                yield Finding("snapshot_hash", f"snapshot {snapshot.id}", detail)
