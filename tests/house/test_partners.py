"""docs/partners.md: its lines are run as they stand, by bash and curl, against the real server and storage."""

import re
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.database.engine import db
from app.settings import Settings
from app.web.openapi import load_spec
from tests.caller import Caller
from tests.conftest import Labelled
from tests.documents import blocks_of, paste
from tests.web_server import web_server
from tests.workers import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "partners.md").read_text()
CONTENT = b"the bytes of an image"


@pytest.fixture
def files(app: Flask, container: ContainerClient, labelled: Labelled) -> list[int]:
    """Give every image of the campaign its file."""
    with app.app_context():
        for path in db.session.scalars(text("SELECT blobstorage_path FROM image")):
            container.upload_blob(path.partition("/")[2], CONTENT, overwrite=True)
    return labelled.image_ids


def test_every_line_of_the_page_works(
    settings: Settings, admin: Caller, labelled: Labelled, files: list[int], tmp_path: Path
) -> None:
    last = files[-1]
    path = f"/campaigns/{labelled.campaign_id}"
    labelled.partner.put(f"{path}/objects", [{"image_id": last, "objects": []}]).expect(200)
    review = {"image_id": last, "verdict": "rejected", "comment": "A bottle is missing."}
    admin.put(f"{path}/reviews", [review]).expect(200)
    with web_server(settings.model_copy(update={"web_workers": 1}), tmp_path / "web.log") as web:
        given = {
            "url": web.url + "/api/v1",
            "key": str(labelled.partner.key),
            "secret": str(labelled.partner.secret),
            "campaign": str(labelled.campaign_id),
        }
        printed = paste(blocks_of("partners.md"), tmp_path, given)
    assert labelled.partner_email in printed
    assert '"object_count":1' in printed
    assert f"{last} A bottle is missing." in printed
    assert printed.rstrip().endswith('"ok"')
    assert [int(line) for line in (tmp_path / "image_ids.txt").read_text().split()] == files
    assert [(tmp_path / "images" / str(image_id)).read_bytes() for image_id in files] == [CONTENT] * len(files)
    sent = admin.get(f"/campaigns/{labelled.campaign_id}/objects").expect(200)["images"]
    assert sent[0]["objects"] == []
    assert admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)["progress"]["done"] == 1


def test_page_names_every_status_that_a_partner_may_get() -> None:
    put = load_spec()["paths"]["/campaigns/{campaign_id}/objects"]["put"]
    named = set(re.findall(r"\b[45]\d\d\b", PAGE))
    assert set(put["responses"]) - {"200"} <= named
