"""What operators see: version, status, liveness, readiness."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text
from starlette.testclient import TestClient

from app import __version__
from app.database.engine import db
from app.settings import Settings
from app.wiring import make_blob_store
from tests.caller import Caller
from tests.conftest import Labelled


def pair(caller: Caller) -> dict[str, str]:
    return {"Authentication-Key": str(caller.key), "Authentication-Secret": str(caller.secret)}


def test_version_is_told_to_everybody(http: TestClient) -> None:
    assert http.get("/info/version").json() == {
        "name": "LabelAPI",
        "version": __version__,
        "branch": None,
        "commit": None,
    }


def test_strangers_and_partners_see_no_details(app: Flask, labelled: Labelled, http: TestClient) -> None:
    for headers in ({}, pair(labelled.partner), {"Authentication-Key": "x", "Authentication-Secret": "y"}):
        answer = http.get("/info/status", headers=headers)
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok"}


def test_admin_sees_each_check(admin: Caller, http: TestClient) -> None:
    answer = http.get("/info/status", headers=pair(admin)).json()
    assert answer["status"] == "ok"
    assert answer["messages"] == []
    assert set(answer["checks"]) >= {
        "database",
        "migrations",
        "storage",
        "storage_container",
        "storage_container_writable",
        "storage_blob_writable",
        "setting_DB_CONNECTION_STRING",
        "setting_DB_SCHEMA",
        "setting_AZURE_STORAGE_CONNECTION_STRING",
        "setting_AZURE_STORAGE_IMAGESET_CONTAINER",
        "setting_AZURE_STORAGE_IMAGESET_FOLDER",
    }
    assert all(answer["checks"].values())


@contextmanager
def schema_at(app: Flask, revision: str | None) -> Iterator[None]:
    """Let the schema say that it is at another migration than it is."""
    with app.app_context():
        found = db.session.scalar(text("DELETE FROM alembic_version RETURNING version_num"))
        if revision:
            db.session.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
        db.session.commit()
        try:
            yield
        finally:
            db.session.execute(text("DELETE FROM alembic_version"))
            db.session.execute(text("INSERT INTO alembic_version VALUES (:found)"), {"found": found})
            db.session.commit()


@pytest.mark.parametrize("revision", [None, "0001_initial"])
def test_schema_that_is_behind_is_told_in_words(
    app: Flask, admin: Caller, http: TestClient, revision: str | None
) -> None:
    with schema_at(app, revision):
        answer = http.get("/info/status", headers=pair(admin))
        ready = http.get("/info/ready")
    assert answer.status_code == ready.status_code == 503
    assert answer.json()["checks"]["migrations"] is False
    assert "flask db upgrade" in answer.json()["messages"][0]
    assert http.get("/info/ready").status_code == 200


def test_older_version_serves_on_while_a_newer_one_is_rolled_out(app: Flask, admin: Caller, http: TestClient) -> None:
    with schema_at(app, "of_the_next_version"):
        answer = http.get("/info/status", headers=pair(admin))
        ready = http.get("/info/ready")
    assert answer.status_code == 503
    assert "newer than this version" in answer.json()["messages"][0]
    assert ready.status_code == 200


def test_storage_away_is_told_in_words(
    app: Flask, admin: Caller, http: TestClient, monkeypatch: pytest.MonkeyPatch, unreachable_blobs: Any
) -> None:
    monkeypatch.setattr(app.extensions["status_checks"], "blobs", unreachable_blobs)
    answer = http.get("/info/status", headers=pair(admin))
    assert answer.status_code == 503
    assert {name for name, passed in answer.json()["checks"].items() if not passed} == {
        "storage",
        "storage_container",
        "storage_container_writable",
        "storage_blob_writable",
    }
    assert http.get("/info/ready").status_code == 200
    assert http.get("/info/live").status_code == 200


def test_missing_container_is_told_in_words(
    app: Flask, settings: Settings, admin: Caller, http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = settings.model_copy(update={"azure_storage_imageset_container": "nobody-made-this"})
    monkeypatch.setattr(app.extensions["status_checks"], "blobs", make_blob_store(elsewhere))
    # What is found there must not be remembered for the tests after this one.
    monkeypatch.setattr(app.extensions["status_checks"], "_writes", {})
    answer = http.get("/info/status", headers=pair(admin)).json()
    assert answer["checks"]["storage"] is True
    assert answer["checks"]["storage_container"] is False
    assert any("nobody-made-this" in message for message in answer["messages"])


def test_checks_that_write_run_at_most_once_a_minute(
    app: Flask, settings: Settings, admin: Caller, http: TestClient, container: ContainerClient
) -> None:
    blob = container.get_blob_client("labelapi-status/check")
    http.get("/info/status", headers=pair(admin))
    written = blob.get_blob_properties().last_modified
    etag = blob.get_blob_properties().etag
    assert http.get("/info/status", headers=pair(admin)).json()["checks"]["storage_blob_writable"] is True
    assert (blob.get_blob_properties().last_modified, blob.get_blob_properties().etag) == (written, etag)


def test_strangers_cannot_make_the_checks_run_again_and_again(app: Flask, http: TestClient) -> None:
    http.get("/info/status")
    with schema_at(app, None):
        assert http.get("/info/status").json() == {"status": "ok"}
