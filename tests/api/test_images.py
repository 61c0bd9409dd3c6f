"""Images: pages of them, and the links to their files."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings
from flask import Flask
from sqlalchemy import text
from starlette.testclient import TestClient

from app.database.engine import db
from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled, insert_images


@pytest.fixture
def path(app: Flask, labelled: Labelled, container: ContainerClient) -> str:
    """Where the first labelled image lies in the main container; its file holds `picture`."""
    with app.app_context():
        query = text("SELECT blobstorage_path FROM image WHERE id = :id")
        path = str(db.session.scalar(query, {"id": labelled.image_ids[0]}))
    name = path.partition("/")[2]
    container.upload_blob(name, b"picture")
    return name


def test_admin_and_partner_are_sent_to_the_file_and_no_other(
    admin: Caller, labelled: Labelled, path: str, container: ContainerClient
) -> None:
    other = container.upload_blob(path + ".secret", b"other")
    for caller in (admin, labelled.partner):
        answer = caller.get(f"/images/{labelled.image_ids[0]}")
        answer.expect(303)
        link = answer.headers["location"]
        assert answer.headers["cache-control"] == "private, no-store"
        with BlobClient.from_blob_url(link) as blob:
            assert blob.blob_name == path
            assert blob.download_blob().readall() == b"picture"
            with pytest.raises(HttpResponseError, match=r"Authoriz|Authent"):
                blob.upload_blob(b"forged", overwrite=True)
        with (
            BlobClient.from_blob_url(f"{other.url}?{urlsplit(link).query}") as foreign,
            pytest.raises(HttpResponseError, match=r"Authoriz|Authent"),
        ):
            foreign.download_blob()


GIF = (
    b"GIF89a\x02\x00\x03\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x02\x00\x03\x00\x00\x02\x02\x84_\x00;"
)
SCRIPT = b"<script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>"
# What an uploader may say of its files, what they are, and how their links are answered.
SERVED = {
    "page.html": ("text/html", SCRIPT, "application/octet-stream", 'attachment; filename="page.html"'),
    "photo.jpg": ("image/jpeg", SCRIPT, "application/octet-stream", 'attachment; filename="photo.jpg"'),
    "drawing.svg": ("image/svg+xml", SVG, "application/octet-stream", 'attachment; filename="drawing.svg"'),
    "anim.html": ("text/html", GIF + SCRIPT, "image/gif", 'inline; filename="anim.html"'),
    "Fluß 1.gif": (
        "image/gif",
        GIF,
        "image/gif",
        "inline; filename=\"Flu_ 1.gif\"; filename*=UTF-8''Flu%C3%9F%201.gif",
    ),
}


def test_links_are_answered_by_what_a_file_is_whatever_its_uploader_says(
    admin: Caller, app: Flask, container: ContainerClient, title: str
) -> None:
    for name, (claimed, content, _, _) in SERVED.items():
        settings = ContentSettings(claimed, content_disposition="inline", cache_control="public")
        container.upload_blob(f"{title}/{name}", content, content_settings=settings)
    registered = app.test_cli_runner().invoke(args=["images", "register", f"{title}/"])
    assert registered.exit_code == 0, registered.output
    listed = admin.get("/images?expand=download_url").expect(200)["images"]
    assert len(listed) == len(SERVED)
    for image in listed:
        _, content, media_type, disposition = SERVED[image["blobstorage_path"].rpartition("/")[2]]
        redirect = admin.get(f"/images/{image['image_id']}").headers["location"]
        for link in (image["download_url"], redirect):
            answer = httpx.get(link)
            assert answer.content == content
            assert answer.headers["content-type"] == media_type
            assert answer.headers["content-disposition"] == disposition
            assert answer.headers["cache-control"] == "private"


def test_a_missing_image_and_a_foreign_one_look_the_same_to_a_partner(
    admin: Caller, labelled: Labelled, title: str, image_ids: list[int]
) -> None:
    made = admin.post("/campaigns", {"title": title + "-2", "labeler_email": "sam@other.example"}).expect(200)
    stranger = Caller(admin.http, made["access_token"]["apikey"], made["access_token"]["apisecret"])
    foreign = stranger.get(f"/images/{image_ids[0]}").expect(403)
    missing = stranger.get("/images/4711").expect(403)
    assert foreign["detail"] == missing["detail"]
    admin.get("/images/4711").expect(404, "no image 4711")


def test_details_have_all_for_readers_and_only_facts_links_and_own_campaigns_for_partners(
    admin: Caller, http: TestClient, app: Flask, labelled: Labelled, path: str, title: str
) -> None:
    image_id = labelled.image_ids[0]
    other = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "sam@other.example"}).expect(200)
    admin.post(f"/campaigns/{other['campaign_id']}/images", [{"id": image_id}]).expect(200)
    labels = [{"image_id": image_id, "unusable": "blurred"}]
    labelled.partner.put(f"/campaigns/{labelled.campaign_id}/objects", labels).expect(200)
    imageset_id = admin.post("/image_sets", {"title": title}).expect(200)["imageset_id"]
    with app.app_context():
        change = "UPDATE image SET image_set_id = :set, type = 'drone', metadata = '{\"km\": 7}' WHERE id = :id"
        db.session.execute(text(change), {"set": imageset_id, "id": image_id})
        db.session.commit()
    answer = admin.get(f"/images/{image_id}/details")
    details = answer.expect(200)
    assert answer.headers["cache-control"] == "private, no-store"
    assert (details["type"], details["metadata"]) == ("drone", {"km": 7})
    assert (details["created_by"], details["imageset"]["title"]) == ("ada@example.org", title)
    own = {"state": "unusable", "reason": "blurred", "revision": 1, "object_count": 0}
    assert [campaign["campaign_id"] for campaign in details["campaigns"]] == [
        other["campaign_id"],
        labelled.campaign_id,
    ]
    assert own.items() <= details["campaigns"][1].items()
    assert details["campaigns"][0]["state"] == "unlabeled"
    partners = labelled.partner.get(f"/images/{image_id}/details").expect(200)
    hidden = dict.fromkeys(("type", "metadata", "tss_id", "date_created", "created_by"))
    own_alone = {"campaign_count": 1, "campaigns": details["campaigns"][1:]}
    no_set = {"imageset": {"imageset_id": None, "title": None}}
    for found in (details, partners):
        assert found["url"] == f"/images/{image_id}"
        with BlobClient.from_blob_url(found.pop("download_url")) as blob:
            assert blob.download_blob().readall() == b"picture"
    assert partners == details | hidden | no_set | own_alone
    stranger = Caller(http, other["access_token"]["apikey"], other["access_token"]["apisecret"])
    assert [c["campaign_id"] for c in stranger.get(f"/images/{image_id}/details").expect(200)["campaigns"]] == [2]


def test_pages_of_images_hold_each_once(admin: Caller, image_ids: list[int]) -> None:
    first = admin.get("/images?per_page=3").expect(200)
    second = admin.get("/images?per_page=3&page=2").expect(200)
    assert [image["image_id"] for image in first["images"] + second["images"]] == image_ids
    assert first["pagination"]["total"] == second["pagination"]["total"] == 4
    admin.get("/images?per_page=3&page=3").expect(404)


def test_totals_follow_every_way_in_which_images_come_and_go(app: Flask, settings: Settings, admin: Caller) -> None:
    def totals() -> list[int]:
        asked = ("/images", *(f"/image_sets/{number}/images" for number in (1, 2)))
        return [admin.get(path).expect(200)["pagination"]["total"] for path in asked]

    def run(statement: str) -> None:
        with app.app_context():
            db.session.execute(text(statement))
            db.session.commit()

    run(
        "INSERT INTO image_set (title, blobstorage_path, created_by) SELECT 'set-' || i, 'a', 1 FROM generate_series(1, 2) i"
    )
    assert totals() == [0, 0, 0]
    insert_images(app, settings, 3)
    run(
        "INSERT INTO image (image_set_id, blobstorage_path) SELECT 1 + i % 2, 'b/' || i FROM generate_series(1, 5) AS i"
    )
    assert totals() == [8, 2, 3]
    run("UPDATE image SET image_set_id = 1 WHERE image_set_id IS NULL OR blobstorage_path = 'b/1'")
    assert totals() == [8, 6, 2]
    run("DELETE FROM image WHERE image_set_id = 1")
    assert totals() == [2, 0, 2]


def changes_of(admin: Caller) -> list[tuple[int, Any, Any]]:
    """What the audit says of changed images, oldest first: each image, and its values before and after."""
    entries = admin.get("/audit?action=update_image").expect(200)["audit"][::-1]
    assert {(entry["user"]["email"], entry["subject"]["type"]) for entry in entries} <= {("ada@example.org", "image")}
    return [(entry["subject"]["id"], entry["details"]["from"], entry["details"]["to"]) for entry in entries]


def test_one_image_is_changed_by_a_merge_patch_and_the_audit_says_by_whom(admin: Caller, image_ids: list[int]) -> None:
    path = f"/images/{image_ids[0]}"
    place = {"description": "Waal bridge", "lat": 51.852, "lon": 5.866}
    first = {
        "type": " drone ",
        "metadata": {"bridge": "waal", "flight": {"km": 7, "wet": True}, "no": None},
        "date_taken": "2026-05-04T10:00:00+02:00",
        "location_taken": place,
        "tss_id": "cam-7",
    }
    changed = admin.patch(path, first).expect(200)
    assert (changed["type"], changed["tss_id"], changed["location_taken"]) == ("drone", "cam-7", place)
    assert changed["metadata"] == {"bridge": "waal", "flight": {"km": 7, "wet": True}}
    taken = (changed["date_taken"], changed["date_taken_source"])
    assert taken == ("2026-05-04T08:00:00.000000Z", "manual")
    second = {
        "metadata": {"flight": {"wet": None, "km": 8}, "new": [1, None]},
        "date_taken": None,
        "location_taken": {"description": None},
    }
    again = admin.patch(path, second).expect(200)
    assert again["metadata"] == {"bridge": "waal", "flight": {"km": 8}, "new": [1, None]}
    assert (again["date_taken"], again["date_taken_source"]) == (None, None)
    assert again["location_taken"] == place | {"description": None}
    assert (again["type"], again["tss_id"]) == ("drone", "cam-7")
    # What is the same as before is no change.
    admin.patch(path, {"type": "drone", "metadata": {}}).expect(200)
    none = {"metadata": None, "location_taken": None}
    assert admin.patch(path, none).expect(200)["location_taken"] == dict.fromkeys(place)
    history = changes_of(admin)
    assert [image_id for image_id, _, _ in history] == image_ids[:1] * 3
    assert history[0][2]["date_taken"] == "2026-05-04T08:00:00.000000Z"
    assert history[1][1]["metadata"] == {"flight": {"km": 7, "wet": True}}
    assert history[1][2]["metadata"] == {"flight": {"km": 8}, "new": [1, None]}
    assert history[2][2] == {"metadata": {}, "lat": None, "lon": None}


def test_many_images_are_changed_all_or_none(admin: Caller, image_ids: list[int]) -> None:
    first, second, third, _ = image_ids
    items: list[dict[str, Any]] = [
        {"image_id": third, "type": "drone"},
        {"image_id": first, "metadata": {"km": 1}, "date_taken": "2026-05-04T08:00:00Z"},
        {"image_id": second, "tss_id": None},
    ]
    assert admin.patch("/images", items).expect(200) == {"image_count": 3, "changed": 2}
    assert admin.patch("/images", []).expect(200) == {"image_count": 0, "changed": 0}
    assert [image_id for image_id, _, _ in changes_of(admin)] == [first, third]
    before = admin.get("/images").expect(200)
    good = {"image_id": second, "type": "mast"}
    too_large = {"a": "x" * 40_000}
    admin.patch(f"/images/{third}", {"metadata": too_large}).expect(200)
    for status, bad, pointer in (
        (404, {"image_id": 4711, "type": "mast"}, "/1/image_id"),
        (422, {"image_id": second, "type": "drone"}, "/1/image_id"),
        (422, {"image_id": first, "type": "\u200b"}, "/1/type"),
        (422, {"image_id": first, "tss_id": "x" * 129}, "/1/tss_id"),
        (422, {"image_id": first, "date_taken": "2026-02-30T00:00:00Z"}, "/1/date_taken"),
        (422, {"image_id": first, "location_taken": {"lat": 1}}, "/1/location_taken"),
        (422, {"image_id": third, "metadata": {"b": "x" * 30_000}}, "/1/metadata"),
        (400, {"image_id": first, "filetype": "PNG"}, "/1"),
        (400, {"image_id": first}, "/1"),
        (400, {"image_id": first, "date_taken": "2026-05-04"}, "/1/date_taken"),
        (400, {"image_id": first, "location_taken": {"lat": 91, "lon": 0}}, "/1/location_taken/lat"),
    ):
        problem = admin.patch("/images", [good, bad]).expect(status)
        assert problem["errors"][0]["pointer"] == pointer, bad
    admin.patch("/images/4711", {"type": "drone"}).expect(404, "no image 4711")
    admin.patch(f"/images/{first}", {"location_taken": {"lon": 1}}).expect(422, "both lat and lon")
    # A number that was stored is no whole number beyond 64 bits when it comes back.
    admin.patch(f"/images/{third}", {"metadata": {"large": 1e20}}).expect(200)
    merged = admin.patch(f"/images/{third}", {"metadata": {"small": 1}}).expect(200)["metadata"]
    assert (merged["large"], merged["small"]) == (1e20, 1)
    admin.patch(f"/images/{third}", {"metadata": None}).expect(200)
    assert admin.get("/images").expect(200) == before
