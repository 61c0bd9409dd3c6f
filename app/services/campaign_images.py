"""Which images are in a campaign."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import NotFound

MAX_ERRORS = 50

UNKNOWN = text("""
SELECT position - 1 AS position, image_id
FROM unnest(CAST(:image_ids AS bigint[])) WITH ORDINALITY AS named (image_id, position)
WHERE NOT EXISTS (
    SELECT FROM campaign_image WHERE campaign_id = :campaign_id AND campaign_image.image_id = named.image_id)
ORDER BY position LIMIT :most
""")


def require_members(session: Session, campaign_id: int, image_ids: list[int], *, pointer: str, outcome: str) -> None:
    """Raise NotFound with an error for each image that is not in the campaign, up to MAX_ERRORS.

    `pointer` is that of an image's id in the body, with `{}` for its place in `image_ids`; `outcome` is what the refusal means.
    """
    values = {"campaign_id": campaign_id, "image_ids": image_ids, "most": MAX_ERRORS}
    errors = [
        {"pointer": pointer.format(row.position), "detail": f"Image {row.image_id} is not in campaign {campaign_id}."}
        for row in session.execute(UNKNOWN, values)
    ]
    if errors:
        raise NotFound(f"{errors[0]['detail']} {outcome}", errors=errors)
