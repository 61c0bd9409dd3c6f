"""Commands: each prints JSON on stdout, and one line when it cannot."""

import json
import uuid
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from starlette.testclient import TestClient

from app.azure.blobs import BlobStore
from app.settings import Settings
from app.web.components import web_components_of
from app.wiring import components_of, make_blob_store
from tests.caller import Caller
from tests.conftest import Labelled


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def run_json(app: Flask, *arguments: str) -> dict[str, Any]:
    result = run(app, *arguments)
    assert result.exit_code == 0, result.output
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def test_first_admin_is_made_and_may_do_everything(app: Flask, http: TestClient) -> None:
    made = run_json(app, "users", "create", "--email", "grace@example.org", "--role", "image-admin")
    assert list(made) == ["email", "role", "apikey", "apisecret"]
    Caller(http, made["apikey"], made["apisecret"]).get("/image_sets").expect(200)
    again = run(app, "users", "create", "--email", "GRACE@example.org", "--role", "image-admin")
    assert again.exit_code == 1
    assert "already" in again.stderr


def test_users_are_listed_disabled_and_enabled(app: Flask, admin: Caller, http: TestClient, labelled: Labelled) -> None:
    lines = [json.loads(line) for line in run(app, "users", "list").stdout.splitlines()]
    assert lines == [
        {"email": "ada@example.org", "enabled": True, "roles": ["image-admin"]},
        {"email": labelled.partner_email, "enabled": True, "roles": [f"labeler of {labelled.title}"]},
    ]
    assert run_json(app, "users", "disable", "--email", "ADA@example.org")["enabled"] is False
    web_components_of(app).key_pair_check.cache.clear()
    admin.get("/whoami").expect(401)
    assert run_json(app, "users", "enable", "--email", "ada@example.org")["enabled"] is True
    admin.get("/whoami").expect(200)


def test_rotated_key_replaces_the_old_one(app: Flask, admin: Caller, http: TestClient) -> None:
    made = run_json(app, "users", "rotate-key", "--email", "ada@example.org")
    web_components_of(app).key_pair_check.cache.clear()
    admin.get("/whoami").expect(401)
    Caller(http, made["apikey"], made["apisecret"]).get("/whoami").expect(200)


def test_keys_are_made_listed_rotated_and_revoked(app: Flask, admin: Caller, http: TestClient) -> None:
    ada = ["--email", "ada@example.org"]
    made = run_json(app, "keys", "create", *ada, "--name", "ci", "--valid-days", "30")
    Caller(http, made["apikey"], made["apisecret"]).get("/whoami").expect(200)
    new = run_json(app, "keys", "rotate", *ada, "--key-id", "2", "--overlap-seconds", "60")
    Caller(http, new["apikey"], new["apisecret"]).get("/whoami").expect(200)
    assert run_json(app, "keys", "revoke", *ada, "--key-id", "2")["revoked"]
    lines = [json.loads(line) for line in run(app, "keys", "list", *ada).stdout.splitlines()]
    assert [(line["key_id"], line["name"], line["date_revoked"] is None) for line in lines] == [
        (1, None, True),
        (2, "ci", False),
        (3, "ci", True),
    ]
    assert lines[1]["date_expires"]
    web_components_of(app).key_pair_check.clear()
    Caller(http, made["apikey"], made["apisecret"]).get("/whoami").expect(401)


def test_roles_are_granted_and_revoked(app: Flask, labelled: Labelled) -> None:
    partner = ["--email", labelled.partner_email]
    labelled.partner.get("/image_sets").expect(403)
    run_json(app, "users", "grant", *partner, "--role", "image-admin")
    labelled.partner.get("/image_sets").expect(200)
    run_json(app, "users", "revoke", *partner, "--role", "image-admin")
    run_json(app, "users", "revoke", *partner, "--role", "labeler", "--campaign", str(labelled.campaign_id))
    web_components_of(app).key_pair_check.cache.clear()
    labelled.partner.get(f"/campaigns/{labelled.campaign_id}/images").expect(403)
    run_json(app, "users", "grant", *partner, "--role", "labeler", "--campaign", str(labelled.campaign_id))
    labelled.partner.get(f"/campaigns/{labelled.campaign_id}/images").expect(200)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["users", "disable", "--email", "nobody@example.org"], "no user nobody@example.org"),
        (["users", "create", "--email", "nobody"], "Not a valid e-mail address"),
        (["users", "grant", "--email", "ada@example.org", "--role", "labeler"], "--campaign"),
        (["users", "grant", "--email", "ada@example.org", "--role", "image-admin", "--campaign", "1"], "--campaign"),
        (["users", "grant", "--email", "ada@example.org", "--role", "reader", "--campaign", "1"], "--campaign"),
        (["users", "grant", "--email", "ada@example.org", "--role", "reviewer"], "--campaign"),
        (["users", "grant", "--email", "ada@example.org", "--role", "labeler", "--campaign", "9"], "no campaign 9"),
        (["keys", "revoke", "--email", "ada@example.org", "--key-id", "9"], "no key 9"),
        (["keys", "list", "--email", "nobody@example.org"], "no user nobody@example.org"),
        (["users", "revoke", "--email", "ada@example.org", "--role", "labeler", "--campaign", "9"], "does not have"),
    ],
)
def test_mistakes_are_one_line(app: Flask, admin: Caller, arguments: list[str], words: str) -> None:
    result = run(app, *arguments)
    assert result.exit_code != 0
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_main_container_is_made_once(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"made-by-command-{uuid.uuid4().hex[:8]}"
    fresh = make_blob_store(settings.model_copy(update={"azure_storage_imageset_container": name}))
    monkeypatch.setattr(components_of(app), "blob_store", fresh)
    assert run_json(app, "images", "make-container") == {"container": name, "made": True}
    assert run_json(app, "images", "make-container") == {"container": name, "made": False}


def test_storage_that_is_away_is_one_line(
    app: Flask, unreachable_blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(components_of(app), "blob_store", unreachable_blobs)
    result = run(app, "images", "make-container")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
