"""Operations on images."""

from flask import Response

from app.database import db
from app.handlers import blob_store
from app.pagination import Page
from app.responses import json_answer
from app.services import images
from app.services.api_keys import Account


def list_images(page: int, per_page: int) -> Response:
    """GET /images"""
    return json_answer(images.list_images(db.session(), Page(page, per_page)))


def get_image(image_id: int, account: Account) -> Response:
    """GET /images/{image_id}"""
    url = images.make_image_url(db.session(), blob_store(), account, image_id)
    return Response(status=303, headers={"Location": url, "Cache-Control": "no-store"})


def list_image_objects(image_id: int, campaigns: list[int] | None = None) -> Response:
    """GET /images/{image_id}/objects"""
    return json_answer(images.list_objects(db.session(), image_id, campaigns))
