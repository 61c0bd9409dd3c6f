"""docs/partners.md: its lines are run as they stand, by bash, the client and curl, against a real server and worker."""

import json
import re

import pytest

from app.settings import Settings
from app.web.openapi import load_spec
from tests.caller import Caller
from tests.documents import Reader, blocks_of, make_photos
from tests.web_server import web_server
from tests.workers import ROOT, worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PAGE = (ROOT / "docs" / "partners.md").read_text()
PHOTOS = ["flight/1.png", "flight/2.png", "flight/3.png"]


def test_every_line_of_the_page_works(settings: Settings, admin: Caller, reader: Reader, title: str) -> None:
    own = settings.model_copy(update={"web_workers": 1})
    make_photos(reader.folder / "photos", PHOTOS)
    (reader.folder / "classes.json").write_text('["PET", "can"]')
    (reader.folder / "how.md").write_text("Tight boxes.")
    [(labels)] = blocks_of("partners.md", "json")
    (reader.folder / "labels.json").write_text(labels)
    with web_server(own, reader.folder / "web.log") as web, worker(settings):
        given = {"url": web.url, "key": str(admin.key), "secret": str(admin.secret)}
        reader.labelapi("upload", "photos", "--set", title, "--finish", given=given)
        chosen = ("--images-from", f"set:{title}", "--classes", "classes.json", "--instructions", "how.md")
        partner_email = f"{title}@partner.example"
        made = json.loads(
            reader.labelapi(
                "campaigns", "create", title, "--partner", partner_email, *chosen, "--start", "--json", given=given
            )
        )
        path, token = f"/campaigns/{made['campaign_id']}", made["access_token"]
        partner = Caller(admin.http, token["apikey"], token["apisecret"])
        images = admin.get(f"{path}/images").expect(200)["images"]
        ids = [image["image_id"] for image in images]
        partner.put(f"{path}/objects", [{"image_id": ids[-1], "objects": []}]).expect(200)
        review = {"image_id": ids[-1], "verdict": "rejected", "comment": "A bottle is missing."}
        admin.put(f"{path}/reviews", [review]).expect(200)
        given |= {
            "key": token["apikey"],
            "secret": token["apisecret"],
            "campaign": title,
            "number": str(made["campaign_id"]),
        }
        printed = reader.paste(blocks_of("partners.md"), given, typed=f"{token['apikey']}\n{token['apisecret']}\n")
    folder = reader.folder
    # The client and curl have fetched the same files.
    for image in images:
        content = (folder / "photos" / "flight" / image["file_name"]).read_bytes()
        assert (folder / "work" / "images" / image["file_name"]).read_bytes() == content
        assert (folder / "images" / str(image["image_id"])).read_bytes() == content
    assert (folder / "work" / "classes.txt").read_text() == "PET\ncan\n"
    assert "Tight boxes." in printed
    assert partner_email in printed
    assert '"object_count":1' in printed
    assert f"{ids[-1]} A bottle is missing." in printed
    assert printed.rstrip().endswith('"ok"')
    assert [int(line) for line in (folder / "image_ids.txt").read_text().split()] == ids
    sent = admin.get(f"{path}/objects").expect(200)["images"]
    assert sent[0]["objects"] == []
    pushed, by_curl, last = admin.get(f"{path}/submissions").expect(200)["submissions"][-2::-1]
    assert [each["object_count"] for each in (pushed, by_curl, last)] == [1, 1, 0]
    assert pushed["tool"] == "labelapi"
    assert admin.get(path).expect(200)["progress"]["done"] == 1


def test_page_names_every_status_that_a_partner_may_get() -> None:
    put = load_spec()["paths"]["/campaigns/{campaign_id}/objects"]["put"]
    named = set(re.findall(r"\b[45]\d\d\b", PAGE))
    assert set(put["responses"]) - {"200"} <= named
