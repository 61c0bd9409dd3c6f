"""Operations on image sets."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import orjson
from flask import Response
from sqlalchemy.orm import Session

from app.handlers import read_expansion
from app.representations.pages import Page
from app.responses import (
    json_answer,
    ok_or_representation,
    page_answer,
    refuse_if_changed,
    resource_answer,
    with_monitor,
)
from app.services import dropboxes, image_sets
from app.services.api_keys import Account
from app.services.image_filters import ImageFilter
from app.services.image_sets import NewImageSet
from app.wiring import components


def list_image_sets(
    session: Session,
    page: Page,
    status: str | None = None,
    title: str | None = None,
) -> Response:
    """GET /image_sets"""
    return page_answer(image_sets.list_image_sets(session, page, status, title))


def create_image_set(session: Session, body: dict[str, Any], account: Account) -> Response:
    """POST /image_sets"""
    imageset_id, dropbox_url = image_sets.create_image_set(
        session, components().blob_store, account, NewImageSet(**body)
    )
    created = orjson.loads(image_sets.get_image_set(session, imageset_id))
    return json_answer(created | {"dropbox_url": dropbox_url})


def get_image_set(session: Session, imageset_id: int) -> Response:
    """GET /image_sets/{imageset_id}"""
    return resource_answer(image_sets.get_image_set(session, imageset_id))


def update_image_set_status(session: Session, imageset_id: int, body: dict[str, Any]) -> Response:
    """PUT /image_sets/{imageset_id}"""
    image_sets.lock_image_set(session, imageset_id)
    refuse_if_changed(lambda: image_sets.get_image_set(session, imageset_id))
    job_id = image_sets.update_status(session, components().blob_store, imageset_id, body["new_status"])
    answer = ok_or_representation(partial(_changed_set, session, imageset_id), job_id)
    if body["new_status"] == "created":
        # A link is not kept, and is not part of what `GET` answers.
        answer.headers.pop("ETag", None)
    return answer


def _changed_set(session: Session, imageset_id: int) -> bytes:
    """Return the set; one that takes uploads again has its link as well."""
    changed = image_sets.get_image_set(session, imageset_id)
    document = orjson.loads(changed)
    if document["status"] == "finished":
        return changed
    url = image_sets.create_dropbox_url(session, components().blob_store, imageset_id)
    return orjson.dumps(document | {"dropbox_url": url})


def update_image_set(session: Session, imageset_id: int, body: dict[str, Any]) -> Response:
    """PATCH /image_sets/{imageset_id}"""
    image_sets.lock_image_set(session, imageset_id)
    refuse_if_changed(lambda: image_sets.get_image_set(session, imageset_id))
    image_sets.update_image_set(session, components().blob_store, imageset_id, body)
    return resource_answer(image_sets.get_image_set(session, imageset_id))


def delete_image_set(session: Session, imageset_id: int) -> Response:
    """DELETE /image_sets/{imageset_id}"""
    image_sets.lock_image_set(session, imageset_id)
    deleted = image_sets.get_image_set(session, imageset_id)
    refuse_if_changed(lambda: deleted)
    job_id = image_sets.delete_image_set(session, imageset_id)
    return with_monitor(json_answer(deleted), job_id)


def list_uploads(session: Session, imageset_id: int, per_page: int, cursor: str | None = None) -> Response:
    """GET /image_sets/{imageset_id}/uploads"""
    image_set = image_sets.read_image_set(session, imageset_id)
    return page_answer(dropboxes.list_uploads(components().blob_store, image_set, per_page, cursor))


def create_dropbox_url(session: Session, imageset_id: int, revoke: bool) -> Response:
    """POST /image_sets/{imageset_id}/dropbox_url"""
    url = image_sets.create_dropbox_url(session, components().blob_store, imageset_id, revoke=revoke)
    return json_answer({"dropbox_url": url})


def list_image_set_images(
    session: Session,
    imageset_id: int,
    page: Page,
    expand: list[str] | None = None,
    **sent: Any,
) -> Response:
    """GET /image_sets/{imageset_id}/images"""
    image_filter = ImageFilter(**sent, image_set=imageset_id)
    return page_answer(image_sets.list_images(session, imageset_id, page, image_filter, read_expansion(expand)))


def add_image_set_images(session: Session, imageset_id: int, body: Iterable[dict[str, Any]]) -> Response:
    """POST /image_sets/{imageset_id}/images"""
    image_sets.add_images(session, imageset_id, body)
    return ok_or_representation(lambda: image_sets.get_image_set(session, imageset_id))
