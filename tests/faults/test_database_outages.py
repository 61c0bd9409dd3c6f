"""PostgreSQL that restarts, is killed or hangs under clients that write: what was acknowledged is there, whole, once."""

import itertools
import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import flask_migrate
import psutil
import psycopg2
import pytest
from pydantic import SecretStr

from app.cli import create_flask_app, prepare_migrations
from app.database.engine import db
from app.services import users
from app.settings import Settings
from local.folder import scratch_folder
from local.postgres import make_database, make_schema
from tests.faults.conftest import LONG
from tests.faults.holds import wait_until
from tests.faults.installation import Client, Database, Reply, web
from tests.web_server import free_port

pytestmark = pytest.mark.timeout(600)

log = logging.getLogger(__name__)
CLIENTS = 20
IMAGES_PER_SUBMISSION = 3
RESTARTS = list(itertools.islice(itertools.cycle([signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]), 10 if LONG else 3))
AWAY_SECONDS = 3.0
HANG_SECONDS = 60.0 if LONG else 12.0
# What is promised: how long an answer may take while the database hangs, and when service is normal again.
ANSWER_LIMIT_SECONDS = 5.0
NORMAL_AFTER_SECONDS = 10.0
# A web process has its own threads, those for keys and those for handlers; a hanging database adds none beyond these.
THREAD_LIMIT = 60


@dataclass(frozen=True)
class Installation:
    """What runs: the database, and the web processes at a port, with an admin's keys."""

    database: Database
    settings: Settings
    process_id: int
    key: str
    secret: str

    def client(self) -> Client:
        return Client(self.settings.port, self.key, self.secret)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        connection = psycopg2.connect(self.settings.queue_url, options=f"-csearch_path={self.settings.db_schema}")
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            found: list[tuple[object, ...]] = cursor.fetchall()
        connection.close()
        return found


@pytest.fixture(scope="module")
def installation(settings: Settings) -> Iterator[Installation]:
    """A durable PostgreSQL and two web processes, with settings as they are outside of tests."""
    with scratch_folder() as folder, running(Database(folder)) as database:
        yield from install(database, settings)


@contextmanager
def running(database: Database) -> Iterator[Database]:
    database.start()
    try:
        yield database
    finally:
        database.stop(signal.SIGKILL)
        database.server.remove_socket_folder()


def install(database: Database, settings: Settings) -> Iterator[Installation]:
    make_database(database.server.url("postgres"), "labelapi")
    make_schema(database.server.url(), "labelapi")
    changes = {
        "db_connection_string": SecretStr(database.server.url()),
        "db_schema": "labelapi",
        "allow_unsafe_postgres": False,
        "port": free_port(),
    }
    own = settings.model_copy(update=changes)
    vars(own).pop("database_url", None)
    vars(own).pop("queue_url", None)
    flask_app = create_flask_app(own)
    prepare_migrations(flask_app)
    with flask_app.app_context():
        flask_migrate.upgrade()
        _, pair = users.create_user(db.session(), "ada@example.org", "image-admin")
        db.session.commit()
        db.engine.dispose()
    with web(own) as process:
        yield Installation(database, own, process.pid, pair.apikey, pair.apisecret or "")


@dataclass(eq=False)
class Writer:
    """A client that submits objects and reads some as fast as it can, each time with a label that nobody else sends.

    With `repeats` it sends an Idempotency-Key and repeats what was not acknowledged until it is.
    """

    installation: Installation
    path: str
    image_ids: list[int]
    name: str
    repeats: bool
    stopping: threading.Event
    replies: list[Reply] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    unanswered: set[str] = field(default_factory=set)
    is_over: bool = False

    def run(self) -> None:
        client = self.installation.client()
        for number in itertools.count():
            if self.stopping.is_set():
                break
            self._submit(client, f"{self.name}-{number}")
            self.replies.append(client.call("GET", f"{self.path}?per_page=5"))
        client.close()
        self.is_over = True

    def _submit(self, client: Client, label: str) -> None:
        box = {"xmin": 0, "ymin": 0, "xmax": 9, "ymax": 9}
        first = hash(label) % (len(self.image_ids) - IMAGES_PER_SUBMISSION)
        body = [
            {"image_id": image_id, "objects": [{"label": label, "bounding_box": box}]}
            for image_id in self.image_ids[first : first + IMAGES_PER_SUBMISSION]
        ]
        headers = {"Idempotency_Key": label} if self.repeats else {}
        while True:
            reply = client.call("PUT", self.path, body, **headers)
            self.replies.append(reply)
            if reply.status == 200:
                self.acknowledged.append(label)
                return
            time.sleep(0.1)
            if not self.repeats or self.stopping.is_set():
                self.unanswered.add(label)
                return


@pytest.fixture
def writers(installation: Installation, title: str) -> Iterator[list[Writer]]:
    """Twenty of them at work, on a campaign that one image keeps from being completed."""
    admin = installation.client()
    insert = (
        "INSERT INTO image (blobstorage_path, width, height)"
        " SELECT 'images/{}/' || n, 1920, 1080 FROM generate_series(1, 60) AS n RETURNING id"
    )
    image_ids = [int(str(row[0])) for row in installation.rows(insert.format(title))]
    made = expect(admin.call("POST", "/api/v1/campaigns", {"title": title, "labeler_email": "pat@partner.example"}))
    path = f"/api/v1/campaigns/{made['campaign_id']}"
    expect(admin.call("POST", f"{path}/images", [{"id": image_id} for image_id in image_ids]))
    expect(admin.call("PUT", path, {"new_status": "active"}))
    admin.close()
    stopping = threading.Event()
    writers = [
        Writer(installation, f"{path}/objects", image_ids[:-1], f"{title}-{n}", n % 2 == 0, stopping)
        for n in range(CLIENTS)
    ]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for writer in writers:
            pool.submit(writer.run)
        time.sleep(1)
        try:
            yield writers
        finally:
            stopping.set()


def expect(reply: Reply) -> dict[str, object]:
    assert reply.status == 200, str(reply)
    body: dict[str, object] = reply.json() if reply.body.startswith(b"{") else {}
    return body


def wait_until_normal(writers: list[Writer]) -> float:
    """Wait until every client has been answered well by a request that it sent from now on; return the seconds."""
    now = time.monotonic()

    def is_served(writer: Writer) -> bool:
        return any(reply.status == 200 and reply.started >= now for reply in reversed(writer.replies[-50:]))

    wait_until(lambda: all(map(is_served, writers)), "an answer to every client", NORMAL_AFTER_SECONDS)
    return time.monotonic() - now


def stop(writers: list[Writer]) -> None:
    """Let every writer end what it has begun."""
    writers[0].stopping.set()
    wait_until(lambda: all(writer.is_over for writer in writers), "the end of the writers")


def assert_errors_are_honest(writers: list[Writer]) -> None:
    """Each error is a 503 with Retry-After, or a connection that was cut; 409 tells a repetition to wait for the first."""
    for reply in itertools.chain.from_iterable(writer.replies for writer in writers):
        assert not isinstance(reply.error, TimeoutError), str(reply)
        if reply.status not in (200, None):
            assert reply.status == 503 or (reply.status == 409 and b"still in progress" in reply.body), str(reply)
            assert int(reply.headers["retry-after"]) > 0


def assert_all_is_kept(installation: Installation, writers: list[Writer]) -> None:
    """Assert that every acknowledged submission is there, whole, once, and that nothing is there that nobody sent."""
    name = writers[0].name.rpartition("-")[0]
    labels = installation.rows("SELECT label, count(*), count(DISTINCT submission_id) FROM object GROUP BY label")
    found = {str(label): counts for label, *counts in labels if str(label).startswith(f"{name}-")}
    acknowledged = {label for writer in writers for label in writer.acknowledged}
    unanswered = {label for writer in writers for label in writer.unanswered}
    assert len(acknowledged) == sum(len(writer.acknowledged) for writer in writers)
    assert acknowledged <= set(found) <= acknowledged | unanswered
    assert all(counts == [IMAGES_PER_SUBMISSION, 1] for counts in found.values())


@pytest.mark.flaky(reruns=2)
def test_nothing_acknowledged_is_lost_when_postgresql_restarts(
    installation: Installation, writers: list[Writer]
) -> None:
    for number in RESTARTS:
        installation.database.stop(number)
        time.sleep(AWAY_SECONDS)
        installation.database.start()
        seconds = wait_until_normal(writers)
        log.info("%s: normal after %.1f s", number.name, seconds)
    stop(writers)
    replies = list(itertools.chain.from_iterable(writer.replies for writer in writers))
    slowest = max(reply.seconds for reply in replies)
    log.info("%s, slowest %.1f s", Counter(reply.status for reply in replies), slowest)
    assert_errors_are_honest(writers)
    assert_all_is_kept(installation, writers)


@pytest.mark.flaky(reruns=2)
def test_a_database_that_hangs_is_told_within_five_seconds(installation: Installation, writers: list[Writer]) -> None:
    lives: list[Reply] = []
    threads = []
    live = Client(installation.settings.port)
    frozen = time.monotonic()
    with installation.database.frozen():
        while time.monotonic() < frozen + HANG_SECONDS:
            lives.append(live.call("GET", "/info/live"))
            threads.append(max(process.num_threads() for process in web_processes(installation)))
            time.sleep(0.2)
    live.close()
    seconds = wait_until_normal(writers)
    stop(writers)
    replies = list(itertools.chain.from_iterable(writer.replies for writer in writers))
    slowest = max((reply for reply in replies if reply.ended > frozen), key=lambda reply: reply.seconds)
    statuses = Counter(reply.status for reply in replies)
    log.info("normal after %.1f s; slowest: %s; %s; threads %d", seconds, slowest, statuses, max(threads))
    assert {reply.status for reply in lives} == {200}
    assert max(reply.seconds for reply in lives) < 1
    assert statuses[503] > 0
    assert slowest.seconds < ANSWER_LIMIT_SECONDS
    assert max(threads) <= THREAD_LIMIT
    assert_errors_are_honest(writers)
    assert_all_is_kept(installation, writers)


def web_processes(installation: Installation) -> list[psutil.Process]:
    return psutil.Process(installation.process_id).children()
