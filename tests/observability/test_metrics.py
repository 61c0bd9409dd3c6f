"""Metrics: what the deployed web server counts over all its processes, what a worker counts, and the stock."""

import os
import re
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.observability import metrics
from app.outbox.queue import enqueue
from app.settings import Settings
from app.web.components import web_components_of
from app.wiring import components_of
from tests.caller import Caller
from tests.conftest import Labelled
from tests.web_server import WebServer, free_port, web_server
from tests.workers import ROOT, rows, run_jobs, wait_for, worker

REQUESTS = 40
Labels = frozenset[tuple[str, str]]
Samples = dict[str, dict[Labels, float]]


def read(page: str) -> Samples:
    samples: Samples = defaultdict(dict)
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            samples[sample.name][frozenset(sample.labels.items())] = sample.value
    return samples


def labels(**values: str) -> Labels:
    return frozenset(values.items())


def eventually(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def stock(app: Flask, http: TestClient) -> Samples:
    fresh = web_components_of(app).database_collector
    fresh.clear()
    return read(http.get("/metrics").text)


@pytest.mark.slow
def test_requests_of_all_processes_are_added_up_and_outlive_them(
    app: Flask, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "metrics"
    deployed = settings.model_copy(update={"web_workers": 2, "prometheus_multiproc_dir": str(folder)})
    with web_server(deployed, tmp_path / "log") as web:
        asked = 0

        def ask() -> None:
            nonlocal asked
            for _ in range(REQUESTS):
                # A connection each, so that both processes get some.
                assert httpx.get(f"{web.url}/api/v1/whoami").status_code == 401
            asked += REQUESTS

        def both_were_asked() -> bool:
            ask()
            return len(list(folder.glob("counter_*.db"))) == 2

        def count() -> float:
            return sum(
                value
                for found, value in read(httpx.get(f"{web.url}/metrics").text)["labelapi_requests_total"].items()
                if ("status", "401") in found
            )

        eventually(both_were_asked, "one process gets all requests")
        eventually(lambda: count() == asked, "not every request was counted once")
        processes = psutil.Process(web.process.pid).children()
        assert len(processes) == 2
        # A process that dies takes nothing away from what was counted, and another one counts on.
        os.kill(processes[0].pid, signal.SIGKILL)
        eventually(lambda: len(_others(web, processes[0].pid)) == 2, "the process was not replaced")
        ask()
        eventually(lambda: count() == asked, "not every request was counted once")
        assert not list(folder.glob(f"gauge_live*_{processes[0].pid}.db"))
    assert not folder.exists(), "the server left its files behind"


def _others(web: WebServer, pid: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(web.process.pid).children() if child.pid != pid]


def test_requests_are_counted_by_operation_and_status_with_their_time(admin: Caller, http: TestClient) -> None:
    before = read(http.get("/metrics").text)
    admin.get("/images/7000").expect(404)
    admin.get("/images/7001").expect(404)
    after = read(http.get("/metrics").text)
    counted = [
        dict(key)
        for key, value in after["labelapi_requests_total"].items()
        if value == before["labelapi_requests_total"].get(key, 0) + 2
    ]
    assert [(found["method"], found["status"]) for found in counted] == [("GET", "404")]
    operation = counted[0]["operation"]
    timed = labels(method="GET", operation=operation)
    assert after["labelapi_request_seconds_count"][timed] == before["labelapi_request_seconds_count"].get(timed, 0) + 2


def test_stock_tells_images_labels_boxes_and_bytes(app: Flask, labelled: Labelled, http: TestClient) -> None:
    before = stock(app, http)
    box = {"xmin": 1, "ymin": 1, "xmax": 9, "ymax": 9}
    objects = [{"label": "PET", "bounding_box": box}] * 3
    labelled.partner.put(
        f"/campaigns/{labelled.campaign_id}/objects", [{"image_id": labelled.image_ids[0], "objects": objects}]
    ).expect(200)
    after = stock(app, http)
    assert after["labelapi_images_available"][labels()] == 4
    assert after["labelapi_stored_bytes"][labels()] == 4 * 123456
    assert before["labelapi_images_labeled"][labels()] == 0
    assert after["labelapi_images_labeled"][labels()] == 1
    assert after["labelapi_campaign_images"][labels(status="active", labeled="true")] == 1
    assert after["labelapi_campaign_images"][labels(status="active", labeled="false")] == 3
    boxes = [page["labelapi_boxes_per_image_sum"].get(labels(), 0) for page in (before, after)]
    assert boxes[1] == boxes[0] + 3


def test_stock_is_kept_for_a_while(app: Flask, http: TestClient, image_ids: list[int]) -> None:
    assert stock(app, http)["labelapi_images_available"][labels()] == 4
    with rows(app) as session:
        session.connection().exec_driver_sql("DELETE FROM image")
    assert read(http.get("/metrics").text)["labelapi_images_available"][labels()] == 4
    assert stock(app, http)["labelapi_images_available"][labels()] == 0


def test_what_the_database_cannot_count_is_left_out(app: Flask, http: TestClient) -> None:
    with rows(app) as session:
        session.connection().exec_driver_sql("ALTER TABLE campaign_image RENAME TO away")
    try:
        found = stock(app, http)
    finally:
        with rows(app) as session:
            session.connection().exec_driver_sql("ALTER TABLE away RENAME TO campaign_image")
    assert "labelapi_images_labeled" not in found
    assert found["labelapi_images_available"][labels()] == 0


def test_jobs_are_told_by_state_with_their_time(app: Flask, admin: Caller, http: TestClient, title: str) -> None:
    made = admin.post("/image_sets", {"title": title}).expect(200)
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    waiting = stock(app, http)
    assert waiting["labelapi_jobs"][labels(kind="finish_image_set", state="queued")] == 1
    assert waiting["labelapi_job_waiting_seconds"][labels()] > 0
    run_jobs(app)
    done = stock(app, http)
    assert done["labelapi_jobs"][labels(kind="finish_image_set", state="succeeded")] == 1
    assert done["labelapi_jobs_succeeded_total"][labels(kind="finish_image_set")] == 1
    assert done["labelapi_job_seconds_total"][labels(kind="finish_image_set")] > 0
    assert done["labelapi_job_waiting_seconds"][labels()] == 0


def test_worker_serves_its_own_metrics(app: Flask, settings: Settings, admin: Caller) -> None:
    port = free_port()
    with rows(app) as session:
        job_id = enqueue(session, "delete_dropbox", "image_set", 404)
    with worker(settings.model_copy(update={"worker_metrics_port": port})):
        wait_for(admin, job_id, lambda job: bool(job["attempts"]))
        counted: Samples = {}

        def has_counted() -> bool:
            nonlocal counted
            counted = read(httpx.get(f"http://127.0.0.1:{port}/metrics").text)
            return sum(counted["labelapi_run_seconds_count"].values()) >= 1

        eventually(has_counted, "no run was counted")
    assert counted["process_resident_memory_bytes"][labels()] > 1e6


def test_metrics_ask_for_their_token(app: Flask, http: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = components_of(app).settings
    guarded = settings.model_copy(update={"metrics_token": SecretStr("open-sesame")})
    monkeypatch.setattr(components_of(app), "settings", guarded)
    refusal = http.get("/metrics")
    assert (refusal.status_code, refusal.headers["www-authenticate"]) == (401, 'Bearer realm="LabelAPI metrics"')
    assert http.get("/metrics", headers={"Authorization": "Bearer other"}).status_code == 401
    assert http.get("/metrics", headers={"Authorization": "Bearer open-sesame"}).status_code == 200


def test_operators_are_told_of_every_metric_and_of_no_other(app: Flask, http: TestClient) -> None:
    page = (ROOT / "docs" / "operating.md").read_text()
    told = set(re.findall(r"labelapi_[a-z_]+", page.partition("\n## Metrics\n")[2].partition("\n## ")[0]))
    families = {
        sample.name
        for collector in (
            web_components_of(app).database_collector,
            metrics.REQUESTS,
            metrics.LATENCY,
            metrics.BOXES,
            metrics.RUNS,
        )
        for family in collector.collect()
        for sample in family.samples
    } | {metric._name for metric in (metrics.LATENCY, metrics.BOXES, metrics.RUNS)}
    suffixes = ("_bucket", "_count", "_sum", "_created")
    known = {name for name in families if not name.endswith(suffixes)} | {"labelapi_requests_total"}
    # These have no sample while there is no job and no campaign.
    known |= {
        "labelapi_jobs",
        "labelapi_jobs_succeeded_total",
        "labelapi_job_seconds_total",
        "labelapi_campaign_images",
    }
    assert {name.removesuffix("_bucket") for name in told} == known


def test_submission_is_counted_by_distinct_numbers_of_boxes() -> None:
    def buckets() -> dict[str, float]:
        [family] = metrics.BOXES.collect()
        return {sample.name + sample.labels.get("le", ""): sample.value for sample in family.samples}

    before = buckets()
    numbers = [0, 0, 1, 2, 3, 500, 501, 7, 7, 7]
    metrics.observe_submission(numbers)
    grown = {name: value - before[name] for name, value in buckets().items() if not name.endswith("created")}
    assert grown["labelapi_boxes_per_image_sum"] == sum(numbers)
    assert grown["labelapi_boxes_per_image_count"] == len(numbers)
    for limit in (0, 1, 2, 5, 10, 500):
        assert grown[f"labelapi_boxes_per_image_bucket{float(limit)}"] == sum(number <= limit for number in numbers)


def test_submission_that_is_rolled_back_is_not_counted(labelled: Labelled, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[int, ...]] = []
    monkeypatch.setattr(metrics, "observe_submission", counted.append)
    path = f"/campaigns/{labelled.campaign_id}/objects"
    body = [{"image_id": labelled.image_ids[0], "objects": []}]
    with monkeypatch.context() as patch:
        patch.setattr(Session, "commit", lambda _: (_ for _ in ()).throw(OperationalError("COMMIT", None, OSError())))
        assert labelled.partner.put(path, body).response.status_code in (500, 503)
    assert counted == []
    labelled.partner.put(path, body).expect(200)
    assert counted == [(0,)]
