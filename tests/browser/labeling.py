"""The labeling page as a person uses it, for the tests of the console."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.console import Console
from tests.browser.pictures import Photographed

Box = tuple[float, float, float, float]
# What is drawn by hand lands on a pixel of the screen, which is more than one of the image.
TOLERANCE = 4.0
# Whether the one database of this origin has so many entries that wait.
KEPT = """async (number) => {
  const [{ name }] = await indexedDB.databases();
  const database = await new Promise((done) => (indexedDB.open(name).onsuccess = (event) => done(event.target.result)));
  const all = database.transaction("entries").objectStore("entries").getAll();
  await new Promise((done) => (all.onsuccess = done));
  database.close();
  return all.result.filter((entry) => entry.state !== "kept").length === number;
}"""


class Labeling:
    """One tab with the labeling page of a campaign. Points and boxes (left, top, right, bottom) are in pixels of the image."""

    def __init__(self, console: Console, photographed: Photographed, page: Page | None = None) -> None:
        self.console = console
        self.photographed = photographed
        self.page = page or console.page

    def address(self, place: int) -> str:
        """Return the address of an image by its place in the campaign."""
        return f"/campaigns/{self.photographed.campaign_id}/label/{self.photographed.image_ids[place]}"

    def open(self, place: int) -> None:
        self.page.goto(f"{self.console.url}{self.address(place)}")

    def wait(self, place: int) -> None:
        """Wait until an image is shown, with its picture."""
        expect(self.page).to_have_url(re.compile(f"{self.address(place)}$"), timeout=30_000)
        shown = self.page.locator(f'.labeling[data-image="{self.photographed.image_ids[place]}"]')
        expect(shown).to_be_visible(timeout=30_000)
        self.wait_for_picture()

    def wait_for_picture(self) -> None:
        self.page.wait_for_function(
            "() => { const image = document.querySelector('.stage-image');"
            " return image && image.complete && image.naturalWidth > 0 && image.style.transform !== '' }",
            timeout=30_000,
        )

    @property
    def stage(self) -> Locator:
        return self.page.locator(".labeling-stage > .stage")

    def on_screen(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the image is on the page."""
        rect = self.page.locator(".labeling-stage > .stage > img").evaluate(
            "(image) => { const { left, top, width } = image.getBoundingClientRect();"
            " return { left, top, scale: width / image.width } }"
        )
        return rect["left"] + x * rect["scale"], rect["top"] + y * rect["scale"]

    def drag(self, from_x: float, from_y: float, to_x: float, to_y: float) -> None:
        self.page.mouse.move(*self.on_screen(from_x, from_y))
        self.page.mouse.down()
        self.page.mouse.move(*self.on_screen((from_x + to_x) / 2, (from_y + to_y) / 2))
        self.page.mouse.move(*self.on_screen(to_x, to_y))
        self.page.mouse.up()

    def click(self, x: float, y: float, **options: Any) -> None:
        left, top = self.on_screen(x, y)
        self.page.mouse.click(left, top, **options)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def count(self, number: int) -> None:
        """Wait until the image has so many boxes."""
        expect(self.page.locator(".panel-boxes h2 .quiet")).to_have_text(str(number))

    def saved(self) -> None:
        """Wait until the service has everything."""
        expect(self.page.locator(".saved")).to_have_text(re.compile(r"^Saved \d"), timeout=30_000)

    def unsent(self, number: int) -> None:
        expect(self.page.locator(".saved")).to_contain_text(f"Not sent yet ({number})")

    def kept(self, number: int) -> None:
        """Wait until the browser itself keeps what so many images wait for to be sent: a closed tab loses none of it."""
        self.page.wait_for_function(KEPT, arg=number, timeout=30_000)

    def said(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator(".said")).to_contain_text(words)

    def submitted(self, place: int) -> tuple[str, list[tuple[str, Box]]]:
        """Return the state of an image at the service, and its labels and boxes."""
        image_id = self.photographed.image_ids[place]
        path = f"/campaigns/{self.photographed.campaign_id}/objects?after={image_id - 1}&per_page=1"
        (image,) = self.photographed.admin.get(path).expect(200)["images"]
        assert image["image_id"] == image_id
        return image["state"], [(item["label"], box_of(item)) for item in image["objects"]]

    def drafted(self, place: int) -> list[tuple[str, Box]]:
        """Return labels and boxes of the partner's draft."""
        query = f"image={self.photographed.image_ids[place]}"
        path = f"/campaigns/{self.photographed.campaign_id}/drafts?{query}"
        drafts = self.photographed.partner.get(path).expect(200)["drafts"]
        return [(item["label"], box_of(item)) for draft in drafts for item in draft["objects"]]


def box_of(item: dict[str, Any]) -> Box:
    box = item["bounding_box"]
    return box["xmin"], box["ymin"], box["xmax"], box["ymax"]


def lies_at(box: Box, expected: Box) -> bool:
    """Return whether a box that was drawn by hand is where it was meant to be."""
    return all(abs(edge - other) <= TOLERANCE for edge, other in zip(box, expected, strict=True))
