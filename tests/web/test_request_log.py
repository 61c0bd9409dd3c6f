"""What leaves the process about a fault: log lines and error reports, with the ids to find it and without any secret."""

import gzip
import json
import logging
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import sentry_sdk
import structlog
from flask import Flask
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.observability.error_reports import configure_error_reports
from app.observability.logging import configure_logging
from app.observability.redaction import redact
from app.outbox.queue import enqueue
from app.settings import Settings
from tests import promise
from tests.caller import Caller
from tests.conftest import Labelled
from tests.web_server import web_server
from tests.workers import ROOT, rows, run_jobs, wait_until

CANARY = "canary7secret"
LINK = f"https://account.blob.core.windows.net/images/a.jpg?sv=2026&se=soon&sp=r&sig={CANARY}%3D"


@pytest.fixture
def reports(settings: Settings) -> Iterator[list[str]]:
    """What a real HTTP server in the place of Sentry has received, as text; complete when the SDK is flushed."""
    received: list[str] = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding") == "gzip"
            received.append(f"{self.path}\n{(gzip.decompress(body) if packed else body).decode()}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Sink) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        dsn = SecretStr(f"http://public@127.0.0.1:{server.server_port}/1")
        configure_error_reports(settings.model_copy(update={"sentry_dsn": dsn}))
        try:
            yield received
        finally:
            sentry_sdk.get_client().close()
            sentry_sdk.get_global_scope().set_client(None)
            server.shutdown()
            thread.join()


def events(reports: list[str]) -> list[dict[str, Any]]:
    sentry_sdk.flush(5)
    return [json.loads(line) for report in reports for line in report.splitlines() if '"exception"' in line]


@contextmanager
def missing_table(app: Flask, name: str) -> Iterator[None]:
    """A fault that nobody foresaw: a table that is not there."""
    with rows(app) as session:
        session.connection().exec_driver_sql(f"ALTER TABLE {name} RENAME TO away")
    try:
        yield
    finally:
        with rows(app) as session:
            session.connection().exec_driver_sql(f"ALTER TABLE away RENAME TO {name}")


def test_unforeseen_error_is_reported_with_its_request_and_without_secrets(
    app: Flask, admin: Caller, reports: list[str]
) -> None:
    sent = {"X-Request-ID": "find-me-1", "Authorization": f"Bearer {CANARY}", "Cookie": f"session={CANARY}"}
    body = {"title": "spring", "labeler_email": f"{CANARY}@partner.example", "metadata": {"note": CANARY}}
    with missing_table(app, "campaign"), promise.suspended(admin.http):
        admin.post("/campaigns", body, headers=sent).expect(500)
        admin.get(f"/campaigns?page=1&per_page={10}", headers=sent).expect(500)
    found = events(reports)
    assert [event["tags"]["request_id"] for event in found] == ["find-me-1"] * 2
    assert found[0]["tags"]["path"] == "/api/v1/campaigns"
    assert found[0]["exception"]["values"][-1]["type"] == "ProgrammingError"
    text = "".join(reports)
    for secret in (CANARY, str(admin.secret), str(admin.key), "ada@example.org", "per_page=10"):
        assert secret not in text


def test_errors_of_callers_and_outages_are_not_reported(
    app: Flask, admin: Caller, anonymous: Caller, reports: list[str]
) -> None:
    admin.get("/campaigns/7").expect(404)
    admin.post("/campaigns", {"title": 7}).expect(400)
    anonymous.get("/campaigns").expect(401)
    assert events(reports) == []


def test_unforeseen_error_of_a_job_is_reported_with_its_job(app: Flask, admin: Caller, reports: list[str]) -> None:
    with rows(app) as session:
        job_id = enqueue(session, "finish_image_set", "image_set", 404)
    with missing_table(app, "image_set"):
        run_jobs(app, limit=1)
    [event] = events(reports)
    assert event["tags"]["job_id"] == str(job_id)
    assert event["tags"]["kind"] == "finish_image_set"


def test_secrets_in_the_words_of_an_error_are_not_reported(app: Flask, reports: list[str]) -> None:
    try:
        raise RuntimeError(f"GET {LINK} failed; AccountKey={CANARY}; postgresql://user:{CANARY}@db/labels")
    except RuntimeError as error:
        structlog.get_logger("labelapi").error("copy failed", exc_info=error)
        logging.getLogger("azure").error("library says %s", LINK, exc_info=error)
    # The same error is told once, by whoever logs it first.
    [event] = events(reports)
    assert CANARY not in "".join(reports)
    assert "https://account.blob.core.windows.net/images/a.jpg?[hidden]" in json.dumps(event)
    assert "vars" not in event["exception"]["values"][-1]["stacktrace"]["frames"][-1]


@pytest.mark.parametrize(
    "text",
    [
        LINK,
        f"x-ms-copy-source: {LINK}, next",
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={CANARY}==;EndpointSuffix=x",
        f"SharedAccessSignature=sv%3D{CANARY}",
        f"postgresql://user:{CANARY}@db.example/labels",
        f"postgresql+psycopg2://:{CANARY}@db.example/labels",
        f"host=db password={CANARY} user=u",
        f"Authorization: Bearer {CANARY}",
        f"Authorization: SharedKey account:{CANARY}",
        f"secret lss_{CANARY} was wrong",
        f"?se=1&sig={CANARY}&sp=r",
    ],
)
def test_secrets_are_hidden_in_any_text(text: str) -> None:
    assert CANARY not in redact(text)
    assert "[hidden]" in redact(text)


@pytest.mark.parametrize("text", ["GET /api/v1/images 200", "https://a.example/images/b.jpg", "12:30:07 a@b.example"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_time_for_hiding_secrets_does_not_grow_with_the_square_of_a_text() -> None:
    for unit in ("http://", "http://a:", "://a:", "Bearer ", "password = ", "sig="):
        text = unit * (2**18 // len(unit))
        began = time.process_time()
        redact(text)
        assert time.process_time() - began < 1, unit
        assert CANARY not in redact(f"{text[:100]}x https://a.example/http://b?sv=1&x={CANARY}")


def test_log_is_json_with_the_request_id_and_no_secret(settings: Settings, app: Flask, tmp_path: Path) -> None:
    with web_server(settings.model_copy(update={"log_level": "INFO", "web_workers": 1}), tmp_path / "log") as web:
        httpx.get(f"{web.url}/api/v1/images?sig={CANARY}", headers={"X-Request-ID": "find-me-2"})
    lines = [json.loads(line) for line in web.log.read_text().splitlines()]
    assert all({"event", "level", "logger", "timestamp"} <= set(line) for line in lines)
    [line] = [line for line in lines if line.get("request_id") == "find-me-2"]
    assert {"method": "GET", "path": "/api/v1/images", "status": 401}.items() <= line.items()
    assert line["duration_ms"] > 0
    assert CANARY not in web.log.read_text()


def test_lines_of_a_request_say_who_calls_from_where(
    settings: Settings, app: Flask, admin: Caller, labelled: Labelled, tmp_path: Path
) -> None:
    """Also a line of a refusal, and one that is written while the request is being answered."""
    logged = settings.model_copy(update={"log_level": "INFO", "web_workers": 1, "trusted_proxies": "127.0.0.1"})
    forwarded = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    with web_server(logged, tmp_path / "log") as web:
        for name, caller, path in (
            ("right", admin, "/whoami"),
            ("forbidden", labelled.partner, "/users"),
            ("wrong", Caller(admin.http, admin.key, "lss_wrong"), "/whoami"),
        ):
            headers = {"Authentication-Key": str(caller.key), "Authentication-Secret": str(caller.secret)}
            httpx.get(f"{web.url}/api/v1{path}", headers={**headers, **forwarded, "X-Request-ID": name})
        headers = {"Authentication-Key": str(admin.key), "Authentication-Secret": str(admin.secret)}
        # Until the first checks have ended nobody is looked up.
        wait_until(lambda: httpx.get(f"{web.url}/info/status").json()["status"] != "starting")
        httpx.get(f"{web.url}/info/status", headers={**headers, **forwarded, "X-Request-ID": "status"})
        with missing_table(app, "dataset"):
            path = f"/api/v1/campaigns/{labelled.campaign_id}/datasets"
            httpx.get(f"{web.url}{path}", headers={**headers, **forwarded, "X-Request-ID": "fault"})
    lines = [json.loads(line) for line in web.log.read_text().splitlines()]
    who = {
        (line["request_id"], line["event"]): (line["address"], line.get("user_id"), line.get("key_id"))
        for line in lines
        if line.get("request_id") in ("right", "forbidden", "wrong", "status", "fault")
    }
    assert who == {
        ("right", "request"): ("198.51.100.7", 1, 1),
        ("forbidden", "request"): ("198.51.100.7", 2, 2),
        ("wrong", "request"): ("198.51.100.7", None, None),
        ("status", "request"): ("198.51.100.7", 1, 1),
        ("fault", "unhandled error"): ("198.51.100.7", 1, 1),
        ("fault", "request"): ("198.51.100.7", 1, 1),
    }


def test_every_line_of_a_job_carries_its_id(
    app: Flask, admin: Caller, capfd: pytest.CaptureFixture[str], title: str
) -> None:
    made = admin.post("/image_sets", {"title": title}).expect(200)
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    configure_logging("INFO")
    try:
        run_jobs(app)
    finally:
        configure_logging("WARNING")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    told = [(line["event"], line["kind"]) for line in lines if line.get("job_id")]
    assert ("job started", "finish_image_set") in told
    assert ("job succeeded", "delete_dropbox") in told


def test_log_is_readable_on_a_terminal() -> None:
    code = (
        "import structlog; from app.observability.logging import configure_logging; configure_logging('INFO');"
        "structlog.get_logger('labelapi').warning('storage is slow', job_id=7)"
    )
    reader, terminal = pty.openpty()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=terminal, check=True)
    os.close(terminal)
    line = os.read(reader, 4096).decode()
    os.close(reader)
    assert "storage is slow" in line
    assert "job_id" in line
    assert not line.startswith("{")


def test_request_id_of_the_caller_is_kept_unless_it_is_unfit(http: TestClient) -> None:
    assert http.get("/info/live", headers={"X-Request-ID": "abc.1:2-3_4"}).headers["x-request-id"] == "abc.1:2-3_4"
    assert http.get("/info/live", headers={"X-Request-ID": "a b"}).headers["x-request-id"] != "a b"
