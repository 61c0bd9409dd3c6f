"""Rows about what others feel while somebody sends wrong keys or the largest body."""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Event
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import uvloop

from app.services.api_keys import make_key_pair
from bench.connection import Connection, Headers
from bench.measure import Row
from bench.service import Service

PHASE_SECONDS = 4.0
ROUNDS = 6
PAUSE_SECONDS = 0.01
WRONG_PAIRS_PER_SECOND = 50
CONNECTIONS = 20
IMAGES, OBJECTS_PER_IMAGE = 2500, 100
LIST = "/api/v1/campaigns"


def beside_wrong_keys(service: Service) -> Iterator[Row]:
    """The p95 of a good client while wrong key pairs come, from one source and from 50."""
    took: dict[int, list[float]] = {0: [], 1: [], 50: []}
    # Only so that the wrong pairs can come from many addresses.
    with service.web(trusted_proxies="127.0.0.1") as server:
        connection = service.connect(server)
        _measure_for(connection, PHASE_SECONDS)
        for _ in range(ROUNDS):
            took[0] += _measure_for(connection, PHASE_SECONDS)
            for sources in (1, 50):
                took[sources] += _measure_beside(connection, (send_wrong_pairs, server.url, sources, PHASE_SECONDS))
    alone = _p95(took[0])
    for sources in (1, 50):
        name = f"p95 beside {WRONG_PAIRS_PER_SECOND} wrong keys a second from {sources} source(s)"
        beside = _p95(took[sources])
        yield Row(name, "the same client alone", beside, alone, beside / alone, 2)


def beside_largest_body(service: Service) -> Iterator[Row]:
    """The p95 of other requests while the only process works on the largest body."""
    images = service.make_images(IMAGES)
    campaign_id = service.make_campaign(images)
    body = largest_body(images)
    path = f"/api/v1/campaigns/{campaign_id}/objects"
    with service.web(1) as server:
        connection = service.connect(server)
        _measure_for(connection, PHASE_SECONDS)
        took = _measure_beside(connection, (send_body, server.url + path, service.headers, body))
    yield Row(f"p95 beside a body of {len(body) / 1e6:.0f} MB", "500 ms", _p95(took), 500, _p95(took) / 500, 1)
    yield Row("… the longest of them", "500 ms", max(took), 500, max(took) / 500, 1)


def largest_body(images: range) -> bytes:
    """250,000 objects in just under 64 MiB, with labels of non-Latin letters and the longest that fit."""
    label, translated = "塑料瓶" * 30, "x" * 128
    box = {"xmin": 10, "xmax": 1900, "ymin": 10, "ymax": 1000}
    one = {"bounding_box": box, "label": label, "label_translated": translated}
    small = {"bounding_box": box, "label": "PET"}
    room = 64 * 1024**2 - 1024
    sent = []
    for left, image_id in zip(range(len(images) - 1, -1, -1), images, strict=True):
        full = room - left * OBJECTS_PER_IMAGE * 90 > OBJECTS_PER_IMAGE * 500
        sent.append({"image_id": image_id, "objects": [one if full else small] * OBJECTS_PER_IMAGE})
        room -= len(orjson.dumps(sent[-1])) + 1
    return orjson.dumps(sent)


def send_wrong_pairs(started: Event, url: str, sources: int, seconds: float) -> None:
    """Send WRONG_PAIRS_PER_SECOND wrong pairs each second, whether or not the ones before were answered.

    On few connections and without an HTTP library, so that the sender takes no processor time from the service.
    """
    place = urlsplit(url)

    async def send_all() -> None:
        idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            idle.put_nowait(await asyncio.open_connection(place.hostname, place.port))
        begin, tasks = time.monotonic(), []
        for number in range(int(seconds * WRONG_PAIRS_PER_SECOND)):
            await asyncio.sleep(begin + number / WRONG_PAIRS_PER_SECOND - time.monotonic())
            tasks.append(asyncio.create_task(send_one(idle, f"203.0.113.{number % sources}")))
        if set(await asyncio.gather(*tasks)) - {b"401"}:
            raise RuntimeError("a wrong pair was not answered 401")

    async def send_one(idle: "asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]", source: str) -> bytes:
        reader, writer = await idle.get()
        key, secret = make_key_pair()
        lines = ["GET /api/v1/whoami HTTP/1.1", f"Host: {place.netloc}", f"X-Forwarded-For: {source}"]
        lines += [f"Authentication-Key: {key}", f"Authentication-Secret: {secret}", "", ""]
        writer.write("\r\n".join(lines).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]))
        idle.put_nowait((reader, writer))
        return head.split(b" ", 2)[1]

    started.set()
    uvloop.run(send_all())


def send_body(started: Event, url: str, headers: Headers, body: bytes) -> None:
    """Submit the largest body, as a client in a process of its own."""
    started.set()
    sent = httpx.put(url, content=body, headers=headers | {"Content-Type": "application/json"}, timeout=300)
    sent.raise_for_status()


def _measure_for(connection: Connection, seconds: float) -> list[float]:
    end = time.monotonic() + seconds
    return _measure(connection, lambda: time.monotonic() > end)


def _measure_beside(connection: Connection, work: tuple[Any, ...]) -> list[float]:
    """Measure while `work`, a function and its arguments, runs in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    started = spawn.Event()
    process = spawn.Process(target=work[0], args=(started, *work[1:]))
    process.start()
    # Starting Python is no part of what is measured.
    started.wait()
    took = _measure(connection, lambda: not process.is_alive())
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{work[0].__name__} failed")
    return took


def _measure(connection: Connection, until: Callable[[], bool]) -> list[float]:
    """Return how many milliseconds each request took; one after the other, with a short pause."""
    took = []
    while not until():
        begin = time.perf_counter()
        connection.send("GET", LIST)
        took.append((time.perf_counter() - begin) * 1000)
        time.sleep(PAUSE_SECONDS)
    return took


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
