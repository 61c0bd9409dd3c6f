"""Numbers about the labels of campaigns: what is there now, or was there at a moment of the past."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import TextClause, and_, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.database.outages import BULK_STATEMENT_TIMEOUT_SECONDS, longer_statements
from app.errors import BadRequest, NotFound
from app.models import Campaign, CampaignImage, CampaignStatistics, Image, ImageSet, Review, Submission, User
from app.models.campaigns import PEOPLE
from app.models.submissions import STATES
from app.representations.campaigns import COUNT_MEMBERS_THEN
from app.representations.users import SHOWN_EMAIL
from app.representations.viewers import viewer_parameters
from app.services.campaigns import campaign_not_found
from app.services.moments import read_dated_moment

Rows = Iterable[Sequence[Any]]
# The newest submission, and the time.
Moment = tuple[int, datetime]
JUST_AFTER, EVER_SINCE = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# Sizes of boxes up to these, in pixels: the square root of the area. 32 and 96 are the bounds of small, medium and large in COCO.
SIZES = [8, 16, 32, 64, 96, *(2**power for power in range(7, 25))]
# Labels beyond these are left out, so that free text as labels cannot make an answer endless.
MAX_CLASSES = 10_000
# Kept counts are brought up to date when so many images and objects were submitted since.
STALE_COUNT = 10_000
# Beyond so many images and objects between a moment and that of the kept counts, counting all is quicker than the difference.
MAX_DIFFERENCE = 100_000

# What each image was at the moment of its campaign: the newest row until then. Images that had left are taken out by a hash,
# which is quick however many they are.
ALL = """
WITH bounds AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:campaign_ids AS bigint[]), CAST(:moments AS bigint[]), CAST(:times AS timestamptz[]))
        AS bounds (campaign_id, moment, time)
), absent AS MATERIALIZED (
    SELECT campaign_id, image_id
    FROM bounds JOIN campaign_membership AS member USING (campaign_id)
    WHERE date_left IS NOT NULL AND (left_after, date_left) <= (moment, time) AND NOT EXISTS (
        SELECT FROM campaign_membership AS later
        WHERE later.campaign_id = member.campaign_id AND later.image_id = member.image_id
            AND (later.joined_after, later.date_joined) <= (moment, time)
            AND (later.date_left IS NULL OR (later.left_after, later.date_left) > (moment, time)))
), present AS MATERIALIZED (
    SELECT DISTINCT ON (campaign_id, image_id) campaign_id, image_id, submission_id, state, object_count,
        count(*) OVER (PARTITION BY campaign_id, image_id) AS revisions, 1 AS sign
    FROM bounds JOIN submission_image USING (campaign_id)
    WHERE submission_id <= moment AND (CAST(:image_set_id AS bigint) IS NULL OR EXISTS (
        SELECT FROM image WHERE image.id = image_id AND image_set_id = :image_set_id))
        AND (campaign_id, image_id) NOT IN (SELECT campaign_id, image_id FROM absent)
    ORDER BY campaign_id, image_id, submission_id DESC
), sized AS (
    SELECT campaign_id, image_id, sign, label, {size} AS size
    FROM present JOIN object USING (campaign_id, submission_id, image_id)
)
"""
# Images with labels that came or left after a moment; one that comes with labels was in the campaign before.
MOVED = """
SELECT image_id FROM campaign_membership
WHERE campaign_id = :campaign_id AND date_left IS NOT NULL
    AND (left_after, date_left) > (:low, CAST(:low_time AS timestamptz))
UNION
SELECT image_id FROM campaign_membership AS member
WHERE campaign_id = :campaign_id AND joined_after > 0
    AND (joined_after, date_joined) > (:low, CAST(:low_time AS timestamptz)) AND (
        SELECT count(*) FROM campaign_membership AS before
        WHERE before.campaign_id = member.campaign_id AND before.image_id = member.image_id) > 1
"""
# What the images that changed between two moments of a campaign were at either; what they were at the first is taken away.
DIFFERENCE = """
WITH changed AS MATERIALIZED (
    SELECT image_id FROM submission_image
    WHERE campaign_id = :campaign_id AND submission_id > least(:first, :last) AND submission_id <= greatest(:first, :last)
    UNION {moved}
), present AS MATERIALIZED (
    SELECT CAST(:campaign_id AS bigint) AS campaign_id, image_id, sign, newest.*
    FROM changed CROSS JOIN (VALUES
        (CAST(:last AS bigint), CAST(:last_time AS timestamptz), 1),
        (CAST(:first AS bigint), CAST(:first_time AS timestamptz), -1)) AS at (moment, time, sign)
    CROSS JOIN LATERAL (
        SELECT FROM campaign_membership AS member
        WHERE member.campaign_id = :campaign_id AND member.image_id = changed.image_id
            AND (joined_after, date_joined) <= (moment, time)
            AND (date_left IS NULL OR (left_after, date_left) > (moment, time)) LIMIT 1) AS member
    CROSS JOIN LATERAL (
        SELECT submission_id, state, object_count, count(*) OVER () AS revisions FROM submission_image
        WHERE campaign_id = :campaign_id AND submission_image.image_id = changed.image_id AND submission_id <= moment
        ORDER BY submission_id DESC LIMIT 1) AS newest
), sized AS (
    SELECT campaign_id, image_id, sign, label, size
    FROM present CROSS JOIN LATERAL (
        SELECT label, {size} AS size FROM object
        WHERE object.campaign_id = present.campaign_id AND object.submission_id = present.submission_id
            AND object.image_id = present.image_id
        OFFSET 0) AS object
)
"""
SIZE = """
width_bucket(sqrt(
    coalesce(CAST(right_edge AS float8) - left_edge, x_max - x_min)
        * coalesce(CAST(lower_edge AS float8) - upper_edge, y_max - y_min)), CAST(:sizes AS float8[]))
"""
IMAGES = """
SELECT user_id, state, present.object_count, revisions, CAST(sum(sign) AS bigint)
FROM present JOIN submission ON submission.campaign_id = present.campaign_id AND submission.id = present.submission_id
GROUP BY 1, 2, 3, 4
"""
# Each row is about a label, or about a size, for which the number of images means nothing.
OBJECTS = """
SELECT label, size, CAST(sum(sign * count) AS bigint), CAST(sum(sign) AS bigint)
FROM (
    SELECT label, size, sign, count(*) FROM sized
    GROUP BY GROUPING SETS ((campaign_id, image_id, sign, label), (sign, size))
) AS counted
GROUP BY 1, 2
"""
# What was submitted after one moment until another.
DAYS = text("""
SELECT CAST(CAST(date_created AS date) AS text) AS day, count(*), CAST(sum(images) AS bigint), CAST(sum(objects) AS bigint)
FROM (
    SELECT campaign_id, submission_id AS id, count(*) AS images, sum(object_count) AS objects
    FROM unnest(CAST(:campaign_ids AS bigint[]), CAST(:moments AS bigint[])) AS bounds (campaign_id, moment)
        JOIN submission_image USING (campaign_id)
    WHERE submission_id > :after AND submission_id <= moment AND (CAST(:image_set_id AS bigint) IS NULL OR EXISTS (
        SELECT FROM image WHERE image.id = image_id AND image_set_id = :image_set_id))
    GROUP BY 1, 2
) AS changed JOIN submission USING (campaign_id, id)
GROUP BY 1
""")
# The verdicts that were in force at a moment of a campaign: the newest of each image, unless it got another content or left until
# then. These are counted because a join might go through all images of a new campaign for each review.
REVIEWS_THEN = text("""
SELECT verdict, count(*) AS images
FROM (
    SELECT DISTINCT ON (image_id) campaign_id, image_id, submission_id, verdict FROM review
    WHERE campaign_id = :campaign_id AND date_created <= :time
    ORDER BY image_id, id DESC) AS newest
WHERE 0 = (
    SELECT count(*) FROM submission_image
    WHERE submission_image.campaign_id = newest.campaign_id AND submission_image.image_id = newest.image_id
        AND submission_image.submission_id > newest.submission_id AND submission_image.submission_id <= :moment
        AND 'relabel' <> (
            SELECT kind FROM submission
            WHERE submission.campaign_id = submission_image.campaign_id AND submission.id = submission_image.submission_id))
    AND 0 < (
        SELECT count(*) FROM campaign_membership AS member
        WHERE member.campaign_id = newest.campaign_id AND member.image_id = newest.image_id
            AND (joined_after, date_joined) <= (:moment, :time)
            AND (date_left IS NULL OR (left_after, date_left) > (:moment, :time)))
GROUP BY verdict
""")
# Campaigns whose counts are far behind, or were never kept.
STALE = text("""
SELECT campaign.id
FROM campaign LEFT JOIN campaign_statistics ON campaign_id = campaign.id
CROSS JOIN LATERAL (
    SELECT sum(image_count + object_count) AS size FROM submission
    WHERE submission.campaign_id = campaign.id AND submission.id > coalesce(submission_id, 0)) AS later
WHERE size >= :least
ORDER BY campaign.id
""")


def _on(present: str, statement: str) -> TextClause:
    return text(present.replace("{size}", SIZE).replace("{moved}", MOVED) + statement)


ALL_IMAGES, ALL_OBJECTS = _on(ALL, IMAGES), _on(ALL, OBJECTS)
CHANGED_IMAGES, CHANGED_OBJECTS = _on(DIFFERENCE, IMAGES), _on(DIFFERENCE, OBJECTS)
COUNT_MOVED = _on("WITH moved AS ({moved})", " SELECT count(*) FROM moved")
# The classes of the campaigns, in the order of their lists.
CLASSES = text("""
SELECT name FROM campaign_class WHERE campaign_id = ANY (:campaign_ids) GROUP BY name ORDER BY min(position), name LIMIT :most
""")


class Tally:
    """Counts that add up: images by sender, state, objects and revisions; labels; sizes; days. None of them is 0 for long."""

    def __init__(self) -> None:
        self.images: dict[tuple[int, str, int, int], list[int]] = {}
        self.labels: dict[tuple[str], list[int]] = {}
        self.sizes: dict[tuple[int], list[int]] = {}
        self.days: dict[tuple[str], list[int]] = {}

    def add(self, images: Rows, objects: Rows, days: Rows, sign: int = 1) -> "Tally":
        """Add rows of `IMAGES`, `OBJECTS` and `DAYS`; those of days count `sign` times."""
        for *key, count in images:
            _add(self.images, tuple(key), [count])
        for label, size, object_count, image_count in objects:
            if label is not None:
                _add(self.labels, (label,), [object_count, image_count])
            else:
                _add(self.sizes, (size,), [object_count])
        for day, *counts in days:
            _add(self.days, (day,), [sign * count for count in counts])
        return self

    def as_json(self) -> dict[str, Any]:
        """Return the counts as they are kept."""
        return {name: [[*key, *counts] for key, counts in part.items()] for name, part in vars(self).items()}

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> "Tally":
        """Return what `as_json` has returned."""
        objects = [[label, None, *counts] for label, *counts in kept["labels"]]
        objects += [[None, size, count, 0] for size, count in kept["sizes"]]
        return cls().add(kept["images"], objects, kept["days"])


def _add(part: dict[Any, list[int]], key: tuple[Any, ...], counts: list[int]) -> None:
    total = [before + more for before, more in zip(part.get(key, [0] * len(counts)), counts, strict=True)]
    if any(total):
        part[key] = total
    else:
        part.pop(key, None)


def count_campaign(session: Session, campaign_id: int, as_of: str | None = None) -> dict[str, Any]:
    """Return the statistics of a campaign, now or at the moment that `as_of` names. Raises NotFound and BadRequest."""
    _require_campaigns(session, [campaign_id])
    moment = None if as_of is None else read_dated_moment(session, campaign_id, as_of)
    with longer_statements(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS):
        tally = _tally(session, campaign_id, moment or _newest(session, campaign_id))
        if moment is None:
            verdicts = _count_verdicts(session, [campaign_id], None)
            images = _count_images(session, [campaign_id], None)
        else:
            values = {"campaign_id": campaign_id, "moment": moment[0], "time": moment[1]}
            verdicts = Counter({row.verdict: row.images for row in session.execute(REVIEWS_THEN, values)})
            at = {"campaign_id": campaign_id, "moment": moment[0], "moment_time": moment[1]}
            images = int(session.scalars(COUNT_MEMBERS_THEN, at).one())
    return _describe(session, [campaign_id], tally, verdicts, images)


def count_selection(session: Session, campaign_ids: Sequence[int] | None, image_set_id: int | None) -> dict[str, Any]:
    """Return the statistics of several campaigns together, or of the images of a set in all campaigns of people.

    Raises NotFound for what is not there, BadRequest unless one of the two is given.
    """
    if (campaign_ids is None) == (image_set_id is None):
        raise BadRequest("Send either campaigns or image_set, not both.")
    with longer_statements(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS):
        if campaign_ids is not None:
            _require_campaigns(session, campaign_ids)
            found = list(dict.fromkeys(campaign_ids))
            tally = Tally()
            for campaign_id in found:
                _merge(tally, _tally(session, campaign_id, _newest(session, campaign_id)))
        else:
            found = _campaigns_of_set(session, image_set_id)
            tally = _tally_all(session, {one: _newest(session, one) for one in found}, image_set_id)
        verdicts = _count_verdicts(session, found, image_set_id)
    return _describe(session, found, tally, verdicts, _count_images(session, found, image_set_id))


def keep_counts(session: Session) -> Iterator[int]:
    """Keep the counts of each campaign where they are far behind; yield its id, after which the caller commits."""
    for campaign_id in session.scalars(STALE, {"least": STALE_COUNT}).all():
        with longer_statements(session.connection(), BULK_STATEMENT_TIMEOUT_SECONDS):
            newest, _ = _newest(session, campaign_id)
            counts = _tally(session, campaign_id, (newest, JUST_AFTER)).as_json()
        kept = insert(CampaignStatistics).values(campaign_id=campaign_id, submission_id=newest, counts=counts)
        change = {"submission_id": kept.excluded.submission_id, "counts": kept.excluded.counts}
        is_older = CampaignStatistics.submission_id < kept.excluded.submission_id
        session.execute(kept.on_conflict_do_update(index_elements=["campaign_id"], set_=change, where=is_older))
        yield campaign_id


def _newest(session: Session, campaign_id: int) -> Moment:
    """Return the moment of the newest submission, so that all statements see the same, whatever is submitted meanwhile."""
    newest = session.scalar(select(func.max(Submission.id)).where(Submission.campaign_id == campaign_id))
    return newest or 0, EVER_SINCE


def _campaigns_of_set(session: Session, image_set_id: int | None) -> list[int]:
    if session.scalar(select(ImageSet.id).where(ImageSet.id == image_set_id)) is None:
        raise NotFound(f"There is no image set {image_set_id}.")
    members = select(CampaignImage.campaign_id).join(Image, Image.id == CampaignImage.image_id)
    members = members.join(Campaign, Campaign.id == CampaignImage.campaign_id)
    of_set = members.where(Image.image_set_id == image_set_id, Campaign.kind == PEOPLE)
    return sorted(session.scalars(of_set.distinct()))


def _merge(tally: Tally, other: Tally) -> None:
    for name, part in vars(other).items():
        for key, counts in part.items():
            _add(getattr(tally, name), key, counts)


def _tally(session: Session, campaign_id: int, moment: Moment) -> Tally:
    """Count a campaign at a moment: from the kept counts, if these are near, else all of it."""
    kept = session.get(CampaignStatistics, campaign_id, populate_existing=True)
    if kept is None:
        return _tally_all(session, {campaign_id: moment})
    start = (kept.submission_id, JUST_AFTER)
    (first, low_time), (last, _) = sorted((start, moment))
    low = {"campaign_id": campaign_id, "low": first, "low_time": low_time}
    size = func.sum(Submission.image_count + Submission.object_count)
    between = (Submission.campaign_id == campaign_id, Submission.id > first, Submission.id <= last)
    submitted = session.scalar(select(size).where(*between)) or 0
    if submitted + session.scalars(COUNT_MOVED, low).one() > MAX_DIFFERENCE:
        return _tally_all(session, {campaign_id: moment})
    tally = Tally.of_json(kept.counts)
    values = low | {
        "first": start[0],
        "first_time": start[1],
        "last": moment[0],
        "last_time": moment[1],
        "sizes": SIZES,
    }
    images = session.execute(CHANGED_IMAGES, values).all()
    objects = session.execute(CHANGED_OBJECTS, values).all()
    bounds = {"campaign_ids": [campaign_id], "moments": [last], "after": first, "image_set_id": None}
    days = session.execute(DAYS, bounds).all()
    return tally.add(images, objects, days, 1 if moment[0] > kept.submission_id else -1)


def _tally_all(session: Session, moments: dict[int, Moment], image_set_id: int | None = None) -> Tally:
    """Count campaigns, each at its moment, or the images of a set in them."""
    values = {
        "campaign_ids": list(moments),
        "moments": [submission_id for submission_id, _ in moments.values()],
        "times": [time for _, time in moments.values()],
        "image_set_id": image_set_id,
        "sizes": SIZES,
    }
    images = session.execute(ALL_IMAGES, values).all()
    objects = session.execute(ALL_OBJECTS, values).all()
    days = session.execute(DAYS, values | {"after": 0}).all()
    return Tally().add(images, objects, days)


def _require_campaigns(session: Session, campaign_ids: Sequence[int]) -> None:
    known = set(session.scalars(select(Campaign.id).where(Campaign.id == func.any(list(campaign_ids)))))
    for campaign_id in campaign_ids:
        if campaign_id not in known:
            raise campaign_not_found(campaign_id)


def _describe(
    session: Session, campaign_ids: list[int], tally: Tally, verdicts: Counter[str], images: int
) -> dict[str, Any]:
    states: Counter[str] = Counter()
    object_counts: Counter[int] = Counter()
    revisions: Counter[int] = Counter()
    senders: dict[int, Counter[str]] = {}
    for (user_id, state, object_count, revision_count), (count,) in tally.images.items():
        states[state] += count
        revisions[revision_count] += count
        if state in ("labeled", "empty"):
            object_counts[object_count] += count
        if state != "unlabeled":
            content = {"images": count, "objects": object_count * count}
            senders.setdefault(user_id, Counter()).update(content)
    never_labeled = images - sum(states.values())
    if never_labeled > 0:
        states["unlabeled"] += never_labeled
        revisions[0] += never_labeled
    return {
        "objects": sum(objects for objects, _ in tally.labels.values()),
        "images": images,
        "states": {state: states[state] for state in STATES},
        "reviews": {
            "accepted": verdicts["accepted"],
            "rejected": verdicts["rejected"],
            "none": images - verdicts.total(),
        },
        "classes": _describe_classes(session, campaign_ids, tally.labels),
        "objects_per_image": [{"objects": n, "images": object_counts[n]} for n in sorted(object_counts)],
        "box_sizes": list(_describe_sizes({size: count for (size,), (count,) in tally.sizes.items()})),
        "days": [
            {"day": day, "submissions": counts[0], "images": counts[1], "objects": counts[2]}
            for (day,), counts in sorted(tally.days.items())
        ],
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


def _count_verdicts(session: Session, campaign_ids: list[int], image_set_id: int | None) -> Counter[str]:
    """Return how many images of the campaigns have each verdict now, or how many of those that are in the set."""
    if image_set_id is None:
        columns = (func.sum(Campaign.accepted_count), func.sum(Campaign.rejected_count))
        accepted, rejected = session.execute(select(*columns).where(Campaign.id == func.any(campaign_ids))).one()
        return Counter(accepted=int(accepted or 0), rejected=int(rejected or 0))
    reviewed = and_(Review.campaign_id == CampaignImage.campaign_id, Review.id == CampaignImage.review_id)
    counts = select(Review.verdict, func.count()).join(CampaignImage, reviewed)
    counts = counts.join(Image, Image.id == CampaignImage.image_id).group_by(Review.verdict)
    of_set = counts.where(Image.image_set_id == image_set_id, CampaignImage.campaign_id == func.any(campaign_ids))
    return Counter({row[0]: row[1] for row in session.execute(of_set)})


def _describe_classes(
    session: Session, campaign_ids: list[int], counts: dict[tuple[str], list[int]]
) -> list[dict[str, Any]]:
    listed = session.scalars(CLASSES, {"campaign_ids": campaign_ids, "most": MAX_CLASSES}).all()
    names = list(dict.fromkeys([*listed, *sorted(label for (label,) in counts)]))[:MAX_CLASSES]
    found = ((name, *counts.get((name,), [0, 0])) for name in names)
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
