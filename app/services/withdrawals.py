"""Withdrawing images, for example because people are on them: the file goes, and what is recorded of the image stays."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.models import Campaign, CampaignImage, Image, ImageSetProblem
from app.models.jobs import DELETE_IMAGE_FILES
from app.models.problems import DROPPED
from app.outbox import queue
from app.services.audit import Action, SubjectType, record
from app.services.campaign_images import remove_from_unfinished
from app.services.text import read_text

MAX_REASON_LENGTH = 500


def withdraw(session: Session, user_id: int, image_id: int, reason: str) -> int:
    """Withdraw an image: it leaves every campaign that is not finished; return the id of the job that deletes its files.

    Raises NotFound, Conflict when it was withdrawn before, Unprocessable for a reason with characters that cannot be seen.
    """
    reason = read_text(reason, "/reason", "The reason", MAX_REASON_LENGTH)
    if session.scalar(select(Image.id).where(Image.id == image_id)) is None:
        raise NotFound(f"There is no image {image_id}.")
    # Campaigns are held before the image, as by submissions. A publication holds its campaign at its end, so that it sees the
    # withdrawal or comes before it.
    left = remove_from_unfinished(session, image_id)
    finished = select(Campaign.id).join(CampaignImage, CampaignImage.campaign_id == Campaign.id)
    of_image = finished.where(CampaignImage.image_id == image_id).order_by(Campaign.id)
    session.execute(of_image.with_for_update(of=Campaign))
    values = {
        # The time of this moment, not that of the transaction, which may have waited for a campaign.
        "date_withdrawn": func.clock_timestamp(),
        "withdrawn_by": user_id,
        "withdrawal_reason": reason,
        # It has no previews any more, and is not to be inspected.
        "dhash": None,
        "problem": None,
        "date_inspected": func.coalesce(Image.date_inspected, func.now()),
    }
    present = update(Image).where(Image.id == image_id, Image.date_withdrawn.is_(None)).values(values)
    if session.scalar(present.returning(Image.id)) is None:
        raise Conflict(f"Image {image_id} was withdrawn before.")
    is_open = (ImageSetProblem.image_id == image_id, ImageSetProblem.settlement.is_(None))
    settled = {"settlement": DROPPED, "date_settled": func.now(), "retrying": False}
    session.execute(update(ImageSetProblem).where(*is_open, ImageSetProblem.stage == "inspection").values(settled))
    record(session, Action.WITHDRAW_IMAGE, SubjectType.IMAGE, image_id, reason=reason, campaign_ids=left)
    return queue.enqueue(session, DELETE_IMAGE_FILES, "image", image_id)
