"""The review in the console: a reviewer's whole way, comparisons that move together, and what happens when somebody is faster."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import Console
from tests.browser.people import make_reader, make_reviewer
from tests.browser.pictures import Photographed
from tests.browser.test_image import DRAWN, box
from tests.caller import Caller

pytestmark = pytest.mark.slow
MakeConsole = Callable[..., Console]

# Where the picture of each stage lies.
TRANSFORMS = "() => [...document.querySelectorAll('.stage-image')].map((image) => image.style.transform)"


def label_all(photographed: Photographed) -> None:
    """Label four images, one as empty, one as unusable; leave the last two."""
    first, second, third, fourth, *_ = photographed.image_ids
    labels: list[dict[str, Any]] = [
        {"image_id": first, "objects": [box(100, 100), box(400, 300, "can")]},
        {"image_id": second, "objects": [box(50, 60, "bag")]},
        {"image_id": third, "objects": []},
        {"image_id": fourth, "unusable": "blurred"},
    ]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", labels).expect(200)


def review_address(photographed: Photographed, image_id: int, query: str = "") -> str:
    return f"/campaigns/{photographed.campaign_id}/review/{image_id}{query}"


def verdicts(caller: Caller, photographed: Photographed) -> dict[int, tuple[str, str | None] | None]:
    images = caller.get(f"/campaigns/{photographed.campaign_id}/images").expect(200)["images"]
    return {
        image["image_id"]: (image["review"]["verdict"], image["review"]["comment"]) if image["review"] else None
        for image in images
    }


def wait_for_image(page: Page, photographed: Photographed, image_id: int, query: str = "") -> None:
    expect(page).to_have_url(re.compile(re.escape(review_address(photographed, image_id, query)) + "$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"water-{photographed.image_ids.index(image_id):02}.jpg")


def test_reviewer_goes_through_a_campaign_by_keyboard_alone(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    label_all(photographed)
    first, second, third, fourth, *_ = photographed.image_ids
    reviewer = make_reviewer(photographed.admin, photographed.campaign_id)
    console = make_console(reviewer, review_address(photographed, first))
    page = console.page
    console.see("4 to review, 0 accepted, 0 rejected")
    page.wait_for_function(DRAWN)
    page.keyboard.press("y")
    wait_for_image(page, photographed, second)
    page.keyboard.press("x")
    comment = page.get_by_label("What is wrong")
    expect(comment).to_be_focused()
    # Keys are letters of the comment now, and no verdicts.
    comment.press_sequentially("yes, xes are easy to miss")
    page.keyboard.press("Control+Enter")
    wait_for_image(page, photographed, third)
    console.see("2 to review, 1 accepted, 1 rejected")
    page.keyboard.press("e")
    wait_for_image(page, photographed, fourth)
    console.see("blurred")
    page.keyboard.press("y")
    wait_for_image(page, photographed, third)
    page.keyboard.press("y")
    console.see("0 to review, 3 accepted, 1 rejected")
    page.keyboard.press("e")
    console.see("Every labeled image has a verdict.")
    assert verdicts(reviewer, photographed) == {
        first: ("accepted", None),
        second: ("rejected", "yes, xes are easy to miss"),
        third: ("accepted", None),
        fourth: ("accepted", None),
        **dict.fromkeys(photographed.image_ids[4:]),
    }


def test_reviewer_rejects_by_mouse_and_lets_the_labelers_go_on(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    label_all(photographed)
    rest = [{"image_id": image_id, "objects": []} for image_id in photographed.image_ids[4:]]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", rest).expect(200)
    campaign = photographed.admin.get(f"/campaigns/{photographed.campaign_id}").expect(200)
    assert campaign["status"] == "completed"
    reviewer = make_reviewer(photographed.admin, photographed.campaign_id)
    last = photographed.image_ids[-1]
    console = make_console(reviewer, review_address(photographed, last))
    page = console.page
    page.get_by_role("button", name="Reject …").click()
    page.get_by_label("What is wrong").fill("There is a bag.")
    page.get_by_role("button", name="Reject", exact=True).click()
    wait_for_image(page, photographed, photographed.image_ids[0])
    page.get_by_role("button", name="Make it active").click()
    expect(page.get_by_role("button", name="Make it active")).to_have_count(0)
    campaign = photographed.admin.get(f"/campaigns/{photographed.campaign_id}").expect(200)
    assert campaign["status"] == "active"
    assert verdicts(reviewer, photographed)[last] == ("rejected", "There is a bag.")


def test_labels_that_changed_meanwhile_are_shown_and_not_judged_unseen(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    label_all(photographed)
    first = photographed.image_ids[0]
    reviewer = make_reviewer(photographed.admin, photographed.campaign_id)
    console = make_console(reviewer, review_address(photographed, first))
    page = console.page
    expect(page.get_by_role("application")).to_have_attribute("aria-label", re.compile("2 boxes"))
    labels = [{"image_id": first, "objects": [box(5, 5)]}]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", labels).expect(200)
    page.keyboard.press("y")
    expect(page.get_by_role("application")).to_have_attribute("aria-label", re.compile("1 boxes"))
    console.see("The labels have changed since you opened the image")
    assert verdicts(reviewer, photographed)[first] is None
    page.keyboard.press("y")
    wait_for_image(page, photographed, photographed.image_ids[1])
    assert verdicts(reviewer, photographed)[first] == ("accepted", None)


def test_two_campaigns_side_by_side_move_together_with_differences_marked(
    make_console: MakeConsole, photographed: Photographed, title: str
) -> None:
    admin, first = photographed.admin, photographed.image_ids[0]
    mine = [box(100, 100), box(400, 300, "can"), box(700, 100), box(700, 500), box(50, 600, "bag")]
    theirs = [box(100, 100), box(400, 300, "bottle"), box(710, 104), box(300, 500, "bag")]
    partner_labels = [{"image_id": first, "objects": mine}]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", partner_labels).expect(200)
    made = admin.post("/campaigns", {"title": f"{title}-2", "labeler_email": "sam@other.example"}).expect(200)
    other_id = made["campaign_id"]
    admin.post(f"/campaigns/{other_id}/images", [{"id": first}]).expect(200)
    admin.put(f"/campaigns/{other_id}", {"new_status": "active"}).expect(200)
    admin.put(f"/campaigns/{other_id}/objects", [{"image_id": first, "objects": theirs}]).expect(200)
    console = make_console(admin, review_address(photographed, first))
    page = console.page
    page.get_by_label("Compare with").select_option(label=f"Campaign {title}-2")
    wait_for_image(page, photographed, first, f"?against={other_id}")
    counts = page.get_by_role("region", name="Differences").locator("dd").all_inner_texts()
    # Only here, only there, moved, other class, same.
    assert counts == ["2", "1", "1", "1", "1"]
    differences = page.get_by_role("region", name="Differences").get_by_role("listitem").all_inner_texts()
    assert sorted(differences) == [
        "bag: only in what is compared with it",
        "bag: only in what is reviewed",
        "bottle is can in what is reviewed",
        "bottle: moved",
        "bottle: only in what is reviewed",
    ]
    stages = page.get_by_role("application")
    expect(stages).to_have_count(2)
    page.wait_for_function(DRAWN)
    before = page.evaluate(TRANSFORMS)
    assert before[0] == before[1]
    area = stages.nth(0).bounding_box()
    assert area
    page.mouse.move(area["x"] + 100, area["y"] + 100)
    page.mouse.wheel(0, -400)
    page.wait_for_function("(old) => document.querySelector('.stage-image').style.transform !== old", arg=before[0])
    zoomed = page.evaluate(TRANSFORMS)
    assert zoomed[0] == zoomed[1]
    page.get_by_role("button", name="bottle: moved").click()
    after = page.evaluate(TRANSFORMS)
    assert after[0] == after[1]
    # The next image keeps the comparison.
    second = photographed.image_ids[1]
    more = [{"image_id": second, "objects": []}]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", more).expect(200)
    page.keyboard.press("e")
    wait_for_image(page, photographed, second, f"?against={other_id}")
    console.see("the image is not in it")


def test_a_reviewer_compares_with_the_labels_before_the_last_change(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    label_all(photographed)
    first = photographed.image_ids[0]
    labels = [{"image_id": first, "objects": [box(110, 100), box(400, 300, "can")]}]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", labels).expect(200)
    reviewer = make_reviewer(photographed.admin, photographed.campaign_id)
    console = make_console(reviewer, review_address(photographed, first))
    page = console.page
    page.get_by_label("Compare with").select_option(label="Before its last change")
    wait_for_image(page, photographed, first, "?revision=1")
    console.see("As submission 1 left it")
    counts = page.get_by_role("region", name="Differences").locator("dd").all_inner_texts()
    assert counts == ["0", "0", "1", "0", "1"]
    # A campaign that is not theirs says so in words.
    console.open(review_address(photographed, first, "?against=4711"))
    console.see("does not give access")


def test_who_may_not_review_sees_the_labels_and_no_buttons(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    label_all(photographed)
    first, last = photographed.image_ids[0], photographed.image_ids[-1]
    console = make_console(make_reader(photographed.admin), review_address(photographed, first))
    page = console.page
    console.see("Reviewers of the campaign and image-admins give verdicts.")
    page.keyboard.press("y")
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    expect(page.get_by_label("What is wrong")).to_have_count(0)
    assert set(verdicts(photographed.admin, photographed).values()) == {None}
    console = make_console(photographed.admin, review_address(photographed, last))
    console.see("Nobody has labeled the image yet.")
    console.open(review_address(photographed, 4711))
    console.see("no image 4711")
    photographed.admin.put(f"/campaigns/{photographed.campaign_id}", {"new_status": "completed"}).expect(200)
    photographed.admin.put(f"/campaigns/{photographed.campaign_id}", {"new_status": "finished"}).expect(200)
    console.open(review_address(photographed, first))
    console.see("The campaign is finished: it takes no verdicts.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (820, 1180)])
def test_review_is_accessible(
    make_console: MakeConsole, photographed: Photographed, scheme: str, size: tuple[int, int]
) -> None:
    label_all(photographed)
    first = photographed.image_ids[0]
    labels = [{"image_id": first, "objects": [box(110, 100), box(400, 300, "bag"), box(700, 200)]}]
    photographed.partner.put(f"/campaigns/{photographed.campaign_id}/objects", labels).expect(200)
    reviewer = make_reviewer(photographed.admin, photographed.campaign_id)
    viewport = {"width": size[0], "height": size[1]}
    address = review_address(photographed, first, "?revision=1")
    console = make_console(reviewer, address, color_scheme=scheme, viewport=viewport)
    page = console.page
    page.wait_for_function(DRAWN)
    console.see("Moved")
    assert console.axe() == []
    page.keyboard.press("x")
    expect(page.get_by_label("What is wrong")).to_be_visible()
    assert console.axe() == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    console.see("Accept the labels")
    assert console.axe() == []
