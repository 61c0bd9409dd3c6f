"""Requests that are sent twice: one effect, one answer, and nothing for anybody else to read."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from app.database.engine import db
from app.models import IdempotencyKey
from app.services import api_keys, users
from tests.caller import Answer, Caller
from tests.conftest import Labelled
from tests.workers import rows

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}
ADDED = [{"id": 1}]


def campaign(title: str, email: str = "pat@partner.example") -> dict[str, Any]:
    return {"title": title, "labeler_email": email}


def was_replayed(answer: Answer) -> bool:
    return bool(answer.headers.get("idempotent-replayed") == "true")


def test_a_retry_gets_the_first_answer_with_its_secret(admin: Caller, title: str) -> None:
    first = admin.post("/campaigns", campaign(title), headers=KEY)
    again = admin.post("/campaigns", campaign(title), headers=KEY)
    assert again.expect(200) == first.expect(200)
    assert again.expect(200)["access_token"]["apisecret"].startswith("lss_")
    assert again.headers["cache-control"] == "private, no-store"
    assert was_replayed(again)
    assert not was_replayed(first)
    assert admin.get("/campaigns").expect(200)["pagination"]["total"] == 1


def test_a_retry_changes_nothing_although_the_state_has_moved_on(admin: Caller, title: str) -> None:
    path = f"/campaigns/{admin.post('/campaigns', campaign(title)).expect(200)['campaign_id']}"
    admin.put(path, {"new_status": "active"}, headers=KEY).expect(200)
    admin.put(path, {"new_status": "completed"}).expect(200)
    again = admin.put(path, {"new_status": "active"}, headers=KEY)
    assert again.expect(200) == "ok"
    assert admin.get(path).expect(200)["status"] == "completed"


def test_a_submission_sent_twice_is_stored_once(app: Flask, labelled: Labelled) -> None:
    body = [{"image_id": labelled.image_ids[0], "objects": []}]
    headers = KEY | {"Prefer": "return=representation"}
    path = f"/campaigns/{labelled.campaign_id}/objects"
    receipts = [labelled.partner.put(path, body, headers=headers).expect(200) for _ in range(3)]
    assert receipts[0] == receipts[1] == receipts[2]
    with rows(app) as session:
        assert session.scalar(text("SELECT count(*) FROM submission")) == 1


def test_a_request_without_a_body_can_be_repeated(admin: Caller, title: str) -> None:
    made = admin.post("/image_sets", {"title": title}).expect(200)
    path = f"/image_sets/{made['imageset_id']}/dropbox_url"
    first, again = (admin.post(path, headers=KEY) for _ in range(2))
    assert first.expect(200) == again.expect(200)
    assert was_replayed(again)


def test_quotes_around_the_key_make_no_difference(admin: Caller, title: str) -> None:
    admin.post("/campaigns", campaign(title), headers={"Idempotency-Key": '"one"'}).expect(200)
    assert was_replayed(admin.post("/campaigns", campaign(title), headers={"Idempotency-Key": "one"}))


@pytest.mark.parametrize("header", ["", '""', '"one', '" one"', "x" * 256, "tab\there"])
def test_a_key_that_is_none_is_refused(admin: Caller, title: str, header: str) -> None:
    headers = {"Idempotency-Key": header}
    admin.post("/campaigns", campaign(title), headers=headers).expect(400, "1 to 255 visible ASCII")
    assert admin.get("/campaigns").expect(200)["campaigns"] == []


def test_a_key_stands_for_one_request(admin: Caller, title: str) -> None:
    first, second = (admin.post("/campaigns", campaign(title + end)).expect(200)["campaign_id"] for end in ("-a", "-b"))
    body = {"new_status": "active"}
    admin.put(f"/campaigns/{first}", body, headers=KEY).expect(200)
    admin.put(f"/campaigns/{first}", {"new_status": "completed"}, headers=KEY).expect(422, "a different request")
    admin.put(f"/campaigns/{second}", body, headers=KEY).expect(422, "a different request")
    statuses = [item["status"] for item in admin.get("/campaigns").expect(200)["campaigns"]]
    assert statuses == ["active", "created"]
    # Each operation has its own keys.
    admin.post("/campaigns", campaign(title + "-c"), headers=KEY).expect(200)


def test_a_refused_request_leaves_its_key_free(admin: Caller, title: str) -> None:
    made = admin.post("/campaigns", campaign(title)).expect(200)
    path = f"/campaigns/{made['campaign_id']}"
    admin.put(path, {"new_status": "completed"}, headers=KEY).expect(409)
    admin.put(path, {"new_status": "active"}, headers=KEY).expect(200)


def test_callers_do_not_share_keys(admin: Caller, app: Flask, title: str) -> None:
    with app.app_context():
        _, pair = users.create_user(db.session(), "eve@example.org", "image-admin")
        db.session.commit()
    admin.post("/campaigns", campaign(title), headers=KEY).expect(200)
    eve = Caller(admin.http, pair.apikey, pair.apisecret)
    eve.post("/campaigns", campaign(title), headers=KEY).expect(409, "has the title")


def test_another_key_pair_of_the_same_user_cannot_read_the_answer(admin: Caller, app: Flask, title: str) -> None:
    with app.app_context():
        user_id = db.session.scalar(text('SELECT id FROM "user"'))
        pair = api_keys.create_api_key(db.session(), int(user_id or 0))
        db.session.commit()
    admin.post("/campaigns", campaign(title), headers=KEY).expect(200)
    other = Caller(admin.http, pair.apikey, pair.apisecret)
    other.post("/campaigns", campaign(title), headers=KEY).expect(422, "another API key")


def test_the_database_cannot_read_what_it_keeps(admin: Caller, app: Flask, title: str) -> None:
    secret = admin.post("/campaigns", campaign(title), headers=KEY).expect(200)["access_token"]["apisecret"]
    with rows(app) as session:
        [kept] = session.scalars(select(IdempotencyKey)).all()
        stored = kept.answer + kept.key_hash + kept.fingerprint
        assert len(kept.answer) > len(secret)
        assert secret.encode() not in stored
        assert title.encode() not in stored


def test_a_key_is_free_again_after_a_day_and_old_ones_are_pruned(admin: Caller, app: Flask, title: str) -> None:
    path = f"/campaigns/{admin.post('/campaigns', campaign(title)).expect(200)['campaign_id']}"
    for number in range(3):
        admin.post("/campaigns", campaign(f"{title}-{number}"), headers={"Idempotency-Key": str(number)}).expect(200)
    admin.put(path, {"new_status": "active"}, headers=KEY).expect(200)
    with rows(app) as session:
        days = session.scalar(text("SELECT extract(epoch FROM max(date_expires) - now()) / 3600 FROM idempotency_key"))
        assert 23.9 < float(days or 0) <= 24
        session.execute(update(IdempotencyKey).values(date_expires=text("now()")))
    admin.put(path, {"new_status": "active"}, headers=KEY).expect(409, "is active")
    admin.put(path, {"new_status": "completed"}, headers=KEY).expect(200)
    with rows(app) as session:
        assert session.scalar(text("SELECT count(*) FROM idempotency_key")) == 1


def test_of_many_at_once_one_is_the_first(admin: Caller, title: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: admin.post("/campaigns", campaign(title), headers=KEY), range(8)))
    done = [answer for answer in answers if answer.response.status_code == 200]
    for answer in answers:
        if answer not in done:
            answer.expect(409, "still in progress")
            assert answer.headers["retry-after"] == "1"
    assert len({answer.response.text for answer in done}) == 1
    assert [was_replayed(answer) for answer in done].count(False) == 1
    assert was_replayed(admin.post("/campaigns", campaign(title), headers=KEY))


def test_while_the_first_is_at_work_the_second_is_told_so(admin: Caller, app: Flask, title: str) -> None:
    path = f"/campaigns/{admin.post('/campaigns', campaign(title)).expect(200)['campaign_id']}"
    body = {"new_status": "active"}
    with ThreadPoolExecutor(1) as pool, rows(app) as session:
        # The first waits for the campaign, which is held here.
        session.execute(text("SELECT 1 FROM campaign FOR UPDATE"))
        first = pool.submit(lambda: admin.put(path, body, headers=KEY))
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%campaign%'"
        )
        while not session.scalar(waiting):
            assert not first.done(), first.result().response.text
            session.execute(text("SELECT pg_stat_clear_snapshot()"))
        admin.put(path, body, headers=KEY).expect(409, "still in progress")
        session.commit()
        first.result().expect(200)
    assert was_replayed(admin.put(path, body, headers=KEY))
