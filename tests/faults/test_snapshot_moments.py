"""Snapshots that are made while labels are submitted and images withdrawn: what is in one was true at one moment.

Two web processes and a worker run. The checker of histories decides: there is an order of all submissions, withdrawals and
snapshots, one after the other, in which each snapshot holds just what was there in its place, in both of its campaigns.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.settings import Settings
from tests.caller import Caller
from tests.conftest import insert_images
from tests.faults.conftest import LONG
from tests.faults.history import Event, explain
from tests.faults.installation import Client
from tests.faults.test_races import Racers, racers, submission
from tests.workers import rows, worker

# The fixture of the races on campaigns.
__all__ = ["racers"]
pytestmark = pytest.mark.timeout(1800)

ROUNDS = 150 if LONG else 15
IMAGES = 5
WRITERS, WRITES = 4, 5
READY_SECONDS = 60
REASON = {"reason": "A person can be recognized."}


@dataclass(frozen=True)
class World:
    """The number of the submission whose objects each labeled image has, by the place of its campaign; and what was withdrawn."""

    labeled: frozenset[tuple[int, int, int]] = frozenset()
    withdrawn: frozenset[int] = frozenset()

    @property
    def selected(self) -> frozenset[tuple[int, int]]:
        """What a snapshot of both campaigns holds: of each image the labels of the first campaign that has some."""
        found: dict[int, int] = {}
        for _, image, number in sorted(self.labeled):
            found.setdefault(image, number)
        return frozenset(found.items())


def step(state: World, event: Event) -> World | None:
    """What follows from an operation in a state; None where it could not have had its answer there."""
    kind, *what = event.asked
    if kind == "snapshot":
        return state if event.seen == state.selected else None
    if kind == "withdraw":
        image = int(str(what[0]))
        if image in state.withdrawn or event.status != 200:
            return None
        left = frozenset(entry for entry in state.labeled if entry[1] != image)
        return World(left, state.withdrawn | {image})
    campaign, number, images = int(str(what[0])), int(str(what[1])), frozenset[Any](what[2])  # type: ignore[call-overload]  # Ids.
    if images & state.withdrawn:
        return state if event.status == 404 else None
    kept = frozenset(entry for entry in state.labeled if entry[0] != campaign or entry[1] not in images)
    added = {(campaign, image, number) for image in images}
    return replace(state, labeled=kept | added) if event.status == 200 else None


Ask = Callable[[Client], Event]


def put(place: int, campaign_id: int, images: tuple[int, ...], number: int) -> Ask:
    def send(client: Client) -> Event:
        reply = client.call("PUT", f"/api/v1/campaigns/{campaign_id}/objects", submission(images, number))
        assert reply.status in (200, 404), reply
        return Event(("put", place, number, images), reply.status, reply.started, reply.ended)

    return send


def withdraw(image: int) -> Ask:
    def send(client: Client) -> Event:
        reply = client.call("POST", f"/api/v1/images/{image}/withdraw", REASON)
        assert reply.status == 200, reply
        return Event(("withdraw", image), reply.status, reply.started, reply.ended)

    return send


def snapshot(name: str, campaign_ids: list[int]) -> Ask:
    """What makes a snapshot, waits until it is ready, and notes what is in it. Its place is somewhere between both."""

    def send(client: Client) -> Event:
        reply = client.call("POST", "/api/v1/snapshots", {"name": name, "campaigns": campaign_ids})
        assert reply.status == 202, reply
        path = f"/api/v1/snapshots/{reply.json()['snapshot_id']}"
        deadline = time.monotonic() + READY_SECONDS
        while client.call("GET", path).json()["state"] != "ready":
            assert time.monotonic() < deadline, client.call("GET", path)
            time.sleep(0.01)
        ended = time.monotonic()
        return Event(("snapshot", path), reply.status, reply.started, ended, numbers_on(client, path))

    return send


def numbers_on(client: Client, path: str) -> frozenset[tuple[int, int]]:
    """The number of the submission that the objects of each image tell. Fails when they are of two, or not all of one."""
    found = set()
    for image in client.call("GET", f"{path}/objects").json()["images"]:
        labels = [item["label"] for item in image["objects"]]
        if labels:
            number = int(labels[0].removeprefix("s"))
            assert labels == [f"s{number}"] * (number + 1), (
                f"the objects of image {image['image_id']} are torn: {labels}"
            )
            found.add((image["image_id"], number))
    return frozenset(found)


def race(racers: Racers, asks: list[list[Ask]]) -> list[Event]:
    """Let each racer send its requests one after the other, all racers at the same time, and return what happened."""
    start = threading.Barrier(len(asks))

    def run(client: Client, own: list[Ask]) -> list[Event]:
        start.wait()
        return [ask(client) for ask in own]

    return [event for events in racers.pool.map(run, racers.clients, asks) for event in events]


def test_a_snapshot_is_the_truth_of_one_moment(
    racers: Racers, app: Flask, settings: Settings, admin: Caller, title: str
) -> None:
    chance = random.Random(ROUNDS)
    between = 0
    with worker(settings):
        for number in range(ROUNDS):
            images = insert_images(app, settings, IMAGES)
            with rows(app) as session:
                session.execute(text("UPDATE image SET sha256 = sha256(id::text::bytea), date_inspected = now()"))
            campaign_ids = [make_campaign(admin, f"{title}-{number}-{place}", images) for place in range(2)]
            asks: list[list[Ask]] = []
            for by in range(WRITERS):
                some = [tuple(chance.sample(images, chance.randint(1, IMAGES))) for _ in range(WRITES)]
                asks.append([put(by % 2, campaign_ids[by % 2], each, by * WRITES + n) for n, each in enumerate(some)])
            name = f"{title}-{number}"
            asks.append([snapshot(name, campaign_ids) for _ in range(2)])
            asks.append([snapshot(name, campaign_ids), withdraw(chance.choice(images)), snapshot(name, campaign_ids)])
            events = race(racers, asks)
            end = world_of(racers.clients[0], campaign_ids, events)
            assert explain(events, World(), step, end) is not None, (number, events, end)
            seen = {event.seen for event in events if event.asked[0] == "snapshot"}
            between += len(seen - {World().selected, end.selected})
    # Without these nothing would have been tested.
    assert between > ROUNDS // 2


def make_campaign(admin: Caller, title: str, images: list[int]) -> int:
    """An active campaign of these images."""
    classes = [{"name": f"s{number}"} for number in range(WRITERS * WRITES)]
    new = {"title": title, "labeler_email": "pat@partner.example", "classes": classes}
    campaign_id = int(admin.post("/campaigns", new).expect(200)["campaign_id"])
    path = f"/campaigns/{campaign_id}"
    admin.post(f"{path}/images", [{"id": image} for image in images]).expect(200)
    admin.put(path, {"new_status": "active", "auto_complete": False}).expect(200)
    return campaign_id


def world_of(client: Client, campaign_ids: list[int], events: list[Event]) -> World:
    """What both campaigns hold in the end."""
    labeled = {
        (place, image, number)
        for place, campaign_id in enumerate(campaign_ids)
        for image, number in numbers_on(client, f"/api/v1/campaigns/{campaign_id}")
    }
    withdrawn = {int(str(event.asked[1])) for event in events if event.asked[0] == "withdraw"}
    return World(frozenset(labeled), frozenset(withdrawn))


# The checker itself


def put_event(place: int, number: int, image: int, began: float, ended: float) -> Event:
    return Event(("put", place, number, (image,)), 200, began, ended)


def snapshot_event(began: float, ended: float, *seen: tuple[int, int]) -> Event:
    return Event(("snapshot", ""), 202, began, ended, frozenset(seen))


FIRST, SECOND = put_event(0, 1, 1, 0, 1), put_event(1, 2, 2, 2, 3)


@pytest.mark.parametrize(
    "events",
    [
        [FIRST, SECOND, snapshot_event(0, 9, (2, 2))],  # The later one of two campaigns without the earlier one.
        [FIRST, SECOND, snapshot_event(4, 5, (1, 1))],  # What was answered before is missing.
        [FIRST, SECOND, snapshot_event(0, 1.5, (1, 1), (2, 2))],  # What was sent after it.
        [FIRST, put_event(0, 3, 1, 2, 3), SECOND, snapshot_event(4, 5, (1, 1), (2, 2))],  # Covered labels.
        [FIRST, Event(("withdraw", 1), 200, 2, 3), snapshot_event(4, 5, (1, 1))],  # What was withdrawn before.
    ],
)
def test_a_snapshot_that_never_was_true_is_found(events: list[Event]) -> None:
    state = World()
    for event in sorted((event for event in events if event.asked[0] != "snapshot"), key=lambda event: event.began):
        state = step(state, event) or state
    assert explain([event for event in events if event.asked[0] != "snapshot"], World(), step, state) is not None
    assert explain(events, World(), step, state) is None


def test_a_snapshot_between_two_submissions_is_explained() -> None:
    events = [FIRST, SECOND, snapshot_event(0, 9, (1, 1))]
    end = World(frozenset({(0, 1, 1), (1, 2, 2)}))
    assert explain(events, World(), step, end) == [FIRST, events[2], SECOND]
