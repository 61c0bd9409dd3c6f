"""docs/admins.md: its lines are run as they stand, by bash, the client and curl, against a real server and worker."""

import json

import pytest
from PIL import Image

from app.settings import Settings
from tests.caller import Caller
from tests.documents import Reader, blocks_of, make_photos
from tests.web_server import web_server
from tests.workers import worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PHOTOS = ["a.png", "b.png", "bank/c.png", "bank/d.png"]
LABELS = {
    "images": [{"id": number, "file_name": name, "width": 40, "height": 30} for number, name in enumerate(PHOTOS[:3])],
    "categories": [{"id": 1, "name": "PET"}],
    "annotations": [
        {"id": number + 1, "image_id": number, "category_id": 1, "bbox": [1, 1, 20, 10], "area": 200, "iscrowd": 0}
        for number in (0, 1)
    ],
}


def test_every_line_of_the_page_works(settings: Settings, admin: Caller, reader: Reader) -> None:
    own = settings.model_copy(update={"web_workers": 1})
    make_photos(reader.folder / "photos", PHOTOS)
    (reader.folder / "labels.json").write_text(json.dumps(LABELS))
    with web_server(own, reader.folder / "web.log") as web, worker(settings):
        given = {"url": web.url, "key": str(admin.key), "secret": str(admin.secret)}
        printed = reader.paste(blocks_of("admins.md"), given, typed=f"{admin.key}\n{admin.secret}\n")
    assert list((reader.folder / "dist").glob("labelapi_client-*.whl"))
    with Image.open(reader.folder / "image.jpg") as picture:
        assert picture.size == (40, 30)
    # The secrets of the partner, two labelers, the reviewer and a reader were shown once each.
    assert printed.count("lss_") == 5
    assert "[{'verdict': 'rejected', 'comment': 'The bottle on the left is missing.'" in printed
    [campaign] = [each for each in admin.get("/campaigns").expect(200)["campaigns"] if each["title"] == "spring"]
    assert [member["email"] for member in campaign["labelers"]] == ["sam@partner.example"]
    assert [member["email"] for member in campaign["reviewers"]] == ["robin@example.org"]
    progress = campaign["progress"]
    assert (progress["reviews"]["accepted"], progress["reviews"]["rejected"]) == (1, 1)
    assert (campaign["status"], campaign["archived"], progress["total"]) == ("active", False, 5)
    assert admin.get(f"/campaigns/{campaign['campaign_id']}/datasets").expect(200)["datasets"]
    users = {user["email"]: user for user in admin.get("/users").expect(200)["users"]}
    assert {email for email, user in users.items() if not user["enabled"]} == {
        "quinn@partner.example",
        "kim@partner.example",
    }
    assert [role["role"] for role in users["training@example.org"]["roles"]] == ["reader"]
