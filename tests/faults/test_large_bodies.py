"""Many of the largest bodies at once: those that there is no room for are refused, and the process stays small."""

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled
from tests.raw_http import connected, make_request, receive_answer
from tests.web_server import WebServer, no_fault_in, web_server

pytestmark = pytest.mark.timeout(300)

MEBIBYTE = 1024**2
BODY_BYTES = 60 * MEBIBYTE
CLIENTS = 16
# A body in pieces, and the same again as a whole.
COPIES = 2
SPARE_BYTES = 128 * MEBIBYTE
log = logging.getLogger(__name__)


@pytest.fixture
def web(settings: Settings, labelled: Labelled, tmp_path: Path) -> Iterator[WebServer]:
    """A web server with one process and the limits that it has by default."""
    with web_server(settings.model_copy(update={"web_workers": 1}), tmp_path / "web.log") as running:
        yield running
    no_fault_in(tmp_path / "web.log")


def peak_of(process: psutil.Process) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.flaky(reruns=2)
def test_bodies_that_do_not_fit_are_refused(web: WebServer, labelled: Labelled, settings: Settings) -> None:
    path = f"/api/v1/campaigns/{labelled.campaign_id}/objects"
    # Blanks cost nothing but themselves; what is made of a body is bounded elsewhere.
    body = b"[" + b" " * (BODY_BYTES - 2) + b"]"
    callers = [labelled.partner, labelled.admin]
    heads = [make_request("PUT", path, caller, body).removesuffix(body) for caller in callers]
    started = threading.Barrier(CLIENTS)

    def send(number: int) -> tuple[int, str]:
        with connected(web.port, 120) as connection:
            connection.sendall(heads[number % 2])
            started.wait()
            connection.sendall(body)
            answer = receive_answer(connection)
            return answer.status, "".join(answer.values("retry-after"))

    [process] = psutil.Process(web.process.pid).children()
    before = peak_of(process)
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = pool.map(send, range(CLIENTS))
        slowest = ask_meanwhile(web, labelled.admin)
        found = Counter(answers)
    grown = peak_of(process) - before
    log.info("%s; the process grew by %d MiB; GET /whoami took up to %.2f s", found, grown // MEBIBYTE, slowest)
    assert sum(count for (status, _), count in found.items() if status in (200, 400)) >= 2
    assert sum(count for (status, _), count in found.items() if status == 503) >= CLIENTS / 2
    assert {status for status, _ in found} <= {200, 400, 503}
    assert all(retry_after == "5" for status, retry_after in found if status == 503)
    assert grown < COPIES * settings.max_body_memory_bytes + SPARE_BYTES
    assert grown < CLIENTS * BODY_BYTES * 0.75
    assert slowest < 5
    # All of it is given back.
    assert send_one(web, heads[0] + body) in (200, 400)


def ask_meanwhile(web: WebServer, caller: Caller) -> float:
    slowest = 0.0
    raw = make_request("GET", "/api/v1/whoami", caller)
    with connected(web.port) as connection:
        for _ in range(20):
            started = time.monotonic()
            connection.sendall(raw)
            assert receive_answer(connection).status == 200
            slowest = max(slowest, time.monotonic() - started)
            time.sleep(0.05)
    return slowest


def send_one(web: WebServer, raw: bytes) -> int:
    with connected(web.port, 120) as connection:
        connection.sendall(raw)
        return receive_answer(connection).status
