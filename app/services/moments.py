"""Moments in the past of a campaign: `as_of` names one by a submission or by a time."""

import re
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import BadRequest, NotFound
from app.models import Submission
from app.services.times import read_time

# Shorter than the largest id, which no submission has.
SUBMISSION_ID = re.compile("[0-9]{1,18}")


def read_dated_moment(session: Session, campaign_id: int, as_of: str) -> tuple[int, datetime]:
    """Return the id of the newest submission to a campaign at a moment, 0 before the first, and the time of the moment.

    `as_of` is the id of a submission, which means the moment just after it, or a time or day in the form of TimeOrDay. Raises
    NotFound for a submission that the campaign does not have, BadRequest for a time in the future or without a meaning.
    """
    of_campaign = Submission.campaign_id == campaign_id
    if SUBMISSION_ID.fullmatch(as_of):
        submission_id = int(as_of)
        time = session.scalar(select(Submission.date_created).where(of_campaign, Submission.id == submission_id))
        if time is None:
            raise NotFound(f"Campaign {campaign_id} has no submission {submission_id}.")
        return submission_id, time
    time = _read_past(as_of)
    newest = select(func.max(Submission.id)).where(of_campaign, Submission.date_created <= time)
    return session.scalar(newest) or 0, time


def read_moment_of_any(session: Session, as_of: str) -> tuple[datetime, int | None, int | None]:
    """Return the time of a moment and, where it is named by a submission of any campaign, the campaign and this submission.

    Raises NotFound for a submission that is not there, BadRequest for a time in the future or without a meaning.
    """
    if not SUBMISSION_ID.fullmatch(as_of):
        return _read_past(as_of), None, None
    columns = (Submission.date_created, Submission.campaign_id, Submission.id)
    found = session.execute(select(*columns).where(Submission.id == int(as_of))).one_or_none()
    if found is None:
        raise NotFound(f"There is no submission {as_of}.")
    return found.date_created, found.campaign_id, found.id


def _read_past(as_of: str) -> datetime:
    time = read_time("as_of", as_of)
    if time is None or time > datetime.now(UTC):
        raise BadRequest("as_of must be a submission or a time that is not in the future.")
    return time
