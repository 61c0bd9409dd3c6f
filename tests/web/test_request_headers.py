"""Header fields as callers may write them: names with an underscore are not read."""

import json

from tests.caller import Caller
from tests.conftest import Labelled
from tests.raw_http import LAST, RawAnswer, exchange, make_request, read_answers
from tests.web_server import WebServer

EMAIL = b'{"email":"%b@example.org"}'


def ask(web: WebServer, raw: bytes) -> RawAnswer:
    answer, last = read_answers(exchange(web.port, raw + LAST))
    assert last.status == 200
    return answer


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
