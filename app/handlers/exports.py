"""Operations on exports of snapshots."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.responses import json_answer, resource_answer
from app.services import exports
from app.services.api_keys import Account
from app.wiring import components


def create_export(session: Session, snapshot_id: int, body: dict[str, Any], account: Account) -> Response:
    """POST /snapshots/{snapshot_id}/exports"""
    export_id, is_there = exports.request_export(
        session, account.user_id, snapshot_id, body["format"], body.get("images", "none"), body.get("options")
    )
    export = exports.get_export(session, components().blob_store, export_id)
    return json_answer(export, 200 if is_there else 202)


def list_exports(session: Session, snapshot_id: int) -> Response:
    """GET /snapshots/{snapshot_id}/exports"""
    return json_answer({"exports": exports.list_exports(session, components().blob_store, snapshot_id)})


def get_export(session: Session, export_id: int) -> Response:
    """GET /exports/{export_id}"""
    return resource_answer(exports.get_export(session, components().blob_store, export_id))
