"""Operations on campaigns."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import orjson
from flask import Response
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.handlers import read_expansion
from app.observability import metrics
from app.representations.pages import Page
from app.responses import json_answer, ok_or_representation, page_answer, refuse_if_changed, resource_answer
from app.services import campaign_images, campaigns, objects, relabels, submissions
from app.services.api_keys import Account, KeyPair
from app.services.campaigns import CampaignImageFilter, NewCampaign
from app.services.submissions import Sender
from app.wiring import components


def list_campaigns(
    session: Session,
    page: Page,
    status: str | None = None,
    title: str | None = None,
    kind: str = "people",
    archived: bool = False,
) -> Response:
    """GET /campaigns"""
    return page_answer(campaigns.list_campaigns(session, page, status, title, kind, archived=archived))


def create_campaign(session: Session, body: dict[str, Any], account: Account) -> Response:
    """POST /campaigns"""
    campaign_id, pair = campaigns.create_campaign(session, account, NewCampaign(**body))
    return _with_access_token(session, campaign_id, pair)


def get_campaign(session: Session, campaign_id: int) -> Response:
    """GET /campaigns/{campaign_id}"""
    return resource_answer(campaigns.get_campaign(session, campaign_id))


def update_campaign(session: Session, campaign_id: int, body: dict[str, Any]) -> Response:
    """PATCH /campaigns/{campaign_id}"""
    campaigns.lock_campaign(session, campaign_id, even_archived=True)
    refuse_if_changed(lambda: campaigns.get_campaign(session, campaign_id))
    campaigns.update_campaign(session, campaign_id, body)
    return resource_answer(campaigns.get_campaign(session, campaign_id))


def delete_campaign(session: Session, campaign_id: int) -> Response:
    """DELETE /campaigns/{campaign_id}"""
    campaigns.lock_campaign(session, campaign_id)
    refuse_if_changed(lambda: campaigns.get_campaign(session, campaign_id))
    return json_answer(campaigns.delete_campaign(session, campaign_id))


def update_campaign_status(session: Session, campaign_id: int, body: dict[str, Any]) -> Response:
    """PUT /campaigns/{campaign_id}"""
    campaigns.lock_campaign(session, campaign_id)
    refuse_if_changed(lambda: campaigns.get_campaign(session, campaign_id))
    if body["new_status"] == "active":
        campaign_images.remove_withdrawn(session, campaign_id)
    job_id = campaigns.update_status(session, campaign_id, body["new_status"], body.get("auto_complete"))
    return ok_or_representation(lambda: campaigns.get_campaign(session, campaign_id), job_id)


def list_campaign_images(
    session: Session,
    campaign_id: int,
    page: Page,
    expand: list[str] | None = None,
    **sent: Any,
) -> Response:
    """GET /campaigns/{campaign_id}/images"""
    filters = CampaignImageFilter(**sent)
    return page_answer(campaigns.list_images(session, campaign_id, page, filters, read_expansion(expand)))


def add_campaign_images(session: Session, campaign_id: int, body: Iterable[dict[str, Any]]) -> Response:
    """POST /campaigns/{campaign_id}/images"""
    addition = campaign_images.add_images(session, campaign_id, body)
    answer = ok_or_representation(lambda: campaigns.get_campaign(session, campaign_id))
    if "Preference-Applied" in answer.headers:
        # The entity tag stays that of the campaign.
        answer.set_data(orjson.dumps(orjson.loads(answer.get_data()) | asdict(addition)))
    return answer


def remove_campaign_images(session: Session, campaign_id: int, body: Iterable[dict[str, Any]]) -> Response:
    """POST /campaigns/{campaign_id}/images/remove"""
    campaign_images.remove_images(session, campaign_id, body)
    return ok_or_representation(lambda: campaigns.get_campaign(session, campaign_id))


def remove_campaign_image(session: Session, campaign_id: int, image_id: int) -> Response:
    """DELETE /campaigns/{campaign_id}/images/{image_id}"""
    campaign_images.remove_images(session, campaign_id, [{"id": image_id}])
    return json_answer(campaigns.get_campaign(session, campaign_id))


def list_campaign_objects(
    session: Session,
    campaign_id: int,
    page: Page,
    **sent: Any,
) -> Response:
    """GET /campaigns/{campaign_id}/objects"""
    return page_answer(campaigns.list_objects(session, campaign_id, page, CampaignImageFilter(**sent)))


def put_campaign_objects(
    session: Session,
    campaign_id: int,
    body: Iterable[dict[str, Any]],
    sender: Sender,
) -> Response:
    """PUT /campaigns/{campaign_id}/objects"""
    limit = components().settings.max_objects_per_request
    receipt = objects.put_objects(session, sender, campaign_id, body, limit)
    if receipt.submission_id is not None:
        # What is rolled back after all is not counted.
        counts = receipt.changed_object_counts
        event.listen(session, "after_commit", lambda _: metrics.observe_submission(counts), once=True)
    return ok_or_representation(lambda: submissions.get_receipt(session, sender, campaign_id, receipt))


def relabel_campaign(
    session: Session,
    campaign_id: int,
    body: dict[str, Any],
    sender: Sender,
) -> Response:
    """POST /campaigns/{campaign_id}/relabel"""
    return json_answer(relabels.relabel(session, sender, campaign_id, **body))


def add_labeler(session: Session, campaign_id: int, body: dict[str, Any], account: Account) -> Response:
    """POST /campaigns/{campaign_id}/labelers"""
    return _with_access_token(
        session, campaign_id, campaigns.add_member(session, account, campaign_id, body["email"], "labeler")
    )


def remove_labeler(session: Session, campaign_id: int, user_id: int) -> Response:
    """DELETE /campaigns/{campaign_id}/labelers/{user_id}"""
    campaigns.remove_member(session, campaign_id, user_id, "labeler")
    return json_answer(campaigns.get_campaign(session, campaign_id))


def add_reviewer(session: Session, campaign_id: int, body: dict[str, Any], account: Account) -> Response:
    """POST /campaigns/{campaign_id}/reviewers"""
    return _with_access_token(
        session, campaign_id, campaigns.add_member(session, account, campaign_id, body["email"], "reviewer")
    )


def remove_reviewer(session: Session, campaign_id: int, user_id: int) -> Response:
    """DELETE /campaigns/{campaign_id}/reviewers/{user_id}"""
    campaigns.remove_member(session, campaign_id, user_id, "reviewer")
    return json_answer(campaigns.get_campaign(session, campaign_id))


def _with_access_token(session: Session, campaign_id: int, pair: KeyPair | None) -> Response:
    campaign = orjson.loads(campaigns.get_campaign(session, campaign_id))
    return json_answer(campaign | {"access_token": pair and pair._asdict()})


def list_campaign_datasets(session: Session, campaign_id: int) -> Response:
    """GET /campaigns/{campaign_id}/datasets"""
    return json_answer({"datasets": campaigns.list_datasets(session, components().blob_store, campaign_id)})
