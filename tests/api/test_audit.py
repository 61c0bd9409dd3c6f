"""The audit: each change is recorded once, with who made it, and what was not changed is not recorded."""

import json
import os
import pwd
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.services.audit import Action, SubjectType
from app.web.openapi import load_spec
from tests.caller import Caller
from tests.conftest import Labelled
from tests.workers import ROOT, rows

ADA = {"user_id": 1, "email": "ada@example.org"}
KEYS = {
    "audit_id", "date_created", "action", "subject", "user", "key_id", "address", "request_id", "os_user", "details",
}  # fmt: skip


def entries(admin: Caller, query: str = "per_page=100") -> list[dict[str, Any]]:
    """The audit, oldest first."""
    found: list[dict[str, Any]] = admin.get(f"/audit?{query}").expect(200)["audit"]
    return found[::-1]


def changes(admin: Caller, since: int) -> list[tuple[str, str, int, dict[str, Any]]]:
    """Action, subject and details of the entries that follow on the first `since`."""
    return [(e["action"], e["subject"]["type"], e["subject"]["id"], e["details"]) for e in entries(admin)[since:]]


def test_entry_says_who_did_what_from_where(admin: Caller) -> None:
    before = len(entries(admin))
    sent = {"X-Request-ID": "find-me-3"}
    made = admin.post("/users", {"email": "eve@example.org"}, headers=sent).expect(200)
    [entry] = entries(admin)[before:]
    assert set(entry) == KEYS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", entry["date_created"])
    assert entry["action"] == "create_user"
    assert entry["subject"] == {"type": "user", "id": made["user_id"]}
    assert (entry["user"], entry["key_id"], entry["address"]) == (ADA, 1, "testclient")
    assert (entry["request_id"], entry["os_user"]) == ("find-me-3", None)
    assert entry["details"] == {"email": "eve@example.org"}


def test_changes_of_users_roles_and_keys_are_recorded(admin: Caller, labelled: Labelled) -> None:
    since = len(entries(admin))
    user = admin.post("/users", {"email": "eve@example.org", "role": "image-admin"}).expect(200)
    user_id, admin_role = user["user_id"], user["roles"][0]["role_id"]
    grant = {"role": "labeler", "campaign_id": labelled.campaign_id}
    admin.post(f"/users/{user_id}/roles", grant).expect(200)
    admin.post(f"/users/{user_id}/roles", grant).expect(200)  # It has that role already.
    admin.delete(f"/users/{user_id}/roles/{admin_role}").expect(200)
    for enabled in (True, False, False, True):  # The first and the third change nothing.
        admin.patch(f"/users/{user_id}", {"enabled": enabled}).expect(200)
    expiry = "2030-01-01T00:00:00.000000Z"
    keys = f"/users/{user_id}/api_keys"
    first = admin.post(keys, {"name": "ci", "date_expires": expiry}).expect(200)["key_id"]
    second = admin.post(f"{keys}/{first}/rotate", {"overlap_seconds": 60}).expect(200)["key_id"]
    admin.delete(f"{keys}/{second}").expect(200)
    admin.delete(f"{keys}/{second}").expect(200)  # It is revoked already.
    assert changes(admin, since) == [
        ("create_user", "user", user_id, {"email": "eve@example.org"}),
        ("grant_role", "user", user_id, {"role": "image-admin", "campaign_id": None}),
        ("grant_role", "user", user_id, grant),
        ("revoke_role", "user", user_id, {"role": "image-admin", "campaign_id": None}),
        ("disable_user", "user", user_id, {}),
        ("enable_user", "user", user_id, {}),
        ("create_api_key", "api_key", first, {"user_id": user_id, "name": "ci", "date_expires": expiry}),
        (
            "rotate_api_key",
            "api_key",
            first,
            {"user_id": user_id, "new_key_id": second, "overlap_seconds": 60, "date_expires": None},
        ),
        ("revoke_api_key", "api_key", second, {"user_id": user_id}),
    ]


def test_upload_links_and_statuses_are_recorded(admin: Caller, title: str) -> None:
    since = len(entries(admin))
    made = admin.post("/image_sets", {"title": title}).expect(200)
    imageset_id = made["imageset_id"]
    admin.post(f"/image_sets/{imageset_id}/dropbox_url").expect(200)
    admin.post(f"/image_sets/{imageset_id}/dropbox_url?revoke=true").expect(200)
    admin.put(f"/image_sets/{imageset_id}", {"new_status": "finished"}).expect(200)
    found = changes(admin, since)
    assert [(action, subject, subject_id) for action, subject, subject_id, _ in found] == [
        ("create_upload_link", "image_set", imageset_id),
        ("create_upload_link", "image_set", imageset_id),
        ("revoke_upload_links", "image_set", imageset_id),
        ("create_upload_link", "image_set", imageset_id),
        ("change_status", "image_set", imageset_id),
    ]
    assert found[-1][3] == {"from": "created", "to": "finished"}
    [end] = parse_qs(urlsplit(made["dropbox_url"]).query)["se"]
    recorded = datetime.fromisoformat(found[0][3]["date_expires"])
    assert abs(recorded - datetime.fromisoformat(end)) < timedelta(seconds=10)


def test_making_a_campaign_records_what_its_labeler_got(admin: Caller, labelled: Labelled) -> None:
    [user] = [user for user in admin.get("/users").expect(200)["users"] if user["email"] == labelled.partner_email]
    [key] = admin.get(f"/users/{user['user_id']}/api_keys").expect(200)["api_keys"]
    found = [entry for entry in entries(admin) if entry["user"] == ADA]
    assert [(entry["action"], entry["subject"]["id"], entry["details"]) for entry in found] == [
        ("create_user", user["user_id"], {"email": labelled.partner_email}),
        ("grant_role", user["user_id"], {"role": "labeler", "campaign_id": labelled.campaign_id}),
        ("create_api_key", key["key_id"], {"user_id": user["user_id"], "name": None, "date_expires": None}),
        ("change_status", labelled.campaign_id, {"from": "created", "to": "active", "automatic": False}),
    ]
    again = {"title": f"{labelled.title}-2", "labeler_email": labelled.partner_email}
    second = admin.post("/campaigns", again).expect(200)["campaign_id"]
    granted = {"role": "labeler", "campaign_id": second}
    assert changes(admin, len(entries(admin)) - 1) == [("grant_role", "user", user["user_id"], granted)]


def test_a_campaign_that_completes_itself_is_recorded_with_its_labeler(admin: Caller, labelled: Labelled) -> None:
    path = f"/campaigns/{labelled.campaign_id}"
    objects = [{"image_id": image_id, "objects": []} for image_id in labelled.image_ids]
    labelled.partner.put(f"{path}/objects", objects).expect(200)
    admin.put(path, {"new_status": "finished"}).expect(200)
    found = entries(admin, f"subject_type=campaign&subject_id={labelled.campaign_id}&action=change_status")
    assert [(entry["user"]["email"], entry["details"]) for entry in found] == [
        ("ada@example.org", {"from": "created", "to": "active", "automatic": False}),
        (labelled.partner_email, {"from": "active", "to": "completed", "automatic": True}),
        ("ada@example.org", {"from": "completed", "to": "finished", "automatic": False}),
    ]


def test_a_replayed_request_and_a_refused_one_leave_no_entry(admin: Caller, title: str) -> None:
    key = {"Idempotency-Key": "once"}
    admin.post("/users", {"email": "eve@example.org"}, headers=key).expect(200)
    before = entries(admin)
    replayed = admin.post("/users", {"email": "eve@example.org"}, headers=key)
    assert replayed.headers["idempotent-replayed"] == "true"
    admin.post("/users", {"email": "eve@example.org"}).expect(409)
    admin.post("/users", {"email": "eve"}).expect(400)
    # This one is undone after the change was made, since nobody could call any more.
    admin.patch("/users/1", {"enabled": False}).expect(409, "no enabled image-admin")
    admin.delete("/users/1/api_keys/1").expect(409, "no enabled image-admin")
    admin.put("/image_sets/4711", {"new_status": "finished"}).expect(404)
    made = admin.post("/image_sets", {"title": title}).expect(200)
    admin.put(f"/image_sets/{made['imageset_id']}", {"new_status": "created"}).expect(409)
    assert [entry["action"] for entry in entries(admin)[len(before) :]] == ["create_upload_link"]


def run(app: Flask, *arguments: str) -> dict[str, Any]:
    result = app.test_cli_runner().invoke(args=list(arguments))
    assert result.exit_code == 0, result.output
    shown: dict[str, Any] = json.loads(result.stdout)
    return shown


def test_commands_are_recorded_with_the_account_of_the_operating_system(app: Flask, admin: Caller) -> None:
    since = len(entries(admin))
    grace = ["--email", "grace@example.org"]
    run(app, "users", "create", *grace)
    run(app, "users", "disable", *grace)
    run(app, "users", "enable", *grace)
    run(app, "users", "revoke", *grace, "--role", "image-admin")
    run(app, "users", "grant", *grace, "--role", "image-admin")
    run(app, "keys", "create", *grace, "--name", "ci")
    run(app, "keys", "rotate", *grace, "--key-id", "3")
    run(app, "keys", "revoke", *grace, "--key-id", "4")
    run(app, "users", "rotate-key", *grace)
    refused = app.test_cli_runner().invoke(args=["users", "create", *grace])
    assert refused.exit_code == 1
    found = entries(admin)[since:]
    assert [(entry["action"], entry["subject"]["id"]) for entry in found] == [
        ("create_user", 2), ("grant_role", 2), ("create_api_key", 2), ("disable_user", 2), ("enable_user", 2),
        ("revoke_role", 2), ("grant_role", 2), ("create_api_key", 3), ("rotate_api_key", 3), ("revoke_api_key", 4),
        ("revoke_api_key", 2), ("create_api_key", 5),
    ]  # fmt: skip
    who = {(entry["os_user"], entry["user"], entry["key_id"], entry["address"]) for entry in found}
    assert who == {(pwd.getpwuid(os.getuid()).pw_name, None, None, None)}


def test_an_account_without_a_name_is_recorded_by_its_number(
    app: Flask, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container may run as a number that no file of accounts names."""
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 2)
    run(app, "users", "disable", "--email", "ada@example.org")
    run(app, "users", "enable", "--email", "ada@example.org")
    assert [entry["os_user"] for entry in entries(admin)[-2:]] == [str(2**31 - 2)] * 2


def test_no_entry_holds_a_secret(app: Flask, admin: Caller, title: str) -> None:
    key = admin.post("/users/1/api_keys", {"name": "ci"}).expect(200)
    rotated = admin.post(f"/users/1/api_keys/{key['key_id']}/rotate", {}).expect(200)
    link = admin.post("/image_sets", {"title": title}).expect(200)["dropbox_url"]
    campaign = admin.post("/campaigns", {"title": title, "labeler_email": "pat@partner.example"}).expect(200)
    with rows(app) as session:
        written = str(session.scalar(text("SELECT string_agg(to_json(audit)::text, '') FROM audit")))
    assert "create_upload_link" in written
    secrets = [key["apisecret"], rotated["apisecret"], campaign["access_token"]["apisecret"], admin.secret]
    for secret in (*secrets, "lss_", link.partition("?")[2], "sig="):
        assert str(secret) not in written


@pytest.fixture
def many(app: Flask, admin: Caller) -> Caller:
    """An admin with an audit of twelve entries, two of each day, of which the first two are those of making the admin."""
    with rows(app) as session:
        session.execute(
            text(
                "INSERT INTO audit (date_created, action, subject_type, subject_id, user_id, os_user)"
                " SELECT timestamptz '2026-01-01T00:00:00Z' + n / 2 * interval '1 day',"
                " CASE n % 2 WHEN 0 THEN 'change_status' ELSE 'grant_role' END,"
                " CASE n % 2 WHEN 0 THEN 'campaign' ELSE 'user' END, 1 + n % 3, CASE WHEN n < 5 THEN 1 END, 'root'"
                " FROM generate_series(0, 9) AS n"
            )
        )
    assert len(entries(admin)) == 13
    return admin


def ids(caller: Caller, query: str) -> list[int]:
    return [entry["audit_id"] for entry in caller.get(f"/audit?{query}").expect(200)["audit"]]


def test_the_newest_come_first_by_page_and_by_cursor(many: Caller) -> None:
    newest = list(range(13, 0, -1))
    assert ids(many, "per_page=5") == newest[:5]
    assert ids(many, "per_page=5&page=2") == newest[5:10]
    third = many.get("/audit?per_page=5&page=3").expect(200)
    assert [entry["audit_id"] for entry in third["audit"]] == newest[10:]
    assert third["pagination"] == {"page": 3, "pages": 3, "total": 13, "per_page": 5, "prev": 2, "next": None}
    many.get("/audit?per_page=5&page=4").expect(404, "no page 4")
    walked, following = [], "/audit?after=0&per_page=5"
    while following:
        answer = many.get(following)
        walked.append([entry["audit_id"] for entry in answer.expect(200)["audit"]])
        found = re.search(r'</api/v1([^>]*)>; rel="next"', answer.headers.get("link", ""))
        following = found[1] if found else ""
    assert walked == [newest[:5], newest[5:10], newest[10:]]
    assert ids(many, "after=1") == []
    assert ids(many, "after=9223372036854775807&per_page=2") == newest[:2]
    many.get("/audit?after=0&page=1").expect(400, "either `page` or `after`")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("user=1", [8, 7, 6, 5, 4]),
        ("user=ADA@example.org", [8, 7, 6, 5, 4]),
        ("user=%20ada@example.org%20", [8, 7, 6, 5, 4]),
        ("user=2", []),
        ("user=99999999999999999999", []),
        ("user=nobody@example.org", []),
        ("action=change_status", [12, 10, 8, 6, 4]),
        ("subject_type=campaign&subject_id=1", [10, 4]),
        ("subject_type=user&subject_id=1&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", [13, 7]),
        ("from=2026-01-02T00:00:00Z&to=2026-01-04T00:00:00Z", [9, 8, 7, 6]),
        ("from=2026-01-02&to=2026-01-04", [9, 8, 7, 6]),
        ("to=2026-01-02T00:00:00%2B01:00", [5, 4]),
        ("action=grant_role&user=1&from=2026-01-02T00:00:00Z", [7]),
        ("action=grant_role&after=9&to=2026-03-01T00:00:00Z", [7, 5]),
    ],
)
def test_entries_are_found(many: Caller, query: str, expected: list[int]) -> None:
    assert ids(many, f"{query}&per_page=100") == expected


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("subject_id=1", "subject_type"),
        ("subject_type=submission", "subject_type"),
        ("action=delete_user", "action"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "from must be before to"),
        ("from=yesterday", "from"),
        ("user=%00", "user"),
        ("subject_id=x&subject_type=user", "subject_id"),
    ],
)
def test_filters_that_cannot_be_are_refused(admin: Caller, query: str, words: str) -> None:
    admin.get(f"/audit?{query}").expect(400, words)


@pytest.mark.parametrize(
    "change", ["UPDATE audit SET details = '{}'", "DELETE FROM audit", "DELETE FROM audit WHERE false"]
)
def test_entries_are_neither_changed_nor_deleted_not_even_by_the_owner_of_the_table(
    app: Flask, admin: Caller, change: str
) -> None:
    before = entries(admin)
    with pytest.raises(DBAPIError, match="append-only"), rows(app) as session:
        session.execute(text(change))
    assert entries(admin) == before


def test_old_entries_are_pruned_as_the_page_for_operators_says(app: Flask, many: Caller) -> None:
    page = (ROOT / "docs" / "operating.md").read_text()
    [script] = re.findall(r"```sql\n(BEGIN;\n.*?DELETE FROM audit.*?)```", page, re.DOTALL)
    script, count = re.subn(r"now\(\) - interval '[^']+'", "timestamptz '2026-01-03T00:00:00Z'", script)
    assert count == 1
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            for statement in filter(None, map(str.strip, script.split(";"))):
                connection.exec_driver_sql(statement)
    assert ids(many, "per_page=100") == [13, 12, 11, 10, 9, 8, 3, 2, 1]
    with pytest.raises(DBAPIError, match="append-only"), rows(app) as session:
        session.execute(text("DELETE FROM audit"))


def test_document_names_every_action_and_subject() -> None:
    operation = load_spec()["paths"]["/audit"]["get"]
    schemas = {parameter["$ref"].rpartition("/")[2]: parameter for parameter in operation["parameters"]}
    assert {"AuditAction", "AuditSubjectType"} <= set(schemas)
    known = load_spec()["components"]["parameters"]
    assert known["AuditAction"]["schema"]["enum"] == list(Action)
    assert known["AuditSubjectType"]["schema"]["enum"] == list(SubjectType)
    assert set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", operation["description"], re.M)))) == set(
        Action
    )
