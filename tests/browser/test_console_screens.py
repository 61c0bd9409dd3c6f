"""The overview, jobs, users and keys, and the audit, as an image-admin and a reader use them in a real browser."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import text
from starlette.testclient import TestClient

from app.database.engine import db
from tests.browser.console import Console
from tests.browser.pictures import Photographed, upload
from tests.browser.test_console import tell_other_user
from tests.caller import Caller
from tests.conftest import Labelled

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]
SCRIPT = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
FAILURE = f"The container of the set is gone. {SCRIPT}"


@pytest.fixture
def failed_job(app: Flask, admin: Caller, title: str) -> int:
    """A job that a person must look at, whose error holds what a script would like to be."""
    made = admin.post("/image_sets", {"title": f"{title}-broken"}).expect(200)
    upload(made["dropbox_url"], {"a.jpg": b"no image"})
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    job_id: int = admin.get(f"/image_sets/{made['imageset_id']}").expect(200)["ingest"]["job_id"]
    with app.app_context():
        statement = text("UPDATE job SET state = 'failed', error = :error, date_finished = now() WHERE id = :id")
        db.session.execute(statement, {"error": FAILURE, "id": job_id})
        db.session.commit()
    return job_id


def enter_own_key(console: Console, caller: Caller) -> None:
    """Give the API key again, as the pages about users ask."""
    console.page.get_by_label("Key", exact=True).fill(str(caller.key))
    console.page.get_by_label("Secret").fill(str(caller.secret))
    console.page.get_by_role("button", name="Continue").click()


def test_overview_shows_what_failed_and_how_far_campaigns_are(
    make_console: MakeConsole, photographed: Photographed, failed_job: int
) -> None:
    console = make_console(photographed.admin)
    failed = console.page.get_by_role("region", name="Failed jobs").first
    expect(failed).to_contain_text("The container of the set is gone.")
    campaign = console.page.get_by_role("region", name=photographed.title)
    expect(campaign).to_contain_text("0 of 6")
    body = [{"image_id": photographed.image_ids[0], "objects": []}]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", body).expect(200)
    console.page.reload()
    expect(campaign).to_contain_text("1 of 6")
    console.page.get_by_role("link", name=f"({failed_job})").click()
    expect(console.page).to_have_url(re.compile(f"/jobs/{failed_job}$"))


def test_overview_of_an_empty_service_says_what_to_do(make_console: MakeConsole, admin: Caller) -> None:
    console = make_console(admin)
    console.see("There are no images yet")
    expect(console.page.get_by_role("link", name="Create an image set")).to_have_attribute("href", "/image-sets")


def test_failed_job_is_tried_again(make_console: MakeConsole, admin: Caller, failed_job: int) -> None:
    console = make_console(admin, "/jobs?state=failed")
    console.page.get_by_role("link", name=f"Ingest the uploads ({failed_job})").click()
    # What looks like markup is text.
    console.see(FAILURE)
    assert console.page.title() == "LabelAPI"
    console.page.get_by_role("button", name="Try again").click()
    console.see("The job is queued again.")
    assert admin.get(f"/jobs/{failed_job}").expect(200)["state"] == "queued"
    console.page.get_by_role("button", name="Cancel the job").click()
    dialog = console.page.get_by_role("dialog", name="Cancel this job?")
    expect(dialog).to_contain_text("The set is open again")
    dialog.get_by_role("button", name="Cancel the job").click()
    console.see("The job is cancelled.")
    assert admin.get(f"/jobs/{failed_job}").expect(200)["state"] == "cancelled"


def test_reader_sees_jobs_and_changes_none(
    make_console: MakeConsole, app: Flask, http: TestClient, admin: Caller, failed_job: int
) -> None:
    reader = tell_other_user(app, http, "grace@example.org", "reader")
    console = make_console(reader, f"/jobs/{failed_job}")
    console.see("Ingest the uploads")
    expect(console.page.get_by_role("button", name="Try again")).to_have_count(0)
    for closed in ("Users", "Audit"):
        expect(console.page.get_by_role("link", name=closed)).to_have_count(0)


def test_new_user_gets_a_key_that_is_shown_once(make_console: MakeConsole, http: TestClient, admin: Caller) -> None:
    console = make_console(admin, "/users")
    console.see("Enter your API key again")
    enter_own_key(console, admin)
    console.page.get_by_label("E-mail address").fill("grace@example.org")
    console.page.get_by_role("button", name="Create the user").click()
    console.see("No key yet: the user cannot sign in.")
    console.page.get_by_label("Name").fill(SCRIPT)
    console.page.get_by_label("Days until it expires").fill("30")
    console.page.get_by_role("button", name="Create a key").click()
    dialog = console.page.get_by_role("dialog", name="The new key")
    key, secret = (dialog.get_by_label(label, exact=True).input_value() for label in ("Key", "Secret"))
    assert Caller(http, key, secret).get("/whoami").expect(200)["email"] == "grace@example.org"
    # It stays until the person has taken it.
    console.page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    assert console.axe() == []
    dialog.get_by_role("button", name="I have copied both parts").click()
    expect(dialog).to_be_hidden()
    console.see(SCRIPT)
    assert secret not in console.page.content()
    assert secret not in str(console.stored())
    assert console.page.title() == "LabelAPI"


def test_key_is_replaced_and_revoked(make_console: MakeConsole, admin: Caller, labelled: Labelled) -> None:
    user_id = labelled.partner.get("/whoami").expect(200)["user_id"]
    console = make_console(admin, f"/users/{user_id}")
    enter_own_key(console, admin)
    console.page.get_by_role("button", name="Replace the key").click()
    console.page.get_by_role("button", name="Replace", exact=True).click()
    console.page.get_by_role("button", name="I have copied both parts").click()
    keys = admin.get(f"/users/{user_id}/api_keys").expect(200)["api_keys"]
    assert len(keys) == 2
    console.page.get_by_role("button", name=f"Revoke the key {keys[1]['apikey']}").click()
    console.page.get_by_role("button", name="Revoke", exact=True).click()
    console.see("The key is revoked.")
    assert admin.get(f"/users/{user_id}/api_keys").expect(200)["api_keys"][1]["date_revoked"]


def test_roles_are_granted_and_revoked(make_console: MakeConsole, admin: Caller, labelled: Labelled) -> None:
    user_id = labelled.partner.get("/whoami").expect(200)["user_id"]
    console = make_console(admin, f"/users/{user_id}")
    enter_own_key(console, admin)
    console.page.get_by_label("Role", exact=True).select_option("reviewer")
    console.page.get_by_label("Campaign").fill(str(labelled.campaign_id))
    console.page.get_by_role("button", name="Grant").click()
    button = console.page.get_by_role("button", name=f"Revoke reviewer of {labelled.title}")
    expect(button).to_be_visible()
    button.click()
    console.page.get_by_role("button", name="Revoke", exact=True).click()
    expect(button).to_have_count(0)
    console.page.get_by_label("Campaign").fill("999")
    console.page.get_by_role("button", name="Grant").click()
    expect(console.page.get_by_role("alert")).to_contain_text("campaign")


def test_own_key_of_another_user_is_refused_and_a_session_key_is_not_enough(
    make_console: MakeConsole, app: Flask, http: TestClient, admin: Caller
) -> None:
    other = tell_other_user(app, http, "grace@example.org", "image-admin")
    console = make_console(admin, "/users")
    enter_own_key(console, other)
    expect(console.page.get_by_role("alert")).to_contain_text("belongs to another user")
    session = console.page.evaluate("() => JSON.parse(sessionStorage['labelapi.session'])")
    enter_own_key(console, Caller(http, session["key"], session["secret"]))
    expect(console.page.get_by_role("alert")).to_contain_text("session key")
    enter_own_key(console, admin)
    console.page.get_by_role("button", name="Forget it now").click()
    console.see("Enter your API key again")


def test_own_key_that_was_revoked_is_asked_for_again(
    make_console: MakeConsole, http: TestClient, admin: Caller
) -> None:
    user_id = admin.get("/whoami").expect(200)["user_id"]
    made = admin.post(f"/users/{user_id}/api_keys", {"name": "second"}).expect(200)
    console = make_console(admin, "/users")
    enter_own_key(console, Caller(http, made["apikey"], made["apisecret"]))
    link = console.page.get_by_role("link", name="ada@example.org")
    expect(link).to_be_visible()
    admin.delete(f"/users/{user_id}/api_keys/{made['key_id']}").expect(200)
    # Processes remember a key for some seconds; each visit to the user asks the service.
    with console.page.expect_response(lambda answer: answer.status == 401, timeout=30_000):
        while console.page.get_by_text("Enter your API key again").count() == 0:
            console.page.get_by_role("link", name="Users", exact=True).click()
            console.page.wait_for_timeout(500)
            if link.count():
                link.click()
                console.page.wait_for_timeout(500)
    console.see("Enter your API key again")


def test_audit_is_filtered_by_its_address(make_console: MakeConsole, labelled: Labelled) -> None:
    console = make_console(labelled.admin, "/audit")
    console.see("create api key")
    console.page.get_by_label("User (e-mail address or number)").press_sequentially(labelled.partner_email.lower())
    console.page.keyboard.press("Enter")
    expect(console.page).to_have_url(re.compile(r"/audit\?user=pat"))
    console.see("Nothing was changed here")
    console.open("/audit?user=ada@example.org")
    console.see("change status")
    console.page.get_by_label("From", exact=True).fill("2020-01-02")
    # The calendar of the browser tells the page when a day is chosen; filling in does not.
    console.page.get_by_label("From", exact=True).dispatch_event("change")
    expect(console.page).to_have_url(re.compile("from=2020-01-02"))
    console.see("change status")
    console.open("/audit?user=nobody")
    console.see("Nothing was changed here")


def test_page_of_an_image_set_leads_to_its_images(make_console: MakeConsole, photographed: Photographed) -> None:
    console = make_console(photographed.admin, f"/image-sets/{photographed.imageset_id}")
    console.page.get_by_role("link", name="Show its images").click()
    console.see(f"Image set: {photographed.title}")


def test_what_stands_above_the_images_is_reached_in_a_low_window(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    size = {"width": 390, "height": 844}
    page = make_console(photographed.admin, "/images", viewport=size, has_touch=True).page
    page.get_by_role("button", name="Filters", exact=True).click()
    page.get_by_role("button", name="Make a snapshot …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("checkbox", name="Select water-01.jpg").click()
    expect(page.get_by_text("1 image selected")).to_be_visible()
