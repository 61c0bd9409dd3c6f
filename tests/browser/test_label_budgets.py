"""What the labeling page costs: script before the image, and the main thread while a box is dragged among a thousand."""

import gzip
import io
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import CDPSession

from tests.browser.console import Console
from tests.browser.labeling import Labeling
from tests.browser.pictures import CLASSES, Photographed, draw_water, upload
from tests.browser.test_label import start
from tests.caller import Caller
from tests.workers import run_jobs

pytestmark = pytest.mark.slow

MakeConsole = Callable[..., Console]
KILOBYTE = 1000
SCRIPT_LIMIT = 40 * KILOBYTE
MOVE_LIMIT_MS = 8.0
REDRAW_RATIO = 1.5
WIDTH, HEIGHT = 5472, 3648
BOXES = 1000
MOVES = 60
# The boxes alone, drawn on an empty canvas in the way of the page: what a redraw costs at least on this machine.
BARE_REDRAW = """async ([boxes, imageWidth, times]) => {
  const stage = document.querySelector(".labeling-stage > .stage");
  const canvas = document.createElement("canvas");
  canvas.width = stage.clientWidth * devicePixelRatio;
  canvas.height = stage.clientHeight * devicePixelRatio;
  const context = canvas.getContext("2d");
  const scale = document.querySelector(".stage-image").getBoundingClientRect().width / imageWidth;
  for (let i = 0; i < times; i++) {
    await new Promise(requestAnimationFrame);
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const [color, width] of [["#000000", 4.5], ["#ffe14d", 2]]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.beginPath();
      for (const [x, y, right, bottom] of boxes) {
        context.rect(x * scale + i, y * scale, (right - x) * scale, (bottom - y) * scale);
      }
      context.stroke();
    }
    context.getImageData(0, 0, 1, 1);
  }
}"""


def grid(count: int) -> list[tuple[int, int, int, int]]:
    """Return boxes that lie all over the image."""
    columns = 40
    step_x, step_y = WIDTH // columns, HEIGHT // (count // columns)
    places = [(number % columns * step_x + 4, number // columns * step_y + 4) for number in range(count)]
    return [(x, y, x + step_x - 20, y + step_y - 20) for x, y in places]


@pytest.fixture
def crowded(app: Flask, admin: Caller, title: str) -> Photographed:
    """A campaign with two images of 20 megapixels, the first one with a thousand boxes."""
    made = admin.post("/image_sets", {"title": title}).expect(200)
    small = Image.open(io.BytesIO(draw_water(1)))
    stream = io.BytesIO()
    small.resize((WIDTH, HEIGHT)).save(stream, "JPEG", quality=80)
    upload(made["dropbox_url"], {"large-1.jpg": stream.getvalue(), "large-2.jpg": stream.getvalue() + b"\\0"})
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "finished"}).expect(200)
    run_jobs(app, hurry=True)
    listed = admin.get(f"/image_sets/{made['imageset_id']}/images").expect(200)
    image_ids = [image["image_id"] for image in listed["images"]]
    body = {"title": title, "labeler_email": "pat@partner.example", "classes": CLASSES}
    created = admin.post("/campaigns", body).expect(200)
    campaign_id, token = created["campaign_id"], created["access_token"]
    admin.post(f"/campaigns/{campaign_id}/images", [{"id": image_id} for image_id in image_ids]).expect(200)
    admin.put(f"/campaigns/{campaign_id}", {"new_status": "active"}).expect(200)
    objects = [
        {
            "bounding_box": dict(zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)),
            "label": CLASSES[number % 3]["name"],
        }
        for number, box in enumerate(grid(BOXES))
    ]
    admin.put(f"/campaigns/{campaign_id}/objects", [{"image_id": image_ids[0], "objects": objects}]).expect(200)
    partner = Caller(admin.http, token["apikey"], token["apisecret"])
    return Photographed(made["imageset_id"], campaign_id, title, image_ids, partner, "pat@partner.example", admin)


@contextmanager
def main_thread(labeling: Labeling) -> Iterator[Callable[[], float]]:
    """Measure what the main thread has worked so far, in milliseconds."""
    session: CDPSession = labeling.console.context.new_cdp_session(labeling.page)
    session.send("Performance.enable")

    def worked() -> float:
        metrics: list[dict[str, Any]] = session.send("Performance.getMetrics")["metrics"]
        return float(next(1000 * metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))

    yield worked
    session.detach()


def test_script_before_the_image_is_small(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    # Anew, and only until the picture shows: what is loaded after that does not hold it up.
    labeling.page.reload()
    labeling.wait(0)
    urls: list[str] = labeling.page.evaluate(
        """() => {
          const entries = performance.getEntriesByType("resource");
          const picture = entries.filter(({ initiatorType }) => initiatorType === "img").map(({ responseEnd }) => responseEnd);
          const shown = Math.min(...picture);
          const scripts = entries.filter(({ name }) => new URL(name).pathname.endsWith(".js"));
          return scripts.filter(({ startTime }) => startTime < shown).map(({ name }) => name);
        }"""
    )
    assert len(urls) >= 2
    sizes = {url: len(gzip.compress(labeling.page.request.get(url).body(), 9)) for url in urls}
    assert sum(sizes.values()) <= SCRIPT_LIMIT, sizes


@pytest.mark.flaky(reruns=2)
def test_box_among_a_thousand_is_dragged_without_delay(make_console: MakeConsole, crowded: Photographed) -> None:
    labeling = start(make_console, crowded)
    page = labeling.page
    labeling.count(BOXES)
    # The file itself has taken the place of the preview.
    page.wait_for_function(
        "(width) => document.querySelector('.stage-image').naturalWidth === width", arg=WIDTH, timeout=60_000
    )
    page.wait_for_load_state("networkidle")
    x, y, right, bottom = grid(BOXES)[420]
    labeling.click((x + right) / 2, (y + bottom) / 2)
    left, top = labeling.on_screen((x + right) / 2, (y + bottom) / 2)

    def drag() -> None:
        page.mouse.move(left, top)
        page.mouse.down()
        for step in range(MOVES):
            page.mouse.move(left + 3 * step, top + step % 7)
        page.mouse.up()

    with main_thread(labeling) as worked:
        costs, redraws = [], []
        for _ in range(3):
            begun = worked()
            page.evaluate(BARE_REDRAW, [grid(BOXES), WIDTH, MOVES])
            redraws.append((worked() - begun) / MOVES)
            begun = worked()
            drag()
            costs.append((worked() - begun) / (MOVES + 2))
            page.keyboard.press("Control+z")
            labeling.saved()
    cost, redraw = statistics.median(costs), statistics.median(redraws)
    assert cost <= max(MOVE_LIMIT_MS, REDRAW_RATIO * redraw), f"{cost:.2f} ms a move, bare redraw {redraw:.2f} ms"


def test_next_image_is_there_at_once(make_console: MakeConsole, photographed: Photographed) -> None:
    labeling = start(make_console, photographed)
    page = labeling.page
    page.wait_for_load_state("networkidle")
    # What the next image needs has been loaded: it shows without any answer of the service or the storage.
    labeling.console.context.set_offline(True)
    labeling.press("d")
    labeling.wait(1)
    labeling.console.context.set_offline(False)
