"""Who may call what: every operation of the spec by every kind of caller, on an own, a foreign and a missing object.

An operation without a line in LINES fails. What a line says is written here and not read from the spec, so that a slip in the
spec shows.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from connexion import FlaskApp
from flask import Flask
from PIL import Image
from sqlalchemy import text
from starlette.testclient import TestClient

from app.database.engine import Base, db
from app.services.images import NO_ACCESS
from app.settings import Settings
from app.web.openapi import load_spec
from app.wiring import components_of
from tests.caller import Caller
from tests.conftest import insert_images, make_admin, on_empty_tables

OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, item in load_spec()["paths"].items()
    for method, operation in item.items()
    if method in ("get", "put", "post", "patch", "delete")
}
# Who may call an operation besides image-admins: labelers and reviewers for what is their own, readers for everything.
ADMIN, EVERYBODY = frozenset[str](), frozenset({"labeler", "reviewer", "reader"})
READER, LABELER, REVIEWER = frozenset({"reader"}), frozenset({"labeler"}), frozenset({"reviewer"})
ALL_OF_CAMPAIGN = EVERYBODY
MISSING_ID = 4711
# With the same id for every request, equal answers are equal to the byte.
SAME_ID = {"X-Request-ID": "same"}


@dataclass(frozen=True)
class Line:
    """One operation: who may call it besides admins, what is sent, and what comes back when it works.

    In `body`, a name in braces stands for an id of the caller's own world; `campaign` is the status that it needs. `path` says
    which thing a parameter of the path names, where it is not the one of the same name.
    """

    who: frozenset[str]
    body: Any = None
    status: int = 200
    campaign: str = "created"
    path: dict[str, str] = field(default_factory=dict)
    # What comes back for something that is not there.
    missing: int = 404
    query: str = ""


BOX = {"bounding_box": {"xmin": 1, "xmax": 9, "ymin": 1, "ymax": 9}, "label": "PET"}
LINES = {
    "list_image_sets": Line(READER),
    "create_image_set": Line(ADMIN, {"title": "{title}"}),
    "get_image_set": Line(READER),
    "update_image_set_status": Line(ADMIN, {"new_status": "finished"}),
    "update_image_set": Line(ADMIN, {"metadata": {"country": "NL"}}),
    "delete_image_set": Line(ADMIN),
    "list_uploads": Line(ADMIN),
    "create_dropbox_url": Line(ADMIN),
    "list_image_set_images": Line(READER),
    "add_image_set_images": Line(ADMIN, [{"id": "{loose_id}"}]),
    "list_problems": Line(READER),
    "retry_problems": Line(ADMIN, {"names": []}),
    "drop_problems": Line(ADMIN, {"names": []}),
    "list_images": Line(READER),
    "count_image_places": Line(READER),
    "get_image": Line(ALL_OF_CAMPAIGN, status=303),
    "get_image_details": Line(ALL_OF_CAMPAIGN),
    "update_image": Line(ADMIN, {"type": "drone"}),
    "withdraw_image": Line(ADMIN, {"reason": "A person is on it."}),
    "update_images": Line(ADMIN, [{"image_id": "{image_id}", "type": "drone"}]),
    "get_image_preview": Line(ALL_OF_CAMPAIGN),
    "list_image_objects": Line(READER),
    "list_queries": Line(READER),
    "get_query": Line(READER),
    "put_query": Line(ADMIN, {"query": {"type": "drone"}}, missing=200),
    "delete_query": Line(ADMIN),
    "list_campaigns": Line(READER),
    "create_campaign": Line(ADMIN, {"title": "{title}", "labeler_email": "new@partner.example"}),
    "delete_campaign": Line(ADMIN, path={"campaign_id": "empty_campaign_id"}),
    "get_campaign": Line(ALL_OF_CAMPAIGN),
    "update_campaign": Line(ADMIN, {"classes": [{"name": "PET"}], "strict": True}),
    "update_campaign_status": Line(ADMIN, {"new_status": "active"}),
    "list_campaign_images": Line(ALL_OF_CAMPAIGN),
    "add_campaign_images": Line(ADMIN, [{"id": "{loose_id}"}]),
    "remove_campaign_images": Line(ADMIN, [{"id": "{image_id}"}]),
    "remove_campaign_image": Line(ADMIN),
    "list_campaign_objects": Line(ALL_OF_CAMPAIGN),
    "put_campaign_objects": Line(LABELER, [{"image_id": "{image_id}", "objects": [BOX]}], campaign="active"),
    "add_labeler": Line(ADMIN, {"email": "new@partner.example"}),
    "remove_labeler": Line(ADMIN),
    "add_reviewer": Line(ADMIN, {"email": "new@partner.example"}),
    "remove_reviewer": Line(ADMIN, path={"user_id": "reviewer_id"}),
    "list_campaign_submissions": Line(ALL_OF_CAMPAIGN),
    "put_reviews": Line(REVIEWER, [], campaign="completed", query="?reopen=true"),
    "list_drafts": Line(LABELER),
    "put_drafts": Line(LABELER, [{"image_id": "{image_id}", "objects": [BOX]}], campaign="active"),
    "list_campaign_differences": Line(ALL_OF_CAMPAIGN),
    "get_submission": Line(ALL_OF_CAMPAIGN),
    "list_imports": Line(LABELER),
    "create_import": Line(LABELER, query="?format=csv&upload=link", campaign="active"),
    "get_import": Line(LABELER),
    "update_import_status": Line(LABELER, {"new_status": "uploaded"}, status=409),
    "restore_campaign": Line(ADMIN, {"as_of": "2026-01-01"}, campaign="active"),
    "list_image_history": Line(READER),
    "list_campaign_datasets": Line(READER),
    "relabel_campaign": Line(ADMIN, {"mapping": {"PET": "can"}}, campaign="active"),
    "get_campaign_statistics": Line(ALL_OF_CAMPAIGN),
    "get_statistics": Line(READER, query="?campaigns={campaign_id}"),
    "list_snapshots": Line(READER),
    "create_snapshot": Line(ADMIN, {"name": "{title}", "campaigns": ["{campaign_id}"]}, status=202),
    "get_snapshot": Line(READER),
    "list_snapshot_images": Line(READER),
    "list_snapshot_objects": Line(READER),
    "list_snapshot_differences": Line(READER, query="?from={snapshot_id}"),
    "list_audit": Line(ADMIN),
    "list_exports": Line(READER),
    "create_export": Line(ADMIN, {"format": "csv"}, status=202),
    "get_export": Line(READER),
    "list_jobs": Line(READER),
    "get_job": Line(READER),
    "cancel_job": Line(ADMIN, path={"job_id": "queued_job_id"}),
    "retry_job": Line(ADMIN),
    "list_users": Line(ADMIN),
    "create_user": Line(ADMIN, {"email": "new@example.org"}),
    "get_user": Line(ADMIN),
    "update_user": Line(ADMIN, {"enabled": False}),
    "grant_role": Line(ADMIN, {"role": "image-admin"}),
    "revoke_role": Line(ADMIN),
    "list_api_keys": Line(ADMIN),
    "create_api_key": Line(ADMIN, {"name": "another"}),
    "rotate_api_key": Line(ADMIN, {"overlap_seconds": 60}),
    "revoke_api_key": Line(ADMIN),
    "rotate_own_key": Line(EVERYBODY, {"overlap_seconds": 60}),
    "create_session_key": Line(EVERYBODY, {"hours": 8}),
    # Those who call here use an API key.
    "end_session_key": Line(EVERYBODY, status=404),
    "get_whoami": Line(EVERYBODY),
}
# Every kind of caller with a key that works, besides admins, and whose things it asks for.
KINDS = [("labeler", "a"), ("labeler", "b"), ("reviewer", "a"), ("reviewer", "b"), ("reader", "a")]
every_operation = pytest.mark.parametrize("name", OPERATIONS)


@dataclass
class World:
    """Two partners, each with all that an id can name, and callers of every kind."""

    admin: Caller
    callers: dict[str, Caller] = field(default_factory=dict)
    # Per owner: name of a path parameter, or of a place in a body, -> what stands there.
    things: dict[str, dict[str, Any]] = field(default_factory=dict)

    def caller(self, kind: str, owner: str) -> Caller:
        return self.callers[kind if kind == "reader" else f"{kind} {owner}"]


@dataclass(frozen=True)
class Rows:
    """The rows of every table that has some, as COPY writes them, and the last values of the sequences."""

    tables: dict[str, bytes]
    sequences: list[tuple[str, int]]

    @classmethod
    def read(cls, settings: Settings) -> "Rows":
        with connected(settings) as connection:
            tables = {}
            for table in Base.metadata.sorted_tables:
                with connection.cursor().copy(f'COPY "{table.name}" TO STDOUT') as copy:
                    tables[table.name] = b"".join(copy)
            used = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema() AND last_value > 0"
            sequences = connection.execute(used).fetchall()
        return cls({name: lines for name, lines in tables.items() if lines}, sequences)

    def write(self, settings: Settings) -> None:
        """Put them into empty tables."""
        with connected(settings) as connection:
            # Without triggers, which would count what the rows have counted already.
            connection.execute("SET session_replication_role = replica")
            for name, lines in self.tables.items():
                with connection.cursor().copy(f'COPY "{name}" FROM STDIN') as copy:
                    copy.write(lines)
            connection.cursor().executemany("SELECT setval(quote_ident(%s)::regclass, %s)", self.sequences)


def connected(settings: Settings) -> psycopg.Connection[Any]:
    return psycopg.connect(settings.queue_url, options=f"-csearch_path={settings.db_schema}")


@pytest.fixture(scope="module")
def first_world(server: FlaskApp, settings: Settings, http: TestClient) -> tuple[World, Rows]:
    """A world that is made once, because that takes half a second, and its rows, which each test gets anew."""
    app = on_empty_tables(server)
    world = make_world(app, settings, make_admin(app, http), http, f"t-{uuid4().hex[:12]}")
    return world, Rows.read(settings)


@pytest.fixture
def world(first_world: tuple[World, Rows], app: Flask, settings: Settings) -> World:
    world, made = first_world
    made.write(settings)
    return world


def make_world(app: Flask, settings: Settings, admin: Caller, http: TestClient, title: str) -> World:
    world = World(admin)
    for owner in ("a", "b"):
        world.things[owner] = make_things(app, settings, admin, f"{title}-{owner}")
        made = world.things[owner]
        world.callers[f"labeler {owner}"] = Caller(http, *made.pop("pair"))
        role = {"role": "reviewer", "campaign_id": made["campaign_id"]}
        reviewer = world.callers[f"reviewer {owner}"] = make_caller(admin, http, f"{owner}@example.org", role)
        made["reviewer_id"] = reviewer.get("/whoami").expect(200)["user_id"]
    world.callers["reader"] = make_caller(admin, http, "reader@example.org", {"role": "reader"})
    for state, change in {
        "disabled": 'UPDATE "user" SET enabled = false WHERE id = :id',
        "expired": "UPDATE api_key SET date_expires = now() WHERE user_id = :id",
        "revoked": "UPDATE api_key SET date_revoked = now() WHERE user_id = :id",
    }.items():
        # Each would be an admin, so that nothing but its state can be what keeps it out.
        new = {"email": f"{state}@example.org", "role": "image-admin"}
        user_id = admin.post("/users", new).expect(200)["user_id"]
        key = admin.post(f"/users/{user_id}/api_keys", {}).expect(200)
        world.callers[state] = Caller(http, key["apikey"], key["apisecret"])
        execute(app, change, id=user_id)
    world.callers["anonymous"] = Caller(http)
    return world


def make_caller(admin: Caller, http: TestClient, email: str, role: dict[str, Any]) -> Caller:
    user_id = admin.post("/users", {"email": email}).expect(200)["user_id"]
    admin.post(f"/users/{user_id}/roles", role).expect(200)
    key = admin.post(f"/users/{user_id}/api_keys", {}).expect(200)
    return Caller(http, key["apikey"], key["apisecret"])


def make_things(app: Flask, settings: Settings, admin: Caller, title: str) -> dict[str, Any]:
    image_id, second_id, loose_id = insert_images(app, settings, 3)
    path = fetch(app, "SELECT blobstorage_path FROM image WHERE id = :id", id=image_id)
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "JPEG")
    components_of(app).blob_store.upload(path.partition("/")[2], [picture.getvalue()], "image/jpeg")
    new = {"title": title, "labeler_email": f"{title}@partner.example", "classes": [{"name": "PET"}]}
    campaign = admin.post("/campaigns", new).expect(200)
    admin.post(f"/campaigns/{campaign['campaign_id']}/images", [{"id": image_id}, {"id": second_id}]).expect(200)
    # The first who asks for a preview has it made.
    admin.get(f"/images/{image_id}/preview").expect(200)
    user = admin.get("/users").expect(200)["users"][-1]
    [key] = admin.get(f"/users/{user['user_id']}/api_keys").expect(200)["api_keys"]
    imageset_id = admin.post("/image_sets", {"title": title}).expect(200)["imageset_id"]
    failed = (
        "INSERT INTO job (kind, subject_type, subject_id, state) VALUES ('delete_dropbox', 'image_set', :id, 'failed')"
    )
    queued = "INSERT INTO job (kind, subject_type, subject_id) VALUES ('inspect_image_set', 'image_set', :id)"
    selection = {
        "campaigns": [1],
        "states": ["labeled"],
        "review": "any",
        "labels": "first",
        "skip_problems": False,
        "summary": "",
    }
    selection |= dict.fromkeys(("image_sets", "classes", "as_of", "query"))
    frozen = (
        "INSERT INTO snapshot (name, version, state, selection, created_by, moment, content_hash, image_count, object_count,"
        " counts, date_ready) VALUES (:name, 1, 'ready', CAST(:selection AS jsonb), 1, now(), sha256(''), 0, 0,"
        ' \'{"states": {}, "splits": {}}\', now())'
    )
    exported = (
        "INSERT INTO export (snapshot_id, format, images, created_by) SELECT max(id), 'csv', 'none', 1 FROM snapshot"
    )
    submitted = "INSERT INTO submission (campaign_id, user_id, image_count, object_count, replaced) VALUES (:id, :user, 0, 0, 0)"
    imported = (
        "INSERT INTO import (campaign_id, user_id, api_key_id, format, mode, match, on_invalid, path, date_upload_expires)"
        " VALUES (:id, :user, :key, 'csv', 'replace', 'auto', 'reject', 'label_imports/none', now())"
    )
    return {
        "pair": (campaign["access_token"]["apikey"], campaign["access_token"]["apisecret"]),
        "title": f"{title}-new",
        "name": admin.put(f"/queries/{title}", {"query": {"type": "drone"}}).expect(200)["name"],
        "campaign_id": campaign["campaign_id"],
        "empty_campaign_id": admin.post("/campaigns", new | {"title": f"{title}-empty"}).expect(200)["campaign_id"],
        "imageset_id": imageset_id,
        "image_id": image_id,
        "loose_id": loose_id,
        "submission_id": fetch(app, f"{submitted} RETURNING id", id=campaign["campaign_id"], user=user["user_id"]),
        "snapshot_id": fetch(app, frozen + " RETURNING id", name=title, selection=json.dumps(selection)),
        "export_id": fetch(app, exported + " RETURNING id"),
        "import_id": fetch(
            app, f"{imported} RETURNING id", id=campaign["campaign_id"], user=user["user_id"], key=key["key_id"]
        ),
        "job_id": fetch(app, failed + " RETURNING id", id=imageset_id),
        "queued_job_id": fetch(app, queued + " RETURNING id", id=imageset_id),
        "user_id": user["user_id"],
        "role_id": user["roles"][0]["role_id"],
        "key_id": key["key_id"],
    }


def execute(app: Flask, statement: str, **values: Any) -> None:
    with app.app_context():
        db.session.execute(text(statement), values)
        db.session.commit()


def fetch(app: Flask, statement: str, **values: Any) -> Any:
    """Return the one value that a statement answers."""
    with app.app_context():
        value = db.session.scalar(text(statement), values)
        db.session.commit()
    return value


def state_of(app: Flask) -> dict[str, str]:
    """A digest of every table, without the time of a key's last use."""
    digest = "md5(coalesce(string_agg((to_jsonb(t) - 'date_last_used')::text, ',' ORDER BY t::text), ''))"
    names = [table.name for table in Base.metadata.sorted_tables]
    selects = " UNION ALL ".join(f"SELECT '{name}' AS name, {digest} AS digest FROM \"{name}\" AS t" for name in names)
    with app.app_context():
        found = {row.name: row.digest for row in db.session.execute(text(selects))}
        db.session.commit()
    return found


def call(caller: Caller, name: str, ids: dict[str, Any], own: dict[str, Any]) -> Any:
    """Call an operation with these ids in its path, and a body of the caller's own world."""
    method, path = OPERATIONS[name]
    body = fill(LINES[name].body, own)
    sent = {} if body is None else {"json": body}
    named = {parameter: ids[thing] for parameter, thing in LINES[name].path.items()}
    path = (path + LINES[name].query).format(**ids | named)
    return caller.request(method, path, headers=SAME_ID, **sent)


def fill(body: Any, own: dict[str, Any]) -> Any:
    if isinstance(body, dict):
        return {key: fill(value, own) for key, value in body.items()}
    if isinstance(body, list):
        return [fill(value, own) for value in body]
    return own[body[1:-1]] if isinstance(body, str) and body.startswith("{") else body


def targets(world: World, name: str, owner: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a path can name, seen by an owner: its own, the other's, and nothing; one of them where it names nothing."""
    yield "own", world.things[owner]
    if "{" in OPERATIONS[name][1]:
        yield "foreign", world.things["b" if owner == "a" else "a"]
        yield "missing", dict.fromkeys(world.things[owner], MISSING_ID)


def test_every_operation_has_a_line() -> None:
    assert set(OPERATIONS) == set(LINES), "say in LINES who may call a new operation, and with what body"


@every_operation
def test_who_is_kept_out_learns_nothing_who_may_call_gets_an_answer_and_a_get_writes_nothing(
    app: Flask, world: World, name: str
) -> None:
    prepare(app, name)
    before = state_of(app)
    keep_out(world, name)
    assert state_of(app) == before
    let_in(world, name)
    if OPERATIONS[name][0] == "GET":
        assert state_of(app) == before


def keep_out(world: World, name: str) -> None:
    """Call an operation as everybody who may not, and assert that nobody learns anything."""
    for kind in ("anonymous", "disabled", "expired", "revoked"):
        answers = [call(world.callers[kind], name, ids, world.things["a"]) for _, ids in targets(world, name, "a")]
        for answer in answers:
            answer.expect(401, "both headers" if kind == "anonymous" else "does not work")
        assert len({answer.response.content for answer in answers}) == 1
    bodies = set()
    for kind, owner in KINDS:
        for target, ids in targets(world, name, owner):
            if is_open(name, kind, target):
                continue
            answer = call(world.caller(kind, owner), name, ids, world.things[owner])
            assert answer.expect(403)["detail"] == NO_ACCESS
            bodies.add(answer.response.content)
    assert len(bodies) <= 1


def let_in(world: World, name: str) -> None:
    """Call an operation as everybody who may, and assert that each gets its answer."""
    for kind, owner in KINDS:
        if kind in LINES[name].who:
            own = world.things[owner]
            call(world.caller(kind, owner), name, own, own).expect(LINES[name].status)
    for caller in [world.admin] + [world.callers["reader"]] * ("reader" in LINES[name].who):
        for target, ids in targets(world, name, "a"):
            status = LINES[name].missing if target == "missing" else LINES[name].status
            body_of = world.things["b" if target == "foreign" else "a"]
            call(caller, name, ids, body_of).expect(status)


def prepare(app: Flask, name: str) -> None:
    """Bring both campaigns into the status that the operation needs."""
    change = "UPDATE campaign SET status = :status, date_started = CASE WHEN :status = 'active' THEN now() END"
    execute(app, change, status=LINES[name].campaign)


def is_open(name: str, kind: str, target: str) -> bool:
    """True where such a caller may call the operation on what it is."""
    return kind in LINES[name].who and (target == "own" or kind == "reader")
