"""How many bytes of bodies a web process holds at a time, for all and for one user."""

import json
import socket
from collections.abc import Callable, Iterator

import pytest
from connexion import FlaskApp
from pydantic import ValidationError

from app.settings import Settings
from tests.caller import Caller
from tests.conftest import Labelled
from tests.faults.holds import wait_until
from tests.raw_http import LAST, RawAnswer, connected, exchange, make_request, read_answers, receive_answer
from tests.web_server import WebServer, no_fault_in, web_server

LARGEST = 1024**2
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture(scope="module")
def web(server: FlaskApp, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """A web server whose only process has room for two of the largest bodies."""
    log = tmp_path_factory.mktemp("web") / "web.log"
    changes = {"web_workers": 1, "max_bulk_body_bytes": LARGEST, "max_body_memory_bytes": 2 * LARGEST}
    with web_server(settings.model_copy(update=changes), log) as running:
        yield running
    no_fault_in(log)


@pytest.fixture
def path(labelled: Labelled) -> str:
    return f"/api/v1/campaigns/{labelled.campaign_id}/objects"


@pytest.fixture
def body(labelled: Labelled) -> Callable[[int], bytes]:
    """Makes a submission of so many bytes."""
    submission = json.dumps([{"image_id": labelled.image_ids[0], "objects": []}]).encode()
    return lambda size: submission + b" " * (size - len(submission))


def begin(connection: socket.socket, path: str, caller: Caller, size: int) -> bytes:
    """Send the head of a request with a body of so many bytes, and return what comes when the server has read it."""
    head = make_request("PUT", path, caller, None, "Content-Type: application/json", "Expect: 100-continue")
    connection.sendall(head.removesuffix(b"\r\n") + b"Content-Length: %d\r\n\r\n" % size)
    return connection.recv(65536)


def ask(web: WebServer, path: str, caller: Caller, body: bytes) -> RawAnswer:
    answer, last = read_answers(exchange(web.port, make_request("PUT", path, caller, body), LAST))
    assert last.status == 200
    return answer


def assert_is_full(answer: RawAnswer, words: str) -> None:
    assert answer.status == 503
    assert int(answer.values("retry-after")[0]) > 0
    assert words in json.loads(answer.body)["detail"]


def test_bodies_share_the_memory(
    web: WebServer, labelled: Labelled, path: str, body: Callable[[int], bytes], admin: Caller
) -> None:
    partner, size = labelled.partner, LARGEST - 1000
    with connected(web.port) as first, connected(web.port) as second:
        assert begin(first, path, partner, size) == CONTINUE
        # Half of the memory is for one user; another one has the rest.
        assert_is_full(ask(web, path, partner, body(100_000)), "of yours")
        with connected(web.port) as third:
            assert begin(third, path, partner, 100_000).startswith(b"HTTP/1.1 503 ")
        assert begin(second, path, admin, size) == CONTINUE
        eve_id = admin.post("/users", {"email": "eve@example.org"}).expect(200)["user_id"]
        admin.post(f"/users/{eve_id}/roles", {"role": "image-admin"}).expect(200)
        pair = admin.post(f"/users/{eve_id}/api_keys", {}).expect(200)
        eve = Caller(admin.http, pair["apikey"], pair["apisecret"])
        assert_is_full(ask(web, path, eve, body(100_000)), "it can hold. Send this request again")
        # Small bodies are always read.
        for caller in (partner, admin, eve):
            assert ask(web, path, caller, body(64 * 1024)).status == 200
        for connection in (first, second):
            connection.sendall(body(size))
            assert receive_answer(connection).status == 200
    for caller in (partner, admin, eve):
        assert ask(web, path, caller, body(size)).status == 200


def test_memory_is_given_back_however_a_request_ends(
    web: WebServer, labelled: Labelled, path: str, body: Callable[[int], bytes]
) -> None:
    partner, size = labelled.partner, LARGEST - 1000
    for _ in range(3):
        # Cut off, not JSON, against the schema, too large, and for another caller's campaign.
        with connected(web.port) as connection:
            assert begin(connection, path, partner, size) == CONTINUE
            connection.sendall(body(size)[:-1])
        wait_until(lambda: ask(web, path, partner, body(size)).status == 200, "the end of a request that was cut off")
        assert ask(web, path, partner, b"{" * size).status == 400
        assert ask(web, path, partner, b"[{}]" + b" " * size).status in (400, 413)
        assert ask(web, path, partner, b" " * (LARGEST + 1)).status == 413
        assert ask(web, path.replace("campaigns/", "campaigns/9"), partner, body(size)).status == 403
        assert ask(web, path, partner, body(size)).status == 200


def test_body_without_a_length_is_counted_as_it_comes(
    web: WebServer, labelled: Labelled, path: str, body: Callable[[int], bytes]
) -> None:
    partner = labelled.partner
    head = make_request(
        "PUT",
        path,
        partner,
        None,
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
    )
    raw = body(600_000)
    with connected(web.port) as first:
        assert begin(first, path, partner, 500_000) == CONTINUE
        chunk = b"%x\r\n%b\r\n0\r\n\r\n"
        with connected(web.port) as second:
            second.sendall(head)
            assert second.recv(65536) == CONTINUE
            second.sendall(chunk % (len(raw), raw))
            assert_is_full(receive_answer(second), "of yours")
        raw = body(500_000)
        with connected(web.port) as second:
            second.sendall(head)
            assert second.recv(65536) == CONTINUE
            second.sendall(chunk % (len(raw), raw))
            assert receive_answer(second).status == 200


def test_memory_must_hold_two_of_the_largest_bodies(settings: Settings) -> None:
    assert Settings.model_fields["max_body_memory_bytes"].default == 256 * 1024**2
    values = settings.model_dump() | {"max_bulk_body_bytes": 2048}
    assert Settings(**values | {"max_body_memory_bytes": 4096}).max_body_memory_bytes == 4096
    with pytest.raises(ValidationError, match="MAX_BODY_MEMORY_BYTES must be at least twice MAX_BULK_BODY_BYTES"):
        Settings(**values | {"max_body_memory_bytes": 4095})
