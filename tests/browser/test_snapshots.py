"""Snapshots in the console: from an empty service to a downloaded export; dry run, differences, exports, losses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.browser.console import Console
from tests.browser.pictures import Photographed, draw_water
from tests.browser.test_campaigns import label
from tests.browser.test_image_sets import choose, folder_of, reader_of
from tests.caller import Caller
from tests.workers import run_jobs

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]


def test_an_admin_goes_from_an_empty_service_to_a_downloaded_export(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str, tmp_path: Path, uploads_allowed: None
) -> None:
    console = make_console(admin, "/image-sets")
    page = console.page
    page.get_by_role("button", name="New image set").click()
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_role("button", name="Create").click()
    console.see("Drop folders or images here")
    choose(console, folder_of(tmp_path, {f"{number}.jpg": draw_water(number, 300, 200) for number in range(4)}))
    expect(page.get_by_text("Verified: 4 files")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Finish and ingest").click()
    console.see("Finished.")
    run_jobs(app, hurry=True)
    page.get_by_role("link", name="Campaigns").click()
    page.get_by_role("button", name="New campaign").click()
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("E-mail address of the labeling partner").fill("pat@partner.example")
    page.get_by_label("Classes, one a line").fill("bottle\nbag")
    page.get_by_role("button", name="Create").click()
    console.see("The secret is shown only now.")
    partner = Caller(
        admin.http, *(page.get_by_label(name, exact=True).last.input_value() for name in ("Key", "Secret"))
    )
    page.get_by_label("I have copied both parts").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Image set", exact=True).fill(title)
    page.get_by_role("button", name="Add", exact=True).click()
    console.see("4 added.")
    page.get_by_role("button", name="Start labeling").click()
    console.see(f"{title} is active.")
    campaign_id = int(page.url.rpartition("/")[2])
    images = partner.get(f"/campaigns/{campaign_id}/images").expect(200)["images"]
    box = {"label": "bottle", "bounding_box": {"xmin": 1, "xmax": 50, "ymin": 1, "ymax": 40}, "confidence": None}
    body = [{"image_id": image["image_id"], "objects": [box] * (number % 3)} for number, image in enumerate(images)]
    partner.put(f"/campaigns/{campaign_id}/objects", body).expect(200)
    page.get_by_role("link", name="Datasets").click()
    page.get_by_role("link", name="Make a snapshot for other formats").click()
    page.get_by_label("Name of the dataset").fill(title)
    expect(page.locator(".picked li")).to_contain_text(title)
    page.get_by_label("Images that must stay together").select_option("content")
    page.get_by_role("button", name="Show what it would be").click()
    preview = page.get_by_role("status", name="What the snapshot would be")
    expect(preview).to_contain_text("4: 2 labeled, 2 empty")
    assert admin.get("/snapshots").expect(200)["snapshots"] == []
    assert console.axe() == []
    page.get_by_role("button", name="Make the snapshot").click()
    expect(page.get_by_role("heading", level=1, name=f"{title} version 1")).to_be_visible()
    run_jobs(app, hurry=True)
    console.see("Nothing is exported yet")
    page.get_by_label("With the image files").check()
    page.get_by_role("button", name="Export", exact=True).click()
    console.see("pending")
    run_jobs(app, hurry=True)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    content = waiting.value.path().read_bytes()
    made = admin.get("/snapshots/1/exports").expect(200)["exports"][0]
    assert len(content) == made["size"]
    assert content[:2] == b"PK"
    assert console.axe() == []


@pytest.fixture
def snapshots(app: Flask, photographed: Photographed) -> tuple[int, int]:
    """Two versions of a snapshot, between which labels have changed."""
    admin, campaign_id = photographed.admin, photographed.campaign_id
    ids = []
    for name, images in (("bottle", 4), ("bag", 2)):
        label(photographed, name, images=images)
        split = {"key": "content", "seed": "a", "shares": {"train": 0.5, "val": 0.5}}
        body = {"name": photographed.title, "campaigns": [campaign_id], "split": split}
        ids.append(admin.post("/snapshots", body).expect(202)["snapshot_id"])
        run_jobs(app, hurry=True)
    return ids[0], ids[1]


def test_a_snapshot_is_made_only_of_what_was_counted(make_console: MakeConsole, photographed: Photographed) -> None:
    admin, campaign_id = photographed.admin, photographed.campaign_id
    label(photographed)
    console = make_console(admin, f"/snapshots?new=true&campaign={campaign_id}")
    page = console.page
    page.get_by_label("Name of the dataset").fill(photographed.title)
    expect(page.get_by_role("button", name=f"Remove {photographed.title}")).to_be_visible()
    held = console.hold("**/api/v1/snapshots")
    with page.expect_request("**/api/v1/snapshots"):
        page.get_by_role("button", name="Show what it would be").click()
    page.get_by_label("Reviews").select_option("accepted")
    held[0].continue_()
    show = page.get_by_role("button", name="Show what it would be")
    expect(show).to_be_enabled()
    preview = page.get_by_role("status", name="What the snapshot would be")
    expect(preview).to_have_count(0)
    page.unroute("**/api/v1/snapshots")
    # A campaign that is typed and not added would be left out without a word.
    typed = page.get_by_label("Campaigns, the most trusted first")
    typed.fill(photographed.title)
    expect(page.get_by_role("button", name="Add campaign")).to_be_enabled()
    show.click()
    assert "Press “Add campaign”" in typed.evaluate("(field) => field.validationMessage")
    typed.fill("")
    show.click()
    expect(preview).to_contain_text(f"{photographed.title} version 1")
    expect(preview).to_contain_text("Images0")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_two_versions_are_compared(
    make_console: MakeConsole, photographed: Photographed, snapshots: tuple[int, int], scheme: str
) -> None:
    console = make_console(photographed.admin, "/snapshots", color_scheme=scheme)
    page = console.page
    console.see(f"{photographed.title} version 2")
    assert console.axe() == []
    page.get_by_role("link", name=f"{photographed.title} version 2").click()
    page.get_by_label("Compare with").select_option(label="version 1")
    console.see("2 images differ: 0 only here, 0 only there")
    table = page.get_by_role("region", name="Images that differ")
    expect(table.get_by_role("row")).to_have_count(3)
    assert page.url.endswith(f"/snapshots/{snapshots[1]}?from={snapshots[0]}")
    assert console.axe() == []


def test_an_export_says_what_it_cannot_carry_and_is_refused_in_words(
    make_console: MakeConsole, app: Flask, photographed: Photographed, snapshots: tuple[int, int]
) -> None:
    console = make_console(photographed.admin, f"/snapshots/{snapshots[0]}")
    page = console.page
    page.get_by_label("Format").select_option("coco")
    page.get_by_role("button", name="Export", exact=True).click()
    console.see("pending")
    run_jobs(app, hurry=True)
    console.see("What the file does not hold as the snapshot does")
    assert console.axe() == []
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Manifest").click()
    manifest = json.loads(waiting.value.path().read_text())
    assert manifest["losses"]
    admin = photographed.admin
    body = {
        "name": f"{photographed.title}-all",
        "campaigns": [photographed.campaign_id],
        "states": ["labeled", "unlabeled"],
    }
    other = admin.post("/snapshots", body).expect(202)["snapshot_id"]
    run_jobs(app, hurry=True)
    console.open(f"/snapshots/{other}")
    page.get_by_label("Format").select_option("yolo")
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("unlabeled")


def test_a_reader_sees_snapshots_and_downloads_exports(
    make_console: MakeConsole, app: Flask, photographed: Photographed, snapshots: tuple[int, int]
) -> None:
    photographed.admin.post(f"/snapshots/{snapshots[0]}/exports", {"format": "csv"}).expect(202)
    run_jobs(app, hurry=True)
    console = make_console(reader_of(photographed.admin), "/snapshots")
    page = console.page
    page.get_by_role("link", name=f"{photographed.title} version 1").click()
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    assert page.locator("main button").count() == 0
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    assert waiting.value.path().read_text().startswith("image_id,")
