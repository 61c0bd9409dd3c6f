"""What operators see: version, status, liveness, readiness."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from starlette.testclient import TestClient

from app import __version__
from app.database import db
from tests.caller import Caller
from tests.conftest import Labelled


def pair(caller: Caller) -> dict[str, str]:
    return {"Authentication-Key": str(caller.key), "Authentication-Secret": str(caller.secret)}


def test_version_is_told_to_everybody(http: TestClient) -> None:
    assert http.get("/info/version").json() == {"version": __version__, "branch": None, "commit": None}


def test_strangers_and_partners_see_no_details(app: Flask, labelled: Labelled, http: TestClient) -> None:
    for headers in ({}, pair(labelled.partner), {"Authentication-Key": "x", "Authentication-Secret": "y"}):
        answer = http.get("/info/status", headers=headers)
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok"}


def test_admin_sees_each_check(admin: Caller, http: TestClient) -> None:
    answer = http.get("/info/status", headers=pair(admin)).json()
    assert answer["status"] == "ok"
    assert answer["messages"] == []
    assert set(answer["checks"]) >= {"database", "migrations", "storage", "storage_container_writable"}
    assert all(answer["checks"].values())


def test_schema_that_is_behind_is_told_in_words(app: Flask, admin: Caller, http: TestClient) -> None:
    with app.app_context():
        found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        db.session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
        db.session.commit()
        try:
            answer = http.get("/info/status", headers=pair(admin))
            ready = http.get("/info/ready")
        finally:
            db.session.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})
            db.session.commit()
    assert answer.status_code == ready.status_code == 503
    assert answer.json()["checks"]["migrations"] is False
    assert "flask db upgrade" in answer.json()["messages"][0]
    assert http.get("/info/ready").status_code == 200


def test_storage_away_is_told_in_words(
    app: Flask, admin: Caller, http: TestClient, monkeypatch: pytest.MonkeyPatch, unreachable_blobs: Any
) -> None:
    monkeypatch.setattr(app.extensions["status_checks"], "blobs", unreachable_blobs)
    answer = http.get("/info/status", headers=pair(admin))
    assert answer.status_code == 503
    assert answer.json()["checks"]["storage"] is False
    assert http.get("/info/ready").status_code == 200
    assert http.get("/info/live").status_code == 200
