"""One image in the console: its picture and boxes, facts, history, and what admins do with it."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import text

from app.azure.blobs import BlobStore
from app.database.engine import db
from app.settings import Settings
from tests.browser.console import Console
from tests.browser.hostile import HOSTILE, injected
from tests.browser.people import make_reader, make_reviewer
from tests.browser.pictures import Photographed, draw_water, upload
from tests.caller import Caller
from tests.conftest import insert_images
from tests.workers import run_jobs

pytestmark = pytest.mark.slow
MakeConsole = Callable[..., Console]

SHOWN = "() => document.querySelector('.stage-image')?.naturalWidth > 0"
# Whether anything is drawn on the canvas above the picture.
DRAWN = """() => {
  const canvas = document.querySelector(".stage-canvas");
  if (!canvas || !canvas.width) return false;
  return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
}"""


def box(left: float, top: float, label: str = "bottle", side: float = 120) -> dict[str, Any]:
    return {"bounding_box": {"xmin": left, "ymin": top, "xmax": left + side, "ymax": top + side}, "label": label}


def submit(photographed: Photographed, image_id: int, *boxes: dict[str, Any], **query: str) -> None:
    labels = [{"image_id": image_id, "objects": list(boxes)}]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", labels, params=query).expect(200)


def wait_for_labels(console: Console, is_unusable: bool) -> None:
    """Wait until the boxes of an image are drawn, or until the page says why there are none."""
    if is_unusable:
        console.see(HOSTILE[0])
    else:
        console.page.wait_for_function(DRAWN)


def fact(page: Page, name: str) -> Locator:
    """The value of a fact."""
    return page.locator("dl.facts > dt", has_text=re.compile(f"^{name}$")).locator("xpath=following-sibling::dd[1]")


def test_image_shows_its_picture_its_boxes_its_facts_and_its_history(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    first, campaign_id = photographed.image_ids[0], photographed.campaign_id
    submit(photographed, first, box(100, 100), tool="pencil 1.0", note="First look")
    submit(photographed, first, box(100, 100), box(400, 300, "can"))
    reviewer = make_reviewer(photographed.admin, campaign_id)
    verdict = [{"image_id": first, "verdict": "rejected", "comment": "A bag is missing."}]
    reviewer.put(f"/campaigns/{campaign_id}/reviews", verdict).expect(200)
    console = make_console(photographed.admin, f"/images/{first}")
    page = console.page
    page.wait_for_function(SHOWN)
    page.wait_for_function(DRAWN)
    expect(page.get_by_role("application")).to_have_attribute("aria-label", re.compile("with 2 boxes"))
    expect(fact(page, "Size")).to_have_text("1,200 \N{MULTIPLICATION SIGN} 800 pixels")
    expect(fact(page, "Image set")).to_have_text(photographed.title)
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history).to_have_count(2)
    expect(history.nth(0)).to_contain_text("A bag is missing.")
    expect(history.nth(1)).to_contain_text("with pencil 1.0")
    expect(history.nth(1)).to_contain_text("First look")
    history.nth(1).get_by_role("button", name="Show these boxes").click()
    expect(page.get_by_role("application")).to_have_attribute("aria-label", re.compile("with 1 boxes"))
    assert "revision=1" in page.url
    page.get_by_role("button", name="Show those of now").click()
    expect(page.get_by_role("application")).to_have_attribute("aria-label", re.compile("with 2 boxes"))
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save a picture with boxes").click()
    assert saved.value.suggested_filename == "water-00-boxes.jpg"
    assert saved.value.path().read_bytes().startswith(b"\xff\xd8")


def test_admin_changes_what_is_known_of_an_image_and_sends_only_what_differs(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    first, admin = photographed.image_ids[0], photographed.admin
    admin.patch(f"/images/{first}", {"metadata": {"bridge": "maas", "km": 7}}).expect(200)
    page = make_console(admin, f"/images/{first}").page
    page.get_by_role("button", name="Change …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Type").fill("drone")
    dialog.get_by_label("Latitude").fill("51.852")
    dialog.get_by_label("Metadata").fill('{"bridge": "waal"}')
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("both lat and lon")
    dialog.get_by_label("Longitude").fill("5.866")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(fact(page, "Type")).to_have_text("drone")
    expect(fact(page, "Place")).to_contain_text("51.852, 5.866")
    details = admin.get(f"/images/{first}/details").expect(200)
    assert details["metadata"] == {"bridge": "waal"}
    page.get_by_role("button", name="Change …").click()
    dialog.get_by_label("Metadata").fill("{")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("not valid JSON")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Change …").click()
    expect(dialog.get_by_label("Metadata")).to_have_value(re.compile("waal"))
    assert len(admin.get("/audit?action=update_image").expect(200)["audit"]) == 2


def test_admin_withdraws_an_image_for_good(make_console: MakeConsole, app: Flask, photographed: Photographed) -> None:
    first = photographed.image_ids[0]
    console = make_console(photographed.admin, f"/images/{first}")
    page = console.page
    page.get_by_role("button", name="Withdraw …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("A person can be recognized.")
    dialog.get_by_role("button", name="Withdraw", exact=True).click()
    console.see("The image was withdrawn, and its file was deleted.")
    console.see("by ada@example.org: A person can be recognized.")
    expect(page.get_by_role("button", name="Change …")).to_have_count(0)
    run_jobs(app, hurry=True)
    console.open("/images")
    console.see("5 images")
    console.open("/images?withdrawn=true")
    console.see("Withdrawn")
    expect(page.get_by_role("checkbox")).to_have_count(0)


def test_a_withdrawal_with_another_reason_is_another_request(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    first = photographed.image_ids[0]
    page = make_console(photographed.admin, f"/images/{first}").page
    keys: list[str | None] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            # The service takes it, and the answer gets lost on the way.
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/withdraw", lose)
    page.get_by_role("button", name="Withdraw …").click()
    dialog = page.get_by_role("dialog")
    withdraw = dialog.get_by_role("button", name="Withdraw", exact=True)
    dialog.get_by_label("Reason").fill("A person can be recognized.")
    withdraw.click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Reason").fill("A face can be seen.")
    withdraw.click()
    expect(dialog.get_by_role("alert")).to_contain_text("was withdrawn before")
    assert len(set(keys)) == len(keys) == 2
    details = photographed.admin.get(f"/images/{first}/details").expect(200)
    assert details["withdrawal"]["reason"] == "A person can be recognized."


def test_an_image_that_cannot_be_shown_says_why(
    make_console: MakeConsole, app: Flask, settings: Settings, blobs: BlobStore, photographed: Photographed
) -> None:
    admin = photographed.admin
    [gone] = insert_images(app, settings, 1)
    [sizeless] = insert_images(app, settings, 1, width=None, height=None)
    [text_file] = insert_images(app, settings, 1, width=None, height=None, filetype=None)
    [raw] = insert_images(app, settings, 1, filetype="TIFF")
    console = make_console(admin, f"/images/{gone}")
    console.see("The picture does not load.")
    for image_id, words in (
        (sizeless, "The size of the image cannot be read"),
        (text_file, "The file is not an image."),
        (raw, "Browsers do not show TIFF"),
        (4711, "no image 4711"),
    ):
        console.open(f"/images/{image_id}")
        console.see(words)
    # Preview and file are deleted behind the back of the service.
    first = photographed.image_ids[0]
    with app.app_context():
        path = db.session.scalar(text("SELECT blobstorage_path FROM image WHERE id = :id"), {"id": first})
    details = admin.get(f"/images/{first}/details").expect(200)
    preview = "image_previews/" + urlsplit(details["preview_url"]).path.partition("/image_previews/")[2]
    for name in (path.partition("/")[2], preview):
        blobs.delete_blob(name)
    console.open(f"/images/{first}")
    console.see("The picture does not load.")
    console.open("/images")
    console.see("Not an image")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_image_is_accessible_and_readers_and_partners_see_what_they_may(
    make_console: MakeConsole, photographed: Photographed, scheme: str
) -> None:
    first = photographed.image_ids[0]
    submit(photographed, first, box(100, 100))
    for caller, has_history in (
        (photographed.admin, True),
        (make_reader(photographed.admin), True),
        (photographed.partner, False),
    ):
        console = make_console(caller, f"/images/{first}", color_scheme=scheme)
        page = console.page
        page.wait_for_function(DRAWN)
        console.see("1 box")
        assert page.get_by_role("heading", name="History").count() == has_history
        is_admin = caller is photographed.admin
        assert page.get_by_role("button", name="Withdraw …").count() == is_admin
        assert console.axe() == []
        if is_admin:
            for button in ("Change …", "Withdraw …"):
                page.get_by_role("button", name=button).click()
                assert console.axe() == []
                page.keyboard.press("Escape")
    tablet = make_console(
        photographed.admin, f"/images/{first}", color_scheme=scheme, viewport={"width": 820, "height": 1180}
    )
    tablet.page.wait_for_function(DRAWN)
    assert tablet.axe() == []


def test_hostile_texts_and_file_names_stay_texts(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str
) -> None:
    made = admin.post("/image_sets", {"title": title}).expect(200)
    upload(made["dropbox_url"], {f"{number}/{name}.jpg": draw_water(number) for number, name in enumerate(HOSTILE)})
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    run_jobs(app, hurry=True)
    image_ids = [image["image_id"] for image in admin.get("/images?per_page=100").expect(200)["images"]]
    assert len(image_ids) == len(HOSTILE)
    campaign = admin.post("/campaigns", {"title": title, "labeler_email": "sam@other.example"}).expect(200)
    campaign_id = campaign["campaign_id"]
    admin.post(f"/campaigns/{campaign_id}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    admin.put(f"/campaigns/{campaign_id}", {"new_status": "active"}).expect(200)
    for image_id, words in zip(image_ids, HOSTILE, strict=True):
        place = {"description": words, "lat": 51.8, "lon": 5.8}
        change = {"type": words, "tss_id": words, "metadata": {words: words}, "location_taken": place}
        admin.patch(f"/images/{image_id}", change).expect(200)
        labels = [{"image_id": image_id, "objects": [box(10, 10, words)]}]
        said = {"tool": words, "note": words}
        admin.put(f"/campaigns/{campaign_id}/objects", labels, params=said).expect(200)
        verdict = [{"image_id": image_id, "verdict": "rejected", "comment": words}]
        admin.put(f"/campaigns/{campaign_id}/reviews", verdict).expect(200)
    unusable = [{"image_id": image_ids[0], "unusable": HOSTILE[0]}]
    admin.put(f"/campaigns/{campaign_id}/objects", unusable).expect(200)
    admin.put("/queries/hostile", {"query": {"path": HOSTILE[0], "metadata": {HOSTILE[1]: HOSTILE[2]}}}).expect(200)
    console = make_console(admin, "/images")
    page = console.page
    page.on("dialog", lambda dialog: console.faults.append(f"A script ran: {dialog.message}"))
    console.see(f"{HOSTILE[0]}.jpg")
    assert injected(page) == []
    for image_id, words in zip(image_ids, HOSTILE, strict=True):
        console.open(f"/images/{image_id}?campaign={campaign_id}")
        expect(fact(page, "Type")).to_have_text(words)
        wait_for_labels(console, image_id == image_ids[0])
        expect(page.get_by_role("region", name="History").get_by_role("listitem").last).to_contain_text(words)
        assert injected(page) == []
        console.open(f"/campaigns/{campaign_id}/review/{image_id}")
        wait_for_labels(console, image_id == image_ids[0])
        assert injected(page) == []
    console.open("/queries")
    console.see("hostile")
    assert injected(page) == []
    page.get_by_role("link", name="hostile").click()
    console.see("No image fits these filters")
    assert injected(page) == []
    console.open(
        "/images?path=%3Cscript%3Ealert(1)%3C/script%3E&label=%3Cimg+src=x+onerror=alert(1)%3E&campaign=1&sort=%3Csvg%3E&view=%3Csvg%3E"
    )
    console.see("<script>alert(1)</script>")
    assert injected(page) == []
