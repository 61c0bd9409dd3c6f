"""The labeling page with what can be wrong: pictures that are gone, broken or huge, names of any kind, scripts in texts."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient
from flask import Flask
from PIL import Image
from playwright.sync_api import expect

from app.settings import Settings
from tests.browser.console import Console
from tests.browser.labeling import Labeling
from tests.browser.pictures import Photographed, draw_water, photograph, upload
from tests.browser.test_label import start
from tests.caller import Caller
from tests.workers import run_jobs

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]
ATTACKS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "[click](javascript:alert(1))",
    "{{constructor.constructor('alert(1)')()}}",
]
RTL = "غطاء زجاجة بلاستيكية"


def test_names_of_any_kind_and_scripts_in_texts(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str, tmp_path: Path
) -> None:
    classes = [
        {"name": "w" * 128, "key": "1", "description": ATTACKS[0]},
        {"name": RTL, "key": "2", "aliases": [f"{ATTACKS[1]} too"]},
        *({"name": attack} for attack in ATTACKS),
    ]
    instructions = "\n\n".join([*ATTACKS, "Draw **everything**.", "[Example](https://example.org/rules)"])
    photographed = photograph(app, admin, title, count=2, classes=classes, instructions=instructions)
    labeling = start(make_console, photographed)
    page = labeling.page
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    labeling.drag(100, 100, 400, 300)
    labeling.press("2")
    labeling.drag(500, 100, 900, 300)
    labeling.press("1")
    page.get_by_text("Instructions").click()
    expect(page.get_by_role("link", name="Example")).to_have_attribute("href", "https://example.org/rules")
    expect(page.locator(".instructions a")).to_have_count(1)
    expect(page.locator(".instructions img, .instructions script, .instructions svg")).to_have_count(0)
    labeling.press("/")
    page.keyboard.type("غطاء")
    expect(page.locator(".class-button")).to_have_count(1)
    page.keyboard.press("Escape")
    # Nothing is pushed out of its place.
    side = page.locator(".side").bounding_box()
    assert side is not None
    assert side["x"] + side["width"] <= 1280
    assert page.locator(".side").evaluate("(element) => element.scrollWidth <= element.clientWidth")
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    assert [label for label, _ in labeling.submitted(0)[1]] == [RTL, "w" * 128]
    labeling.press("s")
    labeling.wait(0)
    assert labeling.console.axe() == []
    labeling.console.picture(tmp_path / "names.png")


def test_campaign_without_classes_asks_for_the_first_one(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str
) -> None:
    photographed = photograph(app, admin, title, count=2, classes=[], strict=False)
    labeling = start(make_console, photographed)
    labeling.drag(100, 100, 300, 200)
    expect(labeling.page.get_by_label("Type a class")).to_be_focused()
    labeling.page.keyboard.type("tire")
    labeling.press("Enter")
    labeling.drag(400, 100, 500, 200)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    assert [label for label, _ in labeling.submitted(0)[1]] == ["tire", "tire"]


def test_picture_that_is_gone_can_be_said_to_be(
    make_console: MakeConsole, photographed: Photographed, storage: BlobServiceClient, settings: Settings
) -> None:
    container = storage.get_container_client(settings.azure_storage_imageset_container)
    for blob in list(container.list_blobs()):
        container.delete_blob(blob.name)
    console = make_console(photographed.partner)
    labeling = Labeling(console, photographed)
    labeling.open(0)
    alert = console.page.get_by_role("alert")
    expect(alert).to_contain_text("The picture does not show")
    alert.get_by_role("button", name="Cannot be labeled").click()
    console.page.get_by_role("button", name="The picture does not show").click()
    labeling.saved()
    assert labeling.submitted(0) == ("unusable", [])


def test_image_that_has_left_the_campaign_says_so(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    image_id = photographed.image_ids[0]
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    photographed.admin.delete(f"/campaigns/{photographed.campaign_id}/images/{image_id}").expect(200)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.unsent(1)
    labeling.open(0)
    expect(labeling.page.get_by_text(f"Image {image_id} is not in this campaign")).to_be_visible()
    labeling.page.get_by_role("link", name="Go to the next image that is not done").click()
    labeling.wait(1)


def test_broken_and_huge_pictures(make_console: MakeConsole, app: Flask, admin: Caller, title: str) -> None:
    made = admin.post("/image_sets", {"title": title}).expect(200)
    stream = io.BytesIO()
    Image.new("L", (16_000, 16_000), 128).save(stream, "JPEG", quality=30)
    truncated = draw_water(3)[:9000]
    upload(made["dropbox_url"], {"a-huge.jpg": stream.getvalue(), "b-truncated.jpg": truncated})
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    run_jobs(app, hurry=True)
    listed = admin.get(f"/image_sets/{made['imageset_id']}/images").expect(200)
    image_ids = [image["image_id"] for image in listed["images"]]
    body = {"title": title, "labeler_email": "pat@partner.example", "classes": [{"name": "bottle"}]}
    created = admin.post("/campaigns", body).expect(200)
    admin.post(f"/campaigns/{created['campaign_id']}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    admin.put(f"/campaigns/{created['campaign_id']}", {"new_status": "active"}).expect(200)
    token = created["access_token"]
    partner = Caller(admin.http, token["apikey"], token["apisecret"])
    photographed = Photographed(
        made["imageset_id"], created["campaign_id"], title, image_ids, partner, "pat@partner.example", admin
    )
    labeling = start(make_console, photographed)
    # The preview is enough until somebody looks closer; boxes are in pixels of the file.
    assert labeling.page.locator(".stage-image").evaluate("(image) => image.naturalWidth") <= 2048
    labeling.drag(4000, 4000, 12_000, 8000)
    labeling.saved()
    ((_, box),) = labeling.drafted(0)
    assert box == pytest.approx((4000, 4000, 12_000, 8000), abs=40)
    labeling.press("d")
    labeling.wait(1)
    labeling.drag(100, 100, 300, 200)
    labeling.press("Enter")
    labeling.saved()
    assert labeling.submitted(1)[0] == "labeled"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (820, 1180)])
def test_labeling_has_no_barrier(
    make_console: MakeConsole, photographed: Photographed, scheme: str, size: tuple[int, int], tmp_path: Path
) -> None:
    labeling = start(make_console, photographed, color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
    labeling.drag(100, 100, 400, 300)
    labeling.press("2")
    labeling.drag(500, 300, 700, 500)
    labeling.saved()
    assert labeling.console.axe() == []
    labeling.console.picture(tmp_path / f"label-{scheme}-{size[0]}.png")
    if size[0] < 900:
        labeling.page.get_by_role("button", name="Classes and boxes").click()
        assert labeling.console.axe() == []
        labeling.console.picture(tmp_path / f"side-{scheme}-{size[0]}.png")
    labeling.press("q")
    assert labeling.console.axe() == []
    labeling.press("Escape", "?")
    assert labeling.console.axe() == []
    labeling.console.picture(tmp_path / f"keys-{scheme}-{size[0]}.png")
