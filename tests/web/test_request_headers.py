"""Header fields as callers may write them: blanks around values mean nothing, and names with an underscore are not read."""

import json

import pytest

from tests.caller import Caller
from tests.conftest import Labelled
from tests.raw_http import LAST, RawAnswer, exchange, make_request, read_answers
from tests.web_server import WebServer

BLANKS = ["{}", "{} ", "{}\t", " \t {} \t ", "\t{}  "]
EMAIL = b'{"email":"%b@example.org"}'


def ask(web: WebServer, raw: bytes) -> RawAnswer:
    answer, last = read_answers(exchange(web.port, raw + LAST))
    assert last.status == 200
    return answer


@pytest.mark.parametrize("blanks", BLANKS)
def test_blanks_around_a_value_are_no_part_of_it(web: WebServer, labelled: Labelled, blanks: str) -> None:
    admin = labelled.admin
    pair = [f"Authentication-Key:{blanks.format(admin.key)}", f"Authentication-Secret:{blanks.format(admin.secret)}"]
    path = f"/api/v1/campaigns/{labelled.campaign_id}"
    read = ask(web, make_request("GET", path, None, None, *pair))
    assert read.status == 200
    [tag] = read.values("etag")
    assert ask(web, make_request("GET", path, None, None, *pair, f"If-None-Match:{blanks.format(tag)}")).status == 304
    # The same key without blanks, so that the second one is the same request.
    keys = [f"Idempotency-Key:{blanks.format('6f0c5a0e')}", "Idempotency-Key: 6f0c5a0e"]
    first, second = (ask(web, make_request("POST", "/api/v1/users", admin, EMAIL % b"grace", key)) for key in keys)
    assert first.status == second.status == 200
    assert first.body == second.body
    assert second.values("idempotent-replayed") == ["true"]
    body = EMAIL % b"alan"
    typed = [f"Content-Type:{blanks.format('application/json')}", f"Content-Length:{blanks.format(len(body))}"]
    made = ask(web, make_request("POST", "/api/v1/users", admin, None, *typed) + body)
    assert json.loads(made.body)["email"] == "alan@example.org"


def test_name_with_an_underscore_is_not_read(web: WebServer, labelled: Labelled) -> None:
    admin = labelled.admin
    path = "/api/v1/users"
    for number, key in enumerate(["Idempotency_Key: one", "idempotency_key: one", "IDEMPOTENCY_KEY: one"] * 2):
        # With the key as a key, all but the first would be lost.
        name = f"user-{number}".encode()
        answer = ask(web, make_request("POST", path, admin, EMAIL % name, key))
        assert answer.status == 200
        assert name in answer.body
        assert answer.values("idempotent-replayed") == []
    # Beside the true name it changes nothing.
    for _ in range(2):
        keys = ("Idempotency_Key: one", "Idempotency-Key: two", "Idempotency_Key: three")
        assert ask(web, make_request("POST", path, admin, EMAIL % b"once", *keys)).status == 200
    campaign = f"/api/v1/campaigns/{labelled.campaign_id}"
    submission = json.dumps([{"image_id": labelled.image_ids[0], "objects": []}]).encode()
    others = ["If_Match: nothing", "Content_Length: 5", "Transfer_Encoding: chunked", "Content_Type: text/plain"]
    assert ask(web, make_request("PUT", f"{campaign}/objects", admin, submission, *others)).status == 200
    pair = [f"Authentication_Key: {admin.key}", f"Authentication_Secret: {admin.secret}"]
    assert ask(web, make_request("GET", campaign, None, None, *pair)).status == 401


def test_name_with_an_underscore_is_not_read_in_this_process_either(admin: Caller) -> None:
    for name in ("grace", "alan"):
        made = admin.post("/users", {"email": f"{name}@example.org"}, headers={"Idempotency_Key": "one"}).expect(200)
        assert made["email"] == f"{name}@example.org"
