"""What a labeling page costs in a browser, measured from outside of it: the same script for pages of any make.

A picture counts as shown when an `<img>` with its proportions stands in the page, large enough to be the one that is labeled,
has been decoded, and a frame has passed since. Its proportions say which one it is, because previews, blobs and links of all
kinds have them in common.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, ViewportSize, sync_playwright

VIEWPORT: ViewportSize = {"width": 1280, "height": 800}
# Neither program may wait for a host outside; as root Chromium runs without its sandbox only.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE_MS = 60_000
# The proportions of two pictures differ by more.
TOLERANCE = 0.003
# Thumbnails are smaller.
LEAST_SHARE = 0.1
WATCH = """() => {
  const isLarge = (image) => {
    const { width, height } = image.getBoundingClientRect();
    const style = getComputedStyle(image);
    return width * height > LEAST_SHARE * innerWidth * innerHeight && style.visibility === "visible" && style.opacity > 0.5;
  };
  // Resolves to the milliseconds since navigation at which the picture of these proportions was shown, and its width in the file.
  window.pictureShown = (ratio, leastWidth = 1) => new Promise((resolve) => {
    const isAsked = (image) => Math.abs(image.naturalWidth / image.naturalHeight - ratio) < TOLERANCE;
    const fits = (image) => image.complete && image.naturalWidth >= leastWidth && isAsked(image) && isLarge(image);
    const look = async () => {
      const image = [...document.images].find(fits);
      const source = image?.currentSrc;
      const isDecoded = image && (await image.decode().then(() => true, () => false));
      // It may have been replaced meanwhile.
      if (!isDecoded || image.currentSrc !== source) return requestAnimationFrame(look);
      requestAnimationFrame(() => setTimeout(() => resolve([performance.now(), image.naturalWidth])));
    };
    requestAnimationFrame(look);
  });
}"""
# When the key went down: the clock of events is that of `performance.now()`.
KEY = "() => addEventListener('keydown', (event) => { window.keyPressed = event.timeStamp }, { capture: true })"
FRAMES = """() => {
  const frames = (window.frameTimes = []);
  const note = (now) => {
    frames.push(now);
    if (window.frameTimes === frames) requestAnimationFrame(note);
  };
  requestAnimationFrame(note);
}"""
STOP_FRAMES = """() => {
  const frames = window.frameTimes;
  window.frameTimes = null;
  return frames.slice(1).map((time, i) => time - frames[i]);
}"""
IMAGE_RECT = """([ratio, tolerance]) => {
  const fits = (image) => Math.abs(image.naturalWidth / image.naturalHeight - ratio) < tolerance;
  const areas = [...document.images].filter(fits).map((image) => image.getBoundingClientRect());
  const { left, top, width, height } = areas.reduce((one, other) => (one.width > other.width ? one : other));
  return [left, top, width, height];
}"""


@dataclass(frozen=True)
class Opened:
    """What it took to open a page: milliseconds, and what came over the network until then."""

    shown_ms: float
    sharp_ms: float
    script_bytes: int
    script_bytes_sent: int
    requests: int


@dataclass(frozen=True)
class Dragged:
    """What a drag cost: main-thread milliseconds a move, and the milliseconds between frames."""

    ms_per_move: float
    frames: list[float]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium. Raises RuntimeError where it is not installed."""
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("Chromium is not installed (Debian: apt-get install chromium).")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass(frozen=True)
class SignedIn:
    """What a browser keeps of somebody who has signed in."""

    state: Any
    session: dict[str, str]

    @classmethod
    def of(cls, page: Page) -> "SignedIn":
        return cls(page.context.storage_state(), page.evaluate("() => ({ ...sessionStorage })"))

    def new_context(self, browser: Browser) -> BrowserContext:
        """Return a context with nothing but that: its caches are empty."""
        context = browser.new_context(viewport=VIEWPORT, storage_state=self.state)
        context.set_default_timeout(PATIENCE_MS)
        entries = json.dumps(self.session)
        context.add_init_script(
            f"for (const [name, value] of Object.entries({entries})) sessionStorage.setItem(name, value)"
        )
        watch = WATCH.replace("LEAST_SHARE", str(LEAST_SHARE)).replace("TOLERANCE", str(TOLERANCE))
        context.add_init_script(f"({watch})(); ({KEY})()")
        return context


class Traffic:
    """Counts what a page loads."""

    def __init__(self, session: CDPSession) -> None:
        self.kinds: dict[str, str] = {}
        self.sent: dict[str, int] = {}
        self.whole: dict[str, int] = {}
        session.send("Network.enable")
        session.on("Network.responseReceived", self._answered)
        session.on("Network.dataReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def _answered(self, event: dict[str, Any]) -> None:
        self.kinds[event["requestId"]] = event["type"]

    def _received(self, event: dict[str, Any]) -> None:
        self.whole[event["requestId"]] = self.whole.get(event["requestId"], 0) + event["dataLength"]

    def _finished(self, event: dict[str, Any]) -> None:
        self.sent[event["requestId"]] = int(event["encodedDataLength"])

    def script(self, counts: dict[str, int]) -> int:
        return sum(count for request, count in counts.items() if self.kinds.get(request) == "Script")


def open_cold(browser: Browser, signed_in: SignedIn, url: str, ratio: float, width: int) -> Opened:
    """Open a page in a browser that knows nothing but who has signed in."""
    context = signed_in.new_context(browser)
    page = context.new_page()
    traffic = Traffic(context.new_cdp_session(page))
    page.goto(url, wait_until="commit")
    shown, _ = page.evaluate("(ratio) => window.pictureShown(ratio)", ratio)
    script, sent, requests = traffic.script(traffic.whole), traffic.script(traffic.sent), len(traffic.kinds)
    sharp, _ = page.evaluate("([ratio, width]) => window.pictureShown(ratio, width)", [ratio, width])
    context.close()
    return Opened(shown, sharp, script, sent, requests)


def rect_of(page: Page, ratio: float) -> tuple[float, float, float, float]:
    """Return where the picture is on the page: left, top, width and height."""
    left, top, width, height = page.evaluate(IMAGE_RECT, [ratio, TOLERANCE])
    return left, top, width, height


def press_for_next(page: Page, key: str, ratio: float) -> float:
    """Press the key that leads to the next picture, and return the milliseconds from there until it is shown."""
    page.evaluate("(ratio) => { window.next = window.pictureShown(ratio) }", ratio)
    page.keyboard.press(key)
    shown, pressed = page.evaluate("async () => [(await window.next)[0], window.keyPressed]")
    return float(shown - pressed)


def drag(page: Page, start: tuple[float, float], moves: int, step: float) -> Dragged:
    """Drag what lies at a point of the page to the right, by so many moves of `step` pixels."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    left, top = start
    page.mouse.move(left, top)
    page.mouse.down()
    page.evaluate(FRAMES)
    begun = _worked(session)
    for number in range(1, moves + 1):
        page.mouse.move(left + step * number, top + number % 5)
    ended = _worked(session)
    frames: list[float] = page.evaluate(STOP_FRAMES)
    page.mouse.up()
    session.detach()
    return Dragged((ended - begun) / moves, frames)


def _worked(session: CDPSession) -> float:
    """Return what the main thread of the page has worked so far, in milliseconds."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(1000 * metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))
