"""Campaigns in the console: steps, classes, people, history, numbers; as an admin, as a reader, and with very many."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import text

from app.database.engine import db
from tests.browser.console import Console
from tests.browser.pictures import Photographed
from tests.browser.test_image_sets import ATTACKS, reader_of
from tests.caller import Caller
from tests.workers import run_jobs

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]
BOX = {"bounding_box": {"xmin": 10, "xmax": 60, "ymin": 10, "ymax": 40}, "confidence": 0.5}


COUNT_COLORS = """(canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return new Set(new Uint32Array(pixels.buffer)).size;
}"""


def label(photographed: Photographed, name: str = "bottle", count: int = 2, images: int = 6) -> None:
    """Submit boxes as the partner."""
    body = [
        {"image_id": image_id, "objects": [{**BOX, "label": name} for _ in range(count)]}
        for image_id in photographed.image_ids[:images]
    ]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", body).expect(200)


def press(console: Console, name: str) -> None:
    """Press a button, and the one that confirms it."""
    console.page.get_by_role("button", name=name, exact=True).click()
    console.page.get_by_role("dialog").locator("footer button").last.click()


def test_a_campaign_is_made_and_its_key_is_shown_once(
    make_console: MakeConsole, app: Flask, admin: Caller, photographed: Photographed
) -> None:
    title = f"{photographed.title}-2"
    console = make_console(admin, "/campaigns")
    page = console.page
    page.get_by_role("button", name="New campaign").click()
    assert console.axe() == []
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("E-mail address of the labeling partner").fill("quinn@partner.example")
    page.get_by_label("Classes, one a line").fill("bottle\nbag")
    page.get_by_role("button", name="Create").click()
    console.see("The secret is shown only now.")
    assert console.axe() == []
    key, secret = (page.get_by_label(name, exact=True).last.input_value() for name in ("Key", "Secret"))
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    console.see("The secret is shown only now.")
    expect(page.get_by_role("button", name="Go on")).to_be_disabled()
    page.get_by_label("I have copied both parts").check()
    page.get_by_role("button", name="Go on").click()
    console.see("The campaign has no images yet.")
    assert secret not in page.content()
    assert secret not in str(console.stored())
    campaign_id = int(page.url.rpartition("/")[2])
    made = admin.get(f"/campaigns/{campaign_id}").expect(200)
    assert [(one["name"], one["key"]) for one in made["classes"]] == [("bottle", "1"), ("bag", "2")]
    assert (made["strict"], made["late_corrections"]) == (True, True)
    page.get_by_label("Image set", exact=True).fill(photographed.title)
    page.get_by_role("button", name="Add", exact=True).click()
    console.see("6 added.")
    page.get_by_role("button", name="Start labeling").click()
    console.see(f"{title} is active.")
    partner = Caller(admin.http, key, secret)
    assert partner.get(f"/campaigns/{campaign_id}").expect(200)["status"] == "active"


def test_a_campaign_is_not_made_without_the_suggestions_that_were_typed(
    make_console: MakeConsole, admin: Caller, title: str
) -> None:
    body = {"title": f"{title}-model", "kind": "model", "model": "detector", "version": "1"}
    model = admin.post("/campaigns", body).expect(200)["campaign_id"]
    page = make_console(admin, "/campaigns").page
    page.get_by_role("button", name="New campaign").click()
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_label("E-mail address of the labeling partner").fill("quinn@partner.example")
    suggestions = page.get_by_label("Suggestions from the model campaign")
    suggestions.fill("no-such-model")
    suggestions.press("Tab")
    page.get_by_text("There is none with this title or id.").wait_for()
    page.get_by_role("button", name="Create").click()
    said = suggestions.evaluate("(field) => field.validationMessage")
    assert said == "This stands for nothing yet. Choose one of the suggestions, or empty the field."
    assert admin.get("/campaigns").expect(200)["campaigns"] == []
    suggestions.fill(f"{title}-model")
    page.wait_for_function("(field) => field.validity.valid", arg=suggestions.element_handle())
    page.get_by_role("button", name="Create").click()
    page.get_by_text("The secret is shown only now.").wait_for()
    [made] = admin.get("/campaigns").expect(200)["campaigns"]
    assert made["prelabels_from"] == model


def test_the_steps_say_what_they_do_and_lead_back(
    make_console: MakeConsole, app: Flask, photographed: Photographed
) -> None:
    label(photographed, images=4)
    campaign = f"/campaigns/{photographed.campaign_id}"
    console = make_console(photographed.admin, campaign)
    console.see("2 of 6 images are not done.")
    press(console, "End labeling")
    console.see("Nobody can submit any more.")
    press(console, "Finish and publish")
    console.see(f"{photographed.title} is finished.")
    run_jobs(app, hurry=True)
    console.open(f"{campaign}?part=datasets")
    expect(console.page.get_by_role("link", name="_labels.csv")).to_be_visible()
    assert console.axe() == []
    with console.page.expect_download() as download:
        console.page.get_by_role("link", name="_labels.csv").click()
    assert download.value.path().read_text().count("\n") == 5
    console.open(campaign)
    press(console, "Open for labeling again")
    console.see(f"{photographed.title} is active.")
    assert photographed.admin.get(campaign).expect(200)["status"] == "active"


def test_classes_are_edited_and_another_editor_is_not_overwritten(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    admin, campaign = photographed.admin, f"/campaigns/{photographed.campaign_id}"
    label(photographed, images=1)
    console = make_console(admin, f"{campaign}?part=classes")
    page = console.page
    page.get_by_label("Name of can").fill("tin can")
    page.get_by_label("Other labels of tin can").fill("can, tin")
    page.get_by_label("Color of bag").fill("#1f77b4")
    console.see("dark: shown lighter")
    page.get_by_role("button", name="Add a class").click()
    page.get_by_label("Name of class 4").fill("wood")
    page.get_by_label("wood up").click()
    page.get_by_label("Instructions for labelers").fill("Draw a box around **each**.")
    expect(page.get_by_role("region", name="As labelers see them").locator("strong")).to_have_text("each")
    assert console.axe() == []
    page.get_by_role("button", name="Save the classes").click()
    console.see("The classes are saved.")
    saved = admin.get(campaign).expect(200)
    assert [one["name"] for one in saved["classes"]] == ["bottle", "bag", "wood", "tin can"]
    assert saved["classes"][3]["aliases"] == ["can", "tin"]
    assert saved["classes"][1]["color"] == "#1f77b4"
    assert saved["instructions"] == "Draw a box around **each**."
    # Objects have this class, so it cannot be renamed: the service says so, and nothing is saved.
    page.get_by_label("Name of bottle").fill("flask")
    page.get_by_role("button", name="Save the classes").click()
    expect(page.get_by_role("alert")).to_contain_text("bottle")
    page.get_by_role("button", name="Load them again, without my changes").click()
    expect(page.get_by_label("Name of bottle")).to_be_visible()
    admin.patch(
        campaign, {"classes": [*({"name": one["name"]} for one in saved["classes"]), {"name": "net"}][::1]}
    ).expect(200)
    page.get_by_label("Name of wood").fill("timber")
    page.get_by_role("button", name="Save the classes").click()
    console.see("Somebody else has changed the classes")
    assert "timber" not in str(admin.get(campaign).expect(200)["classes"])


def test_a_class_that_objects_brought_meanwhile_is_kept(make_console: MakeConsole, photographed: Photographed) -> None:
    admin, campaign = photographed.admin, f"/campaigns/{photographed.campaign_id}"
    admin.patch(campaign, {"strict": False}).expect(200)
    console = make_console(admin, f"{campaign}?part=classes")
    console.page.get_by_label("Description of bag").fill("Of plastic.")
    label(photographed, "rope", images=1)
    console.page.get_by_role("button", name="Save the classes").click()
    console.see("The classes are saved.")
    expect(console.page.get_by_label("Name of rope")).to_be_visible()
    saved = admin.get(campaign).expect(200)["classes"]
    assert [(one["name"], one["description"]) for one in saved[1:]] == [
        ("bag", "Of plastic."),
        ("can", None),
        ("rope", None),
    ]


def test_labels_are_replaced_and_restored_after_a_look(make_console: MakeConsole, photographed: Photographed) -> None:
    label(photographed)
    campaign = f"/campaigns/{photographed.campaign_id}"
    console = make_console(photographed.admin, f"{campaign}?part=history")
    page = console.page
    page.get_by_label("Label 1 to replace").fill("bottle")
    page.get_by_label("New label 1").fill("can")
    page.get_by_role("button", name="Show what would change").click()
    console.see("6 images get a new revision:")
    assert labels_of(photographed) == {"bottle"}
    assert console.axe() == []
    page.get_by_role("button", name="Replace them").click()
    console.see("Relabeled.")
    assert labels_of(photographed) == {"can"}
    page.reload()
    page.get_by_role("button", name=re.compile("Restore the labels after submission")).last.click()
    console.see("6 images change, and get 12 boxes in all.")
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    console.see("Restored.")
    assert labels_of(photographed) == {"bottle"}


def labels_of(photographed: Photographed) -> set[str]:
    found = photographed.admin.get(f"/campaigns/{photographed.campaign_id}/objects").expect(200)["images"]
    return {one["label"] for image in found for one in image["objects"]}


def test_people_come_and_go(make_console: MakeConsole, photographed: Photographed) -> None:
    campaign = f"/campaigns/{photographed.campaign_id}"
    console = make_console(photographed.admin, f"{campaign}?part=people")
    page = console.page
    reviewers = page.get_by_role("region", name="Reviewers").first
    reviewers.get_by_label("E-mail address of a new member").fill("rob@example.org")
    reviewers.get_by_role("button", name="Add").click()
    console.see("The secret is shown only now.")
    page.get_by_label("I have copied both parts").check()
    page.get_by_role("button", name="Go on").click()
    expect(reviewers.get_by_role("row")).to_have_count(2)
    labelers = page.get_by_role("region", name="Labelers").first
    labelers.get_by_label("E-mail address of a new member").fill("rob@example.org")
    labelers.get_by_role("button", name="Add").click()
    console.see("has a usable key already")
    page.get_by_role("button", name="Go on").click()
    assert console.axe() == []
    labelers.get_by_role("button", name="Take out rob@example.org").click()
    page.get_by_role("dialog").get_by_role("button", name="Take out").click()
    console.see("rob@example.org is out.")
    found = photographed.admin.get(campaign).expect(200)
    assert [one["email"] for one in found["labelers"]] == [photographed.partner_email]
    assert [one["email"] for one in found["reviewers"]] == ["rob@example.org"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_numbers_are_drawn(make_console: MakeConsole, photographed: Photographed, scheme: str) -> None:
    label(photographed, "bottle", 3, 4)
    label(photographed, "bag", 1, 2)
    campaign = f"/campaigns/{photographed.campaign_id}"
    console = make_console(photographed.admin, f"{campaign}?part=statistics", color_scheme=scheme)
    page = console.page
    expect(page.locator(".plot canvas")).to_be_visible()
    bars = page.get_by_role("figure", name="8 boxes by class")
    expect(bars.get_by_role("listitem")).to_have_count(3)
    expect(bars.get_by_role("listitem").first).to_contain_text("bottle6 on 2 images")
    assert page.locator(".plot canvas").evaluate(COUNT_COLORS) > 3
    assert console.axe() == []
    for part in ("", "?part=classes", "?part=people", "?part=history", "?part=datasets"):
        console.open(f"{campaign}{part}")
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        assert console.axe() == [], part


def test_a_campaign_is_edited_archived_and_deleted(
    make_console: MakeConsole, admin: Caller, photographed: Photographed
) -> None:
    label(photographed, images=1)
    campaign = f"/campaigns/{photographed.campaign_id}"
    console = make_console(admin, campaign)
    page = console.page
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Metadata").fill('{"river": "Maas"}')
    page.get_by_role("button", name="Save").click()
    console.see("river")
    press(console, "Archive")
    console.see("is archived.")
    expect(page.get_by_role("button", name="End labeling")).to_have_count(0)
    assert console.axe() == []
    console.open("/campaigns")
    expect(page.get_by_role("link", name=photographed.title)).to_have_count(0)
    page.get_by_label("Archived ones").check()
    page.get_by_role("link", name=photographed.title).click()
    page.get_by_role("button", name="Take out of the archive").click()
    console.see("is back.")
    other = admin.post("/campaigns", {"title": f"{photographed.title}-x", "labeler_email": "q@partner.example"}).expect(
        200
    )
    console.open(f"/campaigns/{other['campaign_id']}")
    press(console, "Delete")
    console.see("is deleted.")
    admin.get(f"/campaigns/{other['campaign_id']}").expect(404)


def test_a_thousand_campaigns_are_paged_and_found(
    make_console: MakeConsole, app: Flask, admin: Caller, title: str
) -> None:
    first = admin.post("/campaigns", {"title": f"{title}-0", "labeler_email": "q@partner.example"}).expect(200)[
        "campaign_id"
    ]
    columns = "status, strict, auto_complete, created_by"
    with app.app_context():
        db.session.execute(
            text(
                f"INSERT INTO campaign (title, {columns}) SELECT concat(CAST(:title AS text), '-', number), {columns}"
                " FROM campaign, generate_series(1, 999) AS number WHERE campaign.id = :first"
            ),
            {"title": title, "first": first},
        )
        db.session.commit()
    console = make_console(admin, "/campaigns")
    page = console.page
    console.see("Page 1 of 20 (1,000 in all)")
    assert page.locator("main *").count() < 2000
    page.get_by_role("button", name="Next").click()
    console.see("Page 2 of 20")
    page.get_by_label("Title begins with").fill(f"{title}-77")
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(12)
    console.open("/snapshots?new=true")
    page.get_by_label("Campaigns, the most trusted first").fill(f"{title}-7")
    page.get_by_role("button", name="Add campaign").click()
    expect(page.locator(".picked li")).to_have_text(re.compile(f"^{title}-7 "))


def test_a_reader_and_a_partner_see_and_change_nothing(make_console: MakeConsole, photographed: Photographed) -> None:
    label(photographed, images=2)
    campaign = f"/campaigns/{photographed.campaign_id}"
    for caller in (reader_of(photographed.admin), photographed.partner):
        console = make_console(caller, campaign)
        console.see("2 of 6")
        for part in ("", "?part=statistics", "?part=classes", "?part=people", "?part=history"):
            console.open(f"{campaign}{part}")
            expect(console.page.get_by_role("navigation", name="Parts of the campaign")).to_be_visible()
            assert console.page.locator("main button, main form").count() == 0, part


def test_words_of_people_that_look_like_code_stand_as_text(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    admin, campaign = photographed.admin, f"/campaigns/{photographed.campaign_id}"
    attacks = [attack for attack in ATTACKS if "\u202e" not in attack]
    classes = [
        *({"name": name} for name in ("bottle", "bag", "can")),
        *({"name": attack, "description": attack} for attack in attacks),
    ]
    change = {
        "classes": classes,
        "instructions": "\n\n".join(attacks),
        "metadata": {attack: attack for attack in attacks},
    }
    admin.patch(campaign, change).expect(200)
    body = [{"image_id": photographed.image_ids[0], "objects": [{**BOX, "label": attack} for attack in attacks]}]
    query = {"tool": attacks[0], "note": attacks[1]}
    photographed.partner.put(f"{campaign}/objects", body, params=query).expect(200)
    console = make_console(admin, campaign)
    console.page.on("dialog", lambda dialog: pytest.fail(f"A script ran: {dialog.message}"))
    for part in ("overview", "statistics", "history"):
        console.open(f"{campaign}?part={part}")
        console.see(attacks[0])
    console.open(f"{campaign}?part=classes")
    expect(console.page.locator(".class-name").nth(3)).to_have_value(attacks[0])
    reader = make_console(reader_of(admin), f"{campaign}?part=classes")
    for attack in attacks:
        reader.see(attack)
    assert reader.page.locator("main img, main script, main svg").count() == 0
