"""The service with the URL of the account alone: it shows an identity, and signs links with a user delegation key.

azure-identity asks a managed identity's endpoint as App Service has it, which is played here. The storage is a real
Azurite with TLS, which takes such tokens, hands out user delegation keys, and checks the links that are signed with them.
"""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import flask_migrate
import jwt
import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient, ContainerClient, ContentSettings
from connexion import FlaskApp
from flask import Flask
from sqlalchemy import text
from starlette.testclient import TestClient

from app import create_app
from app.cli import add_commands, prepare_migrations
from app.settings import Settings
from app.wiring import components_of, make_blob_store
from local.azurite import START_TIMEOUT_SECONDS, AzuriteServer, StorageAccount
from local.folder import DataFolder
from local.processes import wait_until_ready
from tests import promise
from tests.api.test_info import checked_status
from tests.azure_ml.fake_azure import make_certificates
from tests.caller import Caller
from tests.jobs.test_finish_image_set import UPLOADS, finish, list_images, read_files, upload
from tests.workers import rows, run_jobs

SECRET = "canary-identity-header"
STORAGE = "https://storage.azure.com"


class IdentityEndpoint(ThreadingHTTPServer):
    """Hands out tokens of one identity; `trouble` is the status with which it fails."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _IdentityHandler)
        self.trouble: int | None = None
        self.tokens = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/msi/token"

    def make_token(self) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "aud": STORAGE, "iss": f"https://sts.windows.net/{uuid.UUID(int=1)}/", "iat": now, "nbf": now - 60,
            "exp": now + 3600, "oid": str(uuid.UUID(int=2)), "tid": str(uuid.UUID(int=1)),
        }  # fmt: skip
        self.tokens += 1
        token = jwt.encode(claims, "x" * 32, "HS256")
        return {"access_token": token, "expires_on": str(now + 3600), "resource": STORAGE, "token_type": "Bearer"}


class _IdentityHandler(BaseHTTPRequestHandler):
    server: IdentityEndpoint

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        known = self.headers["X-IDENTITY-HEADER"] == SECRET and query["resource"][0].rstrip("/") == STORAGE
        trouble = self.server.trouble or (None if known else 400)
        answer = {"statusCode": str(trouble), "message": "no token"} if trouble else self.server.make_token()
        self.send_response(trouble or 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture(scope="module")
def identity() -> Iterator[IdentityEndpoint]:
    """The endpoint of the machine's identity, to which this process is led."""
    endpoint = IdentityEndpoint()
    threading.Thread(target=endpoint.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IDENTITY_ENDPOINT", endpoint.url)
        patch.setenv("IDENTITY_HEADER", SECRET)
        yield endpoint
    endpoint.shutdown()
    endpoint.server_close()


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageAccount]:
    """The account of an Azurite with TLS, whose authority this process trusts."""
    folder = tmp_path_factory.mktemp("identity")
    authority, chain = make_certificates(folder)
    azurite = AzuriteServer(DataFolder(folder / "azurite"))
    azurite.folder.make()
    azurite.prepare()
    part = azurite.part()
    part.command += ["--oauth", "basic", "--cert", str(chain), "--key", str(chain)]
    part.start()
    try:
        wait_until_ready(part, lambda: _answers(azurite.account.port, authority), START_TIMEOUT_SECONDS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REQUESTS_CA_BUNDLE", str(authority))
            yield azurite.account
    finally:
        part.stop()


def _answers(port: int, authority: Path) -> bool:
    try:
        requests.get(f"https://127.0.0.1:{port}/", verify=str(authority), timeout=2)
    except requests.ConnectionError:
        return False
    return True


@pytest.fixture(scope="module")
def settings(settings: Settings, account: StorageAccount, identity: IdentityEndpoint) -> Settings:
    """The URL of the account, and no key."""
    url = f"https://127.0.0.1:{account.port}/{account.name}"
    return settings.model_copy(update={"azure_storage_connection_string": None, "azure_storage_account_url": url})


@pytest.fixture(scope="module")
def server(settings: Settings) -> FlaskApp:
    server = create_app(settings)
    add_commands(server.app)
    prepare_migrations(server.app)
    with server.app.app_context():
        flask_migrate.upgrade()
    result = server.app.test_cli_runner().invoke(args=["images", "make-container"])
    assert result.exit_code == 0, result.output
    return server


@pytest.fixture(scope="module")
def http(server: FlaskApp) -> Iterator[TestClient]:
    with TestClient(server, raise_server_exceptions=False, follow_redirects=False) as client:
        client.event_hooks = {"response": [promise.check]}
        yield client


@pytest.fixture
def storage(account: StorageAccount) -> Iterator[BlobServiceClient]:
    """The same account, seen with its key, which the service does not have."""
    secured = account.connection_string.replace("http://", "https://").replace("Protocol=http;", "Protocol=https;")
    with BlobServiceClient.from_connection_string(secured) as client:
        yield client


def test_an_image_set_lives_without_an_account_key(
    admin: Caller, app: Flask, settings: Settings, container: ContainerClient, title: str, storage: BlobServiceClient,
    identity: IdentityEndpoint,
) -> None:  # fmt: skip
    link = admin.post("/image_sets", {"title": title}).expect(200)["dropbox_url"]
    query = parse_qs(urlsplit(link).query)
    assert link.startswith(f"{settings.azure_storage_account_url}/dropbox-{title}?")
    assert (query["spr"], query["sr"], query["sp"]) == (["https"], ["c"], ["rwdl"])
    assert query["skoid"] == [str(uuid.UUID(int=2))]
    assert "si" not in query
    with ContainerClient.from_container_url(link) as dropbox:
        upload(dropbox)
        finish(admin)
        run_jobs(app)
        job = admin.get("/jobs/1").expect(200)
        assert (job["state"], job["done"]) == ("succeeded", len(UPLOADS))
        assert read_files(container, title) == UPLOADS

        # The link cannot be revoked, so the dropbox stays until it has expired, and what still comes in is not lost.
        kept = admin.get("/jobs/2").expect(200)
        assert (kept["kind"], kept["state"]) == ("delete_dropbox", "queued")
        assert "cannot be revoked" in kept["error"]
        upload(dropbox, {"late.txt": b"late"})
    with rows(app) as session:
        until = session.scalars(text("SELECT date_upload_expires FROM image_set")).one()
        assert timedelta(0) <= until - datetime.fromisoformat(query["se"][0]) <= timedelta(minutes=2)
        session.execute(text("UPDATE image_set SET date_upload_expires = now()"))
    run_jobs(app, hurry=True)
    assert read_files(container, title) == UPLOADS | {"late.txt": b"late"}
    assert len(list_images(admin)) == len(UPLOADS) + 1
    assert not storage.get_container_client(f"dropbox-{title}").exists()
    assert identity.tokens == 1


def test_a_delegated_link_reaches_what_it_is_for_and_nothing_else(
    admin: Caller, app: Flask, container: ContainerClient, title: str, storage: BlobServiceClient
) -> None:
    upload_link = admin.post("/image_sets", {"title": title}).expect(200)["dropbox_url"]
    with ContainerClient.from_container_url(upload_link) as dropbox:
        upload(dropbox)
        assert {blob.name for blob in dropbox.list_blobs()} == set(UPLOADS)
        with pytest.raises(HttpResponseError):
            dropbox.delete_container()
    elsewhere = upload_link.replace(f"dropbox-{title}", container.container_name)
    with ContainerClient.from_container_url(elsewhere) as foreign, pytest.raises(HttpResponseError) as refusal:
        foreign.upload_blob("a", b"")
    assert refusal.value.status_code == 403
    finish(admin)
    run_jobs(app)
    links = {}
    for path, image in list_images(admin).items():
        answer = admin.get(f"/images/{image['image_id']}").response
        link = links[path.partition(f"/{title}/")[2]] = answer.headers["Location"]
        query = parse_qs(urlsplit(link).query)
        assert (answer.status_code, query["spr"], query["sr"], query["sp"]) == (303, ["https"], ["b"], ["r"])
    assert {name: requests.get(link, timeout=10).content for name, link in links.items()} == UPLOADS
    link, other = links["notes.txt"], links["empty.jpg"]
    assert requests.put(link, b"x", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10).status_code == 403
    assert requests.delete(link, timeout=10).status_code == 403
    address, query_of_other = link.partition("?")[0], other.partition("?")[2]
    for query_of_none in (query_of_other, link.partition("?")[2].replace("sp=r", "sp=rw"), ""):
        assert requests.get(f"{address}?{query_of_none}", timeout=10).status_code in (403, 404)


def test_a_delegated_link_cannot_be_revoked_which_is_said(admin: Caller, title: str) -> None:
    made = admin.post("/image_sets", {"title": title}).expect(200)
    path = f"/image_sets/{made['imageset_id']}/dropbox_url"
    assert "expire by 2" in admin.post(f"{path}?revoke=true").expect(409, "user delegation key")["detail"]
    with ContainerClient.from_container_url(made["dropbox_url"]) as dropbox:
        dropbox.upload_blob("a", b"")
    fresh = admin.post(path).expect(200)["dropbox_url"]
    with ContainerClient.from_container_url(fresh) as dropbox:
        dropbox.upload_blob("b", b"")


def test_links_of_an_identity_take_no_header_from_the_uploader(
    admin: Caller, app: Flask, container: ContainerClient, title: str
) -> None:
    claims = ContentSettings("text/html", content_disposition="inline", content_encoding="gzip", cache_control="public")
    path = f"{title}/page.html"
    container.upload_blob(path, b"<script>", content_settings=claims)
    with rows(app) as session:
        values = {"path": f"{container.container_name}/{path}"}
        image_id = session.scalar(text("INSERT INTO image (blobstorage_path) VALUES (:path) RETURNING id"), values)
    answer = requests.get(admin.get(f"/images/{image_id}").headers["Location"], timeout=10)
    assert answer.content == b"<script>"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="page.html"'
    assert answer.headers["Cache-Control"] == "private"


def test_status_is_well_with_an_identity(admin: Caller, app: Flask) -> None:
    answer = checked_status(app, admin.http, admin)
    assert answer.status_code == 200, answer.text


@pytest.mark.flaky(reruns=2)
def test_an_identity_that_is_away_is_an_outage_in_words(
    admin: Caller, app: Flask, settings: Settings, title: str, identity: IdentityEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    admin.post("/image_sets", {"title": title}).expect(200)
    finish(admin)
    for status in (400, 500):
        monkeypatch.setattr(identity, "trouble", status)
        # One that has no token yet.
        blobs = make_blob_store(settings)
        with monkeypatch.context() as patch:
            patch.setattr(components_of(app), "blob_store", blobs)
            started = time.monotonic()
            answer = admin.post("/image_sets", {"title": f"{title}-{status}"})
            answer.expect(503, "identity of this service gets no token")
            assert "Retry-After" in answer.headers
            assert time.monotonic() - started < 5
            run_jobs(app)
        blobs.close()
        assert admin.get("/jobs/1").expect(200)["state"] == "queued"
    monkeypatch.undo()
    run_jobs(app, hurry=True, limit=1)
    assert admin.get("/jobs/1").expect(200)["state"] == "succeeded"
