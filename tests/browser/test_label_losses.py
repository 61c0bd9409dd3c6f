"""No box is lost: killed tabs, cut networks, ended sessions, two people or two tabs on one image, and refusals."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.console import Console
from tests.browser.labeling import Labeling, lies_at
from tests.browser.pictures import Photographed
from tests.browser.test_label import start
from tests.caller import Caller

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]
BOX = {"bounding_box": {"xmin": 500, "ymin": 500, "xmax": 700, "ymax": 600}, "label": "can"}


def put(photographed: Photographed, place: int, objects: list[Any], caller: Caller | None = None) -> None:
    item = {"image_id": photographed.image_ids[place], "objects": objects}
    (caller or photographed.admin).put(f"/campaigns/{photographed.campaign_id}/objects", [item]).expect(200)


def other_tab(labeling: Labeling, place: int) -> Labeling:
    """Open a further tab in the same browser, which has the session from the first one."""
    page: Page = labeling.console.context.new_page()
    labeling.console.watch(page)
    other = Labeling(labeling.console, labeling.photographed, page)
    other.open(place)
    other.wait_for_picture()
    return other


def test_killed_tab_loses_no_box(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    context = labeling.console.context
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    # The second box is neither sent nor waited for.
    context.set_offline(True)
    labeling.drag(400, 400, 600, 500)
    labeling.count(2)
    with labeling.page.expect_event("crash"), pytest.raises(Error):
        labeling.page.goto("chrome://crash")
    labeling.page.close()
    context.set_offline(False)
    assert len(labeling.drafted(0)) == 1
    # The session died with its tab; the same user signs in again.
    page = context.new_page()
    labeling.console.watch(page)
    labeling.console.page = page
    again = Labeling(labeling.console, photographed, page)
    again.open(0)
    labeling.console.sign_in(photographed.partner)
    again.wait(0)
    again.count(2)
    again.saved()
    assert [
        lies_at(box, expected)
        for (_, box), expected in zip(again.drafted(0), [(100, 100, 300, 200), (400, 400, 600, 500)], strict=True)
    ] == [True, True]


def test_what_waited_is_sent_at_the_next_sign_in(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    context = labeling.console.context
    labeling.page.wait_for_load_state("networkidle")
    context.set_offline(True)
    labeling.drag(100, 100, 300, 200)
    labeling.kept(1)
    labeling.page.close()
    context.set_offline(False)
    page = context.new_page()
    labeling.console.watch(page)
    labeling.console.page = page
    # On the first page, without a look at the image.
    labeling.console.open("/")
    labeling.console.sign_in(photographed.partner)
    expect(page.get_by_role("heading", name="My campaigns")).to_be_visible()
    again = Labeling(labeling.console, photographed, page)
    deadline = time.monotonic() + 30
    while not again.drafted(0):
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)
    assert len(again.drafted(0)) == 1
    expect(page.get_by_text("Not sent yet")).to_have_count(0)


def test_cut_network_loses_no_box(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    page, context = labeling.page, labeling.console.context
    # What comes next is loaded ahead.
    expect(page.locator(".tile")).not_to_have_count(0)
    page.wait_for_load_state("networkidle")
    context.set_offline(True)
    labeling.drag(100, 100, 300, 200)
    labeling.unsent(1)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.drag(50, 60, 150, 160)
    labeling.drag(200, 60, 250, 160)
    labeling.press("Enter")
    labeling.unsent(2)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("dialog", name="Not sent yet")).to_contain_text("kept in this browser")
    page.keyboard.press("Escape")
    assert labeling.submitted(0)[0] == labeling.submitted(1)[0] == "unlabeled"
    context.set_offline(False)
    labeling.saved()
    assert [len(labeling.submitted(place)[1]) for place in (0, 1)] == [1, 2]


def test_lost_answers_are_asked_for_again_with_the_same_key(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    labeling = start(make_console, photographed)
    sent: list[tuple[str, str | None]] = []

    def lose(route: Route) -> None:
        sent.append((route.request.post_data or "", route.request.headers.get("idempotency-key")))
        if len(sent) == 1:
            # The service takes it, and the answer gets lost on the way.
            route.fetch()
            route.abort()
        else:
            route.continue_()

    labeling.page.route("**/campaigns/*/objects?*tool*", lose)
    labeling.drag(100, 100, 300, 200)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    assert len(sent) == 2
    assert sent[0] == sent[1]
    path = f"/campaigns/{photographed.campaign_id}/submissions"
    assert len(photographed.admin.get(path).expect(200)["submissions"]) == 1


def test_busy_service_is_waited_for(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    answers = iter([503, 429])

    def refuse(route: Route) -> None:
        status = next(answers, None)
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, headers={"Retry-After": "1"}, json={"detail": "Busy."})

    labeling.page.route("**/drafts", refuse)
    labeling.drag(100, 100, 300, 200)
    labeling.unsent(1)
    labeling.saved()
    assert len(labeling.drafted(0)) == 1
    assert next(answers, None) is None


def test_ended_session_loses_no_box(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    page = labeling.page
    page.wait_for_load_state("networkidle")
    session = page.evaluate("() => JSON.parse(sessionStorage['labelapi.session'])")
    Caller(photographed.admin.http, session["key"], session["secret"]).delete("/session_keys/current").expect(200)
    labeling.drag(100, 100, 300, 200)
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    assert labeling.drafted(0) == []
    labeling.console.sign_in(photographed.partner)
    labeling.saved()
    labeling.count(1)
    assert len(labeling.drafted(0)) == 1
    # The history of the page has survived, too.
    labeling.press("Control+z")
    labeling.count(0)


def test_what_waits_at_the_end_of_a_session_is_not_sent_by_the_next_person(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    labeling = start(make_console, photographed)
    page, console = labeling.page, labeling.console
    page.wait_for_load_state("networkidle")
    session = page.evaluate("() => JSON.parse(sessionStorage['labelapi.session'])")
    Caller(photographed.admin.http, session["key"], session["secret"]).delete("/session_keys/current").expect(200)
    labeling.drag(100, 100, 300, 200)
    expect(page.get_by_role("dialog", name="Sign in again")).to_be_visible()
    labeling.kept(1)
    console.sign_in(photographed.admin)
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
    drafts = f"/campaigns/{photographed.campaign_id}/drafts"
    page.wait_for_load_state("networkidle")
    # An image-admin gets the drafts of all users.
    assert photographed.admin.get(drafts).expect(200)["drafts"] == []
    labeling.kept(1)
    # Its own user finds it again.
    page.get_by_role("button", name="Sign out").click()
    console.sign_in(photographed.partner)
    labeling.open(0)
    labeling.wait(0)
    labeling.count(1)
    labeling.saved()
    assert len(labeling.drafted(0)) == 1


@pytest.mark.parametrize(
    ("button", "labels"),
    [("Keep mine", ["bottle"]), ("Keep theirs", ["can"]), ("Keep both, merged", ["can", "bottle"])],
)
def test_two_people_on_one_image(
    make_console: MakeConsole, photographed: Photographed, button: str, labels: list[str]
) -> None:
    labeling = start(make_console, photographed)
    page = labeling.page
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    put(photographed, 0, [BOX])
    labeling.press("Enter")
    labeling.wait(1)
    labeling.unsent(1)
    # Nothing of theirs was overwritten, nothing of mine is gone.
    assert [label for label, _ in labeling.submitted(0)[1]] == ["can"]
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name=f"image {photographed.image_ids[0]}").click()
    expect(page.get_by_role("heading", name="Somebody else changed this image")).to_be_visible()
    expect(page.locator(".conflict-side")).to_have_count(2)
    expect(page.locator(".saved")).to_contain_text("Conflict")
    assert labeling.console.axe() == []
    page.get_by_role("button", name=button, exact=True).click()
    labeling.count(len(labels))
    labeling.saved()
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    assert [label for label, _ in labeling.submitted(0)[1]] == labels


def test_conflict_survives_a_reload(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    put(photographed, 0, [BOX])
    labeling.page.reload()
    expect(labeling.page.get_by_role("heading", name="Somebody else changed this image")).to_be_visible()
    labeling.page.get_by_role("button", name="Keep both, merged").click()
    labeling.count(2)


def test_draft_of_another_device_is_shown_beside_mine(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    draft = [{"image_id": photographed.image_ids[0], "objects": [BOX], "revision": None}]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/drafts", draft).expect(200)
    labeling.page.reload()
    expect(labeling.page.get_by_role("heading", name="You changed this image in two places")).to_be_visible()
    labeling.page.get_by_role("button", name="Keep both, merged").click()
    labeling.count(2)
    labeling.saved()
    assert {label for label, _ in labeling.drafted(0)} == {"bottle", "can"}


def test_another_device_goes_on_with_the_draft(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    other = start(make_console, photographed)
    other.count(1)
    other.drag(400, 400, 500, 500)
    other.press("Enter")
    other.wait(1)
    other.saved()
    assert len(other.submitted(0)[1]) == 2


def test_two_tabs_of_one_user_follow_each_other(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    other = other_tab(labeling, 0)
    labeling.drag(100, 100, 300, 200)
    other.count(1)
    other.drag(400, 400, 500, 500)
    labeling.count(2)
    labeling.saved()
    other.press("Enter")
    other.wait(1)
    other.saved()
    expect(labeling.page.locator(".labeling-where .tag").first).to_have_text("labeled")
    labeling.drag(600, 600, 700, 700)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    assert len(labeling.submitted(0)[1]) == 3


def test_refused_submission_keeps_its_boxes_and_says_whom_to_ask(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    path = f"/campaigns/{photographed.campaign_id}"
    labeling = start(make_console, photographed)
    page = labeling.page
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    photographed.admin.put(path, {"new_status": "completed"}).expect(200)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.unsent(1)
    labeling.open(0)
    labeling.wait_for_picture()
    expect(page.get_by_role("alert")).to_contain_text("is completed")
    expect(page.get_by_role("alert")).to_contain_text("Ask")
    labeling.count(1)
    photographed.admin.put(path, {"new_status": "active"}).expect(200)
    page.get_by_role("button", name="Send again").click()
    labeling.saved()
    assert len(labeling.submitted(0)[1]) == 1


def test_late_corrections_go_on_until_the_campaign_is_finished(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    path = f"/campaigns/{photographed.campaign_id}"
    photographed.admin.patch(path, {"late_corrections": True}).expect(200)
    for place in range(6):
        put(photographed, place, [])
    assert photographed.admin.get(path).expect(200)["status"] == "completed"
    labeling = start(make_console, photographed, 2)
    labeling.drag(100, 100, 300, 200)
    labeling.press("Enter")
    labeling.saved()
    assert labeling.submitted(2)[0] == "labeled"
    photographed.admin.put(path, {"new_status": "finished"}).expect(200)
    labeling.open(2)
    labeling.wait_for_picture()
    labeling.drag(400, 400, 500, 500)
    labeling.count(1)
    expect(labeling.page.get_by_text("This campaign is finished, and takes no more changes.")).to_be_visible()


def test_accepted_image_keeps_the_boxes_of_a_late_change(make_console: MakeConsole, photographed: Photographed) -> None:
    path = f"/campaigns/{photographed.campaign_id}"
    put(photographed, 0, [BOX], photographed.partner)
    photographed.admin.put(f"{path}/reviews", [{"image_id": photographed.image_ids[0], "verdict": "accepted"}]).expect(
        200
    )
    labeling = start(make_console, photographed)
    expect(labeling.page.get_by_text("A reviewer accepted this image.")).to_be_visible()
    labeling.drag(100, 100, 300, 200)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.kept(1)
    labeling.open(0)
    labeling.wait_for_picture()
    labeling.count(2)
    expect(labeling.page.get_by_role("alert")).to_contain_text(re.compile("accepted", re.IGNORECASE))


def test_reader_sees_everything_but_edits(make_console: MakeConsole, photographed: Photographed) -> None:
    reader = {"email": "rita@example.org"}
    made = photographed.admin.post(f"/campaigns/{photographed.campaign_id}/reviewers", reader).expect(200)[
        "access_token"
    ]
    put(photographed, 0, [BOX])
    console = make_console(Caller(photographed.admin.http, made["apikey"], made["apisecret"]))
    labeling = Labeling(console, photographed)
    labeling.open(0)
    labeling.wait(0)
    labeling.count(1)
    labeling.drag(100, 100, 300, 200)
    labeling.press("b", "0")
    labeling.count(1)
    expect(labeling.page.get_by_text("labeling it needs the role labeler")).to_be_visible()
