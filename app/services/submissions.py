"""Submissions: who changed the labels of a campaign, when and with what, and what each image has been since. Append-only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from app.errors import BadRequest, Forbidden, NotFound, PreconditionFailed
from app.models import ApiKey, CampaignMembership, Image, Submission, SubmissionImage, User
from app.models.users import MAX_EMAIL_LENGTH
from app.representations.json import fetch_object, fetch_rows
from app.representations.pages import Listing, Page, fetch_page
from app.representations.submissions import HISTORY, MAKERS, SUBMISSIONS
from app.services.api_keys import Account
from app.services.campaigns import require_campaign
from app.services.images import NO_ACCESS
from app.services.text import read_query_text
from app.services.times import read_time

MAX_TEXT_LENGTH = 500
MAX_ERRORS = 50

# Made once, and run without the session's preparation for models: to make them for each submission of one image takes longer than
# PostgreSQL does.
ADD = insert(Submission).returning(Submission.id)
NOTE = update(Submission).where(Submission.campaign_id == bindparam("of_campaign"), Submission.id == bindparam("of_id"))


@dataclass(frozen=True)
class Sender:
    """Who submits: the account, the id of the request for finding it in the logs, and what the sender says of it."""

    account: Account
    request_id: str | None
    tool: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Receipt:
    """An accepted submission: its id, None when it changed nothing; what it named; and the number of objects on each new image.

    `unchanged` of the `image_count` images had just that before; of the others `replaced` had another content.
    """

    submission_id: int | None
    image_count: int = 0
    object_count: int = 0
    unchanged: int = 0
    replaced: int = 0
    changed_object_counts: tuple[int, ...] = ()


@dataclass(frozen=True)
class SubmissionFilter:
    """What a caller wants of the submissions; None lets all through.

    `user` is an e-mail address, `key` the id of a key. `date_from` (inclusive) and `date_to` (exclusive) are times or days.
    """

    user: str | None = None
    key: int | None = None
    date_from: str | None = None
    date_to: str | None = None

    def filters(self, account: Account, campaign_id: int) -> list[ColumnElement[bool]]:
        """Return the filters. Who sees no addresses finds only itself by an address or a key. Raises BadRequest."""
        begin, end = read_time("from", self.date_from), read_time("to", self.date_to)
        if begin and end and begin >= end:
            raise BadRequest("from must be before to: nothing lies between these two.")
        found: list[ColumnElement[bool]] = []
        if self.user is not None:
            email = read_query_text(self.user, "user", MAX_EMAIL_LENGTH)
            user_id = select(User.id).where(func.lower(User.email) == func.lower(email))
            if not account.sees_addresses(campaign_id):
                user_id = user_id.where(User.id == account.user_id)
            found.append(Submission.user_id == user_id.scalar_subquery())
        if self.key is not None:
            found.append(Submission.api_key_id == self.key)
            if not account.sees_addresses(campaign_id):
                found.append(Submission.user_id == account.user_id)
        if begin is not None:
            found.append(Submission.date_created >= begin)
        if end is not None:
            found.append(Submission.date_created < end)
        return found


def read_sender(account: Account, request_id: str | None, tool: str | None, note: str | None, agent: str) -> Sender:
    """Return who submits; without a `tool` it is what the client calls itself (its User-Agent). Raises BadRequest."""
    named = read_query_text(tool, "tool", MAX_TEXT_LENGTH) if tool is not None else _printable(agent)
    return Sender(account, request_id, named, note and read_query_text(note, "note", MAX_TEXT_LENGTH))


def _printable(agent: str) -> str | None:
    return "".join(character for character in agent if character.isprintable()).strip()[:MAX_TEXT_LENGTH] or None


def add(
    session: Session,
    campaign_id: int,
    sender: Sender,
    *,
    image_count: int,
    object_count: int,
    kind: str = "submission",
    of: int | None = None,
) -> int:
    """Add a submission and return its id. The caller has locked the campaign, adds the images, and notes the effect."""
    values = {
        "campaign_id": campaign_id,
        "user_id": sender.account.user_id,
        "api_key_id": sender.account.api_key_id,
        "request_id": sender.request_id,
        "tool": sender.tool,
        "note": sender.note,
        "image_count": image_count,
        "object_count": object_count,
        "replaced": 0,
        "kind": kind,
        "of_submission": of,
    }
    return int(session.connection().execute(ADD, values).scalar_one())


def note_counts(session: Session, campaign_id: int, submission_id: int, **counts: int) -> None:
    """Note the counts of a submission, by their columns, once its images are stored; all are 0 before."""
    if any(counts.values()):
        named = {"of_campaign": campaign_id, "of_id": submission_id}
        session.connection().execute(NOTE, {**named, **counts})


def refuse_stale(session: Session, campaign_id: int, stale: Sequence[tuple[int, int, int | None]]) -> None:
    """Raise PreconditionFailed if there are stale revisions; the error names the present ones, and who made them.

    Each is the place of an item in the body, its image, and the present revision, None for an unlabeled image.
    """
    if not stale:
        return
    shown = stale[:MAX_ERRORS]
    makers = _find_makers(session, campaign_id, {revision for _, _, revision in shown})
    errors = []
    for position, image_id, revision in shown:
        now = f"its revision is {revision}" if revision else "it has no revision, because it is not labeled"
        detail = f"Image {image_id} has changed since you read it: {now}."
        errors.append({"pointer": f"/{position}/revision", "detail": detail} | makers[revision])
    raise PreconditionFailed(f"{errors[0]['detail']} Nothing was stored.", errors=errors)


def _find_makers(
    session: Session, campaign_id: int, submission_ids: Collection[int | None]
) -> dict[int | None, dict[str, Any]]:
    """Return `revision`, `created_by` and `date_created` of submissions, by their ids; None is that of unlabeled images."""
    makers = MAKERS.where(Submission.campaign_id == campaign_id, Submission.id.in_(submission_ids))
    found = {row[0]: orjson.loads(row[1]) for row in fetch_rows(session, makers)}
    return {None: {"revision": None, "created_by": None, "date_created": None}} | found


def list_submissions(
    session: Session, account: Account, campaign_id: int, page: Page, submission_filter: SubmissionFilter
) -> Listing:
    """Return a page of the submissions to a campaign, newest first. Raises NotFound, and BadRequest for the filter."""
    require_campaign(session, campaign_id)
    filters = submission_filter.filters(account, campaign_id)
    rows = SUBMISSIONS.where(Submission.campaign_id == campaign_id, *filters)
    return fetch_page(session, "submissions", rows, page, newest_first=True)


def get_submission(session: Session, account: Account, submission_id: int) -> bytes:
    """Return one submission. Raises NotFound to who reads everything, to others Forbidden as for a foreign campaign."""
    rows = SUBMISSIONS.where(Submission.id == submission_id)
    if not account.reads_everything:
        rows = rows.where(Submission.campaign_id.in_(account.campaign_ids))
    found = fetch_object(session, rows)
    if found is None:
        raise NotFound(f"There is no submission {submission_id}.") if account.reads_everything else Forbidden(NO_ACCESS)
    return found


def list_history(session: Session, image_id: int, page: Page) -> Listing:
    """Return a page of what an image has been in all campaigns, newest first. Raises NotFound."""
    if session.scalar(select(Image.id).where(Image.id == image_id)) is None:
        raise NotFound(f"There is no image {image_id}.")
    # An index leads from the image to the campaigns that it is or was in, and from there to its submissions.
    campaigns = select(CampaignMembership.campaign_id).where(CampaignMembership.image_id == image_id).distinct()
    rows = HISTORY.where(SubmissionImage.image_id == image_id, SubmissionImage.campaign_id.in_(campaigns))
    return fetch_page(session, "history", rows, page, newest_first=True)


def get_receipt(session: Session, sender: Sender, campaign_id: int, receipt: Receipt) -> bytes:
    """Return the receipt of a submission as JSON; one that changed nothing has no id. Raises NotFound."""
    if receipt.submission_id is not None:
        return get_submission(session, sender.account, receipt.submission_id)
    key_name = session.scalar(select(ApiKey.name).where(ApiKey.id == sender.account.api_key_id))
    return orjson.dumps(
        {
            "submission_id": None,
            "campaign_id": campaign_id,
            "kind": "submission",
            "of": None,
            "image_count": receipt.image_count,
            "object_count": receipt.object_count,
            "replaced": 0,
            "unchanged": receipt.image_count,
            "tool": sender.tool,
            "note": sender.note,
            "date_created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "created_by": sender.account.email,
            "key_name": key_name,
            "request_id": sender.request_id,
        }
    )
