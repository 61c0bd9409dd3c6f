"""The rows of snapshots: frozen by one statement, completed by hashes, classes and counts, and then never changed."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, text
from sqlalchemy.orm import Session

from app.models import CampaignClass, Image, Snapshot, SnapshotClass, SnapshotImage, SnapshotLabels
from app.models.snapshots import READY, SNAPSHOT_STATES, SPLITS
from app.services.inspection import StoredFile, find_files
from app.services.snapshot_hashes import LabelCount, read_content
from app.services.snapshot_selections import MAX_NAMED, choose, moment_of, select_left_out
from app.services.splits import parts_of, split_expression

# One statement sees one moment of all campaigns, whatever is submitted meanwhile, and nobody waits for it.
FREEZE = """
, added AS (
    INSERT INTO snapshot_labels (snapshot_id, image_id, campaign_id, submission_id)
    SELECT :snapshot_id, image_id, campaign_id, submission_id FROM kept WHERE submission_id IS NOT NULL
)
INSERT INTO snapshot_image (snapshot_id, image_id, date_taken, filesize, width, height, object_count, state, review, split,
    filetype, sha256)
SELECT :snapshot_id, image_id, date_taken, filesize, width, height, object_count, state, review, split, filetype, sha256
FROM image_row
"""
COUNT_IMAGES = """
SELECT state, split, count(*) AS images, coalesce(sum(object_count), 0)::bigint AS objects FROM image_row GROUP BY state, split
"""
COUNT_LABELS = """
SELECT label AS name, count(DISTINCT image_id) AS images, count(*) AS objects
FROM kept JOIN object USING (campaign_id, submission_id, image_id)
WHERE CAST(:classes AS text[]) IS NULL OR label = ANY (CAST(:classes AS text[]))
GROUP BY label
"""
FIND_HASHES = """
UPDATE snapshot_image SET sha256 = image.sha256, filesize = image.filesize, width = image.width, height = image.height,
    filetype = image.filetype, split = {split}
FROM image
WHERE snapshot_id = :snapshot_id AND snapshot_image.sha256 IS NULL AND image.id = image_id AND image.sha256 IS NOT NULL
    AND image.width IS NOT NULL
"""
# Images without a hash, which an inspection did not find either.
PROBLEMS = text("""
SELECT image_id, blobstorage_path, date_withdrawn IS NOT NULL AS is_withdrawn
FROM snapshot_image JOIN image ON image.id = image_id
WHERE snapshot_id = :snapshot_id AND snapshot_image.sha256 IS NULL AND (
    image.width IS NULL OR image.sha256 IS NULL AND (image.date_inspected IS NOT NULL OR image.date_withdrawn IS NOT NULL))
ORDER BY image_id
""")
# Few images are withdrawn, which an index has.
WITHDRAWN = text("""
SELECT id AS image_id, true AS is_withdrawn FROM image
WHERE date_withdrawn BETWEEN '-infinity' AND 'infinity' AND (
    SELECT image_id FROM snapshot_image WHERE snapshot_id = :snapshot_id AND image_id = image.id OFFSET 0) IS NOT NULL
""")
WAITING_SETS = text("""
SELECT DISTINCT image_set_id
FROM snapshot_image JOIN image ON image.id = image_id
WHERE snapshot_id = :snapshot_id AND snapshot_image.sha256 IS NULL AND image_set_id IS NOT NULL ORDER BY 1
""")
STATE_COUNTS = text("""
SELECT state, split, count(*) AS images, sum(object_count)::bigint AS objects FROM snapshot_image
WHERE snapshot_id = :snapshot_id GROUP BY state, split
""")


def freeze(session: Session, snapshot: Snapshot) -> None:
    """Make the rows of a snapshot as things are at this moment, or were at the moment that it names; once.

    Images whose file has not been inspected have no hash yet.
    """
    if snapshot.moment is not None:
        return
    chosen = choose(session, snapshot.selection, snapshot.split)
    moment = moment_of(session, snapshot.selection) or session.scalar(select(func.clock_timestamp()))
    session.execute(chosen.then(FREEZE), {**chosen.parameters, "snapshot_id": snapshot.id})
    snapshot.moment = moment
    snapshot.counts = count_left_out(session, snapshot.selection)
    session.flush()


def count(session: Session, snapshot: Snapshot) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the counts that a snapshot would have now, and those of its classes; its warnings are noted in it."""
    chosen = choose(session, snapshot.selection, snapshot.split)
    counts = count_rows(session.execute(chosen.then(COUNT_IMAGES), chosen.parameters).all(), snapshot.split)
    labels = session.execute(chosen.then(COUNT_LABELS), chosen.parameters).all()
    snapshot.image_count, snapshot.counts = counts["images"], count_left_out(session, snapshot.selection) | counts
    classes = _count_classes(session, snapshot, labels)
    snapshot.warnings = warn(snapshot, {row.name for row in labels})
    return counts, [
        {
            "class_id": one["class_id"],
            "name": one["name"],
            "images": one["image_count"],
            "objects": one["object_count"],
        }
        for one in classes
    ]


def count_left_out(session: Session, selection: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many files of the selection are no images, and how many images were withdrawn."""
    left_out = select_left_out(session, selection)
    row = session.execute(left_out.then(), left_out.parameters).one()
    return {"not_images": row.not_images, "withdrawn": row.withdrawn}


def find_hashes(session: Session, snapshot: Snapshot) -> None:
    """Fill in the facts of files that were inspected since, and the part of their images."""
    part, parameters = split_expression(snapshot.split)
    session.execute(text(FIND_HASHES.format(split=part)), {**parameters, "snapshot_id": snapshot.id})


def count_waiting(session: Session, snapshot: Snapshot) -> tuple[int, int]:
    """Return how many images a snapshot has, and how many of them have no hash."""
    counts = select(func.count(), func.count().filter(SnapshotImage.sha256.is_(None)))
    total, waiting = session.execute(counts.where(SnapshotImage.snapshot_id == snapshot.id)).one()
    return total, waiting


def find_problems(session: Session, snapshot: Snapshot) -> list[Row[Any]]:
    """Return the images of a snapshot of whose files no hash will be found: `image_id`, `blobstorage_path`, `is_withdrawn`."""
    return list(session.execute(PROBLEMS, {"snapshot_id": snapshot.id}))


def find_files_without_set(session: Session, snapshot: Snapshot, size: int) -> list[StoredFile]:
    """Return the first `size` files of a snapshot that no inspection of an image set will read, by the ids of their images."""
    waiting = (
        select(SnapshotImage.image_id)
        .join(Image, Image.id == SnapshotImage.image_id)
        .where(SnapshotImage.snapshot_id == snapshot.id, SnapshotImage.sha256.is_(None))
        .where(Image.image_set_id.is_(None), Image.date_inspected.is_(None), Image.date_withdrawn.is_(None))
    )
    return find_files(session, Image.id.in_(waiting), size)


def find_waiting_sets(session: Session, snapshot: Snapshot) -> list[int]:
    """Return the image sets with images that have no hash yet, by id."""
    return list(session.scalars(WAITING_SETS, {"snapshot_id": snapshot.id}))


def leave_out(session: Session, snapshot: Snapshot, problems: list[Row[Any]]) -> None:
    """Take images that `find_problems` found out of a snapshot, and count them."""
    image_ids = [problem.image_id for problem in problems]
    for table in (SnapshotLabels, SnapshotImage):
        session.execute(delete(table).where(table.snapshot_id == snapshot.id, table.image_id == func.any(image_ids)))
    counts = Counter(snapshot.counts)
    counts.update("withdrawn" if problem.is_withdrawn else "problems" for problem in problems)
    snapshot.counts = dict(counts)
    session.flush()


def leave_out_withdrawn(session: Session, snapshot: Snapshot) -> None:
    """Take images that were withdrawn out of a snapshot that is not ready, and count them."""
    withdrawn = list(session.execute(WITHDRAWN, {"snapshot_id": snapshot.id}))
    if withdrawn:
        leave_out(session, snapshot, withdrawn)


def complete(session: Session, snapshot: Snapshot) -> None:
    """Give a snapshot its classes, counts, warnings and content hash; from then on nothing changes it."""
    # Nobody waits for this, as others do for the numbers of classes.
    content = read_content(session, snapshot)
    classes = _count_classes(session, snapshot, content.labels)
    if classes:
        session.execute(insert(SnapshotClass), [{"snapshot_id": snapshot.id, **one} for one in classes])
    counts = count_rows(session.execute(STATE_COUNTS, {"snapshot_id": snapshot.id}).all(), snapshot.split)
    snapshot.counts = (snapshot.counts or {}) | {"states": counts["states"], "splits": counts["splits"]}
    snapshot.image_count, snapshot.object_count = counts["images"], counts["objects"]
    snapshot.warnings = warn(snapshot, set(content.objects))
    snapshot.content_hash = content.sha256
    snapshot.state, snapshot.date_ready = READY, func.now()
    session.flush()


def count_rows(rows: Sequence[Row[Any]], split: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the counts of images and objects, and of images by state and by part, from rows that count by both."""
    states, splits = Counter[str](), Counter[str](dict.fromkeys(parts_of(split), 0))
    for row in rows:
        states[row.state] += row.images
        if row.split is not None:
            splits[row.split] += row.images
    return {
        "images": states.total(),
        "objects": int(sum(row.objects for row in rows)),
        "states": {state: states[state] for state in SNAPSHOT_STATES if states[state]},
        "splits": {part: splits[part] for part in SPLITS if part in splits},
    }


def _count_classes(
    session: Session, snapshot: Snapshot, labels: Sequence[Row[Any] | LabelCount]
) -> list[dict[str, Any]]:
    counted = {row.name: {"image_count": row.images, "object_count": row.objects} for row in labels}
    none = {"image_count": 0, "object_count": 0}
    return [one | counted.get(one["name"], none) for one in number_classes(session, snapshot, list(counted))]


def number_classes(session: Session, snapshot: Snapshot, labels: Collection[str]) -> list[dict[str, Any]]:
    """Return the classes of a snapshot with their numbers, while no other version of its name gets any.

    What has a number in an earlier version keeps it. New are first the classes of the campaigns as named, by position, then
    other labels in the order of their code points.
    """
    of_name = (Snapshot.kind == snapshot.kind, Snapshot.name == snapshot.name)
    first = select(Snapshot.id).where(*of_name).order_by(Snapshot.version).limit(1)
    session.execute(first.with_for_update())
    longest = (
        select(SnapshotClass.snapshot_id)
        .join(Snapshot, Snapshot.id == SnapshotClass.snapshot_id)
        .where(*of_name, Snapshot.state == READY)
        .order_by(SnapshotClass.class_id.desc())
        .limit(1)
    )
    known = select(SnapshotClass.name, SnapshotClass.color).where(
        SnapshotClass.snapshot_id == longest.scalar_subquery()
    )
    wanted = snapshot.selection["classes"]
    found = list_classes(session, snapshot.selection["campaigns"])
    colors = {row.name: row.color for row in session.execute(known.order_by(SnapshotClass.class_id))}
    for name in (*found, *sorted(labels)):
        if wanted is None or name in wanted:
            colors[name] = found.get(name) or colors.get(name)
    return [
        {"class_id": number, "name": name, "color": color, "selected": wanted is None or name in wanted}
        for number, (name, color) in enumerate(colors.items(), 1)
    ]


def list_classes(session: Session, campaign_ids: list[int]) -> dict[str, str | None]:
    """Return the classes of campaigns in their order, each with its color."""
    order = (func.array_position(campaign_ids, CampaignClass.campaign_id), CampaignClass.position)
    rows = select(CampaignClass.name, CampaignClass.color).where(CampaignClass.campaign_id == func.any(campaign_ids))
    found: dict[str, str | None] = {}
    for name, color in session.execute(rows.order_by(*order)):
        found.setdefault(name, color)
    return found


def warn(snapshot: Snapshot, labels: Collection[str]) -> list[str]:
    """Return what whoever makes or uses the snapshot should know, in sentences. `labels` are those that boxes have."""
    counts = snapshot.counts or {}
    warnings = []
    if not snapshot.image_count:
        warnings.append("No image fits the selection: the snapshot is empty.")
    warnings += [f"The part {part} has no image." for part, count in counts.get("splits", {}).items() if not count]
    for key, what in (
        ("not_images", "files of the selection are no images"),
        ("withdrawn", "images of the selection were withdrawn before"),
        ("problems", "images of the selection have a file that cannot be read"),
    ):
        if counts.get(key):
            warnings.append(f"{counts[key]} {what}, and are left out.")
    missing = [name for name in snapshot.selection["classes"] or [] if name not in labels]
    warnings += [f"No box has the label {name}." for name in missing[:MAX_NAMED]]
    if len(missing) > MAX_NAMED:
        warnings.append(f"No box has any of {len(missing) - MAX_NAMED} other labels of the selection.")
    return warnings
