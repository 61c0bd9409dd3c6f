"""Operations on images."""

from collections.abc import Iterable
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.handlers import read_expansion
from app.representations.pages import Page
from app.responses import json_answer, page_answer, with_monitor
from app.services import image_changes, image_places, images, previews, submissions, withdrawals
from app.services.api_keys import Account
from app.services.image_filters import ImageFilter
from app.wiring import components


def list_images(
    session: Session,
    page: Page,
    sort: str,
    expand: list[str] | None = None,
    cursor: str | None = None,
    **sent: Any,
) -> Response:
    """GET /images"""
    return page_answer(
        images.list_images(session, page, ImageFilter(**sent), read_expansion(expand), sort=sort, cursor=cursor)
    )


def count_image_places(session: Session, cells: int, **sent: Any) -> Response:
    """GET /images/places"""
    return json_answer(image_places.count_places(session, ImageFilter(**sent), cells))


def get_image(session: Session, image_id: int, account: Account) -> Response:
    """GET /images/{image_id}"""
    url = images.make_image_url(session, components().blob_store, account, image_id)
    return Response(status=303, headers={"Location": url})


def get_image_details(session: Session, image_id: int, account: Account) -> Response:
    """GET /images/{image_id}/details"""
    return json_answer(images.get_details(session, components().blob_store, account, image_id))


def update_image(session: Session, image_id: int, body: dict[str, Any], account: Account) -> Response:
    """PATCH /images/{image_id}"""
    image_changes.update_image(session, image_id, body)
    return json_answer(images.get_details(session, components().blob_store, account, image_id))


def update_images(session: Session, body: Iterable[dict[str, Any]]) -> Response:
    """PATCH /images"""
    return json_answer(image_changes.update_images(session, body))


def get_image_preview(
    session: Session, image_id: int, account: Account, campaign: int | None = None, width: int | None = None
) -> Response:
    """GET /images/{image_id}/preview"""
    made = components()
    preview = previews.render_preview(session, made.blob_store, made.decoders, account, image_id, campaign, width)
    return Response(preview, mimetype="image/jpeg")


def withdraw_image(session: Session, image_id: int, body: dict[str, Any], account: Account) -> Response:
    """POST /images/{image_id}/withdraw"""
    job_id = withdrawals.withdraw(session, account.user_id, image_id, body["reason"])
    answer = json_answer(images.get_details(session, components().blob_store, account, image_id))
    return with_monitor(answer, job_id)


def list_image_objects(
    session: Session, image_id: int, campaigns: list[int] | None = None, as_of: str | None = None
) -> Response:
    """GET /images/{image_id}/objects"""
    return json_answer(images.list_objects(session, image_id, campaigns, as_of))


def list_image_history(session: Session, image_id: int, page: Page) -> Response:
    """GET /images/{image_id}/history"""
    return page_answer(submissions.list_history(session, image_id, page))
