"""Images: finding them, naming them in a request, and handing out links to their files."""

from typing import Any

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import Session

from app import shapes
from app.azure.blobs import BlobStore
from app.errors import Forbidden, NotFound
from app.models import Campaign, CampaignImage, Image, Object
from app.pagination import Page
from app.services.api_keys import Account

NO_ACCESS = "Your key does not give access to this."


def list_images(session: Session, page: Page) -> bytes:
    """Return a page of all images, by id."""
    total = session.scalars(select(func.count()).select_from(Image)).one()
    return shapes.page_of(session, "images", shapes.images(), page, total)


def make_image_url(session: Session, blobs: BlobStore, account: Account, image_id: int) -> str:
    """Return a link that reads the image's file.

    Raises NotFound for an admin; a labeler gets Forbidden for a missing image as for one of somebody else's campaign.
    """
    path = session.scalar(select(Image.blobstorage_path).where(Image.id == image_id, _is_open_to(account)))
    if path is None:
        raise _not_found(image_id) if account.is_admin else Forbidden(NO_ACCESS)
    return blobs.read_url(path.partition("/")[2])


def _is_open_to(account: Account) -> Any:
    if account.is_admin:
        return True
    mine = and_(CampaignImage.image_id == Image.id, CampaignImage.campaign_id == func.any(list(account.campaign_ids)))
    return exists().where(mine)


def list_objects(session: Session, image_id: int, campaign_ids: list[int] | None) -> bytes:
    """Return the image's present objects from one campaign, as a JSON array.

    That campaign is the first of the list in which the image is labeled; with no list, the most recently finished one.
    Raises NotFound for the image, or for any campaign of the list.
    """
    if session.get(Image, image_id) is None:
        raise _not_found(image_id)
    labeled = select(CampaignImage.campaign_id, CampaignImage.submission_id).where(
        CampaignImage.image_id == image_id, CampaignImage.submission_id.is_not(None)
    )
    if campaign_ids:
        _require_campaigns(session, campaign_ids)
        wanted = labeled.where(CampaignImage.campaign_id == func.any(campaign_ids)).order_by(
            func.array_position(campaign_ids, CampaignImage.campaign_id)
        )
    else:
        wanted = (
            labeled.join(Campaign, Campaign.id == CampaignImage.campaign_id)
            .where(Campaign.status == "finished")
            .order_by(Campaign.date_finished.desc(), Campaign.id.desc())
        )
    chosen = session.execute(wanted.limit(1)).one_or_none()
    if chosen is None:
        return b"[]"
    current = and_(
        Object.campaign_id == chosen.campaign_id,
        Object.submission_id == chosen.submission_id,
        Object.image_id == image_id,
    )
    return shapes.list_of(session, shapes.objects().where(current))


def _require_campaigns(session: Session, campaign_ids: list[int]) -> None:
    known = set(session.scalars(select(Campaign.id).where(Campaign.id == func.any(campaign_ids))))
    for campaign_id in campaign_ids:
        if campaign_id not in known:
            raise NotFound(f"There is no campaign {campaign_id}.")


def resolve_images(session: Session, references: list[dict[str, Any]]) -> list[int]:
    """Return the ids of the images named by `{"id": …}` or `{"filepath": …}`, each once, in ascending order.

    A slash before a path is allowed. Raises NotFound that points at the first images that are not there.
    """
    ids = {reference["id"] for reference in references if "id" in reference}
    paths = {_path_of(reference) for reference in references if "filepath" in reference}
    known_ids = set(session.scalars(select(Image.id).where(Image.id == func.any(list(ids))))) if ids else set()
    by_path = {}
    if paths:
        named = select(Image.blobstorage_path, Image.id).where(Image.blobstorage_path == func.any(list(paths)))
        by_path = {row.blobstorage_path: row.id for row in session.execute(named)}
    _require_all(references, known_ids, by_path)
    return sorted(known_ids.union(by_path.values()))


def _path_of(reference: dict[str, Any]) -> str:
    return str(reference["filepath"]).removeprefix("/")


def _require_all(references: list[dict[str, Any]], known_ids: set[int], by_path: dict[str, int]) -> None:
    errors: list[dict[str, str]] = []
    for position, reference in enumerate(references):
        if "id" in reference and reference["id"] not in known_ids:
            errors.append({"pointer": f"/{position}/id", "detail": f"There is no image {reference['id']}."})
        elif "filepath" in reference and _path_of(reference) not in by_path:
            shown = _path_of(reference)[:200]
            errors.append({"pointer": f"/{position}/filepath", "detail": f"There is no image {shown}."})
        if len(errors) == 50:
            break
    if errors:
        raise NotFound(f"{errors[0]['detail']} Nothing was added.", errors=errors)


def _not_found(image_id: int) -> NotFound:
    return NotFound(f"There is no image {image_id}.")
