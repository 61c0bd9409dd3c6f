"""The labeling page in a real browser: the whole way of a partner, by pointer, by keyboard alone and by touch."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import CDPSession, Route, expect

from tests.browser.console import Console
from tests.browser.labeling import Labeling, lies_at
from tests.browser.pictures import Photographed, photograph
from tests.caller import Caller

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]


def start(make_console: MakeConsole, photographed: Photographed, place: int = 0, **options: Any) -> Labeling:
    """Sign in as the partner and open an image."""
    console = make_console(photographed.partner, **options)
    labeling = Labeling(console, photographed)
    labeling.open(place)
    labeling.wait(place)
    return labeling


def test_partner_labels_a_whole_campaign(make_console: MakeConsole, photographed: Photographed) -> None:
    console = make_console(photographed.partner)
    labeling = Labeling(console, photographed)
    page = console.page
    page.goto(f"{console.url}/campaigns/{photographed.campaign_id}/label")
    labeling.wait(0)
    # By drag, then another class for it, then one by two clicks.
    labeling.drag(100, 100, 300, 250)
    labeling.press("2")
    labeling.click(600, 400)
    page.mouse.move(*labeling.on_screen(650, 450))
    labeling.click(700, 480)
    labeling.count(2)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    state, (first, second) = labeling.submitted(0)
    assert state == "labeled"
    assert first[0] == second[0] == "bag"
    assert lies_at(first[1], (100, 100, 300, 250))
    assert lies_at(second[1], (600, 400, 700, 480))
    # The boxes of the last image, all of them moved by one undo.
    labeling.press("v")
    labeling.count(2)
    labeling.press("Control+z")
    labeling.count(0)
    labeling.press("Control+Shift+z", "Enter")
    labeling.wait(2)
    # Nothing drawn is no statement yet.
    labeling.press("Enter")
    labeling.said("Press 0 if nothing is here")
    labeling.press("0")
    labeling.wait(3)
    labeling.drag(10, 10, 50, 50)
    labeling.press("q")
    page.get_by_label("Another reason").fill("a finger on the lens")
    page.get_by_role("button", name="Save", exact=True).click()
    labeling.wait(4)
    # By the names of classes.
    labeling.press("/")
    page.keyboard.type("ca")
    labeling.press("Enter")
    labeling.drag(20, 20, 90, 90)
    page.get_by_role("button", name="Done, next").click()
    labeling.wait(5)
    expect(page.get_by_text("5 of 6")).to_be_visible()
    labeling.press("0")
    labeling.said("All images of this campaign are done.")
    labeling.saved()
    assert [labeling.submitted(place)[0] for place in range(1, 6)] == [
        "labeled",
        "empty",
        "unusable",
        "labeled",
        "empty",
    ]
    assert labeling.submitted(4)[1][0][0] == "can"
    campaign = photographed.admin.get(f"/campaigns/{photographed.campaign_id}").expect(200)
    assert campaign["status"] == "completed"
    expect(page.get_by_text("This campaign is completed, and takes no more changes.")).to_be_visible()


def test_box_by_keyboard_alone(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    page = labeling.page
    # No pointer: from the beginning of the page by Tab to the stage, and from there by its keys.
    page.evaluate("() => document.activeElement.blur()")
    for _ in range(60):
        labeling.press("Tab")
        if page.evaluate("() => document.activeElement.classList.contains('stage')"):
            break
    assert page.evaluate("() => document.activeElement.getAttribute('role')") == "application"
    labeling.press("b", "3")
    labeling.count(1)
    for key, times in (("ArrowLeft", 3), ("Shift+ArrowUp", 2), ("Alt+ArrowRight", 4), ("Alt+Shift+ArrowDown", 1)):
        for _ in range(times):
            labeling.press(key)
    labeling.said(re.compile(r"^Box 1 of 1: can\. Left [\d.]+, top"))
    words = page.locator(".said").inner_text()
    labeling.press("b", "1", "p", "Delete")
    labeling.count(1)
    labeling.press("Control+z", "n")
    labeling.count(2)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    _, ((label, box), (other, _)) = labeling.submitted(0)
    assert (label, other) == ("can", "bottle")
    left, top, width, height = (float(number) for number in re.findall(r"\d+(?:\.\d+)?", words)[2:])
    assert box == pytest.approx((left, top, left + width, top + height), abs=0.051)
    # The first box was square: 4 pixels wider and 10 higher makes it higher than wide by 6.
    assert height - width == pytest.approx(6, abs=0.051)


def test_fields_place_a_box_to_a_tenth_of_a_pixel(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    page = labeling.page
    labeling.press("b")
    for name, value in (("Width", "120.4"), ("Height", "60"), ("Left", "30.5"), ("Top", "700")):
        page.get_by_label(name, exact=True).fill(value)
        page.get_by_label(name, exact=True).press("Tab")
    page.get_by_label("Left", exact=True).fill("99999")
    page.get_by_label("Left", exact=True).press("Tab")
    labeling.saved()
    ((_, box),) = labeling.drafted(0)
    assert box == pytest.approx((1199, 700, 1200, 760), abs=0.051)
    page.get_by_role("button", name="Undo (Ctrl+Z)").click()
    labeling.saved()
    assert labeling.drafted(0)[0][1] == pytest.approx((30.5, 700, 150.9, 760), abs=0.051)


def test_boxes_are_moved_sized_and_reached_below_others(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    page = labeling.page
    labeling.drag(200, 200, 600, 600)
    labeling.press("Escape")
    # Over another box one can draw; the chosen one is moved by its inside and sized by its handles.
    labeling.drag(300, 300, 400, 400)
    labeling.drag(350, 350, 370, 380)
    labeling.drag(320, 330, 300, 300)
    labeling.press("Escape")
    labeling.click(250, 250)
    labeling.drag(600, 600, 650, 700)
    labeling.drag(200, 450, 150, 450)
    labeling.count(2)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    (_, large), (_, small) = labeling.submitted(0)[1]
    assert lies_at(large, (150, 200, 650, 700))
    assert lies_at(small, (300, 300, 420, 430))
    # Equal boxes: a click reaches the upper one, the next click the one below.
    labeling.drag(100, 100, 200, 200)
    labeling.press("Escape")
    page.keyboard.down("Shift")
    labeling.drag(100, 100, 200, 200)
    page.keyboard.up("Shift")
    labeling.press("Escape")
    labeling.click(150, 150)
    expect(page.get_by_role("button", name="2 bottle")).to_have_attribute("aria-pressed", "true")
    labeling.click(150, 150)
    expect(page.get_by_role("button", name="1 bottle")).to_have_attribute("aria-pressed", "true")
    page.mouse.move(*labeling.on_screen(700, 700))
    labeling.press("u")
    labeling.said("There is no box here.")


def test_keys_before_the_panels_are_loaded_count_and_the_picture_stays(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    console = make_console(photographed.partner)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    console.page.route("**/assets/side-*.js", hold)
    labeling = Labeling(console, photographed)
    labeling.open(0)
    labeling.wait(0)
    corners = labeling.on_screen(0, 0), labeling.on_screen(1200, 800)
    labeling.press("b", "ArrowRight")
    labeling.drag(100, 100, 300, 200)
    (side,) = held
    side.continue_()
    labeling.count(2)
    labeling.saved()
    assert (labeling.on_screen(0, 0), labeling.on_screen(1200, 800)) == corners
    assert len(labeling.drafted(0)) == 2


def test_zoom_as_in_a_map(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    page = labeling.page

    def scale() -> float:
        (left, _), (right, _) = labeling.on_screen(0, 0), labeling.on_screen(100, 0)
        return (right - left) / 100

    fitted = scale()
    at = labeling.on_screen(900, 600)
    page.mouse.move(*at)
    page.mouse.wheel(0, -600)
    page.wait_for_function(
        "(scale) => document.querySelector('.stage-image').getBoundingClientRect().width > 1200 * scale * 1.5",
        arg=fitted,
    )
    assert labeling.on_screen(900, 600) == pytest.approx(at, abs=1)
    before = labeling.on_screen(900, 600)
    page.keyboard.down(" ")
    page.mouse.down()
    page.mouse.move(at[0] - 80, at[1] - 50)
    page.mouse.up()
    page.keyboard.up(" ")
    assert labeling.on_screen(900, 600) == pytest.approx((before[0] - 80, before[1] - 50), abs=1)
    labeling.count(0)
    # The next image keeps magnification and place.
    kept = scale(), labeling.on_screen(900, 600)
    labeling.press("d")
    labeling.wait(1)
    assert scale() == pytest.approx(kept[0])
    assert labeling.on_screen(900, 600) == pytest.approx(kept[1], abs=1)
    labeling.press("f")
    page.wait_for_function(
        "(scale) => Math.abs(document.querySelector('.stage-image').getBoundingClientRect().width - 1200 * scale) < 1",
        arg=fitted,
    )
    labeling.press("s")
    labeling.wait(0)
    labeling.press("s")
    labeling.said("This is the first image.")


@contextmanager
def fingers(labeling: Labeling) -> Iterator[Callable[..., None]]:
    """Touch the image: each call says where the fingers are, and without any all are lifted."""
    session: CDPSession = labeling.console.context.new_cdp_session(labeling.page)
    held: list[tuple[float, float]] = []

    def touch(*points: tuple[float, float]) -> None:
        kind = (
            "touchMove"
            if points and len(points) == len(held)
            else "touchStart"
            if len(points) > len(held)
            else "touchEnd"
        )
        sent = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": sent})
        held[:] = points

    yield touch
    session.detach()


def test_one_finger_draws_and_two_move_and_zoom(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed, has_touch=True, viewport={"width": 820, "height": 1180})
    page = labeling.page
    with fingers(labeling) as touch:
        touch(labeling.on_screen(100, 100))
        touch(labeling.on_screen(200, 200))
        touch(labeling.on_screen(400, 300))
        touch()
        expect(page.locator(".said")).not_to_contain_text("nothing")
        # A tap chooses none, a second tap draws by two corners.
        for x, y in ((600, 500), (800, 700)):
            touch(labeling.on_screen(x, y))
            touch()
        labeling.saved()
        boxes = labeling.drafted(0)
        assert len(boxes) == 2
        assert lies_at(boxes[0][1], (100, 100, 400, 300))
        assert lies_at(boxes[1][1], (600, 500, 800, 700))
        # What one finger has begun is dropped when the second one comes.
        (left, top), (right, _) = labeling.on_screen(0, 0), labeling.on_screen(1200, 0)
        level = top + 200
        middle = (left + right) / 2
        touch((middle - 60, level))
        touch((middle - 62, level + 2))
        touch((middle - 62, level + 2), (middle + 60, level))
        for step in range(1, 11):
            touch((middle - 62 - 8 * step, level + 2), (middle + 60 + 8 * step, level))
        touch((middle - 142, level + 2))
        touch((middle - 200, level + 90))
        touch()
        labeling.saved()
    width = labeling.on_screen(1200, 0)[0] - labeling.on_screen(0, 0)[0]
    assert width > 1.8 * (right - left)
    assert len(labeling.drafted(0)) == 2


def test_suggestions_of_a_model(make_console: MakeConsole, app: Flask, admin: Caller, title: str) -> None:
    photographed = photograph(app, admin, title)
    new = {
        "title": f"{title}-m",
        "kind": "model",
        "model": "detector",
        "version": "1",
        "classes": [{"name": "bottle"}, {"name": "can"}],
    }
    model = admin.post("/campaigns", new).expect(200)["campaign_id"]
    admin.post(f"/campaigns/{model}/images", [{"id": image_id} for image_id in photographed.image_ids]).expect(200)
    admin.put(f"/campaigns/{model}", {"new_status": "active"}).expect(200)
    boxes = [(10, 10, 60, 60, "bottle", 0.9), (100, 100, 200, 160, "can", 0.6), (300, 300, 400, 360, "can", 0.3)]
    objects = [
        {
            "bounding_box": {"xmin": x, "ymin": y, "xmax": right, "ymax": bottom},
            "label": label,
            "confidence": confidence,
        }
        for x, y, right, bottom, label, confidence in boxes
    ]
    found = [{"image_id": image_id, "objects": objects} for image_id in photographed.image_ids[:2]]
    admin.put(f"/campaigns/{model}/objects", found).expect(200)
    admin.patch(f"/campaigns/{photographed.campaign_id}", {"prelabels_from": model}).expect(200)
    labeling = start(make_console, photographed)
    page = labeling.page
    labeling.count(0)
    expect(page.get_by_role("heading", name="Suggestions 3")).to_be_visible()
    # One by one, edited at once, put aside; and all at once.
    page.get_by_role("button", name="1 bottle 90%").click()
    labeling.press("a")
    labeling.count(1)
    page.get_by_role("button", name="1 can 60%").click()
    page.get_by_label("Left", exact=True).fill("110")
    page.get_by_label("Left", exact=True).press("Enter")
    labeling.count(2)
    page.get_by_role("button", name="1 can 30%").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("heading", name="Suggestions")).to_have_count(0)
    page.get_by_role("button", name="Done, next").click()
    labeling.wait(1)
    labeling.press("Shift+A")
    labeling.count(3)
    labeling.press("Control+z")
    labeling.count(0)
    labeling.press("a", "Enter")
    labeling.wait(2)
    labeling.saved()
    assert labeling.submitted(0)[1] == [("bottle", (10, 10, 60, 60)), ("can", (110, 100, 210, 160))]
    assert [box for _, box in labeling.submitted(1)[1]] == [tuple(box[:4]) for box in boxes]


def test_letters_can_be_changed(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    page = labeling.page
    page.get_by_role("button", name="Change letters").click()
    field = page.get_by_label("New box in the middle of the view")
    field.press("n")
    expect(field).to_have_value("b")
    # Also before the letter that stands there.
    field.press("Home")
    field.press("j")
    expect(field).to_have_value("j")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Letters")).to_be_hidden()
    labeling.press("b")
    labeling.count(0)
    labeling.press("j")
    labeling.count(1)
    labeling.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("New box in the middle of the view")
    page.get_by_label("Take keys without Ctrl as commands").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    labeling.press("j", "0")
    labeling.count(1)
    labeling.press("Control+z")
    labeling.count(0)


def test_comment_of_a_reviewer_is_shown_and_the_image_done_again(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    path = f"/campaigns/{photographed.campaign_id}"
    image_ids = photographed.image_ids
    photographed.partner.put(
        f"{path}/objects", [{"image_id": image_id, "objects": []} for image_id in image_ids[:3]]
    ).expect(200)
    review = [{"image_id": image_ids[1], "verdict": "rejected", "comment": "The bottle at the left is missing."}]
    photographed.admin.put(f"{path}/reviews", review).expect(200)
    labeling = start(make_console, photographed, 1)
    labeling.page.get_by_text("The bottle at the left is missing.").wait_for()
    labeling.drag(50, 50, 150, 150)
    labeling.press("Enter")
    labeling.wait(3)
    labeling.saved()
    assert labeling.submitted(1)[0] == "labeled"
    image = photographed.admin.get(f"{path}/objects?after={image_ids[1] - 1}&per_page=1").expect(200)["images"][0]
    assert image["review"] is None
