"""The service under test: the real web server on a PostgreSQL and an Azurite of its own, and rows to work with."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import flask_migrate
import orjson
import psutil
import psycopg2
import psycopg2.extensions
from pydantic import SecretStr

from app.cli import create_flask_app, prepare_migrations
from app.database.engine import db
from app.services import users
from app.settings import Settings
from app.wiring import components_of
from bench.connection import Connection, Headers
from local.azurite import running_azurite
from local.folder import scratch_folder
from local.postgres import make_schema, running_postgres
from tests.web_server import WebServer, web_server

SCHEMA = "labelapi"
CONTAINER = "imagesets"


@dataclass(frozen=True)
class Service:
    """PostgreSQL and Azurite that run, with the tables and one admin; web servers are started on them."""

    settings: Settings
    headers: Headers
    folder: Path

    @contextmanager
    def web(self, processes: int = 2, **changes: object) -> Iterator[WebServer]:
        """Start the web server with so many processes, and other settings."""
        changes["web_workers"] = processes
        with web_server(self.settings.model_copy(update=changes), self.folder / "web.log") as server:
            yield server

    def connect(self, server: WebServer) -> Connection:
        """Return a connection of the admin."""
        return Connection(server.url, self.headers)

    def connect_new_user(self, server: WebServer, email: str) -> Connection:
        """Make another admin, and return a connection of this one."""
        admin = self.connect(server)
        user = orjson.dumps({"email": email, "role": "image-admin"})
        user_id = orjson.loads(admin.send("POST", "/api/v1/users", user))["user_id"]
        pair = orjson.loads(admin.send("POST", f"/api/v1/users/{user_id}/api_keys", b"{}"))
        return Connection(server.url, key_headers(pair["apikey"], pair["apisecret"]))

    def database(self) -> "closing[psycopg2.extensions.connection]":
        """Return a connection to the database itself, in whose schema the tables are."""
        url = self.settings.queue_url
        return closing(psycopg2.connect(url, options=f"-csearch_path={SCHEMA} -ctimezone=UTC"))

    def run(self, statement: str, **parameters: object) -> int:
        """Run one statement in a transaction of its own, and return its first value or 0."""
        with self.database() as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else 0

    def make_images(self, count: int) -> range:
        """Register images without files, and return their ids."""
        last = self.run(
            "WITH made AS (INSERT INTO image (blobstorage_path, filetype, filesize, width, height)"
            " SELECT %(container)s || '/upload/' || gen_random_uuid() || '.jpg', 'JPEG', 123456, 1920, 1080"
            " FROM generate_series(1, %(count)s) RETURNING id) SELECT max(id) FROM made",
            container=CONTAINER,
            count=count,
        )
        return range(last - count + 1, last + 1)

    def make_campaign(self, images: range, status: str = "active") -> int:
        """Make a campaign with these images, none of them labeled, and return its id."""
        return self.run(
            "WITH made AS (INSERT INTO campaign (title, created_by, status, auto_complete, image_count)"
            " VALUES ('bench-' || gen_random_uuid(), 1, %(status)s, false, %(count)s) RETURNING id),"
            " filled AS (INSERT INTO campaign_image (campaign_id, image_id)"
            " SELECT made.id, image_id FROM made, generate_series(%(first)s, %(last)s) AS image_id)"
            " SELECT id FROM made",
            status=status,
            count=len(images),
            first=images.start,
            last=images.stop - 1,
        )

    def checkpoint(self) -> None:
        """Let PostgreSQL write out what was filled in, so that this is not measured.

        The tables are not vacuumed and not analyzed: nobody does that for users either between filling and asking.
        """
        self._maintain("CHECKPOINT")

    def grow_older(self) -> None:
        """Make campaigns and let PostgreSQL analyze them: what it knows from then on is about these, and not about new ones."""
        images = self.make_images(4000)
        for first in (0, 2000):
            self.make_campaign(images[first : first + 2000])
        self._maintain("VACUUM ANALYZE")

    def _maintain(self, command: str) -> None:
        with self.database() as connection:
            connection.autocommit = True
            connection.cursor().execute(command)


@contextmanager
def running_service() -> Iterator[Service]:
    """Start PostgreSQL and Azurite, make the tables and an admin."""
    with (
        scratch_folder() as folder,
        running_postgres(folder / "postgres") as url,
        running_azurite(folder / "azurite") as storage,
    ):
        make_schema(url, SCHEMA)
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # Only the settings library's own signature knows it.
            db_connection_string=SecretStr(url),
            db_schema=SCHEMA,
            azure_storage_connection_string=SecretStr(storage),
            azure_storage_imageset_container=CONTAINER,
            azure_storage_imageset_folder="upload",
            log_level="WARNING",
        )
        flask_app = create_flask_app(settings)
        prepare_migrations(flask_app)
        with flask_app.app_context():
            flask_migrate.upgrade()
            _, pair = users.create_user(db.session(), "ada@example.org", "image-admin")
            db.session.commit()
            components_of(flask_app).blob_store.make_container(CONTAINER)
            db.engine.dispose()
        # The service waits for PostgreSQL in a way of its own; what is measured against it does so as the library does.
        psycopg2.extensions.set_wait_callback(None)
        yield Service(settings, key_headers(pair.apikey, str(pair.apisecret)), folder)


def key_headers(apikey: str, apisecret: str) -> Headers:
    """Return the headers of a key pair."""
    return {"Authentication-Key": apikey, "Authentication-Secret": apisecret}


def web_processes(server: WebServer) -> list[psutil.Process]:
    """Return the processes that answer requests."""
    found: list[psutil.Process] = psutil.Process(server.process.pid).children()
    return found
