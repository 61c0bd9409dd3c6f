"""The schema Review, and which verdict is in force."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, and_, bindparam, case, or_, select

from app.models import CampaignImage, Review, Submission, SubmissionImage
from app.representations.json import AnySelect, json_object, utc
from app.representations.users import key_name, user_email


def review_of(member: type[CampaignImage]) -> ColumnElement[Any]:
    """Return an expression: the review in force of an image of a campaign, which the outer select names, or null."""
    review = json_object(
        verdict=Review.verdict,
        comment=Review.comment,
        created_by=user_email(Review.user_id),
        date_created=utc(Review.date_created),
        revision=Review.submission_id,
    )
    found = select(review).where(Review.campaign_id == member.campaign_id, Review.id == member.review_id)
    return case((member.review_id.is_not(None), found.correlate(member).scalar_subquery()))


def has_verdict(member: type[CampaignImage], verdicts: Collection[str]) -> ColumnElement[bool]:
    """Return an expression: whether one of these verdicts is in force; `none` is that of images without a review in force."""
    # Joined, PostgreSQL might look through all reviews of a new campaign for each image.
    of_member = (Review.campaign_id == member.campaign_id, Review.id == member.review_id)
    verdict = select(Review.verdict).where(*of_member).correlate(member).scalar_subquery()
    has_one = verdict.in_(verdicts)
    return or_(member.review_id.is_(None), has_one) if "none" in verdicts else has_one


def review_id_then(campaign_id: Any, image_id: Any, outer: Any) -> ColumnElement[int]:
    """Return an expression: the review of an image of a campaign that was in force at a moment of the past.

    `outer` is what the outer select takes the two ids from. The moment is that just after the submission `moment` and at the time
    `moment_time`, two parameters.
    """
    of_image = (Review.campaign_id == campaign_id, Review.image_id == image_id)
    newest = (
        select(Review.id, Review.submission_id)
        .where(*of_image, Review.date_created <= bindparam("moment_time", type_=DateTime(timezone=True)))
        .correlate(outer)
        # The sum keeps PostgreSQL from reading all reviews of a campaign in the order of their ids until it meets the image.
        .order_by((Review.id + 0).desc())
        .limit(1)
        .subquery("newest_review")
    )
    is_of = (Submission.campaign_id == SubmissionImage.campaign_id, Submission.id == SubmissionImage.submission_id)
    # Joined, PostgreSQL might look through all submissions of a campaign.
    kind = select(Submission.kind).where(*is_of).correlate(SubmissionImage).scalar_subquery()
    has_new_content = (
        select(SubmissionImage.submission_id)
        .where(
            SubmissionImage.campaign_id == campaign_id,
            SubmissionImage.image_id == image_id,
            SubmissionImage.submission_id > newest.c.submission_id,
            SubmissionImage.submission_id <= bindparam("moment", type_=BigInteger),
            kind != "relabel",
        )
        .correlate(outer, newest)
        .exists()
    )
    return select(newest.c.id).where(~has_new_content).correlate(outer).scalar_subquery()


def select_reviews_of_revision() -> AnySelect:
    """Return the select of all reviews of what a submission made of an image, newest first; the outer select names both."""
    is_of = and_(
        Review.campaign_id == SubmissionImage.campaign_id,
        Review.image_id == SubmissionImage.image_id,
        Review.submission_id == SubmissionImage.submission_id,
    )
    return (
        select(
            Review.verdict,
            Review.comment,
            user_email(Review.user_id).label("created_by"),
            key_name(Review.api_key_id).label("key_name"),
            utc(Review.date_created).label("date_created"),
            Review.request_id,
        )
        .where(is_of)
        .correlate(SubmissionImage)
        .order_by(Review.id.desc())
    )
