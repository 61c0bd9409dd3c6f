"""Whatever a labeler sends costs at most a small multiple of the body, and a time that is in proportion to it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from connexion import FlaskApp

from app.settings import Settings
from tests.conftest import Labelled
from tests.web_server import WebServer, no_fault_in, web_server

MIB = 1024**2
LARGEST = 63 * MIB
# The first request of a process compiles schemas, and memory that was freed may stay with the process.
BASE_BYTES, BASE_SECONDS = 24 * MIB, 2.0
SECONDS_FOR_EACH_MIB = 0.15

OBJECT = b'{"bounding_box":{"xmin":0,"xmax":1,"ymin":0,"ymax":1},"label":"a"}'
IMAGE = b'{"image_id":1,"objects":[]}'


def repeat(unit: bytes, size: int) -> bytes:
    return b",".join([unit] * (size // (len(unit) + 1)))


def number(unit: bytes, size: int) -> bytes:
    return b",".join(unit % n for n in range(size // (len(unit) + 6)))


def on_one_image(objects: bytes) -> bytes:
    return b'[{"image_id":1,"objects":[%b]}]' % objects


# What makes a body of some size, and what the answer says.
HOSTILE: dict[str, tuple[Callable[[int], bytes], str]] = {
    "one item of a million empty objects": (lambda size: on_one_image(repeat(b"{}", size)), "`bounding_box` is missing"),
    "numbers": (lambda size: b"[%b]" % repeat(b"0", size), "Expected an object"),
    "empty objects": (lambda size: b"[%b]" % repeat(b"{}", size), "`image_id` is missing"),
    "empty texts": (lambda size: b"[%b]" % repeat(b'""', size), "Expected an object"),
    "long numbers": (lambda size: b"[%b]" % repeat(b"1" * 4000, size), "Expected an object"),
    "lists in lists": (lambda size: b"[%b]" % repeat(b"[[[[[[[[]]]]]]]]", size), "Expected an object"),
    "brackets": (lambda size: b"[" * size, "not valid JSON"),
    "brackets that are closed": (lambda size: b"[" * (size // 2) + b"]" * (size // 2), "levels"),
    "deep objects": (lambda size: on_one_image(repeat(b"[" * 20 + b"]" * 20, size)), "levels"),
    "one text": (lambda size: b'["%b"]' % (b"a" * size), "takes at most"),
    "one text of escapes": (lambda size: b'["%b"]' % (b"\\u00e9" * (size // 6)), "takes at most"),
    "one label": (lambda size: on_one_image(b'{"label":"%b"}' % (b"a" * size)), "takes at most"),
    "one key": (lambda size: b'[{"%b":1}]' % (b"a" * size), "takes at most"),
    "keys": (lambda size: b"[{%b}]" % number(b'"%d":0', size), "takes at most"),
    "keys of an object": (lambda size: on_one_image(b"{%b}" % number(b'"%d":0', size)), "takes at most"),
    "keys beside a list": (
        lambda size: b"[%b]" % repeat(b'{%b,"a":[%b]}' % (number(b'"%d":0', 12_000), repeat(b"0", 2**17)), size),
        "There is no field `0` here",
    ),
    "addresses": (lambda size: on_one_image(repeat(b'{"http://%b":1}' % (b"http://" * 10_000), size)), "is missing"),
    "blanks": (lambda size: b'[{"image_id":1,%b"objects":[]}]' % (b" " * size), "takes at most"),
    "commas": (lambda size: b"[%b]" % (b"," * size), "not valid JSON"),
    "no list": (lambda size: b'{"a":[%b]}' % repeat(b"{}", size), "Expected a list"),
    "no end": (lambda size: b"[" + number(IMAGE.replace(b"1", b"1%07d"), size), "not valid JSON"),
    "two wrong items in three": (
        lambda size: b"[%b]" % repeat(b'{"image_id":0,"objects":[{"label":1},{}]},{}', size),
        "smallest allowed number",
    ),
    "one image again and again": (lambda size: b"[%b]" % repeat(IMAGE, min(size, 6 * MIB)), "already named"),
    "more images than a list takes": (
        lambda size: b"[%b]" % number(IMAGE.replace(b"1", b"1%06d"), max(size, 10 * MIB)),
        "at most 250000",
    ),
    "more objects than a list takes": (lambda size: on_one_image(repeat(OBJECT, max(size, 17 * MIB))), "at most 250000"),
    "unknown images": (
        lambda size: b"[%b]" % number(b'{"image_id":1%07d,"objects":[]}', min(size, 6 * MIB)),
        "is not in campaign",
    ),
    "boxes without area": (lambda size: on_one_image(repeat(OBJECT.replace(b"1", b"0"), min(size, 12 * MIB))), "xmin < xmax"),
}  # fmt: skip


@pytest.fixture(scope="module")
def web(server: FlaskApp, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A web server with one process, which only these tests use."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    with pytest.MonkeyPatch.context() as patch:
        # Its time and memory are those of the service as users have it, without what measures coverage.
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        with web_server(settings.model_copy(update={"web_workers": 1}), log) as running:
            yield running
    no_fault_in(log)


def process_of(web: WebServer) -> psutil.Process:
    [process] = psutil.Process(web.process.pid).children()
    return process


def memory(process: psutil.Process, kind: str) -> int:
    """VmRSS (now) or VmHWM (the most since `clear_refs`), in bytes."""
    found = re.search(rf"{kind}:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def processor_seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def put(web: WebServer, labelled: Labelled, body: bytes) -> httpx.Response:
    partner = labelled.partner
    headers = {
        "Authentication-Key": str(partner.key),
        "Authentication-Secret": str(partner.secret),
        "Content-Type": "application/json",
    }
    url = f"{web.url}/api/v1/campaigns/{labelled.campaign_id}/objects"
    return httpx.put(url, content=body, headers=headers, timeout=300)


@pytest.mark.flaky(reruns=2)
@pytest.mark.parametrize("name", HOSTILE)
def test_body_costs_a_small_multiple_of_itself(web: WebServer, labelled: Labelled, name: str) -> None:
    process = process_of(web)
    make_body, words = HOSTILE[name]
    body = make_body(3 * MIB)
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    before, began = memory(process, "VmRSS"), processor_seconds(process)
    answer = put(web, labelled, body)
    assert 400 <= answer.status_code <= 422, answer.text
    assert words in answer.text
    assert len(answer.content) < 32 * 1024
    assert memory(process, "VmHWM") - before <= BASE_BYTES + 3 * len(body)
    assert processor_seconds(process) - began <= BASE_SECONDS + SECONDS_FOR_EACH_MIB * len(body) / MIB


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_process_stays_below_300_mb_with_the_largest_bodies(web: WebServer, labelled: Labelled) -> None:
    process = process_of(web)
    for make_body, words in HOSTILE.values():
        answer = put(web, labelled, make_body(LARGEST - 1024))
        assert words in answer.text
        assert memory(process, "VmHWM") < 300e6, words
