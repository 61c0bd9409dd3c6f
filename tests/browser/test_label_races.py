"""Two things in one instant on the labeling page: two tabs, a key while the mouse is held, a question and another image."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.console import Console
from tests.browser.labeling import lies_at
from tests.browser.pictures import Photographed
from tests.browser.test_label import start

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]
# The entry of the image, as another tab would have written it whose message is still on its way.
WRITE_AS_ANOTHER_TAB = """async () => {
  const [{ name }] = await indexedDB.databases();
  const database = await new Promise((done) => (indexedDB.open(name).onsuccess = (event) => done(event.target.result)));
  const entries = database.transaction("entries", "readwrite").objectStore("entries");
  const all = entries.getAll();
  await new Promise((done) => (all.onsuccess = done));
  const [entry] = all.result;
  const [box] = entry.body.objects;
  const body = { ...entry.body, objects: [{ ...box, label: "can" }] };
  const put = entries.put({ ...entry, key: "of another tab", state: "waiting", body });
  await new Promise((done) => (put.onsuccess = done));
  database.close();
}"""


def test_what_two_tabs_wrote_in_one_instant_is_there_until_somebody_chooses(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    labeling = start(make_console, photographed)
    heading = labeling.page.get_by_role("heading", name="You changed this image in two places")
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    labeling.page.evaluate(WRITE_AS_ANOTHER_TAB)
    labeling.drag(400, 400, 600, 500)
    expect(heading).to_be_visible()
    labeling.press("Enter")
    labeling.said("Choose one of the two first")
    labeling.page.reload()
    expect(heading).to_be_visible()
    labeling.page.get_by_role("button", name="Keep both, merged").click()
    labeling.count(3)
    labeling.saved()
    assert sorted(label for label, _ in labeling.drafted(0)) == ["bottle", "bottle", "can"]
    assert any(lies_at(box, (400, 400, 600, 500)) for _, box in labeling.drafted(0))


def test_enter_before_the_mouse_is_released_leaves_no_box_behind(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    labeling = start(make_console, photographed)
    labeling.drag(100, 100, 300, 200)
    labeling.page.mouse.move(*labeling.on_screen(400, 400))
    labeling.page.mouse.down()
    labeling.page.mouse.move(*labeling.on_screen(600, 500))
    labeling.press("Enter")
    labeling.page.mouse.up()
    labeling.count(2)
    labeling.press("Enter")
    labeling.wait(1)
    labeling.saved()
    assert len(labeling.submitted(0)[1]) == 2


def test_question_about_an_image_is_no_answer_about_the_next(
    make_console: MakeConsole, photographed: Photographed
) -> None:
    labeling = start(make_console, photographed)
    labeling.press("d")
    labeling.wait(1)
    labeling.drag(100, 100, 300, 200)
    labeling.saved()
    labeling.press("0")
    question = labeling.page.get_by_role("dialog", name="Nothing here?")
    expect(question).to_be_visible()
    labeling.page.go_back()
    labeling.wait(0)
    question.get_by_role("button", name="Remove, and nothing here").click()
    expect(question).to_be_hidden()
    labeling.press("d")
    labeling.wait(1)
    labeling.count(1)
    assert [labeling.submitted(place)[0] for place in (0, 1)] == ["unlabeled", "unlabeled"]
