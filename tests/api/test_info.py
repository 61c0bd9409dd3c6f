"""What operators see: version, status, liveness, readiness."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import text
from starlette.testclient import TestClient

from app import __version__, create_app
from app.database.engine import db
from app.settings import Settings
from app.web.components import web_components_of
from app.wiring import make_blob_store
from tests.caller import Caller
from tests.conftest import Labelled
from tests.web_server import web_server


def pair(caller: Caller) -> dict[str, str]:
    return {"Authentication-Key": str(caller.key), "Authentication-Secret": str(caller.secret)}


def checked_status(app: Flask, http: TestClient, caller: Caller | None = None) -> Any:
    """Return the answer of the status page after checks that begin now."""
    checks = web_components_of(app).status_checks
    # Those that run have begun before.
    with checks._running:
        checks._report = None
    return when_checked(http, pair(caller) if caller else {})


def when_checked(http: Any, headers: dict[str, str] | None = None, url: str = "/info/status") -> Any:
    """Return the answer of the status page, once the first checks of this process have ended."""
    deadline = time.monotonic() + 30
    while (answer := http.get(url, headers=headers)).json()["status"] == "starting":
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


def test_version_is_told_to_everybody(http: TestClient) -> None:
    assert http.get("/info/version").json() == {
        "name": "LabelAPI",
        "version": __version__,
        "branch": None,
        "commit": None,
    }


def test_strangers_and_partners_see_no_details(app: Flask, labelled: Labelled, http: TestClient) -> None:
    for caller in (None, labelled.partner, Caller(http, "x", "y")):
        answer = checked_status(app, http, caller)
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok"}


def test_admin_sees_each_check(app: Flask, admin: Caller, http: TestClient) -> None:
    answer = checked_status(app, http, admin).json()
    assert set(answer) == {"status", "checks", "messages", "age_seconds"}
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
        answer = checked_status(app, http, admin)
        ready = http.get("/info/ready")
    assert answer.status_code == ready.status_code == 503
    assert answer.json()["checks"]["migrations"] is False
    assert "flask db upgrade" in answer.json()["messages"][0]
    assert http.get("/info/ready").status_code == 200


def test_older_version_serves_on_while_a_newer_one_is_rolled_out(app: Flask, admin: Caller, http: TestClient) -> None:
    with schema_at(app, "of_the_next_version"):
        answer = checked_status(app, http, admin)
        ready = http.get("/info/ready")
    assert answer.status_code == 503
    assert "newer than this version" in answer.json()["messages"][0]
    assert ready.status_code == 200


def test_storage_away_is_told_in_words(
    app: Flask, admin: Caller, http: TestClient, monkeypatch: pytest.MonkeyPatch, unreachable_blobs: Any
) -> None:
    monkeypatch.setattr(web_components_of(app).status_checks, "blobs", unreachable_blobs)
    answer = checked_status(app, http, admin)
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
    monkeypatch.setattr(web_components_of(app).status_checks, "blobs", make_blob_store(elsewhere))
    # What is found there must not be remembered for the tests after this one.
    monkeypatch.setattr(web_components_of(app).status_checks, "_writes", {})
    answer = checked_status(app, http, admin).json()
    assert answer["checks"]["storage"] is True
    assert answer["checks"]["storage_container"] is False
    assert any("nobody-made-this" in message for message in answer["messages"])


def test_checks_that_write_run_at_most_once_a_minute(
    app: Flask, admin: Caller, http: TestClient, container: ContainerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = web_components_of(app).status_checks
    blob = container.get_blob_client("labelapi-status/check")
    # What was found before may be a minute old at any moment.
    monkeypatch.setattr(checks, "_writes", {})
    checked_status(app, http)
    first = blob.get_blob_properties().etag
    assert checked_status(app, http, admin).json()["checks"]["storage_blob_writable"] is True
    assert blob.get_blob_properties().etag == first
    monkeypatch.setattr(checks, "_writes", {name: (ends - 60, kept) for name, (ends, kept) in checks._writes.items()})
    checked_status(app, http)
    assert blob.get_blob_properties().etag != first


@pytest.mark.flaky(reruns=2)
def test_processes_may_check_at_the_same_time(app: Flask, settings: Settings) -> None:
    def check_once(_number: int) -> dict[str, str | None]:
        checks = web_components_of(app).status_checks
        return replace(checks, blobs=make_blob_store(settings), _writes={}).run()

    with ThreadPoolExecutor(8) as threads:
        for results in threads.map(check_once, range(24)):
            assert {name for name, message in results.items() if message} == set()


@pytest.mark.flaky(reruns=2)
def test_status_is_that_of_the_last_checks_and_says_how_old_it_is(
    app: Flask, admin: Caller, http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = web_components_of(app).status_checks
    answer = checked_status(app, http, admin)
    assert (answer.headers["age"], answer.json()["age_seconds"]) == ("0", 0)
    with schema_at(app, None):
        assert http.get("/info/status").json() == {"status": "ok"}
        assert checks._report
        monkeypatch.setattr(checks, "_report", replace(checks._report, ended=checks._report.ended - 100))
        answer = http.get("/info/status", headers=pair(admin))
        assert (answer.status_code, answer.headers["age"], answer.json()["age_seconds"]) == (200, "100", 100)
        # That one began the checks.
        eventually(lambda: http.get("/info/status").json() == {"status": "error"})
    assert http.get("/info/status").headers["age"] == "0"


@pytest.mark.flaky(reruns=2)
def test_status_waits_for_no_check_and_checks_run_once_at_a_time(
    app: Flask, settings: Settings, admin: Caller, http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with silent_listener() as (port, accepted):
        account = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:{port}/a"
        silent = settings.model_copy(update={"azure_storage_connection_string": SecretStr(account)})
        checks = web_components_of(app).status_checks
        checked_status(app, http)
        monkeypatch.setattr(checks, "blobs", make_blob_store(silent))
        assert checks._report
        old = replace(checks._report, ended=checks._report.ended - 100)
        for report, status in [(old, "ok"), (None, "starting")]:
            monkeypatch.setattr(checks, "_report", report)
            begin = time.monotonic()
            answers = [http.get("/info/status", headers=pair(admin)) for _ in range(20)]
            assert time.monotonic() - begin < 2
            assert {answer.json()["status"] for answer in answers} == {status}
        eventually(lambda: len(accepted) > 0)
        assert len(accepted) == 1
    # The listener is gone, so that the checks end.
    assert "storage" in when_checked(http, pair(admin)).json()["messages"][0]


@contextmanager
def silent_listener() -> Iterator[tuple[int, list[socket.socket]]]:
    """A port that takes connections and says nothing; yield it, and the connections so far."""
    accepted: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                accepted.append(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:
        thread.submit(accept)
        try:
            yield listener.getsockname()[1], accepted
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for connection in accepted:
                connection.close()


def eventually(holds: Callable[[], bool]) -> None:
    """Fail unless it becomes true within thirty seconds."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_fault_of_the_checks_is_logged_and_is_an_error(
    app: Flask, admin: Caller, http: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(web_components_of(app).status_checks, "blobs", None)
    answer = checked_status(app, http, admin)
    assert (answer.status_code, answer.json()["checks"]) == (503, {"status_checks": False})
    assert "logged" in answer.json()["messages"][0]
    assert [record.levelname for record in caplog.records if "unforeseen" in record.getMessage()] == ["ERROR"]


def test_new_process_checks_without_being_asked(settings: Settings, app: Flask) -> None:
    fresh = create_app(settings)
    with TestClient(fresh) as client:
        eventually(lambda: web_components_of(fresh.app).status_checks._report is not None)
        assert client.get("/info/status").json() == {"status": "ok"}


# Warnings at the start


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_start_warns_of_nothing_on_loopback(settings: Settings, host: str) -> None:
    assert settings.model_copy(update={"bind_host": host}).warnings == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "labels.example.org"])  # noqa: S104
def test_start_warns_beyond_loopback_of_what_is_not_set(settings: Settings, host: str) -> None:
    def warned(**changes: object) -> list[str]:
        warnings = settings.model_copy(update={"bind_host": host, **changes}).warnings
        assert all(host in warning for warning in warnings)
        return [
            name for warning in warnings for name in ("TRUSTED_PROXIES", "METRICS_TOKEN") if f"{name} is not" in warning
        ]

    assert warned() == ["TRUSTED_PROXIES", "METRICS_TOKEN"]
    assert warned(trusted_proxies="10.0.0.1") == ["METRICS_TOKEN"]
    assert warned(metrics_token=SecretStr("open-sesame")) == ["TRUSTED_PROXIES"]
    assert warned(trusted_proxies="10.0.0.1", metrics_token=SecretStr("open-sesame")) == []


@pytest.mark.slow
def test_start_warns_once_for_all_processes(settings: Settings, app: Flask, tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    # The system takes this for 127.0.0.1, so that nobody else can reach the server, and the setting does not.
    with web_server(settings.model_copy(update={"bind_host": "127.1"}), log):
        pass
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    warnings = [line["event"] for line in lines if line["level"] == "warning"]
    assert len([words for words in warnings if "TRUSTED_PROXIES is not set" in words]) == 1
    assert len([words for words in warnings if "METRICS_TOKEN is not set" in words]) == 1
