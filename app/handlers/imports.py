"""Operations on imports."""

from typing import Any

import orjson
from flask import Response
from sqlalchemy.orm import Session

from app.representations.pages import Page
from app.responses import json_answer, ok_or_representation, page_answer, resource_answer, with_monitor
from app.services import imports
from app.services.api_keys import Account
from app.services.imports import NewImport
from app.services.submissions import Sender
from app.wiring import components


def create_import(
    session: Session,
    campaign_id: int,
    sender: Sender,
    file: bytearray,
    *,
    upload: str | None = None,
    **sent: Any,
) -> Response:
    """POST /campaigns/{campaign_id}/imports"""
    blobs, new = components().blob_store, NewImport(**sent)
    if upload is None:
        import_id, job_id = imports.create_import(session, blobs, sender, campaign_id, new, file)
        return with_monitor(json_answer(imports.get_import(session, sender.account, import_id), 202), job_id)
    import_id, url = imports.create_upload(session, blobs, sender, campaign_id, new, file)
    created = orjson.loads(imports.get_import(session, sender.account, import_id))
    return json_answer(created | {"upload_url": url})


def list_imports(session: Session, campaign_id: int, page: Page, account: Account) -> Response:
    """GET /campaigns/{campaign_id}/imports"""
    return page_answer(imports.list_imports(session, account, campaign_id, page))


def get_import(session: Session, import_id: int, account: Account) -> Response:
    """GET /imports/{import_id}"""
    return resource_answer(imports.get_import(session, account, import_id))


def update_import_status(session: Session, import_id: int, account: Account) -> Response:
    """PUT /imports/{import_id}"""
    # `uploaded` is the only status that the document allows.
    max_bytes = components().settings.max_import_bytes
    job_id = imports.note_uploaded(session, components().blob_store, account, import_id, max_bytes)
    return ok_or_representation(lambda: imports.get_import(session, account, import_id), job_id)
