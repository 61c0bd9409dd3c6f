"""Numbers about the labels of campaigns: what is there now, or was there at a moment of the past."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import TextClause, func, select, text
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, longer_statements
from app.errors import BadRequest, NotFound
from app.models import Campaign, CampaignImage, Image, ImageSet, User
from app.models.campaigns import PEOPLE
from app.models.submissions import STATES
from app.representations.users import SHOWN_EMAIL
from app.representations.viewers import viewer_parameters
from app.services.moments import read_moment

NOW = 2**63 - 1
# Sizes of boxes up to these, in pixels: the square root of the area. 32 and 96 are the bounds of small, medium and large in COCO.
SIZES = [8, 16, 32, 64, 96, *(2**power for power in range(7, 25))]
# Labels beyond these are left out, so that free text as labels cannot make an answer endless.
MAX_CLASSES = 10_000

# What each image was at the moment of its campaign: the newest row until then.
PRESENT = """
WITH bounds AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:campaign_ids AS bigint[]), CAST(:moments AS bigint[])) AS bounds (campaign_id, moment)
), kept AS (
    SELECT submission_image.*, moment FROM bounds JOIN submission_image USING (campaign_id)
    WHERE submission_id <= moment AND (CAST(:image_set_id AS bigint) IS NULL OR EXISTS (
        SELECT FROM image WHERE image.id = image_id AND image_set_id = :image_set_id))
), present AS MATERIALIZED (
    SELECT DISTINCT ON (campaign_id, image_id) campaign_id, image_id, submission_id, state, object_count,
        count(*) OVER (PARTITION BY campaign_id, image_id) AS revisions
    FROM kept
    ORDER BY campaign_id, image_id, submission_id DESC
)
"""


def _of_present(statement: str) -> TextClause:
    return text(PRESENT + statement)


IMAGES = _of_present("""
SELECT user_id, state, present.object_count, revisions, count(*) AS images
FROM present JOIN submission ON submission.campaign_id = present.campaign_id AND submission.id = present.submission_id
GROUP BY 1, 2, 3, 4
""")
LABELS = _of_present("""
SELECT label, CAST(sum(count) AS bigint) AS objects, count(*) AS images
FROM (
    SELECT label, count(*) FROM present JOIN object USING (campaign_id, submission_id, image_id)
    GROUP BY campaign_id, image_id, label
) AS of_image
GROUP BY label
""")
BOXES = _of_present("""
SELECT width_bucket(sqrt(
        CAST(coalesce(right_edge, x_max) - coalesce(left_edge, x_min) AS float8)
            * (coalesce(lower_edge, y_max) - coalesce(upper_edge, y_min))), CAST(:sizes AS float8[])) AS size,
    count(*) AS objects
FROM present JOIN object USING (campaign_id, submission_id, image_id)
GROUP BY 1
ORDER BY 1
""")
DAYS = _of_present("""
SELECT CAST(CAST(date_created AS date) AS text) AS day, count(*) AS submissions, CAST(sum(images) AS bigint) AS images,
    CAST(sum(objects) AS bigint) AS objects
FROM (
    SELECT campaign_id, submission_id AS id, count(*) AS images, sum(object_count) AS objects FROM kept GROUP BY 1, 2
) AS changed JOIN submission USING (campaign_id, id)
GROUP BY 1
ORDER BY 1
""")
# The classes of the campaigns, in the order of their lists.
CLASSES = text("""
SELECT name FROM campaign_class WHERE campaign_id = ANY (:campaign_ids) GROUP BY name ORDER BY min(position), name LIMIT :most
""")


def count_campaign(session: Session, campaign_id: int, as_of: str | None = None) -> dict[str, Any]:
    """Return the statistics of a campaign, now or at the moment that `as_of` names. Raises NotFound and BadRequest."""
    _require_campaigns(session, [campaign_id])
    moment = NOW if as_of is None else read_moment(session, campaign_id, as_of)
    return _count(session, [campaign_id], moment)


def count_selection(session: Session, campaign_ids: Sequence[int] | None, image_set_id: int | None) -> dict[str, Any]:
    """Return the statistics of several campaigns together, or of the images of a set in all campaigns of people.

    Raises NotFound for what is not there, BadRequest unless one of the two is given.
    """
    if (campaign_ids is None) == (image_set_id is None):
        raise BadRequest("Send either campaigns or image_set, not both.")
    if campaign_ids is not None:
        _require_campaigns(session, campaign_ids)
        return _count(session, list(dict.fromkeys(campaign_ids)), NOW)
    if session.scalar(select(ImageSet.id).where(ImageSet.id == image_set_id)) is None:
        raise NotFound(f"There is no image set {image_set_id}.")
    members = select(CampaignImage.campaign_id).join(Image, Image.id == CampaignImage.image_id)
    members = members.join(Campaign, Campaign.id == CampaignImage.campaign_id)
    found = session.scalars(members.where(Image.image_set_id == image_set_id, Campaign.kind == PEOPLE).distinct())
    return _count(session, sorted(found), NOW, image_set_id)


def _require_campaigns(session: Session, campaign_ids: Sequence[int]) -> None:
    known = set(session.scalars(select(Campaign.id).where(Campaign.id == func.any(list(campaign_ids)))))
    for campaign_id in campaign_ids:
        if campaign_id not in known:
            raise NotFound(f"There is no campaign {campaign_id}.")


def _count(session: Session, campaign_ids: list[int], moment: int, image_set_id: int | None = None) -> dict[str, Any]:
    values = {"campaign_ids": campaign_ids, "moments": [moment] * len(campaign_ids), "image_set_id": image_set_id}
    with longer_statements(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS):
        cells = session.execute(IMAGES, values).all()
        labels = session.execute(LABELS, values).all()
        boxes = session.execute(BOXES, values | {"sizes": SIZES}).all()
        days = session.execute(DAYS, values).mappings().all()
        images = _count_images(session, campaign_ids, image_set_id)
    states: Counter[str] = Counter()
    object_counts: Counter[int] = Counter()
    revisions: Counter[int] = Counter()
    senders: dict[int, Counter[str]] = {}
    for cell in cells:
        states[cell.state] += cell.images
        revisions[cell.revisions] += cell.images
        if cell.state in ("labeled", "empty"):
            object_counts[cell.object_count] += cell.images
        if cell.state != "unlabeled":
            content = {"images": cell.images, "objects": cell.object_count * cell.images}
            senders.setdefault(cell.user_id, Counter()).update(content)
    seen = sum(states.values())
    states["unlabeled"] += images - seen
    if images > seen:
        revisions[0] += images - seen
    return {
        "objects": sum(row.objects for row in labels),
        "images": images,
        "states": {state: states[state] for state in STATES},
        "classes": _describe_classes(session, campaign_ids, {row.label: (row.objects, row.images) for row in labels}),
        "objects_per_image": [{"objects": n, "images": object_counts[n]} for n in sorted(object_counts)],
        "box_sizes": list(_describe_sizes({row.size: row.objects for row in boxes})),
        "days": [dict(row) for row in days],
        "senders": _describe_senders(session, senders),
        "revisions_per_image": [{"revisions": n, "images": revisions[n]} for n in sorted(revisions)],
    }


def _count_images(session: Session, campaign_ids: list[int], image_set_id: int | None) -> int:
    if image_set_id is None:
        return int(
            session.scalar(select(func.sum(Campaign.image_count)).where(Campaign.id == func.any(campaign_ids))) or 0
        )
    members = select(func.count()).select_from(CampaignImage).join(Image, Image.id == CampaignImage.image_id)
    of_set = members.where(Image.image_set_id == image_set_id, CampaignImage.campaign_id == func.any(campaign_ids))
    return session.scalar(of_set) or 0


def _describe_classes(
    session: Session, campaign_ids: list[int], counts: dict[str, tuple[int, int]]
) -> list[dict[str, Any]]:
    listed = session.scalars(CLASSES, {"campaign_ids": campaign_ids, "most": MAX_CLASSES}).all()
    names = list(dict.fromkeys([*listed, *sorted(counts)]))[:MAX_CLASSES]
    found = ((name, *counts.get(name, (0, 0))) for name in names)
    return [{"label": name, "objects": objects, "images": images} for name, objects, images in found]


def _describe_sizes(counts: dict[int, int]) -> Iterator[dict[str, int]]:
    """Yield the sizes from 0 to the largest that a box has."""
    edges = [0, *SIZES]
    for place in range(max(counts, default=-1) + 1):
        yield {"from": edges[place], "to": edges[place + 1], "objects": counts.get(place, 0)}


def _describe_senders(session: Session, senders: dict[int, Counter[str]]) -> list[dict[str, Any]]:
    """Return who made the present content of images, those with most images first."""
    rows = select(User.id, SHOWN_EMAIL).where(User.id == func.any(list(senders)))
    emails = {row[0]: row[1] for row in session.execute(rows, viewer_parameters(session))}
    order = sorted(senders, key=lambda user_id: (-senders[user_id]["images"], user_id))
    return [
        {"created_by": emails[user_id], "images": senders[user_id]["images"], "objects": senders[user_id]["objects"]}
        for user_id in order
    ]
