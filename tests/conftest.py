"""Every test speaks HTTP to the real application on a real PostgreSQL and a real Azurite, started here once per run."""

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask_migrate
import hypothesis
import psycopg2
import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from connexion import FlaskApp
from flask import Flask
from psycopg2 import sql
from psycopg2.errors import DeadlockDetected
from pydantic import SecretStr
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app import create_app
from app.azure.blobs import BlobStore
from app.cli import add_commands, prepare_migrations
from app.database.engine import Base, db
from app.media import previews
from app.models import Campaign, CampaignImage
from app.services import users
from app.settings import Settings
from app.web.components import web_components_of
from app.wiring import components_of, make_blob_store
from local.azurite import running_azurite
from local.folder import CHECKOUT
from local.postgres import running_postgres
from tests import promise
from tests.caller import Caller
from tests.documents import Reader, install_client

# An example that meets a busy processor is slow, not wrong.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")

SERVICES = pytest.StashKey[tuple[ExitStack, dict[str, str]]]()


def start_services(config: pytest.Config) -> dict[str, str]:
    """Start PostgreSQL and Azurite once in this process and return where they are."""
    if SERVICES not in config.stash:
        stack = ExitStack()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="labelapi-tests-")))
        # PostgreSQL may run as another account, which must be able to pass through.
        folder.chmod(0o755)
        database = stack.enter_context(running_postgres(folder / "postgres", durable=False))
        storage = stack.enter_context(running_azurite(folder / "azurite", durable=False))
        config.stash[SERVICES] = (stack, {"database": database, "storage": storage})
    return config.stash[SERVICES][1]


class SharedServices:
    """With pytest-xdist the controlling process starts the services, and each worker is told where they are."""

    @staticmethod
    def pytest_configure_node(node: Any) -> None:
        node.workerinput["services"] = start_services(node.config)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    # For the settings below, and for every program that a test starts: the server of the tests is not durable.
    os.environ["ALLOW_UNSAFE_POSTGRES"] = "true"
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(SharedServices())


def pytest_unconfigure(config: pytest.Config) -> None:
    if SERVICES in config.stash:
        config.stash[SERVICES][0].close()


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> dict[str, str]:
    """The URL of PostgreSQL and the connection string of Azurite."""
    workerinput = getattr(request.config, "workerinput", None)
    return workerinput["services"] if workerinput else start_services(request.config)


@pytest.fixture(scope="session")
def storage_connection_string(services: dict[str, str]) -> str:
    return services["storage"]


@pytest.fixture(scope="session")
def settings(services: dict[str, str], worker_id: str) -> Settings:
    """Settings with a database and a container of this worker process alone."""
    name = f"test_{worker_id}"
    url = services["database"]
    own = database_url(url, name)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with closing(psycopg2.connect(own)) as connection:
        connection.autocommit = True
        connection.cursor().execute("CREATE SCHEMA labelapi")
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # Only the settings library's own signature knows it.
        db_connection_string=SecretStr(own),
        db_schema="labelapi",
        azure_storage_connection_string=SecretStr(services["storage"]),
        azure_storage_imageset_container=f"imagesets-{worker_id}",
        azure_storage_imageset_folder="upload",
        log_level="WARNING",
        copy_threads=8,
        job_heartbeat_seconds=0.5,
        job_stalled_seconds=2,
        job_recovery_seconds=1,
    )


def database_url(url: str, name: str) -> str:
    """The same server, another database."""
    head, question, query = url.partition("?")
    return head.rpartition("/")[0] + "/" + name + question + query


@pytest.fixture(scope="session")
def server(settings: Settings) -> FlaskApp:
    """The whole application on a migrated database, with its container made."""
    server = create_app(settings)
    add_commands(server.app)
    prepare_migrations(server.app)
    with server.app.app_context():
        flask_migrate.upgrade()
    components_of(server.app).blob_store.make_container(settings.azure_storage_imageset_container)
    return server


class OutsideClient(TestClient):
    """A client whose requests do not see the context of the test, so that they never share its session of the database."""

    def request(self, *args: Any, **options: Any) -> Any:
        return Context().run(super().request, *args, **options)


@pytest.fixture(scope="session")
def http(server: FlaskApp) -> Iterator[TestClient]:
    """An HTTP client; errors of the application are answers, and every answer must be what the OpenAPI document says."""
    with OutsideClient(server, raise_server_exceptions=False, follow_redirects=False) as client:
        client.event_hooks = {"response": [promise.check]}
        yield client


# Above this size of one table, emptying it by TRUNCATE is quicker, and its dead rows would slow down the tests that follow.
SMALL_TABLE_BYTES = 256 * 1024
QUEUE_TABLES = ("procrastinate_jobs", "procrastinate_periodic_defers", "procrastinate_workers", "procrastinate_events")


def empty_tables(session: Session) -> None:
    """Delete all rows, and set all sequences back to 1.

    TRUNCATE makes new files for each table and index, which takes a hundred times as long as deleting a few rows.
    """
    names = [*(f'"{table.name}"' for table in Base.metadata.sorted_tables), *QUEUE_TABLES]
    tables = ", ".join(names)
    # What is still being written, such as the use of a key, ends first.
    session.execute(text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
    largest = session.scalar(
        text("SELECT max(pg_relation_size(name::regclass)) FROM unnest(CAST(:names AS text[])) AS name"),
        {"names": names},
    )
    if largest > SMALL_TABLE_BYTES:
        session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    else:
        # Without triggers, which count, refuse or look for rows that refer to these.
        deletions = "; ".join(f"DELETE FROM {name}" for name in names)
        session.execute(text(f"SET LOCAL session_replication_role = replica; {deletions}"))
        session.execute(
            text(
                "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)"
                " FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL"
            )
        )
    session.commit()


def on_empty_tables(server: FlaskApp) -> Flask:
    """The Flask application, after all rows are deleted."""
    deadline = time.monotonic() + 30
    with server.app.app_context():
        while True:
            try:
                empty_tables(db.session())
                break
            except OperationalError as error:
                # Somebody who reads many tables, such as a web server that begins, may want one that is locked already.
                if not isinstance(error.orig, DeadlockDetected) or time.monotonic() > deadline:
                    raise
                db.session.rollback()
    # What these keep for a while was counted in the tables of the test before.
    web_components_of(server.app).key_pair_check.clear()
    web_components_of(server.app).database_collector.clear()
    flask_app: Flask = server.app
    return flask_app


def make_admin(app: Flask, http: TestClient) -> Caller:
    """Make an image-admin, ada@example.org."""
    with app.app_context():
        _, pair = users.create_user(db.session(), "ada@example.org", "image-admin")
        db.session.commit()
    return Caller(http, pair.apikey, pair.apisecret)


@pytest.fixture
def app(server: FlaskApp) -> Flask:
    """The Flask application on empty tables."""
    return on_empty_tables(server)


@pytest.fixture
def anonymous(app: Flask, http: TestClient) -> Caller:
    """A caller without keys."""
    return Caller(http)


@pytest.fixture
def admin(app: Flask, http: TestClient) -> Caller:
    """An image-admin, ada@example.org."""
    return make_admin(app, http)


@pytest.fixture
def blobs(app: Flask) -> BlobStore:
    return components_of(app).blob_store


@pytest.fixture
def unreachable_blobs(settings: Settings) -> BlobStore:
    """A real blob store whose account is at a port where nothing listens."""
    dead = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:9/a"
    return make_blob_store(settings.model_copy(update={"azure_storage_connection_string": SecretStr(dead)}))


@pytest.fixture
def storage(storage_connection_string: str) -> Iterator[BlobServiceClient]:
    """The storage account, seen with the account's key."""
    with BlobServiceClient.from_connection_string(storage_connection_string) as client:
        yield client


@pytest.fixture
def container(storage: BlobServiceClient, settings: Settings) -> ContainerClient:
    """The main container."""
    return storage.get_container_client(settings.azure_storage_imageset_container)


@pytest.fixture
def no_previews(container: ContainerClient) -> None:
    """No previews of earlier tests: ids of images begin again at 1 with each test, and what lies in storage stays."""
    for blob in container.list_blobs(f"{previews.FOLDER}/"):
        container.delete_blob(blob.name)


@pytest.fixture
def title() -> str:
    """A title that no other test has used, because the storage account is shared."""
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def client_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the client, as readers of the pages make one."""
    return install_client(tmp_path_factory.mktemp("client"))


@pytest.fixture
def reader(client_environment: Path, tmp_path: Path) -> Reader:
    """Somebody who follows a page in a folder of its own."""
    folder = tmp_path / "reader"
    folder.mkdir()
    (folder / "client").symlink_to(CHECKOUT / "client")
    for wheel in (client_environment / "wheel").glob("*.whl"):
        shutil.copy(wheel, folder)
    return Reader(folder, client_environment)


@dataclass(frozen=True)
class Labelled:
    """An active campaign with images, and its partner."""

    campaign_id: int
    title: str
    image_ids: list[int]
    partner: Caller
    partner_email: str
    admin: Caller

    def hold(self, app: Flask, image_id: int) -> None:
        """Put an image into the campaign whatever it is, as releases did that took files that are no images."""
        with app.app_context():
            db.session.add(CampaignImage(campaign_id=self.campaign_id, image_id=image_id))
            db.session.execute(
                update(Campaign).where(Campaign.id == self.campaign_id).values(image_count=Campaign.image_count + 1)
            )
            db.session.commit()


@pytest.fixture
def image_ids(app: Flask, settings: Settings) -> list[int]:
    """Four registered images of 1920 by 1080 pixels; no set holds them."""
    return insert_images(app, settings, 4)


def insert_images(
    app: Flask,
    settings: Settings,
    count: int,
    *,
    width: int | None = 1920,
    height: int | None = 1080,
    filetype: str | None = "JPEG",
) -> list[int]:
    """Register rows without files, for tests that are about rows."""
    statement = text(
        "INSERT INTO image (blobstorage_path, filetype, filesize, width, height)"
        " VALUES (:path, :filetype, 123456, :width, :height) RETURNING id"
    )
    with app.app_context():
        ids: list[int] = [
            db.session.execute(
                statement,
                {
                    "path": f"{settings.azure_storage_imageset_container}/loose/{uuid.uuid4().hex}.jpg",
                    "filetype": filetype,
                    "width": width,
                    "height": height,
                },
            ).scalar_one()
            for _ in range(count)
        ]
        db.session.commit()
    return ids


@pytest.fixture
def non_image_id(app: Flask, settings: Settings) -> int:
    """A registered file that is no image."""
    return insert_images(app, settings, 1, width=None, height=None, filetype=None)[0]


@pytest.fixture
def labelled(admin: Caller, http: TestClient, title: str, image_ids: list[int]) -> Labelled:
    """An active campaign with four images and a partner who holds its keys."""
    email = "Pat@Partner.example"
    made = admin.post("/campaigns", {"title": title, "labeler_email": email}).expect(200)
    campaign_id = made["campaign_id"]
    admin.post(f"/campaigns/{campaign_id}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    admin.put(f"/campaigns/{campaign_id}", {"new_status": "active"}).expect(200)
    partner = Caller(http, made["access_token"]["apikey"], made["access_token"]["apisecret"])
    return Labelled(campaign_id, title, image_ids, partner, email, admin)
