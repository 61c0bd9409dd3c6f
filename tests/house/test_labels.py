"""docs/labels.md: its lines are run as they stand, by bash and curl, against the real server."""

from pathlib import Path

import pytest

from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled
from tests.documents import blocks_of, paste
from tests.web_server import web_server

pytestmark = pytest.mark.slow


def test_every_line_of_the_page_works(settings: Settings, admin: Caller, labelled: Labelled, tmp_path: Path) -> None:
    with web_server(settings.model_copy(update={"web_workers": 1}), tmp_path / "web.log") as web:
        given = {
            "url": web.url + "/api/v1",
            "key": str(admin.key),
            "secret": str(admin.secret),
            "campaign": str(labelled.campaign_id),
        }
        printed = paste(blocks_of("labels.md"), tmp_path, given)
    assert "Did you mean `can`?" in printed
    assert "[{'label': 'PTE', 'new_label': 'PET', 'objects': 1, 'images': 1}]" in printed
    path = f"/campaigns/{labelled.campaign_id}"
    campaign = admin.get(path).expect(200)
    assert [(one["name"], one["retired"]) for one in campaign["classes"]] == [
        ("PET", False),
        ("can", False),
        ("PTE", True),
    ]
    [first, *others] = admin.get(f"{path}/objects").expect(200)["images"]
    assert [(one["label"], one["label_original"]) for one in first["objects"]] == [
        ("PET", "plastic bottle"),
        ("PET", "PTE"),
    ]
    assert [one["confidence"] for one in first["suggestions"]] == [0.83]
    assert [image["suggestions"] for image in others] == [[]] * 3
    kinds = [submission["kind"] for submission in admin.get(f"{path}/submissions").expect(200)["submissions"]]
    assert kinds == ["relabel", "restore", "relabel", "submission"]
