"""Operations on snapshots."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.handlers import read_expansion
from app.representations.pages import Page
from app.responses import json_answer, page_answer, resource_answer, with_monitor
from app.services import snapshot_differences, snapshots
from app.services.api_keys import Account
from app.wiring import components


def create_snapshot(session: Session, body: dict[str, Any], account: Account) -> Response:
    """POST /snapshots"""
    if body.get("dry_run"):
        return json_answer(snapshots.preview_snapshot(session, account.user_id, body))
    snapshot_id, job_id = snapshots.create_snapshot(session, account.user_id, body)
    return with_monitor(json_answer(snapshots.get_snapshot(session, snapshot_id), 202), job_id)


def list_snapshots(
    session: Session, page: Page, name: str | None = None, kind: str | None = None, state: str | None = None
) -> Response:
    """GET /snapshots"""
    return page_answer(snapshots.list_snapshots(session, page, name, kind, state))


def get_snapshot(session: Session, snapshot_id: int) -> Response:
    """GET /snapshots/{snapshot_id}"""
    return resource_answer(snapshots.get_snapshot(session, snapshot_id))


def list_snapshot_images(
    session: Session,
    snapshot_id: int,
    page: Page,
    state: list[str] | None = None,
    split: str | None = None,
    expand: list[str] | None = None,
) -> Response:
    """GET /snapshots/{snapshot_id}/images"""
    sign_path, folder = read_expansion(expand), components().settings.azure_storage_imageset_folder
    return page_answer(
        snapshots.list_images(session, snapshot_id, page, state, split, sign_path=sign_path, folder=folder)
    )


def list_snapshot_objects(
    session: Session, snapshot_id: int, page: Page, state: list[str] | None = None, split: str | None = None
) -> Response:
    """GET /snapshots/{snapshot_id}/objects"""
    return page_answer(snapshots.list_images(session, snapshot_id, page, state, split, with_objects=True))


def list_snapshot_differences(session: Session, snapshot_id: int, page: Page, **moments: Any) -> Response:
    """GET /snapshots/{snapshot_id}/diff"""
    return page_answer(snapshot_differences.list_differences(session, snapshot_id, page, moments["from"]))
