"""The schema CampaignClass, in the order of the campaign."""

from sqlalchemy import select

from app.models import CampaignClass

CLASSES = select(
    CampaignClass.name,
    CampaignClass.color,
    CampaignClass.key,
    CampaignClass.description,
    CampaignClass.aliases,
    CampaignClass.retired,
).order_by(CampaignClass.position)
