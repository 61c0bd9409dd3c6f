"""Web processes that are replaced under load, and that are told to end in the middle of a request: no request is lost."""

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil
import pytest
from flask import Flask
from sqlalchemy import text

from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled
from tests.faults.conftest import LONG
from tests.faults.holds import wait_until
from tests.faults.installation import Client, Reply, web
from tests.web_server import free_port
from tests.workers import rows

pytestmark = pytest.mark.timeout(600)

RESTARTS = 10 if LONG else 3
REQUESTS_PER_SECOND = 50
log = logging.getLogger(__name__)
CLIENTS = 10
# New processes import the application first; until then requests wait at the port, which stays open.
WAIT_LIMIT_SECONDS = 15.0


@dataclass
class Caravan:
    """Clients that send requests at a steady rate, half of them on a new connection each time."""

    port: int
    labelled: Labelled
    stopping: threading.Event = field(default_factory=threading.Event)
    replies: list[Reply] = field(default_factory=list)

    def travel(self, number: int) -> None:
        client = Client(self.port, self.labelled.partner.key or "", self.labelled.partner.secret or "")
        path = f"/api/v1/campaigns/{self.labelled.campaign_id}"
        labels = [{"image_id": self.labelled.image_ids[0], "objects": []}]
        due = time.monotonic()
        while not self.stopping.is_set():
            reads = len(self.replies) % 2
            reply = client.call("GET", f"{path}/images") if reads else client.call("PUT", f"{path}/objects", labels)
            self.replies.append(reply)
            if number % 2:
                client.close()
            due += CLIENTS / REQUESTS_PER_SECOND
            time.sleep(max(0, due - time.monotonic()))
        client.close()


def replace_processes(first: psutil.Process, port: int) -> None:
    """Do what operators do, and wait until it is done and the new processes have answered for a while."""
    before = set(first.children())
    first.send_signal(signal.SIGHUP)
    wait_until(lambda: not before & set(first.children()), "the end of the old processes")
    client = Client(port)
    assert client.call("GET", "/info/live").status == 200
    client.close()
    time.sleep(1)


@pytest.fixture
def served(app: Flask, settings: Settings) -> Iterator[tuple[psutil.Process, int]]:
    """Two web processes on a port; the first process is the one that operators know."""
    own = settings.model_copy(update={"port": free_port()})
    with web(own) as process:
        yield psutil.Process(process.pid), own.port


@pytest.mark.flaky(reruns=2)
def test_no_request_is_lost_when_web_processes_are_replaced(
    served: tuple[psutil.Process, int], labelled: Labelled
) -> None:
    first, port = served
    caravan = Caravan(port, labelled)
    with ThreadPoolExecutor(CLIENTS) as pool:
        for number in range(CLIENTS):
            pool.submit(caravan.travel, number)
        try:
            for _ in range(RESTARTS):
                replace_processes(first, port)
        finally:
            caravan.stopping.set()
    log.info("%d requests, slowest %.1f s", len(caravan.replies), max(reply.seconds for reply in caravan.replies))
    lost = [str(reply) for reply in caravan.replies if reply.status != 200]
    assert not lost, (len(lost), lost[:5], Counter(reply.status for reply in caravan.replies))
    assert len(caravan.replies) > RESTARTS * REQUESTS_PER_SECOND / 2
    assert max(reply.seconds for reply in caravan.replies) < WAIT_LIMIT_SECONDS


@pytest.mark.flaky(reruns=2)
def test_a_process_that_is_told_to_end_answers_first(
    served: tuple[psutil.Process, int], labelled: Labelled, app: Flask, admin: Caller
) -> None:
    first, port = served
    path = f"/api/v1/campaigns/{labelled.campaign_id}/objects"
    labels = [{"image_id": labelled.image_ids[0], "objects": []}]
    client = Client(port, labelled.partner.key or "", labelled.partner.secret or "")
    with ThreadPoolExecutor(1) as pool, rows(app) as session:
        session.execute(text("SELECT FROM campaign WHERE id = :id FOR UPDATE"), {"id": labelled.campaign_id})
        reply = pool.submit(client.call, "PUT", path, labels)
        time.sleep(1)
        first.terminate()
        time.sleep(1)
        session.commit()
        assert reply.result().status == 200, str(reply.result())
    client.close()
    wait_until(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE, "the end", 10)
    assert Client(port).call("GET", "/info/live").status is None
    with rows(app) as session:
        assert session.scalar(text("SELECT count(*) FROM submission")) == 1
