"""A storage account as Azure can be: copies that stay pending, fail or are aborted, answers that are busy, late or cut short."""

import random
import threading
from collections import Counter

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from app.settings import Settings
from tests.caller import Caller
from tests.faults.conftest import LONG
from tests.faults.holds import Stage, wait_until
from tests.faults.points import is_deletion
from tests.faults.test_killed_workers import Uploads, is_done
from tests.storage_proxy import Exchange, Request
from tests.workers import worker

pytestmark = pytest.mark.timeout(400)

LIMIT_SECONDS = 180
SEEDS = range(10 if LONG else 1)
# What becomes of an answer, and how often in a thousand; each request is answered badly twice at most.
FAULTS = {"busy": 30, "throttled": 30, "error": 20, "short": 20, "pending": 300, "failed": 30, "aborted": 30}


class BadDay:
    """A rule of the proxy: changes answers by chance."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._times: Counter[str] = Counter()
        self._deciding = threading.Lock()
        self.done: Counter[str] = Counter()

    def __call__(self, exchange: Exchange) -> None:
        with self._deciding:
            kind = self._choose(exchange)
            if kind is None or self._times[f"{exchange.method} {exchange.path}"] >= 2:
                return
            self._times[f"{exchange.method} {exchange.path}"] += 1
            self.done[kind] += 1
        self._spoil(exchange, kind)

    def _choose(self, exchange: Exchange) -> str | None:
        is_copy = "x-ms-copy-status" in exchange.headers and exchange.method in ("HEAD", "GET")
        number = self._chance.randrange(1000)
        for kind, share in FAULTS.items():
            number -= share
            if number < 0:
                return kind if is_copy or kind not in ("pending", "failed", "aborted") else None
        return None

    @staticmethod
    def _spoil(exchange: Exchange, kind: str) -> None:
        if kind in ("pending", "failed", "aborted"):
            exchange.headers["x-ms-copy-status"] = kind
        elif kind == "short":
            exchange.cut = len(exchange.body) // 2 if exchange.method == "GET" else 0
        else:
            exchange.status = {"busy": 503, "throttled": 429, "error": 500}[kind]
            exchange.headers = {"x-ms-error-code": "ServerBusy", "retry-after": "1"}
            exchange.body = b""


@pytest.mark.flaky(reruns=2)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_dropbox_stays_until_every_copy_is_verified(
    seed: int,
    admin: Caller,
    stage: Stage,
    worker_settings: Settings,
    storage: BlobServiceClient,
    container: ContainerClient,
    title: str,
) -> None:
    uploads = Uploads(admin, stage.session, storage, container, title)
    unsafe: list[Request] = []
    stage.proxy.watchers.append(
        lambda request: unsafe.append(request) if is_deletion(request) and not uploads.is_safe() else None
    )
    stage.proxy.rule = bad_day = BadDay(seed)
    with worker(worker_settings):
        uploads.begin()
        wait_until(lambda: is_done(stage.session), "the end of all jobs", LIMIT_SECONDS)
    assert not unsafe
    assert set(bad_day.done) == set(FAULTS)
    uploads.check()
