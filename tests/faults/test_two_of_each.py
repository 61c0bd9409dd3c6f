"""Two web servers behind one nginx and two workers on one database, killed in turns: callers notice no more than one retry."""

import logging
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from azure.storage.blob import ContainerClient
from flask import Flask
from sqlalchemy import text

from app.services.api_keys import make_key_pair
from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled
from tests.faults.conftest import LONG, RECOVERY_LIMIT_SECONDS
from tests.faults.holds import wait_until
from tests.faults.installation import Client, Reply, wait_until_live
from tests.nginx import nginx
from tests.web_server import free_port
from tests.workers import ROOT, environment, rows

pytestmark = pytest.mark.timeout(900)

ROUNDS = 5 if LONG else 1
FILES = 5
WRONG_PAIRS = 30
REVOCATION_SECONDS = 5.0
RETRY_SECONDS = 60.0
LOOK_SECONDS = 0.1
PAUSES = {"label": 0.25, "read": 0.25, "guess": 0.3, "upload": 2.0}
BOX = {"xmin": 0, "xmax": 9, "ymin": 0, "ymax": 9}
UPSTREAM = (
    "upstream labelapi {{ server 127.0.0.1:{0} fail_timeout=1s; server 127.0.0.1:{1} fail_timeout=1s; keepalive 8; }}"
)
LOCATION = """
location / {
    proxy_pass http://labelapi;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_connect_timeout 2s;
    proxy_read_timeout 20s;
}
"""
log = logging.getLogger(__name__)


@dataclass
class Program:
    """One program of the installation. It is killed with all its processes, and started again."""

    command: list[str]
    settings: Settings
    is_web: bool = False
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.command], cwd=ROOT, env=environment(self.settings) | {"PYTHONPATH": str(ROOT)}
        )

    def wait_until_ready(self) -> None:
        if self.is_web and self.process:
            wait_until_live(self.process, self.settings.port)

    def kill(self) -> None:
        """SIGKILL for every process at once, as when a machine is lost."""
        if self.process is None:
            return
        first = psutil.Process(self.process.pid)
        for process in [first, *first.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None


@dataclass
class Site:
    """The installation: nginx at `port`, and what is behind it."""

    port: int
    webs: list[Program]
    workers: list[Program]
    stack: ExitStack

    def client(self, key: str | None, secret: str | None, web: Program | None = None) -> Client:
        """A client of nginx, or of one web server. Its connection is closed at the end of the test."""
        made = Client(web.settings.port if web else self.port, key or "", secret or "")
        self.stack.callback(made.close)
        return made


@pytest.fixture
def site(app: Flask, settings: Settings, tmp_path: Path) -> Iterator[Site]:
    """Two web servers with one process each, behind nginx, and two workers that are not started yet."""
    own = settings.model_copy(update={"web_workers": 1, "trusted_proxies": "127.0.0.1"})
    webs = [
        Program(
            ["gunicorn", "main:server"],
            own.model_copy(update={"port": free_port(), "prometheus_multiproc_dir": str(tmp_path / f"metrics-{n}")}),
            is_web=True,
        )
        for n in range(2)
    ]
    workers = [Program(["flask", "worker"], own) for _ in range(2)]
    port = free_port()
    with ExitStack() as stack:
        for program in webs + workers:
            stack.callback(program.kill)
        for web in webs:
            web.start()
        for web in webs:
            web.wait_until_ready()
        upstream = UPSTREAM.format(*(web.settings.port for web in webs))
        stack.enter_context(nginx(tmp_path / "nginx", port, LOCATION, upstream))
        yield Site(port, webs, workers, stack)


def send(caller: Client, method: str, path: str, body: object = None, **headers: str) -> Reply:
    """Send a request until it is answered, as callers are told to: the same again after an outage."""
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        reply = caller.call(method, f"/api/v1{path}", body, **headers)
        # None is a connection that ended without an answer; nginx answers 502 or 504 for those of its own.
        is_outage = reply.status in (None, 502, 503, 504) or (reply.status == 409 and "retry-after" in reply.headers)
        if not is_outage:
            return reply
        assert time.monotonic() < deadline, str(reply)
        time.sleep(LOOK_SECONDS)


@dataclass
class Traffic:
    """Callers who all come through nginx from one address, and what became of their requests."""

    site: Site
    labelled: Labelled
    container: ContainerClient
    title: str
    stopping: threading.Event = field(default_factory=threading.Event)
    seen: dict[str, Counter[int | None]] = field(default_factory=dict)
    last_label: dict[int, str] = field(default_factory=dict)
    submissions: Counter[int] = field(default_factory=Counter)
    image_sets: list[str] = field(default_factory=list)

    def _turns(self, kind: str) -> Iterator[int]:
        number = 0
        while not self.stopping.wait(PAUSES[kind]):
            yield number
            number += 1

    def label(self, image_id: int) -> None:
        """Label one image again and again; each submission has a key of its own and is sent until it is acknowledged."""
        caller = self.site.client(self.labelled.partner.key, self.labelled.partner.secret)
        path = f"/campaigns/{self.labelled.campaign_id}/objects"
        for number in self._turns("label"):
            label = f"class {number}"
            body = [{"image_id": image_id, "objects": [{"label": label, "bounding_box": BOX}]}]
            reply = send(caller, "PUT", path, body, Idempotency_Key=f"{image_id}-{number}")
            assert reply.status == 200, str(reply)
            self.last_label[image_id] = label
            self.submissions[image_id] += 1

    def read(self) -> None:
        """Read the campaign's images page by page. Each page may come from another server."""
        caller = self.site.client(self.labelled.partner.key, self.labelled.partner.secret)
        start = f"/campaigns/{self.labelled.campaign_id}/images?after=0&per_page=1"
        path, found = start, []
        for _ in self._turns("read"):
            reply = send(caller, "GET", path)
            assert reply.status == 200, str(reply)
            found += [image["image_id"] for image in reply.json()["images"]]
            following = reply.headers.get("link", "").partition("</api/v1")[2].partition(">")[0]
            if not following:
                assert found == self.labelled.image_ids
                found = []
            path = following or start

    def guess(self) -> None:
        """Send wrong pairs from the address that everybody else comes from."""
        caller = self.site.client(*make_key_pair())
        for _ in self._turns("guess"):
            reply = send(caller, "GET", "/whoami")
            assert reply.status == 401, str(reply)
            self.seen.setdefault("guess", Counter())[reply.status] += 1

    def upload(self) -> None:
        """Make image sets, upload their files and finish them; a worker ingests them meanwhile."""
        caller = self.site.client(self.labelled.admin.key, self.labelled.admin.secret)
        for number in self._turns("upload"):
            title = f"{self.title}-{number}"
            made = send(caller, "POST", "/image_sets", {"title": title}, Idempotency_Key=f"make-{number}")
            assert made.status == 200, str(made)
            with ContainerClient.from_container_url(made.json()["dropbox_url"]) as dropbox:
                for name in range(FILES):
                    dropbox.upload_blob(f"{name}.bin", title.encode())
            path = f"/image_sets/{made.json()['imageset_id']}"
            finished = send(caller, "PUT", path, {"new_status": "finished"}, Idempotency_Key=f"finish-{number}")
            assert finished.status == 200, str(finished)
            self.image_sets.append(path)

    def check(self, app: Flask) -> None:
        """Assert that everything acknowledged is there once, and that every job has ended well."""
        caller = self.site.client(self.labelled.admin.key, self.labelled.admin.secret)
        for path in self.image_sets:
            wait_until(partial(self._is_ingested, caller, path), path, RECOVERY_LIMIT_SECONDS)
            listed = send(caller, "GET", f"{path}/images").json()["images"]
            assert len(listed) == FILES, listed
        objects = send(caller, "GET", f"/campaigns/{self.labelled.campaign_id}/objects").json()["images"]
        labels = {
            image["image_id"]: [box["label"] for box in image["objects"]] for image in objects if image["objects"]
        }
        assert labels == {image_id: [label] for image_id, label in self.last_label.items()}
        with rows(app) as session:
            assert session.scalar(text("SELECT count(*) FROM submission")) == self.submissions.total()
            assert session.scalar(text("SELECT count(*) FROM image_set")) == len(self.image_sets)

    @staticmethod
    def _is_ingested(caller: Client, path: str) -> bool:
        ingest = send(caller, "GET", path).json()["ingest"]
        assert ingest["state"] != "failed", ingest
        return bool(ingest["state"] == "succeeded")


def fresh_key(site: Site, admin: Caller, user_id: int) -> Client:
    """Make a key that no server has seen yet."""
    caller = site.client(admin.key, admin.secret)
    made = send(caller, "POST", f"/users/{user_id}/api_keys", {"name": "fresh"})
    assert made.status == 200, str(made)
    return site.client(made.json()["apikey"], made.json()["apisecret"])


def is_somebody_waiting(app: Flask) -> bool:
    """True when a statement waits for a lock."""
    with rows(app) as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def user_id_of(app: Flask, email: str) -> int:
    with rows(app) as session:
        return int(
            session.scalar(text('SELECT id FROM "user" WHERE lower(email) = lower(:email)'), {"email": email}) or 0
        )


@pytest.mark.flaky(reruns=2)
def test_killed_in_turns_under_load(
    site: Site, app: Flask, labelled: Labelled, container: ContainerClient, title: str
) -> None:
    """Nothing acknowledged is lost or done twice, jobs end, and whoever has a valid pair is admitted beside a guesser."""
    traffic = Traffic(site, labelled, container, title)
    user_id = user_id_of(app, labelled.partner_email)
    kinds: list[Callable[[], None]] = [
        *(partial(traffic.label, image_id) for image_id in labelled.image_ids[:2]),
        traffic.read,
        traffic.guess,
        traffic.upload,
    ]
    for worker in site.workers:
        worker.start()
    with ThreadPoolExecutor(len(kinds)) as pool:
        running: list[Future[None]] = [pool.submit(kind) for kind in kinds]
        try:
            for program in (site.webs + site.workers) * ROUNDS:
                time.sleep(1)
                program.kill()
                time.sleep(1)
                program.start()
                program.wait_until_ready()
                fresh = fresh_key(site, labelled.admin, user_id)
                # nginx takes the servers in turns.
                assert [send(fresh, "GET", "/whoami").status for _ in range(4)] == [200] * 4
                assert not [future for future in running if future.done()], [future.exception() for future in running]
        finally:
            traffic.stopping.set()
        for future in running:
            future.result()
    log.info("%s submissions, %s image sets", traffic.submissions.total(), len(traffic.image_sets))
    assert traffic.submissions.total() > 20
    assert traffic.image_sets
    assert traffic.seen["guess"][401] >= 10
    traffic.check(app)


@pytest.mark.flaky(reruns=2)
def test_a_revoked_key_stops_on_both_servers(site: Site, app: Flask, labelled: Labelled) -> None:
    user_id = user_id_of(app, labelled.partner_email)
    caller = site.client(labelled.admin.key, labelled.admin.secret)
    for killed in (None, *site.webs):
        made = send(caller, "POST", f"/users/{user_id}/api_keys", {"name": "short"}).json()
        both = [site.client(made["apikey"], made["apisecret"], web) for web in site.webs]
        # Both remember the key from now on.
        assert [each.call("GET", "/api/v1/whoami").status for each in both] == [200, 200]
        assert send(caller, "DELETE", f"/users/{user_id}/api_keys/{made['key_id']}").status == 200
        revoked = time.monotonic()
        if killed:
            killed.kill()
            killed.start()
            killed.wait_until_ready()
        for each in both:
            while each.call("GET", "/api/v1/whoami").status == 200:
                assert time.monotonic() - revoked < REVOCATION_SECONDS
                time.sleep(LOOK_SECONDS)
            assert each.call("GET", "/api/v1/whoami").status == 401


def test_a_cursor_of_one_server_goes_on_at_the_other(site: Site, labelled: Labelled) -> None:
    path = f"/api/v1/campaigns/{labelled.campaign_id}/images?after=0&per_page=1"
    found: list[int] = []
    for number in range(len(labelled.image_ids)):
        if number == 1:
            # The server of the first page is gone when the second is asked for.
            site.webs[0].kill()
        if number == 2:
            site.webs[0].start()
            site.webs[0].wait_until_ready()
        reply = site.client(labelled.partner.key, labelled.partner.secret, site.webs[number % 2]).call("GET", path)
        assert reply.status == 200, str(reply)
        found += [image["image_id"] for image in reply.json()["images"]]
        path = reply.headers.get("link", "").partition("<")[2].partition(">")[0] or path
    assert found == labelled.image_ids


def test_an_idempotency_key_of_one_server_is_known_to_the_other(
    site: Site, app: Flask, labelled: Labelled, title: str
) -> None:
    path, body = "/api/v1/image_sets", {"title": title}
    one, two = (site.client(labelled.admin.key, labelled.admin.secret, web) for web in site.webs)
    first = one.call("POST", path, body, Idempotency_Key="once")
    assert first.status == 200, str(first)
    again = two.call("POST", path, body, Idempotency_Key="once")
    assert (again.status, again.body, again.headers["idempotent-replayed"]) == (200, first.body, "true")
    for killed in site.webs:
        killed.kill()
        killed.start()
        killed.wait_until_ready()
    for caller in (one, two):
        again = caller.call("POST", path, body, Idempotency_Key="once")
        assert (again.status, again.body, again.headers["idempotent-replayed"]) == (200, first.body, "true")
        assert caller.call("POST", path, {"title": "other"}, Idempotency_Key="once").status == 422
    with rows(app) as session:
        assert session.scalar(text("SELECT count(*) FROM image_set")) == 1


def test_an_idempotency_key_that_both_get_at_once_is_used_once(
    site: Site, app: Flask, labelled: Labelled, title: str
) -> None:
    both = [site.client(labelled.admin.key, labelled.admin.secret, web) for web in site.webs]
    with ThreadPoolExecutor(2) as pool:
        for number in range(10):
            body, key = {"title": f"{title}-{number}"}, f"at-once-{number}"
            sent = [pool.submit(send, caller, "POST", "/image_sets", body, Idempotency_Key=key) for caller in both]
            replies = [future.result() for future in sent]
            assert [reply.status for reply in replies] == [200, 200]
            assert replies[0].body == replies[1].body
    with rows(app) as session:
        assert session.scalar(text("SELECT count(*) FROM image_set")) == 10


def test_a_valid_pair_is_admitted_beside_many_wrong_ones(site: Site, app: Flask, labelled: Labelled) -> None:
    """All come from one address. The pair is new to both servers, and nothing of it survives a restart."""
    user_id = user_id_of(app, labelled.partner_email)
    guessers = [site.client(*make_key_pair(), web) for web in site.webs]
    for killed in (None, *site.webs):
        if killed:
            killed.kill()
            killed.start()
            killed.wait_until_ready()
        for guesser in guessers:
            assert {guesser.call("GET", "/api/v1/whoami").status for _ in range(WRONG_PAIRS)} == {401}
        fresh = fresh_key(site, labelled.admin, user_id)
        for _ in range(4):
            reply = fresh.call("GET", "/api/v1/whoami")
            assert reply.status == 200, str(reply)


def test_a_request_that_dies_with_its_server_is_done_once_by_the_other(
    site: Site, app: Flask, labelled: Labelled
) -> None:
    """The server is killed while its statement waits in PostgreSQL, and the caller goes to the other at once."""
    path = f"/campaigns/{labelled.campaign_id}/objects"
    for number, server in enumerate(site.webs):
        other = site.webs[1 - number]
        dying, retrying = (site.client(labelled.partner.key, labelled.partner.secret, web) for web in (server, other))
        key = f"dying-{number}"
        found = [{"label": f"of {number}", "bounding_box": BOX}]
        body: list[Any] = [{"image_id": labelled.image_ids[0], "objects": found}]
        with ThreadPoolExecutor(2) as pool, rows(app) as session:
            held = {"id": labelled.campaign_id}
            session.execute(text("SELECT FROM campaign WHERE id = :id FOR UPDATE"), held)
            lost = pool.submit(dying.call, "PUT", f"/api/v1{path}", body, Idempotency_Key=key)
            wait_until(lambda: is_somebody_waiting(app), "the statement")
            server.kill()
            assert lost.result().status is None
            retried = pool.submit(send, retrying, "PUT", path, body, Idempotency_Key=key)
            time.sleep(1)
            session.commit()
            assert retried.result().status == 200, str(retried.result())
        with rows(app) as session:
            assert session.scalar(text("SELECT count(*) FROM submission")) == number + 1
        server.start()
        server.wait_until_ready()
        for caller in (dying, retrying):
            replayed = caller.call("PUT", f"/api/v1{path}", body, Idempotency_Key=key)
            assert (replayed.status, replayed.headers.get("idempotent-replayed")) == (200, "true")
