"""The schemas Submission, the receipt of one accepted change of labels, and ImageRevision."""

from sqlalchemy import and_, select

from app.models import Campaign, Submission, SubmissionImage
from app.representations.json import json_object, json_rows, utc
from app.representations.reviews import select_reviews_of_revision
from app.representations.users import key_name, user_email

# Who sent a submission, when and with what.
_SENDER = (
    Submission.tool,
    Submission.note,
    utc(Submission.date_created).label("date_created"),
    user_email(Submission.user_id).label("created_by"),
    key_name(Submission.api_key_id).label("key_name"),
    Submission.request_id,
)
SUBMISSIONS = select(
    Submission.id.label("submission_id"),
    Submission.campaign_id,
    Submission.kind,
    Submission.of_submission.label("of"),
    Submission.image_count,
    Submission.object_count,
    Submission.replaced,
    Submission.unchanged,
    *_SENDER,
).order_by(Submission.id.desc())
# Who made a revision, for those who have overlooked it.
MAKERS = SUBMISSIONS.with_only_columns(
    Submission.id.label("revision"),
    user_email(Submission.user_id).label("created_by"),
    utc(Submission.date_created).label("date_created"),
)
HISTORY = (
    select(
        SubmissionImage.submission_id,
        json_object(campaign_id=Campaign.id, title=Campaign.title).label("campaign"),
        SubmissionImage.state,
        SubmissionImage.reason,
        SubmissionImage.object_count,
        json_rows(select_reviews_of_revision()).label("reviews"),
        Submission.kind,
        Submission.of_submission.label("of"),
        *_SENDER,
    )
    .select_from(SubmissionImage)
    .join(
        Submission,
        and_(Submission.campaign_id == SubmissionImage.campaign_id, Submission.id == SubmissionImage.submission_id),
    )
    .join(Campaign, Campaign.id == SubmissionImage.campaign_id)
    .order_by(SubmissionImage.submission_id.desc())
)
