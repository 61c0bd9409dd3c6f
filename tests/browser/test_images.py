"""The images of the console: a grid of 100,000, filters that are the address, and the ways from a selection to a campaign."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from playwright.sync_api import Page, expect

from app.web.openapi import load_spec
from tests.browser.console import Console
from tests.browser.image_rows import insert_rows, store_thumbnails
from tests.browser.people import make_reader
from tests.browser.pictures import Photographed
from tests.caller import Caller

pytestmark = pytest.mark.slow
MakeConsole = Callable[..., Console]

MANY = 100_000
MOST_NODES = 600
COUNT_NODES = "() => document.querySelectorAll('*').length"
# Scrolls by so many pixels in each of so many frames. Returns how many pictures were asked for meanwhile.
SCROLL = """async ([pixels, frames]) => {
  const view = document.querySelector(".grid-view");
  performance.clearResourceTimings();
  for (let frame = 0; frame < frames; frame++) {
    view.scrollTop += pixels;
    await new Promise(requestAnimationFrame);
  }
  return performance.getEntriesByType("resource").filter((entry) => entry.name.includes("image_previews")).length;
}"""

SCROLL_TO = """(share) => {
  const view = document.querySelector(".grid-view");
  view.scrollTop = share * view.scrollHeight;
}"""


def names(page: Page) -> list[str]:
    """The names of the files that are drawn."""
    return page.locator(".tile-name").all_inner_texts()


def resolve(spec: Any, node: Any) -> Any:
    """The component that a reference means, or the node itself."""
    for part in node.get("$ref", "").removeprefix("#/").split("/") if "$ref" in node else ():
        spec = spec[part]
    return spec if "$ref" in node else node


def wait_for_name(page: Page, number: int) -> None:
    expect(page.get_by_role("link", name=f"image-{number:06}.jpg")).to_be_visible()


def test_grid_of_100_000_images_stays_small(
    make_console: MakeConsole, app: Flask, admin: Caller, container: ContainerClient
) -> None:
    insert_rows(app, MANY)
    store_thumbnails(app, container, 600)
    console = make_console(admin, "/images")
    page = console.page
    wait_for_name(page, 1)
    console.see("100,000 images")
    assert page.evaluate(COUNT_NODES) <= MOST_NODES
    page.wait_for_function(
        "() => [...document.querySelectorAll('img.frame')].some((image) => image.naturalWidth === 320)"
    )
    pictures = {}
    for pixels in (40, 400, 1_000):
        pictures[pixels] = page.evaluate(SCROLL, [pixels, 120])
        assert page.evaluate(COUNT_NODES) <= MOST_NODES
    # What is seen long enough is fetched, and nothing that is gone in the next frame.
    assert pictures[40] > 0
    assert pictures[1_000] == 0
    # The end and the middle are as near as the beginning.
    for share, number in ((1, MANY), (0.5, MANY // 2), (0, 1)):
        before = len(console.requests)
        page.evaluate(SCROLL_TO, share)
        if number in (1, MANY):
            wait_for_name(page, number)
        else:
            page.wait_for_function(
                "() => [...document.querySelectorAll('.tile-name')].some((name) => /image-0(49|50)/.test(name.textContent))"
            )
        asked = [url for url in console.requests[before:] if "/images?" in url]
        assert len(asked) <= 3
        assert page.evaluate(COUNT_NODES) <= MOST_NODES


def test_keys_lead_through_the_grid(make_console: MakeConsole, app: Flask, admin: Caller) -> None:
    insert_rows(app, 1_000)
    page = make_console(admin, "/images").page
    wait_for_name(page, 1)
    columns = int(page.get_by_role("grid").get_attribute("aria-colcount") or 0)
    page.get_by_role("link", name="image-000001.jpg").focus()
    focused = page.locator(":focus .tile-name")
    for key, number in (
        ("ArrowRight", 2),
        ("ArrowDown", 2 + columns),
        ("ArrowLeft", 1 + columns),
        ("ArrowUp", 1),
        ("End", 1_000),
        ("Home", 1),
    ):
        page.keyboard.press(key)
        expect(focused).to_have_text(f"image-{number:06}.jpg")
    page.keyboard.press(" ")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ ")
    expect(page.get_by_text(f"{columns + 1} images selected")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/images/{1 + columns}$"))


# What the fields of the filters are called. Pages and links are no filters.
FIELDS = {
    "image_set": "Image set",
    "campaign": "Campaign",
    "labeled": "Labeled",
    "state": "State",
    "review": "Review",
    "label": "Class",
    "min_objects": "At least objects",
    "max_objects": "At most objects",
    "taken_from": "Taken from",
    "taken_to": "Taken before",
    "taken": "Taken on",
    "type": "Type",
    "filetype": "File format",
    "bbox": "Bounds",
    "near": "Near",
    "path": "Path",
    "sha256": "SHA-256",
    "duplicate_of": "Same as image",
    "distance": "Bits that may differ",
    "metadata": "Metadata",
    "withdrawn": "Only withdrawn images",
}
NO_FILTERS = {"page", "per_page", "after", "cursor", "expand", "sort"}


def test_filters_are_the_address(make_console: MakeConsole, app: Flask, admin: Caller) -> None:
    insert_rows(app, 2_000)
    console = make_console(admin, "/images")
    page = console.page
    console.see("2,000 images")
    page.get_by_role("button", name="Filters", exact=True).click()
    for label, value, query, count in (
        ("Path", "flight-1/", "path=flight-1/", "1,000"),
        ("Type", "mast", "type=mast&path=flight-1/", "100"),
        ("Taken before", "2026-05-02T00:00:00Z", None, "44"),
    ):
        page.get_by_label(label, exact=True).fill(value)
        page.get_by_label(label, exact=True).press("Enter")
        console.see(f"{count} images")
        if query:
            assert page.url.endswith(f"/images?{query}")
    page.get_by_label("Key", exact=True).fill("bridge")
    page.get_by_label("Value").fill("maas")
    page.get_by_role("button", name="Add", exact=True).click()
    console.see("No image fits these filters")
    assert page.url.endswith("&metadata[bridge]=maas")
    page.get_by_role("button", name="Remove the filter Metadata").click()
    console.see("44 images")
    page.get_by_role("button", name="Remove the filter Taken before").click()
    console.see("100 images")
    page.get_by_label("Order").select_option("-date_taken")
    wait_for_name(page, 1_990)
    assert names(page)[0] == "image-001990.jpg"
    # The same address shows the same images, and the browser leads back.
    page.reload()
    wait_for_name(page, 1_990)
    console.see("Path: flight-1/")
    page.go_back()
    console.see("100 images")
    page.get_by_role("button", name="Remove all").click()
    console.see("2,000 images")
    console.open("/images?bbox=1,2,3,1&min_objects=many")
    console.see("The address has filters that cannot be read: min_objects")
    console.see("bbox must be")


def test_every_filter_of_the_api_has_a_field(make_console: MakeConsole, photographed: Photographed) -> None:
    page = make_console(photographed.admin, f"/images?campaign={photographed.campaign_id}&duplicate_of=1").page
    page.get_by_role("button", name="Filters", exact=True).click()
    spec = load_spec()
    parameters = [resolve(spec, parameter) for parameter in spec["paths"]["/images"]["get"]["parameters"]]
    assert {parameter["name"] for parameter in parameters} - NO_FILTERS == set(FIELDS)
    for label in FIELDS.values():
        assert page.locator("#filter-fields").get_by_text(label, exact=True).first.is_visible(), label


def test_chosen_images_go_into_a_campaign_that_is_there(
    make_console: MakeConsole, photographed: Photographed, title: str
) -> None:
    admin = photographed.admin
    other = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "sam@other.example"}).expect(200)
    console = make_console(admin, "/images")
    page = console.page
    for name in ("water-00.jpg", "water-03.jpg"):
        page.get_by_role("checkbox", name=f"Select {name}").click()
        expect(page.get_by_role("checkbox", name=f"Select {name}")).to_be_checked()
    page.get_by_role("button", name="Add to a campaign …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Campaign").fill(f"{title}-2")
    dialog.get_by_label("Campaign").press("Tab")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_text("2 images were added")).to_be_visible()
    listed = admin.get(f"/campaigns/{other['campaign_id']}/images").expect(200)["images"]
    assert [image["file_name"] for image in listed] == ["water-00.jpg", "water-03.jpg"]


def test_picked_campaign_is_let_go_when_something_else_is_typed(
    make_console: MakeConsole, photographed: Photographed, title: str
) -> None:
    admin = photographed.admin
    made = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "sam@other.example"}).expect(200)
    console = make_console(admin, "/images")
    page = console.page
    page.get_by_role("checkbox", name="Select water-00.jpg").click()
    page.get_by_role("button", name="Add to a campaign …").click()
    dialog = page.get_by_role("dialog")
    field, add = dialog.get_by_label("Campaign"), dialog.get_by_role("button", name="Add", exact=True)
    field.fill(f"{title}-2")
    expect(add).to_be_enabled()
    field.fill(f"{title}-3")
    expect(add).to_be_disabled()
    field.press("Tab")
    expect(dialog.get_by_text("There is none with this title or id.")).to_be_visible()
    field.fill(str(made["campaign_id"]))
    field.press("Tab")
    expect(field).to_have_value(f"{title}-2")
    expect(add).to_be_enabled()


def test_all_that_a_filter_finds_makes_a_new_campaign_whose_key_is_shown_once(
    make_console: MakeConsole, photographed: Photographed, title: str
) -> None:
    admin = photographed.admin
    console = make_console(admin, f"/images?image_set={photographed.imageset_id}")
    page = console.page
    console.see(f"Image set: {title}")
    page.get_by_role("button", name="Select all 6").click()
    page.get_by_role("button", name="New campaign …").click()
    dialog = page.get_by_role("dialog", name="New campaign")
    dialog.get_by_label("Title").fill("Not a title")
    dialog.get_by_label("E-mail address of the labeler").fill("new@partner.example")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("lowercase")
    dialog.get_by_label("Title").fill(f"{title}-new")
    dialog.get_by_role("button", name="Create").click()
    handover = page.get_by_role("dialog", name="The key of the new member")
    pair = [handover.get_by_label(part, exact=True).input_value() for part in ("Key", "Secret")]
    # The secret is not shown again, so that no key closes it.
    for _ in range(2):
        page.keyboard.press("Escape")
    handover.get_by_role("checkbox", name="I have copied both parts").check()
    handover.get_by_role("button", name="Go on").click()
    expect(dialog.get_by_text("6 images were added")).to_be_visible()
    labeler = Caller(admin.http, *pair)
    [role] = labeler.get("/whoami").expect(200)["roles"]
    campaign = labeler.get(f"/campaigns/{role['campaign']['campaign_id']}").expect(200)
    assert (campaign["title"], campaign["progress"]["total"], campaign["late_corrections"]) == (f"{title}-new", 6, True)
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_text(pair[1])).to_have_count(0)


def test_the_key_of_a_new_campaign_is_shown_even_if_its_form_was_closed(
    make_console: MakeConsole, photographed: Photographed, title: str
) -> None:
    console = make_console(photographed.admin, "/images")
    page = console.page
    held = console.hold("**/api/v1/campaigns")
    page.get_by_role("button", name="Select all 6").click()
    page.get_by_role("button", name="New campaign …").click()
    dialog = page.get_by_role("dialog", name="New campaign")
    dialog.get_by_label("Title").fill(f"{title}-new")
    dialog.get_by_label("E-mail address of the labeler").fill("new@partner.example")
    with page.expect_request("**/api/v1/campaigns"):
        dialog.get_by_role("button", name="Create").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    held[0].continue_()
    handover = page.get_by_role("dialog", name="The key of the new member")
    pair = [handover.get_by_label(part, exact=True).input_value() for part in ("Key", "Secret")]
    Caller(photographed.admin.http, *pair).get("/whoami").expect(200)
    handover.get_by_role("checkbox", name="I have copied both parts").check()
    handover.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="New campaign …").click()
    expect(dialog.get_by_label("Title")).to_have_value("")
    expect(dialog.get_by_role("button", name="Create")).to_be_enabled()


def test_a_title_that_is_found_late_leaves_the_other_filters(
    make_console: MakeConsole, photographed: Photographed, title: str
) -> None:
    console = make_console(photographed.admin, "/images")
    page = console.page
    page.get_by_role("button", name="Filters", exact=True).click()
    fields = page.locator("#filter-fields")
    held = console.hold("**/api/v1/image_sets?*")
    # The title itself, and those that begin with it.
    with page.expect_request(lambda request: "/image_sets?" in request.url and "*" in request.url):
        fields.get_by_label("Image set").press_sequentially(title)
    fields.get_by_label("Type").fill("drone")
    fields.get_by_label("Type").press("Tab")
    expect(page).to_have_url(re.compile(r"\?type=drone$"))
    for route in held:
        route.continue_()
    expect(page).to_have_url(re.compile(rf"image_set={photographed.imageset_id}"))
    expect(page).to_have_url(re.compile(r"type=drone"))


def test_filters_are_kept_as_a_query_and_frozen_as_a_snapshot(
    make_console: MakeConsole, photographed: Photographed, title: str
) -> None:
    admin, campaign_id = photographed.admin, photographed.campaign_id
    box = {"bounding_box": {"xmin": 1, "xmax": 90, "ymin": 1, "ymax": 90}, "label": "bottle"}
    labels = [{"image_id": image_id, "objects": [box]} for image_id in photographed.image_ids[:2]]
    photographed.partner.put(f"/campaigns/{campaign_id}/objects", labels).expect(200)
    console = make_console(admin, f"/images?campaign={campaign_id}&label=bottle")
    page = console.page
    console.see("2 images")
    for _ in range(2):
        page.get_by_role("button", name="Keep as query …").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Name").fill("with-bottles")
        dialog.get_by_role("button", name="Keep").click()
        if _:
            expect(dialog.get_by_text("There is a query with the name with-bottles")).to_be_visible()
            dialog.get_by_role("button", name="Replace").click()
        expect(dialog).to_have_count(0)
    assert admin.get("/queries/with-bottles").expect(200)["query"] == {"campaign": campaign_id, "label": "bottle"}
    page.get_by_role("button", name="Make a snapshot …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of the dataset").fill(f"{title}-bottles")
    expect(dialog.get_by_role("button", name=f"Remove {title}")).to_be_visible()
    dialog.get_by_role("button", name="Show what it would be").click()
    preview = dialog.get_by_role("status", name="What the snapshot would be")
    expect(preview.get_by_role("row", name="1 bottle 2 2")).to_be_visible()
    dialog.get_by_role("button", name="Make the snapshot").click()
    expect(page).to_have_url(re.compile(r"/snapshots/[0-9]+$"))
    [snapshot] = admin.get("/snapshots").expect(200)["snapshots"]
    assert (snapshot["name"], snapshot["selection"]["query"]) == (
        f"{title}-bottles",
        {"campaign": campaign_id, "label": "bottle"},
    )
    console.open("/queries")
    row = page.get_by_role("row", name="with-bottles")
    expect(row).to_contain_text("Class: bottle")
    expect(row.get_by_role("cell").nth(1)).to_have_text("2")
    row.get_by_role("link", name="with-bottles").click()
    expect(page).to_have_url(re.compile(rf"/images\?campaign={campaign_id}&label=bottle$"))
    page.go_back()
    row.get_by_role("button", name="Delete …").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    console.see("No query is kept")
    admin.get("/queries/with-bottles").expect(404)


def test_a_box_on_the_map_filters(make_console: MakeConsole, app: Flask, admin: Caller) -> None:
    insert_rows(app, 2_000)
    console = make_console(admin, "/images?view=map")
    page = console.page
    placed = sum(1 for number in range(1, 2_001) if number % 7)
    console.see(f"{placed:,} images with a place here, {2_000 - placed} without one")
    page.get_by_role("button", name="Draw a box").click()
    frame = page.locator(".map").bounding_box()
    assert frame
    middle = (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 150, middle[1] + 120, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"/images\?bbox=[0-9.,]+&view=map$"))
    bbox = page.url.partition("bbox=")[2].partition("&")[0]
    total = admin.get(f"/images?bbox={bbox}").expect(200)["pagination"]["total"]
    assert 0 < total < placed
    console.see(f"{total:,} images with a place here")
    page.get_by_role("button", name="Grid").click()
    console.see(f"{total:,} images")
    assert page.url.endswith(f"/images?bbox={bbox}")
    # By keyboard alone: what is shown becomes the filter.
    console.open("/images?view=map")
    console.see(f"{placed:,} images")
    page.locator(".map").focus()
    for key in ("+", "+", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(r"bbox="))
    page.get_by_role("button", name="Remove the filter Bounds").click()
    console.see(f"{placed:,} images")


def test_readers_see_everything_and_change_nothing(make_console: MakeConsole, photographed: Photographed) -> None:
    admin = photographed.admin
    admin.put("/queries/all-images", {"query": {"filetype": "any"}}).expect(200)
    console = make_console(make_reader(admin), "/images")
    page = console.page
    console.see("water-00.jpg")
    console.see("6 images")
    expect(page.get_by_role("checkbox")).to_have_count(0)
    for words in ("Select all 6", "Keep as query …", "Make a snapshot …"):
        expect(page.get_by_role("button", name=words)).to_have_count(0)
    page.get_by_role("button", name="Map").click()
    console.see("without one")
    console.open("/queries")
    console.see("all-images")
    expect(page.get_by_role("button", name="Delete …")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (820, 1180)])
def test_images_are_accessible(
    make_console: MakeConsole, photographed: Photographed, scheme: str, size: tuple[int, int]
) -> None:
    viewport = {"width": size[0], "height": size[1]}
    admin = photographed.admin
    admin.put("/queries/all-images", {"query": {"filetype": "any"}}).expect(200)
    console = make_console(admin, "/images", color_scheme=scheme, viewport=viewport)
    page = console.page
    console.see("water-05.jpg")
    page.get_by_role("checkbox", name="Select water-01.jpg").click()
    assert console.axe() == []
    page.get_by_role("button", name="Filters", exact=True).click()
    page.get_by_label("Campaign").fill(str(photographed.campaign_id))
    page.get_by_label("Campaign").press("Enter")
    console.see("At least objects")
    assert console.axe() == []
    for button in ("Add to a campaign …", "New campaign …", "Keep as query …", "Make a snapshot …"):
        if not page.get_by_role("button", name=button).count():
            page.get_by_role("checkbox", name="Select water-01.jpg").click()
        page.get_by_role("button", name=button).click()
        assert console.axe() == [], button
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Map").click()
    console.see("without one")
    assert console.axe() == []
    console.open("/queries")
    console.see("all-images")
    assert console.axe() == []
