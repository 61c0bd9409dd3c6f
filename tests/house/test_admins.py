"""docs/admins.md: its lines are run as they stand, by bash and curl, against the real server."""

from pathlib import Path

import pytest

from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled
from tests.documents import blocks_of, paste
from tests.web_server import web_server

pytestmark = pytest.mark.slow


def test_every_line_of_the_page_works(settings: Settings, admin: Caller, labelled: Labelled, tmp_path: Path) -> None:
    sent = [{"image_id": labelled.image_ids[1], "objects": []}]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", sent).expect(200)
    with web_server(settings.model_copy(update={"web_workers": 1}), tmp_path / "web.log") as web:
        given = {
            "url": web.url + "/api/v1",
            "key": str(admin.key),
            "secret": str(admin.secret),
            "campaign": str(labelled.campaign_id),
        }
        printed = paste(blocks_of("admins.md"), tmp_path, given)
    assert printed.count("'apisecret': 'lss_") == 1
    assert labelled.title in printed
    assert "[{'verdict': 'rejected', 'comment': 'The bottle on the left is missing.'" in printed
    campaign = admin.get(f"/campaigns/{labelled.campaign_id}").expect(200)
    assert [member["email"] for member in campaign["labelers"]] == [labelled.partner_email]
    assert [member["email"] for member in campaign["reviewers"]] == ["robin@example.org"]
    assert (campaign["progress"]["done"], campaign["progress"]["reviews"]["rejected"]) == (0, 1)
    assert (campaign["status"], campaign["archived"], campaign["progress"]["total"]) == ("active", False, 4)
    users = {user["email"]: user for user in admin.get("/users").expect(200)["users"]}
    assert users["quinn@partner.example"]["enabled"] is False
    assert [role["role"] for role in users["training@example.org"]["roles"]] == ["reader"]
