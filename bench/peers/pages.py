"""The labeling pages of LabelAPI and of Label Studio in the same browser, in turns: `make bench-pages`.

Both show the same files of 20 megapixels, from the same storage, in the same window, to somebody who has signed in. Both have
three classes and boxes; the servers are those of `bench.peers.label_studio`, with two processes each. Label Studio is opened
as its button "Label All Tasks" does, and its task with boxes as a click on the task does, which leaves less room for the
picture than LabelAPI has. What is pressed for the next picture saves the present one in both: Enter here, Ctrl+Enter there.
"""

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Browser, Page

from bench.machine import facts
from bench.peers.browser import Dragged, Opened, SignedIn, chromium, drag, open_cold, press_for_next, rect_of
from bench.peers.label_studio import label_studio
from bench.peers.scene import (
    COLUMNS,
    PICTURES,
    ROWS,
    Client,
    Ours,
    Theirs,
    allow_pages,
    boxes,
    draw,
    fill_ours,
    fill_theirs,
    size_of,
)
from bench.service import running_service
from tests.workers import worker

RESULTS = Path(__file__).with_name("pages.md")
WORDS = """
- **Compared** is the labeling page as somebody uses it who has signed in, in turns, in one window of 1280 x 800, with the
  same files from the same storage. Each has its own server with two processes: LabelAPI on PostgreSQL, Label Studio on
  SQLite, as pip installs it. Requests of Label Studio to hosts outside fail at once, so that it waits for none.
- **Shown** means: in the page, decoded, and a frame later. LabelAPI shows a preview of 2,048 pixels first, which its worker
  made; Label Studio has no previews, and shows the file.
- **Next**: a box is drawn, then Enter saves and leads on in LabelAPI, and Ctrl+Enter submits and leads on in Label Studio.
  LabelAPI keeps the labels in the browser, sends them later and has fetched the next preview ahead; Label Studio sends them
  first, and then asks for the next task. Two seconds pass before each.
- **Dragged**: 60 moves of a box. The page of Label Studio for a task that has boxes leaves less room for the picture, which
  is in its favor.
- **Script**: the server of Label Studio sends it uncompressed; a proxy before it may compress it.
"""
ROUNDS = 5
# Each takes campaigns and projects of its own, because labeled pictures do not come again.
NEXT_ROUNDS = 2
MOVES, STEP = 60, 2
# One in the middle.
DRAGGED = COLUMNS * (ROWS // 2) + COLUMNS // 2
# So long somebody looks at a picture at least; what is fetched ahead has time to arrive.
LOOK_MS = 2_000
T = TypeVar("T")


@dataclass(frozen=True)
class Program:
    """One of the two, as the person who labels uses it."""

    name: str
    signed_in: SignedIn
    queues: list[str]
    crowded: str
    submit: str
    # An expression: where the chosen box is, as the program says.
    chosen_left: str
    # How many pictures of a queue have labels, as the service says.
    count_labeled: Callable[[int], int]


def ratio_of(number: int) -> float:
    width, height = size_of(number)
    return width / height


def enter_ours(browser: Browser, ours: Ours, client: Client) -> Program:
    """Sign in at LabelAPI; the client is that of an admin."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(ours.url)
        page.get_by_label("Key", exact=True).fill(ours.key)
        page.get_by_label("Secret").fill(ours.secret)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Sign out").wait_for()
        signed_in = SignedIn.of(page)
    queues = [f"{ours.url}/campaigns/{number}/label" for number in ours.campaigns]
    left = "Number(document.querySelector('.box-fields input').value)"

    def count(number: int) -> int:
        return int(client.send("GET", f"/campaigns/{ours.campaigns[number]}")["progress"]["done"])

    return Program("LabelAPI", signed_in, queues, ours.crowded, "Enter", left, count)


def enter_theirs(browser: Browser, theirs: Theirs, client: Client, password: str) -> Program:
    """Sign in at Label Studio; the client has the same account."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{theirs.url}/user/login")
        page.locator("input[name=email]").fill("ada@example.org")
        page.locator("input[name=password]").fill(password)
        page.locator("button[type=submit]").click()
        page.wait_for_url(lambda url: "/user/login" not in url)
        signed_in = SignedIn.of(page)
    queues = [f"{theirs.url}/projects/{number}/data?labeling=1" for number in theirs.projects]
    left = "window.Htx.annotationStore.selected.regions.find((region) => region.inSelection).x"

    def count(number: int) -> int:
        return int(client.send("GET", f"/projects/{theirs.projects[number]}/")["num_tasks_with_annotations"])

    return Program("Label Studio", signed_in, queues, theirs.crowded, "Control+Enter", left, count)


def draw_box(page: Page, number: int) -> None:
    """Draw a box of the first class in the middle of the picture."""
    left, top, width, height = rect_of(page, ratio_of(number))
    page.keyboard.press("1")
    page.mouse.move(left + width * 0.4, top + height * 0.4)
    page.mouse.down()
    page.mouse.move(left + width * 0.5, top + height * 0.5)
    page.mouse.move(left + width * 0.6, top + height * 0.6)
    page.mouse.up()


def label_all(browser: Browser, program: Program, queue: int) -> list[float]:
    """Label all pictures of a queue but the last, and return the milliseconds from each to the next one."""
    context = program.signed_in.new_context(browser)
    page = context.new_page()
    page.goto(program.queues[queue])
    page.evaluate("(ratio) => window.pictureShown(ratio)", ratio_of(0))
    took = []
    for number in range(PICTURES - 1):
        page.wait_for_timeout(LOOK_MS)
        draw_box(page, number)
        page.wait_for_timeout(LOOK_MS)
        took.append(press_for_next(page, program.submit, ratio_of(number + 1)))
    page.wait_for_timeout(LOOK_MS)
    context.close()
    if program.count_labeled(queue) != len(took):
        raise RuntimeError(f"{program.name} has labels of {program.count_labeled(queue)} pictures, not of {len(took)}.")
    return took


class Crowded:
    """A picture with all the boxes, open in a page of its own."""

    def __init__(self, browser: Browser, program: Program) -> None:
        self.program = program
        context = program.signed_in.new_context(browser)
        self.page = context.new_page()
        self.page.goto(program.crowded)
        self.page.evaluate("([ratio, width]) => window.pictureShown(ratio, width)", [ratio_of(0), size_of(0)[0]])
        self.page.wait_for_load_state("networkidle")
        left, top, width, _ = rect_of(self.page, ratio_of(0))
        scale = width / size_of(0)[0]
        x, y, right, bottom = boxes()[DRAGGED]
        self.place = left + (x + right) / 2 * scale, top + (y + bottom) / 2 * scale
        self.page.mouse.click(*self.place)
        self.page.wait_for_function(f"() => {program.chosen_left} > 0")

    def drag(self, direction: int) -> Dragged:
        """Drag the box to the right or to the left. Raises RuntimeError when it is not where it should be then."""
        before = self.page.evaluate(f"() => {self.program.chosen_left}")
        dragged = drag(self.page, self.place, MOVES, direction * STEP)
        self.place = self.place[0] + direction * STEP * MOVES, self.place[1]
        self.page.wait_for_load_state("networkidle")
        after = self.page.evaluate(f"() => {self.program.chosen_left}")
        if (after - before) * direction <= 0:
            raise RuntimeError(f"{self.program.name} did not move the box: {before} {after}")
        return dragged


def in_turns(programs: Sequence[Program], rounds: int, measure: Callable[[Program, int], T]) -> list[list[T]]:
    """Measure each program in each round, the other one first every second time; return what was measured by program."""
    found: list[list[T]] = [[] for _ in programs]
    for number in range(rounds):
        for index in sorted(range(len(programs)), reverse=number % 2 == 1):
            found[index].append(measure(programs[index], number))
            print(f"{programs[index].name}, round {number + 1} of {rounds}", flush=True)
    return found


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median, and the quartiles around it."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:,.{digits}f} ms ({low:,.{digits}f} to {high:,.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def opened_rows(found: list[list[Opened]]) -> list[list[str]]:
    """Return the lines about opening the page."""
    return [
        ["opened with an empty cache: picture shown", *(spread([each.shown_ms for each in one]) for one in found)],
        ["… the file of 20 megapixels shown", *(spread([each.sharp_ms for each in one]) for one in found)],
        ["… script until then, as transferred", *(f"{one[-1].script_bytes_sent / 1000:,.0f} kB" for one in found)],
        ["… the same before compression", *(f"{one[-1].script_bytes / 1000:,.0f} kB" for one in found)],
        ["… requests until then", *(f"{statistics.median(each.requests for each in one):.0f}" for one in found)],
    ]


def dragged_rows(found: list[list[Dragged]]) -> list[list[str]]:
    """Return the lines about dragging."""
    frames = [[frame for each in one for frame in each.frames] for one in found]
    return [
        ["one of 500 boxes dragged: main thread a move", *(spread([e.ms_per_move for e in one], 1) for one in found)],
        ["… time between frames, half of them at most", *(f"{percentile(one, 0.5):.1f} ms" for one in frames)],
        ["… time between frames, 95% of them at most", *(f"{percentile(one, 0.95):.1f} ms" for one in frames)],
    ]


def measure(browser: Browser, programs: Sequence[Program]) -> list[list[str]]:
    """Measure everything, and return the lines of the table."""

    def open_one(program: Program, _: int) -> Opened:
        return open_cold(browser, program.signed_in, program.queues[0], ratio_of(0), size_of(0)[0])

    opened = in_turns(programs, ROUNDS, open_one)
    crowded = {program.name: Crowded(browser, program) for program in programs}
    dragged = in_turns(
        programs, ROUNDS, lambda program, number: crowded[program.name].drag(1 if number % 2 == 0 else -1)
    )
    for each in crowded.values():
        each.page.context.close()
    labeled = in_turns(programs, NEXT_ROUNDS, lambda program, number: label_all(browser, program, number))
    following = [[took for round_ in one for took in round_] for one in labeled]
    return [
        *opened_rows(opened),
        ["from the key to the next picture", *(spread(one) for one in following)],
        *dragged_rows(dragged),
    ]


def main() -> int:
    """Measure both, print and write the table."""
    files = draw()
    with running_service() as service, service.web() as server, worker(service.settings):
        ours = fill_ours(service, server.url, files, NEXT_ROUNDS)
        with label_studio(service) as (address, headers), chromium() as browser:
            allow_pages(service, address)
            theirs = fill_theirs(address, headers, ours.links, NEXT_ROUNDS)
            password = headers["Authorization"].removeprefix("Token ")
            programs = [
                enter_ours(browser, ours, Client(f"{server.url}/api/v1", service.headers)),
                enter_theirs(browser, theirs, Client(f"{address}/api", headers), password),
            ]
            rows = measure(browser, programs)
            version = browser.version
    titles = ["20 megapixels, 1280 x 800", *(program.name for program in programs)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in (titles, ["---"] * 3, *rows))
    print(table)
    megabytes = statistics.mean(map(len, files)) / 1e6
    peer = Path(__file__).with_name("requirements.txt").read_text().split()[0]
    RESULTS.write_text(
        f"# The labeling page beside that of Label Studio\n\nMade by `make bench-pages` ({peer}, Chromium {version}, no GPU;"
        f" files of {megabytes:.1f} MB; medians, with quartiles).\n\n{facts()}\n\n{table}\n{WORDS}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
