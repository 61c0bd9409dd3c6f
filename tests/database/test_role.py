"""Web servers and workers need no right to change tables: deploy/database_role.sql gives them all that they need."""

import io
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from azure.storage.blob import ContainerClient
from connexion import FlaskApp
from PIL import Image
from pydantic import SecretStr
from sqlalchemy import make_url
from starlette.testclient import TestClient

from app import create_app
from app.settings import Settings
from local.postgres import binaries
from tests.caller import Caller
from tests.workers import run_jobs

SCRIPT = Path(__file__).parents[2] / "deploy" / "database_role.sql"
ROLE = "labelapi_rows"
FORBIDDEN = (
    "CREATE TABLE stray (id integer)",
    "DROP TABLE image",
    "TRUNCATE image",
    "ALTER TABLE image ADD x integer",
    "ALTER TABLE audit DISABLE TRIGGER append_only",
    "DELETE FROM audit",
    "TRUNCATE audit",
)


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (64, 48)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def limited(server: FlaskApp, settings: Settings) -> Iterator[Settings]:
    """Settings that connect as a role with nothing but the rights of the script."""
    owner = settings.queue_url
    with closing(psycopg2.connect(owner)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,))
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE ROLE {ROLE} LOGIN")
        psql = binaries() / "psql"
        variables = ["--variable", f"schema={settings.db_schema}", "--variable", f"role={ROLE}"]
        subprocess.run([psql, "--no-psqlrc", "--quiet", *variables, "--file", SCRIPT, owner], check=True)
        url = make_url(owner).set(username=ROLE).render_as_string(hide_password=False)
        # Not a copy, which would keep the URLs that were derived from the owner's.
        values = settings.model_dump() | {"db_connection_string": SecretStr(url)}
        yield Settings(_env_file=None, **values)  # type: ignore[call-arg]  # Only the settings library knows it.
        cursor.execute(f"DROP OWNED BY {ROLE}")


def test_whole_life_needs_no_right_to_change_tables(limited: Settings, admin: Caller, title: str) -> None:
    server = create_app(limited)
    with TestClient(server, raise_server_exceptions=False, follow_redirects=False) as client:
        caller = Caller(client, admin.key, admin.secret)
        made = caller.post("/image_sets", {"title": title}).expect(200)
        ContainerClient.from_container_url(made["dropbox_url"]).upload_blob("a.png", picture())
        caller.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
        run_jobs(server.app, hurry=True)
        [image] = caller.get(f"/image_sets/{made['imageset_id']}/images").expect(200)["images"]
        campaign = caller.post("/campaigns", {"title": title, "labeler_email": "p@partner.example"}).expect(200)
        path = f"/campaigns/{campaign['campaign_id']}"
        caller.post(f"{path}/images", [{"id": image["image_id"]}]).expect(200)
        caller.put(path, {"new_status": "active"}).expect(200)
        caller.put(f"{path}/objects", [{"image_id": image["image_id"], "objects": []}]).expect(200)
        caller.put(path, {"new_status": "finished"}).expect(200)
        run_jobs(server.app, hurry=True)
        assert caller.get(f"{path}/datasets").expect(200)["datasets"]


def test_role_changes_no_table(limited: Settings) -> None:
    with closing(psycopg2.connect(limited.queue_url, options=f"-csearch_path={limited.db_schema}")) as connection:
        cursor = connection.cursor()
        for statement in FORBIDDEN:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)
            connection.rollback()
