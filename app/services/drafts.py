"""Drafts: labels that a user keeps for images before it submits them. They change nothing else."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, exists, func, select, text
from sqlalchemy.orm import Session

from app.errors import BadRequest, Conflict, Unprocessable
from app.models import Campaign, Draft, User
from app.models.users import MAX_EMAIL_LENGTH
from app.representations.drafts import DRAFTS
from app.representations.pages import Listing, Page, fetch_page
from app.services.api_keys import Account
from app.services.campaign_images import hold_members, require_members
from app.services.campaigns import campaign_not_found, refuse_archived, require_campaign
from app.services.images import find_repeated
from app.services.text import read_query_text

MAX_ERRORS = 50
# So many images and objects are stored by one statement.
CHUNK_COUNT = 5_000

HAS_DRAFTS = select(
    exists().where(Draft.campaign_id == bindparam("campaign_id"), Draft.user_id == bindparam("user_id"))
)
KEEP = text("""
INSERT INTO draft (campaign_id, image_id, user_id, content)
SELECT :campaign_id, image_id, :user_id, content
FROM json_to_recordset(:drafts) AS sent (image_id bigint, content jsonb)
ON CONFLICT (campaign_id, image_id, user_id) DO UPDATE SET content = excluded.content, date_changed = now()
""")


def put_drafts(
    session: Session, account: Account, campaign_id: int, drafts: Iterable[dict[str, Any]], max_objects: int
) -> None:
    """Keep what was sent as the caller's drafts of the named images, all or nothing.

    Raises NotFound for the campaign or an image that is not in it, Conflict unless the campaign is `active` or `completed`,
    BadRequest for more than `max_objects` objects, Unprocessable for an image that is named twice.
    """
    campaign = session.execute(
        select(Campaign.status, Campaign.archived).where(Campaign.id == campaign_id)
    ).one_or_none()
    if campaign is None:
        raise campaign_not_found(campaign_id)
    refuse_archived(campaign_id, is_archived=campaign.archived)
    status = campaign.status
    if status not in ("active", "completed"):
        raise Conflict(f"Campaign {campaign_id} is {status}: drafts can be kept only while it is active or completed.")
    image_ids = [draft["image_id"] for draft in drafts]
    faults = list(islice(find_repeated(image_ids), MAX_ERRORS))
    if faults:
        raise Unprocessable(f"{faults[0]['detail']} Nothing was kept.", errors=faults)
    # An image that leaves the campaign takes its drafts with it.
    hold_members(session, campaign_id, image_ids)
    require_members(session, campaign_id, image_ids, pointer="/{}/image_id", outcome="Nothing was kept.")
    for chunk in _chunks(drafts, max_objects):
        session.execute(KEEP, {"campaign_id": campaign_id, "user_id": account.user_id, "drafts": chunk})


def _chunks(drafts: Iterable[dict[str, Any]], max_objects: int) -> Iterator[str]:
    chunk: list[dict[str, Any]] = []
    size = total = 0
    for draft in drafts:
        content = {name: value for name, value in draft.items() if name != "image_id"}
        # A large list is read as it is gone through.
        content["objects"] = list(draft["objects"]) if "objects" in draft else None
        count = len(content["objects"] or ())
        total += count
        if total > max_objects:
            raise BadRequest(f"The body has more than {max_objects} objects, the limit of one request.")
        chunk.append({"image_id": draft["image_id"], "content": content})
        size += count + 1
        if size >= CHUNK_COUNT:
            yield orjson.dumps(chunk).decode()
            chunk, size = [], 0
    if chunk:
        yield orjson.dumps(chunk).decode()


def list_drafts(
    session: Session,
    account: Account,
    campaign_id: int,
    page: Page,
    user: str | None = None,
    image_id: int | None = None,
) -> Listing:
    """Return a page of the caller's drafts in a campaign, or for one image, by image; for an admin those of all users, or of one.

    Raises NotFound, and BadRequest for an address that cannot be.
    """
    require_campaign(session, campaign_id)
    rows = DRAFTS.where(Draft.campaign_id == campaign_id)
    if not account.is_admin:
        rows = rows.where(Draft.user_id == account.user_id)
    if user is not None:
        email = read_query_text(user, "user", MAX_EMAIL_LENGTH)
        of_user = select(User.id).where(func.lower(User.email) == func.lower(email)).scalar_subquery()
        rows = rows.where(Draft.user_id == of_user)
    if image_id is not None:
        rows = rows.where(Draft.image_id == image_id)
    return fetch_page(session, "drafts", rows, page)


def drop_drafts(session: Session, campaign_id: int, user_id: int, image_ids: list[int]) -> None:
    """Delete the drafts of a user for images that it has submitted."""
    of_user = (Draft.campaign_id == campaign_id, Draft.user_id == user_id)
    session.execute(delete(Draft).where(*of_user, Draft.image_id == func.any(image_ids)))


def has_drafts(session: Session, campaign_id: int, user_id: int) -> bool:
    """Return whether a user has a draft in a campaign."""
    return bool(session.connection().scalar(HAS_DRAFTS, {"campaign_id": campaign_id, "user_id": user_id}))
