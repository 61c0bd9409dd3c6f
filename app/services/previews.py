"""Previews of images: made by the inspection or when somebody first asks, and with the boxes of a campaign on them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.azure.blobs import BlobStore
from app.errors import Forbidden, NotFound, Unavailable
from app.media.boxes import PALETTE, Box
from app.media.decoders import Busy, Decoder, DecoderPool
from app.media.previews import preview_path
from app.models import CampaignClass, CampaignImage, Image, Object
from app.services import inspection
from app.services.api_keys import Account
from app.services.campaigns import require_campaign
from app.services.images import NO_ACCESS, find_file

WAIT_SECONDS = 2
RETRY_AFTER_SECONDS = 2
MAX_BOXES = 5000


def render_preview(
    session: Session,
    blobs: BlobStore,
    decoders: DecoderPool,
    account: Account,
    image_id: int,
    campaign_id: int | None,
    width: int | None,
) -> bytes:
    """Return a JPEG of an image, at most `width` pixels wide, with the present boxes of a campaign on it, if one is named.

    Raises NotFound for the image, the campaign, an image that is not in it, and one that has no preview; Forbidden for callers
    who may not see it; Gone for a withdrawn image; Unavailable while too many others are rendered; StorageUnavailable.
    """
    find_file(session, account, image_id)
    if campaign_id is not None:
        _require_member(session, account, campaign_id, image_id)
    with _turn(decoders) as decoder:
        preview = _read_preview(session, blobs, decoder, image_id)
        if campaign_id is None and width is None:
            return preview
        # Few requests need Pillow, which takes 4 MB of each process that imports it.
        from app.media.drawing import draw_boxes

        boxes = [] if campaign_id is None else list(_find_boxes(session, campaign_id, image_id))
        return draw_boxes(preview, width, boxes)


@contextmanager
def _turn(decoders: DecoderPool) -> Iterator[Decoder]:
    """A decoder, which only so many requests have at a time. Raises Unavailable when none gets free."""
    try:
        with decoders.borrow(WAIT_SECONDS) as decoder:
            yield decoder
    except Busy:
        detail = "Too many previews are being made. Ask again in a moment."
        raise Unavailable(detail, RETRY_AFTER_SECONDS) from None


def _require_member(session: Session, account: Account, campaign_id: int, image_id: int) -> None:
    if not account.reads_everything and campaign_id not in account.campaign_ids:
        raise Forbidden(NO_ACCESS)
    require_campaign(session, campaign_id)
    member = (CampaignImage.campaign_id == campaign_id, CampaignImage.image_id == image_id)
    if session.scalar(select(CampaignImage.image_id).where(*member)) is None:
        raise NotFound(f"Image {image_id} is not in campaign {campaign_id}.")


def _read_preview(session: Session, blobs: BlobStore, decoder: Decoder, image_id: int) -> bytes:
    """Return the large preview, which is made if it is not there. Raises NotFound when the image can have none."""
    columns = (Image.filetype, Image.sha256, Image.dhash)
    found = session.execute(select(*columns).where(Image.id == image_id)).one()
    if found.filetype is None:
        raise NotFound(f"Image {image_id} has no preview: its file is no image.")
    if found.dhash is not None and found.sha256 is not None:
        try:
            return b"".join(blobs.read(preview_path(image_id, found.sha256)))
        except NotFound:
            # Somebody has deleted it. It is made again.
            pass
    finding, picture = inspection.inspect_file(blobs, decoder, inspection.find_file(session, image_id))
    if picture is not None:
        inspection.write_previews(blobs, finding, picture)
    inspection.note_findings(session, [finding])
    if picture is None:
        raise NotFound(f"Image {image_id} has no preview: {finding.message}")
    return picture.preview


def _find_boxes(session: Session, campaign_id: int, image_id: int) -> Iterator[Box]:
    """Yield the present boxes of an image, the first 5,000 of them."""
    rows = (
        select(
            func.coalesce(Object.left_edge, Object.x_min),
            func.coalesce(Object.upper_edge, Object.y_min),
            func.coalesce(Object.right_edge, Object.x_max),
            func.coalesce(Object.lower_edge, Object.y_max),
            Object.label,
            CampaignClass.color,
            CampaignClass.position,
            func.coalesce(Image.width, 1),
            func.coalesce(Image.height, 1),
        )
        .join(
            CampaignImage,
            (CampaignImage.campaign_id == Object.campaign_id)
            & (CampaignImage.submission_id == Object.submission_id)
            & (CampaignImage.image_id == Object.image_id),
        )
        .join(Image, Image.id == Object.image_id)
        .outerjoin(
            CampaignClass, (CampaignClass.campaign_id == Object.campaign_id) & (CampaignClass.name == Object.label)
        )
        .where(Object.campaign_id == campaign_id, Object.image_id == image_id)
        .order_by(Object.id)
        .limit(MAX_BOXES)
    )
    for left, top, right, bottom, label, color, position, width, height in session.execute(rows):
        edges = (left / width, top / height, right / width, bottom / height)
        yield Box(*edges, label=label, color=color or PALETTE[(position or 0) % len(PALETTE)])
