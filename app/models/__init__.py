"""The tables: columns, constraints, indexes. No rules beyond what a constraint can say, no JSON."""

from app.models.api_keys import ApiKey
from app.models.audit import AuditEntry
from app.models.campaigns import Campaign, CampaignImage, CampaignMembership
from app.models.classes import CampaignClass
from app.models.datasets import Dataset
from app.models.drafts import Draft
from app.models.exports import Export
from app.models.idempotency_keys import IdempotencyKey
from app.models.image_sets import ImageSet
from app.models.images import Image, ImageCount
from app.models.imports import Import
from app.models.jobs import Job
from app.models.objects import Object
from app.models.problems import ImageSetProblem
from app.models.queries import KeptQuery
from app.models.reviews import Review
from app.models.session_keys import SessionKey
from app.models.snapshots import Snapshot, SnapshotClass, SnapshotImage, SnapshotLabels
from app.models.statistics import CampaignStatistics
from app.models.submissions import Submission, SubmissionImage
from app.models.users import Role, User

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Campaign",
    "CampaignClass",
    "CampaignImage",
    "CampaignMembership",
    "CampaignStatistics",
    "Dataset",
    "Draft",
    "Export",
    "IdempotencyKey",
    "Image",
    "ImageCount",
    "ImageSet",
    "ImageSetProblem",
    "Import",
    "Job",
    "KeptQuery",
    "Object",
    "Review",
    "Role",
    "SessionKey",
    "Snapshot",
    "SnapshotClass",
    "SnapshotImage",
    "SnapshotLabels",
    "Submission",
    "SubmissionImage",
    "User",
]
