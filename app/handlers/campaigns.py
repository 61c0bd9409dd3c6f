"""Operations on campaigns."""

from collections.abc import Iterable
from typing import Any

import orjson
from flask import Response, current_app, request
from sqlalchemy.orm import Session

from app.handlers import blob_store, read_expansion, read_page
from app.media.media_types import DATASETS
from app.observability import metrics
from app.responses import done, json_answer, page_answer, refuse_if_changed, resource_answer
from app.services import campaigns, objects
from app.services.api_keys import Account
from app.services.campaigns import NewCampaign
from app.services.objects import Sender


def list_campaigns(
    session: Session,
    page: int,
    per_page: int,
    after: int | None = None,
    status: str | None = None,
    title: str | None = None,
) -> Response:
    """GET /campaigns"""
    asked = read_page(page, per_page, after)
    return page_answer(campaigns.list_campaigns(session, asked, status, title))


def create_campaign(session: Session, body: dict[str, Any], account: Account) -> Response:
    """POST /campaigns"""
    campaign_id, pair = campaigns.create_campaign(session, account, NewCampaign(**body))
    created = orjson.loads(campaigns.get_campaign(session, campaign_id))
    return json_answer(created | {"access_token": pair._asdict()})


def get_campaign(session: Session, campaign_id: int) -> Response:
    """GET /campaigns/{campaign_id}"""
    return resource_answer(campaigns.get_campaign(session, campaign_id))


def update_campaign_status(session: Session, campaign_id: int, body: dict[str, Any]) -> Response:
    """PUT /campaigns/{campaign_id}"""
    campaigns.lock_campaign(session, campaign_id)
    refuse_if_changed(lambda: campaigns.get_campaign(session, campaign_id))
    job_id = campaigns.update_status(session, campaign_id, body["new_status"], body.get("auto_complete"))
    return done(lambda: campaigns.get_campaign(session, campaign_id), job_id)


def list_campaign_images(
    session: Session,
    campaign_id: int,
    page: int,
    per_page: int,
    after: int | None = None,
    labeled: bool | None = None,
    expand: list[str] | None = None,
) -> Response:
    """GET /campaigns/{campaign_id}/images"""
    asked = read_page(page, per_page, after)
    return page_answer(campaigns.list_images(session, campaign_id, asked, labeled, read_expansion(expand)))


def add_campaign_images(session: Session, campaign_id: int, body: Iterable[dict[str, Any]]) -> Response:
    """POST /campaigns/{campaign_id}/images"""
    campaigns.add_images(session, campaign_id, body)
    return done(lambda: campaigns.get_campaign(session, campaign_id))


def list_campaign_objects(
    session: Session,
    campaign_id: int,
    page: int,
    per_page: int,
    after: int | None = None,
    labeled: bool | None = None,
) -> Response:
    """GET /campaigns/{campaign_id}/objects"""
    asked = read_page(page, per_page, after)
    return page_answer(campaigns.list_objects(session, campaign_id, asked, labeled))


def put_campaign_objects(
    session: Session, campaign_id: int, body: Iterable[dict[str, Any]], account: Account
) -> Response:
    """PUT /campaigns/{campaign_id}/objects"""
    sender = Sender(account, request.environ["asgi.scope"]["labelapi.request_id"])
    limit = current_app.config["MAX_OBJECTS_PER_REQUEST"]
    receipt = objects.put_objects(session, sender, campaign_id, body, limit)
    if receipt.submission_id is not None:
        metrics.observe_submission(receipt.object_counts)
    return done(lambda: objects.get_receipt(session, sender, campaign_id, receipt))


def list_campaign_datasets(session: Session, campaign_id: int) -> Response:
    """GET /campaigns/{campaign_id}/datasets"""
    rows = campaigns.list_datasets(session, campaign_id)
    return json_answer(
        {"datasets": [row | {"url": blob_store().read_url(row["path"], DATASETS[row["kind"]])} for row in rows]}
    )
