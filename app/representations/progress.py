"""The schema Progress."""

from app.models import Campaign
from app.representations.json import json_object

# How many images of a campaign there are and how many are done, and how many have each state and verdict.
PROGRESS = json_object(
    total=Campaign.image_count,
    done=Campaign.labeled_count - Campaign.rejected_count,
    states=json_object(
        unlabeled=Campaign.image_count - Campaign.labeled_count,
        labeled=Campaign.labeled_count - Campaign.empty_count - Campaign.unusable_count,
        empty=Campaign.empty_count,
        unusable=Campaign.unusable_count,
    ),
    reviews=json_object(
        accepted=Campaign.accepted_count,
        rejected=Campaign.rejected_count,
        none=Campaign.image_count - Campaign.accepted_count - Campaign.rejected_count,
    ),
)
