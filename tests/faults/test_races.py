"""Requests that race each other on two web processes: a checker decides whether some serial order explains what came of it."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask

from app.settings import Settings
from tests.caller import Caller
from tests.conftest import insert_images
from tests.faults.conftest import LONG
from tests.faults.history import Event, explain
from tests.faults.installation import Client, find_free_port, web

pytestmark = pytest.mark.timeout(1800)

CAMPAIGN_ROUNDS = 2800 if LONG else 240
SET_ROUNDS = 400 if LONG else 40
AT_ONCE = 6
IMAGES = 4
BOX = {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}
# What a relabel adds to the numbers of submissions that labels tell.
RELABELED = 100
STEPS = {("created", "active"), ("active", "completed"), ("completed", "active"), ("completed", "finished")}


@dataclass(frozen=True)
class Campaign:
    """What a campaign is: its status, its images, and the number of the submission whose objects each labeled one has."""

    status: str = "created"
    completes_itself: bool = True
    images: frozenset[int] = frozenset()
    labeled: frozenset[tuple[int, int]] = frozenset()


def step(state: Campaign, event: Event) -> Campaign | None:
    """The contract, in few lines: what an operation answers in a state, and which state follows."""
    kind, *what = event.asked
    if kind == "read":
        return state if event.seen == (state.status, len(state.images), len(state.labeled)) else None
    if kind == "status":
        wanted, completes_itself = what
        if (state.status, wanted) not in STEPS:
            return state if event.status == 409 else None
        after = replace(state, status=str(wanted), completes_itself=bool(completes_itself))
        return after if event.status == 200 else None
    if kind == "restore":
        if state.status not in ("active", "completed"):
            return state if event.status == 409 else None
        after = replace(state, labeled=frozenset(), status="active") if state.labeled else state
        return after if event.status == 200 else None
    if kind == "relabel":
        if state.status not in ("active", "completed"):
            return state if event.status == 409 else None
        labeled = frozenset((image, by % RELABELED + RELABELED) for image, by in state.labeled)
        return replace(state, labeled=labeled) if event.status == 200 else None
    images = frozenset(what[0])  # type: ignore[call-overload]  # Of its kind of event, it is a tuple of ids.
    if kind == "add":
        if state.status != "created":
            return state if event.status == 409 else None
        return replace(state, images=state.images | images) if event.status == 200 else None
    is_known = images <= state.images
    is_stale = kind == "first" and is_known and any(image in images for image, _ in state.labeled)
    if is_stale and state.status in ("active", "completed"):
        return state if event.status == 412 else None
    if state.status != "active":
        return state if event.status == 409 else None
    if not is_known:
        return state if event.status == 404 else None
    kept = frozenset((image, by) for image, by in state.labeled if image not in images)
    labeled = kept | {(image, int(str(what[1]))) for image in images}
    is_done = state.completes_itself and len(labeled) == len(state.images)
    after = replace(state, labeled=labeled, status="completed" if is_done else state.status)
    return after if event.status == 200 else None


@dataclass
class Racers:
    """Callers who send at the same moment, each on a connection of its own."""

    clients: list[Client]
    pool: ThreadPoolExecutor

    def race(self, asks: list[Callable[[Client], Event]]) -> list[Event]:
        """Let each ask with a client of its own, and return what happened."""
        start = threading.Barrier(len(asks))

        def ask(client: Client, send: Callable[[Client], Event]) -> Event:
            start.wait()
            return send(client)

        return list(self.pool.map(ask, self.clients, asks))


@pytest.fixture
def racers(app: Flask, settings: Settings, admin: Caller) -> Iterator[Racers]:
    """Racers with an admin's key, on two web processes."""
    own = settings.model_copy(update={"port": find_free_port(), "web_workers": 2})
    with web(own), ThreadPoolExecutor(AT_ONCE) as pool:
        clients = [Client(own.port, admin.key or "", admin.secret or "") for _ in range(AT_ONCE)]
        yield Racers(clients, pool)
        for client in clients:
            client.close()


def request(method: str, path: str, body: Any, *asked: Any) -> Callable[[Client], Event]:
    """What sends a request, and notes it as an event."""

    def send(client: Client) -> Event:
        reply = client.call(method, path, body)
        assert reply.status is not None, reply
        assert reply.status < 500, reply
        seen = None
        if asked[0] == "read":
            found = reply.json()
            seen = (found["status"], found["progress"]["total"], found["progress"]["done"])
        return Event(tuple(asked), reply.status, reply.started, reply.ended, seen)

    return send


def submission(images: tuple[int, ...], number: int) -> list[dict[str, Any]]:
    """Objects that tell which submission they are of, as many as its number says, so that a torn set shows."""
    objects = [{"bounding_box": BOX, "label": f"s{number}"}] * (number + 1)
    return [{"image_id": image, "objects": objects} for image in images]


def campaign_requests(chance: random.Random, path: str, images: list[int]) -> list[Callable[[Client], Event]]:
    """Some operations on a campaign that is created and has the first half of the images, or was started."""
    asks = []
    for number in range(AT_ONCE):
        some = tuple(chance.sample(images, chance.randint(1, len(images))))
        kind = chance.choice(
            ["status", "status", "put", "put", "put", "first", "first", "restore", "relabel", "add", "read"]
        )
        if kind == "status":
            wanted, itself = chance.choice(["active", "active", "completed", "finished"]), chance.random() < 0.7
            body: Any = {"new_status": wanted, "auto_complete": itself}
            asks.append(request("PUT", path, body, "status", wanted, itself))
        elif kind == "put":
            asks.append(request("PUT", path + "/objects", submission(some, number), "put", some, number))
        elif kind == "first":
            # Only where nobody has labeled any of them.
            first = [image | {"revision": None} for image in submission(some, number)]
            asks.append(request("PUT", path + "/objects", first, "first", some, number))
        elif kind == "restore":
            # To when nothing was labeled.
            asks.append(request("POST", path + "/restore", {"as_of": "2020-01-01"}, "restore"))
        elif kind == "relabel":
            mapping = {f"s{by}": f"s{by + RELABELED}" for by in range(AT_ONCE)}
            asks.append(request("POST", path + "/relabel", {"mapping": mapping}, "relabel"))
        elif kind == "add":
            asks.append(request("POST", path + "/images", [{"id": image} for image in some], "add", some))
        else:
            asks.append(request("GET", path, None, "read"))
    return asks


def state_of(client: Client, path: str, completes_itself: bool) -> Campaign:
    """What a campaign is now. Fails when an image has objects of two submissions, or not all of one."""
    found, images, labeled = client.call("GET", path).json(), set(), set()
    for image in client.call("GET", path + "/objects").json()["images"]:
        images.add(image["image_id"])
        labels = [item["label"] for item in image["objects"]]
        assert (image["state"], image["revision"] is None) == (("labeled", False) if labels else ("unlabeled", True))
        if labels:
            number = int(labels[0].removeprefix("s"))
            assert labels == [f"s{number}"] * (number % RELABELED + 1), (
                f"the objects of image {image['image_id']} are torn: {labels}"
            )
            labeled.add((image["image_id"], number))
    assert (found["progress"]["total"], found["progress"]["done"]) == (len(images), len(labeled))
    return Campaign(found["status"], completes_itself, frozenset(images), frozenset(labeled))


def test_every_race_on_a_campaign_has_a_serial_explanation(
    racers: Racers, app: Flask, settings: Settings, admin: Caller, title: str
) -> None:
    images, chance = insert_images(app, settings, IMAGES), random.Random(CAMPAIGN_ROUNDS)
    statuses: set[int | None] = set()
    for number in range(CAMPAIGN_ROUNDS):
        new: dict[str, Any] = {"title": f"{title}-{number}", "labeler_email": "pat@partner.example"}
        new["classes"] = [{"name": f"s{by}"} for by in range(AT_ONCE)]
        path = f"/api/v1/campaigns/{admin.post('/campaigns', new).expect(200)['campaign_id']}"
        short = path.removeprefix("/api/v1")
        there = images[: chance.randint(1, IMAGES)]
        admin.post(short + "/images", [{"id": image} for image in there]).expect(200)
        begin = Campaign(images=frozenset(there))
        if chance.random() < 0.7:
            admin.put(short, {"new_status": "active"}).expect(200)
            begin = replace(begin, status="active")
        events = racers.race(campaign_requests(chance, path, images))
        statuses.update(event.status for event in events)
        # What it shall do by itself cannot be read, so that the end fits with either.
        ends = [state_of(racers.clients[0], path, itself) for itself in (True, False)]
        assert any(explain(events, begin, step, end) for end in ends), (number, begin, events, ends[0])
    assert statuses == {200, 404, 409, 412}


def test_every_race_for_images_has_a_serial_explanation(
    racers: Racers, app: Flask, settings: Settings, admin: Caller, title: str
) -> None:
    chance = random.Random(SET_ROUNDS)
    for number in range(SET_ROUNDS):
        images = insert_images(app, settings, IMAGES)
        made = [admin.post("/image_sets", {"title": f"{title}-{number}-{n}"}).expect(200) for n in (1, 2)]
        sets = [item["imageset_id"] for item in made]
        asks = []
        for _ in range(AT_ONCE):
            image_set, some = chance.choice(sets), tuple(chance.sample(images, chance.randint(1, IMAGES)))
            path = f"/api/v1/image_sets/{image_set}"
            if chance.random() < 0.25:
                asks.append(request("PUT", path, {"new_status": "finished"}, "finish", image_set))
            else:
                references = [{"id": image} for image in chance.sample(some, len(some))]
                asks.append(request("POST", path + "/images", references, "take", image_set, some))
        events = racers.race(asks)
        owners = {
            (image["image_id"], image_set)
            for image_set in sets
            for image in admin.get(f"/image_sets/{image_set}/images").expect(200)["images"]
        }
        finished = {n for n in sets if admin.get(f"/image_sets/{n}").expect(200)["status"] == "finished"}
        end = (frozenset(finished), frozenset(owners))
        assert explain(events, (frozenset(), frozenset()), take, end), (number, events, end)


Sets = tuple[frozenset[int], frozenset[tuple[int, int]]]


def take(state: Sets, event: Event) -> Sets | None:
    """The same for two image sets: which are finished, and which set each image is in."""
    finished, owners = state
    kind, image_set, *what = event.asked
    number = int(str(image_set))
    if number in finished:
        return state if event.status == 409 else None
    if kind == "finish":
        return (finished | {number}, owners) if event.status == 200 else None
    wanted = frozenset(what[0])  # type: ignore[call-overload]  # Of its kind of event, it is a tuple of ids.
    if wanted & {image for image, _ in owners}:
        return state if event.status == 409 else None
    return (finished, owners | {(image, number) for image in wanted}) if event.status == 200 else None


# The checker itself

BEGIN = Campaign(status="active", images=frozenset({1, 2}))


def put(images: tuple[int, ...], number: int, began: float, ended: float, status: int = 200) -> Event:
    return Event(("put", images, number), status, began, ended)


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ([put((1,), 1, 0, 1)], BEGIN),  # An acknowledged write is lost.
        ([], replace(BEGIN, labeled=frozenset({(1, 7)}))),  # Something is there that nobody sent.
        ([put((1,), 1, 0, 1), put((1,), 2, 2, 3)], replace(BEGIN, labeled=frozenset({(1, 1)}))),  # The older one won.
        (
            [put((1, 2), 1, 0, 3), put((1, 2), 2, 1, 2)],
            replace(BEGIN, status="completed", labeled=frozenset({(1, 1), (2, 2)})),
        ),  # Half of each.
        ([put((1,), 1, 0, 1, status=409)], BEGIN),  # Refused without a reason.
        ([Event(("read",), 200, 0, 1, ("completed", 2, 0))], BEGIN),  # Read what never was.
        (
            [put((1,), 1, 0, 1), Event(("first", (1,), 2), 200, 2, 3)],
            replace(BEGIN, labeled=frozenset({(1, 2)})),
        ),  # Covered what it had not seen.
        (
            [Event(("status", "completed", True), 200, 0, 1), put((1,), 1, 2, 3)],
            replace(BEGIN, status="completed", labeled=frozenset({(1, 1)})),
        ),  # Written after the end.
    ],
)
def test_a_history_that_cannot_be_is_found(events: list[Event], end: Campaign) -> None:
    assert explain(events, BEGIN, step, end) is None


def test_a_history_that_can_be_is_explained_in_its_order() -> None:
    late, early = put((1,), 2, 0, 4), put((1,), 1, 0, 3)
    end = replace(BEGIN, labeled=frozenset({(1, 2)}))
    assert explain([late, early], BEGIN, step, end) == [early, late]
