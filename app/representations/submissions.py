"""The schema Submission: the receipt of one accepted PUT of objects."""

from sqlalchemy import select

from app.models import Submission
from app.representations.json import utc
from app.representations.users import user_email

SUBMISSIONS = select(
    Submission.id.label("submission_id"),
    Submission.campaign_id,
    Submission.image_count,
    Submission.object_count,
    utc(Submission.date_created).label("date_created"),
    user_email(Submission.user_id).label("created_by"),
)
