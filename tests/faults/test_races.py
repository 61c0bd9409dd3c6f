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
from tests.faults.installation import Client, web
from tests.web_server import free_port

pytestmark = pytest.mark.timeout(1800)

CAMPAIGN_ROUNDS = 2800 if LONG else 240
SET_ROUNDS = 400 if LONG else 40
AT_ONCE = 6
IMAGES = 4
BOX = {"xmin": 0, "xmax": 1, "ymin": 0, "ymax": 1}
# What a relabel adds to the numbers of submissions that labels tell.
RELABELED = 100
# The number of the submission before a race, which reviewers have seen.
SEEN = AT_ONCE
# The racer that has a labeler's key.
LABELER = AT_ONCE - 1
# A finished campaign is being published, so that it cannot be reopened.
STEPS = {("created", "active"), ("active", "completed"), ("completed", "active"), ("completed", "finished")}


@dataclass(frozen=True)
class Campaign:
    """What a campaign is: its status, images, the number of the submission whose objects each labeled one has, and verdicts.

    `gone` are images that were labeled when they left, each with that number and its verdict.
    """

    status: str = "created"
    completes_itself: bool = True
    images: frozenset[int] = frozenset()
    labeled: frozenset[tuple[int, int]] = frozenset()
    reviews: frozenset[tuple[int, str]] = frozenset()
    gone: frozenset[tuple[int, int, str | None]] = frozenset()

    @property
    def done(self) -> int:
        """How many images are done."""
        return len(self.labeled) - len(self.having("rejected"))

    def having(self, verdict: str) -> set[int]:
        """The images with this verdict."""
        return {image for image, given in self.reviews if given == verdict}

    def without(self, images: frozenset[int]) -> "Campaign":
        """The same when these images have left."""
        verdicts = dict(self.reviews)
        leaving = frozenset((image, by, verdicts.get(image)) for image, by in self.labeled if image in images)
        return replace(
            self,
            images=self.images - images,
            labeled=frozenset(entry for entry in self.labeled if entry[0] not in images),
            reviews=frozenset(entry for entry in self.reviews if entry[0] not in images),
            gone=self.gone | leaving,
        )

    def with_added(self, images: frozenset[int]) -> "Campaign":
        """The same when these images have come; those that were there before have again what they had."""
        coming = frozenset(entry for entry in self.gone if entry[0] in images)
        return replace(
            self,
            images=self.images | images,
            labeled=self.labeled | {(image, by) for image, by, _ in coming},
            reviews=self.reviews | {(image, verdict) for image, _, verdict in coming if verdict},
            gone=self.gone - coming,
        )

    def completed(self) -> "Campaign":
        """The same after a change of objects or verdicts: completed if that is due."""
        is_due = self.status == "active" and self.completes_itself and self.done == len(self.images) > 0
        return replace(self, status="completed") if is_due else self


def step(state: Campaign, event: Event) -> Campaign | None:
    """The contract, in few lines: what an operation answers in a state, and which state follows."""
    kind, *what = event.asked
    if kind == "read":
        return state if event.seen == (state.status, len(state.images), state.done) else None
    if kind == "status":
        wanted, completes_itself = what
        if (state.status, wanted) not in STEPS:
            return state if event.status == 409 else None
        after = replace(state, status=str(wanted), completes_itself=bool(completes_itself))
        return after if event.status == 200 else None
    if kind == "restore":
        if state.status not in ("active", "completed"):
            return state if event.status == 409 else None
        nothing = frozenset[Any]()
        after = replace(state, labeled=nothing, reviews=nothing, status="active") if state.labeled else state
        return after if event.status == 200 else None
    if kind == "relabel":
        if state.status not in ("active", "completed"):
            return state if event.status == 409 else None
        labeled = frozenset((image, by % RELABELED + RELABELED) for image, by in state.labeled)
        return replace(state, labeled=labeled) if event.status == 200 else None
    images = frozenset(what[0])  # type: ignore[call-overload]  # Of its kind of event, it is a tuple of ids.
    if kind in ("add", "remove"):
        if state.status not in ("created", "active"):
            return state if event.status == 409 else None
        if kind == "add":
            return state.with_added(images) if event.status == 200 else None
        if not images <= state.images:
            return state if event.status == 404 else None
        return state.without(images).completed() if event.status == 200 else None
    is_known = images <= state.images
    if kind == "review":
        return step_review(state, event, images)
    is_stale = kind == "first" and is_known and any(image in images for image, _ in state.labeled)
    if is_stale and state.status in ("active", "completed"):
        return state if event.status == 412 else None
    if state.status != "active":
        return state if event.status == 409 else None
    if not is_known:
        return state if event.status == 404 else None
    if what[1] == LABELER and images & state.having("accepted"):
        return state if event.status == 409 else None
    kept = frozenset((image, by) for image, by in state.labeled if image not in images)
    labeled = kept | {(image, int(str(what[1]))) for image in images}
    reviews = frozenset((image, verdict) for image, verdict in state.reviews if image not in images)
    return replace(state, labeled=labeled, reviews=reviews).completed() if event.status == 200 else None


def step_review(state: Campaign, event: Event, images: frozenset[int]) -> Campaign | None:
    """The same of a review of these images: with a verdict, of the revision that was seen or of any, and perhaps to reopen."""
    verdict, seen, reopens = event.asked[2:]
    if state.status not in ("active", "completed"):
        return state if event.status == 409 else None
    if not images <= state.images:
        return state if event.status == 422 else None
    labeled = dict(state.labeled)
    if any(labeled.get(image) != SEEN for image in images & frozenset(seen)):  # type: ignore[call-overload]  # As above.
        return state if event.status == 412 else None
    if not images <= labeled.keys():
        return state if event.status == 422 else None
    kept = frozenset((image, given) for image, given in state.reviews if image not in images)
    after = replace(state, reviews=kept | {(image, str(verdict)) for image in images}).completed()
    if reopens and after.status == "completed" and after.having("rejected"):
        after = replace(after, status="active")
    return after if event.status == 200 else None


@dataclass
class Racers:
    """Callers who send at the same moment, each on a connection of its own."""

    port: int
    clients: list[Client]
    pool: ThreadPoolExecutor

    def arm(self, number: int, pair: dict[str, str]) -> None:
        """Give a racer another key."""
        self.clients[number].close()
        self.clients[number] = Client(self.port, pair["apikey"], pair["apisecret"])

    def race(self, asks: list[Callable[[Client], Event]]) -> list[Event]:
        """Let each ask with a client of its own, and return what happened."""
        start = threading.Barrier(len(asks))

        def ask(client: Client, send: Callable[[Client], Event]) -> Event:
            start.wait()
            return send(client)

        return list(self.pool.map(ask, self.clients, asks))


@pytest.fixture
def racers(app: Flask, settings: Settings, admin: Caller) -> Iterator[Racers]:
    """Racers on two web processes, all of whom have an admin's key at first."""
    own = settings.model_copy(update={"port": free_port(), "web_workers": 2})
    with web(own), ThreadPoolExecutor(AT_ONCE) as pool:
        clients = [Client(own.port, admin.key or "", admin.secret or "") for _ in range(AT_ONCE)]
        yield Racers(own.port, clients, pool)
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


KINDS = [
    *["status"] * 2, *["put"] * 3, *["first"] * 2, *["review"] * 4, "restore", "relabel", *["add"] * 2, *["remove"] * 2, "read",
]  # fmt: skip
KINDS_OF_LABELERS = ["put", "put", "put", "first", "read"]


def campaign_requests(
    chance: random.Random, path: str, images: list[int], seen: dict[int, int]
) -> list[Callable[[Client], Event]]:
    """Some operations on a campaign that is created and has the first half of the images, or was started.

    `seen` are the revisions of its labeled images.
    """
    asks = []
    for number in range(AT_ONCE):
        some = tuple(chance.sample(images, chance.randint(1, len(images))))
        kind = chance.choice(KINDS_OF_LABELERS if number == LABELER else KINDS)
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
        elif kind == "review":
            # Mostly of what can be reviewed; with the revisions that were seen, or without any.
            some = (
                tuple(chance.sample(sorted(seen), chance.randint(1, len(seen))))
                if seen and chance.random() < 0.8
                else some
            )
            revisions = seen if chance.random() < 0.3 else {}
            verdict, reopens = chance.choice(["accepted", "rejected"]), chance.random() < 0.5
            reviews = [
                {"image_id": image, "verdict": verdict} | ({"revision": seen[image]} if image in revisions else {})
                for image in some
            ]
            place = f"{path}/reviews?reopen={str(reopens).lower()}"
            asks.append(request("PUT", place, reviews, "review", some, verdict, frozenset(revisions), reopens))
        elif kind == "restore":
            # To when nothing was labeled.
            asks.append(request("POST", path + "/restore", {"as_of": "2020-01-01"}, "restore"))
        elif kind == "relabel":
            mapping = {f"s{by}": f"s{by + RELABELED}" for by in range(AT_ONCE + 1)}
            asks.append(request("POST", path + "/relabel", {"mapping": mapping}, "relabel"))
        elif kind == "add":
            asks.append(request("POST", path + "/images", [{"id": image} for image in some], "add", some))
        elif kind == "remove":
            some = some[: chance.randint(1, 2)]
            asks.append(request("POST", path + "/images/remove", [{"id": image} for image in some], "remove", some))
        else:
            asks.append(request("GET", path, None, "read"))
    return asks


def state_of(client: Client, path: str, completes_itself: bool) -> Campaign:
    """What a campaign is now. Fails when an image has objects of two submissions, or not all of one."""
    found, images, labeled, reviews = client.call("GET", path).json(), set(), set(), set()
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
        if image["review"]:
            assert labels
            reviews.add((image["image_id"], image["review"]["verdict"]))
    state = Campaign(found["status"], completes_itself, frozenset(images), frozenset(labeled), frozenset(reviews))
    assert (found["progress"]["total"], found["progress"]["done"]) == (len(images), state.done)
    counts = {verdict: len(state.having(verdict)) for verdict in ("accepted", "rejected")}
    assert found["progress"]["reviews"] == counts | {"none": len(images) - len(reviews)}
    return state


def is_seen_as(state: Campaign, end: Campaign) -> bool:
    """Whether a campaign is what was read. What its former images had cannot be read."""
    return replace(state, gone=frozenset()) == end


def test_every_race_on_a_campaign_has_a_serial_explanation(
    racers: Racers, app: Flask, settings: Settings, admin: Caller, title: str
) -> None:
    images, chance = insert_images(app, settings, IMAGES), random.Random(CAMPAIGN_ROUNDS)
    statuses: set[int | None] = set()
    for number in range(CAMPAIGN_ROUNDS):
        new: dict[str, Any] = {"title": f"{title}-{number}", "labeler_email": "pat@partner.example"}
        new["classes"] = [{"name": f"s{by}"} for by in range(AT_ONCE + 1)]
        made = admin.post("/campaigns", new).expect(200)
        if number == 0:
            racers.arm(LABELER, made["access_token"])
        short = f"/campaigns/{made['campaign_id']}"
        path = f"/api/v1{short}"
        there = images[: chance.randint(1, IMAGES)]
        admin.post(short + "/images", [{"id": image} for image in there]).expect(200)
        begin = Campaign(images=frozenset(there))
        if chance.random() < 0.7:
            admin.put(short, {"new_status": "active"}).expect(200)
            begin = replace(begin, status="active")
        seen: dict[int, int] = {}
        if begin.status == "active" and chance.random() < 0.7:
            some = chance.sample(there, chance.randint(1, len(there)))
            admin.put(f"{short}/objects", submission(tuple(some), SEEN)).expect(200)
            listed = admin.get(f"{short}/images?labeled=true").expect(200)["images"]
            seen = {image["image_id"]: image["revision"] for image in listed}
            begin = replace(begin, labeled=frozenset((image, SEEN) for image in seen)).completed()
        events = racers.race(campaign_requests(chance, path, images, seen))
        statuses.update(event.status for event in events)
        # What it shall do by itself cannot be read, so that the end fits with either.
        ends = [state_of(racers.clients[0], path, itself) for itself in (True, False)]
        assert any(explain(events, begin, step, end, is_seen_as) for end in ends), (number, begin, events, ends[0])
    assert statuses == {200, 404, 409, 412, 422}


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


def reviewed(images: tuple[int, ...], verdict: str, began: float, ended: float) -> Event:
    return Event(("review", images, verdict, frozenset(), False), 200, began, ended)


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
        (
            [put((1, 2), 1, 0, 1), reviewed((1,), "rejected", 2, 3)],
            replace(BEGIN, status="completed", labeled=frozenset({(1, 1), (2, 1)})),
        ),  # A verdict is lost.
        (
            [put((1,), 1, 0, 1), reviewed((1,), "rejected", 2, 3), put((1,), 2, 4, 5)],
            replace(BEGIN, labeled=frozenset({(1, 2)}), reviews=frozenset({(1, "rejected")})),
        ),  # It outlived what it was about.
        (
            [put((1,), 1, 0, 1), reviewed((1,), "accepted", 2, 3), put((1,), LABELER, 4, 5)],
            replace(BEGIN, labeled=frozenset({(1, LABELER)})),
        ),  # A labeler changed what was accepted.
        (
            [put((1,), 1, 0, 1), Event(("remove", (1,)), 200, 2, 3), Event(("add", (1,)), 200, 4, 5)],
            BEGIN,
        ),  # Labels are lost with the membership.
        (
            [put((1,), 1, 0, 1), Event(("remove", (2,)), 200, 2, 3)],
            replace(BEGIN, images=frozenset({1}), labeled=frozenset({(1, 1)})),
        ),  # Not completed without the last unlabeled image.
    ],
)
def test_a_history_that_cannot_be_is_found(events: list[Event], end: Campaign) -> None:
    assert explain(events, BEGIN, step, end) is None


def test_a_history_that_can_be_is_explained_in_its_order() -> None:
    late, early = put((1,), 2, 0, 4), put((1,), 1, 0, 3)
    end = replace(BEGIN, labeled=frozenset({(1, 2)}))
    assert explain([late, early], BEGIN, step, end) == [early, late]
