"""Blob storage that is away: who reads and labels notices nothing, who uploads is told, and jobs wait for it."""

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx2
import pytest
from azure.storage.blob import BlobServiceClient
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import text

from app.settings import Settings
from app.wiring import make_blob_store
from local.azurite import running_azurite
from local.folder import scratch_folder
from tests.caller import Caller
from tests.conftest import insert_images
from tests.faults.conftest import LONG, RECOVERY_LIMIT_SECONDS
from tests.faults.holds import Stage, wait_until
from tests.faults.installation import Client, Reply, web
from tests.faults.test_killed_workers import Uploads, is_done
from tests.storage_proxy import Cut, Request, StorageProxy, storage_proxy
from tests.web_server import free_port
from tests.workers import ROOT, autocommitting, environment, worker, workplace

pytestmark = pytest.mark.timeout(400)

AWAY_SECONDS = 60.0 if LONG else 15.0
ANSWER_LIMIT_SECONDS = 5.0
COPIED = text("SELECT max(done) FROM job")


@dataclass(frozen=True)
class Site:
    """A service with a storage account of its own, which the tests reach past the proxy."""

    proxy: StorageProxy
    settings: Settings
    stage: Stage
    storage: BlobServiceClient


@pytest.fixture
def site(app: Flask, settings: Settings) -> Iterator[Site]:
    """A storage account that no other test touches, so that everything in it must be accounted for."""
    with (
        scratch_folder() as folder,
        running_azurite(folder) as real,
        storage_proxy(real) as proxy,
        workplace(app) as place,
        autocommitting(place) as session,
        BlobServiceClient.from_connection_string(real) as storage,
    ):
        secret = SecretStr(proxy.connection_string)
        own = settings.model_copy(update={"azure_storage_connection_string": secret, "port": free_port()})
        store = make_blob_store(own)
        store.make_container(own.azure_storage_imageset_container)
        store.close()
        yield Site(proxy, own, Stage(proxy, session), storage)


@dataclass
class Traffic:
    """Requests that are sent again and again, and their answers by name."""

    port: int
    pair: tuple[str, str]
    stopping: threading.Event

    def repeat(self, method: str, path: str, body: object = None, pause_seconds: float = 0.1) -> list[Reply]:
        """Send one request until the traffic stops; the body `title` is a new title each time."""
        client = Client(self.port, *self.pair)
        replies: list[Reply] = []
        while not self.stopping.wait(pause_seconds):
            sent = {"title": f"extra-{len(replies)}"} if body == "title" else body
            replies.append(client.call(method, path, sent))
        client.close()
        return replies


@pytest.mark.flaky(reruns=2)
def test_storage_away_keeps_nobody_from_reading_and_labelling(
    site: Site, admin: Caller, app: Flask, settings: Settings, title: str
) -> None:
    assert admin.key
    assert admin.secret
    container = site.storage.get_container_client(site.settings.azure_storage_imageset_container)
    image_ids = insert_images(app, settings, 10)
    with web(site.settings), httpx2.Client(base_url=f"http://127.0.0.1:{site.settings.port}", timeout=30) as http:
        caller = Caller(http, admin.key, admin.secret)  # type: ignore[arg-type]  # It asks for as much as a client.
        campaign = start_campaign(caller, title, image_ids)
        uploads = Uploads(caller, site.stage.session, site.storage, container, title)
        traffic = Traffic(site.settings.port, (admin.key, admin.secret), threading.Event())
        labels = [{"image_id": image_ids[0], "objects": []}]
        with ThreadPoolExecutor(5) as pool, worker(site.settings):
            uploads.begin()
            wait_until(lambda: bool(site.stage.session.scalar(COPIED)), "the first copies")
            site.proxy.close()
            away = time.monotonic()
            answers = {
                "read": pool.submit(traffic.repeat, "GET", f"/api/v1/images/{image_ids[0]}"),
                "label": pool.submit(traffic.repeat, "PUT", f"{campaign}/objects", labels),
                "list": pool.submit(traffic.repeat, "GET", "/api/v1/images?per_page=100"),
                "partner": pool.submit(traffic.repeat, "GET", f"{campaign}/images"),
                "make": pool.submit(traffic.repeat, "POST", "/api/v1/image_sets", "title", 0.5),
            }
            time.sleep(AWAY_SECONDS)
            traffic.stopping.set()
            replies = {name: future.result() for name, future in answers.items()}
            assert time.monotonic() - away >= AWAY_SECONDS
            site.proxy.open()
            wait_until(lambda: is_done(site.stage.session), "the end of all jobs", RECOVERY_LIMIT_SECONDS)
        assert_only_uploaders_noticed(replies)
        caller.post("/image_sets", {"title": "extra-0"}).expect(200)
        uploads.check()
    titles = site.stage.session.scalars(text("SELECT title FROM image_set ORDER BY title")).all()
    assert titles == sorted([title, "extra-0"])
    assert check(site.settings) == []


def start_campaign(caller: Caller, title: str, image_ids: list[int]) -> str:
    made = caller.post("/campaigns", {"title": title, "labeler_email": "pat@partner.example"}).expect(200)
    path = f"/campaigns/{made['campaign_id']}"
    caller.post(f"{path}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    caller.put(path, {"new_status": "active"}).expect(200)
    return f"/api/v1{path}"


def assert_only_uploaders_noticed(replies: dict[str, list[Reply]]) -> None:
    statuses = {name: Counter(reply.status for reply in answers) for name, answers in replies.items()}
    assert {name: set(counts) for name, counts in statuses.items()} == {
        "read": {303}, "label": {200}, "list": {200}, "partner": {200}, "make": {503},
    }  # fmt: skip
    for reply in replies["make"]:
        assert int(reply.headers["retry-after"]) > 0
        assert reply.seconds < ANSWER_LIMIT_SECONDS


def check(settings: Settings, *options: str) -> list[dict[str, object]]:
    """Let `flask check` look at tables and storage; return what it finds, without the images that have no file on purpose."""
    command = [sys.executable, "-m", "flask", "check", "--grace-minutes", "0", *options]
    run = subprocess.run(
        command, cwd=ROOT, env=environment(settings), capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode in (0, 1), run.stderr
    found = [json.loads(line) for line in run.stdout.splitlines()]
    return [finding for finding in found if "/loose/" not in finding["detail"] + finding["subject"]]


def test_a_container_that_was_cut_off_from_its_row_is_taken_over_or_repaired(
    site: Site, admin: Caller, title: str
) -> None:
    assert admin.key
    assert admin.secret

    def cut_the_link(request: Request) -> None:
        if "comp=acl" in request.path:
            raise Cut

    with web(site.settings), httpx2.Client(base_url=f"http://127.0.0.1:{site.settings.port}", timeout=30) as http:
        caller = Caller(http, admin.key, admin.secret)  # type: ignore[arg-type]  # It asks for as much as a client.
        site.proxy.request_rule = cut_the_link
        for name in ("retried", "given-up"):
            caller.post("/image_sets", {"title": f"{title}-{name}"}).expect(503)
            assert site.storage.get_container_client(f"dropbox-{title}-{name}").exists()
        site.proxy.request_rule = lambda request: None
        assert caller.get("/image_sets").expect(200)["image_sets"] == []
        caller.post("/image_sets", {"title": f"{title}-retried"}).expect(200)
    repair = check(site.settings, "--repair")
    assert [(found["check"], found["repaired"]) for found in repair] == [("dropbox_left_over", True)]
    assert check(site.settings) == []
    assert not site.storage.get_container_client(f"dropbox-{title}-given-up").exists()
    assert site.storage.get_container_client(f"dropbox-{title}-retried").exists()
